"""docs/grammar.md has every production of the assertion language, with examples that the program reads as it says."""

from __future__ import annotations

import re

import pytest
from doc_pages import DOCS, held
from grammar_page import docs, page, productions
from lark import Lark

from npverify.assertions.parser import parse
from npverify.ingest.resources import data_path
from npverify.ingest.source import Problems

GRAMMAR = (data_path("grammar") / "assertion.lark").read_text(encoding="utf-8")
LARK = Lark(GRAMMAR, parser="lalr", start="statement", maybe_placeholders=False)
TOLD = docs()
REFUSED = {"no_reaches_any_path", "assume_label", "possible"}
"""Forms that are read and not answered; their sentence says so."""


def makes(rule) -> bool:
    """Whether a rule is seen in a tree by its own name; one with `?` in front gives way to a single child."""
    kept = [symbol for symbol in rule.expansion if not (symbol.is_term and symbol.filter_out)]
    return rule.alias is not None or not rule.options.expand1 or len(kept) != 1


NODES = sorted(
    {str(r.alias or r.origin.name) for r in LARK.rules if not str(r.origin.name).startswith("__") and makes(r)}
)


def test_the_page_is_made_of_the_grammar() -> None:
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
    """Its tree has a node of that name, and the program reads it without a complaint, or refuses it where the page says so."""
    assert name in {str(node.data) for node in LARK.parse(example).iter_subtrees()}
    problems = Problems()
    statements = parse("page.npv", f"{example}\n", problems)
    refused = name in REFUSED
    assert bool(problems.errors) == refused, problems.errors
    assert len(statements) == (0 if refused else 1)
    assert ("refused in this version" in TOLD[name].sentence) == refused
