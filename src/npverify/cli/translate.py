"""`npverify translate`: native policies as Calico ones, with the proof that they allow the same flows."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.equiv_results import Equivalence
from npverify.cli import options as o
from npverify.cli.checks import check_format, refuse_no_pods
from npverify.cli.completion import words
from npverify.cli.grouped import grouped, without
from npverify.cli.guard import INTERRUPTED, OK, REFUTED, UNDECIDED
from npverify.cli.inputs import Inputs
from npverify.cli.interrupt import Interrupt
from npverify.cli.memory import keep_freed_memory, to_the_end
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for, say, say_all
from npverify.cli.programs import Programs
from npverify.cli.progress import Progress
from npverify.cli.sources import Sources
from npverify.ingest.files import MANIFESTS
from npverify.ingest.source import Diagnostic, InputError, Problems
from npverify.report.json_values import dumps
from npverify.report.translate_report import translate_json, translate_text

if TYPE_CHECKING:
    from npverify.analyses.translate.results import File, TranslateResult
    from npverify.analyses.translate.worlds import Input

TARGETS = ("calico",)


@grouped
def translate(
    *,
    paths: o.Paths = None,
    programs: Programs,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="calico", help="What to translate into.", autocompletion=words(*TARGETS)),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            metavar="FILE",
            help="Write nothing, and prove that the policies in this file or folder can replace the native ones; may be repeated.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="FILE",
            help="Write the policies into this file instead of standard output (with --check: the report).",
        ),
    ] = None,
    output_dir: Annotated[
        str | None, typer.Option("--output-dir", metavar="DIR", help="Write each policy to DIR/NAMESPACE/NAME.yaml.")
    ] = None,
    unproved: Annotated[
        bool, typer.Option("--unproved", help="Write the policies even if they are not proved to be equal.")
    ] = False,
    reading: Annotated[o.Reading, without("cni", "cilium_version")],
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    limits: o.Limits,
    showing: o.Showing,
    allow_empty: o.AllowEmpty = False,
) -> int:
    """Write native policies as Calico ones, and prove that nothing changes."""
    # imported here so that other commands and --help do not wait for the solver
    from npverify.analyses.equiv import Kept, equiv_after
    from npverify.analyses.translate.run import check as check_migration
    from npverify.analyses.translate.run import migrate

    problems = Problems()
    _refuse_options(to, check, output, output_dir, format, problems)
    inputs = Inputs.settle(
        paths,
        replace(reading, cni="calico"),
        programs=programs,
        limits=limits,
        problems=problems,
    )
    sources = Sources()
    written_before = [name for name in (output, output_dir) if name and os.path.exists(name)]
    given = _read(inputs, check or (), written_before, sources)
    if not allow_empty:
        refuse_no_pods(given.old, problems)
        problems.raise_errors()
    if inputs.config.cni not in (None, "calico", "kubernetes", "spec"):
        say_all([_other_plugin(inputs.config.cni)], no_color=showing.no_color)
    if not showing.quiet:
        say_notes(given.old, inputs.config, verbose=showing.verbose, no_color=showing.no_color)
    keep_freed_memory()
    size = len(given.before) + len(given.old.inventory.endpoints)
    progressing = Progress(wanted=not showing.quiet, verb="comparing")
    with to_the_end(size) as made, progressing as progress, Interrupt() as interrupt:
        compare = partial(
            equiv_after,
            Kept(),
            budget=inputs.budget,
            timeout=inputs.timeout,
            allow_empty=allow_empty,
            stop=lambda: interrupt.asked,
            progress=progress.step,
        )
        if check:
            found = check_migration(given, compare, check)
        else:
            found = migrate(given, compare, file=output, folder=output_dir)
        made += [given, compare, found]
    if not showing.quiet:
        say_all([w for w in found.warnings if w not in given.old.warnings], no_color=showing.no_color)
    written = found.proved or unproved or not given.old.inventory.pods
    if written and (output or output_dir):
        _refuse_leftovers(output_dir, found.files)
        _write(found.files)
    to_file = output if check else None
    if format == "json":
        emit(dumps(translate_json(found, written=written)), to_file)
        return _exit_code(found)
    aside = written and bool(found.files) and not (output or output_dir)  # standard output is for the policies
    paint = paint_for(sys.stderr if aside else sys.stdout, no_color=showing.no_color, to_file=to_file is not None)
    report = translate_text(found, _lines(found.files, sources), paint, quiet=showing.quiet, written=written)
    if aside:
        emit(found.files[0].text)
        say(report)
    else:
        emit(report, to_file)
    return _exit_code(found)


def _refuse_options(
    to: str | None, check: list[str] | None, output: str | None, folder: str | None, format_: str, problems: Problems
) -> None:
    """Report options that name another target, or contradict each other."""
    check_format(format_, problems)
    if to not in TARGETS:
        message = (
            f"`--to {to}` is no target: native policies are translated into Calico ones" if to else "`--to` is missing"
        )
        fix = "write --to calico"
        if to in ("kubernetes", "native"):
            message = "Calico policies are not translated back: order, Deny, Pass, sets and hosts have no native form"
            fix = "write the native policies by hand, and compare the two sets with `npverify equiv`"
        problems.error("NPV321", message, fix=fix)
    if output and folder:
        problems.error("NPV323", "`--output` and `--output-dir` cannot stand together", fix="keep one of them")
    if check and folder:
        problems.error("NPV323", "`--check` writes no policies, so `--output-dir` has no meaning", fix="leave one out")


def _other_plugin(name: str) -> Diagnostic:
    message = (
        f"the config file names the plugin `{name}`; the proof is about the native policies as Calico enforces them"
    )
    fix = f"compare the two plugins with `npverify equiv --cni-left {name} --cni-right calico`"
    return Diagnostic("NPV324", message, fix=fix, severity="warning")


def _read(inputs: Inputs, check: Sequence[str], written: Sequence[str], sources: Sources) -> Input:
    """The world of the native policies, with the files of a migration that is there already. What an earlier run has
    written into the same place is no part of the input."""
    from npverify.analyses.translate.worlds import Input
    from npverify.dialects import profile

    paths = (*inputs.paths, *check)
    return Input.read(
        replace(inputs, paths=paths).load(sources, keep_documents=True).world,
        profile("calico", inputs.assume, inputs.calico_version),
        ignore_kinds=inputs.ignore_kinds,
        new=check or written,
        stdin=sources.stdin,
    )


def _refuse_leftovers(folder: str | None, files: Sequence[File]) -> None:
    """InputError where the folder holds other manifests: the plan applies all of it, and they are not what was proved."""
    if folder is None or not os.path.isdir(folder):
        return
    ours = {os.path.realpath(file.name) for file in files}
    there = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    others = sorted(name for name in there if name.endswith(MANIFESTS) and os.path.realpath(name) not in ours)
    if others:
        message = f"`{folder}` holds `{others[0]}`, which this run does not write"
        raise InputError.one("NPV327", message, fix="remove it if it is from an earlier run, or name another folder")


def _write(files: Sequence[File]) -> None:
    """Write the policies, and make the folders that are missing."""
    for file in files:
        folder = os.path.dirname(file.name)
        if folder:
            try:
                os.makedirs(folder, exist_ok=True)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise InputError.one("NPV327", f"cannot make the folder `{folder}`: {reason}") from None
        emit(file.text, file.name)


def _lines(files: Sequence[File], sources: Sources) -> Callable[[str], Sequence[str]]:
    """The lines of a file, also of one that is not written yet."""
    texts = {file.name: file.text.split("\n") for file in files}
    return lambda name: texts.get(name) or sources.lines(name)


def _exit_code(found: TranslateResult) -> int:
    """0 proved, 1 different, 3 undecided, 130 interrupted; a migration that is there already need not bear both sets."""
    if not found.equal.left.inventory.pods:
        return OK
    answers = [found.equal, *([found.together] if found.together is not None and found.files else [])]
    if any(answer.interrupted for answer in answers):
        return INTERRUPTED
    statuses = {answer.status for answer in answers}
    if Equivalence.DIFFERENT in statuses:
        return REFUTED
    return UNDECIDED if Equivalence.UNDECIDED in statuses else OK
