"""What is said of a field of the wrong type: in the user's own text, with a mend."""

from __future__ import annotations

import pytest

from helpers import documents
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
ROWS = [
    ("a word that YAML reads as a Boolean", "x: yes", "text", "`x` must be text, not a boolean (`yes`)", '"yes"'),
    ("a number with a base", "x: 0o17", "text", "`x` must be text, not a number (`0o17`)", '"0o17"'),
    ("a number in flow style", "z: {x: 1e3}\nx: 1e3", "text", "`x` must be text, not a number (`1e3`)", '"1e3"'),
    ("text for a number", 'x: "80"', "integer", "`x` must be a whole number, not text", "without quotes"),
    ("a fraction for a number", "x: 80.5", "integer", "`x` must be a whole number, not a number (`80.5`)", "digits"),
    ("text for a Boolean", 'x: "true"', "boolean", "`x` must be true or false, not text", "without quotes"),
    ("a map for a list", "x: {a: 1}", "items", "`x` must be a list, not a map", "`- `"),
    ("text for a map", "x: a", "map", "`x` must be a map, not text", "`name: value`"),
]


@pytest.mark.parametrize(("line", "read", "message", "mend"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_a_field_of_the_wrong_type(line: str, read: str, message: str, mend: str) -> None:
    """The message quotes what stands in the file, and the fix says how to write it."""
    problems = Problems()
    (document,) = documents(f"{HEAD}{line}\n")
    getattr(Fields.of(document, problems), read)("x")
    (found,) = problems.errors
    assert found.message == message
    assert mend in found.fix
