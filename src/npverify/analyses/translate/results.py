"""What a translation gives back: frozen values that the report turns into text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from npverify.ingest.source import Diagnostic, Span
from npverify.normal.policy import PolicyId

if TYPE_CHECKING:
    from npverify.analyses.equiv import EquivResult


class Became(NamedTuple):
    """A native policy, and the names of the Calico policies of its namespace that take its place."""

    source: PolicyId
    span: Span
    names: tuple[str, ...]


class File(NamedTuple):
    """A file of Calico policies. `name` is "" for standard output."""

    name: str
    text: str


class Step(NamedTuple):
    """A part of the plan: what it is for, and the commands, in order."""

    purpose: str
    commands: tuple[str, ...]


class Proof(NamedTuple):
    """One comparison: `claim` completes "proved: …"."""

    claim: str
    result: EquivResult


@dataclass(frozen=True, slots=True)
class TranslateResult:
    """A migration with its proofs.

    `became`    every native policy, in the order of names; with --check without names
    `files`     what was written, () with --check
    `proofs`    the comparisons in the order of the argument; the first one that is not equal is the last
    `plan`      how to bring it about, () where it is not proved
    `warnings`  what the user should know, in the order of files
    """

    version: str
    became: tuple[Became, ...]
    files: tuple[File, ...]
    proofs: tuple[Proof, ...]
    plan: tuple[Step, ...]
    warnings: tuple[Diagnostic, ...]
