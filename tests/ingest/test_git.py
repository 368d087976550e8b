"""`git:REF:path`: what a commit holds, under names that read it again, and what is said where it cannot be had."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from npverify.ingest.files import files
from npverify.ingest.source import Problems


def git(folder: Path, *arguments: str) -> None:
    """Run git without the settings of whoever runs the tests."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    name = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")
    subprocess.run(("git", *name, *arguments), cwd=folder, env=environment, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits on `main`; the first has the tag `v1`."""
    folder = tmp_path / "repo"
    (folder / "k8s" / "sub").mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for name, text in {"a.yaml": "old a", "sub/b.yml": "old b", "sub/c.npv": "old c", "notes.txt": "-"}.items():
        (folder / "k8s" / name).write_text(text, encoding="utf-8")
    (folder / "k8s" / ".hidden.yaml").write_text("hidden", encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one")
    git(folder, "tag", "v1")
    git(folder, "mv", "k8s/a.yaml", "k8s/ä b.yaml")
    (folder / "k8s" / "sub" / "b.yml").write_text("new b", encoding="utf-8")
    git(folder, "commit", "--quiet", "--all", "-m", "two")
    (folder / "k8s" / "sub" / "b.yml").write_text("not committed", encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


def found(*paths: str) -> list[tuple[str, str]]:
    """Names and contents; no problem of any kind."""
    problems = Problems()
    read = [(file.name, file.content) for file in files(paths, problems, None)]
    assert (problems.errors, problems.warnings) == ((), ())
    return read


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("git:v1:k8s", ["git:v1:k8s/a.yaml old a", "git:v1:k8s/sub/b.yml old b", "git:v1:k8s/sub/c.npv old c"]),
        (
            "git:main:k8s/",
            ["git:main:k8s/sub/b.yml new b", "git:main:k8s/sub/c.npv old c", "git:main:k8s/ä b.yaml old a"],
        ),
        ("git:HEAD~1:k8s/sub", ["git:HEAD~1:k8s/sub/b.yml old b", "git:HEAD~1:k8s/sub/c.npv old c"]),
        ("git:v1:k8s/sub/b.yml", ["git:v1:k8s/sub/b.yml old b"]),
        ("git:v1:k8s/notes.txt", ["git:v1:k8s/notes.txt -"]),
        ("git:v1:./k8s/sub/../a.yaml", ["git:v1:k8s/a.yaml old a"]),
        ("git:v1:", ["git:v1:k8s/a.yaml old a", "git:v1:k8s/sub/b.yml old b", "git:v1:k8s/sub/c.npv old c"]),
        ("git:v1", ["git:v1:k8s/a.yaml old a", "git:v1:k8s/sub/b.yml old b", "git:v1:k8s/sub/c.npv old c"]),
    ],
)
def test_what_a_commit_holds(repo: Path, path: str, names: list[str]) -> None:
    """A folder is searched as one on disk is, a file is read whatever its name; what is not committed does not count."""
    assert [f"{name} {text}" for name, text in found(path)] == names


def test_names_read_the_file_again(repo: Path) -> None:
    """So that an excerpt can be shown, and a position can be pasted."""
    for name, text in found("git:main:"):
        assert found(name) == [(name, text)]


def test_one_file_is_read_once(repo: Path) -> None:
    """Also under another name of its commit."""
    assert [name for name, _ in found("git:main:k8s/sub/b.yml", "git:HEAD:k8s/sub")] == [
        "git:main:k8s/sub/b.yml",
        "git:HEAD:k8s/sub/c.npv",
    ]


def test_paths_of_a_subfolder(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They count from the root, with `./` from the working folder."""
    monkeypatch.chdir(repo / "k8s" / "sub")
    assert found("git:v1:k8s/a.yaml") == found("git:v1:../a.yaml") == [("git:v1:k8s/a.yaml", "old a")]
    assert [name for name, _ in found("git:v1:.")] == ["git:v1:k8s/sub/b.yml", "git:v1:k8s/sub/c.npv"]


@pytest.mark.parametrize(
    ("path", "code", "message", "fix"),
    [
        ("git:mian:k8s", "NPV402", "git knows no commit `mian`", "did you mean `main`?"),
        ("git:v1:k9s", "NPV404", "there is no `k9s` at `v1`", "counts from the root"),
        ("git:v1:/etc", "NPV404", "there is no `/etc` at `v1`", "counts from the root"),
        ("git:v1:../up", "NPV404", "there is no `../up` at `v1`", "counts from the root"),
        ("git::k8s", "NPV405", "names no commit", "git:main:k8s"),
        ("git:--all:k8s", "NPV405", "names no commit", "git:main:k8s"),
        ("git:a b:k8s", "NPV405", "names no commit", "git:main:k8s"),
        ("git:HEAD^{tree}:k8s", "NPV402", "git knows no commit `HEAD^{tree}`", ""),
    ],
)
def test_what_cannot_be_had(repo: Path, path: str, code: str, message: str, fix: str) -> None:
    """One message with a way to mend it."""
    problems = Problems()
    assert list(files([path], problems, None)) == []
    (error,) = problems.errors
    assert error.code == code
    assert message in error.message
    assert fix in error.fix


def test_a_path_from_the_working_folder(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mend of a path that would be there if it counted from the working folder."""
    monkeypatch.chdir(repo / "k8s")
    problems = Problems()
    assert list(files(["git:v1:sub"], problems, None)) == []
    assert problems.errors[0].fix == "the path counts from the root of the repository; write git:v1:./sub"


def test_a_folder_without_manifests(repo: Path) -> None:
    """Is the error that it is on disk."""
    (repo / "docs").mkdir()
    (repo / "docs" / "a.txt").write_text("-", encoding="utf-8")
    git(repo, "add", "docs")
    git(repo, "commit", "--quiet", "-m", "three")
    problems = Problems()
    assert list(files(["git:HEAD:docs"], problems, None)) == []
    assert [error.code for error in problems.errors] == ["NPV003"]


def test_links_and_submodules(repo: Path, tmp_path: Path) -> None:
    """A link to a file of the commit is followed; what is not read is told."""
    for name, target in {
        "l.yaml": "sub/b.yml",
        "gone.yaml": "nowhere",
        "away.yaml": "/etc/hosts",
        "dir": "sub",
    }.items():
        (repo / "k8s" / name).symlink_to(target)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet", "--initial-branch=main")
    git(other, "commit", "--quiet", "--allow-empty", "-m", "x")
    git(repo, "submodule", "--quiet", "add", str(other), "k8s/module")
    git(repo, "add", "k8s")
    git(repo, "commit", "--quiet", "-m", "links")
    problems = Problems()
    read = {file.name: file.content for file in files(["git:HEAD:k8s"], problems, None)}
    assert read["git:HEAD:k8s/l.yaml"] == "not committed"  # what `add` has taken up
    assert problems.errors == ()
    assert [(w.code, w.message.split("`")[1].rpartition(":")[2]) for w in problems.warnings] == [
        ("NPV407", "k8s/module"),
        ("NPV407", "git:HEAD:k8s/away.yaml".rpartition(":")[2]),
        ("NPV407", "k8s/dir"),
        ("NPV407", "k8s/gone.yaml"),
    ]


def test_a_shallow_clone(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message of a checkout that was not deep enough."""
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-tags", f"file://{repo}", "clone")
    monkeypatch.chdir(tmp_path / "clone")
    problems = Problems()
    assert list(files(["git:HEAD~1:k8s"], problems, None)) == []
    assert problems.errors[0].code == "NPV403"
    assert "fetch-depth: 0" in problems.errors[0].fix


def test_a_branch_of_the_remote(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the remote has the branch, its name there is the mend."""
    git(repo, "branch", "side")
    git(tmp_path, "clone", "--quiet", f"file://{repo}", "clone")
    monkeypatch.chdir(tmp_path / "clone")
    problems = Problems()
    assert list(files(["git:side:k8s"], problems, None)) == []
    assert problems.errors[0].fix == "write git:origin/side:…"
    assert found("git:origin/side:k8s/sub/b.yml") == [("git:origin/side:k8s/sub/b.yml", "new b")]


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor git itself."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    problems = Problems()
    assert list(files(["git:main:k8s"], problems, None)) == []
    assert [error.code for error in problems.errors] == ["NPV401"]
    monkeypatch.setenv("PATH", str(tmp_path))
    problems = Problems()
    assert list(files(["git:main:k8s"], problems, None)) == []
    assert [error.code for error in problems.errors] == ["NPV400"]
