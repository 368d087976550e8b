"""Which listeners of Gateways take a route, and which Services of other namespaces it may send to.

Source: kubernetes-sigs/gateway-api apis/v1 gateway_types.go, httproute_types.go, shared_types.go and apis/v1beta1
referencegrant_types.go. Where something is not in the input (a Gateway, the labels of a namespace), it is taken to accept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from npverify.ingest.fields import Fields, nearest
from npverify.ingest.source import Problems
from npverify.inventory.model import METADATA_NAME, Namespace
from npverify.inventory.objects import Item, entries, part
from npverify.inventory.selectors import holds

GROUP = "gateway.networking.k8s.io"
_PROTOCOLS = {
    "HTTPRoute": ("HTTP", "HTTPS"),
    "GRPCRoute": ("HTTP", "HTTPS"),
    "TLSRoute": ("TLS",),
    "TCPRoute": ("TCP", "TLS"),
    "UDPRoute": ("UDP",),
}
_KNOWN = {name for names in _PROTOCOLS.values() for name in names}


class Listeners:
    """Finds the listeners that take a route. Guards the Gateways by namespace and name."""

    def __init__(
        self, gateways: Sequence[Item], namespaces: Mapping[str, Namespace], problems: Problems, notes: list[str]
    ) -> None:
        self._gateways = {gateway.ref[1:]: gateway for gateway in gateways}
        self._namespaces = namespaces
        self._problems = problems
        self._notes = notes

    def of(self, route: Item) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The classes of the Gateways that take it ("": not known), each with the ports that a client dials there, the lowest
        first (0: not known). None, with a note, where no listener does."""
        spec = part(route.doc.value, "spec")
        found: dict[str, set[int]] = {}
        parents = entries(spec, "parentRefs")
        for number, parent in enumerate(parents):
            for class_, port in self._at(route, spec, number, parent):
                found.setdefault(class_, set()).add(port)
        if spec.get("useDefaultGateways") not in (None, "", "None"):
            found.setdefault("", {0})
        if not found and any(parent.get("kind") != "Service" for parent in parents):
            self._notes.append(f"no listener takes {route}: nothing comes in by it")
        return tuple((class_, tuple(sorted(found[class_]))) for class_ in sorted(found))

    def _at(
        self, route: Item, spec: Mapping[str, Any], number: int, parent: Mapping[str, Any]
    ) -> Iterator[tuple[str, int]]:
        kind = parent.get("kind") or "Gateway"
        if kind == "Service":  # of a mesh: about traffic inside
            return
        name = (parent.get("namespace") or route.namespace, parent.get("name") or "")
        gateway = self._gateways.get(name) if kind == "Gateway" else None
        if gateway is None:
            self._absent(route, number, kind, name)
            yield "", parent.get("port") or 0
            return
        own = part(gateway.doc.value, "spec")
        for listener in entries(own, "listeners"):
            if self._takes(gateway, listener, route, spec, parent):
                yield own.get("gatewayClassName") or "", listener.get("port") or 0

    def _absent(self, route: Item, number: int, kind: str, name: tuple[str, str]) -> None:
        """A Gateway may be elsewhere; what is not a Gateway is not read at all."""
        if kind != "Gateway":
            self._notes.append(f"{kind} {'/'.join(name)} is not in the input: taken to take {route}")
            return
        known = [other for namespace, other in self._gateways if namespace == name[0]]
        fix = nearest(name[1], known) or "add its manifest, or correct its name and namespace"
        message = f"{route} is for Gateway `{'/'.join(name)}`, which is not in the input: taken to take it"
        Fields.of(route.doc, self._problems).warn("NPV694", message, "spec", "parentRefs", number, fix=fix)

    def _takes(
        self,
        gateway: Item,
        listener: Mapping[str, Any],
        route: Item,
        spec: Mapping[str, Any],
        parent: Mapping[str, Any],
    ) -> bool:
        protocol = listener.get("protocol") or ""
        if any(
            parent.get(asked) and parent[asked] != listener.get(own)
            for asked, own in (("sectionName", "name"), ("port", "port"))
        ):
            return False
        if protocol in _KNOWN and protocol not in _PROTOCOLS[route.kind]:
            return False
        allowed = part(listener, "allowedRoutes")
        kinds = [(k.get("group", GROUP) or GROUP, k.get("kind")) for k in entries(allowed, "kinds")]
        if kinds and (GROUP, route.kind) not in kinds:
            return False
        return self._from(part(allowed, "namespaces"), gateway.namespace, route.namespace) and _meet(
            listener.get("hostname") or "", spec.get("hostnames") or ()
        )

    def _from(self, allowed: Mapping[str, Any], home: str, namespace: str) -> bool:
        match allowed.get("from") or "Same":
            case "All":
                return True
            case "Selector":
                selector, known = part(allowed, "selector"), self._namespaces.get(namespace)
                if known is not None and known.declared:
                    return holds(selector, known.labels)
                return holds(_of_names(selector), {METADATA_NAME: namespace})
            case "None":
                return False
            case _:
                return home == namespace


def _of_names(selector: Mapping[str, Any]) -> dict[str, Any]:
    """What a selector asks of the names of namespaces, the one label that is known of each."""
    labels = {key: value for key, value in part(selector, "matchLabels").items() if key == METADATA_NAME}
    asked = [each for each in entries(selector, "matchExpressions") if each.get("key") == METADATA_NAME]
    return {"matchLabels": labels, "matchExpressions": asked}


def _meet(listener: str, hostnames: Sequence[str | None]) -> bool:
    """Whether some host is one that both a listener and a route speak of; `*.` stands for one label or more."""
    names = [name.lower() for name in hostnames if name]
    listener = listener.lower()
    return (
        not names or not listener or any(_matches(one, other) for name in names for one, other in _both(name, listener))
    )


def _both(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)


def _matches(pattern: str, name: str) -> bool:
    """Whether `pattern` speaks of every host that `name` does."""
    return pattern == name or (pattern.startswith("*.") and name.endswith(pattern[1:]))


class Grants:
    """Tells whether a route may send to a Service of another namespace. Guards what ReferenceGrants say, by namespace."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._grants: dict[str, list[tuple[set[tuple[str, str, str]], set[str | None]]]] = {}
        for item in items:
            spec = part(item.doc.value, "spec")
            sources = {
                (e.get("group") or "", e.get("kind") or "", e.get("namespace") or "") for e in entries(spec, "from")
            }
            names = {
                e.get("name") or None
                for e in entries(spec, "to")
                if (e.get("group") or "", e.get("kind")) == ("", "Service")
            }
            self._grants.setdefault(item.namespace, []).append((sources, names))

    def allow(self, route: Item, namespace: str, name: str) -> bool:
        """Whether some grant of that namespace lets the route send to that Service."""
        source = (GROUP, route.kind, route.namespace)
        return any(
            source in sources and not names.isdisjoint((name, None))
            for sources, names in self._grants.get(namespace, ())
        )
