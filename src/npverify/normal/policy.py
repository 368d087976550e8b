"""Policies in the normal form: tiers of policies of rules, for each direction.

Every dialect is lowered to these types; nothing downstream knows a dialect.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from npverify.ingest.source import Span
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import FALSE, Pred, Side, and_


class Direction(StrEnum):
    """Egress is judged at the source, ingress at the destination; a flow needs both."""

    EGRESS = "egress"
    INGRESS = "ingress"

    @property
    def subject(self) -> Side:
        """The side that policies of this direction select."""
        return Side.SRC if self is Direction.EGRESS else Side.DST

    @property
    def peer(self) -> Side:
        """The side that their rules name."""
        return self.subject.other

    @property
    def opposite(self) -> Direction:
        """The other direction."""
        return Direction.INGRESS if self is Direction.EGRESS else Direction.EGRESS


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


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule. `label` names it as the user counts it: `ingress[0]`."""

    action: Action
    peer: Pred
    traffic: Pred
    label: str
    span: Span | None = None

    @property
    def match(self) -> Pred:
        """The flows that the rule is about."""
        return and_(self.peer, self.traffic)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """The part of an API object that speaks about one direction.

    `subject` looks at the subject side only; `rules` are in the order in which they are asked.
    """

    id: PolicyId
    subject: Pred
    rules: tuple[Rule, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Tier:
    """Policies in the order in which they are asked; the first rule that matches speaks for the tier.

    `no_match` (DENY or PASS) is what happens to an endpoint that some policy selects when no rule matched.
    """

    name: str
    policies: tuple[Policy, ...]
    no_match: Action


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
class Half:
    """Everything that judges one direction. After the last tier a flow is allowed."""

    tiers: tuple[Tier, ...] = ()
    exemptions: tuple[Exemption, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PolicySet:
    """A whole set of policies under one profile.

    `switches`  the switches that are free, in the order of the table; fixed ones are folded into the predicates
    `fixed`     name and value of those that the profile or the user fixed
    `vip_visible`  the readings under which egress policy sees a Service's virtual address instead of the backend's
    """

    profile: str
    egress: Half
    ingress: Half
    switches: tuple[Unknown, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()
    vip_visible: Pred = FALSE

    def half(self, direction: Direction) -> Half:
        """The side of the set that judges a direction."""
        return self.egress if direction is Direction.EGRESS else self.ingress
