"""What a translation gives back: frozen values that the report turns into text and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.ingest.source import Diagnostic, Span
from npverify.normal.policy import PolicyId


class Became(NamedTuple):
    """A native policy, and the names of the Calico policies of its namespace that take its place."""

    source: PolicyId
    span: Span
    names: tuple[str, ...] = ()


class File(NamedTuple):
    """A file of Calico policies."""

    name: str
    text: str


class Step(NamedTuple):
    """A part of the plan: what it is for, and the commands, in order."""

    purpose: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TranslateResult:
    """A migration with its proofs.

    `became`    every native policy, in the order of names; with --check without names
    `files`     what was written; () with --check
    `equal`     the old world against the new one
    `together`  the old world against the one where both sets are there; None where the first is not proved
    `plan`      how to bring it about, and the last step is the way back; () where one of the two is not proved
    `warnings`  what the user should know, in the order of files
    """

    version: str
    became: tuple[Became, ...]
    files: tuple[File, ...]
    equal: EquivResult
    together: EquivResult | None
    plan: tuple[Step, ...]
    warnings: tuple[Diagnostic, ...]

    @property
    def proved(self) -> bool:
        """Whether the migration changes nothing, at its end and on the way; about nobody nothing is proved."""
        return bool(self.equal.left.inventory.pods) and all(
            c is not None and c.status is Equivalence.EQUIVALENT for c in (self.equal, self.together)
        )
