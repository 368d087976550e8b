"""What a command answers as a list of items of one shape, for the formats that other programs read.

A builder for each command (`prove_items`, `lint_items`, `diff_items`, `equiv_items`) makes a `Report`; a writer for each format
(`sarif`, `junit`, `github`, `gitlab`, `markdown`, `graph`) turns it into text. So a format knows no command, and a command no
format. Texts are plain: a writer escapes them as its format asks.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from npverify.ingest.source import Span

Level = Literal["error", "warning", "note"]
Style = Literal["flow", "opened", "closed", "changed", "everything", "some ports"]


class State(StrEnum):
    """What became of an item."""

    PASSED = "passed"
    FAILED = "failed"
    OPEN = "open"  # undecided: never a pass


class Step(NamedTuple):
    """One step of why: a sentence, and where in the files it stands."""

    text: str
    span: Span | None = None


class Edge(NamedTuple):
    """An arrow of a picture: who sends what to whom, and whether it is `opened`, `closed`, `changed`, `everything` or `some ports` of what
    may pass, or just a `flow`."""

    src: str
    dst: str
    text: str
    style: Style = "flow"


class RuleText(NamedTuple):
    """What the items of one rule are about: a stable id, a name of words with `-`, a sentence, and more in plain text."""

    id: str
    name: str
    sentence: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One answer.

    `rule`      the id of its `RuleText`
    `title`     what it is about, in one line
    `message`   what is to be told, in one line
    `detail`    the same with its evidence, as the terminal shows it, without colours
    `identity`  what stays the same when lines move: the fingerprint is made of it
    `steps`     the way of a counterexample, from the source to the destination
    `silenced`  the reason for which it does not count, "" if it counts; `outside`: it is not in the manifests themselves
    """

    rule: str
    state: State
    level: Level
    title: str
    message: str
    identity: tuple[str, ...]
    detail: str = ""
    span: Span | None = None
    steps: tuple[Step, ...] = ()
    edges: tuple[Edge, ...] = ()
    silenced: str = ""
    outside: bool = False
    seconds: float | None = None

    @property
    def counts(self) -> bool:
        """Whether somebody has to look at it: it did not pass, and nobody silenced it."""
        return self.state is not State.PASSED and not self.silenced


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a command answers. `headline` is one line; `notes` are what it rests on."""

    command: str
    headline: str
    items: tuple[Item, ...]
    rules: tuple[RuleText, ...]
    notes: tuple[str, ...] = ()
    interrupted: bool = False

    def of(self, *states: State) -> tuple[Item, ...]:
        """The items with one of these states that nobody silenced, in their order."""
        return tuple(item for item in self.items if item.state in states and not item.silenced)


def fingerprints(items: Sequence[Item]) -> tuple[str, ...]:
    """A hash for each item, the same in every run until the item itself changes; equal items are numbered."""
    return tuple(_fingerprints(items))


def _fingerprints(items: Sequence[Item]) -> Iterator[str]:
    seen: Counter[tuple[str, ...]] = Counter()
    for item in items:
        parts = (item.rule, *item.identity)
        seen[parts] += 1
        text = "\0".join((*parts, str(seen[parts])))
        yield hashlib.sha256(text.encode()).hexdigest()[:32]
