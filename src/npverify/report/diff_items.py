"""What `diff` tells as items: an item for each group of flows, each assertion about the change, and each broken promise."""

from __future__ import annotations

from npverify.analyses.diff.results import Change, ChangeClaimResult, DiffResult, Opening, Promise
from npverify.analyses.results import Status
from npverify.analyses.way_changes import WayChange
from npverify.ingest.source import Span
from npverify.report import diff_words as w
from npverify.report.counterexample_text import Scene
from npverify.report.diff_text import change_lines
from npverify.report.excerpt import Lines, no_lines
from npverify.report.flow_items import edge_of, flow_line, steps_of
from npverify.report.items import Edge, Item, Level, Report, RuleText, State, Step
from npverify.report.prove_text import View, in_full
from npverify.report.way_changes import SIGNS, way_text

_WHAT = {
    Opening.OPENED: "A change lets flows pass between two ends where nothing could pass before.",
    Opening.CLOSED: "A change stops all flows between two ends.",
    Opening.CHANGED: "A change lets other flows pass between two ends than before.",
}
RULES = (
    *(RuleText(f"flows-{opening}", f"flows-{opening}", sentence) for opening, sentence in _WHAT.items()),
    RuleText("way-in-opened", "way-in-opened", "A change opens a way in from outside."),
    RuleText("way-in-closed", "way-in-closed", "A change closes a way in from outside."),
    RuleText("way-in-changed", "way-in-changed", "A change makes a way in from outside another."),
    RuleText("change-allowed", "change-allowed", "The change does nothing that this assertion forbids."),
    RuleText("change-forbidden", "change-forbidden", "The change does what an assertion about changes forbids."),
    RuleText("promise-kept", "promise-kept", "The assertion holds in the new version."),
    RuleText("promise-broken", "promise-broken", "The assertion holds in the old version and not in the new one."),
    RuleText("assertion-fails", "assertion-fails", "The assertion does not hold in the new version."),
    RuleText("change-undecided", "change-undecided", "It could not be told whether that is all that changes."),
)
_SIGNS: dict[Opening, Edge] = {
    Opening.OPENED: Edge("", "", "", "opened"),
    Opening.CLOSED: Edge("", "", "", "closed"),
    Opening.CHANGED: Edge("", "", "", "changed"),
}


def diff_items(result: DiffResult, lines: Lines = no_lines, *, include_new: bool = False) -> Report:
    """The whole report: groups of flows as notes, what is forbidden or broken as errors or warnings."""
    view = View(lines=lines)
    items = [_change(change, result, view) for change in listed_changes(result, include_new=include_new)]
    items += map(_way, result.ways)
    items += [_claim(answer, result) for answer in result.claims]
    items += [_promise(promise, result, lines) for promise in result.promises]
    if result.undecided:
        message = f"undecided: there may be more: {result.undecided}"
        items.append(Item("change-undecided", State.OPEN, "error", "all that changes", message, ("undecided",)))
    return Report(
        "diff", w.title(result, include_new=include_new), tuple(items), RULES, result.notes, result.interrupted
    )


def listed_changes(result: DiffResult, *, include_new: bool = False) -> tuple[Change, ...]:
    """The groups that the report lists: its first items, in this order."""
    return (*result.changes, *result.one_sided, *result.conditional) if include_new else result.changes


def _change(change: Change, result: DiffResult, view: View) -> Item:
    who = f"{w.ends_text(change.sources)} -> {w.ends_text(change.destinations)}"
    traffic = w.change_traffic(change) + "".join(f", {mark}" for mark in w.marks(change))
    needs = f" (only if {w.needed_text(change)})" if change.reading else ""
    edge = _SIGNS[change.opening]._replace(
        src=w.ends_text(change.sources), dst=w.ends_text(change.destinations), text=f"{w.change_traffic(change)}{needs}"
    )
    return Item(
        f"flows-{change.opening}",
        State.FAILED,
        "warning" if change.added and w.outside_mark(change) else "note",
        f"{change.opening}: {who}",
        f"{w.sign(change)} {who}  {traffic}{needs}",
        (str(change.opening), who, traffic, needs),
        "\n".join(change_lines(change, result, view)),
        _place(change),
        tuple(Step(w.cause_text(cause), cause.span or cause.before) for cause in change.causes),
        (edge,),
    )


def _way(change: WayChange) -> Item:
    told = way_text(change)
    return Item(
        f"way-in-{change.status}",
        State.FAILED,
        "warning" if change.status == "opened" else "note",
        f"way in {change.status}: {told}",
        f"{SIGNS[change.status]} way in: {told}",
        ("way in", change.status, told),
        told,
        change.span,
    )


def _place(change: Change) -> Span | None:
    """The first edit that has a place in the new version."""
    return next((cause.span for cause in change.causes if cause.span is not None), None)


def _claim(answer: ChangeClaimResult, result: DiffResult) -> Item:
    assertion, shown = answer.assertion, answer.counterexample
    told = answer.because
    steps: tuple[Step, ...] = ()
    edges: tuple[Edge, ...] = ()
    if shown is not None and (seen := shown.right if shown.allowed_by == "right" else shown.left) is not None:
        world = result.new if shown.allowed_by == "right" else result.old
        told, steps = flow_line(seen), steps_of(seen, world)
        edges = (edge_of(seen)._replace(style="opened" if shown.allowed_by == "right" else "closed"),)
    return Item(
        "change-allowed" if answer.status is Status.PROVED else "change-forbidden",
        _state(answer.status),
        _level(answer.status, assertion.severity),
        assertion.title,
        f"{answer.status}: {assertion.title}" + (f": {told}" if told else ""),
        ("on change", assertion.title, assertion.text),
        told,
        assertion.span,
        steps,
        edges,
    )


def _promise(promise: Promise, result: DiffResult, lines: Lines) -> Item:
    after = promise.after
    assertion, found = after.assertion, after.counterexample
    word = "broken promise" if promise.broken else str(after.status)
    rule = "promise-broken" if promise.broken else "assertion-fails"
    old = promise.before.status if promise.before is not None else "no such ends"
    # what held in neither version is told, and is nobody's fault in this change
    level = (
        "note"
        if not promise.fails and _state(after.status) is State.FAILED
        else _level(after.status, assertion.severity)
    )
    return Item(
        "promise-kept" if after.status is Status.PROVED else rule,
        _state(after.status),
        level,
        assertion.title,
        f"{word}: {assertion.title} (old version: {old})",
        ("promise", assertion.title, assertion.text),
        "\n".join(in_full(after, Scene(result.new, lines), interrupted=result.interrupted)),
        assertion.span,
        steps_of(found, result.new) if found is not None else (),
        (edge_of(found),) if found is not None else (),
    )


def _state(status: Status) -> State:
    if status is Status.PROVED:
        return State.PASSED
    return State.OPEN if status is Status.UNDECIDED else State.FAILED


def _level(status: Status, severity: str) -> Level:
    if status is Status.PROVED:
        return "note"
    return "warning" if severity == "warning" else "error"
