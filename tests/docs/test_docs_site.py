"""The pages of docs/ as a site: each is in the navigation, its links lead somewhere, and it builds where mkdocs is there."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
NAMES = [page.relative_to(DOCS).as_posix() for page in PAGES]
LISTS = {"rules": "lint.md", "plugins": "profiles.md"}
"""Folders whose pages are in no navigation, which they would fill, and the page that lists them."""


def leaves(value: object) -> Iterator[str]:
    """The pages of a navigation."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (page for each in value for page in leaves(each))
    elif isinstance(value, dict):
        yield from (page for each in value.values() for page in leaves(each))


def test_every_page_is_in_the_navigation_once() -> None:
    """Nobody finds a page that no list has."""
    nav = list(leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    assert sorted(nav) == [name for name in NAMES if name.partition("/")[0] not in LISTS]
    for name in set(NAMES) - set(nav):
        assert f"]({name})" in (DOCS / LISTS[name.partition("/")[0]]).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_of_the_pages_lead_somewhere(page: Path) -> None:
    """Relative links name a file that is there, and a heading that it has."""
    text = re.sub(r"^(```+).*?^\1", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if "://" in link:
            continue
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        if not target.exists() or (heading and heading not in anchors(target)):
            wrong.append(link)
    assert wrong == []


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


@pytest.mark.skipif(
    importlib.util.find_spec("material") is None, reason="mkdocs-material (extra `docs`) is not installed"
)
def test_the_site_builds(tmp_path: Path) -> None:
    """`mkdocs build --strict` warns of nothing, and no page asks another host for anything."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://(?!squidfunk)[^"]+', page.read_text()) == []
