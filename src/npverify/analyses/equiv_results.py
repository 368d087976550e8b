"""What `equiv` gives back: frozen values that the reports turn into text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from npverify.analyses.packet_cells import Traffic
from npverify.analyses.results import Assumed, Counterexample
from npverify.analyses.way_changes import WayChange
from npverify.analyses.world import World
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Endpoint, WorkloadRef
from npverify.normal.flow import Flow


class Equivalence(StrEnum):
    """The answer to whether two policy sets allow the same flows; only EQUIVALENT is good."""

    EQUIVALENT = "equivalent"
    DIFFERENT = "different"
    UNDECIDED = "undecided"  # the budget was spent, or the run was interrupted, before a difference was found


@dataclass(frozen=True, slots=True)
class Difference:
    """A flow that one side allows and the other does not, confirmed by the oracles of both.

    `left`, `right`  the flow and its verdict as that side sees it; None where the side has no such endpoint
    `reading`        the values of unknowns that it needs, () if it holds under every default
    `any`            fields of the flow whose value does not matter
    """

    left: Counterexample | None
    right: Counterexample | None
    reading: tuple[Assumed, ...] = ()
    any: tuple[str, ...] = ()

    @property
    def flow(self) -> Flow:
        """The flow as the left side sees it, or the right one where the left has no such endpoint."""
        seen = self.left or self.right
        if seen is None:
            raise ValueError("a difference that nobody sees")
        return seen.flow

    @property
    def allowed_by(self) -> str:
        """The side that lets the flow pass."""
        return "left" if self.left is not None and self.left.verdict.allowed else "right"


class RegionEnd(NamedTuple):
    """One end of a region: a workload (kind Pod for a single pod, Node for a node), or outside addresses where it is None.

    `blocks`   the outside addresses; of a workload whose address nobody knows, those that it must have, () if any will do
    `cluster`  the name of the other cluster that it is in
    """

    workload: WorkloadRef | None
    blocks: tuple[Prefix, ...] = ()
    cluster: str = ""


class Meeting(StrEnum):
    """How two ends meet in a region."""

    APART = ""  # two ends, wherever they run
    ITSELF = "itself"  # one and the same pod
    ONE_NODE = "one node"  # a pod and an end on the host network of the node that it runs on
    OTHER_NODES = "other nodes"  # such ends on different nodes


@dataclass(frozen=True, slots=True)
class Region:
    """Flows that one side alone allows: from any of the sources to any other of the destinations.

    `family`   4 or 6 where the flows are of that alone, 0 for both
    `service`  namespace, name and port of the Service that they go through; `vips` its virtual addresses, () for any
    `reading`  the values of unknowns that it needs
    """

    sources: tuple[RegionEnd, ...]
    destinations: tuple[RegionEnd, ...]
    traffic: tuple[Traffic, ...]
    allowed_by: str
    meeting: Meeting = Meeting.APART
    family: int = 0
    service: tuple[str, str, int] | None = None
    vips: tuple[Prefix, ...] = ()
    reading: tuple[Assumed, ...] = ()


@dataclass(frozen=True, slots=True)
class EquivResult:
    """The answer to one comparison.

    `left`, `right`  the two worlds as they were compared: one without pods was given the inventory of the other
    `regions`   with `every`, all that differs; None where that was not asked for or could not be told
    `pairs`     pairs of endpoints between which direct flows differ, counted for one node and for two; only where there are
                none, of those that differ through Services and of pods with themselves
    `only_left`, `only_right`  endpoints that one side lacks
    `ways`      the ways in from outside that one side alone has, or that they have otherwise: what they lead to is compared
                as it arrives, so they do not matter for whether the two are equivalent
    `notes`     what the answer rests on, one sentence each
    `because`   why it is undecided
    """

    status: Equivalence
    left: World
    right: World
    witness: Difference | None = None
    regions: tuple[Region, ...] | None = None
    pairs: int = 0
    only_left: tuple[Endpoint, ...] = ()
    only_right: tuple[Endpoint, ...] = ()
    ways: tuple[WayChange, ...] = ()
    notes: tuple[str, ...] = ()
    because: str = ""
    interrupted: bool = False
