"""The answers of `prove` for a person: one line for each assertion, then every one that is not proved in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from npverify.analyses.results import AssertionResult, ProveResult, Stale, Status
from npverify.analyses.world import World
from npverify.report.assumed import MESH_MARK, assumptions, mesh_may_restrict
from npverify.report.counterexample_text import Scene
from npverify.report.excerpt import Lines, no_lines
from npverify.report.paint import PLAIN, STATUS_SIGN, STATUS_STYLE, Paint, count, printable


@dataclass(frozen=True, slots=True)
class View:
    """How much to show, and in which colours; `lines` reads the user's files again for excerpts."""

    paint: Paint = PLAIN
    verbose: bool = False
    quiet: bool = False
    lines: Lines = no_lines


def render_prove(result: ProveResult, world: World, view: View) -> str:
    """The whole report; ends with a line break."""
    return "".join(f"{line}\n" for line in _report(result, world, view))


def _report(result: ProveResult, world: World, view: View) -> Iterator[str]:
    scene = Scene(world, view.lines, view.paint)
    listed = [r for r in result.results if not (view.quiet and (r.status is Status.PROVED or r.accepted))]
    for answer in listed:
        yield from _one_line(answer, scene, view)
    open_ = [r for r in listed if r.status is not Status.PROVED and not (r.accepted and not view.verbose)]
    # refutations last, so that the end of the screen is the useful part
    for answer in sorted(open_, key=lambda r: r.status is Status.REFUTED):
        yield ""
        yield from in_full(answer, scene, interrupted=result.interrupted)
    if listed:
        yield ""
    if result.stale:
        yield from _stale(result.stale, view.paint)
        yield ""
    yield summary_line(result, world, view.paint)
    if assumed := assumptions(result, world):
        yield view.paint("dim", printable(f"Assumed: {'; '.join(assumed)}."))


def _one_line(answer: AssertionResult, scene: Scene, view: View) -> Iterator[str]:
    paint, status, assertion, world = scene.paint, answer.status, answer.assertion, scene.world
    sign = paint(STATUS_STYLE[status], f"{STATUS_SIGN[status]} {status:<9}")
    warning = "  (warning)" if assertion.severity == "warning" else ""
    mark = f"  ({MESH_MARK})" if mesh_may_restrict(answer, world) else ""
    mark += paint("dim", "  (accepted)") if answer.accepted else ""
    where = paint("dim", printable(str(assertion.span)))
    yield f"{sign}  {printable(assertion.title)}{warning}{mark}  {where}"
    if view.verbose and status is Status.PROVED:
        if answer.because:
            yield f"             {printable(answer.because)}"
        for policy in answer.depends_on:
            span = world.defined.get(policy)
            yield f"             depends on {printable(str(policy))}{printable(f'  {span}') if span else ''}"
        if not answer.depends_on:
            yield "             depends on no policy"
        if answer.witness is not None:
            yield from scene.counterexample(answer.witness)


def _stale(stale: Sequence[Stale], paint: Paint) -> Iterator[str]:
    """What the baseline has in vain."""
    for one in stale:
        where = printable(f"{one.span}: ")
        yield f"{where}{paint('bold red', 'unused')}: {paint('bold', printable(one.title))} is in it as {one.was}, and {one.now}"
    yield "  fix       write it again with --write-baseline, so that it cannot come back unseen"


def in_full(answer: AssertionResult, scene: Scene, *, interrupted: bool) -> Iterator[str]:
    """An answer with its reasons and its flow."""
    paint, status, assertion = scene.paint, answer.status, answer.assertion
    word = paint(f"bold {STATUS_STYLE[status]}", str(status))
    yield printable(f"{assertion.span}: ") + f"{word}: {paint('bold', printable(assertion.title))}"
    if assertion.title != assertion.text:
        yield f"  claim     {printable(assertion.text)}"
    if answer.because:
        yield f"  because   {printable(answer.because)}"
    if status is Status.VACUOUS:
        yield "  fix       correct the names in the assertion or add the missing manifests; --allow-vacuous accepts it"
    elif status is Status.UNDECIDED and not interrupted:
        yield f"  fix       {answer.fix or 'try --budget large, or a smaller statement'}; undecided never counts as proved"
    if answer.counterexample is not None:
        yield from scene.counterexample(answer.counterexample)
    if answer.refuting_pairs > 1:
        yield f"  pairs     it fails for {count(answer.refuting_pairs, 'pair')} of source and destination, this is the first"


def summary_line(result: ProveResult, world: World, paint: Paint = PLAIN) -> str:
    """`3 proved · 1 refuted · 0 vacuous · 0 undecided · 2 policies, 5 workloads · profile kubernetes`."""
    parts = []
    for status in Status:
        number = result.count(status)
        part = f"{number:,} {status}"
        parts.append(paint(f"bold {STATUS_STYLE[status]}", part) if number else part)
    if accepted := sum(bool(r.accepted) for r in result.results):
        parts.append(f"{accepted:,} of these accepted")
    workloads = {e.workload or e for e in world.inventory.pods}
    parts.append(f"{count(len(world.defined), 'policy', 'policies')}, {count(len(workloads), 'workload')}")
    parts.append(f"profile {world.policies.profile}")
    if result.interrupted:
        parts.append(paint("bold yellow", "interrupted"))
    return " · ".join(parts)
