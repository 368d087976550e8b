"""Reads the policies of Calico, enforced and staged, and profiles.

Checks and defaults: projectcalico/calico libcalico-go/lib/validator/v3/validator.go, api/pkg/defaults/networkpolicy.go,
api/admission/networkpolicy.mutatingadmissionpolicy.yaml, felix/calc/policy_sorter.go (ExtractPolicyMetadata).
"""

from __future__ import annotations

import math
from typing import Any

from npverify.dialects.calico.fields import children
from npverify.dialects.calico.read_nets import check_set
from npverify.dialects.calico.read_object import NAMESPACED, Object
from npverify.dialects.calico.read_rule import rules
from npverify.dialects.calico.read_selector import check_rewritten, without_global
from npverify.dialects.calico.read_staged import check_deletion, staged_action
from npverify.dialects.calico.resources import Policy, Profile, Rule
from npverify.dialects.calico.selector import All, Has, Node, replaced
from npverify.dialects.calico.way import Way, Where
from npverify.ingest.fields import Fields, nearest, type_name
from npverify.inventory.syntax import is_label_key, is_label_value, is_subdomain
from npverify.normal.policy import Direction

TYPES = {"Ingress": Direction.INGRESS, "Egress": Direction.EGRESS}
HINT = "AssumeNeededOnEveryNode"
_RESERVED = ("knp.default.", "kanp.adminnetworkpolicy.", "kbanp.baselineadminnetworkpolicy.", "ossg.")


def policy(found: Object) -> Policy:
    """A NetworkPolicy, a GlobalNetworkPolicy, or one of their staged kinds."""
    spec, way = found.spec, found.way
    staged = staged_action(spec) if found.id.kind.startswith("Staged") else ""
    if staged == "Delete":
        check_deletion(spec, "tier")
        return Policy(found.id, found.span, _tier(found), None, All(), None, None, (), {}, staged=staged)
    selector, namespaces, accounts = _subject(found)
    types = _types(spec, way, stored=found.stored)
    known = children(found.id.kind, "spec")
    flags = {key: key in known and bool(spec.boolean(key)) for key in ("doNotTrack", "preDNAT", "applyOnForward")}
    _check_flags(spec, flags, types)
    _check_hints(spec, way)
    return Policy(
        found.id,
        found.span,
        _tier(found),
        order(spec),
        selector or All(),
        namespaces,
        accounts,
        types,
        _rules(found),
        flags["doNotTrack"],
        flags["preDNAT"],
        flags["applyOnForward"],
        staged,
        types_given=bool(spec.value.get("types")),
        selector_given=selector is not None,
    )


def profile(found: Object) -> Profile:
    """A Profile: rules for the endpoints that name it, and labels for them."""
    labels = found.spec.text_map("labelsToApply")
    for key, value in labels.items():
        if not (is_label_key(key) and is_label_value(value)):
            message = f"`{key}: {value}` is not a label"
            fix = "use at most 63 letters, digits, `-`, `_` and `.` in each of the two"
            found.spec.error("NPV205", message, "labelsToApply", key, fix=fix)
    listed = _rules(found)
    return Profile(found.id.name, labels, listed[Direction.INGRESS], listed[Direction.EGRESS], found.span)


def order(spec: Fields) -> float | None:
    """The place of a policy in its tier or of a tier; None: last."""
    value = spec.value.get("order")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        shown = value if isinstance(value, float | str) else type_name(value)
        spec.error("NPV215", f"`order` must be a number, not `{shown}`", "order", fix="write 1000, without quotes")
        return None
    return float(value)


def _rules(found: Object) -> dict[Direction, tuple[Rule, ...]]:
    return {d: rules(found.spec, Where(found.id.kind, d, found.way), found.parts) for d in Direction}


def _subject(found: Object) -> tuple[Node | None, Node | None, Node | None]:
    """The three selectors of the subject: labels, labels of the namespace, labels of the service account."""
    spec, way = found.spec, found.way
    selector = without_global(spec, "selector", way)
    accounts = without_global(spec, "serviceAccountSelector", way, droppable=True)
    if found.id.kind in NAMESPACED:
        return selector, None, accounts
    namespaces = without_global(spec, "namespaceSelector", way, droppable=True)
    beside = [key for key in ("namespaceSelector", "serviceAccountSelector") if spec.value.get(key)]
    if beside:
        check_rewritten(spec, "selector")
    # Calico rewrites `all()` even beside a selector that it left out: globalnetworkpolicyprocessor.go
    if selector and "namespaceSelector" in beside and namespaces is None:
        selector = replaced(selector, All(), Has("projectcalico.org/namespace"))
    if selector and beside == ["serviceAccountSelector"] and accounts is None:
        selector = replaced(selector, All(), Has("projectcalico.org/serviceaccount"))
    return selector, namespaces, accounts


def _tier(found: Object) -> str:
    spec, name, version = found.spec, found.id.name, found.way.version
    tier = spec.text("tier") or "default"
    if not is_subdomain(tier):
        spec.error("NPV216", f"`{tier}` is not a name of a tier", "tier", fix="use at most 63 of `a-z`, `0-9` and `-`")
    elif tier != "default" and version < (3, 29):
        message = f"Calico {version[0]}.{version[1]} has no tier but `default`"
        spec.error("NPV208", message, "tier", fix="leave the tier out, or judge a newer version")
    elif (3, 29) <= version < (3, 32) and not found.way.raw and not _fits_tier(name, tier):
        message = f"before Calico 3.32 the name of a policy in the tier `{tier}` begins with `{tier}.`"
        fix = f"name it `{tier}.{name.rpartition('.')[2]}`, or judge a newer version"
        spec.error("NPV200", message, "tier", fix=fix)
    return tier


def _fits_tier(name: str, tier: str) -> bool:
    """Whether a name says the tier, as it had to up to 3.31: v3.31.0 libcalico-go/lib/names/policy.go."""
    return name.startswith((*_RESERVED, f"{tier}.")) or (tier == "default" and "." not in name)


def _types(spec: Fields, way: Way, *, stored: bool) -> tuple[Direction, ...]:
    """The directions that the policy is about, by default those that the way of input fills in."""
    given = spec.items("types")
    unchecked = way.raw or stored
    if given:
        return _given_types(spec, given)
    if spec.has("types") and (way.mode == "native" or (unchecked and way.version >= (3, 32))):
        # the other ways take an empty list for none: MinItems in api/pkg/apis/projectcalico/v3/networkpolicy.go
        spec.error("NPV211", "`types` is empty", "types", fix="list Ingress, Egress or both, or remove `types`")
    if unchecked:
        return tuple(Direction)
    if way.mode == "native":
        ingress, egress = spec.has("ingress"), spec.has("egress")
    else:
        ingress, egress = bool(spec.items("ingress")), bool(spec.items("egress"))
    if not egress:
        return (Direction.INGRESS,)
    return tuple(Direction) if ingress else (Direction.EGRESS,)


def _given_types(spec: Fields, given: list[Any]) -> tuple[Direction, ...]:
    found: list[Direction] = []
    for index, text in enumerate(given):
        if not isinstance(text, str) or text not in TYPES:
            fix = nearest(text, TYPES) if isinstance(text, str) else ""
            shown = text if isinstance(text, str) else type_name(text)
            fix = fix or "use `Ingress` or `Egress`"
            spec.error("NPV211", f"unknown policy type `{shown}`", "types", index, fix=fix)
        elif TYPES[text] in found:
            spec.error("NPV211", f"policy type `{text}` stands twice", "types", index, fix="remove one of them")
        else:
            found.append(TYPES[text])
    return tuple(direction for direction in Direction if direction in found)


def _check_flags(spec: Fields, flags: dict[str, bool], types: tuple[Direction, ...]) -> None:
    """What host policies cannot combine: rules of GlobalNetworkPolicySpec in api/pkg/apis/projectcalico/v3."""
    if flags["doNotTrack"] and flags["preDNAT"]:
        message = "a policy cannot have both `doNotTrack` and `preDNAT`"
        spec.error("NPV212", message, "preDNAT", key=True, fix="make two policies")
    for key in ("doNotTrack", "preDNAT"):
        if flags[key] and not flags["applyOnForward"]:
            message = f"`{key}` needs `applyOnForward`"
            spec.error("NPV212", message, key, key=True, fix="write `applyOnForward: true`")
    if not flags["preDNAT"]:
        return
    if spec.items("egress"):
        fix = "make another policy for them"
        spec.error("NPV212", "a policy with `preDNAT` has no egress rules", "egress", key=True, fix=fix)
    if spec.items("types") and Direction.EGRESS in types:
        spec.error("NPV212", "a policy with `preDNAT` is not about egress", "types", fix="write `types: [Ingress]`")


def _check_hints(spec: Fields, way: Way) -> None:
    """Hints have no effect on verdicts, but the API server refuses those that it does not know."""
    for index, hint in enumerate(spec.texts("performanceHints")):
        if hint != HINT:
            message = f"unknown performance hint `{hint}`"
            spec.error("NPV219", message, "performanceHints", index, fix=f"write `{HINT}`, or remove it")
    check_set(spec, "performanceHints", way)
