"""Everything that a selector may find: workload endpoints, host endpoints and network sets, with labels and addresses.

Sources: libcalico-go/lib/backend/k8s/conversion/workload_endpoint_default.go, and workloadendpointprocessor.go,
networksetprocessor.go, globalnetworksetprocessor.go of libcalico-go/lib/backend/syncersv1/updateprocessors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, NamedTuple

from calico_reference.flow import End, Facts, Flow, Labels
from calico_reference.nets import ip_network
from reference import RUNTIME_LABELS, Manifest

Network = IPv4Network | IPv6Network

NUMBERS = {"ICMP": 1, "TCP": 6, "UDP": 17, "ICMPv6": 58, "SCTP": 132, "UDPLite": 136}
NAMESPACE = "projectcalico.org/namespace"
_FINISHED = ("Succeeded", "Failed")
ALLOW_ALL = {"ingress": [{"action": "Allow"}], "egress": [{"action": "Allow"}]}


class Found(NamedTuple):
    """One object that a selector may find. `ports` are named ports: name, number of the protocol, number."""

    labels: Labels
    nets: tuple[Network, ...]
    ports: tuple[tuple[str, int, int], ...] = ()


class Pod(NamedTuple):
    """A pod as its manifest has it; `nets` are its addresses as far as they are known."""

    owner: tuple[str, str, str]
    labels: Labels
    spec: Manifest
    nets: tuple[Network, ...]


@dataclass(frozen=True)
class Objects:
    """The manifests of one cluster, `decoded`, with what they leave open."""

    manifests: list[Manifest]
    facts: Facts

    def of(self, *kinds: str) -> list[Manifest]:
        """The manifests of these kinds."""
        return [m for m in self.manifests if m["kind"] in kinds]

    def found(self, flow: Flow) -> list[Found]:
        """Everything in the cluster that has an address of the packet, or may have."""
        pods = [pod for pod in self.pods(flow) if not pod.spec.get("hostNetwork")]
        return [*map(self.workload, pods), *map(self.host, self.of("HostEndpoint")), *self._sets()]

    def pods(self, flow: Flow) -> list[Pod]:
        """The pods of known address, those on host networks, and those at the ends of the flow with the packet's addresses."""
        ends = [self.pod(end) for end in (flow.src, flow.dst) if end.kind == "pod"]
        listed = [self._listed(m) for m in self.of("Pod") if m.get("status", {}).get("phase") not in _FINISHED]
        others = [pod for pod in listed if pod.nets and pod.owner not in {end.owner for end in ends}]
        return [*ends, *others, *self._on_hosts(listed, flow)]

    def _on_hosts(self, listed: list[Pod], flow: Flow) -> Iterator[Pod]:
        """Pods on the host network of nodes, with the addresses of the node if it is known which that is."""
        made = [pod for pod in listed if not pod.nets]
        for manifest in self.of(*(RUNTIME_LABELS.keys() - {"Pod"})):
            meta = manifest["metadata"]
            owner = (manifest["kind"], meta.get("namespace", "default"), meta["name"])
            template = _template(self.manifests, owner)
            made.append(Pod(owner, template.get("metadata", {}).get("labels", {}), template["spec"], ()))
        for pod in made:
            if pod.spec.get("hostNetwork"):
                node = pod.spec.get("nodeName", "")
                here = (ip_network(e.ip) for e in (flow.src, flow.dst) if node and e.node == node and self.is_host(e))
                yield pod._replace(nets=(*self.node_addresses(node), *here))

    def is_host(self, end: End) -> bool:
        """Whether an end is a node, or a pod that shares the network of its node."""
        return end.kind == "node" or (end.kind == "pod" and bool(self.pod(end).spec.get("hostNetwork")))

    def pod(self, end: End) -> Pod:
        """The pod at one end of a flow."""
        made = _template(self.manifests, end.owner)
        written = made.get("metadata", {}).get("labels", {})
        added = RUNTIME_LABELS[end.owner[0]]
        labels = {k: v for k, v in written.items() if k not in added} | {
            k: end.runtime[k] for k in added if k in end.runtime
        }
        known = self._listed(made).nets if end.owner[0] == "Pod" else ()
        return Pod(end.owner, labels, made["spec"], (*known, ip_network(end.ip)))

    def workload(self, pod: Pod) -> Found:
        """The WorkloadEndpoint of a pod: nobody can forge what it inherits."""
        _, namespace, _ = pod.owner
        account = pod.spec.get("serviceAccountName", "default")
        own = {k: v for k, v in pod.labels.items() if not k.startswith(("pcns.", "pcsa."))}
        own |= {
            NAMESPACE: namespace,
            "projectcalico.org/orchestrator": "k8s",
            "projectcalico.org/serviceaccount": account,
        }
        inherited = self._profile_labels(f"ksa.{namespace}.{account}") | self._profile_labels(f"kns.{namespace}")
        return Found(inherited | own, pod.nets, tuple(_named_ports(pod.spec)))

    def host(self, manifest: Manifest) -> Found:
        """A HostEndpoint; only the addresses that it expects make it a peer."""
        spec = manifest["spec"]
        inherited: dict[str, str] = {}
        for name in reversed(spec.get("profiles", [])):
            inherited |= self._profile_labels(name)
        labels = inherited | manifest["metadata"].get("labels", {})
        ports = ((p["name"], _number(p["protocol"]), p["port"]) for p in spec.get("ports", []))
        return Found(labels, tuple(map(ip_network, spec.get("expectedIPs", []))), tuple(ports))

    def profile(self, name: str) -> Manifest | None:
        """The rules of a profile; None if there is none of that name."""
        declared = [m for m in self.of("Profile") if m["metadata"]["name"] == name]
        if declared:
            return declared[0].get("spec", {})
        if name == "projectcalico-default-allow":
            return ALLOW_ALL
        if name.startswith("kns."):
            used = {m["metadata"].get("namespace") for m in self.manifests} | {
                m["metadata"]["name"] for m in self.of("Namespace")
            }
            there = used | {"default"} | self.facts.existing
            return ALLOW_ALL if name.removeprefix("kns.") in there else None
        return {} if name.startswith("ksa.") else None

    def _profile_labels(self, name: str) -> dict[str, str]:
        """The labels that an endpoint inherits from a profile: those of its namespace or its service account."""
        if name.startswith("kns."):
            namespace = name.removeprefix("kns.")
            labels = self._labels("Namespace", "", namespace, self.facts.namespaces.get(namespace, {}))
            labels = {**labels, "kubernetes.io/metadata.name": namespace, "projectcalico.org/name": namespace}
            return {f"pcns.{key}": value for key, value in labels.items()}
        if name.startswith("ksa."):
            _, namespace, account = name.split(".", 2)
            labels = self._labels(
                "ServiceAccount", namespace, account, self.facts.accounts.get((namespace, account), {})
            )
            return {f"pcsa.{key}": value for key, value in {**labels, "projectcalico.org/name": account}.items()}
        return dict((self.profile(name) or {}).get("labelsToApply", {}))

    def _labels(self, kind: str, namespace: str, name: str, otherwise: Labels) -> Labels:
        for manifest in self.of(kind):
            meta = manifest["metadata"]
            if meta["name"] == name and namespace in ("", meta.get("namespace", "default")):
                return meta.get("labels", {})
        return otherwise

    def _sets(self) -> Iterator[Found]:
        for manifest in self.of("NetworkSet", "GlobalNetworkSet"):
            labels = dict(manifest["metadata"].get("labels", {}))
            if manifest["kind"] == "NetworkSet":
                namespace = manifest["metadata"].get("namespace", "default")
                labels = self._profile_labels(f"kns.{namespace}") | labels | {NAMESPACE: namespace}
            nets = manifest.get("spec", {}).get("nets", [])
            yield Found(labels, tuple(ip_network(net, strict=False) for net in nets))

    def _listed(self, manifest: Manifest) -> Pod:
        meta, spec = manifest["metadata"], manifest["spec"]
        nets = tuple(ip_network(ip["ip"]) for ip in manifest.get("status", {}).get("podIPs", []))
        if not nets and spec.get("hostNetwork"):
            nets = self.node_addresses(spec.get("nodeName", ""))
        return Pod(("Pod", meta.get("namespace", "default"), meta["name"]), meta.get("labels", {}), spec, nets)

    def node_addresses(self, name: str) -> tuple[Network, ...]:
        """The addresses of a node; () if it is not declared."""
        nodes = [m for m in self.of("Node") if m["metadata"]["name"] == name]
        return tuple(ip_network(a["address"]) for node in nodes for a in node.get("status", {}).get("addresses", []))


def _template(manifests: list[Manifest], owner: tuple[str, str, str]) -> Manifest:
    kind, namespace, name = owner
    named = [m for m in manifests if (m["kind"], m["metadata"]["name"]) == (kind, name)]
    (found,) = [m for m in named if m["metadata"].get("namespace", "default") == namespace]
    if kind == "Pod":
        return found
    spec = found["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else found["spec"]
    return spec["template"]


def _named_ports(spec: Manifest) -> Iterator[tuple[str, int, int]]:
    for container in (*spec.get("containers", []), *spec.get("initContainers", [])):
        for port in container.get("ports", []):
            if "name" in port:
                yield port["name"], _number(port.get("protocol", "TCP")), port["containerPort"]


def _number(protocol: Any) -> int:
    return NUMBERS[protocol] if protocol in NUMBERS else int(protocol)
