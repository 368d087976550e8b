"""Pages of docs/ that show what the program does are held against it, and written anew by it.

`RENEW_DOCS=1 pytest tests/docs` renews all of them; then read the difference. Three things in a page come from the program:

* what stands below a command in a block of kind `console`: `$ npverify …` is run, `$ cat FILE` shows a file, ` | head -N` cuts;
* what stands between `<!-- begin NAME WORDS -->` and `<!-- end -->`: a generator of that name makes it of the words;
* nothing else. "Save this as `FILE`:" before a block saves it, so that the next command finds it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from npverify.cli.app import run

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RENEW = bool(os.environ.get("RENEW_DOCS"))

Generator = Callable[[str], str]

_SAVED = r"Save this as `(?P<file>[^`]+)`:\n\n```\w+\n(?P<text>.*?)^```$"
_RUN = r"^(?P<fence>```+)console\n\$ (?P<command>[^\n]*)\n(?P<shown>.*?)^(?P=fence)$"
_MADE = r"^<!-- begin (?P<maker>\w+)(?P<words>[^\n]*?) -->\n.*?^<!-- end -->$"
_STEP = re.compile(f"(?:{_SAVED})|(?:{_RUN})|(?:{_MADE})", re.MULTILINE | re.DOTALL)
_COMMIT = re.compile(r"^```\n(git init [^\n]*)\n```$", re.MULTILINE)


class Terminal:
    """What commands print into it: standard error first, since it is said while the input is read. Keeps their exit codes."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self.codes: list[tuple[str, int]] = []

    def shows(self, line: str) -> str:
        command, _, cut = line.partition(" | head -")
        words = shlex.split(command)
        if words[0] == "cat":
            shown = "".join(Path(file).read_text(encoding="utf-8") for file in words[1:])
        else:
            assert words[0] == "npverify", line
            self._capfd.readouterr()
            code = run(words[1:])
            assert code in (0, 1, 3), f"{line}: {code}"
            self.codes.append((words[1], code))
            captured = self._capfd.readouterr()
            shown = captured.err + captured.out
        return "".join(shown.splitlines(keepends=True)[: int(cut)]) if cut else shown


def renewed(page: str, terminal: Terminal, makers: Mapping[str, Generator]) -> str:
    """The page as it has to be; files are saved in, and commands run in, the working folder."""
    parts, at = [], 0
    for step in _STEP.finditer(page):
        between = page[at : step.start()]
        for command in _COMMIT.findall(between):
            _shell(command)
        parts += (between, _made(step, terminal, makers))
        at = step.end()
    return "".join(parts) + page[at:]


def _made(step: re.Match[str], terminal: Terminal, makers: Mapping[str, Generator]) -> str:
    if step["file"]:
        file = Path(step["file"])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(step["text"], encoding="utf-8")
        return step[0]
    if step["command"]:
        return f"{step['fence']}console\n$ {step['command']}\n{terminal.shows(step['command'])}{step['fence']}"
    made = makers[step["maker"]](step["words"].strip())
    return f"<!-- begin {step['maker']}{step['words']} -->\n{made.rstrip()}\n<!-- end -->"


def held(file: Path, text: str) -> None:
    """The file says what it has to say; with RENEW_DOCS it does from now on."""
    if RENEW:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"{file.relative_to(ROOT)} is missing: RENEW_DOCS=1 pytest tests/docs"
    assert file.read_text(encoding="utf-8") == text


def nothing_else(folder: Path, files: set[Path]) -> None:
    """A folder of generated pages holds no page that nobody makes any more."""
    for stale in set(folder.glob("*.md")) - files:
        if RENEW:
            stale.unlink()
    assert set(folder.glob("*.md")) == files


def _shell(command: str) -> None:
    who = {f"GIT_{role}_{key}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    subprocess.run(command, env={**os.environ, **who}, shell=True, check=True, capture_output=True)
