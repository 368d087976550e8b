"""Whom a selector finds among what exists, where labels may be unknown."""

from __future__ import annotations

from collections.abc import Mapping

from npverify.dialects.selectors import Requirement, Selector
from npverify.inventory.model import METADATA_NAME, Inventory
from npverify.inventory.unknowns import Unknown

__all__ = ["both", "in_namespace", "matches"]


def matches(selector: Selector, labels: Mapping[str, str | Unknown], *, complete: bool = True) -> bool | None:
    """Whether a selector matches these labels; None where it hangs on one that is unknown. Unless `complete`, a label that is
    not there is unknown too."""
    found = [_holds(requirement, labels, complete) for requirement in selector]
    if False in found:
        return False
    return None if None in found else True


def _holds(requirement: Requirement, labels: Mapping[str, str | Unknown], complete: bool) -> bool | None:
    value = labels.get(requirement.key)
    if isinstance(value, Unknown) or (value is None and not complete):
        return None
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case _:
            return value is None


def in_namespace(selector: Selector | None, own: str, name: str, inventory: Inventory) -> bool | None:
    """Whether a namespace is one that a peer of a policy in `own` means; None where that hangs on its labels."""
    if selector is None:
        return name == own
    space = inventory.namespaces.get(name)
    if space is not None and space.declared:
        return matches(selector, space.labels)
    return matches(selector, {METADATA_NAME: name}, complete=False)


def both(first: bool | None, second: bool | None) -> bool | None:
    """Conjunction of what may be unknown."""
    if first is False or second is False:
        return False
    return None if first is None or second is None else True
