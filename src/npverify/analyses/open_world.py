"""Whether a predicate implies another for any endpoints whatever: those that there are, and those that could be created.

Who the two ends are is left open: their kind, namespace and labels are unknowns that may have any value. What is not known
of them in any other way is a fact of its own, so there are more cases than can be and never fewer: what is said to follow
does.
"""

from __future__ import annotations

from collections.abc import Sequence

from npverify.analyses.sameness import possible
from npverify.inventory.model import METADATA_NAME, EndpointKind
from npverify.inventory.unknowns import ABSENT, OTHER, Unknown, fact
from npverify.normal.predicates import (
    AddressIn,
    AddressOwnedBy,
    And,
    Const,
    IcmpIs,
    KindIs,
    LabelIn,
    NamespaceIs,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    ServiceAccountIs,
    Side,
    UnknownIn,
    and_,
    not_,
    substitute,
    unknown_in,
)
from npverify.reduction.given import simplified
from npverify.smt.solver import Budget, satisfiable

_SAME_FOR_ANYBODY = (AddressIn, Const, IcmpIs, PortIn, ProtocolIs, UnknownIn)
_MOST_TRIED = 64  # questions about a pair of predicates, before the solver is asked
_KINDS = tuple(str(kind) for kind in EndpointKind)
_OWNERS = ("pod", "node", "service", "external")


def implies(pred: Pred, other: Pred, budget: Budget) -> bool:
    """Whether every flow that satisfies the first satisfies the second, between any endpoints and under every reading.

    Raises as `Question.possible` does.
    """
    if pred is other:
        return True
    said = _tried(pred, other)
    return not satisfiable(_against(pred, other), budget=budget) if said is None else said


def _tried(pred: Pred, other: Pred) -> bool | None:
    """The same by trying the cases of the question, or where those are too many of smaller ones; None: it was not found."""
    left = [(pred, other)]
    for _ in range(_MOST_TRIED):
        one, part = left.pop()
        said = possible(_against(one, part))
        if said:
            return False
        smaller = _parted(one, part) if said is None else ()
        if said is None and not smaller:
            return None
        left += smaller
        if not left:
            return True
    return None


def _parted(pred: Pred, other: Pred) -> Sequence[tuple[Pred, Pred]]:
    """Smaller questions: the first predicate implies the second exactly if in each of these it does; () if there are none."""
    if isinstance(other, And):
        return [(pred, part) for part in other.parts]
    if isinstance(pred, Or):
        return [(part, other) for part in pred.parts]
    parts = pred.parts if isinstance(pred, And) else ()
    choice = next((part for part in parts if isinstance(part, Or)), None)
    if choice is None:
        return ()
    rest = [part for part in parts if part is not choice]
    return [(and_(*rest, each), other) for each in choice.parts]


def _against(pred: Pred, other: Pred) -> Pred:
    """What is true where the first holds and the second does not."""
    return simplified(of_anybody(and_(pred, not_(other))))


def of_anybody(pred: Pred) -> Pred:
    """The predicate with everything about its ends as unknowns."""
    return substitute(pred, _open)


def _open(atom: Pred) -> Pred:
    if isinstance(atom, _SAME_FOR_ANYBODY):
        return atom
    if isinstance(atom, NamespaceIs):
        return unknown_in(_namespace(atom.side), atom.name)
    if isinstance(atom, LabelIn) and atom.of == "namespace" and atom.key == METADATA_NAME and atom.values is not None:
        return unknown_in(_namespace(atom.side), *atom.values)  # the API server sets it to the name
    if isinstance(atom, LabelIn):
        label = Unknown(f"{atom.side}: label {atom.key} of its {atom.of}", (ABSENT, OTHER), "label", open=True)
        return not_(unknown_in(label, ABSENT)) if atom.values is None else unknown_in(label, *atom.values)
    if isinstance(atom, KindIs):
        return unknown_in(Unknown(f"{atom.side}: kind", _KINDS), *map(str, atom.kinds))
    if isinstance(atom, AddressOwnedBy):
        return unknown_in(Unknown(f"{atom.side}: owner of its address", _OWNERS), *atom.owners)
    if isinstance(atom, ServiceAccountIs):
        return unknown_in(Unknown(f"{atom.side}: service account", (ABSENT, OTHER), open=True), atom.name)
    return unknown_in(fact(repr(atom)), "true")


def _namespace(side: Side) -> Unknown:
    return Unknown(f"{side}: namespace", (ABSENT, OTHER), "label", open=True)
