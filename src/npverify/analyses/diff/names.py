"""Names for sets of endpoints, short where all of a namespace or of a cluster is meant."""

from __future__ import annotations

from npverify.analyses.diff.results import ChangeEnds
from npverify.analyses.equiv_regions import Ends
from npverify.analyses.equiv_results import RegionEnd
from npverify.analyses.equiv_rows import Blocks

_MOST_MISSING = 4
_FEW = 5  # of so many, one may be missing


class Namer:
    """Names sets of endpoints. Guards what all of each namespace is called."""

    def __init__(self, ends: Ends) -> None:
        self._ends = ends
        every = self._all = ends.names(ends.both, ())
        self._pods = frozenset(end for end in every if _is_pod(end))
        self._nodes = frozenset(end for end in every if end.workload is not None and end.workload.kind == "Node")
        self._of_namespace: dict[str, set[RegionEnd]] = {}
        for end in self._pods:
            if end.workload is not None:
                self._of_namespace.setdefault(end.workload.namespace, set()).add(end)

    def ends(self, chosen: int, blocks: Blocks) -> ChangeEnds:
        """The names of a set of endpoints; of the outside, `blocks`."""
        names = self._ends.names(chosen, blocks)
        if blocks:
            return ChangeEnds(names)
        have = set(names)
        of_namespace: dict[str, set[RegionEnd]] = {}
        for end in names:
            if _is_pod(end) and end.workload is not None:
                of_namespace.setdefault(end.workload.namespace, set()).add(end)
        namespaces = tuple(
            (name, len(some), len(self._of_namespace.get(name, set()) | some)) for name, some in of_namespace.items()
        )
        missing = [end for end in self._all if end in self._pods and end not in have]
        return ChangeEnds(
            names,
            namespaces,
            all_pods=len(self._pods) > 1 and len(missing) <= min(_MOST_MISSING, len(self._pods) // _FEW),
            all_nodes=len(self._nodes) > 1 and self._nodes <= have,
            but=tuple(missing) if len(missing) <= _MOST_MISSING else (),
        )

    def connections(self, sources: int, targets: int, src: Blocks, dst: Blocks, *, itself: bool) -> int:
        """How many pairs of names there are; a single pod is none with itself."""
        here, there = (self._ends.names(some, blocks) for some, blocks in ((sources, src), (targets, dst)))
        if itself:
            return len(here)
        alone = set(here) & set(there)
        single = sum(end.workload is not None and end.workload.kind in ("Pod", "Node") for end in alone)
        return len(here) * len(there) - single


def _is_pod(end: RegionEnd) -> bool:
    return end.workload is not None and end.workload.kind != "Node" and not end.cluster
