"""Checks that a CustomResourceDefinition makes of a map: required fields, one field out of several, sizes of lists.

Null is missing everywhere: kubernetes/kubernetes staging/src/k8s.io/apiextensions-apiserver
pkg/apiserver/schema/defaulting/prunenulls.go.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from npverify.ingest.fields import Fields, nearest

__all__ = ["bound", "no_longer", "one_of", "require", "require_items", "without"]


def require(fields: Fields, key: str, where: str, fix: str, *, code: str = "NPV261") -> bool:
    """Whether the field is there; reported, unless a key beside it looks like the same word misspelt."""
    if fields.has(key):
        return True
    if not any(nearest(str(other), (key,)) for other in fields.value if other != key):
        at = (key,) if key in fields.value else ()
        fields.error(code, f"`{key}` of {where} is missing", *at, fix=fix)
    return False


def require_items(fields: Fields, key: str, where: str, fix: str) -> None:
    """Report a list that is there and has no items."""
    if fields.value.get(key) == []:
        fields.error("NPV263", f"`{key}` of {where} is empty; the API wants at least one item", key, fix=fix)


def bound(fields: Fields, key: str, most: int, where: str, fix: str) -> None:
    """Report a list of more than `most` items, at the first that is too many."""
    items = fields.value.get(key)
    if isinstance(items, list) and len(items) > most:
        message = f"`{key}` of {where} has {len(items)} items; the API takes at most {most}"
        fields.error("NPV262", message, key, most, fix=fix)


def no_longer(fields: Fields, text: str, most: int, what: str, *path: str | int) -> None:
    """Report a text of more than `most` characters."""
    if len(text) > most:
        message = f"{what} has {len(text)} characters; the API takes at most {most}"
        fields.error("NPV277", message, *path, fix="shorten it")


def one_of(fields: Fields, known: Sequence[str], what: str, fix: str) -> list[str]:
    """Which of the `known` fields are there; reported unless it is one, or none because an unknown field stands there."""
    given = [key for key in known if fields.has(key)]
    words = ", ".join(f"`{key}`" for key in known[:-1]) + f" or `{known[-1]}`"
    if len(given) > 1:
        message = f"{what} has both `{given[0]}` and `{given[1]}`; it takes one of {words}"
        fields.error("NPV260", message, given[1], fix=fix, key=True)
    elif not given and all(key in known for key in fields.value):
        fields.error("NPV260", f"{what} must have {words}", fix=f"write one of {words}, or remove it")
    return given


def without(fields: Fields, keys: Collection[str]) -> Fields:
    """The same map as if it did not have these keys, which are reported already."""
    kept = {key: value for key, value in fields.value.items() if key not in keys}
    return Fields(fields.doc, fields.path, kept, fields.problems)
