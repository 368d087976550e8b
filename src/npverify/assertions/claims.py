"""What an assertion says once every name in it is resolved against an inventory: data that `analyses` can decide.

Every kind of assertion of the language comes down to one of the five claims below; what is left of the kinds behind this
point is only their text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from npverify.ingest.source import Span
from npverify.inventory.model import Endpoint, Service
from npverify.normal.flow import Entry, WayIn
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import Clause, Pred

EndSet = Mapping[Endpoint, Pred]
"""Members of a set of endpoints, each with the condition under which a flow counts: TRUE, or a predicate over addresses
of that side, unknowns, and (for destinations) the packet. An endpoint that is not listed is no member. EXTERNAL may be
listed; its condition tells which addresses. Order: that of the inventory, EXTERNAL last."""


class Hop(NamedTuple):
    """The Service that the flows of a leg go through, and the index of its port."""

    service: Service
    port: int


Ways = tuple[WayIn, ...]
"""Ways in from outside; () stands for traffic that comes to the destination itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Leg:
    """Flows from the members of `src` to the members of `dst`.

    The conditions of `dst` carry the traffic (protocol, port at the destination). Left out are, always, flows with no pod
    at either end; with `leave_out_self` a pod's traffic to itself; with `leave_out_own_node` flows that an exemption of a
    pod's own node allows.

    ways   the flows are those that come in by one of these ways; what policies see of them is worked out before the leg
           is decided (`analyses.entries`)
    entry  the way by which all of its flows came in, `src` being what policies see
    near   only flows between a pod and its own node (True), or none of them (False)
    """

    src: EndSet
    dst: EndSet
    via: Hop | None = None
    leave_out_self: bool = True
    leave_out_own_node: bool = True
    ways: Ways = ()
    entry: Entry | None = None
    near: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AllFlows:
    """Every flow of every leg is allowed (`want` True) or denied (False). Vacuous if there is no flow."""

    want: bool
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SomeFlow:
    """Under every reading, some flow of some leg is allowed. Vacuous if there is no flow."""

    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EachReachesSome:
    """For each source there is one destination such that every flow of the leg between the two is allowed."""

    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Isolated:
    """Some policy selects every member of `ends` in each of `directions`. Conditions look at the source side."""

    ends: EndSet
    directions: tuple[Direction, ...]


PolicyProperty = Literal["shadowed", "redundant", "vacuous"]


@dataclass(frozen=True, slots=True, eq=False)
class PolicyClaim:
    """Each of `policies` has the property (`want` True), or none of them has it (False).

    vacuous    selects no endpoint of the inventory
    redundant  without it, every flow has the same verdict
    shadowed   it has rules, and with its rules taken away but its selection kept, no direction of any flow changes
    """

    property: PolicyProperty
    policies: tuple[PolicyId, ...]
    want: bool


Claim = AllFlows | SomeFlow | EachReachesSome | Isolated | PolicyClaim


@dataclass(frozen=True, slots=True, eq=False)
class Assertion:
    """One assertion of a spec, ready to be decided. `text` is what the user wrote after `assert`, on one line."""

    title: str  # the user's title, else `text`
    text: str
    claim: Claim
    kind: str  # name of the module in `assertions` that it comes from
    span: Span
    severity: Literal["error", "warning"] = "error"
    tags: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()  # what its meaning leaves out, one phrase each
    requests: frozenset[Clause] = frozenset()  # the clauses about requests in its conditions


@dataclass(frozen=True, slots=True, eq=False)
class ChangeAssertion:
    """An `on change` assertion: no flow of any leg is new (or lost). Legs of `new` are about the new version, which
    resolved them, those of `lost` about the old one."""

    title: str
    text: str
    which: Literal["new", "lost"]
    legs: tuple[Leg, ...]
    span: Span
    severity: Literal["error", "warning"] = "error"
    tags: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    requests: frozenset[Clause] = frozenset()
