"""What a change of policies or inventory would do to recorded flows: which it breaks, and which it newly lets through.

Each flow is judged twice, over the world before and the world after; equal flows are judged once and counted. Nothing is
asked of the recorded verdict: that says whether the policies of before are those of the log, which `replay` tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader
from npverify.analyses.recorded.ends import Untold
from npverify.analyses.recorded.lines import read_line
from npverify.analyses.recorded.record import Record
from npverify.analyses.recorded.replay import Replay
from npverify.analyses.results import Evaluation
from npverify.analyses.world import World
from npverify.ingest.source import InputError

Fate = Literal["broken", "opened", "allowed", "denied", "gone", "new", "unknown", "untold"]
"""What becomes of a flow. `broken`: allowed before and denied after; `opened`: the other way round; `allowed`, `denied`:
the same in both; `gone`, `new`: one of its ends is known only before, or only after; `unknown`: in neither; `untold`: the
log leaves out an address, and policies of a version tell such addresses apart."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Recorded flows of one kind that fare alike. `old` and `new` are the verdicts; None where `why` says why not."""

    fate: Fate
    count: int
    old: Evaluation | None
    new: Evaluation | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a change does to recorded flows.

    `affected`    those that it breaks, then those that it opens, then those whose end goes or comes; each by how many
                  there are. Those that fare as before are counted in `counts` alone
    `counts`      recorded flows by what becomes of them
    `skipped`     lines that are no new flow that policies judge, by why
    `unreadable`  lines that cannot be read: the number of each, and what is wrong with it
    `depends`     of the flows that fare as before, how many may fare otherwise under another reading than the default
    """

    affected: tuple[Affected, ...]
    counts: dict[Fate, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    unreadable: tuple[tuple[int, str], ...] = ()
    depends: int = 0

    def count(self, fate: Fate) -> int:
        """How many flows have that fate."""
        return self.counts.get(fate, 0)


_Key = tuple[Fate, tuple[object, ...]]
_ORDER: tuple[Fate, ...] = ("broken", "opened", "gone", "new", "unknown", "untold")
_UNREADABLE = 1000  # lines that cannot be read which are kept word by word
_REMEMBERED = 100_000  # flows whose fate is kept before the memory is given back


class _Judged:
    """Judges lines in both worlds; guards the memory of what was judged."""

    def __init__(self, old: World, new: World) -> None:
        self._worlds = (old, new)
        self._readers = (FlowReader(old.inventory, old), FlowReader(new.inventory, new))
        self._replays = tuple(Replay(w, r) for w, r in zip(self._worlds, self._readers, strict=True))
        self._memo: dict[object, tuple[Evaluation | str, Evaluation | str]] = {}

    def record(self, record: Record) -> tuple[Evaluation | str, Evaluation | str]:
        flow = record.flow
        assert flow is not None
        # each world tells other flows apart: the key is what stands for the flow in each of them
        key = tuple(replay.plain(flow) for replay in self._replays)
        found = self._memo.get(key)
        if found is None:
            if len(self._memo) >= _REMEMBERED:
                self._memo.clear()
            old, new = (replay.judge(each) for replay, each in zip(self._replays, key, strict=True))
            found = self._memo[key] = (old, new)
        return found

    def native(self, value: object) -> tuple[Evaluation | str, Evaluation | str]:
        old, new = (self._native(value, n) for n in (0, 1))
        if isinstance(old, InputError) and isinstance(new, InputError):
            raise old
        return (_message(old), _message(new))

    def _native(self, value: object, n: int) -> Evaluation | InputError:
        try:
            return evaluate_query(self._worlds[n], self._readers[n].read(value))
        except InputError as error:
            return error


def _message(found: Evaluation | InputError) -> Evaluation | str:
    return "; ".join(d.message for d in found.diagnostics) if isinstance(found, InputError) else found


def recorded_change(old: World, new: World, lines: Iterable[bytes], format_: str = "auto") -> Tally:
    """What the step from one world to another does to the flows of a log (one on each line, `format_` as in `read_line`)."""
    judged = _Judged(old, new)
    kinds: dict[_Key, Affected] = {}
    numbers: dict[_Key, int] = {}
    counts: dict[Fate, int] = {}
    skipped: dict[str, int] = {}
    unreadable: list[tuple[int, str]] = []
    depends = 0
    for number, line in enumerate(lines, 1):
        try:
            value = read_line(line, format_)
            if isinstance(value, Record):
                if value.flow is None:
                    skipped[value.skip] = skipped.get(value.skip, 0) + 1
                    continue
                before, after = judged.record(value)
            else:
                before, after = judged.native(value)
        except InputError as error:
            message = "; ".join(d.message for d in error.diagnostics)
            unreadable.append((number, message if len(unreadable) < _UNREADABLE else ""))
            continue
        fate = _fate(before, after)
        counts[fate] = counts.get(fate, 0) + 1
        if fate not in _ORDER:
            depends += any(isinstance(e, Evaluation) and e.depends for e in (before, after))
            continue
        key = (fate, (*_alike(before), *_alike(after)))
        numbers[key] = numbers.get(key, 0) + 1
        if key not in kinds:
            why = next((found for found in (before, after) if isinstance(found, str)), "")
            kinds[key] = Affected(fate, 0, _evaluation(before), _evaluation(after), why)
    found = [Affected(a.fate, numbers[key], a.old, a.new, a.why) for key, a in kinds.items()]
    found.sort(key=lambda a: (_ORDER.index(a.fate), -a.count))
    return Tally(tuple(found), counts, skipped, tuple(unreadable), depends)


def _evaluation(found: Evaluation | str) -> Evaluation | None:
    return found if isinstance(found, Evaluation) else None


def _fate(old: Evaluation | str, new: Evaluation | str) -> Fate:
    if isinstance(old, Untold) or isinstance(new, Untold):
        return "untold"
    if isinstance(old, str) or isinstance(new, str):
        return "unknown" if isinstance(old, str) and isinstance(new, str) else "new" if isinstance(old, str) else "gone"
    if old.verdict.allowed == new.verdict.allowed:
        return "allowed" if new.verdict.allowed else "denied"
    return "broken" if old.verdict.allowed else "opened"


def _alike(found: Evaluation | str) -> tuple[object, ...]:
    """Equal for flows that are told as one: between two workloads, of one protocol and port, decided alike."""
    if isinstance(found, str):
        return (found,)
    flow = found.flow
    src, dst = (end.workload or (end, ip) for end, ip in ((flow.src, flow.src_ip), (flow.dst, flow.dst_ip)))
    sides = ((s.action, s.by, s.because) for s in (found.verdict.egress, found.verdict.ingress))
    return (src, dst, flow.protocol, flow.port, flow.icmp, flow.http, flow.dns, flow.kafka, *sides)
