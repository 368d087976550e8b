"""What an assertion kind is: its text, its example, and how it is lowered to a claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from npverify.assertions import syntax as s
from npverify.assertions.claims import Claim
from npverify.assertions.select import Selector
from npverify.ingest.source import Span
from npverify.normal.policy import PolicyId


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What a kind may ask while it lowers one assertion: the meaning of names, and the policies with their positions."""

    select: Selector
    policies: Mapping[PolicyId, Span] = field(default_factory=dict)


class Lowered(NamedTuple):
    """A claim, and phrases for what its meaning leaves out."""

    claim: Claim
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of assertion; ValueError if any of its texts is missing.

    `name`     that of its module
    `form`     how it is written, with A and B for endpoints
    `holds`    one sentence: what is true when it is proved
    `fails`    one sentence: what a counterexample shows
    `example`  a whole statement
    `fix`      how to make it true
    `syntax`   the type of claim that it is; `verb` tells the forms of `Reaches` apart
    """

    name: str
    form: str
    holds: str
    fails: str
    example: str
    fix: str
    lower: Callable[[Any, Context], Lowered]
    syntax: type
    verb: str = ""

    def __post_init__(self) -> None:
        missing = [f for f in ("name", "form", "holds", "fails", "example", "fix") if not getattr(self, f).strip()]
        if missing:
            raise ValueError(f"assertion kind {self.name!r} lacks {', '.join(missing)}")

    def covers(self, claim: s.Claim) -> bool:
        """Whether a claim is of this kind."""
        return type(claim) is self.syntax and (not self.verb or getattr(claim, "verb", "") == self.verb)
