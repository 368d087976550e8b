"""Recorded flows replayed: one JSON line for each, or a text that counts them and groups the differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from npverify.analyses.recorded.record import Record
from npverify.analyses.recorded.replay import Replayed
from npverify.inventory.model import Endpoint
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction, PolicySet
from npverify.normal.predicates import Side
from npverify.report import json_values as j
from npverify.report import words
from npverify.report.eval_report import evaluation_json
from npverify.report.paint import PLAIN, Paint, count, printable

_SHOWN = 50  # groups of differences that the text lists
_REASONS = 10  # reasons of each kind for which flows were not judged


def recorded_json(record: Record) -> j.Json:
    """What a record says, without its flow."""
    return {
        "format": record.format,
        "verdict": record.verdict or None,
        "allowed": record.allowed,
        "direction": str(record.direction) if record.direction else None,
    }


def replayed_json(found: Replayed, policies: PolicySet) -> j.Json:
    """One answer: the verdict as `eval` has it, or why there is none; then what was recorded and whether it agrees."""
    if found.evaluation is not None:
        head = evaluation_json(found.evaluation, policies)
    else:
        head = {"unknown": found.unknown} if found.unknown else {"skipped": found.record.skip}
    because = {"because": found.because} if found.because else {}
    return {**head, "recorded": recorded_json(found.record), "agrees": found.agrees, **because}


class Group(NamedTuple):
    """Differences that are shown on one line: ends by workload, traffic, what was recorded and what is said now."""

    src: str
    dst: str
    traffic: str
    recorded: str
    now: str
    because: str


@dataclass(slots=True)
class Summary:
    """Counts answers as they come. Guards the counts."""

    policies: PolicySet
    flows: int = 0
    agree: int = 0
    unreadable: int = 0
    differ: Counter[Group] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    _groups: dict[Replayed, Group] = field(default_factory=dict)

    def add(self, found: Replayed) -> None:
        """Count an answer."""
        self.flows += 1
        if found.unknown:
            self.unknown[found.unknown] += 1
        elif found.evaluation is None:
            self.skipped[found.record.skip] += 1
        elif found.agrees is None:
            self.undecided[found.because] += 1
        elif found.agrees:
            self.agree += 1
        else:
            group = self._groups.get(found)
            if group is None:
                if len(self._groups) > 10_000:
                    self._groups.clear()
                group = self._groups[found] = self._group(found)
            self.differ[group] += 1

    def _group(self, found: Replayed) -> Group:
        assert found.evaluation is not None
        flow, verdict = found.evaluation.flow, found.evaluation.verdict
        record = found.record
        at = f" at {record.direction}" if record.direction else ""
        sides = (verdict.egress, verdict.ingress)
        decisive = next((side for side in sides if not side.allowed), None)
        if decisive is None:
            decisive = verdict.ingress if record.direction is Direction.INGRESS else verdict.egress
        now = f"{decisive.direction} {words.verdict(decisive, flow, self.policies)}"
        because = [f"depends on {name}" for name in found.evaluation.depends]
        return Group(
            recorded_end(record, flow, Side.SRC),
            recorded_end(record, flow, Side.DST),
            words.traffic(flow),
            f"{record.verdict}{at}",
            now,
            "; ".join(because),
        )

    @property
    def line(self) -> str:
        """The counts on one line."""
        differ = sum(self.differ.values())
        parts = [f"{self.agree:,} agree", f"{differ:,} differ"]
        replies = sum(n for why, n in self.skipped.items() if why.startswith("a reply"))
        others = sum(self.skipped.values()) - replies
        counted = [
            (replies, "reply", "replies"),
            (others, "not judged by policy", "not judged by policy"),
            (sum(self.unknown.values()), "with an end that is not known", "with an end that is not known"),
            (sum(self.undecided.values()), "not compared", "not compared"),
            (self.unreadable, "that cannot be read", "that cannot be read"),
        ]
        parts += [count(number, one, many) for number, one, many in counted if number]
        return f"{count(self.flows + self.unreadable, 'recorded flow')}: {', '.join(parts)}"


def recorded_end(record: Record, flow: Flow, side: Side) -> str:
    """One end as groups name it: the workload of a pod, the node, the outside address or what is known of that."""
    if record.flow is not None and (kind := (record.flow.src if side is Side.SRC else record.flow.dst).outside):
        return f"any {kind} address"
    return group_end(flow, side)


def group_end(flow: Flow, side: Side) -> str:
    """One end as groups name it: the workload of a pod, the node, the outside address."""
    end: Endpoint = flow.src if side is Side.SRC else flow.dst
    if end.workload is not None and not end.cluster:
        return printable(str(end.workload))
    return words.end_name(flow, side)


def summary_text(found: Summary, paint: Paint = PLAIN) -> str:
    """The counts, then the differences by how often they occur, then what could not be judged and why."""
    return "".join(f"{line}\n" for line in _summary(found, paint))


def _summary(found: Summary, paint: Paint) -> Iterator[str]:
    yield paint("bold", found.line)
    for group, number in _ordered(found.differ)[:_SHOWN]:
        arrow = f"{group.src} -> {group.dst}  {group.traffic}"
        yield f"  {paint('red', 'differs')} {number:,} ×  {arrow}"
        yield printable(f"          recorded {group.recorded}; now {group.now}")
        if group.because:
            yield printable(f"          ({group.because})")
    if len(found.differ) > _SHOWN:
        yield f"  and {len(found.differ) - _SHOWN:,} more groups that differ"
    for title, counts in (
        ("not known", found.unknown),
        ("not compared", found.undecided),
        ("not judged", found.skipped),
    ):
        for why, number in _ordered(counts)[:_REASONS]:
            yield paint("dim", printable(f"  {title} {number:,} ×  {why}"))
        if len(counts) > _REASONS:
            yield paint("dim", f"  {title} for {len(counts) - _REASONS:,} more reasons")


_T = TypeVar("_T", Group, str)


def _ordered(counts: Counter[_T]) -> list[tuple[_T, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
