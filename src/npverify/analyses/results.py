"""What the analyses give back: frozen values that the reports turn into text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from npverify.assertions.claims import Assertion
from npverify.ingest.source import Diagnostic
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import WorkloadRef
from npverify.normal.flow import Flow, SideVerdict, Verdict
from npverify.normal.policy import PolicyId


class Status(StrEnum):
    """The answer to an assertion; only PROVED is good."""

    PROVED = "proved"
    REFUTED = "refuted"
    VACUOUS = "vacuous"  # there is no flow (or policy) that it speaks about
    UNDECIDED = "undecided"  # the budget was spent, or the run was interrupted


class Assumed(NamedTuple):
    """An unknown whose value a counterexample needs. `phrase` completes "only if …"."""

    name: str
    value: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A concrete flow with its verdict, confirmed by the oracle.

    `reading`  the values of unknowns that it needs, () if it holds under every default
    `any`      fields of the flow whose value does not matter ("src_port", "src_ip", "dst_ip", "port", "protocol")
    `side`     for claims about one direction: that verdict
    """

    flow: Flow
    verdict: Verdict
    reading: tuple[Assumed, ...] = ()
    any: tuple[str, ...] = ()
    side: SideVerdict | None = None


@dataclass(frozen=True, slots=True)
class AssertionResult:
    """The answer to one assertion.

    `counterexample`  refutes it, where its claim is about flows
    `witness`         shows that an existential claim holds
    `because`         one sentence for every other reason: why vacuous, why undecided, which policy is not shadowed
    `depends_on`      the policies that were asked: those that select an endpoint of the assertion
    """

    assertion: Assertion
    status: Status
    counterexample: Counterexample | None = None
    witness: Counterexample | None = None
    because: str = ""
    depends_on: tuple[PolicyId, ...] = ()
    refuting_pairs: int = 0  # pairs of endpoints for which it fails, 0 where not counted
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ProveResult:
    """All answers of a run; `interrupted` after Ctrl-C, with the rest undecided."""

    results: tuple[AssertionResult, ...]
    assumed: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    interrupted: bool = False

    def count(self, status: Status) -> int:
        """How many assertions have that answer."""
        return sum(r.status is status for r in self.results)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The verdict of one concrete flow under the default reading; `depends` names the unknowns that could change it."""

    flow: Flow
    verdict: Verdict
    depends: tuple[str, ...] = ()


class Ports(NamedTuple):
    """Allowed destination ports of one protocol: disjoint, ascending, inclusive ranges."""

    protocol: str
    ranges: tuple[tuple[int, int], ...]


End = WorkloadRef | Prefix
"""One end of a connection: a workload (kind Pod for a bare pod, Node for a node) or a block of outside addresses."""


class Connection(NamedTuple):
    """What may pass between two ends under the default reading."""

    src: End
    dst: End
    allowed: tuple[Ports, ...]


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Every connection that is allowed, in the order of sources, then destinations."""

    connections: tuple[Connection, ...]
    notes: tuple[str, ...] = ()
