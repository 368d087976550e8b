"""docs/grammar.md has every production of the assertion language, with examples that the program reads as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doc_pages import DOCS, ROOT, held
from grammar_page import docs, page, productions
from lark import Lark

from npverify.assertions.parser import parse
from npverify.cli.app import run
from npverify.ingest.resources import data_path
from npverify.ingest.source import Problems

GRAMMAR = (data_path("grammar") / "assertion.lark").read_text(encoding="utf-8")
LARK = Lark(GRAMMAR, parser="lalr", start="statement", maybe_placeholders=False)
TOLD = docs()
REFUSED = {"no_reaches_any_path", "assume_label", "possible"}
"""Forms that are read and not answered; their sentence says so."""


SHOP = ROOT / "examples" / "shop" / "cluster"


def makes(rule) -> bool:
    """Whether a rule is seen in a tree by its own name; one with `?` in front gives way to a single child."""
    kept = [symbol for symbol in rule.expansion if not (symbol.is_term and symbol.filter_out)]
    return rule.alias is not None or not rule.options.expand1 or len(kept) != 1


NODES = sorted(
    {str(r.alias or r.origin.name) for r in LARK.rules if not str(r.origin.name).startswith("__") and makes(r)}
)


def test_the_page_is_made_of_the_grammar() -> None:
    """With the sentences and the examples that stand in it."""
    held(DOCS / "grammar.md", page())


def test_every_production_is_on_the_page() -> None:
    """Each rule under a heading, each word that is no keyword in the table, and each form in the table of its rule."""
    text = (DOCS / "grammar.md").read_text(encoding="utf-8")
    rules = {str(rule.origin.name) for rule in LARK.rules if not str(rule.origin.name).startswith("_")}
    assert set(re.findall(r"^## ([a-z_]+)$", text, re.MULTILINE)) == rules
    terminals = {terminal.name for terminal in LARK.terminals if not terminal.name.startswith("_")} - {"COMMENT"}
    words = set(re.findall(r"^\| `([A-Z][A-Z0-9_]*)` \|", text, re.MULTILINE))
    assert words == {name for name in terminals if re.search(rf"^{name}(\.\d)?:", GRAMMAR, re.MULTILINE)}
    assert {name for p in productions() for name in (*p.forms, p.name)} >= set(TOLD)


def test_every_form_is_told_and_nothing_else() -> None:
    """A form without a sentence, or a sentence without its form, is a mistake."""
    assert sorted(name for name in TOLD if not name.isupper()) == NODES
    assert all(doc.sentence.endswith(".") for doc in TOLD.values())
    assert all(doc.examples for name, doc in TOLD.items() if not name.isupper())


@pytest.mark.parametrize(
    ("name", "example"), [(name, example) for name, doc in TOLD.items() for example in doc.examples]
)
def test_an_example_is_what_it_is_an_example_of(name: str, example: str) -> None:
    """Its tree has a node of that name, and the program reads it without a complaint."""
    assert name in {str(node.data) for node in LARK.parse(example).iter_subtrees()}
    problems = Problems()
    statements = parse("page.npv", f"{example}\n", problems)
    assert problems.errors == ()
    assert len(statements) == 1


@pytest.mark.parametrize("name", sorted(TOLD))
def test_what_is_refused_is_told_as_such(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The forms that are read and not answered, and no others."""
    refused = name in REFUSED
    assert ("refused in this version" in TOLD[name].sentence) == refused
    if refused:
        spec = tmp_path / "page.npv"
        spec.write_text(TOLD[name].examples[0] + "\n", encoding="utf-8")
        assert run(("prove", str(SHOP), "--spec", str(spec))) == 2
        assert "not supported in this version" in capfd.readouterr().err
