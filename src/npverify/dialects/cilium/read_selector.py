"""Reads Cilium's label selectors, whose keys may name the source of the label: `k8s:app`, `reserved:host`.

Source: cilium/cilium pkg/labels/labels.go (a key without source means any), pkg/policy/api/selector.go; checks as for label
selectors of Kubernetes, on the key behind the source.
"""

from __future__ import annotations

from npverify.dialects.cilium.values import Selector, Term
from npverify.dialects.selectors import OPERATORS
from npverify.ingest.fields import Fields, nearest
from npverify.inventory.syntax import is_label_key, is_label_value

__all__ = ["read_selector"]

_SOURCES = ("k8s", "reserved", "any", "node", "container", "cni", "directory", "unspec", "cidr", "cidrgroup", "fqdn")
_NOT_MODELLED = {"cidr": "CIDRs in `fromCIDR` or `toCIDR`", "cidrgroup": "`cidrGroupRef`", "fqdn": "`toFQDNs`"}


def read_selector(fields: Fields, where: str) -> Selector:
    """The requirements of a selector; what is wrong is reported and left out."""
    fields.only(("matchLabels", "matchExpressions"), where)
    found = []
    labels = fields.map("matchLabels")
    for key, value in fields.text_map("matchLabels").items():
        if labels is None:
            continue
        term = _key(labels, key, key)
        if term is not None:
            _check_value(labels, value, key)
            found.append(Term(*term, "Equals", (value,)))
    for _, expression in fields.maps("matchExpressions"):
        read = _expression(expression)
        if read is not None:
            found.append(read)
    return tuple(found)


def _expression(fields: Fields) -> Term | None:
    fields.only(("key", "operator", "values"), "matchExpressions")
    text, operator = fields.text("key"), fields.text("operator")
    values = tuple(fields.texts("values"))
    if not fields.has("key"):
        fields.error("NPV066", "`key` of a label requirement is missing", fix="name the label that it is about")
    key = _key(fields, text, "key") if text is not None else None
    if operator not in OPERATORS:
        if not fields.has("operator"):
            fix = f"use one of {', '.join(OPERATORS)}"
            fields.error("NPV068", "`operator` of a label requirement is missing", fix=fix)
        elif operator is not None:
            fix = nearest(operator, OPERATORS) or f"use one of {', '.join(OPERATORS)}"
            fields.error("NPV068", f"unknown operator `{operator}`", "operator", fix=fix)
        return None
    if operator in ("In", "NotIn"):
        if not fields.value.get("values"):
            at = "values" if "values" in fields.value else "operator"
            fields.error("NPV069", f"operator `{operator}` needs `values`", at, fix="list at least one value")
            return None
    elif values:
        fields.error("NPV070", f"operator `{operator}` takes no `values`", "values", fix="remove `values`, or use `In`")
        return None
    for index, value in enumerate(fields.items("values")):
        if isinstance(value, str):
            _check_value(fields, value, "values", index)
    return Term(*key, operator, values) if key is not None else None


def _key(fields: Fields, text: str, *path: str) -> tuple[str, str] | None:
    """Source and key; None where it is wrong or cannot be judged, which is reported."""
    source, colon, key = text.partition(":")
    if not colon:
        source, key = "any", text
    in_map = path == (text,)
    if source not in _SOURCES:
        fix = (
            nearest(source, _SOURCES)
            or "write the key of a pod's label without anything before it, or `k8s:` before it"
        )
        fields.error(
            "NPV502", f"`{text}` is of a source of labels that Cilium does not have", *path, fix=fix, key=in_map
        )
        return None
    if source in _NOT_MODELLED:
        message = f"a selector of labels of the source `{source}` is not modelled"
        fields.error("NPV503", message, *path, fix=f"write {_NOT_MODELLED[source]} instead", key=in_map)
        return None
    if not is_label_key(key):
        fix = "use at most 63 letters, digits, `-`, `_` and `.`, behind an optional DNS name and `/`"
        fields.error("NPV066", f"`{text}` is not a label key", *path, fix=fix, key=in_map)
        return None
    return source, key


def _check_value(fields: Fields, value: str, *path: str | int) -> None:
    if not is_label_value(value):
        fix = "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
        fields.error("NPV067", f"`{value}` is not a value of a label", *path, fix=fix)
