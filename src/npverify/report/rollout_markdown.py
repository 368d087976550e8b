"""The answer of `rollout` as one comment of a pull request: the steps as a table, what to type for them folded, and what no
order avoids in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.rollout.edits import Edit
from npverify.analyses.rollout.results import BadStates, Broken, RolloutResult, StepResult
from npverify.report.counterexample_text import Scene
from npverify.report.diagnostics import render_all
from npverify.report.excerpt import Lines
from npverify.report.markdown import code, fenced, folded
from npverify.report.markdown import text as escaped
from npverify.report.paint import PLAIN, count
from npverify.report.prove_text import in_full
from npverify.report.rollout_text import ASSUMED, headline, notes, summary_line


def render_rollout_markdown(result: RolloutResult, lines: Lines) -> str:
    """The comment; ends with a line break. `lines` gives the lines of a file, for counterexamples."""
    return "".join(f"{line}\n" for line in _report(result, lines))


def _report(result: RolloutResult, lines: Lines) -> Iterator[str]:
    yield f"### {escaped(summary_line(result, PLAIN))}"
    yield ""
    if result.steps:
        yield from _table(result)
        yield ""
        yield from _commands(result.steps)
    if result.bad:
        yield escaped(headline(result, PLAIN))
        yield ""
    for number, bad in enumerate(result.bad, 1):
        yield from _bad(number, bad, result, lines)
    if result.broken:
        yield f"**Not a matter of order**: {count(len(result.broken), 'assertion does', 'assertions do')} not hold after the change."
        yield ""
    for broken in result.broken:
        title = f"{broken.answer.status}: {broken.answer.assertion.title}"
        yield from folded(escaped(title), _counterexample(broken, result, lines))
    for assertion in result.reached:
        yield f"- holds after the change and not before: {escaped(assertion.title)}"
    if result.reached:
        yield ""
    yield from (f"<sub>{escaped(note)}.</sub><br>" for note in (*notes(result), f"Assumed: {ASSUMED}"))


def _table(result: RolloutResult) -> Iterator[str]:
    yield "| | step | kept | |"
    yield "| --- | --- | --- | --- |"
    for number, step in enumerate(result.steps, 1):
        edits = "<br>".join(_edit(edit) for edit in step.edits)
        proved = f"{step.proved} of {len(result.kept)} proved" if result.kept else "nothing is to be kept"
        told = [f"from here on: {escaped(reached.title)}" for reached in step.reached]
        told += [f"⚠ {w.answer.status} here: {escaped(w.answer.assertion.title)}" for w in step.warned]
        yield f"| {number} | {edits} | {proved} | {'<br>'.join(told)} |"


def _edit(edit: Edit) -> str:
    return f"{edit.action} **{escaped(str(edit.object))}** {code(str(edit.span))}"


def _commands(steps: Sequence[StepResult]) -> Iterator[str]:
    commands = [command for step in steps for command in step.commands]
    if commands:
        yield from folded("What to type", fenced(commands, "sh"))


def _bad(number: int, bad: BadStates, result: RolloutResult, lines: Lines) -> Iterator[str]:
    over = f" (over the workloads of the {bad.over} version)" if bad.over else ""
    yield f"**State {number}**{over}"
    for head, edits in (("done", bad.done), ("not yet", bad.open)):
        yield f"- {head}: {', '.join(map(_edit, edits)) or 'any'}"
    yield ""
    if bad.broken is not None:
        title = f"{bad.broken.answer.status}: {bad.broken.answer.assertion.title}"
        yield from folded(escaped(title), _counterexample(bad.broken, result, lines))
    elif bad.refused:
        yield from fenced(render_all(bad.refused, PLAIN).splitlines())
        yield ""
    else:
        yield "What is done needs what is not yet there, or still there."
        yield ""


def _counterexample(broken: Broken, result: RolloutResult, lines: Lines) -> Iterator[str]:
    scene = Scene(broken.world, lines, PLAIN)
    yield from fenced(in_full(broken.answer, scene, interrupted=result.interrupted))
