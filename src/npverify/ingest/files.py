"""Paths of the command line to decoded files: which files are read, in which order, under which name."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from npverify.ingest.git import git_files, is_git
from npverify.ingest.rendered import is_rendered, rendered_files
from npverify.ingest.source import Problems, Span
from npverify.ingest.stored import Stored

MANIFESTS = (".yaml", ".yml", ".json")
SPEC = ".npv"
STDIN = "<stdin>"
NOTHING_UNSAVED: Mapping[str, str] = {}

LARGE = 1 << 24
"""Bytes from which on a file is large."""
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read; `named` says that the user gave it by name, not a folder that holds it."""

    name: str
    content: str
    named: bool


@dataclass(frozen=True, slots=True)
class LargeFile:
    """A large file of JSON in ASCII: its bytes say where everything stands, so that its text need not be there beside them."""

    name: str
    data: bytes
    named: bool

    def whole(self) -> File:
        """The same with its text."""
        return File(self.name, self.data.decode("ascii"), self.named)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A large file of JSON or YAML on the disk, of which nothing was read yet."""

    name: str
    stored: Stored
    named: bool

    def read(self, problems: Problems) -> File | LargeFile | None:
        """The same, read; None if it cannot be, which is reported."""
        self.stored.close()
        return _read(self.name, _bytes(self.name, problems, None), self.named, problems)


def files(
    paths: Sequence[str | File],
    problems: Problems,
    stdin: Callable[[], bytes] | None,
    unsaved: Mapping[str, str] = NOTHING_UNSAVED,
) -> Iterator[File]:
    """Every file that `paths` lead to, once, in the order of the paths; folders in the order of their names.

    A path may be a file that was read elsewhere, which is given as it is, before those that are still to be read. `unsaved`
    holds texts that count in the place of those on the disk, by the real path of the file; in a folder also of new files.
    """
    for file in large_files(paths, problems, stdin, unsaved):
        read = file.read(problems) if isinstance(file, StoredFile) else file
        if read is not None:
            yield read.whole() if isinstance(read, LargeFile) else read


def large_files(
    paths: Sequence[str | File],
    problems: Problems,
    stdin: Callable[[], bytes] | None,
    unsaved: Mapping[str, str] = NOTHING_UNSAVED,
) -> Iterator[File | LargeFile | StoredFile]:
    """The same, large ones apart."""
    yield from (path for path in paths if isinstance(path, File))
    named = [path for path in paths if isinstance(path, str)]
    found = [*_found(named, problems), *_new(named, unsaved)]
    by_name = {one.identity for one in found if one.named}
    seen: set[str] = set()
    for one in found:
        if one.identity in seen:
            continue
        seen.add(one.identity)
        if one.identity in unsaved:
            yield File(one.name, unsaved[one.identity], one.identity in by_name)
            continue
        is_named = one.identity in by_name
        if one.data is None and (stored := _stored(one.name)) is not None:
            yield StoredFile(one.name, stored, is_named)
            continue
        data = one.data if one.data is not None else _bytes(one.name, problems, stdin)
        read = _read(one.name, data, is_named, problems)
        del data
        if read is not None:
            yield read


def digests(
    paths: Sequence[str], problems: Problems, stdin: Callable[[], bytes] | None
) -> Iterator[tuple[str, bool, str | None, int]]:
    """Of every file that `files` finds, in its order: the name, whether it was named, the SHA-256 of its bytes, and the place among
    all of the first that is the same file, as with links: it is read once, a copy is read again. No SHA-256 is there of what can be
    read only once, as a pipe, which is left for whoever reads it."""
    first: dict[str, int] = {}
    for number, one in enumerate(_found(paths, problems)):
        same = first.setdefault(one.identity, number)
        try:
            if one.data is None and one.name != STDIN:
                yield one.name, one.named, _digest_of(one.name), same
            else:
                data = one.data if one.data is not None else _bytes(one.name, problems, stdin)
                yield one.name, one.named, hashlib.sha256(data or b"").hexdigest(), same
        except OSError as error:
            _unreadable(one.name, error, problems)


def _digest_of(name: str) -> str | None:
    if os.path.exists(name) and not os.path.isfile(name):
        return None
    with open(name, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stored(name: str) -> Stored | None:
    """A file on the disk that is to stay there; None of one that is not large, or is read in another way."""
    try:
        if (
            name != STDIN
            and name.lower().endswith(MANIFESTS)
            and os.path.isfile(name)
            and os.path.getsize(name) >= LARGE
        ):
            return Stored(name)
    except OSError:
        pass  # which is reported when it is read
    return None


def _read(name: str, data: bytes | None, named: bool, problems: Problems) -> File | LargeFile | None:
    if data is not None and _is_large(name, data):
        return LargeFile(name, data, named)
    content = None if data is None else _decoded(name, data, problems)
    return None if content is None else File(name, content, named)


class _Found(NamedTuple):
    """A file to read; `data` is there where finding it meant reading it."""

    name: str
    named: bool
    identity: str
    data: bytes | None = None


def _found(paths: Sequence[str], problems: Problems) -> Iterator[_Found]:
    for path in paths:
        if is_git(path):
            for file in git_files(path, (*MANIFESTS, SPEC), problems):
                yield _Found(file.name, file.named, file.identity, file.data)
        elif is_rendered(path):
            for made in rendered_files(path, problems):
                yield _Found(made.name, named=True, identity=made.name, data=made.data)
        else:
            yield from (_Found(name, named, _identity(name)) for name, named in _names(path, problems))


def _new(paths: Sequence[str], unsaved: Mapping[str, str]) -> Iterator[_Found]:
    """The unsaved files inside of folders, for those that are not on the disk yet; the others were found there."""
    for path in paths:
        root = os.path.realpath(path)
        if unsaved and not is_git(path) and not is_rendered(path) and os.path.isdir(root):
            for identity in sorted(unsaved):
                inside = os.path.relpath(identity, root).replace(os.sep, "/")
                hidden = any(part.startswith(".") for part in inside.split("/"))  # `..`, which leads out, among them
                if not hidden and inside.lower().endswith((*MANIFESTS, SPEC)):
                    yield _Found(f"{path.rstrip('/' + os.sep)}/{inside}", named=False, identity=identity)


def _identity(name: str) -> str:
    return name if name == STDIN else os.path.realpath(name)


def _names(path: str, problems: Problems) -> Iterator[tuple[str, bool]]:
    if path == "-":
        yield STDIN, True
    elif os.path.isdir(path):
        found = list(_walk(path, problems, set()))
        if not found:
            fix = f"a folder is searched for {', '.join((*MANIFESTS, SPEC))}; name other files one by one"
            problems.error("NPV003", f"no manifest in the folder `{path}`", Span(path), fix)
        yield from ((name, False) for name in found)
    elif os.path.exists(path):
        yield path, True
    else:
        problems.error("NPV001", f"no such file or folder: `{path}`", Span(path), "check the spelling of the path")


def _walk(folder: str, problems: Problems, open_folders: set[str]) -> Iterator[str]:
    identity = os.path.realpath(folder)
    if identity in open_folders:  # a link to a folder around it
        return
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        _unreadable(folder, error, problems)
        return
    for name in names:
        path = f"{folder.rstrip('/' + os.sep) or '/'}/{name}".replace("//", "/")
        if name.startswith("."):
            continue
        if os.path.isdir(path):
            yield from _walk(path, problems, open_folders | {identity})
        elif name.lower().endswith((*MANIFESTS, SPEC)):
            yield path


def _bytes(name: str, problems: Problems, stdin: Callable[[], bytes] | None) -> bytes | None:
    try:
        if name == STDIN:
            if stdin is None:
                problems.error("NPV002", "standard input cannot be read here", Span(name), "name a file or a folder")
                return None
            return stdin()
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        _unreadable(name, error, problems)
        return None


def _is_large(name: str, data: bytes) -> bool:
    return len(data) >= LARGE and name.lower().endswith(".json") and data.isascii() and b"\0" not in data


def _unreadable(name: str, error: OSError, problems: Problems) -> None:
    reason = (error.strerror or str(error)).lower()
    problems.error("NPV002", f"cannot read `{name}`: {reason}", Span(name), "check that it exists and may be read")


def _decoded(name: str, data: bytes, problems: Problems) -> str | None:
    if data.startswith(_UTF16_BOMS):
        fix = "save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`"
        problems.error("NPV004", "this file is UTF-16; manifests are UTF-8", Span(name), fix)
        return None
    data = data.removeprefix(_UTF8_BOM)
    if (at := data.find(b"\0")) >= 0:
        problems.error("NPV004", "a NUL byte: this is no text file", _byte_span(name, data, at), "name only manifests")
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"byte 0x{data[error.start]:02X} is not UTF-8"
        problems.error("NPV004", message, _byte_span(name, data, error.start), "save the file as UTF-8")
        return None


def _byte_span(name: str, data: bytes, at: int) -> Span:
    begin = data.rfind(b"\n", 0, at) + 1
    return Span(name, data.count(b"\n", 0, at) + 1, len(data[begin:at].decode("utf-8", "replace")) + 1)
