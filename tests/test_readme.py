"""What the README shows is what the program does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from npverify.assertions.parser import parse
from npverify.cli.app import run
from npverify.ingest.resources import data_path
from npverify.ingest.source import Problems

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"^```console\n\$ (npverify [^\n]*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_the_output_that_is_shown_is_the_output(
    command: str, shown: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each command of the README, run in the repository, prints what stands below it."""
    monkeypatch.chdir(ROOT)
    run(shlex.split(command)[1:])
    assert capfd.readouterr().out == shown


def test_the_first_screen_shows_a_proved_and_a_refuted_assertion() -> None:
    """The first example has both answers, and a flow."""
    first = CONSOLE[0][1]
    assert CONSOLE[0][0] == "npverify prove examples/shop"
    assert "proved" in first
    assert "refuted" in first
    assert "blog/wordpress" in first


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_the_python_example_runs(
    code: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example of the Python interface runs as it stands and prints the refuted assertion."""
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})
    assert "only the API talks to the database" in capsys.readouterr().out


CLAIMS = re.findall(
    r"^\| `([^`]+)`[^|]* \| ", README.partition("## What it checks")[2].partition("Who:")[0], re.MULTILINE
)


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_assertions_that_are_shown_are_assertions(claim: str) -> None:
    """Each row of the table of assertions begins with a claim that the language has."""
    problems = Problems()
    parse("README.md", f"assert {claim}\n", problems)
    assert problems.errors == ()


def test_the_table_of_assertions_is_read() -> None:
    """The pattern above finds the rows."""
    assert len(CLAIMS) == 10


def test_every_pack_is_listed() -> None:
    """The table of packs has a row for each file of `proofs/`."""
    packs = {p.relative_to(data_path("proofs")).with_suffix("").as_posix() for p in data_path("proofs").rglob("*.npv")}
    assert set(re.findall(r"^\| `use (\S+)` \|", README, re.MULTILINE)) == packs


def test_links_lead_somewhere() -> None:
    """Every relative link of the README names a file that is there."""
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []
