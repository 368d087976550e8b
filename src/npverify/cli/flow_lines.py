"""Reads the lines of `--flows` one by one and answers each; a file of any length is never in memory as a whole."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from npverify.ingest.source import InputError, Problems
from npverify.report.json_values import dump_line
from npverify.report.paint import Paint

if TYPE_CHECKING:
    from npverify.analyses.recorded.replay import Replayed
    from npverify.analyses.world import World

_BOM = b"\xef\xbb\xbf"
_REMEMBERED = 20_000  # lines of the output that are kept, since logs repeat themselves


def check_flows(
    flows: str | None, flows_format: str, of_one: tuple[object, ...], paths: Sequence[str], problems: Problems
) -> None:
    """Report where `--flows` contradicts other options."""
    from npverify.analyses.recorded.lines import check_flows_format

    if flows is not None and any(option is not None for option in of_one):
        problems.error("NPV151", "`--flows` does not go with options that describe one flow", fix="drop one of the two")
    if flows == "-" and "-" in paths:
        problems.error(
            "NPV151", "standard input cannot hold both manifests and flows", fix="put one of them into a file"
        )
    try:
        check_flows_format(flows_format)
    except InputError as error:
        problems.extend(error.diagnostics)


@contextmanager
def open_lines(name: str) -> Iterator[Iterable[bytes]]:
    """The lines of a file, or of standard input for `-`; InputError if it cannot be read."""
    if name == "-":
        yield _lines(sys.stdin.buffer, name)
        return
    try:
        file = open(name, "rb")  # noqa: SIM115  # the `with` below must not cover what reads the lines
    except OSError as error:
        raise _unreadable(name, error) from None
    with file:
        yield _lines(file, name)


def _lines(file: BinaryIO, name: str) -> Iterator[bytes]:
    """Every line without its end; blank ones at the end of the file are none."""
    blank = 0
    first = True
    try:
        for line in file:
            text = line.rstrip(b"\r\n")
            if first:
                text, first = text.removeprefix(_BOM), False
            if not text.strip():
                blank += 1
                continue
            yield from (b"" for _ in range(blank))
            blank = 0
            yield text
    except OSError as error:
        raise _unreadable(name, error) from None


def _unreadable(name: str, error: OSError) -> InputError:
    return InputError.one("NPV153", f"cannot read flows from `{name}`: {(error.strerror or '').lower()}")


class Answers:
    """Answers lines one by one; guards the counts and what is known of lines that were answered before."""

    def __init__(self, world: World, flows_format: str, *, as_json: bool, paint: Paint) -> None:
        from npverify.analyses.flows import FlowReader
        from npverify.analyses.recorded.replay import Replay
        from npverify.report.recorded_report import Summary

        self._world = world
        self._reader = FlowReader(world.inventory, world)
        self._replay = Replay(world, self._reader)
        self._format = flows_format
        self._as_json = as_json
        self._paint = paint
        self._written: dict[Replayed, str] = {}
        self.summary = Summary(world.policies)
        self.unreadable = 0

    @property
    def recorded(self) -> bool:
        """Whether some line was the record of a plugin."""
        return self.summary.flows > 0

    def of(self, lines: Iterable[bytes]) -> Iterator[str]:
        """One line for each line of the input, in its order; records as text are counted and told at the end."""
        from npverify.report.eval_report import error_json
        from npverify.report.recorded_report import summary_text

        for number, line in enumerate(lines, 1):
            try:
                if answer := self._answer(line):
                    yield answer
            except InputError as error:
                self.unreadable += 1
                message = "; ".join(f"{d.message} ({d.fix})" if d.fix else d.message for d in error.diagnostics)
                if self._as_json:
                    yield dump_line(error_json(message))
                else:
                    yield f"{self._paint('bold red', 'error  ')}  line {number}: {message}\n"
        self.summary.unreadable = self.unreadable
        if self.recorded and not self._as_json:
            yield summary_text(self.summary, self._paint)

    def _answer(self, line: bytes) -> str:
        from npverify.analyses.evaluate import evaluate_query
        from npverify.analyses.recorded.lines import read_line
        from npverify.analyses.recorded.record import Record
        from npverify.report.eval_report import evaluation_json, evaluation_line
        from npverify.report.recorded_report import replayed_json

        value = read_line(line, self._format)
        if not isinstance(value, Record):
            found = evaluate_query(self._world, self._reader.read(value))
            if self._as_json:
                return dump_line(evaluation_json(found, self._world.policies))
            return evaluation_line(found, self._paint) + "\n"
        replayed = self._replay.answer(value)
        self.summary.add(replayed)
        if not self._as_json:
            return ""
        written = self._written.get(replayed)
        if written is None:
            if len(self._written) >= _REMEMBERED:
                self._written.clear()
            written = self._written[replayed] = dump_line(replayed_json(replayed, self._world.policies))
        return written
