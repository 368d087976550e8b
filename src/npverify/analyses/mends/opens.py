"""What an edit opens and closes beside the flow that it is for: all connections before and after, compared."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

from npverify.analyses.connectivity import connectivity
from npverify.analyses.results import End
from npverify.analyses.world import World
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import EndpointKind, WorkloadRef
from npverify.normal.flow import Flow

MOST_WORKLOADS = 400
"""With more workloads nothing is counted: comparing all their connections would take too long."""

_Allowed = Mapping[str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class Opened:
    """What an edit changes beside the flow, over TCP, UDP and SCTP under the default reading. What passes over one
    address family passes.

    `opened`   pairs of workloads between which more may pass; `closed`: less
    `outside`  the workloads whose traffic with outside addresses grows, and those whose shrinks
    `more`     between the two workloads of the flow more may pass than it
    `nodes`    the flow is one of a node: what other nodes may do is not counted
    """

    opened: tuple[tuple[WorkloadRef, WorkloadRef], ...] = ()
    closed: tuple[tuple[WorkloadRef, WorkloadRef], ...] = ()
    outside: tuple[tuple[WorkloadRef, ...], tuple[WorkloadRef, ...]] = ((), ())
    more: bool = False
    nodes: bool = False

    @property
    def count(self) -> int:
        """How much is opened."""
        return len(self.opened) + len(self.outside[0]) + self.more

    @property
    def losses(self) -> int:
        """How much is closed."""
        return len(self.closed) + len(self.outside[1])


class Connected:
    """All connections of a world, by pairs of workloads. Guards them."""

    def __init__(self, world: World) -> None:
        self.pairs: dict[tuple[WorkloadRef, WorkloadRef], _Allowed] = {}
        self.blocks: dict[tuple[WorkloadRef, bool], list[tuple[Prefix, _Allowed]]] = {}
        self.owner: dict[WorkloadRef, WorkloadRef] = {}
        own = {pod.workload for pod in world.inventory.pods}
        for pod in world.inventory.pods:
            ref = WorkloadRef("Pod", pod.namespace, pod.name)
            # what stands for the pods of a workload has its name, which another pod may have
            if pod.workload is not None and not pod.replicated and ref not in own:
                self.owner[ref] = pod.workload
        self.listed: set[WorkloadRef] = set()
        for src, to in connectivity(world).rows():
            for dst, allowed in to:
                self._add(src, dst, {ports.protocol: ports.ranges for ports in allowed})

    def _add(self, src: End, dst: End, allowed: _Allowed) -> None:
        if isinstance(src, WorkloadRef) and isinstance(dst, WorkloadRef):
            self.pairs[src, dst] = allowed
            self.listed |= {src, dst}
        elif isinstance(src, WorkloadRef) and isinstance(dst, Prefix):
            self.blocks.setdefault((src, True), []).append((dst, allowed))
            self.listed.add(src)
        elif isinstance(dst, WorkloadRef) and isinstance(src, Prefix):
            self.blocks.setdefault((dst, False), []).append((src, allowed))
            self.listed.add(dst)

    def between(self, src: WorkloadRef, dst: WorkloadRef) -> _Allowed:
        """What may pass; a pod that is not listed fares as its workload."""
        return self.pairs.get((self._own(src), self._own(dst)), {})

    def _own(self, ref: WorkloadRef) -> WorkloadRef:
        return ref if ref in self.listed else self.owner.get(ref, ref)

    def outside(self, ref: WorkloadRef, *, sends: bool) -> list[tuple[Prefix, _Allowed]]:
        """What may pass to outside blocks (`sends`), or from them."""
        return self.blocks.get((self._own(ref), sends), [])


def opened(old: Connected, new: Connected, flow: Flow) -> Opened:
    """What the step from one set of connections to another changes beside a flow."""
    refs = _finest(old, new)
    asked = (_ref(flow, src=True), _ref(flow, src=False))
    gained: list[tuple[WorkloadRef, WorkloadRef]] = []
    lost: list[tuple[WorkloadRef, WorkloadRef]] = []
    # what is opened for one name, or one request of Kafka, is opened for all, also where the connection was open before
    more = (flow.dns, flow.kafka) != (None, None)
    for src, dst in _pairs(old, new, refs):
        before, after = old.between(src, dst), new.between(src, dst)
        if before == after:
            continue
        grown = _minus(after, before)
        if (new.owner.get(src, src), new.owner.get(dst, dst)) == asked:
            every_request = flow.http is not None and grown != {}  # what is opened for one is opened for all
            more = more or every_request or _minus(grown, _only(flow)) != {}
        elif grown:
            gained.append((src, dst))
        if _minus(before, after):
            lost.append((src, dst))
    outside = ([], [])  # type: tuple[list[WorkloadRef], list[WorkloadRef]]
    for ref in refs:
        for sends in (True, False):
            grows, shrinks = _outside_changes(old.outside(ref, sends=sends), new.outside(ref, sends=sends), flow)
            outside[0].extend([ref] * grows)
            outside[1].extend([ref] * shrinks)
    return Opened(
        tuple(gained),
        tuple(lost),
        (tuple(dict.fromkeys(outside[0])), tuple(dict.fromkeys(outside[1]))),
        more,
        any(end.kind in (EndpointKind.NODE, EndpointKind.HOST_POD) for end in (flow.src, flow.dst)),
    )


def _pairs(old: Connected, new: Connected, refs: list[WorkloadRef]) -> Iterable[tuple[WorkloadRef, WorkloadRef]]:
    """The pairs between which something may have changed, in order."""
    if any(ref in it.owner for it in (old, new) for ref in refs):
        return product(refs, refs)  # a pod may be listed on one side, and its workload on the other
    return sorted(
        (pair for pair in old.pairs.keys() | new.pairs.keys() if old.pairs.get(pair) != new.pairs.get(pair)),
        key=lambda pair: [(ref.namespace, ref.name, ref.kind) for ref in pair],
    )


def _ref(flow: Flow, *, src: bool) -> WorkloadRef | None:
    return (flow.src if src else flow.dst).workload


def _finest(old: Connected, new: Connected) -> list[WorkloadRef]:
    """The ends that either side lists, without workloads of which the other lists the pods."""
    listed = old.listed | new.listed
    parted = {it.owner[ref] for it in (old, new) for ref in listed if ref in it.owner}
    return sorted(listed - parted, key=lambda ref: (ref.namespace, ref.name, ref.kind))


def _only(flow: Flow) -> _Allowed:
    return {flow.protocol: ((flow.port, flow.port),)} if flow.port is not None else {}


def _minus(one: _Allowed, other: _Allowed) -> _Allowed:
    """The ports of one that are not of the other."""
    found = {protocol: _ranges_minus(ranges, other.get(protocol, ())) for protocol, ranges in one.items()}
    return {protocol: ranges for protocol, ranges in found.items() if ranges}


def _ranges_minus(ranges: Iterable[tuple[int, int]], holes: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    left: list[tuple[int, int]] = []
    for first, last in ranges:
        at = first
        for start, end in sorted(holes):
            if end < at or start > last:
                continue
            if start > at:
                left.append((at, start - 1))
            at = end + 1
        if at <= last:
            left.append((at, last))
    return tuple(left)


def _outside_changes(
    old: list[tuple[Prefix, _Allowed]], new: list[tuple[Prefix, _Allowed]], flow: Flow
) -> tuple[bool, bool]:
    """Whether some address gets more, or less, than it did; the address of the flow and what was asked are left out."""
    if old == new:
        return False, False
    asked = {a for a in (flow.src_ip, flow.dst_ip) if a is not None}
    grows = shrinks = False
    for family in (4, 6):
        edges = sorted({e for p, _ in (*old, *new) if p.family == family for e in (p.first, p.last + 1)})
        edges = sorted({*edges, *(e for a in asked if a.family == family for e in (a.value, a.value + 1))})
        befores, afters = _starts(old, family), _starts(new, family)
        for at in edges:
            before, after = _allowed_at(befores, at), _allowed_at(afters, at)
            extra = _minus(after, before)
            if any(a.family == family and a.value == at for a in asked):
                extra = _minus(extra, _only(flow))
            grows = grows or extra != {}
            shrinks = shrinks or _minus(before, after) != {}
    return grows, shrinks


def _starts(of: list[tuple[Prefix, _Allowed]], family: int) -> list[tuple[int, int, _Allowed]]:
    return sorted(((p.first, p.last, allowed) for p, allowed in of if p.family == family), key=lambda item: item[0])


def _allowed_at(of: list[tuple[int, int, _Allowed]], at: int) -> _Allowed:
    n = bisect_right(of, at, key=lambda item: item[0]) - 1
    return of[n][2] if n >= 0 and of[n][1] >= at else {}
