"""Where a file is as seen from the root of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from npverify.report.places import Root

ROWS = (
    pytest.param("a.yaml", "team/a.yaml", id="below the working folder"),
    pytest.param("../b c.yaml", "b c.yaml", id="above it, below the root"),
    pytest.param("../../outside.yaml", None, id="outside of the repository no reader can open it"),
    pytest.param("gone.yaml", None, id="what is no file there, such as a pack"),
    pytest.param("<stdin>", None, id="standard input"),
    pytest.param("git:main:k8s/x.yaml", "k8s/x.yaml", id="a file of a commit"),
    pytest.param("git:main:./x.yaml", "team/x.yaml", id="of a commit, from the working folder"),
    pytest.param("git:main:../../x.yaml", None, id="of a commit, outside"),
)


@pytest.mark.parametrize(("file", "path"), ROWS)
def test_a_path_counts_from_the_root(file: str, path: str | None, tmp_path: Path) -> None:
    """With `/`, and as a URI reference with what that escapes (RFC 3986)."""
    root = tmp_path / "repo"
    (root / "team").mkdir(parents=True)
    (root / ".git").mkdir()
    for name in ("repo/team/a.yaml", "repo/b c.yaml", "outside.yaml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    found = Root(root / "team")
    assert found.path(file) == path
    assert found.uri(file) == (None if path is None else path.replace(" ", "%20"))
