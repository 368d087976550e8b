"""Whether a predicate implies another for any endpoints whatever: those that there are, and those that could be created.

Who the two ends are is left open: their kind, namespace and labels are unknowns that may have any value. What is not known
of them in any other way is a fact of its own, so there are more cases than can be and never fewer: what is said to follow
does.
"""

from __future__ import annotations

from npverify.analyses.sameness import possible
from npverify.inventory.model import METADATA_NAME, EndpointKind
from npverify.inventory.unknowns import ABSENT, OTHER, Unknown, fact
from npverify.normal.predicates import (
    AddressIn,
    AddressOwnedBy,
    IcmpIs,
    KindIs,
    LabelIn,
    NamespaceIs,
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

_ABOUT_PACKETS = (AddressIn, IcmpIs, PortIn, ProtocolIs, UnknownIn)
_KINDS = tuple(str(kind) for kind in EndpointKind)
_OWNERS = ("pod", "node", "service", "external")


def implies(pred: Pred, other: Pred, budget: Budget) -> bool:
    """Whether every flow that satisfies the first satisfies the second, between any endpoints and under every reading.

    Raises as `Question.possible` does.
    """
    if pred is other:
        return True
    left = simplified(of_anybody(and_(pred, not_(other))))
    said = possible(left)
    return not (satisfiable(left, budget=budget) if said is None else said)


def of_anybody(pred: Pred) -> Pred:
    """The predicate with everything about its ends as unknowns."""
    return substitute(pred, _open)


def _open(atom: Pred) -> Pred:
    if isinstance(atom, _ABOUT_PACKETS):
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
