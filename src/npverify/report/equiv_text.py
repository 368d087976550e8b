"""The answer of `equiv` for a person: the witness with what both sides say of it, or that there is none."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.equiv_results import Difference, Equivalence, EquivResult
from npverify.analyses.results import Counterexample
from npverify.analyses.world import World
from npverify.normal.policy import Direction
from npverify.normal.predicates import Side
from npverify.report import words
from npverify.report.assumed import only_if
from npverify.report.counterexample_text import Scene, remark
from npverify.report.equiv_regions import NOTES, regions_text
from npverify.report.equiv_words import mend_either, missing
from npverify.report.paint import Paint, count, printable
from npverify.report.prove_text import View
from npverify.report.reproduce import reproduce
from npverify.report.way_changes import ways_lines

_STYLE = {Equivalence.EQUIVALENT: "green", Equivalence.DIFFERENT: "red", Equivalence.UNDECIDED: "yellow"}
_SIGN = {Equivalence.EQUIVALENT: "✓", Equivalence.DIFFERENT: "✗", Equivalence.UNDECIDED: "?"}
Names = tuple[str, str]

SIDES: Names = ("left", "right")
_INDENT = " " * 12
_DEEPER = " " * 19


def render_equiv(result: EquivResult, view: View, names: Names = ("", "")) -> str:
    """The whole report; ends with a line break. `names` are what the user calls the two sides."""
    return "".join(f"{line}\n" for line in _report(result, view, names))


def _report(result: EquivResult, view: View, names: Names) -> Iterator[str]:
    paint = view.paint
    if result.witness is not None:
        yield from witness_lines(result, result.witness, view)
        yield ""
        if result.regions is not None:
            yield from regions_text(result.regions, paint)
            yield ""
    elif result.status is Equivalence.UNDECIDED:
        yield f"  because   {printable(result.because)}"
        if not result.interrupted:
            yield "  fix       try --budget large; undecided never counts as equivalent"
        yield ""
    if result.ways:
        yield from ways_lines(result.ways, paint)
        yield ""
    yield summary_line(result, paint, names)
    if not view.quiet:
        told = result.notes if result.regions is None else (*result.notes, *NOTES)
        yield from (paint("dim", printable(f"Note: {note}.")) for note in told)


def summary_line(result: EquivResult, paint: Paint, names: Names) -> str:
    """`✓ equivalent · left (old/): 2 policies, 5 workloads, profile kubernetes · right (new/): …`."""
    style = f"bold {_STYLE[result.status]}"
    parts = [paint(style, f"{_SIGN[result.status]} {result.status}")]
    if result.pairs:
        parts.append(f"{count(result.pairs, 'pair')} of source and destination")
    for side, world, name in (("left", result.left, names[0]), ("right", result.right, names[1])):
        parts.append(f"{side}{printable(f' ({name})') if name else ''}: {_about(world)}")
    if result.interrupted:
        parts.append(paint("bold yellow", "interrupted"))
    return " · ".join(parts)


def _about(world: World) -> str:
    workloads = {e.workload or e for e in world.inventory.pods}
    policies = count(len(world.defined), "policy", "policies")
    settings = "".join(f" {printable(value)}" for name, value in world.policies.settings if name in words.VERSIONS)
    return f"{policies}, {count(len(workloads), 'workload')}, profile {world.policies.profile}{settings}"


def witness_lines(result: EquivResult, shown: Difference, view: View, names: Names = SIDES) -> Iterator[str]:
    """The flow with what both sides say of it; `names` is what they are called, in at most six letters."""
    paint, flow, any_ = view.paint, shown.flow, shown.any
    passes, other = names if shown.allowed_by == "left" else names[::-1]
    yield f"{paint('bold red', 'different')}: the {passes} side lets this flow pass, the {other} side does not"
    source, target = words.end_name(flow, Side.SRC), words.end_name(flow, Side.DST)
    yield f"  flow      {paint('bold', f'{source} -> {target}')}  {words.traffic(flow, any_)}{words.via(flow)}"
    scenes = (Scene(result.left, view.lines, paint), Scene(result.right, view.lines, paint))
    seen = (shown.left, shown.right)
    ends = [None if one is None else scene.ends(one.flow, any_) for scene, one in zip(scenes, seen, strict=True)]
    for number, name in enumerate(("from", "to")):
        left, right = (None if two is None else (two[number],) for two in ends)
        yield from _beside(f"  {name:<9} ", left, right, paint, names)
    if how := remark(flow):
        yield f"{_INDENT}({how})"
    for direction in Direction:
        said = [_side(scene, one, direction) for scene, one in zip(scenes, seen, strict=True)]
        yield from _beside(f"  {direction:<9} ", said[0], said[1], paint, names)
    if None in seen:
        yield f"  missing   {printable(missing(result, shown, names))}"
    for needed in shown.reading:
        yield f"  {paint('yellow', 'only if')}   {printable(only_if(needed))}"
        yield f"{_INDENT}{paint('cyan', 'fix:')} {mend_either(needed, result)}"
    yield f"  try       {printable(reproduce(flow))}"


def _side(scene: Scene, seen: Counterexample | None, direction: Direction) -> tuple[str, ...] | None:
    if seen is None:
        return None
    side = seen.verdict.egress if direction is Direction.EGRESS else seen.verdict.ingress
    return tuple(scene.side(side, seen.flow, {needed.name: needed.value for needed in seen.reading}))


def _beside(
    head: str, left: tuple[str, ...] | None, right: tuple[str, ...] | None, paint: Paint, names: Names
) -> Iterator[str]:
    """What both sides say, each under its name; once where they say the same."""
    if left == right and left is not None:
        yield f"{head}{left[0]}"
        yield from (f"{_INDENT}{line}" for line in left[1:])
        return
    for name, lines in zip(names, (left, right), strict=True):
        label = paint("bold", f"{name:<6}")
        yield f"{head}{label} {lines[0] if lines else 'there is no such flow'}"
        yield from (f"{_DEEPER}{line}" for line in (lines or ())[1:])
        head = _INDENT
