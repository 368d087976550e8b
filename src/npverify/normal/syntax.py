"""The syntax tree of predicates over flows, as frozen classes. They are built by the constructors of `normal.predicates`.

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
| HttpIs(methods, paths, hosts, headers, reads) | over TCP an HTTP request is sent with one of the methods, one of the paths and one of the hosts (none: any), and with every one of the headers, see `normal.requests` |
| DnsIs(names) | by UDP or TCP a query of DNS is sent for one of the names (none: any) |
| KafkaIs(keys, version, client, topic) | over TCP a request of Kafka is sent with one of the keys (none: any), with that version, client and topic (None, "": any); a topic goes with keys of `normal.kafka.WITH_TOPIC` alone |
| UnknownIn(unknown, values) | the reading gives the unknown one of these values |
| SelfTraffic(via_service) | source and destination are one pod, directly or through a Service |
| OwnNode(side) | the endpoint on `side` is the node (or on the host network of the node) that the other side's pod runs on |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Literal, TypeVar
from weakref import ref

from npverify.inventory.addresses import Prefix
from npverify.inventory.model import EndpointKind, PortOrigin
from npverify.inventory.unknowns import Unknown


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
RequestTest = Literal["exact", "prefix", "regex"]
"""How a text of a request is compared; an expression is one of `normal.patterns`."""
Wanted = tuple[tuple[RequestTest, str], ...]
"""Texts of which a request must have one; (): any."""
Reads = Literal["sent", "plain", "served", "asked"]
"""Which path of a request is compared: as it is sent, with its query; without its query; as servers read it; for questions,
as the policies of the set compare theirs."""


class _Held(ref["Pred"]):
    """A predicate as long as somebody holds it, with its class and fields."""

    __slots__ = ("key",)
    key: tuple[Any, ...]


_interned: dict[tuple[Any, ...], _Held] = {}
"""Every predicate that somebody holds, by class and fields. As weakref.WeakValueDictionary, in half the time: a large set of
policies is a hundred thousand of them."""


def _forget(held: _Held) -> None:
    if _interned.get(held.key) is held:
        del _interned[held.key]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Pred:
    """A predicate over flows; equality is identity because every predicate is interned by its constructor.

    A copy, also one that was pickled and came from another process, is the one predicate of this process.
    """

    def __reduce__(self) -> str | tuple[Any, ...]:
        return intern, (type(self), *(getattr(self, field.name) for field in fields(self)))


P = TypeVar("P", bound=Pred)


def intern(make: Callable[..., P], *args: Any) -> P:
    """The one predicate of that class with these fields; the constructors of `normal.predicates` fold what they can first."""
    key = (make, *args)
    held = _interned.get(key)
    found = held() if held is not None else None
    if found is None:
        found = make(*args)
        held = _interned[key] = _Held(found, _forget)
        held.key = key
    return found  # type: ignore[return-value]  # the key holds the class


@dataclass(frozen=True, slots=True, eq=False)
class Const(Pred):
    """TRUE or FALSE; use the two constants."""

    value: bool

    def __reduce__(self) -> str:
        return "TRUE" if self.value else "FALSE"  # their names in this module


TRUE = Const(True)
FALSE = Const(False)


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
    methods: Wanted
    paths: Wanted
    hosts: Wanted
    headers: tuple[tuple[str, str | None], ...]  # names in lower case; None: whatever the value is
    reads: Reads


@dataclass(frozen=True, slots=True, eq=False)
class DnsIs(Pred):
    names: Wanted  # in lower case, without a dot at the end


@dataclass(frozen=True, slots=True, eq=False)
class KafkaIs(Pred):
    keys: tuple[str, ...]
    version: int | None
    client: str
    topic: str


Clause = HttpIs | DnsIs | KafkaIs
"""An atom about what a flow carries."""


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
