"""What is wrong, as an editor marks it: errors and warnings of reading, every answer that is not *proved*, and what lint finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from npverify.analyses.lint.findings import Finding
from npverify.analyses.results import Status
from npverify.assertions import syntax as s
from npverify.assertions.packs import file_name
from npverify.assertions.parser import parse
from npverify.ingest.source import Diagnostic, Problems, Span
from npverify.lsp.judge import Linted, State
from npverify.lsp.texts import Extent, extent_of
from npverify.report.items import Item, Level
from npverify.report.lint_items import lint_items
from npverify.report.prove_items import prove_items

Severity = Literal["error", "warning", "information", "hint"]

Text = Callable[[str], str | None]
"""Gives the text of a file by its name in a `Span`, as it is in the editor; None where there is no such file."""


@dataclass(frozen=True, slots=True)
class Related:
    """A place that has to do with a mark: a rule that let the flow pass."""

    file: str
    at: Extent
    message: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A diagnostic of a file."""

    file: str
    at: Extent
    severity: Severity
    code: str
    message: str
    related: tuple[Related, ...] = ()


def reading(state: State, text: Text) -> tuple[list[Mark], list[str]]:
    """The errors and warnings of reading, and what is about no file of the workspace, as lines for the log."""
    found: list[Mark] = []
    rest: list[str] = []
    warnings = state.loaded.world.warnings if state.loaded is not None and state.current else ()
    for diagnostic in dict.fromkeys((*state.errors, *warnings)):
        mark = _of_diagnostic(diagnostic, state, text)
        if mark is None:
            rest.append(_said(diagnostic))
        else:
            found.append(mark)
    return found, rest


def answers(state: State, text: Text) -> list[Mark]:
    """The answers that are not *proved*; none where they are not about the texts as they are."""
    if not state.current or state.result is None or state.result.interrupted:
        return []
    return list(_answers(state, text))


def findings(linted: Linted, text: Text) -> list[Mark]:
    """What lint finds and nobody has accepted, at the object that it is about, with the rules and objects behind it."""
    result = linted.result
    items = lint_items(replace(result, silenced=(), undecided=()), linted.world).items
    return list(_findings(zip(result.findings, items, strict=True), text))


def _findings(found: Iterable[tuple[Finding, Item]], text: Text) -> Iterator[Mark]:
    for finding, item in found:
        content = text(item.span.file) if item.span is not None else None
        if item.span is not None and content is not None:
            at = extent_of(item.span, content, whole_line=True)
            said = f"{item.message}\nfix: {finding.fix}"
            yield Mark(item.span.file, at, _OF_LEVEL[item.level], item.rule, said, tuple(_related(item, text)))


_OF_LEVEL: Mapping[Level, Severity] = {"error": "error", "warning": "warning", "note": "hint"}


def _of_diagnostic(diagnostic: Diagnostic, state: State, text: Text) -> Mark | None:
    span = diagnostic.span
    if span is None and diagnostic.severity == "error" and state.config.file:
        span = Span(state.config.file)  # what is about no place is about what is read, which the config says
    content = text(span.file) if span is not None else None
    if span is None or content is None:
        return None
    return Mark(span.file, extent_of(span, content), diagnostic.severity, diagnostic.code, _said(diagnostic))


def _said(diagnostic: Diagnostic) -> str:
    return f"{diagnostic.message}\nfix: {diagnostic.fix}" if diagnostic.fix else diagnostic.message


def _answers(state: State, text: Text) -> Iterator[Mark]:
    assert state.loaded is not None
    assert state.result is not None
    report = prove_items(state.result, state.loaded.world, allow_vacuous=state.config.allow_vacuous)
    uses = _uses(state)
    for item, answer in zip(report.items, state.result.results, strict=True):
        span = item.span
        if answer.status is Status.PROVED or span is None:
            continue
        for place in uses.get(span.file, [span]):  # what a pack says is told where it is used
            content = text(place.file)
            if content is not None:
                severity = _severity(item, answer.status, accepted=state.config.allow_vacuous)
                at = extent_of(place, content, whole_line=True)
                yield Mark(place.file, at, severity, item.rule, item.message, tuple(_related(item, text)))


def _severity(item: Item, status: Status, *, accepted: bool) -> Severity:
    """As the exit code of `prove` sees it; an undecided assertion may yet be true."""
    if accepted and status is Status.VACUOUS:
        return "information"
    return "error" if status is Status.REFUTED and item.level == "error" else "warning"


def _related(item: Item, text: Text) -> Iterable[Related]:
    for step in item.steps:
        content = text(step.span.file) if step.span is not None else None
        if step.span is not None and content is not None:
            yield Related(step.span.file, extent_of(step.span, content, whole_line=True), step.text)


def _uses(state: State) -> dict[str, list[Span]]:
    """Where each pack is used, by the name of its file."""
    assert state.loaded is not None
    found: dict[str, list[Span]] = {}
    for spec in state.loaded.specs:
        for statement in parse(spec.name, spec.text, Problems()):
            if isinstance(statement, s.Use):
                span = statement.span
                found.setdefault(file_name(statement.pack), []).append(Span(span.file, span.line, span.column))
    return found
