"""`npverify equiv`: do two policy sets allow exactly the same flows."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.cli import options as o
from npverify.cli.guard import INTERRUPTED, OK, REFUTED, UNDECIDED
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for, say_all
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.ingest.source import Diagnostic, InputError, Problems
from npverify.report.equiv_json import equiv_json
from npverify.report.equiv_text import render_equiv
from npverify.report.json_values import dumps
from npverify.report.prove_text import View

if TYPE_CHECKING:
    from npverify.analyses.equiv_load import Sides
    from npverify.analyses.world import World

_ONE_PLUGIN = (
    "both sides are judged under Calico, since one has policies of it; --cni-left and --cni-right say otherwise"
)

_CODES = {Equivalence.EQUIVALENT: OK, Equivalence.DIFFERENT: REFUTED, Equivalence.UNDECIDED: UNDECIDED}


def equiv(
    left: Annotated[
        str | None,
        typer.Argument(metavar="LEFT", help="One set: a file, a folder, or - for standard input.", show_default=False),
    ] = None,
    right: Annotated[
        str | None, typer.Argument(metavar="RIGHT", help="The other set, likewise.", show_default=False)
    ] = None,
    more_left: Annotated[
        list[str] | None, typer.Option("--left", metavar="PATH", help="One more path of LEFT; may be repeated.")
    ] = None,
    more_right: Annotated[
        list[str] | None, typer.Option("--right", metavar="PATH", help="One more path of RIGHT; may be repeated.")
    ] = None,
    both: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="PATH", help="Read into both sides: the inventory; may be repeated."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="List every flow that differs, grouped, not just one.")] = False,
    cni: o.Cni = None,
    cni_left: Annotated[str | None, typer.Option("--cni-left", metavar="NAME", help="--cni for LEFT alone.")] = None,
    cni_right: Annotated[str | None, typer.Option("--cni-right", metavar="NAME", help="--cni for RIGHT alone.")] = None,
    calico_version: o.CalicoVersion = None,
    calico_version_left: Annotated[
        str | None, typer.Option("--calico-version-left", metavar="X.Y", help="--calico-version for LEFT alone.")
    ] = None,
    calico_version_right: Annotated[
        str | None, typer.Option("--calico-version-right", metavar="X.Y", help="--calico-version for RIGHT alone.")
    ] = None,
    assume: o.Assume = None,
    assume_left: Annotated[
        list[str] | None,
        typer.Option("--assume-left", metavar="SWITCH=VALUE", help="--assume for LEFT alone; may be repeated."),
    ] = None,
    assume_right: Annotated[
        list[str] | None,
        typer.Option("--assume-right", metavar="SWITCH=VALUE", help="--assume for RIGHT alone; may be repeated."),
    ] = None,
    pod_cidr: o.PodCidrs = None,
    ip_family: o.IpFamily = None,
    ignore_kind: o.IgnoreKinds = None,
    remote: o.Remotes = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    timeout: o.Timeout = None,
    budget: o.BudgetName = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """Compare two policy sets: equivalent, or different with a flow that one of them alone lets pass."""
    # imported here so that other commands and --help do not wait for the solver
    from npverify.analyses.equiv import equiv as compare
    from npverify.analyses.equiv_load import Sides
    from npverify.smt.solver import BUDGETS

    o.check_format(format)
    o.check_positive("--timeout", timeout)
    paths = (_paths(left, more_left, both), _paths(right, more_right, both))
    _refuse_no_paths(*paths)
    sources, sides = Sources(), Sides()
    inputs: list[o.Inputs] = []
    worlds: list[World] = []
    errors: list[Diagnostic] = []
    for given, plugin, version, switches in zip(
        paths,
        (cni_left or cni, cni_right or cni),
        (calico_version_left or calico_version, calico_version_right or calico_version),
        (assume_left, assume_right),
        strict=True,
    ):
        try:
            settled = o.Inputs.settle(
                given,
                cni=plugin,
                calico_version=version,
                assume=[*(assume or []), *(switches or [])],
                pod_cidrs=pod_cidr,
                ip_family=ip_family,
                ignore_kinds=ignore_kind,
                remotes=remote,
            )
            inputs.append(settled)
            worlds.append(settled.load_side(sources, sides).world)
        except InputError as error:
            errors += [d for d in error.diagnostics if d not in errors]
    if errors:
        raise InputError(errors)
    one_plugin = _under_one_plugin(inputs, worlds, sources, sides)
    del sides  # with all that was read
    config = inputs[0].config
    chosen = BUDGETS[o.check_budget(budget or config.budget or "normal")]
    say_all(list(dict.fromkeys(w for world in worlds for w in world.warnings)), no_color=no_color)
    if verbose:
        for world in worlds:
            say_notes(world, config, verbose=True, no_color=no_color, warnings=False)
    keep_freed_memory()
    with Progress(wanted=not quiet, verb="comparing") as progress, Interrupt() as interrupt:
        result = compare(
            worlds[0],
            worlds[1],
            budget=chosen,
            timeout=timeout or config.timeout,
            every=every,
            allow_empty=allow_empty,
            progress=progress.step,
            stop=lambda: interrupt.asked,
        )
    if one_plugin:
        result = replace(result, notes=(*result.notes, _ONE_PLUGIN))
    if format == "json":
        text = dumps(equiv_json(result, (paths[0], paths[1])))
    else:
        paint = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
        names = (left or ", ".join(more_left or ()), right or ", ".join(more_right or ()))
        text = render_equiv(result, View(paint, verbose, quiet, sources.lines), names)
    emit(text, output)
    return exit_code(result)


def exit_code(result: EquivResult) -> int:
    """0 equivalent, 1 different, 3 undecided, 130 interrupted."""
    return INTERRUPTED if result.interrupted else _CODES[result.status]


def _under_one_plugin(inputs: list[o.Inputs], worlds: list[World], sources: Sources, sides: Sides) -> bool:
    """Where nobody names a plugin and one side has policies that only Calico reads, the other is meant for Calico too;
    whether it was so."""
    profiles = [world.policies.profile for world in worlds]
    if any(each.cni is not None for each in inputs) or len(set(profiles)) == 1:
        return False
    for side, profile in enumerate(profiles):
        if profile != "calico":
            inputs[side] = replace(inputs[side], cni="calico")
            worlds[side] = inputs[side].load_side(sources, sides).world
    return True


def _paths(first: str | None, more: list[str] | None, both: list[str] | None) -> list[str]:
    """The paths of one side; none where it has none of its own."""
    own = [*([first] if first is not None else []), *(more or [])]
    return [*own, *(both or [])] if own else []


def _refuse_no_paths(left: list[str], right: list[str]) -> None:
    problems = Problems()
    for name, paths in (("left", left), ("right", right)):
        if not paths:
            problems.error(
                "NPV300",
                f"the {name} side of the comparison has no path",
                fix=f"name both sides, `npverify equiv LEFT RIGHT`, or give paths with --{name} PATH",
            )
    problems.raise_errors()
