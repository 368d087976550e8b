"""Texts of an editor in the place of files: which of them are read, and under which name."""

from __future__ import annotations

from pathlib import Path

import pytest

from npverify.ingest.files import files
from npverify.ingest.source import Problems

FACTS = {
    "a file that is there": ({"a.yaml": "new"}, [("k8s/a.yaml", "new")]),
    "a new file of the folder": ({"b.npv": "new"}, [("k8s/a.yaml", "old"), ("k8s/b.npv", "new")]),
    "a new file below it": ({"sub/b.yml": "new"}, [("k8s/a.yaml", "old"), ("k8s/sub/b.yml", "new")]),
    "a new file that is no manifest": ({"b.txt": "new"}, [("k8s/a.yaml", "old")]),
    "a new hidden file": ({".b.yaml": "new"}, [("k8s/a.yaml", "old")]),
    "a new file outside": ({"../b.yaml": "new"}, [("k8s/a.yaml", "old")]),
}


@pytest.mark.parametrize(("texts", "read"), FACTS.values(), ids=FACTS.keys())
def test_unsaved_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, texts: dict[str, str], read: list[tuple[str, str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "k8s"
    folder.mkdir()
    (folder / "a.yaml").write_text("old", encoding="utf-8")
    unsaved = {str((folder / name).resolve()): text for name, text in texts.items()}
    problems = Problems()
    assert [(file.name, file.content) for file in files(["k8s"], problems, None, unsaved)] == read
    assert problems.errors == ()


def test_a_file_that_cannot_be_read_is_read_from_the_editor(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xff")
    problems = Problems()
    assert [file.content for file in files([str(path)], problems, None, {str(path.resolve()): "new"})] == ["new"]
    assert problems.errors == ()
