"""What a change does, for a person: one group below the other, what is forbidden or broken in full at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.diff.results import Change, DiffResult, Promise
from npverify.analyses.equiv_results import Difference, Equivalence, EquivResult
from npverify.analyses.results import Status
from npverify.report import diff_words as w
from npverify.report.counterexample_text import Scene
from npverify.report.equiv_text import witness_lines
from npverify.report.paint import STATUS_SIGN, STATUS_STYLE, count, printable
from npverify.report.prove_text import View, in_full
from npverify.report.way_changes import ways_lines

_STYLES = {"+": "green", "-": "red", "~": "yellow"}
_MOST_CAUSES = 3
_NAMES = ("old", "new")


def render_diff(result: DiffResult, view: View, *, include_new: bool = False, readings: bool = False) -> str:
    """The whole report; ends with a line break. `include_new` lists what one-sided ends gained or lost, `readings` what is
    different under other readings."""
    return "".join(f"{line}\n" for line in _report(result, view, include_new, readings))


def _report(result: DiffResult, view: View, include_new: bool, readings: bool) -> Iterator[str]:
    paint = view.paint
    yield paint("bold", printable(w.title(result, include_new=include_new))) + paint(
        "dim", f" · profile {result.new.policies.profile}"
    )
    listed = (*result.changes, *result.one_sided) if include_new else result.changes
    if listed:
        yield ""
    for change in listed:
        yield from change_lines(change, result, view)
    if result.one_sided and not include_new:
        yield ""
        yield from _folded(result)
    if result.ways:
        yield ""
        yield from ways_lines(result.ways, paint)
    conditional = [change for change in result.conditional if include_new or not change.only]
    if conditional:
        yield ""
        yield from _conditional(conditional, result, view, readings)
    yield from _claims(result, view)
    yield from _promises(result, view)
    if result.undecided:
        yield ""
        yield f"{paint('bold yellow', 'undecided')}: there may be more: {printable(result.undecided)}"
        if not result.interrupted:
            yield "  fix       try --budget large; undecided never counts as equal"
    if result.notes and not view.quiet:
        yield ""
        yield from (paint("dim", printable(f"Note: {note}.")) for note in result.notes)


def change_lines(change: Change, result: DiffResult, view: View) -> Iterator[str]:
    """One group of flows: who, what, by which edits, and what it needs."""
    paint, sign = view.paint, w.sign(change)
    who = f"{w.ends_text(change.sources, full=view.verbose)} -> {w.ends_text(change.destinations, full=view.verbose)}"
    warning = w.outside_mark(change)
    mark = f"  {paint('bold yellow', f'⚠ {warning}')}" if warning and change.added else ""
    yield f"  {paint(f'bold {_STYLES[sign]}', sign)} {paint('bold', printable(who))}{mark}"
    told = "".join(f", {part}" for part in w.marks(change))
    yield printable(f"      {w.change_traffic(change)}{told}")
    for cause in change.causes if view.verbose else change.causes[:_MOST_CAUSES]:
        where = f"  {place}" if (place := w.place(cause)) else ""
        yield printable(f"      by {w.cause_text(cause)}") + paint("dim", printable(where))
    if len(change.causes) > _MOST_CAUSES and not view.verbose:
        yield f"      and {count(len(change.causes) - _MOST_CAUSES, 'more edit')}"
    if change.reading:
        yield f"      {paint('yellow', 'only if')} {printable(w.needed_text(change))}"
    if change.depends and (view.verbose or not change.reading):
        yield paint("dim", printable(f"      depends on: {', '.join(change.depends)}"))
    if view.verbose:
        yield from (f"      {line}" for line in _flow(result, change.sample, view))


def _flow(result: DiffResult, shown: Difference, view: View) -> Iterator[str]:
    """A flow with what both versions say of it."""
    sides = EquivResult(
        Equivalence.DIFFERENT, result.old, result.new, only_left=result.only_old, only_right=result.only_new
    )
    yield from list(witness_lines(sides, shown, view, _NAMES))[1:]


def _folded(result: DiffResult) -> Iterator[str]:
    for version, ends in (("new", result.only_new), ("old", result.only_old)):
        number = sum(change.connections for change in result.one_sided if change.only == version)
        if number or any(change.only == version for change in result.conditional):
            names = w.one_sided_text(ends)
            yield printable(
                f"Only in the {version} version: {names} ({count(number, 'connection')}, not listed; --include-new)"
            )


def _conditional(changes: Sequence[Change], result: DiffResult, view: View, readings: bool) -> Iterator[str]:
    head = f"{count(len(changes), 'more group')} of flows also differ under other readings"
    if not (readings or view.verbose):
        yield printable(f"{head}: {', '.join(w.unknowns_of(changes))} (list them with --readings)")
        return
    yield f"{head}:"
    for change in changes:
        yield from change_lines(change, result, view)


def _claims(result: DiffResult, view: View) -> Iterator[str]:
    if result.claims:
        yield ""
    for answer in result.claims:
        if view.quiet and answer.status is Status.PROVED:
            continue
        paint, status = view.paint, answer.status
        head = paint(STATUS_STYLE[status], f"{STATUS_SIGN[status]} {status:<9}")
        severity = "  (warning)" if answer.assertion.severity == "warning" else ""
        yield f"{head}  {printable(answer.assertion.title)}{severity}  {paint('dim', printable(str(answer.assertion.span)))}"
        if answer.because:
            yield f"  because   {printable(answer.because)}"
        if answer.counterexample is not None:
            yield from _flow(result, answer.counterexample, view)


def _promises(result: DiffResult, view: View) -> Iterator[str]:
    if not result.promises:
        return
    yield ""
    scene = Scene(result.new, view.lines, view.paint)
    for promise in result.promises:
        if promise.broken:
            yield f"{view.paint('bold red', 'a promise is broken')}: it holds in the old version"
            yield from in_full(promise.after, scene, interrupted=result.interrupted)
            yield ""
        elif promise.after.status is not Status.PROVED and not view.quiet:
            status, assertion = promise.after.status, promise.after.assertion
            head = view.paint(STATUS_STYLE[status], f"{STATUS_SIGN[status]} {status:<9}")
            before = "no such ends" if promise.before is None else promise.before.status
            yield f"{head}  {printable(assertion.title)}  {view.paint('dim', printable(str(assertion.span)))} (old version: {before})"
    yield promises_line(result.promises)


def promises_line(promises: tuple[Promise, ...]) -> str:
    """`Assertions: 12 kept, 1 broken, 1 mended, 1 refuted in both, 2 new`."""
    after_only = [p for p in promises if p.before is None]
    both = [p for p in promises if p.before is not None]
    mended = sum(not p.broken and not p.kept and p.after.status is Status.PROVED for p in both)
    neither = sum(not p.broken and p.after.status is not Status.PROVED for p in both)
    held = sum(p.after.status is Status.PROVED for p in after_only)
    parts = [
        (sum(p.kept for p in both), "kept"),
        (sum(p.broken for p in both), "broken"),
        (mended, "mended"),
        (neither, "hold in neither version"),
        (held, "about what is new hold"),
        (len(after_only) - held, "about what is new do not hold"),
    ]
    return f"Assertions: {', '.join(f'{number} {word}' for number, word in parts if number)}"
