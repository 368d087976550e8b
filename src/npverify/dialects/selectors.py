"""Label selectors of the Kubernetes API: read with every check of the API server, and lowered to predicates.

Meaning: kubernetes/apimachinery pkg/labels/selector.go (Requirement.Matches); checks: the same repository,
pkg/apis/meta/v1/validation/validation.go. An empty selector matches everything; what a missing one means depends on where
it stands, so it is None here.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from npverify.ingest.fields import Fields, nearest
from npverify.inventory.syntax import is_label_key, is_label_value
from npverify.normal.predicates import Pred, Side, and_, label_in, not_

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class Requirement(NamedTuple):
    """One condition on a label; `values` is () for Exists and DoesNotExist. `in_labels`: it is written in matchLabels."""

    key: str
    operator: str
    values: tuple[str, ...]
    in_labels: bool = False


Selector = tuple[Requirement, ...]
"""Requirements that must all hold."""


def read(fields: Fields, where: str) -> Selector:
    """The requirements of a selector; what is wrong is reported and left out."""
    fields.only(("matchLabels", "matchExpressions"), where)
    found = [_label(fields, key, value) for key, value in fields.text_map("matchLabels").items()]
    for _, expression in fields.maps("matchExpressions"):
        requirement = _expression(expression)
        if requirement:
            found.append(requirement)
    return tuple(found)


@lru_cache(maxsize=10_000)
def lower(selector: Selector, side: Side, of: Literal["pod", "namespace"]) -> Pred:
    """The pods (or pods of the namespaces) that the selector matches. Holds for other endpoints where nothing is
    required of them, so the caller says which kinds of endpoint it means."""
    return and_(*(_requirement(r, side, of) for r in selector))


def _requirement(requirement: Requirement, side: Side, of: Literal["pod", "namespace"]) -> Pred:
    present = label_in(side, of, requirement.key, requirement.values or None)
    # NotIn and DoesNotExist hold where the key is absent: labels.Requirement.Matches
    return not_(present) if requirement.operator in ("NotIn", "DoesNotExist") else present


def _label(fields: Fields, key: str, value: str) -> Requirement:
    _check_key(fields, key, "matchLabels", key, is_key=True)
    _check_value(fields, value, "matchLabels", key)
    return Requirement(key, "In", (value,), in_labels=True)


def _expression(fields: Fields) -> Requirement | None:
    fields.only(("key", "operator", "values"), "matchExpressions")
    key = fields.text("key")
    operator = fields.text("operator")
    values = tuple(fields.texts("values"))
    if not fields.has("key"):
        fields.error(
            "NPV066", "`key` of a label requirement is missing", fix="name the label that the requirement is about"
        )
    elif key is not None:
        _check_key(fields, key, "key")
    if operator not in OPERATORS:
        if not fields.has("operator"):
            fields.error(
                "NPV068", "`operator` of a label requirement is missing", fix=f"use one of {', '.join(OPERATORS)}"
            )
        elif operator is not None:
            fix = nearest(operator, OPERATORS) or f"use one of {', '.join(OPERATORS)}"
            fields.error("NPV068", f"unknown operator `{operator}`", "operator", fix=fix)
        return None
    if operator in ("In", "NotIn"):
        if not fields.value.get("values"):
            at = ("values",) if "values" in fields.value else ("operator",)
            fields.error("NPV069", f"operator `{operator}` needs `values`", *at, fix="list at least one value")
            return None
    elif values:
        fields.error("NPV070", f"operator `{operator}` takes no `values`", "values", fix="remove `values`, or use `In`")
        return None
    for index, value in enumerate(fields.items("values")):
        if isinstance(value, str):
            _check_value(fields, value, "values", index)
    return Requirement(key, operator, values) if key is not None else None


def _check_key(fields: Fields, key: str, *path: str, is_key: bool = False) -> None:
    if not is_label_key(key):
        fix = "use at most 63 letters, digits, `-`, `_` and `.`, behind an optional DNS name and `/`"
        fields.error("NPV066", f"`{key}` is not a label key", *path, fix=fix, key=is_key)


def _check_value(fields: Fields, value: str, *path: str | int) -> None:
    if not is_label_value(value):
        fix = "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
        fields.error("NPV067", f"`{value}` is not a value of a label", *path, fix=fix)
