"""What every question is asked about: an inventory and the policies on it, read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from npverify.dialects import Memo
from npverify.dialects.lint import LintFacts
from npverify.ingest.document import Document
from npverify.ingest.source import Diagnostic, Span
from npverify.inventory.model import Inventory
from npverify.normal.policy import PolicyId, PolicySet
from npverify.normal.predicates import Clause

if TYPE_CHECKING:
    from npverify.reduction.residuals import Residuals

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """What a world was read from: its objects, what the policies among them were read as, and the world that there is with
    other values of some of them, or with new ones (InputError where those cannot be read)."""

    documents: Sequence[Document]
    memo: Memo
    edited: Callable[[Mapping[Document, dict[str, Any]]], World]


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """An inventory with a policy set.

    `defined`   every policy object with its position
    `mesh`      there are mesh policies that may restrict further: `every … reaches` is then not the last word
    `skipped`   kinds that have nothing to do with policy, counted; `ignored`: policy kinds that the user chose to ignore
    `unjudged`  the ignored policies and those of a mesh, with a hash of what each says
    `warnings`  what the user should know, in the order of files
    `lint`      what lint is told beside the policies, if the input was read for it
    `over_of`  what gives the policies of a world over another inventory, where it is known what they were lowered from
    `without_of`  the same for a world without one policy; InputError where the others cannot be read without it. Both are told the
               world, since one that is held by what it holds would outlive its use
    `origin`   what it was read from, if that was to be kept
    """

    inventory: Inventory
    policies: PolicySet
    defined: Mapping[PolicyId, Span] = field(default_factory=dict)
    mesh: bool = False
    skipped: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[Diagnostic, ...] = ()
    lint: LintFacts | None = None
    over_of: Callable[[World, Inventory], World] | None = None
    origin: Origin | None = None
    without_of: Callable[[World, PolicyId], World] | None = None
    unjudged: Mapping[PolicyId, str] = field(default_factory=dict)
    _reduced: list[Residuals] = field(default_factory=list, init=False, repr=False)
    _kept: dict[type, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def over(self) -> Callable[[Inventory], World] | None:
        """Gives the same policies over another inventory; None where it is not known what they were lowered from."""
        return None if self.over_of is None else partial(self.over_of, self)

    @property
    def without(self) -> Callable[[PolicyId], World] | None:
        """Gives the world without one policy, likewise."""
        return None if self.without_of is None else partial(self.without_of, self)

    def reduced(self) -> Residuals:
        """The reduction of the policies over the inventory, worked out on first use."""
        if not self._reduced:
            from npverify.reduction.residuals import Residuals  # not every question needs it

            self._reduced.append(Residuals(self.inventory, self.policies))
        return self._reduced[0]

    def kept(self, what: type[T], make: Callable[[], T]) -> T:
        """What was made of this world before, or is made now: whoever asks again has it, and another world has its own.

        It must not refer to the world, so that both are given back once nobody has the world any more.
        """
        found: T | None = self._kept.get(what)
        if found is None:
            found = self._kept[what] = make()
        return found

    def asking(self, clauses: Iterable[Clause]) -> World:
        """The world, ready for questions that name these clauses about requests."""
        asked = self.policies.asked.union(clauses)
        if asked == self.policies.asked:
            return self
        return replace(self, policies=replace(self.policies, asked=asked))


def differing(one: World, other: World) -> tuple[PolicyId, ...]:
    """The objects that neither world judges and that do not say the same in both, sorted."""
    names = {*one.unjudged, *other.unjudged}
    return tuple(sorted(name for name in names if one.unjudged.get(name) != other.unjudged.get(name)))
