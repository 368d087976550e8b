"""docs/errors.md is what `npverify rule` reads of messages."""

from __future__ import annotations

import json
import re

import pytest
from doc_pages import DOCS

from npverify.cli.app import run
from npverify.report.messages import Message, messages

PAGE = (DOCS / "errors.md").read_text(encoding="utf-8")


def test_every_row_is_read() -> None:
    """With four parts and the heading above it, in the order of the page."""
    assert list(messages()) == re.findall(r"^\| (NPV\d{3}) \|", PAGE, re.MULTILINE)
    for code, found in messages().items():
        assert found.severity in ("error", "warning", "error or warning", "warning or error", "note"), code
        assert found.meaning, code
        assert found.mend, code
        assert found.about, code


def test_a_row_is_what_it_says() -> None:
    """Under both of its headings; a bar inside of a cell is a bar."""
    assert messages()["NPV403"] == Message(
        "NPV403",
        "error",
        "the commit is not known because the clone is shallow",
        "`git fetch --unshallow`; `fetch-depth: 0` in the checkout step",
        "Reading files, Files of a commit",
    )
    assert "helm template RELEASE CHART | npverify COMMAND -" in messages()["NPV007"].mend


def test_a_message_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """By its code in any case, beside rules, without the addresses of links."""
    assert run(["rule", "npv412", "NPL131"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("NPL131 missing-profile (error)")
    assert "NPV412 (error): Reading files, What other programs make" in shown
    linked = next(code for code, found in messages().items() if "](" in found.mend)
    assert run(["rule", linked]) == 0
    assert "](" not in capsys.readouterr().out


def test_messages_alone_are_no_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has a list of its own for them, and none where only rules are asked for."""
    assert run(["rule", "NPV001", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rules"] == []
    assert [(one["code"], one["what_to_do"]) for one in found["messages"]] == [("NPV001", "check the spelling")]
    assert run(["rule", "NPL131", "--format", "json"]) == 0
    assert "messages" not in json.loads(capsys.readouterr().out)


def test_an_unknown_message_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """All that are wrong at once."""
    assert run(["rule", "NPV999", "NPL999"]) == 2
    err = capsys.readouterr().err
    assert "error[NPV680]" in err
    assert "error[NPV330]" in err
