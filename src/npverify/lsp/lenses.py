"""The verdict above each assertion. It is shown as a verdict only if it is about the texts as they are now."""

from __future__ import annotations

from dataclasses import dataclass

from npverify.analyses.results import AssertionResult, Status
from npverify.assertions import syntax as s
from npverify.assertions.packs import file_name
from npverify.assertions.parser import parse
from npverify.ingest.source import Problems
from npverify.lsp.judge import State
from npverify.lsp.texts import plain
from npverify.report.counterexample_text import Scene
from npverify.report.flow_items import flow_line
from npverify.report.paint import count
from npverify.report.prove_text import in_full

SIGNS = {Status.PROVED: "✓", Status.REFUTED: "✗", Status.VACUOUS: "○", Status.UNDECIDED: "?"}


@dataclass(frozen=True, slots=True)
class Lens:
    """A line above a statement; `line` counts from 0. `answer` tells it in full, "" where there is nothing to tell."""

    line: int
    title: str
    answer: str = ""


def lenses(state: State, name: str, text: str, *, newest: bool) -> list[Lens]:
    """The lenses of a spec with this text. `newest`: no edit has come in since the state was made."""
    statements = [found for found in parse(name, text, Problems()) if isinstance(found, s.Assert | s.Use)]
    sure = newest and state.current
    known = _answers(state)
    found = []
    for statement in statements:
        line = statement.span.line - 1
        if isinstance(statement, s.Use):
            of_pack = known.get(file_name(statement.pack))
            if of_pack:
                found.append(Lens(line, _of_pack(list(of_pack.values()), sure=sure)))
        elif isinstance(statement.claim, s.OnChange):
            found.append(Lens(line, "about two versions: ask with npverify diff"))
        else:
            answer = known.get(plain(name), {}).get(_key(statement.text))
            found.append(_of_answer(line, answer, state, sure=sure))
    return found


def _key(text: str) -> str:
    return " ".join(text.split())


def _answers(state: State) -> dict[str, dict[str, AssertionResult]]:
    """The answers by file and by what the assertion says."""
    found: dict[str, dict[str, AssertionResult]] = {}
    for answer in state.result.results if state.result is not None else ():
        found.setdefault(plain(answer.assertion.span.file), {})[_key(answer.assertion.text)] = answer
    return found


def _of_answer(line: int, answer: AssertionResult | None, state: State, *, sure: bool) -> Lens:
    if answer is None:
        return Lens(line, "… not judged: it, or what it needs, has an error" if sure and state.result else "…")
    if not sure:
        return Lens(line, f"… was {answer.status}")
    told = f"{SIGNS[answer.status]} {answer.status}"
    if answer.counterexample is not None:
        told += f": {flow_line(answer.counterexample)}"
        if answer.refuting_pairs > 1:
            told += f", and {count(answer.refuting_pairs - 1, 'more pair')}"
    elif answer.because and answer.status is not Status.PROVED:
        told += f": {answer.because}"
    if state.loaded is None or answer.status is Status.PROVED:
        return Lens(line, told)
    return Lens(line, told, "\n".join(in_full(answer, Scene(state.loaded.world), interrupted=False)))


def _of_pack(answers: list[AssertionResult], *, sure: bool) -> str:
    parts = []
    for status in Status:
        if number := sum(answer.status is status for answer in answers):
            parts.append(f"{SIGNS[status]} {number} {status}" if sure else f"{number} {status}")
    return " · ".join(parts) if sure else f"… was {', '.join(parts)}"
