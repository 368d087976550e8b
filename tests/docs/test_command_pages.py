"""Every command has its page, and the pages show what the commands print and which options they have."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from command_tables import PAGE_OF, command_names, listing, options, usage
from doc_pages import DOCS, ROOT, Terminal, held, renewed

MAKERS = {"usage": usage, "options": options, "commands": listing}
NOT_RUN = {
    "watch": "it runs until somebody stops it",
    "fleet": "it starts workers",
    "snapshot": "it needs a cluster",
    "lsp": "it talks to an editor",
}
ELSEWHERE = ("tutorial.md", "lint.md", "profiles.md")  # made whole by tests of their own
PAGES = [page for page in sorted(DOCS.glob("*.md")) if page.name not in ELSEWHERE]
MADE = [
    page for page in PAGES if re.search(r"^(<!-- begin |```console$)", page.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize("page", MADE, ids=[page.name for page in MADE])
def test_a_page_shows_what_the_program_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Commands are run on a copy of the examples, of which none is changed but where the page shows it anew."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    held(page, renewed(page.read_text(encoding="utf-8"), Terminal(capfd), MAKERS))
    for path in (ROOT / "examples").rglob("*.*"):
        assert (tmp_path / path.relative_to(ROOT)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("command", command_names())
def test_every_command_has_its_page(command: str) -> None:
    """With its usage, its options, and something that it prints, but where there is a reason against it."""
    page = DOCS / f"{PAGE_OF.get(command, command)}.md"
    text = page.read_text(encoding="utf-8")
    assert re.search(rf"^<!-- begin usage {command}\b", text, re.MULTILINE)
    assert re.search(rf"^<!-- begin options {command}\b", text, re.MULTILINE)
    assert command in NOT_RUN or re.search(rf"^```+console\n\$ npverify {command}\b", text, re.MULTILINE)
    assert f"]({page.name})" in (DOCS / "commands.md").read_text(encoding="utf-8")


def test_the_pages_are_read() -> None:
    """The patterns above find the commands of the pages."""
    migration = (DOCS / "migrate-to-calico.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^```console\n\$ npverify ", migration, re.MULTILINE)) == 6
