"""Reads a NetworkPolicy document into plain values, with every check that the API server makes.

Checks: kubernetes/kubernetes pkg/apis/networking/validation/validation.go; defaults: pkg/apis/networking/v1/defaults.go.
Everything wrong is reported; what is read is only meaningful where nothing was.
"""

from __future__ import annotations

import marshal
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple, TypeVar

from npverify.dialects import cidrs, selectors
from npverify.dialects.kubernetes_fields import children
from npverify.dialects.selectors import Selector
from npverify.ingest.document import Document
from npverify.ingest.fields import Fields, nearest, type_name
from npverify.ingest.source import Problems, Span
from npverify.inventory.addresses import Prefix
from npverify.inventory.syntax import is_dns_label, is_port_name, is_subdomain
from npverify.normal.flow import PORT_PROTOCOLS
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import FALSE, TRUE, Pred

_TYPES = {"Ingress": Direction.INGRESS, "Egress": Direction.EGRESS}
_SECTION = {Direction.INGRESS: "ingress", Direction.EGRESS: "egress"}
_PEERS: dict[Direction, Literal["from", "to"]] = {Direction.INGRESS: "from", Direction.EGRESS: "to"}


class PortEntry(NamedTuple):
    """One item of `ports`; `port` None: every port of the protocol, text: a named port."""

    protocol: str
    port: int | str | None
    end: int | None


class Peer(NamedTuple):
    """One item of `from` or `to`: selectors (None: not given), or an address block with exceptions; `also` is whom the plugin
    takes beside those that the selectors mean."""

    pods: Selector | None = None
    namespaces: Selector | None = None
    block: Prefix | None = None
    excepts: tuple[Prefix, ...] = ()
    also: Pred = FALSE


class RuleText(NamedTuple):
    """One rule; no peers: every peer, no ports: every port. `only` is what else must hold of a flow, where the plugin has it so."""

    label: str
    peers: tuple[Peer, ...]
    ports: tuple[PortEntry, ...]
    span: Span
    only: Pred = TRUE


class NetworkPolicy(NamedTuple):
    """A NetworkPolicy with its defaults filled in; `rules` has one entry for each direction that it is about, `sections`
    has both, also one that `policyTypes` leaves out."""

    id: PolicyId
    span: Span
    subject: Selector
    rules: dict[Direction, tuple[RuleText, ...]]
    sections: dict[Direction, tuple[RuleText, ...]]


_WITHOUT_IDENTITY = 2  # the last version of marshal in which equal values have equal bytes, whatever refers to them

P = TypeVar("P")


class Parts:
    """Selectors, peers and lists of ports that were read with nothing to say about them, by their values: large sets of
    policies are made of few. Guards them. For policies that are read in one way (`strict_cidr`)."""

    def __init__(self) -> None:
        self._known: defaultdict[str, dict[bytes, Any]] = defaultdict(dict)

    def read(self, what: str, fields: Fields, value: Any, read: Callable[[], P]) -> P:
        """The part of this sort with that value, which stands in `fields`; `read` reads it."""
        return self.of(what, value, fields.problems, read)

    def of(self, what: str, value: Any, problems: Problems, read: Callable[[], P]) -> P:
        """The part of this sort with that value; `read` reads it, and tells `problems` what is wrong with it."""
        known = self._known[what]
        # Python takes 1, 1.0 and True for equal; their bytes are not
        key = marshal.dumps(value, _WITHOUT_IDENTITY)
        found: P | None = known.get(key)
        if found is None:
            before = problems.count
            found = read()
            if problems.count == before:
                known[key] = found
        return found


def read(doc: Document, problems: Problems, *, strict_cidr: bool, parts: Parts | None = None) -> NetworkPolicy:
    """The policy that a document describes; `parts` are those of policies that were read before, and grow."""
    parts = parts or Parts()
    policy_id = _usual_identity(doc)
    if policy_id is None:
        top = Fields.of(doc, problems)
        top.only(children(""), "NetworkPolicy")
        policy_id = _identity(doc, top)
    given = doc.value.get("spec")
    if type(given) is not dict:
        spec = Fields.of(doc, problems).map("spec")
        given = spec.value if spec else {}
    subject, directions, found = parts.of(
        "spec", given, problems, lambda: _spec(Fields(doc, ("spec",), given, problems), strict_cidr, parts)
    )
    # the same may stand in many policies, each at a place of its own
    sections = {
        d: tuple([RuleText(*text, doc.span_later("spec", _SECTION[d], n)) for text, n in rules]) if rules else ()
        for d, rules in found
    }
    span = doc.span_later("metadata", "name") if doc.name else doc.span_later()
    return NetworkPolicy(policy_id, span, subject, {d: sections[d] for d in directions}, sections)


def _usual_identity(doc: Document) -> PolicyId | None:
    """The identity of a policy; None where there may be something to say about fields outside of `spec`."""
    meta = doc.value.get("metadata")
    if type(meta) is not dict or not (doc.value.keys() <= _TOP and meta.keys() <= _META):
        return None
    for texts in (meta.get("labels"), meta.get("annotations")):
        if texts is not None and not (type(texts) is dict and all(type(text) is str for text in texts.values())):
            return None
    name, namespace = meta.get("name"), meta.get("namespace") or "default"
    if type(name) is not str or type(namespace) is not str or name != doc.name:
        return None
    if not (is_subdomain(name) and is_dns_label(namespace)):
        return None
    return PolicyId("kubernetes", "NetworkPolicy", namespace, name)


_TOP, _META = frozenset(children("")), frozenset(children("metadata"))


class _Spec(NamedTuple):
    """What stands under `spec`: the rules of each direction without their place, each with its index."""

    subject: Selector
    directions: tuple[Direction, ...]
    sections: tuple[tuple[Direction, list[tuple[_Text, int]]], ...]


_Text = tuple[str, tuple[Peer, ...], tuple[PortEntry, ...]]


def _spec(spec: Fields, strict_cidr: bool, parts: Parts) -> _Spec:
    spec.only(children("spec"), "spec of NetworkPolicy")
    sections = tuple((d, _rules(spec, d, strict_cidr, parts)) for d in Direction)
    subject: Selector = ()
    if selector := spec.map("podSelector"):
        subject = parts.read("selector", selector, selector.value, lambda: selectors.read(selector, "podSelector"))
    return _Spec(subject, _directions(spec), sections)


def _identity(doc: Document, top: Fields) -> PolicyId:
    meta = top.map("metadata")
    namespace = "default"
    if meta:
        meta.only(children("metadata"), "metadata")
        meta.text_map("labels")
        meta.text_map("annotations")
        namespace = meta.text("namespace") or "default"
        if not is_dns_label(namespace):
            fix = "use at most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends"
            meta.error("NPV051", f"`{namespace}` is not a name of a namespace", "namespace", fix=fix)
        name = meta.text("name")
        if name and not is_subdomain(name):
            fix = "use at most 253 of `a-z`, `0-9`, `-` and `.`, with a letter or digit at both ends of each part"
            meta.error("NPV050", f"`{name}` is not a name of a policy", "name", fix=fix)
    if not doc.name:
        _report_nameless(top, meta)
    return PolicyId("kubernetes", "NetworkPolicy", namespace, doc.name)


def _report_nameless(top: Fields, meta: Fields | None) -> None:
    """Says that the name is missing, unless that follows from something that is reported already."""
    if not meta:
        told = top.has("metadata") or any(key not in children("") for key in top.value)
        at: tuple[str, ...] = ()
    else:
        wrong_type = meta.has("name") and meta.value["name"] != ""
        told = wrong_type or any(key not in children("metadata") for key in meta.value)
        at = ("metadata",)
    if told:
        return
    fix = "give the policy a name"
    if meta and meta.has("generateName"):
        fix += "; `generateName` only gets its text from the server"
    top.error("NPV050", "`metadata.name` is missing", *at, fix=fix)


def _directions(spec: Fields) -> tuple[Direction, ...]:
    given = spec.items("policyTypes")
    if not given:
        # SetDefaults_NetworkPolicy: always Ingress, and Egress if there is an egress rule
        return (Direction.INGRESS, Direction.EGRESS) if spec.value.get("egress") else (Direction.INGRESS,)
    if len(given) > 2:
        spec.error(
            "NPV058", "`policyTypes` has more than two entries", "policyTypes", fix="use [Ingress], [Egress] or both"
        )
    found = []
    for index, text in enumerate(given):
        if not isinstance(text, str) or text not in _TYPES:
            fix = nearest(text, _TYPES) if isinstance(text, str) else ""
            shown = text if isinstance(text, str) else type_name(text)
            spec.error(
                "NPV057", f"unknown policy type `{shown}`", "policyTypes", index, fix=fix or "use `Ingress` or `Egress`"
            )
        else:
            found.append(_TYPES[text])
    return tuple(d for d in Direction if d in found)


def _rules(spec: Fields, direction: Direction, strict: bool, parts: Parts) -> list[tuple[_Text, int]]:
    section, side = _SECTION[direction], _PEERS[direction]
    path = f"spec.{section}[]"
    _warn_of_nulls(spec, section, "a rule that allows everything")
    rules = []
    for index, rule in spec.maps(section):
        rule.only(children(path), f"{section} rule")
        _warn_of_nulls(rule, "ports", "every TCP port")
        peers = tuple([_known_peer(rule, side, at, item, path, strict, parts) for at, item in _listed(rule, side)])
        ports: tuple[PortEntry, ...] = ()
        if (listed := rule.value.get("ports")) is not None:
            ports = parts.read("ports", rule, listed, lambda rule=rule: _ports(rule, f"{path}.ports[]"))  # type: ignore[misc]
        rules.append(((f"{section}[{index}]", peers, ports), index))
    return rules


def _listed(rule: Fields, side: str) -> Iterable[tuple[int, dict[str, Any]]]:
    """The peers of a rule with their indices; those that are no maps are reported and left out."""
    listed = rule.items(side)
    if all(type(item) is dict for item in listed):
        return enumerate(listed)
    return [(index, peer.value) for index, peer in rule.maps(side)]


def _known_peer(
    rule: Fields, side: str, index: int, value: dict[str, Any], path: str, strict: bool, parts: Parts
) -> Peer:
    """A peer, which many rules have."""

    def made() -> Peer:
        return _peer(Fields(rule.doc, (*rule.path, side, index), value, rule.problems), f"{path}.{side}[]", strict)

    return parts.read("peer", rule, value, made)


def _ports(rule: Fields, path: str) -> tuple[PortEntry, ...]:
    return tuple(_port(entry, path) for _, entry in rule.maps("ports"))


def _warn_of_nulls(fields: Fields, key: str, meaning: str) -> None:
    items = fields.items(key)
    for index, item in enumerate(items if None in items else ()):
        if item is None:
            fields.warn(
                "NPV059", f"empty item in `{key}`: it means {meaning}", key, index, fix="write `{}` or remove it"
            )


def _peer(fields: Fields, path: str, strict: bool) -> Peer:
    fields.only(children(path), "peer")
    pods, namespaces, block = fields.map("podSelector"), fields.map("namespaceSelector"), fields.map("ipBlock")
    peer = Peer(
        selectors.read(pods, "podSelector") if pods else None,
        selectors.read(namespaces, "namespaceSelector") if namespaces else None,
    )
    if not any(fields.has(key) for key in children(path)) and all(key in children(path) for key in fields.value):
        message = "a peer must have `podSelector`, `namespaceSelector` or `ipBlock`"
        fields.error(
            "NPV060", message, fix="for every peer, leave the list away; for every pod, use `namespaceSelector: {}`"
        )
    if block and (pods or namespaces):
        message = "`ipBlock` cannot stand in one peer with a selector"
        fields.error("NPV061", message, "ipBlock", key=True, fix="make two list items of them")
    if not block:
        return peer
    block.only(children(f"{path}.ipBlock"), "ipBlock")
    if not block.value.get("cidr"):
        at = ("cidr",) if "cidr" in block.value else ()
        block.error("NPV062", "`cidr` of an ipBlock is missing", *at, fix="write a block such as `10.0.0.0/8`")
        return peer
    text = block.text("cidr")
    prefix = _block(block, text, strict, "cidr") if text is not None else None
    return peer._replace(block=prefix, excepts=_excepts(block, text, prefix, strict))


def _excepts(block: Fields, cidr: str | None, prefix: Prefix | None, strict: bool) -> tuple[Prefix, ...]:
    found = []
    for index, text in enumerate(block.items("except")):
        if not isinstance(text, str):
            continue
        hole = _block(block, text, strict, "except", index)
        if hole and prefix and not (prefix.covers(hole) and prefix.length < hole.length):
            message = f"exception `{text}` is not a smaller block inside `{cidr}`"
            block.error("NPV065", message, "except", index, fix="remove it, or correct one of the two blocks")
        elif hole:
            found.append(hole)
    block.texts("except")
    return tuple(found)


def _block(fields: Fields, text: str, strict: bool, *path: str | int) -> Prefix | None:
    try:
        block = cidrs.parse(text)
    except ValueError as wrong:
        fix = "write an address block such as `10.0.0.0/8` or `fd00::/8`"
        if "/" not in text and "prefix length" in str(wrong):
            fix = f"for this one address write `{text}/{128 if ':' in text else 32}`"
        fields.error("NPV062", f"address block `{text}` {wrong}", *path, fix=fix)
        return None
    if block.ambiguous and strict:
        fix = f"write `{block.prefix}`, or pass `--assume strict_cidr=false` to have it read so"
        fields.error("NPV063", f"address block `{text}` {block.ambiguous}", *path, fix=fix)
        return None
    if block.ambiguous:
        message = f"address block `{text}` {block.ambiguous}; it is read as `{block.prefix}`"
        fields.warn("NPV064", message, *path, fix=f"write `{block.prefix}`")
    elif block.unusual:
        fields.warn("NPV064", f"address block `{text}` is usually written `{block.unusual}`", *path)
    return block.prefix


def _port(fields: Fields, path: str) -> PortEntry:
    fields.only(children(path), "port entry")
    protocol = fields.text("protocol")
    if protocol is None:
        protocol = "TCP"  # SetDefaults_NetworkPolicyPort
    elif protocol not in PORT_PROTOCOLS:
        fix = nearest(protocol, PORT_PROTOCOLS) or "use TCP, UDP or SCTP"
        fields.error("NPV071", f"unknown protocol `{protocol}`", "protocol", fix=fix)
    port = fields.value.get("port")
    if isinstance(port, str):
        if not is_port_name(port):
            fix = "use at most 15 of `a-z`, `0-9` and single `-` inside, with at least one letter"
            if port.isascii() and port.isdigit():
                fix = f"write the number without quotes: {port}"
            fields.error("NPV073", f"`{port}` is not a name of a port", "port", fix=fix)
    else:
        port = fields.integer("port")
        if port is not None and not 1 <= port <= 65535:
            fields.error(
                "NPV072", f"port {port} is not between 1 and 65535", "port", fix="use a number from 1 to 65535"
            )
    return PortEntry(protocol, port, _end_port(fields, port))


def _end_port(fields: Fields, port: int | str | None) -> int | None:
    end = fields.integer("endPort")
    if end is None:
        return None
    if isinstance(port, str):
        fix = "give `port` as a number, or remove `endPort`"
        fields.error("NPV074", f"`endPort` cannot be combined with the named port `{port}`", "endPort", fix=fix)
    elif port is None:
        if not fields.has("port"):
            fields.error(
                "NPV074", "`endPort` needs `port`", "endPort", fix="give the first port of the range as `port`"
            )
    elif not 1 <= end <= 65535:
        fields.error("NPV074", f"`endPort` {end} is not between 1 and 65535", "endPort")
    elif end < port:
        fix = "swap the two values, or drop `endPort` to match one port"
        message = f"port range ends before it starts: `endPort` {end}, `port` {port}"
        fields.error("NPV074", message, "endPort", fix=fix)
    else:
        return end
    return None
