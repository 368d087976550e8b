"""Messages about the input: position, code, caret and fix."""

import pytest

from npverify.ingest.source import Diagnostic, Span
from npverify.report.diagnostics import render, render_all
from npverify.report.paint import Paint


def test_a_message_has_position_code_caret_and_fix():
    """The form of the whole message, with the caret under the offending word."""
    found = Diagnostic(
        "NPV021",
        "port range ends before it starts: `endPort` 80, `port` 8080",
        Span("policies/db.yaml", 14, 12),
        "swap the two values, or drop `endPort` to match one port",
        excerpt="  endPort: 80",
    )
    assert render(found) == (
        "policies/db.yaml:14:12: error[NPV021]: port range ends before it starts: `endPort` 80, `port` 8080\n"
        "   |\n"
        "14 |   endPort: 80\n"
        "   |            ^^\n"
        "  fix: swap the two values, or drop `endPort` to match one port\n"
    )


@pytest.mark.parametrize(
    ("found", "first"),
    [
        pytest.param(Diagnostic("NPV140", "nothing here"), "error[NPV140]: nothing here", id="no position"),
        pytest.param(Diagnostic("NPV001", "gone", Span("a.yaml")), "a.yaml: error[NPV001]: gone", id="file only"),
        pytest.param(
            Diagnostic("NPV414", "needs kubectl", Span("cluster:")),
            "cluster: error[NPV414]: needs kubectl",
            id="a path with a colon of its own",
        ),
        pytest.param(
            Diagnostic("NPV147", "no policy", severity="warning"), "warning[NPV147]: no policy", id="a warning"
        ),
        pytest.param(
            Diagnostic("NPV021", "odd \x1b[31m name", Span("a", 1, 1)),
            "a:1:1: error[NPV021]: odd \\x1b[31m name",
            id="control characters are spelled out",
        ),
    ],
)
def test_the_first_line(found, first):
    """The first line alone tells where, how bad, which code, what."""
    assert render(found).splitlines() == [first]


@pytest.mark.parametrize(
    ("excerpt", "column", "caret"),
    [
        pytest.param("ab: [x, yy]", 9, "   |         ^^", id="a word inside brackets ends at the bracket"),
        pytest.param("\tkey: v", 2, "   | \t^^^", id="a tab before the caret stays a tab"),
        pytest.param('k: "a b"', 4, "   |    ^^^^^", id="a quoted text is one word"),
        pytest.param('k: "한글": 값', 10, "   |            ^^", id="a Korean letter is two columns of a terminal"),
        pytest.param("e\u0301: v", 5, "   |    ^", id="an accent of its own is none"),
        pytest.param("k:", 3, "   |   ^", id="behind the end of the line"),
    ],
)
def test_the_caret_stands_under_the_word(excerpt, column, caret):
    """The caret marks the word at the column."""
    assert render(Diagnostic("N", "m", Span("f", 7, column), excerpt=excerpt)).splitlines()[3] == caret


def test_a_long_line_is_shown_around_its_position():
    """A minified file shows the part that matters, still under the caret."""
    text = render(Diagnostic("N", "m", Span("f", 1, 501), excerpt="x" * 500 + " bad " + "y" * 500, fix=""))
    _, _, shown, caret = text.splitlines()
    assert len(shown) < 140
    assert len(caret) == caret.index("^") + 1  # a blank is one column wide

    at = caret.index("^")
    assert shown[at : at + 5] == " bad "


def test_only_the_first_fifty_are_shown():
    """A flood of messages ends with how many are left."""
    text = render_all([Diagnostic("N", f"message {i}") for i in range(53)])
    assert text.splitlines()[-2:] == ["error[N]: message 49", "and 3 more"]


def test_colours_change_nothing_but_escapes():
    """Without its escapes the coloured text is the plain one."""
    import re

    found = Diagnostic("NPV021", "m", Span("f", 1, 1), "fix it", excerpt="abc")
    coloured = render(found, Paint(True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render(found)
