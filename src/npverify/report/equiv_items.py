"""The answer of `equiv` as items: one, with the flow that tells the two sides apart."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.equiv_results import Difference, Equivalence, EquivResult
from npverify.report.equiv_text import summary_line, witness_lines
from npverify.report.excerpt import Lines, no_lines
from npverify.report.flow_items import edge_of, flow_line, steps_of
from npverify.report.items import Edge, Item, Report, RuleText, State, Step
from npverify.report.paint import PLAIN
from npverify.report.prove_text import View

_STATES = {
    Equivalence.EQUIVALENT: State.PASSED,
    Equivalence.DIFFERENT: State.FAILED,
    Equivalence.UNDECIDED: State.OPEN,
}
RULES = (
    RuleText("sets-equivalent", "sets-equivalent", "Both sets of policies let exactly the same flows pass."),
    RuleText(
        "sets-different",
        "sets-different",
        "The two sets of policies differ: there is a flow that one of them alone lets pass.",
    ),
    RuleText(
        "sets-undecided",
        "sets-undecided",
        "It could not be told whether the two sets of policies allow the same, which never counts as equivalent.",
        "Try --budget large.",
    ),
)


def equiv_items(result: EquivResult, names: tuple[str, str] = ("", ""), lines: Lines = no_lines) -> Report:
    """The whole report. `names` are what the user calls the two sides."""
    left, right = (name or side for name, side in zip(names, ("left", "right"), strict=True))
    title, shown = f"{left} and {right} allow the same flows", result.witness
    detail, message = result.because, f"{result.status}: {title}"
    if shown is not None:
        detail = "\n".join(witness_lines(result, shown, View(lines=lines)))
        message = f"different: only {left if shown.allowed_by == 'left' else right} lets pass {_line(shown)}"
    elif result.because:
        message += f": {result.because}"
    state = _STATES[result.status]
    item = Item(
        f"sets-{result.status}",
        state,
        "note" if state is State.PASSED else "error",
        title,
        message,
        (title,),
        detail,
        None,
        tuple(_steps(result, shown)) if shown is not None else (),
        (difference_edge(shown),) if shown is not None else (),
    )
    return Report("equiv", summary_line(result, PLAIN, names), (item,), RULES, result.notes, result.interrupted)


def difference_edge(shown: Difference) -> Edge:
    """The flow as an arrow: opened where the right side alone lets it pass."""
    seen = shown.left or shown.right
    if seen is None:
        raise ValueError("a difference that nobody sees")
    return edge_of(seen)._replace(style="closed" if shown.allowed_by == "left" else "opened")


def _line(shown: Difference) -> str:
    seen = shown.left or shown.right
    return flow_line(seen) if seen is not None else ""


def _steps(result: EquivResult, shown: Difference) -> Iterator[Step]:
    """What both sides say, one below the other."""
    for name, seen, world in (("left", shown.left, result.left), ("right", shown.right, result.right)):
        if seen is None:
            yield Step(f"{name}: there is no such flow")
            continue
        yield from (Step(f"{name}: {step.text}", step.span) for step in steps_of(seen, world))
