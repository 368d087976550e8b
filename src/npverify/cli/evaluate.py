"""`npverify eval`: the verdict of concrete flows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from npverify.cli import options as o
from npverify.cli.flow_options import flow_query
from npverify.cli.guard import BAD_INPUT, OK
from npverify.cli.notes import say_notes
from npverify.cli.output import emit, paint_for
from npverify.cli.sources import Sources
from npverify.ingest.source import InputError, Problems
from npverify.report import eval_report as report
from npverify.report.json_values import dump_line, dumps
from npverify.report.paint import Paint

if TYPE_CHECKING:
    from npverify.analyses.world import World


def evaluate(
    paths: o.Paths = None,
    from_: o.From = None,
    to: o.To = None,
    port: o.Port = None,
    protocol: o.Protocol = None,
    icmp: o.Icmp = None,
    http: o.Http = None,
    flows: Annotated[
        str | None,
        typer.Option("--flows", metavar="FILE", help="Flows as JSON, one on each line; - for standard input."),
    ] = None,
    cni: o.Cni = None,
    calico_version: o.CalicoVersion = None,
    assume: o.Assume = None,
    pod_cidr: o.PodCidrs = None,
    ip_family: o.IpFamily = None,
    ignore_kind: o.IgnoreKinds = None,
    remote: o.Remotes = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
    no_color: o.NoColor = False,
) -> int:
    """Tell whether concrete flows pass, and which rules decide."""
    # imported here so that --help does not wait for it
    from npverify.analyses.evaluate import evaluate_query

    o.check_format(format)
    _check_options(flows, (from_, to, port, protocol, icmp, http), paths)
    inputs = o.Inputs.settle(
        paths,
        cni=cni,
        calico_version=calico_version,
        assume=assume,
        pod_cidrs=pod_cidr,
        ip_family=ip_family,
        ignore_kinds=ignore_kind,
        remotes=remote,
    )
    sources = Sources()
    loaded = inputs.load(sources)
    world = loaded.world
    paint = paint_for(sys.stdout, no_color=no_color, to_file=output is not None)
    if flows is not None:
        text = _read(flows)
        if not quiet:
            say_notes(world, inputs.config, verbose=verbose, no_color=no_color)
        answers = _Answers(world, as_json=format == "json", paint=paint)
        emit("".join(answers.of(text)), output)
        return BAD_INPUT if answers.unreadable else OK
    found = evaluate_query(world, flow_query(world, from_, to, port, protocol, icmp, http))
    if not quiet:
        say_notes(world, inputs.config, verbose=verbose, no_color=no_color)
    if format == "json":
        emit(dumps(report.single_json(found, world.policies)), output)
    else:
        emit(report.evaluation_text(found, world.policies, paint), output)
    return OK


class _Answers:
    """Answers lines of JSON one by one; guards the count of those that could not be read."""

    def __init__(self, world: World, *, as_json: bool, paint: Paint) -> None:
        from npverify.analyses.flows import FlowReader

        self._world = world
        self._reader = FlowReader(world.inventory)
        self._as_json = as_json
        self._paint = paint
        self.unreadable = 0

    def of(self, text: str) -> Iterator[str]:
        """One line for each line of the input, in its order; blank lines at the end are none."""
        for number, line in enumerate(text.rstrip().splitlines(), 1):
            try:
                yield self._answer(line)
            except InputError as error:
                self.unreadable += 1
                message = "; ".join(f"{d.message} ({d.fix})" if d.fix else d.message for d in error.diagnostics)
                if self._as_json:
                    yield dump_line(report.error_json(message))
                else:
                    yield f"{self._paint('bold red', 'error  ')}  line {number}: {message}\n"

    def _answer(self, line: str) -> str:
        from npverify.analyses.evaluate import evaluate_query

        found = evaluate_query(self._world, self._reader.read(_parse(line)))
        if self._as_json:
            return dump_line(report.evaluation_json(found, self._world.policies))
        return report.evaluation_line(found, self._paint) + "\n"


def _parse(line: str) -> object:
    if not line.strip():
        raise InputError.one("NPV152", "the line is empty")
    try:
        return json.loads(line, object_pairs_hook=_no_repetition)
    except json.JSONDecodeError as error:
        raise InputError.one("NPV152", f"not JSON: {error.msg.lower()} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise InputError.one("NPV152", "not JSON that describes a flow") from None


def _no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError.one("NPV152", f"key `{twice}` appears twice")
    return found


def _check_options(flows: str | None, of_one: tuple[object, ...], paths: list[str] | None) -> None:
    problems = Problems()
    if flows is not None and any(option is not None for option in of_one):
        problems.error("NPV151", "`--flows` does not go with options that describe one flow", fix="drop one of the two")
    if flows == "-" and "-" in (paths or ()):
        problems.error(
            "NPV151", "standard input cannot hold both manifests and flows", fix="put one of them into a file"
        )
    problems.raise_errors()


def _read(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.buffer.read().decode("utf-8-sig")
        with open(name, encoding="utf-8-sig") as file:
            return file.read()
    except OSError as error:
        raise InputError.one("NPV153", f"cannot read flows from `{name}`: {(error.strerror or '').lower()}") from None
    except UnicodeDecodeError:
        raise InputError.one("NPV153", f"cannot read flows from `{name}`: it is not UTF-8 text") from None
