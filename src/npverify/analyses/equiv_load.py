"""Reads the two sides of a comparison: a file that both name is read once, and an inventory that is the same is built once.

Each side is what `load` would give for it alone, with the same messages; a test holds the two together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from npverify.analyses.load import NO_REMOTES, Given, Loaded, Options, Settled, settle
from npverify.analyses.remotes import read_remotes, wanted
from npverify.analyses.specs import named_specs
from npverify.dialects import is_policy
from npverify.ingest.collector import keep, without_gc
from npverify.ingest.document import Document
from npverify.ingest.files import SPEC, File, LargeFile, StoredFile, large_files
from npverify.ingest.read import FileBundle, SpecText, read_file, warn_of
from npverify.ingest.source import Diagnostic, Problems
from npverify.inventory.build import is_inventory
from npverify.inventory.namespaces import namespace_of
from npverify.inventory.objects import POSITIONED
from npverify.inventory.slim import Slim


class _Held(NamedTuple):
    """A file with its documents, and what was said of reading it."""

    file: File | LargeFile | StoredFile
    bundle: FileBundle
    said: tuple[Diagnostic, ...]


class Sides:
    """Guards what was read of the first side until the second is there."""

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._first: tuple[Options, Settled] | None = None

    def load(
        self,
        paths: Sequence[str | File],
        options: Options,
        *,
        specs: Sequence[str | File] = (),
        remotes: Mapping[str, Sequence[str | File]] = NO_REMOTES,
        stdin: Callable[[], bytes] | None = None,
    ) -> Loaded:
        """One side; the parameters are those of `npverify.analyses.load.load`. Raises `InputError` as it does."""
        problems = Problems()
        bundles: list[FileBundle] = []
        texts: list[SpecText] = []
        with without_gc():
            for file in large_files(paths, problems, stdin):
                if isinstance(file, File) and file.name.lower().endswith(SPEC):
                    texts.append(SpecText(file.name, file.content))
                    continue
                held = self._held.get(file.name)
                if held is None or not _is_the_same(held.file, file):
                    held = self._held[file.name] = _read(file)
                bundles.append(held.bundle)
                problems.extend(held.said)
            documents = tuple(chain.from_iterable(bundle.documents for bundle in bundles))
            keep(len(documents))
        warn_of(bundles, problems)
        given = Given(
            documents,
            tuple(d for d in documents if is_policy(d.api_version, d.kind)),
            named_specs(texts, specs, problems),
            dict(sorted(Counter(chain.from_iterable(bundle.skipped for bundle in bundles)).items())),
            read_remotes(remotes, problems, stdin),
        )
        if self._first is None or given.remotes.inventories:
            settled = settle(given, options, problems)
            self._first = None if given.remotes.inventories else (options, settled)
            return settled.loaded
        known, before = self._first
        one = options.families == known.families and _one_inventory(before.given.documents, documents)
        return settle(
            given, options, problems, before, same_inventory=one, same_plugin=_plugin(options) == _plugin(known)
        ).loaded


def _is_the_same(known: File | LargeFile | StoredFile, file: File | LargeFile | StoredFile) -> bool:
    """Whether a file of the same name is that which was read."""
    if isinstance(known, StoredFile) and isinstance(file, StoredFile):
        return known.stored.is_as(file.stored)
    return known == file


def _read(file: File | LargeFile | StoredFile) -> _Held:
    said = Problems()
    bundle = read_file(file, said, wanted=wanted, tidy=Slim())
    return _Held(file, bundle, (*said.errors, *said.warnings))


def _plugin(options: Options) -> object:
    return options.cni, options.calico_version, options.assume, options.ignore_kinds


def _one_inventory(left: Sequence[Document], right: Sequence[Document]) -> bool:
    """Whether an inventory is built of the same: objects that tell what exists, namespaces that are used, objects that do not
    say theirs (a warning counts those), and whether there are so many that endpoints have no positions."""
    parts = [
        (
            [
                id(d)
                for d in side
                if is_inventory(d.api_version, d.kind) or d.kind == "HostEndpoint" or namespace_of(d) == ""
            ],
            {namespace_of(d) for d in side},
            len(side) > POSITIONED,
        )
        for side in (left, right)
    ]
    return parts[0] == parts[1]
