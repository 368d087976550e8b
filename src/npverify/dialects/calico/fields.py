"""Every field of Calico's resources that decide about packets, and what npverify does with it.

Source: projectcalico/calico api/pkg/apis/projectcalico/v3 and libcalico-go/config/crd, 3.26 to 3.32. A field without a
row is refused with an error; in a FelixConfiguration, which has 200 fields and grows with each version, with a warning.
`domains` and `allowedEgressDomains` belong to the commercial editions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from npverify.dialects.calico.fields_felix import IRRELEVANT, MODELLED, OTHERWISE
from npverify.dialects.kubernetes_fields import FIELDS as KUBERNETES
from npverify.ingest.fields import State

__all__ = ["FIELDS", "State", "children", "is_calico"]

_OBJECT = {
    **{
        path: state
        for path, state in KUBERNETES.items()
        if path.partition(".")[0] in ("apiVersion", "kind", "metadata")
    },
    # `crd.projectcalico.org/v1` keeps the name and the labels of the object in an annotation
    "metadata.annotations": State.MODELLED,
    "metadata.labels": State.MODELLED,
    "spec": State.MODELLED,
}
_ENTITY = (
    "", ".nets", ".notNets", ".selector", ".notSelector", ".namespaceSelector", ".services", ".services.name",
    ".services.namespace", ".ports", ".notPorts", ".serviceAccounts", ".serviceAccounts.names",
    ".serviceAccounts.selector",
)  # fmt: skip
_RULE = (
    "", "[].action", "[].ipVersion", "[].protocol", "[].notProtocol",
    "[].icmp", "[].icmp.type", "[].icmp.code", "[].notICMP", "[].notICMP.type", "[].notICMP.code",
    *(f"[].{side}{path}" for side in ("source", "destination") for path in _ENTITY),
    "[].http", "[].http.methods", "[].http.paths", "[].http.paths[].exact", "[].http.paths[].prefix",
)  # fmt: skip


def _modelled(*paths: str) -> dict[str, State]:
    return {f"spec.{path}": State.MODELLED for path in paths}


_RULES: dict[str, State] = {}
for _section in ("ingress", "egress"):
    _RULES |= _modelled(*(f"{_section}{path}" for path in _RULE))
    _RULES |= {f"spec.{_section}[].{side}.domains": State.OPAQUE for side in ("source", "destination")}
    _RULES |= dict.fromkeys(
        (f"spec.{_section}[].metadata", f"spec.{_section}[].metadata.annotations"), State.IRRELEVANT
    )

_POLICY = {
    **_OBJECT,
    **_RULES,
    **_modelled("tier", "order", "selector", "serviceAccountSelector", "types"),
    "spec.performanceHints": State.IRRELEVANT,
}
_GLOBAL = {**_POLICY, **_modelled("namespaceSelector", "doNotTrack", "preDNAT", "applyOnForward")}
_STAGED = _modelled("stagedAction")
_SET = {**_OBJECT, **_modelled("nets"), "spec.allowedEgressDomains": State.OPAQUE}
_STAGED_KUBERNETES = {path: state for path, state in KUBERNETES.items() if path.startswith("spec.")}


FIELDS: Mapping[str, Mapping[str, State]] = {
    "NetworkPolicy": _POLICY,
    "GlobalNetworkPolicy": _GLOBAL,
    "StagedNetworkPolicy": {**_POLICY, **_STAGED},
    "StagedGlobalNetworkPolicy": {**_GLOBAL, **_STAGED},
    "StagedKubernetesNetworkPolicy": {**_OBJECT, **_STAGED_KUBERNETES, **_STAGED},
    "Tier": {**_OBJECT, **_modelled("order", "defaultAction"), "status": State.IRRELEVANT},
    "NetworkSet": _SET,
    "GlobalNetworkSet": _SET,
    "HostEndpoint": {
        **_OBJECT,
        **_modelled(
            "node", "interfaceName", "expectedIPs", "profiles", "ports",
            "ports[].name", "ports[].protocol", "ports[].port",
        ),
    },
    "Profile": {**_OBJECT, **_RULES, **_modelled("labelsToApply")},
    "FelixConfiguration": {
        **_OBJECT,
        **_modelled(*MODELLED),
        **{f"spec.{name}": State.OPAQUE for name in OTHERWISE},
        **{f"spec.{name}": State.IRRELEVANT for name in IRRELEVANT},
    },
}  # fmt: skip
"""Kind to its fields. Maps that are IRRELEVANT as a whole are leaves."""


VERSIONS = ("projectcalico.org/v3", "crd.projectcalico.org/v1")


def is_calico(api_version: str, kind: str) -> bool:
    """Whether objects of this kind are read here; `WorkloadEndpoint` belongs to the inventory."""
    return api_version in VERSIONS and kind in FIELDS


@cache
def children(kind: str, path: str) -> tuple[str, ...]:
    """The names of the fields of the map at `path` ("" is the object, `spec.ingress[]` an item of a list)."""
    start = f"{path}." if path else ""
    below = (p[len(start) :] for p in FIELDS[kind] if p.startswith(start))
    return tuple(name for name in below if name and "." not in name and "[" not in name)
