"""What is kept of a pod that was read by `quick_pods`. Alike pods share all but their name, node and addresses."""

from __future__ import annotations

from typing import Any

from npverify.ingest.document import BriefDocument, Document
from npverify.inventory.shapes import Checked


class AlikePods:
    """What pods of one namespace have in common: the fields of `metadata` and of `spec` (None: there is none) that are the
    same for all of them."""

    __slots__ = ("metadata", "namespace", "spec")

    def __init__(self, namespace: str | None, metadata: dict[str, Any], spec: dict[str, Any] | None) -> None:
        self.namespace = namespace
        self.metadata = metadata
        self.spec = spec


class BriefPod(BriefDocument):
    """A pod. Texts are "" where the field is missing, and only there.

    node    None where it has none
    phase   None where there is no status
    ips     those of status.podIPs
    """

    __slots__ = ("alike", "generate_name", "ip", "ips", "node", "phase")
    api_version = "v1"
    kind = "Pod"

    def __init__(
        self,
        alike: AlikePods,
        name: str,
        generate_name: str,
        node: str | None,
        phase: str | None = None,
        ip: str = "",
        ips: tuple[str, ...] = (),
    ) -> None:
        self.alike = alike
        self.namespace = alike.namespace  # type: ignore[misc]  # at run time nothing is frozen, see `thin`
        self.name = name  # type: ignore[misc]
        self.generate_name = generate_name
        self.node = node
        self.phase = phase
        self.ip = ip
        self.ips = ips

    def made(self) -> Checked:
        """The value of the document, as `Slim` leaves it."""
        alike = self.alike
        own = {"name": self.name, "generateName": self.generate_name, "namespace": alike.namespace}
        value = Checked(apiVersion="v1", kind="Pod", metadata=_given(own) | alike.metadata)
        if alike.spec is not None:
            value["spec"] = _given({"nodeName": self.node}) | alike.spec
        if self.phase is not None:
            listed = [{"ip": ip} for ip in self.ips]
            value["status"] = _given({"phase": self.phase, "podIP": self.ip, "podIPs": listed})
        return value


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value}


def containers_of(pod: Document) -> Any:
    """spec.containers of a pod, without making a value of what was kept of it."""
    spec = pod.alike.spec if type(pod) is BriefPod else pod.value.get("spec")
    return spec.get("containers") if spec else None
