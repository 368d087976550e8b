"""docs/lint.md is made from the rules."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from npverify.analyses.lint.registry import RULES
from npverify.report.lint_page import explanation, page

DOCS = Path(__file__).parents[2] / "docs"
ABOUTS = [rule.about for rule in RULES.values()]


def test_the_page_is_what_the_rules_say():
    """The page and the registry hold the same; RENEW_DOCS=1 writes the page anew."""
    made = page(ABOUTS)
    if os.environ.get("RENEW_DOCS"):
        (DOCS / "lint.md").write_text(made, encoding="utf-8")
    assert (DOCS / "lint.md").read_text(encoding="utf-8") == made


def test_every_rule_has_its_section_and_its_row():
    """A code is a heading once, and links lead to headings."""
    text = (DOCS / "lint.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (NPL\d{3}) ([a-z-]+)$", text, re.MULTILINE)
    assert headings == [(about.code, about.name) for about in ABOUTS]
    assert re.findall(r"\]\(#(\S+?)\)", text) == [f"{code.lower()}-{name}" for code, name in headings]


@pytest.mark.parametrize("about", ABOUTS, ids=lambda about: about.code)
def test_the_section_has_everything(about):
    """`--explain` gives the sentence, the reason and both examples."""
    text = explanation(about)
    flat = " ".join(text.split())
    assert about.sentence in flat
    assert " ".join(about.why.split()) in flat
    assert about.fires in text
    assert about.silent in text


def test_what_a_rule_replaces_is_a_warning_that_exists():
    """The codes of warnings are those of docs/errors.md."""
    errors = (DOCS / "errors.md").read_text(encoding="utf-8")
    for about in ABOUTS:
        for code in about.replaces:
            assert f"| {code} | warning |" in errors or f"| {code} | error" in errors, code
