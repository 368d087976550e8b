"""The predicates of the normal form: one small frozen syntax tree over a flow, built by constructors that fold.

Equal predicates are the same object (hash-consing), so that they can be memoised and compared by identity. Atoms about
endpoints name the side that they look at. Meaning on a concrete flow: `npverify.oracle`; as a formula: `npverify.smt`.

| atom | true where |
| --- | --- |
| KindIs(side, kinds) | the endpoint is of one of these kinds |
| NamespaceIs(side, name) | it is a pod of that namespace |
| LabelIn(side, of, key, values) | it is a pod whose label (or its namespace's, or its service account's) `key` is there with one of `values`; values None: is there |
| LabelText(side, of, key, test, text) | the same label is there and contains, starts with or ends with the text |
| ServiceAccountIs(side, name) | it is a pod that runs under that service account |
| NodeIs(side, name) | it is that node, or a pod that runs on it |
| AddressIn(side, prefix) | the address that the policy sees on that side lies in the prefix (so it is of its family) |
| AddressOwnedBy(side, owners) | that address is a pod's, a node's, a service's (virtual IP) or an outside one |
| ProtocolIs(names) | one of the protocols of `normal.flow` |
| PortIn(first, last, side) | the protocol has ports and the port of that side lies in the range, both ends included |
| NamedPortIs(name, protocol, origins, first_only, side) | the pod on that side declares such a port (of any protocol if None) and the flow has its protocol and number there |
| IcmpIs(type, code) | ICMP of that type (and code, if not None) |
| HttpIs(methods, paths, normalised) | over TCP an HTTP request of one of the methods (none: any) for one of the paths (none: any) is sent, see `normal.requests` |
| UnknownIn(unknown, values) | the reading gives the unknown one of these values |
| SelfTraffic(via_service) | source and destination are one pod, directly or through a Service |
| OwnNode(side) | the endpoint on `side` is the node (or on the host network of the node) that the other side's pod runs on |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeVar
from weakref import WeakValueDictionary

from npverify.inventory.addresses import Prefix
from npverify.inventory.model import EndpointKind, PortOrigin
from npverify.inventory.unknowns import NO_TEXTS, Unknown


class Side(StrEnum):
    """Which end of a flow an atom looks at; VIP only in residuals, for the virtual address of the Service between."""

    SRC = "src"
    DST = "dst"
    VIP = "vip"

    @property
    def other(self) -> Side:
        """The opposite end."""
        return Side.DST if self is Side.SRC else Side.SRC


Owner = Literal["pod", "node", "service", "external"]
LabelOf = Literal["pod", "namespace", "service account"]
TextTest = Literal["contains", "starts with", "ends with"]
PathTest = Literal["exact", "prefix"]

_interned: WeakValueDictionary[tuple[Any, ...], Pred] = WeakValueDictionary()


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Pred:
    """A predicate over flows; equality is identity because every predicate is interned by its constructor."""


P = TypeVar("P", bound=Pred)


def _intern(make: Callable[..., P], *args: Any) -> P:
    key = (make, *args)
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = make(*args)
    return found  # type: ignore[return-value]  # the key holds the class


@dataclass(frozen=True, slots=True, eq=False)
class Const(Pred):
    """TRUE or FALSE; use the two constants."""

    value: bool


@dataclass(frozen=True, slots=True, eq=False)
class Not(Pred):
    """Negation; use `not_`."""

    body: Pred


@dataclass(frozen=True, slots=True, eq=False)
class And(Pred):
    """Conjunction of two or more distinct predicates; use `and_`."""

    parts: tuple[Pred, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Or(Pred):
    """Disjunction of two or more distinct predicates; use `or_`."""

    parts: tuple[Pred, ...]


@dataclass(frozen=True, slots=True, eq=False)
class KindIs(Pred):
    """See the table of the module; use `kind_is`. The same goes for the atoms below."""

    side: Side
    kinds: tuple[EndpointKind, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NamespaceIs(Pred):
    side: Side
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class LabelIn(Pred):
    side: Side
    of: LabelOf
    key: str
    values: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class LabelText(Pred):
    side: Side
    of: LabelOf
    key: str
    test: TextTest
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class ServiceAccountIs(Pred):
    side: Side
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class NodeIs(Pred):
    side: Side
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class AddressIn(Pred):
    side: Side
    prefix: Prefix


@dataclass(frozen=True, slots=True, eq=False)
class AddressOwnedBy(Pred):
    side: Side
    owners: tuple[Owner, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ProtocolIs(Pred):
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PortIn(Pred):
    first: int
    last: int
    side: Side


@dataclass(frozen=True, slots=True, eq=False)
class NamedPortIs(Pred):
    name: str
    protocol: str | None
    origins: tuple[PortOrigin, ...]
    first_only: bool
    side: Side


@dataclass(frozen=True, slots=True, eq=False)
class IcmpIs(Pred):
    type: int
    code: int | None


@dataclass(frozen=True, slots=True, eq=False)
class HttpIs(Pred):
    methods: tuple[str, ...]
    paths: tuple[tuple[PathTest, str], ...]
    normalised: bool


@dataclass(frozen=True, slots=True, eq=False)
class UnknownIn(Pred):
    unknown: Unknown
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SelfTraffic(Pred):
    via_service: bool


@dataclass(frozen=True, slots=True, eq=False)
class OwnNode(Pred):
    side: Side


TRUE = Const(True)
FALSE = Const(False)


def const(value: bool) -> Pred:
    """TRUE or FALSE."""
    return TRUE if value else FALSE


def not_(body: Pred) -> Pred:
    """Negation; folds constants and double negation."""
    if isinstance(body, Const):
        return const(not body.value)
    return body.body if isinstance(body, Not) else _intern(Not, body)


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
    for part in parts:
        for leaf in part.parts if isinstance(part, make) else (part,):
            if leaf is absorbing or _opposite(leaf) in kept:
                return absorbing
            if leaf is not neutral:
                kept[leaf] = None
    if not kept:
        return neutral
    if len(kept) == 1:
        return next(iter(kept))
    return _intern(make, tuple(kept))


def _opposite(leaf: Pred) -> Pred | None:
    """The negation of a predicate if somebody made it already; making it only to look for it would cost more."""
    return leaf.body if isinstance(leaf, Not) else _interned.get((Not, leaf))


def kind_is(side: Side, *kinds: EndpointKind) -> Pred:
    """The endpoint is of one of these kinds."""
    return _intern(KindIs, side, tuple(sorted(set(kinds)))) if kinds else FALSE


def namespace_is(side: Side, name: str) -> Pred:
    """The endpoint is a pod of that namespace."""
    return _intern(NamespaceIs, side, name)


def label_in(side: Side, of: LabelOf, key: str, values: Iterable[str] | None) -> Pred:
    """The endpoint is a pod whose label has one of these values; values None: has the label at all."""
    if values is None:
        return _intern(LabelIn, side, of, key, None)
    chosen = tuple(sorted(set(values) - NO_TEXTS))
    return _intern(LabelIn, side, of, key, chosen) if chosen else FALSE


def label_text(side: Side, of: LabelOf, key: str, test: TextTest, text: str) -> Pred:
    """The endpoint is a pod whose label is there and passes the test; an empty text is in every label."""
    return _intern(LabelText, side, of, key, test, text) if text else label_in(side, of, key, None)


def service_account_is(side: Side, name: str) -> Pred:
    """The endpoint is a pod that runs under that service account of its namespace."""
    return _intern(ServiceAccountIs, side, name)


def node_is(side: Side, name: str) -> Pred:
    """The endpoint is that node, or a pod that runs on it."""
    return _intern(NodeIs, side, name)


def address_in(side: Side, prefix: Prefix) -> Pred:
    """The address that the policy sees on that side lies in the prefix."""
    return _intern(AddressIn, side, prefix)


def address_owned_by(side: Side, *owners: Owner) -> Pred:
    """Whose the address is that the policy sees on that side."""
    return _intern(AddressOwnedBy, side, tuple(sorted(set(owners)))) if owners else FALSE


def protocol_is(*names: str) -> Pred:
    """The protocol is one of these."""
    return _intern(ProtocolIs, tuple(sorted(set(names)))) if names else FALSE


def port_in(first: int, last: int, side: Side = Side.DST) -> Pred:
    """The flow has a port between the two on that side, both included; ValueError outside 0..65535 or reversed."""
    if not 0 <= first <= last <= 65535:
        raise ValueError(f"not a port range: {first}-{last}")
    return _intern(PortIn, first, last, side)


def named_port_is(
    name: str, protocol: str | None, origins: Iterable[PortOrigin], *, first_only: bool, side: Side = Side.DST
) -> Pred:
    """The pod on a side declares a port of that name and protocol (None: any) on a container of one of `origins`, and
    the flow has that number there by that protocol. With `first_only` only the first such declaration counts."""
    chosen = tuple(sorted(set(origins)))
    return _intern(NamedPortIs, name, protocol, chosen, first_only, side) if chosen else FALSE


def icmp_is(type_: int, code: int | None = None) -> Pred:
    """ICMP of that type, and code if one is given."""
    return _intern(IcmpIs, type_, code)


def http_is(methods: Iterable[str], paths: Iterable[tuple[PathTest, str]], *, normalised: bool) -> Pred:
    """An HTTP request of one of the methods (none, or `*`: any) for one of the paths (none: any); TRUE if all may be.

    `normalised` says that paths are compared as servers read them, and not letter by letter.
    """
    given, wanted = set(methods), tuple(sorted(set(paths)))
    chosen = () if "*" in given else tuple(sorted(given))
    return _intern(HttpIs, chosen, wanted, normalised or not wanted) if chosen or wanted else TRUE


def unknown_in(unknown: Unknown, *values: str) -> Pred:
    """The reading gives `unknown` one of these values; folds where only one value is possible."""
    chosen = tuple(sorted(set(values)))
    if not unknown.open:
        chosen = tuple(v for v in chosen if v in unknown.values)
        if len(chosen) == len(set(unknown.values)):
            return TRUE
    return _intern(UnknownIn, unknown, chosen) if chosen else FALSE


def self_traffic(*, via_service: bool) -> Pred:
    """One pod talks to itself."""
    return _intern(SelfTraffic, via_service)


def own_node(side: Side) -> Pred:
    """The endpoint on `side` is on the host network of the node where the pod on the other side runs."""
    return _intern(OwnNode, side)


def atoms(pred: Pred) -> Iterator[Pred]:
    """Every atom of a predicate, each once, in the order of the text."""
    seen: set[Pred] = set()
    stack = [pred]
    while stack:
        at = stack.pop()
        if at in seen:
            continue
        seen.add(at)
        if isinstance(at, And | Or):
            stack.extend(reversed(at.parts))
        elif isinstance(at, Not):
            stack.append(at.body)
        elif not isinstance(at, Const):
            yield at


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
        lambda atom: _intern(type(atom), *(_opposite_end(getattr(atom, f.name)) for f in fields(atom))),
    )


def _opposite_end(value: object) -> object:
    return value.other if isinstance(value, Side) else value


@cache
def atoms_of(pred: Pred) -> tuple[Pred, ...]:
    """`atoms`, remembered."""
    return tuple(atoms(pred))
