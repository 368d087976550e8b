"""Text of a `.npv` file to its statements.

A file is cut before every line that begins with `use`, `let`, `assume` or `assert`, and each piece is parsed on its own:
so one mistake hides no other. Every mistake becomes a `Diagnostic`; a statement with one is left out of the result.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from functools import cache

from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken

from npverify.assertions.build import Builder
from npverify.assertions.syntax import Statement
from npverify.assertions.syntax_errors import TABLE, Row, accepted, expected, signature, suggestion, word_of
from npverify.ingest.resources import data_path
from npverify.ingest.source import Problems, Span

_BEGINS = re.compile(r"[ \t]*(?:use|let|assume|assert)(?![\w./-])")
_NOTHING = re.compile(r"\s*(?:#.*)?")


def parse(name: str, text: str, problems: Problems) -> tuple[Statement, ...]:
    """The statements of a file, in order. `name` is the file's name in messages."""
    lines = text.removeprefix("\ufeff").splitlines()
    statements = []
    for first, last in _pieces(lines):
        found = Problems()
        tree = _parse_piece(name, lines, first, last, found)
        if tree is not None:
            statement = Builder(name, lines, first, found).statement(tree)
            if not found.errors:
                statements.append(statement)
        problems.extend((*found.errors, *found.warnings))
    return tuple(statements)


def follow(text: str) -> tuple[frozenset[str], tuple[Token, ...]]:
    """The terminals that may stand behind the beginning of a statement, and the tokens of that beginning. Where it is wrong
    already, nothing may."""
    at = _lark().parse_interactive(text)
    try:
        tokens = tuple(at.iter_parse())
        return frozenset(at.accepts()), tokens  # type: ignore[no-untyped-call]  # lark's annotations leave it out
    except UnexpectedInput:
        return frozenset(), ()


def statement_lines(text: str) -> tuple[tuple[int, int], ...]:
    """First and last line number of every statement of a file, and of text before the first one."""
    return tuple(_pieces(text.removeprefix("\ufeff").splitlines()))


def _pieces(lines: list[str]) -> Iterator[tuple[int, int]]:
    """First and last line number of every statement, and of text before the first one."""
    starts = [n for n, line in enumerate(lines, 1) if _BEGINS.match(line)]
    until = starts[0] - 1 if starts else len(lines)
    stray = next((n for n in range(1, until + 1) if not _NOTHING.fullmatch(lines[n - 1])), None)
    if stray is not None:
        starts.insert(0, stray)
    for start, following in zip(starts, [*starts, len(lines) + 1][1:], strict=True):
        yield start, following - 1


def _parse_piece(name: str, lines: list[str], first: int, last: int, problems: Problems) -> Tree[Token] | None:
    text = "\n".join(lines[first - 1 : last])
    try:
        return _lark().parse(text)
    except UnexpectedInput as error:
        line, column = error.line + first - 1, error.column
        if isinstance(error, UnexpectedToken) and error.token.type == "$END":
            line, column = _end(lines, first, last)
        message, fix = _explain(error, lines[line - 1][column - 1 :])
        if (keyword := _misspelt(lines[line - 1])) and line > first:
            word = lines[line - 1].split()[0]
            column = lines[line - 1].index(word) + 1
            message, fix = f"expected a statement or the rest of one, found `{word}`", f"did you mean `{keyword}`?"
        problems.error("NPV100", message, Span(name, line, column), fix, lines[line - 1])
        return None


def _misspelt(line: str) -> str:
    """The keyword that a line probably should have begun with, "" if none."""
    near = difflib.get_close_matches((line.split() or [""])[0], ("use", "let", "assume", "assert"), n=1, cutoff=0.8)
    return near[0] if near else ""


def _end(lines: list[str], first: int, last: int) -> tuple[int, int]:
    """Just behind the last word of a statement."""
    line = next(n for n in range(last, first - 1, -1) if not _NOTHING.fullmatch(lines[n - 1]))
    code = re.match(r'(?:[^"#]|"[^"]*"|")*', lines[line - 1])
    return line, len(code[0].rstrip() if code else "") + 1


def _explain(error: UnexpectedInput, rest: str) -> tuple[str, str]:
    """What is wrong and how to mend it."""
    found = _found(error, rest)
    row = _mistakes().get(signature(error))
    if row is not None:
        return f"{row.message}, found {found}", row.fix
    if rest.startswith('"') and rest.count('"') % 2:
        return f"the text {found} has no closing quote", 'add `"` on the same line'
    names = accepted(error)
    fix = suggestion(found.strip("`"), names)
    if not fix and rest[:1].isalpha() and not rest[:1].isascii():
        fix = "names have the letters and digits of Kubernetes; other letters may stand in titles and comments"
    return f"expected {expected(names)}, found {found}", fix


def _found(error: UnexpectedInput, rest: str) -> str:
    if isinstance(error, UnexpectedToken):
        token = error.token
        return word_of("$END") if token.type == "$END" else f"`{token}`"
    return f"`{(rest.split() or [rest])[0]}`"


@cache
def _lark() -> Lark:
    grammar = (data_path("grammar") / "assertion.lark").read_text(encoding="utf-8")
    return Lark(
        grammar, start="statement", parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=True
    )


@cache
def _mistakes() -> dict[tuple[frozenset[str], str, bool], Row]:
    """The rows of the table by the place where their examples stop; the first row wins."""
    found: dict[tuple[frozenset[str], str, bool], Row] = {}
    for row in TABLE:
        for example in row.examples:
            try:
                _lark().parse(example)
            except UnexpectedInput as error:
                found.setdefault(signature(error), row)
    return found
