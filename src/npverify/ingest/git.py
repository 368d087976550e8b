"""Files as a commit has them, for paths of the form `git:REF:path`, read with the user's own `git`.

`REF` is whatever git takes for a commit: a branch, a tag, a hash, `HEAD~2`. The path counts from the root of the repository, as
in `git show REF:path`; one that begins with `./` or `../` counts from the working folder. Nothing is checked out or written.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from npverify.ingest.fields import nearest
from npverify.ingest.source import Problems, Span

GIT = "git:"
_FORM = "write git:REF:path, such as git:main:k8s; git:main: is all of it"
_LINK, _SUBMODULE = "120000", "160000"


class GitFile(NamedTuple):
    """A file of a commit. `name` is a path that reads it again; `identity` is the same for one file under several names."""

    name: str
    identity: str
    data: bytes
    named: bool


class _Entry(NamedTuple):
    """A line of `git ls-tree`."""

    mode: str
    kind: str
    path: str


class _Failed(Exception):
    """What git said."""


def is_git(path: str) -> bool:
    """Whether a path of the command line is one of a commit."""
    return path.startswith(GIT)


def git_files(text: str, endings: Sequence[str], problems: Problems) -> Iterator[GitFile]:
    """The file that `git:REF:path` names, or those of the folder that end so, in the order of their names."""
    ref, _, path = text.removeprefix(GIT).partition(":")
    if not ref.strip() or ref.startswith("-") or any(c.isspace() for c in ref):
        problems.error("NPV405", f"`{text}` names no commit", Span(text), _FORM)
        return
    try:
        commit = _commit(text, ref, problems)
        if commit is not None:
            yield from _found(text, ref, commit, path, endings, problems)
    except FileNotFoundError:
        fix = "install git, or check the version out and name its folder"
        problems.error("NPV400", f"`{text}` needs the program git, which is not there", Span(text), fix)
    except _Failed as failed:
        problems.error(
            "NPV406", f"git cannot read `{text}`: {failed}", Span(text), "try `git show` with the same REF:path"
        )


def _commit(text: str, ref: str, problems: Problems) -> str | None:
    """The hash of the commit; None after a report of why there is none."""
    try:
        return _run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}").decode().strip()
    except _Failed:
        pass
    try:
        shallow = _run("rev-parse", "--is-shallow-repository").strip() == b"true"
    except _Failed:
        fix = "run it inside the clone, or name files and folders"
        problems.error("NPV401", f"`{text}`: the working folder is in no git repository", Span(text), fix)
        return None
    if shallow:
        fix = "fetch it: `git fetch --unshallow` or, in a GitHub workflow, `fetch-depth: 0` for actions/checkout"
        message = f"`{ref}` is not known in this clone, which is shallow"
        problems.error("NPV403", message, Span(text), fix)
        return None
    known = (
        _run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes").decode().split()
    )
    remote = next((name for name in known if name.partition("/")[2] == ref), "")
    fix = f"write git:{remote}:…" if remote else nearest(ref, known) or "see `git branch -a` and `git tag`"
    problems.error("NPV402", f"git knows no commit `{ref}`", Span(text), fix)
    return None


def _found(
    text: str, ref: str, commit: str, path: str, endings: Sequence[str], problems: Problems
) -> Iterator[GitFile]:
    inside = _from_root(path)
    entry = _entry(commit, inside)
    if entry is None:
        fix = "check the path; it counts from the root of the repository"
        if not path.startswith((".", "/")) and _entry(commit, _from_root(f"./{path}")) is not None:
            fix = f"the path counts from the root of the repository; write git:{ref}:./{path}"
        problems.error("NPV404", f"there is no `{path}` at `{ref}`", Span(text), fix)
        return
    if entry.kind != "tree":
        chosen = [entry]
    else:
        chosen = list(_chosen(_tree(commit, inside), inside, endings))
        links = [e.path for e in chosen if e.mode == _SUBMODULE]
        if links:
            message = f"`{links[0]}` at `{ref}` is a submodule, which is not read"
            problems.warn("NPV407", message, Span(text), "name its files beside it, as its own repository has them")
        chosen = [e for e in chosen if e.mode != _SUBMODULE]
        if not chosen:
            fix = f"a folder is searched for {', '.join(endings)}; name other files one by one"
            problems.error("NPV003", f"no manifest in the folder `{text}`", Span(text), fix)
            return
    for one, (kind, data) in zip(chosen, _contents(commit, [e.path for e in chosen]), strict=True):
        name = f"{GIT}{ref}:{one.path}"
        wanted = entry.kind != "tree" or one.path.lower().endswith(tuple(endings))
        if kind == "blob":
            if wanted:
                yield GitFile(name, f"{GIT}{commit}:{one.path}", data, entry.kind != "tree")
        elif wanted or kind == "tree":
            where = "to a folder" if kind == "tree" else "out of the commit or nowhere"
            message = f"`{name}` is a link that leads {where}, not followed"
            problems.warn("NPV407", message, Span(name), "name what it leads to")


def _from_root(path: str) -> str:
    """The path as it stands in the tree of the commit; "" is the root."""
    if path.startswith("/"):
        return path  # git has no such path
    if path in (".", "..") or path.startswith(("./", "../")):
        path = os.path.join(_run("rev-parse", "--show-prefix").decode().rstrip("\n"), path)
    plain = os.path.normpath(path).replace(os.sep, "/") if path else ""
    return "" if plain == "." else plain


def _entry(commit: str, path: str) -> _Entry | None:
    """What stands at a path; None if there is nothing."""
    if not path:
        return _Entry("040000", "tree", "")
    if path == ".." or path.startswith(("/", "../")):
        return None  # outside the repository, which git refuses to look at
    return next((e for e in _listed(_run("ls-tree", "-z", "--full-tree", commit, "--", path)) if e.path == path), None)


def _tree(commit: str, path: str) -> Iterator[_Entry]:
    """Everything below a folder."""
    where = ["--", f"{path}/"] if path else []
    return _listed(_run("ls-tree", "-z", "-r", "--full-tree", commit, *where))


def _listed(text: bytes) -> Iterator[_Entry]:
    for line in text.split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            mode, kind, *_ = about.decode().split()
            yield _Entry(mode, kind, path.decode("utf-8", "surrogateescape"))


def _chosen(entries: Iterator[_Entry], folder: str, endings: Sequence[str]) -> Iterator[_Entry]:
    """The manifests and specs, as a folder of the working tree is searched for them; with submodules and links, which may
    lead to some."""
    for entry in entries:
        below = entry.path.removeprefix(f"{folder}/" if folder else "")
        if any(part.startswith(".") for part in below.split("/")):
            continue
        if entry.mode in (_SUBMODULE, _LINK) or entry.path.lower().endswith(tuple(endings)):
            yield entry


def _contents(commit: str, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """What stands at each path, links followed inside the commit: "blob" with the text, "tree", or why there is nothing."""
    plain = [path for path in paths if "\n" not in path]
    asked = b"".join(f"{commit}:{path}\n".encode("utf-8", "surrogateescape") for path in plain)
    text = _run("cat-file", "--batch", "--follow-symlinks", given=asked)
    at = 0
    for path in paths:
        if "\n" in path:  # one question is one line
            yield "blob", _run("cat-file", "blob", f"{commit}:{path}")
            continue
        end = text.index(b"\n", at)
        header = text[at:end].split(b" ")
        at = end + 1
        if len(header) == 3:  # hash, kind, size
            size = int(header[2])
            yield header[1].decode(), text[at : at + size]
            at += size + 1
        else:
            if header[0] != b"missing" and header[-1].isdigit():
                at += int(header[-1]) + 1  # symlink, dangling, loop or notdir: its size, and the target follows
            yield header[0].decode(), b""


def _run(*arguments: str, given: bytes | None = None) -> bytes:
    """What git answers; _Failed with what it complains of, FileNotFoundError where there is no git."""
    command = ["git", "--no-optional-locks", *arguments]
    environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(  # the arguments are a list, so no shell reads them
        command, input=given if given is not None else b"", capture_output=True, env=environment, check=False
    )
    if done.returncode:
        raise _Failed(
            done.stderr.decode("utf-8", "replace").strip().splitlines()[0] if done.stderr.strip() else "failed"
        )
    return done.stdout
