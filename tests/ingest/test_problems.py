"""Bad input gets one clear message at the right place, and everything else is still read."""

from __future__ import annotations

from pathlib import Path

import pytest
from ingest_texts import POD, read_text, told

from npverify.ingest import yaml_errors
from npverify.ingest.compose import YAMLError, compose
from npverify.ingest.source import Problems
from npverify.ingest.text import Part, Text

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

# id, file name, text, what is told (code, line, column), words of the first message
ROWS = [
    ("duplicate key", "f.yaml", POD + "spec:\n  a: 1\n  b: 2\n  a: 3\n", [("NPV008", 6, 3)], "first at line 4"),
    (
        "duplicate key with CRLF",
        "f.yaml",
        "apiVersion: v1\r\nkind: Pod\r\na: 1\r\na: 2\r\n",
        [("NPV008", 4, 1)],
        "line 3",
    ),
    (
        "duplicate key in JSON",
        "f.json",
        '{"apiVersion": "v1", "kind": "Pod",\n"a": {"x": 1,\n "x": 2}}',
        [("NPV008", 3, 2)],
        "line 2",
    ),
    ("tab as indentation", "f.yaml", POD + "metadata:\n\tname: a\n", [("NPV006", 4, 1)], "tab"),
    ("tab behind spaces", "f.yaml", POD + "metadata:\n  name: a\n \tx: b\n", [("NPV006", 5, 2)], "tab"),
    ("Helm control line", "f.yaml", "{{- if .x }}\n" + POD + "{{- end }}\n---\n{{ y }}\n", [("NPV007", 1, 1)], "Helm"),
    ("Helm value", "f.yaml", POD + "metadata:\n  name: {{ .Values.name }}\n", [("NPV007", 4, 9)], "Helm"),
    (
        "keys that are not text",
        "f.yaml",
        POD + "m:\n  1: a\n  y: b\n  ~: c\n  [a]: d\n",
        [("NPV009", n, 3) for n in (4, 5, 6, 7)],
        "number",
    ),
    ("billion laughs", "f.yaml", POD + BOMB, [("NPV010", 1, 1)], "aliases"),
    ("value inside itself", "f.yaml", POD + "a: &a [*a]\n", [("NPV010", 3, 4)], "contains it"),
    ("deep brackets", "f.yaml", POD + "a: " + "[" * 100_000, [("NPV011", 3, 203)], "200 levels"),
    ("deep and closed", "f.yaml", POD + "a: " + "[" * 300 + "]" * 300, [("NPV011", 3, 203)], "200 levels"),
    ("deep list of lists", "f.yaml", POD + "a:\n" + "- " * 100_000 + "x", [("NPV011", 4, 399)], "200 levels"),
    ("deep JSON", "f.json", '{"apiVersion": "v1", "kind": "Pod", "a": ' + "[" * 100_000, [("NPV011", 1, 1)], "deep"),
    ("tag that does not fit", "f.yaml", POD + "a: !!int x\n", [("NPV012", 3, 4)], "!!int"),
    ("tag without meaning", "f.yaml", POD + "a: !!python/name:os.system x\n", [("NPV012", 3, 4)], "python"),
    ("tag on a map", "f.yaml", POD + "a: !!set {x}\n", [("NPV012", 3, 4)], "!!set"),
    ("merge of a number", "f.yaml", POD + "a: {<<: 5}\n", [("NPV012", 3, 9)], "<<"),
    ("single quotes in JSON", "f.json", '{"apiVersion": "v1",\n \'kind\': 1}', [("NPV013", 2, 2)], "double quotes"),
    ("NaN in JSON", "f.json", '{"apiVersion": "v1", "x": NaN}', [("NPV013", 1, 27)], "NaN"),
    ("Infinity in JSON", "f.json", '{"x": -Infinity}', [("NPV013", 1, 7)], "Infinity"),
    ("JSON that ends early", "f.json", '{"x": [1, 2', [("NPV013", 1, 11)], "closing bracket"),
    ("huge JSON number", "f.json", '{"x": ' + "1" * 5000 + "}", [("NPV013", 1, 7)], "digits"),
    ("no apiVersion", "f.yaml", "kind: Pod\n", [("NPV014", 1, 1)], "`apiVersion`"),
    ("neither", "f.yaml", "# values\na: 1\n", [("NPV014", 2, 1)], "no `apiVersion` and no `kind`"),
    ("kind is a number", "f.yaml", "apiVersion: v1\nkind: 5\n", [("NPV014", 2, 7)], "must be text"),
    ("a document that is a list", "f.yaml", "- a\n", [("NPV014", 1, 1)], "not a list"),
    ("items that are no list", "f.yaml", "apiVersion: v1\nkind: List\nitems: 5\n", [("NPV014", 3, 8)], "`items`"),
    ("item that is null", "f.yaml", "apiVersion: v1\nkind: List\nitems:\n- null\n", [("NPV014", 4, 3)], "null"),
    ("name that is a number", "f.yaml", POD + "metadata: {name: 5}\n", [("NPV020", 3, 18)], "metadata.name"),
    (
        "namespace in JSON",
        "f.json",
        '{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"namespace": true}}',
        [("NPV020", 2, 28)],
        "namespace",
    ),
    ("control character", "f.yaml", POD + "a: é\x07\n", [("NPV005", 3, 5)], "U+0007"),
    ("NUL byte", "f.yaml", b"a: 1\nb: \0", [("NPV004", 2, 4)], "NUL"),
    ("Latin-1", "f.yaml", b"a: \xc3\xa9\xe9\n", [("NPV004", 1, 5)], "0xE9"),
    ("UTF-16", "f.yaml", "a: 1".encode("utf-16"), [("NPV004", 0, 0)], "UTF-16"),
    (
        "two errors, two documents",
        "f.yaml",
        "a: [\n---\nb: {\n---\n" + POD,
        [("NPV005", 1, 4), ("NPV005", 3, 4)],
        "bracket",
    ),
]


@pytest.mark.parametrize(("name", "text", "expected", "words"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_problem_is_told_where_it_is(
    name: str, text: str | bytes, expected: list[tuple[str, int, int]], words: str, tmp_path: Path
) -> None:
    """Code and position are exact, the message names the matter, and there is a way to mend it."""
    _, problems = read_text(text, name=name, folder=tmp_path)
    assert told(problems.errors) == expected
    assert words in problems.errors[0].message + problems.errors[0].fix
    assert all((d.fix and d.message[0] != d.message[0].upper()) or d.message[0] in "`1" for d in problems.errors)


@pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "pure Python"])
@pytest.mark.parametrize("row", yaml_errors.MESSAGES, ids=[row.message for row in yaml_errors.MESSAGES])
def test_a_syntax_error_has_its_row(row: yaml_errors.Row, pure: bool) -> None:
    """The example of each row gives the message of that row, whichever parser reads it."""
    problems = Problems()
    part = Part(Text("f.yaml", row.example), 0, len(row.example), problems)
    with pytest.raises(YAMLError) as caught:
        compose(row.example, pure=pure)
    yaml_errors.report(part, caught.value)
    assert [d.message for d in problems.errors] == [row.message]


def test_the_rest_is_read_after_an_error(tmp_path: Path) -> None:
    """A broken document does not hide the one behind it, whose lines count from the start of the file."""
    bundle, problems = read_text("a: [\n---\n" + POD + "metadata: {name: a}\n", name="f.yaml", folder=tmp_path)
    assert [d.name for d in bundle.documents] == ["a"]
    assert bundle.documents[0].span("metadata", "name").line == 5
    assert len(problems.errors) == 1


def test_a_long_line_is_no_excerpt(tmp_path: Path) -> None:
    """Minified input must not put megabytes into every message."""
    _, problems = read_text('{"kind": 5, "x": "' + "x" * 5000 + '"}', name="f.json", folder=tmp_path)
    assert {d.excerpt for d in problems.errors} == {""}
