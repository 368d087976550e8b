"""The answer of `rollout` for a person: the steps in their order, or the states that no order avoids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.results import AssertionResult, Status
from npverify.analyses.rollout.edits import Edit
from npverify.analyses.rollout.results import BadStates, Outcome, RolloutResult, StepResult
from npverify.assertions.claims import Assertion
from npverify.normal.predicates import Side
from npverify.report import words
from npverify.report.counterexample_text import Scene
from npverify.report.diagnostics import render_all
from npverify.report.paint import STATUS_SIGN, STATUS_STYLE, Paint, count, printable
from npverify.report.prove_text import View, in_full

_STYLE = {Outcome.FOUND: "green", Outcome.NONE: "red", Outcome.UNDECIDED: "yellow"}
_SIGN = {Outcome.FOUND: "✓", Outcome.NONE: "✗", Outcome.UNDECIDED: "?"}
_INDENT = " " * 5

ASSUMED = (
    "a step is in force on every node before the next one begins; connections that are already there are not judged; "
    "nothing else changes meanwhile"
)


def render_rollout(result: RolloutResult, view: View) -> str:
    """The whole report; ends with a line break."""
    return "".join(f"{line}\n" for line in _report(result, view))


def _report(result: RolloutResult, view: View) -> Iterator[str]:
    paint = view.paint
    for number, step in enumerate(result.steps, 1):
        yield from _step(number, step, result, view)
    if result.steps:
        yield ""
    if result.bad:
        yield headline(result, paint)
        yield ""
    for number, bad in enumerate(result.bad, 1):
        yield from _bad(number, bad, result, view)
        yield ""
    yield from _not_kept(result, view)
    yield summary_line(result, paint)
    if not view.quiet:
        yield from (paint("dim", printable(f"Note: {note}.")) for note in notes(result))
        yield paint("dim", f"Assumed: {ASSUMED}.")


def headline(result: RolloutResult, paint: Paint) -> str:
    """What the states below mean."""
    states = "this state" if len(result.bad) == 1 else f"one of these {len(result.bad)} states"
    if result.outcome is Outcome.UNDECIDED:
        return f"{paint('bold yellow', 'undecided')}: every order that is left passes through {states}"
    if result.packet is not None:
        flow = result.packet.flow
        source, target = words.end_name(flow, Side.SRC), words.end_name(flow, Side.DST)
        packet = f"{source} -> {target}  {words.traffic(flow, result.packet.any)}{words.via(flow)}"
        return f"{paint('bold red', 'no order')}: every one breaks the flow {packet}, in {states}"
    return f"{paint('bold red', 'no order')}: every one passes through {states}"


def _step(number: int, step: StepResult, result: RolloutResult, view: View) -> Iterator[str]:
    paint = view.paint
    for place, edit in enumerate(step.edits):
        head = f"{number:>3}." if not place else "    "
        where = paint("dim", printable(str(edit.span)))
        yield f"{head} {edit.action:<6}  {paint('bold', printable(edit.object))}  {where}"
    yield from (f"{_INDENT}{paint('cyan', printable(command))}" for command in step.commands)
    if not view.quiet:
        yield f"{_INDENT}{_proved(step, result, paint)}"
    yield from (f"{_INDENT}from here on  {printable(reached.title)}" for reached in step.reached)
    for broken in step.warned:
        yield f"{_INDENT}{paint('yellow', 'warning')}  {broken.answer.status} here: {printable(broken.answer.assertion.title)}"
    if view.verbose:
        for kept in result.kept:
            yield f"{_INDENT}{paint('green', STATUS_SIGN[Status.PROVED])} {printable(kept.title)}"


def _proved(step: StepResult, result: RolloutResult, paint: Paint) -> str:
    if not result.kept:
        return "nothing is to be kept"
    return paint("green", f"{step.proved} of {len(result.kept)} kept: proved")


def _bad(number: int, bad: BadStates, result: RolloutResult, view: View) -> Iterator[str]:
    paint = view.paint
    over = f"  (over the workloads of the {bad.over} version)" if bad.over else ""
    yield f"{paint('bold', f'state {number}')}{over}"
    yield from _listed("done", bad.done, paint)
    yield from _listed("not yet", bad.open, paint)
    if len(bad.done) + len(bad.open) < len(result.edits):
        yield "  the rest  does not matter"
    if bad.broken is not None:
        scene = Scene(bad.broken.world, view.lines, paint)
        yield from in_full(bad.broken.answer, scene, interrupted=result.interrupted)
    elif bad.refused:
        yield from render_all(bad.refused, paint).splitlines()
    else:
        yield "  because   what is done needs what is not yet there, or still there"


def _listed(head: str, edits: Sequence[Edit], paint: Paint) -> Iterator[str]:
    for edit in edits:
        yield f"  {head:<9} {edit.action} {paint('bold', printable(edit.object))}  {paint('dim', printable(str(edit.span)))}"
        head = ""
    if head:
        yield f"  {head:<9} any"


def _not_kept(result: RolloutResult, view: View) -> Iterator[str]:
    """What does not hold after the change, in full; and what did not hold before."""
    if result.broken:
        what = count(len(result.broken), "assertion does", "assertions do")
        yield f"{view.paint('bold red', 'not a matter of order')}: {what} not hold after the change"
        yield ""
        scene = Scene(result.new, view.lines, view.paint)
        for broken in result.broken:
            yield from in_full(broken.answer, scene, interrupted=result.interrupted)
            yield ""
    if view.quiet or not result.reached:
        return
    yield "These hold after the change and not before, so no state has to keep them:"
    for assertion, before in zip(result.reached, result.why_not_kept, strict=True):
        yield f"  {_before(before, view.paint)}  {printable(assertion.title)}"
    yield ""


def _before(before: AssertionResult | None, paint: Paint) -> str:
    if before is None:
        return "about nothing before"
    return paint(STATUS_STYLE[before.status], f"{before.status} before")


def summary_line(result: RolloutResult, paint: Paint) -> str:
    """`✓ found · 6 steps · 5 assertions kept · 1 reached · 2 orders proposed · profile kubernetes`."""
    style = f"bold {_STYLE[result.outcome]}"
    what = {
        Outcome.FOUND: "an order was found" if result.edits else "nothing to apply",
        Outcome.NONE: "there is no order",
        Outcome.UNDECIDED: "undecided",
    }[result.outcome]
    parts = [paint(style, f"{_SIGN[result.outcome]} {what}"), count(len(result.edits), "edit")]
    parts.append(f"{count(len(result.kept), 'assertion')} kept")
    if result.reached:
        parts.append(f"{len(result.reached):,} reached")
    if result.broken:
        parts.append(paint("bold red", f"{len(result.broken):,} broken by the change itself"))
    if result.proposed:
        parts.append(f"{count(result.proposed, 'order')} tried")
    parts.append(f"profile {result.new.policies.profile}")
    if result.interrupted:
        parts.append(paint("bold yellow", "interrupted"))
    return " · ".join(parts)


def notes(result: RolloutResult) -> Iterator[str]:
    """What a reader should know beside the answer."""
    if result.because:
        yield f"undecided because {result.because}; that never counts as an order"
    yield from result.notes
    if result.left_out:
        yield f"left out, since no state can keep it: {_titles(result.left_out)} (`npverify prove` and `diff` judge those)"


def _titles(assertions: Sequence[Assertion]) -> str:
    return ", ".join(assertion.title for assertion in assertions)
