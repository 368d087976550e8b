"""The syntax tree of the assertion language: what the user wrote, names not yet looked up.

`parser` builds it, `printer` writes it back, `resolve` gives it its meaning on an inventory. Positions take no part in
equality, so that two statements are equal when they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from npverify.ingest.source import Severity, Span
from npverify.inventory.addresses import Prefix
from npverify.normal.flow import WayIn
from npverify.normal.policy import Direction

NOWHERE = Span("")


@dataclass(frozen=True, slots=True)
class LabelTest:
    """One test on a label; `values` is () for `has` and `has no`."""

    key: str
    op: Literal["in", "not in", "has", "has no"]
    values: tuple[str, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NotCondition:
    """The condition does not hold."""

    body: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """Two or more conditions that all hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Two or more conditions of which one holds."""

    parts: tuple[Condition, ...]


Condition = LabelTest | NotCondition | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The namespaces of these names, with the position of each."""

    names: tuple[str, ...]
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NamespacesWhere:
    """The namespaces whose labels meet the condition."""

    where: Condition


@dataclass(frozen=True, slots=True)
class OtherNamespaces:
    """Every namespace but that of the source."""


Scope = Namespaces | NamespacesWhere | OtherNamespaces


@dataclass(frozen=True, slots=True)
class Clusters:
    """Other clusters by name, with the position of each."""

    names: tuple[str, ...]
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: a `let` name, else a workload, service or label value; with a slash, something in that namespace."""

    text: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Named:
    """`deployment shop/web`; the namespace may be left out where the name is clear. Kind in lower case.

    `clusters` says in which other clusters; None: in this one. So it is with `Pods` and `Everyone`.
    """

    kind: str
    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    clusters: Clusters | None = None


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods by their labels and namespace; `possible` ones are those that could be created."""

    where: Condition | None = None
    scope: Scope | None = None
    flavour: Literal["", "hostnetwork", "possible"] = ""
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    clusters: Clusters | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block of addresses; one address is a block of full length."""

    prefix: Prefix
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Everyone:
    """`nodes`, `internet` or `anything`."""

    which: Literal["nodes", "internet", "anything"]
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    clusters: Clusters | None = None


@dataclass(frozen=True, slots=True)
class WithPort:
    """`db:5432`: the destination, by TCP on that port."""

    body: Ends
    port: int
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NotEnds:
    """Everything else."""

    body: Ends
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AndEnds:
    """Two or more sets that overlap."""

    parts: tuple[Ends, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OrEnds:
    """Two or more sets together."""

    parts: tuple[Ends, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ExceptEnds:
    """The first set without the second."""

    base: Ends
    minus: Ends
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Ends = Word | Named | Pods | Block | Everyone | WithPort | NotEnds | AndEnds | OrEnds | ExceptEnds


@dataclass(frozen=True, slots=True)
class Ports:
    """A protocol (TCP, UDP, SCTP, ICMP) with a range of destination ports, or with all of them (None)."""

    protocol: str
    ports: tuple[int, int] | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NamedPort:
    """A port that the destination declares by name; protocol "" stands for any."""

    name: str
    protocol: str = ""
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Http:
    """HTTP requests with a method and a path, each a regular expression ("": any), over TCP to some ports (None: any)."""

    method: str = ""
    path: str = ""
    ports: tuple[int, int] | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Dns:
    """Queries of DNS for a name, or a pattern of names ("": any), over UDP and TCP to some ports."""

    name: str = ""
    ports: tuple[int, int] = (53, 53)
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Kafka:
    """Requests of Kafka with a key, one of `normal.kafka.KEYS`, and a topic ("": any), over TCP to some ports (None: any)."""

    key: str = ""
    topic: str = ""
    ports: tuple[int, int] | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Traffic = Ports | NamedPort | Http | Dns | Kafka


@dataclass(frozen=True, slots=True)
class Through:
    """A way by which traffic from outside comes in."""

    way: WayIn
    span: Span = field(default=NOWHERE, compare=False, repr=False)


ReachVerb = Literal["no", "every", "every some", "some", "only", "reaches only"]


@dataclass(frozen=True, slots=True)
class Reaches:
    """The claims about flows from `src` to `dst`; `traffic` is () where none is given, and so is `ways`."""

    verb: ReachVerb
    src: Ends
    dst: Ends
    traffic: tuple[Traffic, ...] = ()
    any_path: bool = False
    ways: tuple[Through, ...] = ()


@dataclass(frozen=True, slots=True)
class IsolatedFrom:
    """No flow in either direction."""

    left: Ends
    right: Ends


@dataclass(frozen=True, slots=True)
class IsolatedFor:
    """Some policy selects every one of `ends` in each direction."""

    ends: Ends
    directions: tuple[Direction, ...]


Property = Literal["shadowed", "redundant", "vacuous"]


@dataclass(frozen=True, slots=True)
class PolicyIs:
    """One policy has the property, or (`want` False) has it not; kind "" where the name is enough."""

    name: str
    property: Property
    want: bool = True
    kind: str = ""
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class NoPolicyIs:
    """No policy, or none of these namespaces, has the property."""

    property: Property
    namespaces: Namespaces | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OnChange:
    """A claim about two versions of the policies: no new, or no lost, flow."""

    which: Literal["new", "lost"]
    src: Ends | None
    dst: Ends
    traffic: tuple[Traffic, ...] = ()


Claim = Reaches | IsolatedFrom | IsolatedFor | PolicyIs | NoPolicyIs | OnChange


@dataclass(frozen=True, slots=True)
class Use:
    """`use kubernetes/dns`."""

    pack: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Let:
    """`let NAME = ENDS`."""

    name: str
    ends: Ends
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AssumeAddresses:
    """Where pods of unknown address live."""

    prefixes: tuple[Prefix, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AssumeLabel:
    """Every pod that could be created has the label."""

    key: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Assert:
    """One assertion. `text` is the claim as the user wrote it, on one line; `span` is where the statement begins."""

    claim: Claim
    title: str = ""
    severity: Severity = "error"
    tags: tuple[str, ...] = ()
    text: str = field(default="", compare=False)
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Statement = Use | Let | AssumeAddresses | AssumeLabel | Assert


def inner(ends: Ends) -> tuple[Ends, ...]:
    """The expressions directly inside one."""
    match ends:
        case OrEnds(parts) | AndEnds(parts):
            return parts
        case ExceptEnds(base, minus):
            return base, minus
        case NotEnds(body) | WithPort(body):
            return (body,)
        case _:
            return ()


def words(ends: Ends) -> tuple[str, ...]:
    """The bare words in an expression, in the order of the text."""
    own = (ends.text,) if isinstance(ends, Word) else ()
    return (*own, *(word for part in inner(ends) for word in words(part)))
