"""The pages about the interface say what the program does."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import re
from collections import Counter
from pathlib import Path

import pytest

import npverify

ROOT = Path(__file__).parents[2]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ERRORS = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_runs(monkeypatch):
    """The programs on the page find the mistake in the example, and what an edit of it does."""
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(printed):
        for program in re.findall(r"```python\n(.*?)```", API, re.DOTALL):
            exec(program, names)
    lines = printed.getvalue().splitlines()
    assert "refuted only the API talks to the database" in lines
    assert "blog/wordpress -> shop/db-0 TCP 5432" in lines
    assert any(line.startswith("let in by NetworkPolicy shop/db-metrics ") for line in lines)
    assert "True ()" in lines
    assert "the front end reaches the API proved -> refuted" in lines


def test_every_public_name_is_on_the_page():
    """Nothing is public without a word about it."""
    assert [n for n in npverify.__all__ if n != "__version__" and f"`{n}" not in API] == []


@pytest.mark.parametrize(
    "name", ["load", "prove", "equiv", "diff", "evaluate", "explain", "connectivity", "lint", "read_flow", "rollout"]
)
def test_the_parameters_on_the_page_are_those_of_the_function(name):
    """The signature in the table names every parameter, in order."""
    (shown,) = re.findall(rf"\| `{name}\((.*?)\)` \|", API)
    names = [part.split("=")[0].strip() for part in re.split(r",\s*(?![^(\[]*[)\]])", shown)]
    assert [n for n in names if n != "*"] == list(inspect.signature(getattr(npverify, name)).parameters)


@pytest.mark.parametrize(
    "name",
    [
        "Loaded",
        "World",
        "ProveResult",
        "AssertionResult",
        "Counterexample",
        "EquivResult",
        "Difference",
        "Region",
        "DiffResult",
        "Change",
        "LintResult",
        "RolloutResult",
        "StepResult",
        "BadStates",
        "Finding",
        "Evaluation",
    ],
)
def test_the_fields_on_the_page_are_those_of_the_result(name):
    """The table names every field of a result that is not the program's own, in order."""
    (row,) = re.findall(rf"\| `{name}` \| (.*?) \|", API)
    fields = [f.name for f in dataclasses.fields(getattr(npverify, name)) if f.name[0] != "_"]
    assert re.findall(r"`([a-z_]+)`", row)[: len(fields)] == fields


@pytest.mark.parametrize("folder", ["cli", "analyses", "ingest", "inventory", "dialects", "assertions"])
def test_every_code_has_its_row(folder):
    """A message code that the program uses is explained in docs/errors.md."""
    used: set[str] = set()
    for file in sorted((ROOT / "src" / "npverify" / folder).rglob("*.py")):
        used.update(re.findall(r"\bNPV\d{3}\b", file.read_text(encoding="utf-8")))
    assert sorted(code for code in used if f"| {code} |" not in ERRORS) == []


def test_every_code_has_one_meaning():
    """No code of a message stands in two rows of the page."""
    rows = re.findall(r"^\| (NPV\d{3}) \|", (ROOT / "docs" / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [code for code, number in Counter(rows).items() if number > 1] == []
