"""Reads the peers of an element.

Source: cilium/cilium pkg/policy/api/ingress.go, egress.go, cidr.go, entity.go, service.go and rule_validation.go: kinds of
peers exclude each other, and an empty list of one does not count there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from npverify.dialects import cidrs
from npverify.dialects.cilium.fields import children
from npverify.dialects.cilium.read_ports import read_domain
from npverify.dialects.cilium.read_selector import read_selector
from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.values import Block, PeerKind, Peers, Selector, ServiceRef
from npverify.ingest.fields import Fields, nearest
from npverify.inventory.addresses import Address, Prefix

__all__ = ["ENTITIES", "read_peers"]

ENTITIES = (
    "all", "world", "cluster", "host", "remote-node", "kube-apiserver", "health", "init", "ingress", "unmanaged", "none",
    "cluster-mesh", "world-ipv4", "world-ipv6",
)  # fmt: skip
_LISTS: tuple[tuple[str, PeerKind], ...] = (
    ("Endpoints", "endpoints"),
    ("CIDR", "cidr"),
    ("CIDRSet", "cidr"),
    ("Entities", "entities"),
    ("Nodes", "nodes"),
    ("Groups", "groups"),
    ("Services", "services"),
    ("FQDNs", "fqdns"),
)
_EMPTY_IS_NOBODY = ("Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes")


def read_peers(fields: Fields, path: str, side: str, kind: str, settings: Settings) -> Peers:
    """The peers of the element at `path`; `side` is `from` or `to`."""
    lists = [(f"{side}{name}", of) for name, of in _LISTS if f"{side}{name}" in children(kind, path)]
    filled = [key for key, _ in lists if fields.value.get(key)]
    if len(filled) > 1:
        message = f"an element cannot have both `{filled[0]}` and `{filled[1]}`: the whole {kind} is not enforced"
        fields.error("NPV535", message, filled[1], fix="make two elements of them", key=True)
    nobody = settings.version >= (1, 16)
    empty = [f"{side}{name}" for name in _EMPTY_IS_NOBODY if fields.value.get(f"{side}{name}") == []]
    if empty and nobody:
        message = f"`{empty[0]}` is an empty list, so the element matches nobody"
        fields.warn("NPV536", message, empty[0], fix=f"remove `{empty[0]}` to mean everybody, or the element", key=True)
    given = tuple(dict.fromkeys(of for key, of in lists if fields.value.get(key)))
    requires = tuple(_selectors(fields, f"{side}Requires"))
    if requires and settings.version >= (1, 19):
        message = f"`{side}Requires` was removed in Cilium 1.19"
        fix = "write the requirement into each selector, or name the version with --cilium-version"
        fields.error("NPV537", message, f"{side}Requires", fix=fix, key=True)
    return Peers(
        given,
        bool(empty) and nobody,
        tuple(_selectors(fields, f"{side}Endpoints")),
        tuple(_nodes(fields, f"{side}Nodes", settings)),
        tuple(_entities(fields, f"{side}Entities", settings)),
        (*_blocks(fields, f"{side}CIDR"), *_sets(fields, f"{side}CIDRSet")),
        tuple(_services(fields)),
        tuple(d for _, item in fields.maps("toFQDNs") if (d := read_domain(item, "toFQDNs")) is not None),
        tuple(_groups(fields, f"{side}Groups")),
        requires,
    )


def _groups(fields: Fields, key: str) -> Iterator[str]:
    """Each group as a text; which addresses it has, nobody knows. Fields: pkg/policy/api/groups.go."""
    for _, item in fields.maps(key):
        item.only(("aws",), key)
        if (aws := item.map("aws")) is not None:
            aws.only(("labels", "region", "securityGroupsIds", "securityGroupsNames"), "aws")
            aws.text_map("labels")
            aws.text("region")
            aws.texts("securityGroupsIds")
            aws.texts("securityGroupsNames")
        yield json.dumps(item.value, sort_keys=True, default=str)


def _selectors(fields: Fields, key: str) -> list[Selector]:
    return [read_selector(item, key) for _, item in fields.maps(key)]


def _nodes(fields: Fields, key: str, settings: Settings) -> list[Selector]:
    found = _selectors(fields, key)
    if found and settings.node_selector_labels == "off":
        message = f"`{key}` needs the option enable-node-selector-labels, without which the object is not enforced"
        fix = "where the agent has it, say so with --assume node_selector_labels=on"
        fields.error("NPV538", message, key, fix=fix, key=True)
    return found


def _entities(fields: Fields, key: str, settings: Settings) -> list[str]:
    found = []
    for index, name in enumerate(fields.items(key)):
        if not isinstance(name, str):
            fields.texts(key)
            continue
        late = name == "cluster-mesh" and settings.version < (1, 20)
        if name not in ENTITIES or late or name.startswith("world-"):
            fix = nearest(name, ENTITIES[:12]) or f"known entities: {', '.join(ENTITIES[:12])}"
            fix = "it is of Cilium 1.20 and later" if late else "write `world`" if name.startswith("world-") else fix
            fields.error("NPV539", f"`{name}` is no entity", key, index, fix=fix)
        else:
            found.append(name)
    return found


def _blocks(fields: Fields, key: str) -> list[Block]:
    """Plain CIDRs; the agent takes single addresses too."""
    found = []
    for index, text in enumerate(fields.items(key)):
        if isinstance(text, str):
            prefix = _prefix(fields, text, key, index, single=True)
            found += [Block(prefix)] if prefix is not None else []
        else:
            fields.texts(key)
    return found


def _prefix(fields: Fields, text: str, *path: str | int, single: bool = False) -> Prefix | None:
    try:
        if single and "/" not in text:
            return Prefix.host(Address.parse(text))
        return cidrs.parse(text).prefix
    except ValueError as error:
        why = f": it {error}" if "/" in text or not single else ""
        fix = "write an address and a prefix length: 203.0.113.0/24"
        fields.error("NPV505", f"`{text}` is no CIDR{why}", *path, fix=fix)
        return None


def _sets(fields: Fields, key: str) -> list[Block]:
    found = []
    sources = ("cidr", "cidrGroupRef", "cidrGroupSelector")
    for _, item in fields.maps(key):
        item.only((*sources, "except"), key)
        given = [name for name in sources if item.has(name)]
        if len(given) != 1:
            message = f"an item of `{key}` has one of `cidr`, `cidrGroupRef` and `cidrGroupSelector`"
            item.error("NPV540", message, *given[1:2], fix="keep one of them, or make two items", key=bool(given))
        prefix = _prefix(item, text, "cidr") if (text := item.text("cidr")) else None
        holes = [_hole(item, hole, prefix, index) for index, hole in enumerate(item.texts("except"))]
        excepts = tuple(hole for hole in holes if hole is not None)
        selector = item.map("cidrGroupSelector")
        labels = read_selector(selector, "cidrGroupSelector") if selector is not None else None
        found.append(Block(prefix, excepts, item.text("cidrGroupRef") or "", labels, in_set=True))
    return found


def _hole(item: Fields, text: str, prefix: Prefix | None, index: int) -> Prefix | None:
    """CIDRRule.sanitize asks that the block holds the address of the hole, and not more."""
    hole = _prefix(item, text, "except", index)
    if hole is None or prefix is None:
        return hole
    if not prefix.contains(Address.parse(text.partition("/")[0])):
        fix = f"write a block inside {prefix}"
        item.error("NPV541", f"`except` {text} lies outside `cidr` {prefix}", "except", index, fix=fix)
        return None
    if hole.length <= prefix.length:
        message = f"`except` {text} takes all of {prefix} away, so nothing is left"
        item.warn("NPV542", message, "except", index, fix="write a smaller block")
    return hole


def _services(fields: Fields) -> list[ServiceRef]:
    found = []
    for _, item in fields.maps("toServices"):
        item.only(("k8sService", "k8sServiceSelector"), "toServices")
        named, chosen = item.map("k8sService"), item.map("k8sServiceSelector")
        if named is None and chosen is None:
            fix = "write `k8sService: {serviceName: …, namespace: …}`"
            item.error("NPV543", "an item of `toServices` names no Service", fix=fix)
        if named is not None:
            named.only(("serviceName", "namespace"), "k8sService")
            name = named.text("serviceName") or ""
            found.append(ServiceRef(name, named.text("namespace") or "", None, item.span()))
        if chosen is not None:
            chosen.only(("selector", "namespace"), "k8sServiceSelector")
            inner = chosen.map("selector")
            if inner is None:
                chosen.error("NPV543", "`selector` of `k8sServiceSelector` is missing", fix="write `selector: {}`")
            labels = read_selector(inner, "selector") if inner is not None else ()
            found.append(ServiceRef("", chosen.text("namespace") or "", labels, item.span()))
    return found
