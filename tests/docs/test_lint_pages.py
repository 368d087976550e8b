"""docs/lint.md and docs/rules are made from the rules of lint."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from command_tables import options, usage
from doc_pages import DOCS, ROOT, Terminal, held, nothing_else, renewed

from npverify.analyses.lint.registry import RULES
from npverify.report.lint_page import explanation, page, rule_page

ABOUTS = [rule.about for rule in RULES.values()]
FOLDER = DOCS / "rules"


def test_the_page_is_what_the_rules_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the options of the command, and what it prints of an example."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    held(DOCS / "lint.md", renewed(page(ABOUTS), Terminal(capfd), {"usage": usage, "options": options}))


def test_every_rule_has_its_page() -> None:
    """And no page is left of a rule that is gone."""
    for about in ABOUTS:
        held(FOLDER / f"{about.code}.md", rule_page(about))
    nothing_else(FOLDER, {FOLDER / f"{about.code}.md" for about in ABOUTS})


def test_every_rule_has_its_row() -> None:
    """The list leads to the page of each, in the order of the rules."""
    text = (DOCS / "lint.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(NPL\d{3})\]\(rules/(NPL\d{3})\.md\) \| ([a-z-]+) \|", text, re.MULTILINE)
    assert rows == [(about.code, about.code, about.name) for about in ABOUTS]


@pytest.mark.parametrize("about", ABOUTS, ids=lambda about: about.code)
def test_the_text_has_everything(about):
    """`npverify rule` and the page give the sentence, the reason and both examples."""
    for text in (explanation(about), rule_page(about)):
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
