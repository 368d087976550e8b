"""Bad input gets one clear message for each defect, at its place, and exit code 2; never a traceback, never a result."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from bad_input import objects, reading, specs, usage
from bad_input.shape import SPEC, WORLD, Bad, Mark, strip
from npverify.cli.app import run

ROWS: list[Bad] = [*reading.ROWS, *objects.ROWS, *specs.ROWS, *usage.ROWS]
HEAD = re.compile(r"^(?:(?P<where>\S.*?): )?(?P<severity>error|warning)\[(?P<code>NPV\d{3})\]: (?P<message>.*)$")


class Message:
    """One message as it was printed: where it points, its code, and all of its text."""

    def __init__(self, match: re.Match[str]) -> None:
        self.code = match["code"]
        self.text = match["message"]
        self.severity = match["severity"]
        where = match["where"] or ""
        position = re.fullmatch(r"(.*?):(\d+):(\d+)", where)
        self.file = position[1] if position else where
        self.line, self.column = (int(position[2]), int(position[3])) if position else (0, 0)


def errors(printed: str) -> list[Message]:
    """The error messages on standard error, each with the lines that belong to it."""
    found: list[Message] = []
    for line in printed.split("\n"):
        if match := HEAD.match(line):
            found.append(Message(match))
        elif found:
            found[-1].text += "\n" + line
    return [m for m in found if m.severity == "error"]


def put(row: Bad, folder: Path) -> list[Mark]:
    """Write the files of a row; gives back where its messages must point, in the order of the files."""
    marks: list[Mark] = []
    files = {"ok.npv": SPEC, **row.files}
    for name, content in sorted(files.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text, here = strip(name, content)
            path.write_text(text, encoding="utf-8")
            marks += here
    return marks


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the working directory and the root of a repository."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in [n for n in os.environ if n.startswith("NPVERIFY_")]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.mark.parametrize("row", [pytest.param(r, id=r.id) for r in ROWS])
def test_bad_input_is_told_at_its_place(row: Bad, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Each defect gives one error at its position, which says the word; nothing goes to standard output; exit code 2."""
    marks = put(row, folder)
    code = run(row.args)
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    assert (code, out) == (2, ""), err
    found = errors(err)
    assert len(found) == len(row.expect), err
    for message, (code_of, word), mark in zip(found, row.expect, [*marks, *[None] * row.unmarked], strict=True):
        assert message.code == code_of, err
        assert word in message.text, err
        if mark:
            assert (message.file, message.line) == (mark.file, mark.line), err
            assert mark.column in (0, message.column), err


BAD_FLOWS = {
    "no JSON": "shop/web -> shop/db",
    "a list": "[1]",
    "no destination": '{"src": {"pod": "shop/web"}, "port": 80}',
    "an unknown pod": '{"src": {"pod": "shop/web"}, "dst": {"pod": "shop/bd"}, "port": 80}',
    "an unknown field": '{"src": {"pod": "shop/web"}, "dst": {"pod": "shop/db"}, "prot": 80, "port": 80}',
    "port 0": '{"src": {"pod": "shop/web"}, "dst": {"pod": "shop/db"}, "port": 0}',
    "a port in quotes": '{"src": {"pod": "shop/web"}, "dst": {"pod": "shop/db"}, "port": "80"}',
    "no port": '{"src": {"pod": "shop/web"}, "dst": {"pod": "shop/db"}}',
    "HTTP": '{"src": {"pod": "shop/web"}, "dst": {"pod": "shop/db"}, "port": 80, "http": {"path": "/"}}',
    "an address that is none": '{"src": {"ip": "10.0.0.999"}, "dst": {"pod": "shop/db"}, "port": 80}',
}


def test_a_bad_flow_is_told_in_its_line_and_the_others_are_answered(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each line that cannot be read gets an `error` where its answer would stand, the rest is answered; exit code 2."""
    good = '{"src": {"pod": "shop/web"}, "dst": {"pod": "shop/db"}, "port": 80}'
    lines = [line for bad in BAD_FLOWS.values() for line in (good, bad)]
    (folder / "in.yaml").write_text(WORLD, encoding="utf-8")
    (folder / "flows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    code = run(["eval", "in.yaml", "--flows", "flows.jsonl", "--format", "json"])
    answers = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert code == 2
    assert [a.get("verdict") for a in answers] == ["allowed", None] * len(BAD_FLOWS)
    assert all(a["error"] for a in answers[1::2])


def test_every_row_has_a_name_of_its_own() -> None:
    """No two rows are called alike, and there are enough of them."""
    names = [r.id for r in ROWS]
    assert len(set(names)) == len(names)
    assert len(names) >= 100


def test_a_code_means_one_thing() -> None:
    """Every code that the rows name stands in docs/errors.md."""
    page = (Path(__file__).parents[1] / "docs" / "errors.md").read_text(encoding="utf-8")
    assert [c for r in ROWS for c, _ in r.expect if c not in page] == []
