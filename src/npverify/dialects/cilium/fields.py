"""Every field of Cilium's policies and what npverify does with it.

Source: cilium/cilium pkg/k8s/apis/cilium.io/client/crds/v2 (CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy,
CiliumCIDRGroup), releases 1.15 to 1.20. A field without a row is refused with an error; a row that is IRRELEVANT covers
what stands below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from npverify.dialects.kubernetes_fields import FIELDS as KUBERNETES
from npverify.ingest.fields import State

__all__ = ["FIELDS", "GROUP", "KINDS", "children"]

GROUP = "cilium.io"
KINDS = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup")

_OBJECT = {
    path: state for path, state in KUBERNETES.items() if path.partition(".")[0] in ("apiVersion", "kind", "metadata")
}
_SELECTOR = (
    "", ".matchLabels", ".matchExpressions", ".matchExpressions[].key", ".matchExpressions[].operator",
    ".matchExpressions[].values",
)  # fmt: skip
_PORT = ("", ".ports", ".ports[].port", ".ports[].endPort", ".ports[].protocol")
_BLOCK = (".cidr", ".cidrGroupRef", *(f".cidrGroupSelector{path}" for path in _SELECTOR), ".except")
_HTTP = (
    "", ".path", ".method", ".host", ".headers", ".headerMatches", ".headerMatches[].name", ".headerMatches[].value",
    ".headerMatches[].mismatch", ".headerMatches[].secret", ".headerMatches[].secret.name", ".headerMatches[].secret.namespace",
)  # fmt: skip
_KAFKA = ("", ".apiKey", ".apiVersion", ".clientID", ".role", ".topic")


def _rule(at: str) -> Iterator[tuple[str, State]]:
    m, irrelevant, opaque = State.MODELLED, State.IRRELEVANT, State.OPAQUE
    yield at, m
    yield f"{at}.description", irrelevant
    yield f"{at}.labels", irrelevant
    yield f"{at}.log", irrelevant
    for selector in ("endpointSelector", "nodeSelector"):
        for path in _SELECTOR:
            yield f"{at}.{selector}{path}", m
    for path in ("", ".ingress", ".egress"):
        yield f"{at}.enableDefaultDeny{path}", m
    for section, side in (("ingress", "from"), ("egress", "to")):
        for deny in ("", "Deny"):
            yield from _element(f"{at}.{section}{deny}", side, deny=bool(deny))
    for section in ("ingress", "egress"):
        yield f"{at}.{section}[].authentication", m
        yield f"{at}.{section}[].authentication.mode", opaque


def _element(at: str, side: str, *, deny: bool) -> Iterator[tuple[str, State]]:
    m, irrelevant, opaque = State.MODELLED, State.IRRELEVANT, State.OPAQUE
    yield at, m
    for kind in ("Endpoints", "Requires", "Nodes"):
        yield f"{at}[].{side}{kind}", m
        for path in _SELECTOR[1:]:
            yield f"{at}[].{side}{kind}[]{path}", m
    yield f"{at}[].{side}Entities", m
    yield f"{at}[].{side}CIDR", m
    yield f"{at}[].{side}CIDRSet", m
    for path in _BLOCK:
        yield f"{at}[].{side}CIDRSet[]{path}", m
    yield f"{at}[].{side}Groups", opaque
    if side == "to":
        yield f"{at}[].toServices", m
        for path in ("", ".serviceName", ".namespace"):
            yield f"{at}[].toServices[].k8sService{path}", m
        yield f"{at}[].toServices[].k8sServiceSelector", m
        yield f"{at}[].toServices[].k8sServiceSelector.namespace", m
        for path in _SELECTOR:
            yield f"{at}[].toServices[].k8sServiceSelector.selector{path}", m
        if not deny:
            yield f"{at}[].toFQDNs", opaque
            yield f"{at}[].toFQDNs[].matchName", opaque
            yield f"{at}[].toFQDNs[].matchPattern", opaque
    yield f"{at}[].icmps", m
    for path in ("", "[].family", "[].type"):
        yield f"{at}[].icmps[].fields{path}", m
    yield f"{at}[].toPorts", m
    for path in _PORT[1:]:
        yield f"{at}[].toPorts[]{path}", m
    if deny:
        return
    port = f"{at}[].toPorts[]"
    # they say where a connection is opened up, not whether it may be
    yield f"{port}.terminatingTLS", irrelevant
    yield f"{port}.originatingTLS", irrelevant
    yield f"{port}.serverNames", opaque
    for path in ("", ".envoyConfig", ".envoyConfig.kind", ".envoyConfig.name", ".name", ".priority"):
        yield f"{port}.listener{path}", opaque
    yield f"{port}.rules", m
    for path in _HTTP:
        yield f"{port}.rules.http{'[]' if path else ''}{path}", opaque if ".secret" in path else m
    for path in _KAFKA:
        yield f"{port}.rules.kafka{'[]' if path else ''}{path}", m
    for path in ("", "[].matchName", "[].matchPattern"):
        yield f"{port}.rules.dns{path}", m
    yield f"{port}.rules.l7proto", opaque
    yield f"{port}.rules.l7", opaque


def _policy() -> Iterator[tuple[str, State]]:
    yield from _OBJECT.items()
    yield from _rule("spec")
    yield "specs", State.MODELLED
    yield from ((path, state) for path, state in _rule("specs[]") if path != "specs[]")
    yield "status", State.IRRELEVANT


FIELDS: Mapping[str, Mapping[str, State]] = {
    "CiliumNetworkPolicy": dict(_policy()),
    "CiliumClusterwideNetworkPolicy": dict(_policy()),
    "CiliumCIDRGroup": {**_OBJECT, "spec": State.MODELLED, "spec.externalCIDRs": State.MODELLED},
}
"""Kind to path of a field to its state."""


def _grouped(paths: Mapping[str, State]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path in paths:
        parent, _, name = path.rpartition(".")
        found[parent] = (*found.get(parent, ()), name)
    return found


_CHILDREN = {kind: _grouped(paths) for kind, paths in FIELDS.items()}


def children(kind: str, path: str) -> tuple[str, ...]:
    """The names of the fields of the map at `path` ("" is the object, `spec.ingress[]` an item of a list)."""
    return _CHILDREN[kind].get(path, ())
