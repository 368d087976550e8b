"""What a change does to recorded flows, as text, Markdown and JSON: those that it breaks first, each kind with its number."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.recorded.change import Affected, Fate, Tally
from npverify.analyses.results import Evaluation
from npverify.normal.flow import SideVerdict
from npverify.normal.policy import PolicySet
from npverify.normal.predicates import Side
from npverify.report import json_values as j
from npverify.report import words
from npverify.report.markdown import code, text
from npverify.report.paint import PLAIN, Paint, count, printable
from npverify.report.recorded_report import group_end

_SHOWN = 50  # kinds of flows that are listed
_UNREADABLE = 20  # lines that cannot be read which are told one by one
_FATES: dict[Fate, str] = {
    "broken": "broken",
    "opened": "newly allowed",
    "gone": "with an end that only the old version has",
    "new": "with an end that only the new version has",
    "unknown": "with an end that neither version has",
    "untold": "that the log tells too little of",
    "allowed": "allowed as before",
    "denied": "denied as before",
}
_STYLES: dict[Fate, str] = {"broken": "bold red", "opened": "yellow"}


def tally_line(found: Tally) -> str:
    """The counts on one line."""
    parts = [f"{found.count('broken'):,} broken", f"{found.count('opened'):,} newly allowed"]
    parts += [f"{n:,} {text}" for fate, text in list(_FATES.items())[2:] if (n := found.count(fate))]
    if skipped := sum(found.skipped.values()):
        parts.append(f"{skipped:,} not judged")
    if found.unreadable:
        parts.append(f"{len(found.unreadable):,} that cannot be read")
    flows = sum(found.counts.values()) + sum(found.skipped.values()) + len(found.unreadable)
    return f"{count(flows, 'recorded flow')}: {', '.join(parts)}"


def tally_text(found: Tally, old: PolicySet, new: PolicySet, paint: Paint = PLAIN) -> str:
    """The counts, then every kind of flow that is affected."""
    return "".join(f"{line}\n" for line in _lines(found, old, new, paint))


def _lines(found: Tally, old: PolicySet, new: PolicySet, paint: Paint) -> Iterator[str]:
    yield paint("bold", tally_line(found))
    for each in found.affected[:_SHOWN]:
        word = paint(_STYLES.get(each.fate, "dim"), each.fate)
        yield f"  {word} {each.count:,} ×  {printable(_flow(each))}"
        decisive = _decisive(each, old, new)
        if decisive:
            yield printable(f"      {decisive}")
    if len(found.affected) > _SHOWN:
        yield f"  and {len(found.affected) - _SHOWN:,} more kinds of flows"
    for number, message in found.unreadable[:_UNREADABLE]:
        yield printable(f"  line {number} cannot be read: {message}")
    if len(found.unreadable) > _UNREADABLE:
        yield f"  and {len(found.unreadable) - _UNREADABLE:,} more lines cannot be read"


def _flow(each: Affected) -> str:
    judged = each.new or each.old
    if judged is None:
        return each.why
    flow = judged.flow
    return f"{group_end(flow, Side.SRC)} -> {group_end(flow, Side.DST)}  {words.traffic(flow)}{words.via(flow)}"


def _decisive(each: Affected, old: PolicySet, new: PolicySet) -> str:
    """What denies a flow that is broken, and what allows one that is opened; why a flow cannot be judged."""
    if each.fate not in ("broken", "opened"):
        return each.why if each.old or each.new else ""
    denying, policies, when = (each.new, new, "now") if each.fate == "broken" else (each.old, old, "before")
    if denying is None:
        return ""
    side = _denied(denying)
    return f"{when} {side.direction} {words.verdict(side, denying.flow, policies)}" if side else ""


def _denied(found: Evaluation) -> SideVerdict | None:
    return next((s for s in (found.verdict.egress, found.verdict.ingress) if not s.allowed), None)


def tally_markdown(found: Tally, old: PolicySet, new: PolicySet) -> str:
    """A section of a comment."""
    rows = [f"\n**Recorded flows** {tally_line(found).partition(': ')[2]}\n"]
    listed = [each for each in found.affected if each.fate in ("broken", "opened")][:_SHOWN]
    if listed:
        rows += ["\n| | number | flow | why |\n", "| --- | --- | --- | --- |\n"]
        for each in listed:
            cells = (each.fate, f"{each.count:,}", code(_flow(each)), text(_decisive(each, old, new)))
            rows.append(f"| {' | '.join(cells)} |\n")
    return "".join(rows)


def tally_json(found: Tally, old: PolicySet, new: PolicySet) -> j.Json:
    """The counts, and every kind of flow that is affected."""
    return {
        "counts": {fate: found.count(fate) for fate in _FATES},
        "skipped": sum(found.skipped.values()),
        "affected": [_affected(each, old, new) for each in found.affected],
        "unreadable": [{"line": number, "error": message} for number, message in found.unreadable],
    }


def _affected(each: Affected, old: PolicySet, new: PolicySet) -> j.Json:
    judged = each.new or each.old
    out: j.Json = {"fate": each.fate, "count": each.count, "flow": j.flow(judged.flow) if judged else None}
    for name, found, policies in (("old", each.old, old), ("new", each.new, new)):
        if found is not None:
            sides = {
                d: j.side(s, policies)
                for d, s in (("egress", found.verdict.egress), ("ingress", found.verdict.ingress))
            }
            verdict = found.verdict.word
            out[name] = {"verdict": verdict, **sides, "depends": list(found.depends)}
        else:
            out[name] = None
    return {**out, "why": each.why} if each.why else out
