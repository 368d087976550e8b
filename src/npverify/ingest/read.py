"""Files, folders and standard input to Kubernetes objects with positions, and the assertion files among them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from npverify.ingest import json_quick, json_text, yaml_errors, yaml_quick
from npverify.ingest.collector import keep, without_gc
from npverify.ingest.compose import UNTAGGED, MappingNode, Node, ScalarNode, SequenceNode, TooDeep, YAMLError, compose
from npverify.ingest.construct import Unusable, check_aliases, construct, too_deep
from npverify.ingest.document import Document, Locator, Path
from npverify.ingest.files import SPEC, STDIN, File, LargeFile, StoredFile, large_files
from npverify.ingest.git import is_git
from npverify.ingest.locate import JsonLocator, Trees, YamlListLocator, YamlLocator
from npverify.ingest.objects import Sorter, is_foreign
from npverify.ingest.scalars import Scalar, plain
from npverify.ingest.scopes import in_release
from npverify.ingest.source import Problems, Span
from npverify.ingest.split import Chunk, chunks, header
from npverify.ingest.stored import StoredText
from npverify.ingest.text import AsciiText, Part, Text

_TEMPLATE = re.compile(r"\{\{")
_HEAD = re.compile(r"(?:---\n)?apiVersion: ([A-Za-z0-9./-]+)\nkind: ([A-Za-z]+)\n")
_CHART = "Chart.yaml"
_CONFIG = "npverify.yaml"  # the other name, `.npverify.yaml`, begins with a dot
_OURS = ("npverify/", "npverify-baseline/")
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml")
_SHOWN = 3
_Named = File | LargeFile | StoredFile


@dataclass(frozen=True, slots=True)
class SpecText:
    """An assertion file (`.npv`)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was read: `skipped` counts the objects of kinds that were not wanted, by kind, sorted."""

    documents: tuple[Document, ...]
    specs: tuple[SpecText, ...]
    files: int
    skipped: Mapping[str, int]


def read(
    paths: Sequence[str | File],
    problems: Problems,
    *,
    wanted: Callable[[str, str], bool],
    stdin: Callable[[], bytes] | None = None,
    tidy: Callable[[Any], None] = lambda _item: None,
) -> Bundle:
    """Everything that `paths` lead to. `wanted` (apiVersion, kind) chooses the objects; problems of all files are collected.

    `tidy` is shown each item of a long list, and may take out what nobody asks for, so that not all that is read is in
    memory at once; the item and the maps right below it are its own, what is deeper may be shared.
    """
    skipped: Counter[str] = Counter()
    sorter = Sorter(cache(wanted), lambda kind: skipped.update((kind,)), problems)
    reader = _Reader(sorter, problems, tidy)
    documents: list[Document] = []
    specs: list[SpecText] = []
    count = 0
    with without_gc():
        for file in large_files(paths, problems, stdin):
            count += 1
            if isinstance(file, File) and file.name.lower().endswith(SPEC):
                specs.append(SpecText(file.name, file.content))
            else:
                documents.extend(reader.of_file(file))
        keep(len(documents))
    reader.warn_foreign()
    reader.warn_kustomizations()
    return Bundle(tuple(documents), tuple(specs), count, dict(sorted(skipped.items())))


@dataclass(frozen=True, slots=True, eq=False)
class FileBundle:
    """What one manifest file holds: `skipped` are the kinds of the objects that were not wanted, `foreign` the places of
    documents that are no objects, `kustomizations` its name if it tells kustomize what to do."""

    documents: tuple[Document, ...]
    skipped: tuple[str, ...] = ()
    foreign: tuple[Span, ...] = ()
    kustomizations: tuple[str, ...] = ()


def read_file(
    file: File | LargeFile | StoredFile,
    problems: Problems,
    *,
    wanted: Callable[[str, str], bool],
    tidy: Callable[[Any], None] = lambda _item: None,
) -> FileBundle:
    """One of the files that `read` would read, likewise; what can only be told of all of them, `warn_of` tells."""
    skipped: list[str] = []
    reader = _Reader(Sorter(cache(wanted), skipped.append, problems), problems, tidy)
    with without_gc():
        documents = tuple(reader.of_file(file))
    return FileBundle(documents, tuple(skipped), tuple(reader.foreign), tuple(reader.kustomizations))


def warn_of(bundles: Iterable[FileBundle], problems: Problems) -> None:
    """The warnings of `read` about all files together."""
    whole = _Reader(Sorter(lambda _version, _kind: True, lambda _kind: None, problems), problems)
    for bundle in bundles:
        whole.foreign += bundle.foreign
        whole.kustomizations += bundle.kustomizations
    whole.warn_foreign()
    whole.warn_kustomizations()


def read_content(
    name: str, content: str, problems: Problems, *, wanted: Callable[[str, str], bool]
) -> tuple[Document, ...]:
    """The objects of a text that stands in no file yet; messages call it `name`."""
    reader = _Reader(Sorter(wanted, lambda _kind: None, problems), problems)
    return tuple(reader.documents(File(name, content, named=True)))


class _Reader:
    """Reads the files of a run. Guards the trees that were parsed last, what the quick reader has seen, the documents that are no objects, and the files
    that tell kustomize what to do."""

    def __init__(self, sorter: Sorter, problems: Problems, tidy: Callable[[Any], None] = lambda _item: None) -> None:
        self.sorter = sorter
        self.tidy = tidy
        self.problems = problems
        self.trees = Trees()
        self.quick = yaml_quick.Reader()
        self.foreign: list[Span] = []
        self.kustomizations: list[str] = []

    def documents(self, file: File) -> Iterator[Document]:
        """The wanted objects of a manifest file."""
        if _basename(file.name) in _KUSTOMIZATION:
            self.kustomizations.append(file.name)
        text = Text(file.name, file.content)
        begin = json_text.blank_end(file.content, 0)
        if begin == len(file.content):
            fix = "look at the command before the pipe" if file.name == STDIN else "drop it, or write a manifest"
            self.problems.warn("NPV016", "nothing in this file", Span(file.name), fix)
            return
        named_json = file.name.lower().endswith(".json")
        looks_json = file.content.startswith(("{", "["), begin) and not file.content.startswith("{{", begin)
        if named_json or looks_json:
            try:
                yield from self.json(file, text)
                return
            except json_text.BadJson as error:
                if named_json or error.code != "NPV013":  # else it may still be YAML in flow style
                    whole = Part(text, 0, len(file.content), self.problems)
                    whole.error(error.code, error.message, error.offset, error.fix)
                    return
        yield from self.yaml(file, text)

    def of_file(self, file: File | LargeFile | StoredFile) -> Iterable[Document]:
        """The objects of a file."""
        if isinstance(file, StoredFile):
            return self.stored(file)
        return self.large(file) if isinstance(file, LargeFile) else in_release(file.name, self.documents(file))

    def stored(self, file: StoredFile) -> Iterable[Document]:
        """The objects of a large file on the disk."""
        text = StoredText(file.stored)
        if file.name.lower().endswith(".json"):
            if (quick := json_quick.decode_stored(file.stored, self.tidy)) is not None:
                locator = JsonLocator(text, text.blank_end(0), quick.lengths)
                return self.of_json(file, [(locator, quick.value, Problems())])
        elif _basename(file.name) not in _KUSTOMIZATION and (listed := self.quick.stored(file.stored, self.tidy)):
            return self.quick_document(file, text, Chunk(0, file.stored.size), listed)
        read = file.read(self.problems)
        return () if read is None else self.of_file(read)

    def large(self, file: LargeFile) -> Iterable[Document]:
        """The objects of a large file."""
        text = AsciiText(file.name, file.data)
        quick = json_quick.decode(file.data, self.tidy)
        if quick is None:
            del text
            return self.documents(file.whole())
        locator = JsonLocator(text, text.blank_end(0), quick.lengths)
        return self.of_json(file, [(locator, quick.value, Problems())])

    def json(self, file: File, text: Text) -> list[Document]:
        """The objects of a file of JSON documents one after the other; nothing is reported where it raises BadJson."""
        found: list[tuple[JsonLocator, object, Problems]] = []
        content = file.content
        at = json_text.blank_end(content, 0)
        if len(content) >= json_quick.WORTHWHILE and (quick := json_quick.decode(content, self.tidy)):
            found.append((JsonLocator(text, at, quick.lengths), quick.value, Problems()))
            at = len(content)
        while at < len(content):
            problems = Problems()
            value, end = json_text.parse(Part(text, 0, len(content), problems), at)
            found.append((JsonLocator(text, at), value, problems))
            at = json_text.blank_end(content, end)
        return self.of_json(file, found)

    def of_json(self, file: _Named, found: list[tuple[JsonLocator, object, Problems]]) -> list[Document]:
        """The objects of the documents of a file."""
        documents: list[Document] = []
        for locator, value, problems in found:
            if value is None or self.is_foreign(file, value, locator) or self.is_unwanted(value):
                continue
            self.problems.extend(problems.errors)
            documents.extend(self.sorter.objects(value, locator))
        return documents

    def yaml(self, file: File, text: Text) -> Iterator[Document]:
        """The objects of a YAML stream; a syntax error ends only its own document."""
        for chunk in chunks(file.content):
            if not self.may_be_unwanted(file.content, chunk) and (
                quick := self.quick.document(file.content, chunk, self.tidy)
            ):
                yield from self.quick_document(file, text, chunk, quick)
                continue
            known = header(file.content, chunk)
            if known and self.sorter.unwanted(*known):
                continue
            part = Part(text, chunk.start, chunk.end, self.problems)
            try:
                roots = compose(part.content)
            except (YAMLError, TooDeep) as error:
                if self.is_template(part):
                    return
                self.syntax_error(part, error)
                continue
            for index, root in enumerate(roots):
                try:
                    yield from self.yaml_document(file, part, chunk, index, root)
                except _IsTemplate:
                    self.is_template(part)
                    return
                except Unusable:
                    continue

    def may_be_unwanted(self, content: str, chunk: Chunk) -> bool:
        """Whether the first lines of a document name a kind that nobody wants; then `header` decides without reading on."""
        head = _HEAD.match(content, chunk.start, chunk.end)
        return head is not None and not head[2].endswith("List") and not self.sorter.wanted(head[1], head[2])

    def quick_document(self, file: _Named, text: Text, chunk: Chunk, quick: yaml_quick.Quick) -> Iterator[Document]:
        """The objects of a document without a problem in it."""
        # without items it finds what a YamlLocator finds
        locator = YamlListLocator(text, chunk, quick.start, quick.items, self.trees)
        if self.is_unwanted(quick.value) or self.is_foreign(file, quick.value, locator):
            return
        yield from self.sorter.objects(quick.value, locator)

    def yaml_document(self, file: File, part: Part, chunk: Chunk, index: int, root: Node) -> Iterator[Document]:
        """The objects of one document; raises Unusable after a report, _IsTemplate before one."""
        if isinstance(root, ScalarNode) and root.value == "":
            return
        if self.is_unwanted(_peek(root)):
            return
        if "*" in part.content:
            check_aliases(root, part)
        found = Problems()
        try:
            value = construct(root, Part(part.text, part.start, part.end, found))
        except Unusable:
            self.problems.extend(found.errors)
            raise
        if found.errors and _TEMPLATE.search(part.content) and any(d.code == "NPV009" for d in found.errors):
            raise _IsTemplate
        locator = YamlLocator(part.text, chunk, index, _starts(root, chunk), self.trees)
        if value is None or self.is_foreign(file, value, locator):
            return
        self.problems.extend(found.errors)
        yield from self.sorter.objects(value, locator)

    def is_unwanted(self, value: object) -> bool:
        if not isinstance(value, dict):
            return False
        api_version, kind = value.get("apiVersion"), value.get("kind")
        return (
            isinstance(api_version, str)
            and isinstance(kind, str)
            and bool(api_version and kind)
            and self.sorter.unwanted(api_version, kind)
        )

    def is_foreign(self, file: _Named, value: object, locator: Locator) -> bool:
        if _basename(file.name) in _KUSTOMIZATION and is_foreign(value):  # kustomize lets it do without a kind
            return True
        if not file.named and is_foreign(value) and _is_ours(file, value):
            self.sorter.skip("file of npverify")
            return True
        if file.named or not (is_foreign(value) or _basename(file.name) == _CHART):
            return False
        self.foreign.append(locator.locate(()))
        return True

    def is_template(self, part: Part) -> bool:
        found = _TEMPLATE.search(part.content)
        if not found:
            return False
        fix = "name the chart as `helm:CHART`, which renders it, or pipe: `helm template RELEASE CHART | npverify COMMAND -`"
        part.error("NPV007", "this is a Helm template (`{{`), not YAML", found.start(), fix)
        return True

    def syntax_error(self, part: Part, error: YAMLError | TooDeep) -> None:
        if isinstance(error, YAMLError):
            yaml_errors.report(part, error)
            return
        try:
            too_deep(part, error.offset)
        except Unusable:
            return

    def warn_foreign(self) -> None:
        """One warning that counts the documents of folders that are no Kubernetes objects."""
        if not self.foreign:
            return
        names = list(dict.fromkeys(span.file for span in self.foreign))
        many = len(self.foreign) > 1
        message = f"{len(self.foreign)} document{'s are' if many else ' is'} no Kubernetes object{'s' if many else ''}, skipped: {_listed(names)}"
        self.problems.warn("NPV015", message, self.foreign[0], "to see why, name the file itself")

    def warn_kustomizations(self) -> None:
        """One warning that files are read as they stand, where kustomize would change them."""
        if not self.kustomizations:
            return
        many = len(self.kustomizations) > 1
        message = (
            f"{_listed(self.kustomizations)} {'are' if many else 'is'} not applied: namespaces, labels and patches of"
            " kustomize are missing from the manifests that were read"
        )
        first = self.kustomizations[0]
        if is_git(first):
            fix = "check the commit out, and name the folder as `kustomize:FOLDER`, which builds it"
        else:
            fix = f"name the folder that kustomize is to build as `kustomize:{os.path.dirname(first) or '.'}`"
        self.problems.warn("NPV017", message, fix=fix)


def _is_ours(file: _Named, value: object) -> bool:
    """Whether it is a config file, a report or a baseline of this program, which may lie beside the manifests."""
    schema = value.get("schema") if isinstance(value, dict) else None
    return _basename(file.name) == _CONFIG or (isinstance(schema, str) and schema.startswith(_OURS))


class _IsTemplate(Exception):
    pass


def _basename(name: str) -> str:
    """The last part of a path; that of `git:REF:file` is `file`."""
    return os.path.basename(name.split(":", 2)[-1] if is_git(name) else name)


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _peek(root: Node) -> dict[str, Scalar]:
    """The fields of a tree that are scalars and written once, without making values of the rest."""
    if not isinstance(root, MappingNode):
        return {}
    names = Counter(key.value for key, _ in root.value if isinstance(key, ScalarNode))
    return {
        key.value: value.value if value.style else plain(value.value)
        for key, value in root.value
        if isinstance(key, ScalarNode) and names[key.value] == 1 and "<<" not in names
        if isinstance(value, ScalarNode) and value.tag == UNTAGGED
    }


def _starts(root: Node, chunk: Chunk) -> dict[Path, int]:
    """The offsets in the file of the root and of the objects of a list."""
    starts: dict[Path, int] = {(): chunk.start + root.start_mark.index}
    for key, value in root.value if isinstance(root, MappingNode) else []:
        if isinstance(key, ScalarNode) and key.value == "items" and isinstance(value, SequenceNode):
            starts.update({("items", i): chunk.start + item.start_mark.index for i, item in enumerate(value.value)})
    return starts
