"""What an edit of an object is, and what a rule is wanted to allow: shared by the dialects that write edits."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from npverify.ingest.document import Document, Path
from npverify.ingest.source import Span
from npverify.inventory.addresses import Prefix
from npverify.normal.policy import Direction

LONGEST_NAME = 63


class Wanted(NamedTuple):
    """What a rule is to allow: pods with these labels in a namespace, or a block of addresses; over a protocol and port.

    `own` are labels of the pods that it is for, with their namespace, where the policy selects others too. `where` says what
    the peer is that is no pod: `outside`, `node`, or `own node`: that of the pod. `icmp` is the type and code of a message.
    """

    direction: Direction
    protocol: str
    port: int | None
    family: int
    namespace: str = ""
    labels: Mapping[str, str] = {}
    block: Prefix | None = None
    own: tuple[str, Mapping[str, str]] = ("", {})
    where: str = ""
    icmp: tuple[int, int] | None = None

    @property
    def named(self) -> bool:
        """Whether labels or a block name the peer."""
        return bool(self.namespace) or self.block is not None


@dataclass(frozen=True, slots=True, eq=False)
class ObjectEdit:
    """A change of one object: at `path`, put `item` into a list (`index` None: at its end) or as the value of a key.

    `item` None takes the key away. With an empty path, `document` is new.
    """

    document: Document
    path: Path
    item: object
    into_list: bool = True
    index: int | None = None


class Made(NamedTuple):
    """Edits of one object that belong together. `what` they add, or narrow, in words; `size` is what they cost beyond others;
    `kind`: a `rule` for the peer itself, or for an `entity` that it is of."""

    what: str
    edits: tuple[ObjectEdit, ...]
    size: int = 0
    kind: str = "rule"


def edited(value: dict[str, Any], edits: Iterable[ObjectEdit]) -> dict[str, Any]:
    """An object after some edits, one after the other; the object itself stays as it is."""
    value = copy.deepcopy(value)
    for edit in edits:
        if not edit.path:
            continue
        at: Any = value
        steps = edit.path if edit.into_list else edit.path[:-1]
        for n, step in enumerate(steps):
            if isinstance(step, str) and at.get(step) is None:
                at[step] = [] if edit.into_list and n == len(steps) - 1 else {}
            at = at[step]
        if edit.into_list:
            at.insert(len(at) if edit.index is None else edit.index, copy.deepcopy(edit.item))
        elif edit.item is None:
            at.pop(edit.path[-1], None)
        else:
            at[edit.path[-1]] = edit.item
    return value


def rule_at(doc: Document, label: str) -> tuple[Path, Mapping[str, Any]] | None:
    """The rule that `label` names (`ingress[0]`, `specs[1].egressDeny[2]`), with its path."""
    path: list[str | int] = [] if label.startswith("specs[") else ["spec"]
    at: Any = doc.value
    for part in label.split("."):
        section, _, rest = part.partition("[")
        number = rest.removesuffix("]")
        if not number.isdigit():
            return None
        path += [section, int(number)]
    for step in path:
        if isinstance(step, str):
            at = at.get(step) if isinstance(at, dict) else None
        else:
            at = at[step] if isinstance(at, list) and step < len(at) else None
    return (tuple(path), at) if isinstance(at, dict) else None


class NewPlace:
    """The place of an object that stands in no file yet."""

    def locate(self, path: Path, *, key: bool = False) -> Span:
        return Span("<new>")

    def excerpt(self, span: Span) -> str:
        return ""


def created(value: dict[str, Any]) -> ObjectEdit:
    """An object that is to be made."""
    meta = value["metadata"]
    doc = Document(value["apiVersion"], value["kind"], meta.get("namespace"), meta["name"], value, NewPlace())
    return ObjectEdit(doc, (), value)


def name_of(*parts: str) -> str:
    """A name for a new object."""
    return "-".join(parts)[:LONGEST_NAME].strip("-.")
