"""The steps of a change: the policy objects that are made, changed or taken away between two versions.

In: the documents of both. Out: the edits in the order in which they are preferred, with what must come before what; and the
documents that are no policies, which are the inventory of each version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from npverify.dialects import is_policy
from npverify.dialects.needs import Identity, identity, kind_in_full, namespace_of_policy, needed, only_denies
from npverify.ingest.document import Document
from npverify.ingest.source import Problems, Span
from npverify.smt.orders import Cube


class Action(StrEnum):
    """What an edit does to its object."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """An object that is another one in the new version, or is in one version alone; `old` or `new` is None then."""

    action: Action
    old: Document | None
    new: Document | None

    @property
    def document(self) -> Document:
        """The object as it is in the new version, or the one that goes."""
        found = self.new or self.old
        if found is None:
            raise AssertionError("an edit is about an object")
        return found

    @property
    def span(self) -> Span:
        """Where the object stands: in the new version, or in the old one if it goes."""
        return self.document.span()

    @property
    def object(self) -> str:
        """`NetworkPolicy shop/db`."""
        doc, kind = self.document, kind_in_full(self.document)
        return f"{kind} {self.namespace}/{doc.name}" if self.namespace else f"{kind} {doc.name}"

    @property
    def namespace(self) -> str:
        """Where the object is; "" if it is in no namespace."""
        return namespace_of_policy(self.document)

    def __str__(self) -> str:
        return f"{self.action} {self.object}"


Step = tuple[Edit, ...]
"""Edits that are made at once: one, or those of a file."""


@dataclass(frozen=True, slots=True, eq=False)
class ChangeSet:
    """The steps of a change. `fixed` are the policies that both versions have alike, as in the new one; `before` the pairs of
    numbers of steps of which the first must come before the second."""

    steps: tuple[Step, ...]
    fixed: tuple[Document, ...]
    before: tuple[tuple[int, int], ...]

    def policies(self, state: Iterable[int]) -> list[Document]:
        """The policies after some of the steps."""
        done = frozenset(state)
        found = list(self.fixed)
        for number, step in enumerate(self.steps):
            found += [doc for edit in step if (doc := edit.new if number in done else edit.old) is not None]
        return found

    @property
    def idle(self) -> Iterable[Document]:
        """One document of each object that an edit is about: what names are used does not hang on the state."""
        return (edit.document for step in self.steps for edit in step)

    @property
    def refused(self) -> list[Cube]:
        """The states in which an object is without what it needs."""
        return [Cube(frozenset({second}), frozenset({first})) for first, second in self.before]

    def closure(self, step: int) -> frozenset[int]:
        """What must come before a step, without itself."""
        found: set[int] = set()
        waiting = [step]
        while waiting:
            at = waiting.pop()
            new = {first for first, second in self.before if second == at} - found
            found |= new
            waiting += new
        return frozenset(found - {step})


def change_set(old: Sequence[Document], new: Sequence[Document], problems: Problems, *, by_file: bool) -> ChangeSet:
    """The change between the policies of two versions. With `by_file` what one file makes or changes is one step.

    Reports to `problems` what nobody can tell the fate of: a policy without a name (NPV432), or two of one name (NPV434).
    """
    before, after = _by_identity(old, problems), _by_identity(new, problems)
    edits: list[Edit] = []
    fixed: list[Document] = []
    for key, doc in after.items():
        known = before.get(key)
        if known is None:
            edits.append(Edit(Action.CREATE, None, doc))
        elif says(known) != says(doc):
            edits.append(Edit(Action.CHANGE, known, doc))
        else:
            fixed.append(doc)
    edits += [Edit(Action.DELETE, doc, None) for key, doc in before.items() if key not in after]
    edits.sort(key=_preference)
    steps = _grouped(edits) if by_file else tuple((edit,) for edit in edits)
    return ChangeSet(steps, tuple(fixed), tuple(sorted(_before(steps))))


def _preference(edit: Edit) -> tuple[bool, int]:
    """What people expect where nothing is at stake: what policies need or name comes first; then what allows, what is changed,
    and what only denies; then what goes, denials first."""
    denies = only_denies(edit.document)
    ranks = {Action.CREATE: 2 if denies else 0, Action.CHANGE: 1, Action.DELETE: 3 if denies else 4}
    return (edit.document.kind.lower().endswith("policy"), ranks[edit.action])


def _by_identity(documents: Sequence[Document], problems: Problems) -> dict[Identity, Document]:
    found: dict[Identity, Document] = {}
    for doc in documents:
        if not doc.name:
            fix = "give it a name: `kubectl apply` refuses objects with `generateName`"
            span = doc.span("metadata")
            problems.error("NPV432", f"this {doc.kind} has no name to apply it under", span, fix, doc.excerpt(span))
        twin = found.setdefault(identity(doc), doc)
        if twin is not doc and doc.name:
            message = f"{doc.kind} `{doc.name}` stands twice in one version; the first time at {twin.span()}"
            problems.error("NPV434", message, doc.span(), "remove or rename one of the two")
    return found


def _grouped(edits: Iterable[Edit]) -> tuple[Step, ...]:
    groups: dict[object, list[Edit]] = {}
    for edit in edits:
        key = edit if edit.new is None else edit.span.file
        groups.setdefault(key, []).append(edit)
    return tuple(tuple(group) for group in groups.values())


def _before(steps: Sequence[Step]) -> set[tuple[int, int]]:
    """A tier is made before the policies in it, and goes after them."""
    made = {identity(e.new): n for n, step in enumerate(steps) for e in step if e.new is not None and e.old is None}
    gone = {identity(e.old): n for n, step in enumerate(steps) for e in step if e.old is not None and e.new is None}
    found = set()
    for number, step in enumerate(steps):
        for edit in step:
            if edit.new is not None and (first := made.get(_need(edit.new))) is not None:
                found.add((first, number))
            if edit.old is not None and (last := gone.get(_need(edit.old))) is not None:
                found.add((number, last))
    return {(first, second) for first, second in found if first != second}


def _need(doc: Document) -> Identity:
    return needed(doc) or ("", "", "", "")


_OF_THE_SERVER = ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def says(doc: Document) -> Mapping[str, Any]:
    """What an object says, without what the API server writes into it and what is told by `identity`."""
    value = {key: part for key, part in doc.value.items() if key not in ("status", "metadata", "apiVersion")}
    meta = doc.value.get("metadata")
    if isinstance(meta, dict):
        kept = {key: part for key, part in meta.items() if key not in (*_OF_THE_SERVER, "namespace")}
        annotations = kept.get("annotations")
        if isinstance(annotations, dict):
            kept["annotations"] = {key: part for key, part in annotations.items() if key != _LAST_APPLIED}
        value["metadata"] = {key: part for key, part in kept.items() if part not in (None, {})}
    return value


def parted(documents: Sequence[Document]) -> tuple[list[Document], list[Document]]:
    """The policies among documents, with what belongs to them, and the others."""
    policies = [doc for doc in documents if is_policy(doc.api_version, doc.kind)]
    return policies, [doc for doc in documents if not is_policy(doc.api_version, doc.kind)]
