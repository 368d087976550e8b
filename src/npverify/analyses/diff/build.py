"""From groups to changes: names, a flow that both oracles confirm, and the edits that did it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from npverify.analyses.diff.causes import Causes, each_policy_once
from npverify.analyses.diff.edits import Edits
from npverify.analyses.diff.groups import Group, Groups
from npverify.analyses.diff.names import Namer
from npverify.analyses.diff.replay import Replay
from npverify.analyses.diff.results import Change, Opening
from npverify.analyses.diff.samples import Samples
from npverify.analyses.equiv_results import Meeting, RegionEnd
from npverify.analyses.equiv_search import Search
from npverify.ingest.source import InternalError

MOST_FLOWS = 64
"""Flows of one group that are looked at for the edits behind it."""


@dataclass(frozen=True, slots=True, eq=False)
class Builder:
    """What changes are made with."""

    search: Search
    groups: Groups
    namer: Namer
    replay: Replay
    causes: Causes
    samples: Samples

    @classmethod
    def of(cls, search: Search, groups: Groups, edits: Edits) -> Builder:
        """For one comparison."""
        replay = Replay(search)
        causes = Causes(edits, replay.oracles)
        return cls(search, groups, Namer(groups.ends), replay, causes, Samples(search, groups))

    def changes(self, found: Iterable[Group]) -> tuple[Change, ...]:
        """The changes of groups, those of the same ends together, in the order of a report."""
        made = [change for group in found if (change := self._change(group)) is not None]
        return tuple(sorted(_together(made), key=_order))

    def _change(self, group: Group) -> Change | None:
        """The change; None where two ends would need one address that only one of them can have."""
        said = group.said
        src, dst, vips = said.row.where
        flows = list(self.samples.of(group, MOST_FLOWS))
        if not flows:
            if self.samples.impossible(group, MOST_FLOWS):
                return None
            raise InternalError("no flow of a change could be made")
        sample = self.replay.confirmed(group, flows[0], said.reading)
        traffic = said.row.traffic
        return Change(
            self.namer.ends(group.sources, src),
            self.namer.ends(group.targets, dst),
            traffic if group.added else (),
            () if group.added else traffic,
            group.opening,
            sample,
            said.meeting,
            said.row.family,
            said.service,
            vips,
            group.only,
            group.one_node,
            self.causes.of(flows),
            group.depends,
            said.reading,
            self.namer.connections(group.sources, group.targets, src, dst, itself=said.meeting is Meeting.ITSELF),
        )


def _together(made: Sequence[Change]) -> list[Change]:
    """What is added and what is removed between the same ends as one change, and so what holds on one node and elsewhere."""
    made = _families_together(made)
    apart: dict[object, Change] = {}
    near, far = (
        {_bare(change) for change in made if change.meeting is how} for how in (Meeting.ONE_NODE, Meeting.OTHER_NODES)
    )
    for change in made:
        if change.meeting is Meeting.ONE_NODE and _bare(change) in far:
            change = replace(change, meeting=Meeting.APART)
        elif change.meeting is Meeting.OTHER_NODES and _bare(change) in near:
            continue
        ends = (change.sources, change.destinations, change.meeting, change.family, change.service, change.vips)
        key = (*ends, change.only, change.one_node, change.reading)
        known = apart.get(key)
        if known is None:
            apart[key] = change
        elif bool(known.added) is not bool(change.added) and not (known.added and known.removed):
            apart[key] = _both(known, change)
        else:
            apart[*key, change.opening, change.depends, change.added, change.removed] = change
    return list(apart.values())


def _families_together(made: Iterable[Change]) -> list[Change]:
    """What is the same of both families as one change: they were apart only because of what each depends on."""
    found: dict[object, Change] = {}
    for change in made:
        where = (*_bare(change)[:-1], change.meeting, change.service, change.vips, change.only, change.one_node)
        known = found.get(where) if change.family else None
        if known is None or not known.family or known.family == change.family:
            found[where if change.family and known is None else (where, len(found))] = change
            continue
        found[where] = replace(
            known,
            family=0,
            opening=known.opening if known.opening is change.opening else Opening.CHANGED,
            causes=tuple(each_policy_once((*known.causes, *change.causes))),
            depends=tuple(sorted({*known.depends, *change.depends})),
        )
    return list(found.values())


def _both(one: Change, other: Change) -> Change:
    first, second = (one, other) if one.added else (other, one)
    return replace(
        first,
        removed=second.removed,
        opening=Opening.CHANGED,
        causes=tuple(each_policy_once((*first.causes, *second.causes))),
        depends=tuple(sorted({*first.depends, *second.depends})),
    )


def _bare(change: Change) -> tuple[object, ...]:
    return (change.sources, change.destinations, change.added, change.removed, change.reading, change.family)


_SIGN = {(True, False): 0, (False, True): 1, (True, True): 2}


def _order(change: Change) -> tuple[object, ...]:
    """What is opened first, then what is closed, then what does both; from outside first."""
    ends = tuple(tuple(_end_order(end) for end in some.ends) for some in (change.sources, change.destinations))
    sign = _SIGN[bool(change.added), bool(change.removed)]
    traffic = tuple(tuple(map(str, t)) for t in (*change.added, *change.removed))
    return (
        len(change.reading),
        change.only,
        sign,
        *ends,
        change.meeting,
        str(change.service),
        str(change.reading),
        traffic,
    )


def _end_order(end: RegionEnd) -> tuple[object, ...]:
    blocks = tuple((b.family, b.value, b.length) for b in end.blocks)
    if end.workload is None:
        return (1, "", "", "", "", blocks)
    ref = end.workload
    return (0, end.cluster, ref.namespace, ref.name, ref.kind, blocks)
