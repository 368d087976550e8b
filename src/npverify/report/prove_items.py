"""The answers of `prove` as items."""

from __future__ import annotations

from npverify.analyses.results import AssertionResult, ProveResult, Stale, Status
from npverify.analyses.world import World
from npverify.report.assumed import assumptions
from npverify.report.counterexample_text import Scene
from npverify.report.excerpt import Lines, no_lines
from npverify.report.flow_items import edge_of, flow_line, steps_of
from npverify.report.items import Item, Level, Report, RuleText, State
from npverify.report.prove_text import in_full, summary_line

_STATES = {
    Status.PROVED: State.PASSED,
    Status.REFUTED: State.FAILED,
    Status.VACUOUS: State.FAILED,
    Status.UNDECIDED: State.OPEN,
}
RULES = (
    RuleText("assertion-proved", "assertion-proved", "The assertion holds for every flow."),
    RuleText(
        "assertion-refuted",
        "assertion-refuted",
        "The assertion does not hold: there is a flow that breaks it.",
        "The flow was found by the solver and confirmed by walking through the policies. Change the policies that let it "
        "pass (or that deny it), or the assertion.",
    ),
    RuleText(
        "assertion-vacuous",
        "assertion-vacuous",
        "The assertion speaks about nothing, so it says nothing.",
        "Correct the names in the assertion, add the manifests that are missing, or accept it with --allow-vacuous.",
    ),
    RuleText(
        "assertion-undecided",
        "assertion-undecided",
        "It could not be told whether the assertion holds, which never counts as proved.",
        "Try --budget large, or a smaller statement.",
    ),
)
_UNUSED = RuleText(
    "baseline-unused",
    "baseline-unused",
    "The baseline accepts what is not so any more.",
    "Write it again with --write-baseline, so that what was mended cannot come back unseen.",
)


def prove_items(
    result: ProveResult, world: World, lines: Lines = no_lines, *, allow_vacuous: bool = False, timings: bool = False
) -> Report:
    """The whole report. A vacuous assertion is accepted with `allow_vacuous`; times are told with `timings` alone."""
    scene = Scene(world, lines)
    items = tuple(
        _item(answer, scene, world, result, allow_vacuous=allow_vacuous, timings=timings) for answer in result.results
    )
    rules = RULES if result.stale is None else (*RULES, _UNUSED)
    items += tuple(_unused(one) for one in result.stale or ())
    return Report(
        "prove", summary_line(result, world), items, rules, tuple(assumptions(result, world)), result.interrupted
    )


def _item(
    answer: AssertionResult, scene: Scene, world: World, result: ProveResult, *, allow_vacuous: bool, timings: bool
) -> Item:
    assertion, found = answer.assertion, answer.counterexample
    told = answer.because or (flow_line(found) if found is not None else "")
    accepted = allow_vacuous and answer.status is Status.VACUOUS
    return Item(
        f"assertion-{answer.status}",
        State.PASSED if accepted else _STATES[answer.status],
        _level(answer),
        assertion.title,
        f"{answer.status}: {assertion.title}" + (f": {told}" if told else ""),
        (assertion.title, assertion.text),
        "\n".join(in_full(answer, scene, interrupted=result.interrupted)),
        assertion.span,
        steps_of(found, world) if found is not None else (),
        (edge_of(found),) if found is not None else (),
        silenced=f"it was {answer.status} before (baseline {answer.accepted})" if answer.accepted else "",
        outside=bool(answer.accepted),
        seconds=answer.seconds if timings else None,
    )


def _unused(one: Stale) -> Item:
    message = f"unused: {one.title} is in the baseline as {one.was}, and {one.now}"
    return Item(_UNUSED.id, State.FAILED, "error", one.title, message, (one.title, one.was), message, one.span)


def _level(answer: AssertionResult) -> Level:
    if answer.status is Status.PROVED:
        return "note"
    return "warning" if answer.assertion.severity == "warning" else "error"
