"""What `diff` gives back: frozen values that the reports turn into text, JSON and Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from npverify.analyses.equiv_results import Difference, Meeting, RegionEnd
from npverify.analyses.packet_cells import Traffic
from npverify.analyses.results import AssertionResult, Assumed, Status
from npverify.analyses.way_changes import WayChange
from npverify.analyses.world import World
from npverify.assertions.claims import ChangeAssertion
from npverify.ingest.source import Diagnostic, Span
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Endpoint
from npverify.normal.policy import PolicyId

Only = Literal["", "old", "new"]
"""The version that alone has one of the ends of a flow; "" where both have both."""


class Opening(StrEnum):
    """What a change means to two ends, under the default reading."""

    OPENED = "opened"  # nothing could pass before
    CLOSED = "closed"  # nothing can pass any more
    CHANGED = "changed"  # something could pass before, and something can now


class Cause(NamedTuple):
    """An edit that took part in a change.

    `policy`  which policy was edited; None where it was something else, which `name` says
    `status`  `new`, `changed` or `removed`; of pods and namespaces what is different: `relabelled`, `another address`, …
    `span`    the rule, else the policy or object: as the new version has it, or the old one where it is removed
    `before`  where a changed policy stood in the old version what it does not say any more
    """

    policy: PolicyId | None
    name: str
    status: str
    span: Span | None = None
    before: Span | None = None


class ChangeEnds(NamedTuple):
    """One side of a change: any of these workloads, pods, nodes or outside addresses.

    `namespaces`  those of the workloads among the ends: the name, how many are meant, and how many there are
    `all_pods`, `all_nodes`  every pod or node that both versions have is meant, but for the workloads in `but`
    """

    ends: tuple[RegionEnd, ...]
    namespaces: tuple[tuple[str, int, int], ...] = ()
    all_pods: bool = False
    all_nodes: bool = False
    but: tuple[RegionEnd, ...] = ()

    @property
    def outside(self) -> tuple[Prefix, ...]:
        """The blocks of outside addresses; () if it is about endpoints."""
        return next((end.blocks for end in self.ends if end.workload is None), ())


@dataclass(frozen=True, slots=True)
class Change:
    """Flows that only one version allows: from any of the sources to any other of the destinations.

    `added`, `removed`  what the new version alone allows, and what the old one alone does
    `meeting`, `family`, `service`, `vips`  as in `Region`
    `only`       one of the ends exists in that version alone
    `one_node`   the version in which the two run on one node, where in the other they do not
    `causes`     the edits that did it, the most frequent first
    `depends`    unknowns of which another value would make a difference to some of these flows
    `reading`    what the change needs beyond the default reading, () for nothing
    `sample`     one of the flows as both versions see it, confirmed by their oracles
    `connections`  how many pairs of a source and a destination these are; the outside counts as one
    """

    sources: ChangeEnds
    destinations: ChangeEnds
    added: tuple[Traffic, ...]
    removed: tuple[Traffic, ...]
    opening: Opening
    sample: Difference
    meeting: Meeting = Meeting.APART
    family: int = 0
    service: tuple[str, str, int] | None = None
    vips: tuple[Prefix, ...] = ()
    only: Only = ""
    one_node: Only = ""
    causes: tuple[Cause, ...] = ()
    depends: tuple[str, ...] = ()
    reading: tuple[Assumed, ...] = ()
    connections: int = 0

    @property
    def from_outside(self) -> bool:
        """Whether an outside address is the source."""
        return bool(self.sources.outside)

    @property
    def to_outside(self) -> bool:
        """Whether an outside address is the destination."""
        return bool(self.destinations.outside)


@dataclass(frozen=True, slots=True)
class ChangeClaimResult:
    """The answer to one `on change` assertion. `counterexample` is a flow that it forbids, as both versions see it."""

    assertion: ChangeAssertion
    status: Status
    counterexample: Difference | None = None
    because: str = ""


class Promise(NamedTuple):
    """A plain assertion in both versions; `before` is None where the old version has not all that it names."""

    before: AssertionResult | None
    after: AssertionResult

    @property
    def broken(self) -> bool:
        """It holds in the old version and not in the new one."""
        return (
            self.before is not None and self.before.status is Status.PROVED and self.after.status is not Status.PROVED
        )

    @property
    def fails(self) -> bool:
        """It is broken, or it is about what only the new version has and does not hold there; undecided is neither."""
        bad = self.after.status in (Status.REFUTED, Status.VACUOUS)
        return bad and (self.before is None or self.before.status is Status.PROVED)

    @property
    def kept(self) -> bool:
        """It holds in both."""
        return self.before is not None and self.before.status is Status.PROVED and self.after.status is Status.PROVED


@dataclass(frozen=True, slots=True)
class DiffResult:
    """The answer to one comparison.

    `old`, `new`  the versions as they were compared: one without pods was given the inventory of the other
    `changes`     under the default reading, between ends that both have
    `one_sided`   the same of ends that one version lacks
    `conditional` what else is different, under other readings alone
    `only_old`, `only_new`  endpoints that one version alone has
    `claims`, `promises`  the `on change` assertions, and the plain ones
    `ways`        the ways in from outside that one version alone has, or that they have otherwise
    `notes`       what the answer rests on, one sentence each
    `warnings`    what the specs tell that the user should know
    `undecided`   why not all could be told, "" if it was
    """

    old: World
    new: World
    changes: tuple[Change, ...] = ()
    one_sided: tuple[Change, ...] = ()
    conditional: tuple[Change, ...] = ()
    only_old: tuple[Endpoint, ...] = ()
    only_new: tuple[Endpoint, ...] = ()
    claims: tuple[ChangeClaimResult, ...] = ()
    promises: tuple[Promise, ...] = ()
    ways: tuple[WayChange, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    undecided: str = ""
    interrupted: bool = False

    @property
    def every(self) -> tuple[Change, ...]:
        """All changes, also those under other readings."""
        return (*self.changes, *self.one_sided, *self.conditional)
