"""What a change does, as one comment of a pull request: a title, a table of at most 50 rows, and the rest folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.diff.results import Change, DiffResult
from npverify.analyses.results import Status
from npverify.report import diff_words as w
from npverify.report.diff_text import promises_line
from npverify.report.markdown import MOST_ROWS, code, folded, text
from npverify.report.paint import count
from npverify.report.way_changes import ways_markdown

_MOST_CAUSES = 3


def render_markdown(result: DiffResult, *, include_new: bool = False) -> str:
    """The comment; ends with a line break. `include_new` lists what one-sided ends gained or lost in the table."""
    return "".join(f"{line}\n" for line in _report(result, include_new))


def _report(result: DiffResult, include_new: bool) -> Iterator[str]:
    yield f"### {text(w.title(result, include_new=include_new))}"
    yield ""
    if result.undecided:
        yield f"**Undecided**: there may be more: {text(result.undecided)}"
        yield ""
    yield from _assertions(result)
    listed = (*result.changes, *result.one_sided) if include_new else result.changes
    if listed:
        yield from _table(listed[:MOST_ROWS])
        yield ""
    if listed[MOST_ROWS:]:
        yield from _more(count(len(listed) - MOST_ROWS, "more row"), listed[MOST_ROWS:])
    yield from ways_markdown(result.ways)
    if result.one_sided and not include_new:
        ends = w.one_sided_text((*result.only_new, *result.only_old))
        number = sum(change.connections for change in result.one_sided)
        yield from _more(f"{count(number, 'connection')} of what one version alone has: {text(ends)}", result.one_sided)
    conditional = [change for change in result.conditional if include_new or not change.only]
    if conditional:
        names = ", ".join(code(name) for name in w.unknowns_of(conditional))
        yield from _more(f"{count(len(conditional), 'more group')} of flows under other readings: {names}", conditional)
    if result.notes:
        yield from (f"<sub>{text(note)}.</sub><br>" for note in result.notes)


def _assertions(result: DiffResult) -> Iterator[str]:
    told = False
    for answer in result.claims:
        if answer.status is not Status.PROVED:
            told = True
            yield f"- **{answer.status}**: {text(answer.assertion.title)} ({code(str(answer.assertion.span))})"
    for promise in result.promises:
        if promise.broken:
            told = True
            assertion = promise.after.assertion
            yield f"- **broken promise**: {text(assertion.title)} ({code(str(assertion.span))})"
    if told:
        yield ""
    if result.promises:
        yield promises_line(result.promises)
        yield ""


def _table(changes: Sequence[Change]) -> Iterator[str]:
    yield "| | from | to | traffic | edit |"
    yield "| --- | --- | --- | --- | --- |"
    for change in changes:
        yield f"| {' | '.join(_row(change))} |"


def _row(change: Change) -> Iterator[str]:
    warning = w.outside_mark(change)
    yield f"`{w.sign(change)}`{' ⚠' if warning and change.added else ''}"
    yield text(w.ends_text(change.sources))
    yield text(w.ends_text(change.destinations))
    told = "".join(f", {part}" for part in w.marks(change))
    needs = f" (only if {w.needed_text(change)})" if change.reading else ""
    yield text(f"{w.change_traffic(change)}{told}{needs}")
    causes = [text(w.cause_text(c)) + (f" {code(w.place(c))}" if w.place(c) else "") for c in change.causes]
    more = f"<br>{count(len(causes) - _MOST_CAUSES, 'more edit')}" if len(causes) > _MOST_CAUSES else ""
    yield "<br>".join(causes[:_MOST_CAUSES]) + more


def _more(head: str, changes: Sequence[Change]) -> Iterator[str]:
    return folded(head, _table(changes))
