"""Policies in the normal form: tiers of policies of rules, for each direction.

Every dialect is lowered to these types; nothing downstream knows a dialect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from npverify.ingest.source import Span
from npverify.ingest.thin import thin
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import FALSE, Clause, Pred, Side, and_, kind_is


class Direction(StrEnum):
    """Egress is judged at the source, ingress at the destination; a flow needs both."""

    EGRESS = "egress"
    INGRESS = "ingress"

    @property
    def subject(self) -> Side:
        """The side that policies of this direction select."""
        return _SUBJECT[self]

    @property
    def peer(self) -> Side:
        """The side that their rules name."""
        return _PEER[self]

    @property
    def opposite(self) -> Direction:
        """The other direction."""
        return Direction.INGRESS if self is Direction.EGRESS else Direction.EGRESS


# a member of an enumeration is found slowly, and each rule asks
_SUBJECT = {Direction.EGRESS: Side.SRC, Direction.INGRESS: Side.DST}
_PEER = {direction: subject.other for direction, subject in _SUBJECT.items()}


class Action(StrEnum):
    """What a rule says of the flows that it matches."""

    ALLOW = "allow"
    DENY = "deny"
    PASS = "pass"  # leave this tier, ask the next
    LOG = "log"  # no effect on the verdict


class PolicyId(NamedTuple):
    """Which API object a policy comes from."""

    dialect: str  # kubernetes, calico, …
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {where}"


@thin(frozen=True, slots=True, eq=False)
class Rule:
    """One rule. `label` names it as the user counts it: `ingress[0]`.

    Of the peer, `traffic` looks at nothing but its named ports; what else is asked of it stands in `peer`.
    """

    action: Action
    peer: Pred
    traffic: Pred
    label: str
    span: Span | None = None

    @property
    def match(self) -> Pred:
        """The flows that the rule is about."""
        return and_(self.peer, self.traffic)


@thin(frozen=True, slots=True, eq=False)
class Policy:
    """The part of an API object that speaks about one direction.

    `subject` looks at the subject side only; `rules` are in the order in which they are asked. `order` is the number
    that places it in its tier where the dialect has one (None: it has none, infinity: behind all numbers); policies of
    one order stand as the dialect's tie-break has them.
    """

    id: PolicyId
    subject: Pred
    rules: tuple[Rule, ...]
    span: Span | None = None
    order: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tier:
    """Policies in the order in which they are asked; the first rule that matches speaks for the tier.

    `no_match` (DENY or PASS) is what happens to an endpoint that some policy selects when no rule matched. `order` is the
    number that places it among the tiers, as with policies.
    """

    name: str
    policies: tuple[Policy, ...]
    no_match: Action
    order: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Exemption:
    """Flows of one direction that no policy judges: they are allowed.

    `left_out` marks traffic that assertions do not speak about unless they name it (a pod to itself, a pod's own node).
    """

    name: str
    match: Pred
    left_out: bool
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A point on the way of a flow that asks its tiers, if it `applies` to the flow.

    `final`    what is said after the last tier: ALLOW or DENY
    `reason`   why, where it is DENY
    `where`    at which point of the way it stands, as a phrase; "" for the usual one
    `skips`    names of later stages that do not see what a rule of this stage allows
    `hosts`    it may judge nodes and what runs on their network
    `after`    name of an earlier stage: it sees only what a rule of that stage allows
    `before_translation`  the flows that it sees with the address and port of the Service that was called, not the backend's
    `shifts`   whom it asks about hangs on which policies there are, so taking one away says nothing of a set without it
    """

    name: str
    applies: Pred
    tiers: tuple[Tier, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    final: Action = Action.ALLOW
    skips: tuple[str, ...] = ()
    after: str = ""
    before_translation: Pred = FALSE
    hosts: bool = False
    reason: str = ""
    where: str = ""
    shifts: bool = False


def pods_stage(
    direction: Direction,
    tiers: tuple[Tier, ...] = (),
    exemptions: tuple[Exemption, ...] = (),
    kinds: tuple[EndpointKind, ...] = (EndpointKind.POD, EndpointKind.HOST_POD),
) -> Stage:
    """The stage that judges pods, whose flows are allowed where no policy decides."""
    return Stage("pods", kind_is(direction.subject, *kinds), tiers, exemptions)


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """Everything that judges one direction: a flow is allowed where every stage that applies to it allows it."""

    stages: tuple[Stage, ...] = ()

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers of all stages, one after the other."""
        return tuple(tier for stage in self.stages for tier in stage.tiers)

    @property
    def exemptions(self) -> tuple[Exemption, ...]:
        """The exemptions of all stages, one after the other."""
        return tuple(exemption for stage in self.stages for exemption in stage.exemptions)

    @property
    def predicates(self) -> Iterator[Pred]:
        """Every predicate, in the order of the text; equal ones may come twice."""
        for stage in self.stages:
            yield stage.applies
            yield from (exemption.match for exemption in stage.exemptions)
            for policy in (p for tier in stage.tiers for p in tier.policies):
                yield policy.subject
                for rule in policy.rules:
                    yield rule.peer
                    yield rule.traffic


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The readings under which policies do not see the client of traffic that comes in from outside.

    `elsewhere`  through a port of a node on which the pod does not run: they see that node
    `at_home`    through a port of the node on which it runs: they see that node
    `balancer`   through a load balancer: they see an address of the balancer's own
    `host_port`  through a hostPort: they see the node
    `unranged`   a load balancer takes clients outside its source ranges too
    """

    elsewhere: Pred = FALSE
    at_home: Pred = FALSE
    balancer: Pred = FALSE
    host_port: Pred = FALSE
    unranged: Pred = FALSE


@dataclass(frozen=True, slots=True, eq=False)
class PolicySet:
    """A whole set of policies under one profile.

    `profile`   the name of the plugin's profile
    `switches`  the switches that are free, in the order of the table; fixed ones are folded into the predicates
    `fixed`     name and value of those that the profile or the user fixed
    `settings` name and value of what else the answer depends on, such as the version of the plugin
    `asked`    clauses about requests that questions about the set name beside its own
    `vip_visible`  the readings under which egress policy sees a Service's virtual address instead of the backend's
    `audit`    what tells denials that are only reported from those that stop the flow; None: every denial stops it
    `proxied`  the plugin passes on itself what some Ingress or route brings in, with an identity of its own (`PROXY`)
    `rewriting`    those under which ingress policy sees somebody else than the client outside
    """

    profile: str
    egress: Half
    ingress: Half
    switches: tuple[Unknown, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    vip_visible: Pred = FALSE
    settings: tuple[tuple[str, str], ...] = ()
    audit: Audit | None = None
    asked: frozenset[Clause] = frozenset()
    rewriting: Rewriting = Rewriting()
    proxied: bool = False

    @property
    def judges_hosts(self) -> bool:
        """Whether some stage may judge what a node sends or receives for itself."""
        return any(stage.hosts for d in Direction for stage in self.half(d).stages)

    def half(self, direction: Direction) -> Half:
        """The side of the set that judges a direction."""
        return self.egress if direction is Direction.EGRESS else self.ingress

    def with_half(self, direction: Direction, half: Half) -> PolicySet:
        """The set with another half for a direction."""
        return replace(self, egress=half) if direction is Direction.EGRESS else replace(self, ingress=half)


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """Two sets beside the policies of a plugin that only reports what it would deny.

    `connections`  the policies without what they ask of requests: a proxy refuses what only the whole set denies
    `dropped`      what is denied all the same
    """

    connections: PolicySet
    dropped: PolicySet
