"""Label selectors of the Kubernetes API as text in Calico's selector language.

Source: k8sSelectorToCalico of projectcalico/calico libcalico-go/lib/backend/k8s/conversion/conversion.go. Label values have
no quotes (they are letters, digits, `-`, `_` and `.`), so nothing has to be escaped, which Calico could not do.
"""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.selectors import Requirement, Selector

LONGEST = 1024
"""Characters of a selector that the newest API takes: api/pkg/apis/projectcalico/v3/networkpolicy.go, MaxLength."""

# without it the selector would also match the network sets of the namespace, which are no pods: rule_scanner.go
_IS_POD = "projectcalico.org/orchestrator == 'k8s'"


def of_pods(selector: Selector) -> tuple[str, ...]:
    """Selectors of pods that together match what `selector` matches: one, or several where one would be too long."""
    return tuple(_pieces(_canonical(selector), (_IS_POD,)))


def of_namespaces(selector: Selector) -> tuple[str, ...]:
    """The same for namespaces; they are told by the labels of namespaces, `kubernetes.io/metadata.name` among them."""
    return tuple(_pieces(_canonical(selector), ())) if selector else ("all()",)


def _canonical(selector: Selector) -> list[Requirement]:
    """The requirements in an order that does not depend on how they were written, each once."""
    return sorted({r._replace(values=tuple(sorted(set(r.values)))) for r in selector})


def _pieces(requirements: list[Requirement], first: tuple[str, ...]) -> Iterator[str]:
    text = " && ".join((*first, *map(_term, requirements)))
    halves = _halves(requirements) if len(text) > LONGEST else None
    if halves is None:
        yield text
        return
    for half in halves:
        yield from _pieces(half, first)


def _halves(requirements: list[Requirement]) -> tuple[list[Requirement], list[Requirement]] | None:
    """Two selectors that together match the same, by parting the longest list of values; None where there is no list."""
    lists = [r for r in requirements if r.operator == "In" and len(r.values) > 1]
    if not lists:
        return None
    longest = max(lists, key=lambda r: len(_term(r)))
    at, middle = requirements.index(longest), len(longest.values) // 2
    left, right = (longest._replace(values=part) for part in (longest.values[:middle], longest.values[middle:]))
    return ([*requirements[:at], left, *requirements[at + 1 :]], [*requirements[:at], right, *requirements[at + 1 :]])


def _term(requirement: Requirement) -> str:
    """One requirement; `!=`, `not in` and `!has` hold where the label is absent, in both languages."""
    key, values = requirement.key, requirement.values
    listed = ", ".join(f"'{value}'" for value in values)
    match requirement.operator:
        case "Exists":
            return f"has({key})"
        case "DoesNotExist":
            return f"!has({key})"
        case "In":
            return f"{key} == {listed}" if len(values) == 1 else f"{key} in {{{listed}}}"
        case _:
            return f"{key} != {listed}" if len(values) == 1 else f"{key} not in {{{listed}}}"
