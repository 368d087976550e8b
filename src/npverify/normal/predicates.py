"""The predicates of the normal form: one small frozen syntax tree over a flow (`normal.syntax`), built by constructors that fold.

Equal predicates are the same object, so that they can be memoised and compared by identity. Meaning on a concrete flow:
`npverify.oracle`; as a formula: `npverify.smt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import cache
from itertools import chain

from npverify.inventory.addresses import Prefix
from npverify.inventory.model import EndpointKind, PortOrigin
from npverify.inventory.unknowns import NO_TEXTS, Unknown
from npverify.normal.kafka import KEYS, WITH_TOPIC, WITHOUT_TOPIC
from npverify.normal.syntax import (
    FALSE,
    TRUE,
    AddressIn,
    AddressOwnedBy,
    And,
    Clause,
    Const,
    DnsIs,
    HttpIs,
    IcmpIs,
    KafkaIs,
    KindIs,
    LabelIn,
    LabelOf,
    LabelText,
    NamedPortIs,
    NamespaceIs,
    NodeIs,
    Not,
    Or,
    Owner,
    OwnNode,
    PortIn,
    Pred,
    ProtocolIs,
    Reads,
    RequestTest,
    SelfTraffic,
    ServiceAccountIs,
    Side,
    TextTest,
    UnknownIn,
    Wanted,
    intern,
)

__all__ = [
    "FALSE",
    "TRUE",
    "AddressIn",
    "AddressOwnedBy",
    "And",
    "Clause",
    "Const",
    "DnsIs",
    "HttpIs",
    "IcmpIs",
    "KafkaIs",
    "KindIs",
    "LabelIn",
    "LabelOf",
    "LabelText",
    "NamedPortIs",
    "NamespaceIs",
    "NodeIs",
    "Not",
    "Or",
    "OwnNode",
    "Owner",
    "PortIn",
    "Pred",
    "ProtocolIs",
    "Reads",
    "RequestTest",
    "SelfTraffic",
    "ServiceAccountIs",
    "Side",
    "TextTest",
    "UnknownIn",
    "Wanted",
    "address_in",
    "address_owned_by",
    "and_",
    "atoms",
    "atoms_among",
    "atoms_of",
    "const",
    "dns_is",
    "dns_query",
    "exactly",
    "http_is",
    "http_request",
    "icmp_is",
    "ite",
    "kafka_is",
    "kafka_request",
    "kind_is",
    "label_in",
    "label_text",
    "mirrored",
    "named_port_is",
    "namespace_is",
    "node_is",
    "not_",
    "or_",
    "own_node",
    "port_in",
    "protocol_is",
    "self_traffic",
    "service_account_is",
    "substitute",
    "unknown_in",
]


def const(value: bool) -> Pred:
    """TRUE or FALSE."""
    return TRUE if value else FALSE


def not_(body: Pred) -> Pred:
    """Negation; folds constants and double negation."""
    if isinstance(body, Const):
        return const(not body.value)
    return body.body if isinstance(body, Not) else intern(Not, body)


def and_(*parts: Pred) -> Pred:
    """Conjunction; TRUE of nothing. Flattens, drops repetitions, folds constants and a predicate beside its negation."""
    return _join(And, parts, absorbing=FALSE, neutral=TRUE)


def or_(*parts: Pred) -> Pred:
    """Disjunction; FALSE of nothing. Folds as `and_` does."""
    return _join(Or, parts, absorbing=TRUE, neutral=FALSE)


def ite(test: Pred, then: Pred, otherwise: Pred) -> Pred:
    """`then` where `test` holds, else `otherwise`."""
    if then is otherwise:
        return then
    if then is TRUE or otherwise is FALSE:
        return or_(test, otherwise) if then is TRUE else and_(test, then)
    if then is FALSE or otherwise is TRUE:
        return and_(not_(test), otherwise) if then is FALSE else or_(not_(test), then)
    return or_(and_(test, then), and_(not_(test), otherwise))


def _join(make: type[And] | type[Or], parts: Iterable[Pred], *, absorbing: Pred, neutral: Pred) -> Pred:
    kept: dict[Pred, None] = {}
    negated = False
    for part in parts:
        what = type(part)
        if what is make:
            for leaf in part.parts:  # type: ignore[attr-defined]  # both have them
                kept[leaf] = None
                negated = negated or type(leaf) is Not
        elif part is absorbing:
            return absorbing
        elif part is not neutral:
            kept[part] = None
            negated = negated or what is Not
    if len(kept) < 2:
        return next(iter(kept)) if kept else neutral
    if negated:
        for leaf in kept:
            if type(leaf) is Not and leaf.body in kept:
                return absorbing
    return intern(make, tuple(kept))


def kind_is(side: Side, *kinds: EndpointKind) -> Pred:
    """The endpoint is of one of these kinds."""
    return intern(KindIs, side, tuple(sorted(set(kinds)))) if kinds else FALSE


def namespace_is(side: Side, name: str) -> Pred:
    """The endpoint is a pod of that namespace."""
    return intern(NamespaceIs, side, name)


def label_in(side: Side, of: LabelOf, key: str, values: Iterable[str] | None) -> Pred:
    """The endpoint is a pod whose label has one of these values; values None: has the label at all."""
    if values is None:
        return intern(LabelIn, side, of, key, None)
    chosen = tuple(sorted(set(values) - NO_TEXTS))
    return intern(LabelIn, side, of, key, chosen) if chosen else FALSE


def label_text(side: Side, of: LabelOf, key: str, test: TextTest, text: str) -> Pred:
    """The endpoint is a pod whose label is there and passes the test; an empty text is in every label."""
    return intern(LabelText, side, of, key, test, text) if text else label_in(side, of, key, None)


def service_account_is(side: Side, name: str) -> Pred:
    """The endpoint is a pod that runs under that service account of its namespace."""
    return intern(ServiceAccountIs, side, name)


def node_is(side: Side, name: str) -> Pred:
    """The endpoint is that node, or a pod that runs on it."""
    return intern(NodeIs, side, name)


def address_in(side: Side, prefix: Prefix) -> Pred:
    """The address that the policy sees on that side lies in the prefix."""
    return intern(AddressIn, side, prefix)


def address_owned_by(side: Side, *owners: Owner) -> Pred:
    """Whose the address is that the policy sees on that side."""
    return intern(AddressOwnedBy, side, tuple(sorted(set(owners)))) if owners else FALSE


def protocol_is(*names: str) -> Pred:
    """The protocol is one of these."""
    return intern(ProtocolIs, tuple(sorted(set(names)))) if names else FALSE


def port_in(first: int, last: int, side: Side = Side.DST) -> Pred:
    """The flow has a port between the two on that side, both included; ValueError outside 0..65535 or reversed."""
    if not 0 <= first <= last <= 65535:
        raise ValueError(f"not a port range: {first}-{last}")
    return intern(PortIn, first, last, side)


def named_port_is(
    name: str, protocol: str | None, origins: Iterable[PortOrigin], *, first_only: bool, side: Side = Side.DST
) -> Pred:
    """The pod on a side declares a port of that name and protocol (None: any) on a container of one of `origins`, and
    the flow has that number there by that protocol. With `first_only` only the first such declaration counts."""
    chosen = tuple(sorted(set(origins)))
    return intern(NamedPortIs, name, protocol, chosen, first_only, side) if chosen else FALSE


def icmp_is(type_: int, code: int | None = None) -> Pred:
    """ICMP of that type, and code if one is given."""
    return intern(IcmpIs, type_, code)


def http_is(
    methods: Iterable[tuple[RequestTest, str]] = (),
    paths: Iterable[tuple[RequestTest, str]] = (),
    hosts: Iterable[tuple[RequestTest, str]] = (),
    headers: Iterable[tuple[str, str | None]] = (),
    *,
    reads: Reads,
) -> Pred:
    """An HTTP request with one of the methods, paths and hosts (none: any) and all of the headers; TRUE if all may be.

    `reads` says which path is compared, and does not matter without one.
    """
    wanted: list[Wanted] = [tuple(sorted(set(texts))) for texts in (methods, paths, hosts)]
    asked = tuple(sorted({(name.lower(), value) for name, value in headers}, key=lambda h: (h[0], h[1] or "")))
    if not any(wanted) and not asked:
        return TRUE
    return intern(HttpIs, *wanted, asked, reads if wanted[1] else "sent")


def exactly(text: str) -> tuple[RequestTest, str]:
    """The test for one text."""
    return "exact", text


def http_request() -> Pred:
    """Any HTTP request."""
    return intern(HttpIs, (), (), (), (), "sent")


def dns_is(names: Iterable[tuple[RequestTest, str]]) -> Pred:
    """A query of DNS for one of the names, which are in lower case and have no dot at their end; FALSE of none."""
    wanted = tuple(sorted(set(names)))
    return intern(DnsIs, wanted) if wanted else FALSE


def dns_query() -> Pred:
    """Any query of DNS."""
    return intern(DnsIs, ())


def kafka_is(keys: Iterable[str] = (), version: int | None = None, client: str = "", topic: str = "") -> Pred:
    """The requests of Kafka that such an entry of a rule lets through; what is left out may be anything. A topic is asked of the
    requests of which it is read; those without topics need none, and the others never have it. Version 0 has no client."""
    if client and version == 0:
        return FALSE
    chosen = frozenset(keys) or frozenset(KEYS)
    whole = () if chosen == frozenset(KEYS) else tuple(sorted(chosen))
    if not topic:
        return intern(KafkaIs, whole, version, client, "")
    read, free = (tuple(sorted(chosen.intersection(some))) for some in (WITH_TOPIC, WITHOUT_TOPIC))
    return or_(
        intern(KafkaIs, read, version, client, topic) if read else FALSE,
        intern(KafkaIs, free, version, client, "") if free else FALSE,
    )


def kafka_request() -> Pred:
    """Any request of Kafka."""
    return intern(KafkaIs, (), None, "", "")


def unknown_in(unknown: Unknown, *values: str) -> Pred:
    """The reading gives `unknown` one of these values; folds where only one value is possible."""
    chosen = tuple(sorted(set(values)))
    if not unknown.open:
        chosen = tuple(v for v in chosen if v in unknown.values)
        if len(chosen) == len(set(unknown.values)):
            return TRUE
    return intern(UnknownIn, unknown, chosen) if chosen else FALSE


def self_traffic(*, via_service: bool) -> Pred:
    """One pod talks to itself."""
    return intern(SelfTraffic, via_service)


def own_node(side: Side) -> Pred:
    """The endpoint on `side` is on the host network of the node where the pod on the other side runs."""
    return intern(OwnNode, side)


def atoms(pred: Pred) -> Iterator[Pred]:
    """Every atom of a predicate, each once, in the order of the text."""
    return atoms_among((pred,))


def atoms_among(preds: Iterable[Pred]) -> Iterator[Pred]:
    """Every atom of some predicates, each once, in the order of the text; what they share is walked through once."""
    seen: set[Pred] = set()
    for pred in preds:
        if pred in seen:  # as most of a large set of policies are
            continue
        stack = [pred]
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            if isinstance(at, _SEVERAL):
                stack.extend([part for part in at.parts[::-1] if part not in seen])
            elif isinstance(at, Not):
                stack.append(at.body)
            elif not isinstance(at, Const):
                yield at


_SEVERAL = (And, Or)  # a union would be made anew at each of a hundred thousand predicates


def substitute(pred: Pred, settle: Callable[[Pred], Pred]) -> Pred:
    """The predicate with each atom replaced by what `settle` makes of it."""
    memo: dict[Pred, Pred] = {}

    def walk(at: Pred) -> Pred:
        found = memo.get(at)
        if found is None:
            if isinstance(at, And):
                found = and_(*map(walk, at.parts))
            elif isinstance(at, Or):
                found = or_(*map(walk, at.parts))
            elif isinstance(at, Not):
                found = not_(walk(at.body))
            else:
                found = settle(at)
            memo[at] = found
        return found

    return walk(pred)


def mirrored(pred: Pred) -> Pred:
    """The predicate with source and destination in each other's place: what it says of a flow it says of the replies."""
    return substitute(
        pred,
        lambda atom: intern(type(atom), *(_opposite_end(getattr(atom, f.name)) for f in fields(atom))),
    )


def _opposite_end(value: object) -> object:
    return value.other if isinstance(value, Side) else value


@cache
def atoms_of(pred: Pred) -> tuple[Pred, ...]:
    """`atoms`, remembered, and told from those of the parts, which many predicates share."""
    if isinstance(pred, And | Or):
        return tuple(dict.fromkeys(chain.from_iterable(map(atoms_of, pred.parts))))
    if isinstance(pred, Not):
        return atoms_of(pred.body)
    return () if isinstance(pred, Const) else (pred,)
