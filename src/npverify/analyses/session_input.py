"""What a session holds of its input: files with their documents, each of which may be replaced, taken away or added to.

Values are frozen: an edit gives a new `Input`, so that one that turns out to be wrong leaves nothing behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from npverify.analyses.load import Given
from npverify.analyses.remotes import Remotes, wanted
from npverify.analyses.specs import named_specs
from npverify.dialects import is_policy
from npverify.ingest.document import Document
from npverify.ingest.files import NOTHING_UNSAVED, SPEC, File, files
from npverify.ingest.read import FileBundle, SpecText, read_file, warn_of
from npverify.ingest.source import Diagnostic, Problems
from npverify.inventory.build import is_inventory
from npverify.inventory.namespaces import namespace_of
from npverify.inventory.objects import POSITIONED
from npverify.inventory.slim import Slim

Place = tuple[str, Document]
"""The file in which an object stands, and its document."""

Identity = tuple[str, str, str, str]
"""Which API object a document describes: group, kind, namespace (`default` where it does not say), name."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A manifest file: its text when it was read, what is held of it now, and what was said of reading it."""

    content: str | None  # None: it was given without a file
    bundle: FileBundle
    policies: tuple[Document, ...]
    said: tuple[Diagnostic, ...]

    @classmethod
    def read(cls, file: File, tidy: Slim) -> Held:
        """A file as it stands, without what `tidy` takes out of it."""
        said = Problems()
        bundle = read_file(file, said, wanted=wanted, tidy=tidy)
        return cls(file.content, bundle, _policies(bundle.documents), (*said.errors, *said.warnings))

    def swapped(self, old: Document | None, new: Document | None) -> Held:
        """The file with one document in the place of another; None: none."""
        documents = _swapped(self.bundle.documents, old, new)
        judged = [doc if doc is not None and is_policy(doc.api_version, doc.kind) else None for doc in (old, new)]
        policies = self.policies
        if judged[0] is not None and judged[1] is not None:
            policies = _swapped(policies, *judged)
        elif judged != [None, None]:
            policies = _policies(documents)
        return replace(self, bundle=replace(self.bundle, documents=documents), policies=policies)


def _swapped(documents: tuple[Document, ...], old: Document | None, new: Document | None) -> tuple[Document, ...]:
    more = () if new is None else (new,)
    if old is None:
        return (*documents, *more)
    at = documents.index(old)
    return (*documents[:at], *more, *documents[at + 1 :])


def _policies(documents: Iterable[Document]) -> tuple[Document, ...]:
    return tuple(doc for doc in documents if is_policy(doc.api_version, doc.kind))


@dataclass(frozen=True, slots=True, eq=False)
class Input:
    """Manifest files by name, in the order in which they are read, and the specs. `said` is about no file that is held."""

    manifests: Mapping[str, Held] = field(default_factory=dict)
    specs: tuple[SpecText, ...] = ()
    said: tuple[Diagnostic, ...] = ()

    @classmethod
    def read(
        cls,
        paths: Sequence[str],
        specs: Sequence[str],
        stdin: Callable[[], bytes] | None,
        before: Input | None = None,
        unsaved: Mapping[str, str] = NOTHING_UNSAVED,
    ) -> Input:
        """Everything that paths lead to. Of files whose text is the same as `before`, what was held of them; texts that were
        given without a file stay, behind the files."""
        said, tidy = Problems(), Slim()
        manifests: dict[str, Held] = {}
        found: list[SpecText] = []
        for file in files(paths, said, stdin, unsaved):
            if file.name.lower().endswith(SPEC):
                found.append(SpecText(file.name, file.content))
                continue
            known = before.manifests.get(file.name) if before is not None else None
            manifests[file.name] = known if known and known.content == file.content else Held.read(file, tidy)
        texts = named_specs(found, specs, said, unsaved)
        for name, held in before.manifests.items() if before is not None else ():
            if held.content is None:
                manifests.setdefault(name, held)
        return cls(manifests, texts, (*said.errors, *said.warnings))

    @property
    def documents(self) -> Iterator[Document]:
        """Every document, in order."""
        return chain.from_iterable(held.bundle.documents for held in self.manifests.values())

    def given(self, remotes: Remotes, problems: Problems) -> Given:
        """What `settle` needs; what was said while it was read goes to `problems`."""
        bundles = [held.bundle for held in self.manifests.values()]
        problems.extend(self.said)
        problems.extend(chain.from_iterable(held.said for held in self.manifests.values()))
        warn_of(bundles, problems)
        return Given(
            tuple(self.documents),
            tuple(chain.from_iterable(held.policies for held in self.manifests.values())),
            self.specs,
            Counter(chain.from_iterable(bundle.skipped for bundle in bundles)),
            remotes,
        )

    def applied(self, name: str, content: str, where: Places) -> Edit:
        """With the objects of a text: each in the place of the object of its identity, else behind those of that name."""
        fresh = Held.read(File(name, content, named=True), Slim())
        manifests = dict(self.manifests)
        own = manifests.get(name, Held(None, FileBundle(()), (), ()))
        manifests[name] = replace(own, said=fresh.said)
        gone: list[Document] = []
        come: list[tuple[str, Document]] = []
        for doc in fresh.bundle.documents:
            file, old = where.of(identity(doc)) or (name, None) if doc.name else (name, None)
            if old in gone:  # the same object twice in one text: told as a duplicate
                file, old = name, None
            if old is not None:
                gone.append(old)
            come.append((file, doc))
            manifests[file] = manifests[file].swapped(old, doc)
        return Edit(replace(self, manifests=manifests), tuple(gone), tuple(come))

    def without(self, file: str, old: Document) -> Edit:
        """Without one document."""
        manifests = {**self.manifests, file: self.manifests[file].swapped(old, None)}
        return Edit(replace(self, manifests=manifests), (old,), ())

    def with_spec(self, spec: SpecText) -> Input:
        """With the text of a spec, in the place of the one of that name, else behind the others."""
        at = [known.name for known in self.specs]
        if spec.name not in at:
            return replace(self, specs=(*self.specs, spec))
        return replace(self, specs=tuple(spec if known.name == spec.name else known for known in self.specs))

    def without_spec(self, name: str) -> Input:
        """Without a spec."""
        return replace(self, specs=tuple(spec for spec in self.specs if spec.name != name))


def identity(doc: Document) -> Identity:
    """Which object a document describes."""
    return (doc.group, doc.kind, doc.namespace or "default", doc.name)


class Edit(NamedTuple):
    """The input after an edit, with the documents that it takes away, and those that it brings with their files."""

    input: Input
    gone: tuple[Document, ...] = ()
    come: tuple[tuple[str, Document], ...] = ()


class Places:
    """Where objects stand. Guards the index, which is by name alone, as that is made in no time."""

    def __init__(self, of: Input) -> None:
        self._by_name: dict[str, list[Place]] = {}
        for name, held in of.manifests.items():
            self._add((name, doc) for doc in held.bundle.documents)

    def named(self, name: str) -> dict[Identity, Place]:
        """The places of all objects of a name."""
        return {identity(place[1]): place for place in self._by_name.get(name, ())}

    def of(self, wanted: Identity) -> Place | None:
        """The place of an object."""
        return self.named(wanted[-1]).get(wanted)

    def follow(self, edit: Edit) -> None:
        """Make an edit here too."""
        for doc in edit.gone:
            places = self._by_name.get(doc.name, [])
            places[:] = [place for place in places if identity(place[1]) != identity(doc)]
        self._add(edit.come)

    def _add(self, places: Iterable[Place]) -> None:
        for place in places:
            self._by_name.setdefault(place[1].name, []).append(place)


def difference(old: Input, new: Input) -> Edit:
    """The step from one input to another as an edit. A document that changes its place goes and comes."""
    changed = [name for name, held in new.manifests.items() if old.manifests.get(name) is not held]
    before = _documents(old, [*changed, *(name for name in old.manifests if name not in new.manifests)])
    return Edit(new, tuple(doc for _, doc in before), tuple(_documents(new, changed)))


def _documents(of: Input, names: Iterable[str]) -> Iterator[tuple[str, Document]]:
    held = ((name, of.manifests[name]) for name in names if name in of.manifests)
    return ((name, doc) for name, each in held for doc in each.bundle.documents)


def changed_objects(edit: Edit) -> tuple[str, ...]:
    """The objects that an edit makes, takes away, or gives something else to say; by name, sorted."""
    old = {identity(doc): doc.value for doc in edit.gone}
    new = {identity(doc): doc.value for _, doc in edit.come}
    return tuple(sorted(_shown(key) for key in {**old, **new} if old.get(key) != new.get(key)))


def _shown(key: Identity) -> str:
    _, kind, namespace, name = key
    return f"{kind} {name}" if namespace == "default" else f"{kind} {namespace}/{name}"


def used_after(used: Counter[str], edit: Edit) -> Counter[str]:
    """How many documents name each namespace after an edit."""
    counts = used.copy()
    counts.subtract(namespace for doc in edit.gone if (namespace := namespace_of(doc)))
    counts.update(namespace for _, doc in edit.come if (namespace := namespace_of(doc)))
    return +counts


def same_inventory(old: Input, edit: Edit, used: Counter[str], now_used: Counter[str]) -> bool:
    """Whether nothing that the inventory is built from is another after an edit: no object of its kinds, no namespace that is
    used, no object that does not say its namespace (a warning counts those)."""
    moved = (*edit.gone, *(doc for _, doc in edit.come))
    return (
        not any(is_inventory(doc.api_version, doc.kind) or doc.kind == "HostEndpoint" for doc in moved)
        and not any(namespace_of(doc) == "" for doc in moved)
        and used.keys() == now_used.keys()
        and _large(old) == _large(edit.input)
    )


def _large(of: Input) -> bool:
    """Whether there are so many documents that endpoints have no positions."""
    return sum(len(held.bundle.documents) for held in of.manifests.values()) > POSITIONED
