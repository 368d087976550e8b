"""docs/tutorial.md, followed literally: files are saved as it says, and each command prints what stands below it.

RENEW_DOCS=1 writes what the commands print into the page; then read it again, as a newcomer would.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from npverify.cli.app import run

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
_SAVED = r"Save this as `(?P<file>[^`]+)`:\n\n```\w+\n(?P<text>.*?)^```$"
_RUN = r"^```console\n\$ (?P<command>npverify [^\n]*)\n(?P<shown>.*?)^```$"
STEP = re.compile(f"(?:{_SAVED})|(?:{_RUN})", re.MULTILINE | re.DOTALL)
COMMIT = re.compile(r"^```\n(git init [^\n]*)\n```$", re.MULTILINE)


def test_the_tutorial_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From an empty folder, step by step."""
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text(encoding="utf-8")
    parts, at, said = [], 0, []
    for step in STEP.finditer(page):
        between = page[at : step.start()]
        parts.append(between)
        at = step.end()
        for command in COMMIT.findall(between):
            _shell(command, tmp_path)
        if step["file"]:
            file = tmp_path / step["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step["text"], encoding="utf-8")
            parts.append(step[0])
            continue
        code = run(shlex.split(step["command"])[1:])
        captured = capfd.readouterr()
        # a terminal shows what goes to standard error first, since it is said while the input is read
        parts.append(f"```console\n$ {step['command']}\n{captured.err}{captured.out}```")
        said.append((step["command"].split()[1], code))
    if os.environ.get("RENEW_DOCS"):
        PAGE.write_text("".join(parts) + page[at:], encoding="utf-8")
    assert "".join(parts) + page[at:] == page
    assert said == [
        ("eval", 0),
        ("prove", 1),
        ("prove", 0),
        ("lint", 0),
        ("prove", 1),
        ("diff", 1),
        ("prove", 0),
        ("explain", 0),
        ("prove", 0),
    ]


def _shell(command: str, folder: Path) -> None:
    who = {f"GIT_{role}_{key}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    subprocess.run(command, cwd=folder, env={**os.environ, **who}, shell=True, check=True, capture_output=True)
