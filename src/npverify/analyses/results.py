"""What the analyses give back: frozen values that the reports turn into text and JSON."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, groupby, islice
from typing import NamedTuple, TypeVar, overload

from npverify.assertions.claims import Assertion
from npverify.ingest.source import Diagnostic, Span
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import WorkloadRef
from npverify.normal.flow import Flow, SideVerdict, Verdict
from npverify.normal.policy import PolicyId

T = TypeVar("T")


class Status(StrEnum):
    """The answer to an assertion; only PROVED is good."""

    PROVED = "proved"
    REFUTED = "refuted"
    VACUOUS = "vacuous"  # there is no flow (or policy) that it speaks about
    UNDECIDED = "undecided"  # the budget was spent, or the run was interrupted


class Stale(NamedTuple):
    """An entry of a baseline that accepts nothing: the assertion, how it was, and what is the case now."""

    title: str
    was: str
    now: str
    span: Span


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
    `fix`             what helps where it is undecided, if that is not more of a budget
    `accepted`        the baseline that has it, "" if none does: it was so before, and does not count
    """

    assertion: Assertion
    status: Status
    counterexample: Counterexample | None = None
    witness: Counterexample | None = None
    because: str = ""
    depends_on: tuple[PolicyId, ...] = ()
    refuting_pairs: int = 0  # pairs of endpoints for which it fails, 0 where not counted
    seconds: float = 0.0
    fix: str = ""
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class ProveResult:
    """All answers of a run; `interrupted` after Ctrl-C, with the rest undecided; `stale` is what the baseline has in vain,
    None: there is no baseline."""

    results: tuple[AssertionResult, ...]
    assumed: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    interrupted: bool = False
    stale: tuple[Stale, ...] | None = None

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


To = tuple[End, tuple[Ports, ...]]
"""A destination, and what it may get."""


class Destinations(Sequence[To]):
    """What one source may send, by destination: `common` is one list for sources that fare alike, in which `own`, the place
    of the source itself, does not count; `more` comes behind it."""

    __slots__ = ("_own", "common", "more")

    def __init__(
        self, common: Sequence[To], own: int | Callable[[], int] | None = None, more: Sequence[To] = ()
    ) -> None:
        """`own` may be asked for, once somebody wants to know it: who only counts does not."""
        self.common = common
        self._own = own
        self.more = more

    @property
    def own(self) -> int | None:
        """The place of the source itself among the common destinations; None if it is not there."""
        if callable(self._own):
            self._own = self._own()
        return self._own

    def __len__(self) -> int:
        return len(self.common) - (self._own is not None) + len(self.more)

    def __iter__(self) -> Iterator[To]:
        return chain(self.others(self.common), self.more)

    @overload
    def __getitem__(self, index: int) -> To: ...
    @overload
    def __getitem__(self, index: slice) -> list[To]: ...
    def __getitem__(self, index: int | slice) -> To | list[To]:
        return list(self)[index]

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Destinations) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def others(self, common: Sequence[T]) -> Sequence[T]:
        """Something that stands beside the common destinations, without that of the source itself."""
        own = self.own
        return common if own is None else [*common[:own], *common[own + 1 :]]


class Row(NamedTuple):
    """What one source may send, by destination, in order."""

    src: End
    to: Destinations


class Target(NamedTuple):
    """Destinations to which the same may pass: whole namespaces, with the number of ends in each, and single ends."""

    allowed: tuple[Ports, ...]
    whole: tuple[tuple[str, int], ...]
    ends: tuple[End, ...]


class Bundle(NamedTuple):
    """Sources of one namespace (or one block) that fare alike; `connections`: how many this stands for.

    A single pod may be among its own targets if there are more sources: what it sends to itself is not meant.
    """

    sources: tuple[End, ...]
    targets: tuple[Target, ...]
    connections: int


class Connections(Sequence[Connection]):
    """Connections in the order of sources, then destinations, made anew whenever somebody goes through them: there may be
    millions. Going through `rows` or `bundles` is quicker than asking for single ones."""

    @property
    @abstractmethod
    def ends(self) -> int:
        """How many workloads and pods are listed."""

    @abstractmethod
    def listed(self) -> Sequence[tuple[WorkloadRef, bool]]:
        """All workloads and pods, by namespace and name, those without a connection too; True for more than one pod."""

    @abstractmethod
    def rows(self, of: Callable[[End], bool] | None = None) -> Iterator[Row]:
        """The connections by source; none without a destination. `of` chooses sources; None: all."""

    @abstractmethod
    def bundles(self) -> Iterator[Bundle]:
        """The connections by sources of a namespace that fare alike and by destinations to which the same may pass."""

    def __iter__(self) -> Iterator[Connection]:
        for src, to in self.rows():
            for dst, allowed in to:
                yield Connection(src, dst, allowed)

    def __len__(self) -> int:
        return sum(len(row.to) for row in self.rows())

    @overload
    def __getitem__(self, index: int) -> Connection: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Connection, ...]: ...
    def __getitem__(self, index: int | slice) -> Connection | tuple[Connection, ...]:
        from_the_end = isinstance(index, int) and index < 0
        wanted = range(len(self))[index] if from_the_end or (isinstance(index, slice) and _looks_back(index)) else index
        if isinstance(wanted, int):
            found = next(islice(self, wanted, None), None)
            if found is None:
                raise IndexError(index)
            return found
        if isinstance(wanted, range):
            whole = tuple(self)
            return tuple(whole[n] for n in wanted)
        return tuple(islice(self, wanted.start, wanted.stop, wanted.step))


def _looks_back(index: slice) -> bool:
    return any(part is not None and part < 0 for part in (index.start, index.stop, index.step))


@dataclass(frozen=True, slots=True)
class Connectivity:
    """Every connection that is allowed, in the order of sources, then destinations."""

    connections: Sequence[Connection]
    notes: tuple[str, ...] = ()

    def rows(self, of: Callable[[End], bool] | None = None) -> Iterator[Row]:
        """The connections by source. `of` chooses sources; None: all."""
        if isinstance(self.connections, Connections):
            yield from self.connections.rows(of)
        else:
            for src, group in groupby(self.connections, key=lambda c: c.src):
                if of is None or of(src):
                    yield Row(src, Destinations([(c.dst, c.allowed) for c in group]))
