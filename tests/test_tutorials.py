"""What the pages of `docs/` show on a console is what the program does."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from npverify.cli.app import run

ROOT = Path(__file__).parents[1]
CONSOLE = [
    pytest.param(command, shown, id=f"{page.name}: {command}")
    for page in sorted((ROOT / "docs").glob("*.md"))
    if page.name != "tutorial.md"  # which begins in an empty folder: test_tutorial_page
    for command, shown in re.findall(
        r"^```console\n\$ (npverify [^\n]*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
]


@pytest.mark.parametrize(("command", "shown"), CONSOLE)
def test_the_output_that_is_shown_is_the_output(
    command: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each command of a page, run on a copy of the examples, prints what stands below it, and writes what is there."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    run(shlex.split(command)[1:])
    assert capfd.readouterr().out == shown
    for path in (ROOT / "examples").rglob("*.*"):
        copy = tmp_path / path.relative_to(ROOT)
        assert copy.read_bytes() == path.read_bytes()


def test_the_tutorial_is_read() -> None:
    """The pattern above finds the commands of the pages."""
    assert len([p for p in CONSOLE if str(p.id).startswith("migrate-to-calico")]) == 6
