"""Reads Cilium's objects into plain values, with the checks that the API server and the agent make.

Source: cilium/cilium pkg/k8s/apis/cilium.io/v2/cnp_types.go, ccnp_types.go (Parse) and pkg/policy/api/rule_validation.go. An
object with anything wrong in it is not enforced at all, so everything wrong is an error.
"""

from __future__ import annotations

from typing import Any
from unicodedata import category

from npverify.dialects import cidrs
from npverify.dialects.cilium.fields import children
from npverify.dialects.cilium.read_element import read_element
from npverify.dialects.cilium.read_selector import read_selector
from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.values import CidrGroup, CiliumPolicy, Element, RuleText, Selector
from npverify.ingest.document import Document
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Prefix
from npverify.inventory.syntax import is_dns_label, is_subdomain
from npverify.normal.policy import Direction, PolicyId

__all__ = ["CLUSTERWIDE", "read_group", "read_policy"]

CLUSTERWIDE = "CiliumClusterwideNetworkPolicy"
_AUDIT = "policy.cilium.io/audit-mode"
_LOG = 32
_SECTIONS = {Direction.INGRESS: ("ingress", "ingressDeny"), Direction.EGRESS: ("egress", "egressDeny")}


def read_policy(doc: Document, problems: Problems, settings: Settings) -> CiliumPolicy:
    """The policy that a CiliumNetworkPolicy or a CiliumClusterwideNetworkPolicy describes."""
    top = Fields.of(doc, problems)
    top.only(children(doc.kind, ""), doc.kind)
    _check_version(top)
    policy_id = PolicyId("cilium", doc.kind, _metadata(top), doc.name)
    _refuse_nulls(top, top.value)
    rules = []
    spec = top.map("spec")
    if spec is not None:
        rules.append(_rule(spec, "spec", "", doc.kind, settings))
    for index, item in top.maps("specs"):
        rules.append(_rule(item, "specs[]", f"specs[{index}].", doc.kind, settings))
    if not rules and not any(top.value.get(key) is not None for key in ("spec", "specs")):
        fix = "write the rule below `spec`; an object without a rule is invalid, and enforces nothing"
        top.error("NPV504", f"{doc.kind} `{doc.name}` has neither `spec` nor `specs`", fix=fix)
    elif not rules and top.value.get("specs") == [] and top.value.get("spec") is None:
        message = f"{doc.kind} `{doc.name}` has no rule, so it has no effect"
        top.warn("NPV723", message, "specs", fix="write a rule below `spec`, or remove the object", key=True)
    span = doc.span("metadata", "name") if doc.name else doc.span()
    return CiliumPolicy(policy_id, span, tuple(rules), _is_audited(top, settings))


def _is_audited(top: Fields, settings: Settings) -> bool:
    """Whether the annotation for it asks that denials are only reported. No release has it (pkg/annotation), so it is told."""
    meta = top.map("metadata")
    annotations = meta.map("annotations") if meta is not None else None
    if annotations is None or annotations.value.get(_AUDIT) != "true" or settings.audit_mode != "annotated":
        return False
    message = (
        f"`{_AUDIT}` is no annotation of any release of Cilium that npverify knows: where the agent or the endpoint is not in "
        "audit mode, the policy is enforced"
    )
    fix = "say how the cluster runs with --assume audit_mode=on, or audit_mode=off"
    annotations.warn("NPV547", message, _AUDIT, fix=fix, key=True)
    return True


def read_group(doc: Document, problems: Problems) -> CidrGroup:
    """A CiliumCIDRGroup."""
    top = Fields.of(doc, problems)
    top.only(children(doc.kind, ""), doc.kind)
    _check_version(top, also="cilium.io/v2alpha1")
    _metadata(top)
    meta, spec = top.map("metadata"), top.map("spec")
    blocks: list[Prefix] = []
    if spec is None or not spec.has("externalCIDRs"):
        message = f"CiliumCIDRGroup `{doc.name}` has no `spec.externalCIDRs`: the API server refuses it"
        top.error("NPV720", message, *(["spec"] if spec else []), fix="write the blocks of the group, or an empty list")
    if spec is not None:
        spec.only(children(doc.kind, "spec"), "spec of CiliumCIDRGroup")
        for index, text in enumerate(spec.items("externalCIDRs")):
            if isinstance(text, str):
                try:
                    blocks.append(cidrs.parse(text).prefix)
                except ValueError as error:
                    fix = "write an address and a prefix length: 203.0.113.0/24"
                    spec.error("NPV505", f"`{text}` is no CIDR: it {error}", "externalCIDRs", index, fix=fix)
    return CidrGroup(doc.name, meta.text_map("labels") if meta else {}, tuple(blocks), doc.span("metadata", "name"))


def _refuse_nulls(top: Fields, value: Any, *path: str | int) -> None:
    """The API server takes no null for an item of a list, unlike for a field: apiextensions, structural schemas."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_nulls(top, inner, *path, str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if item is None:
                message = f"a null item in `{path[-1]}`: the API server refuses the object"
                top.error("NPV207", message, *path, index, fix="write the item, or remove it")
            _refuse_nulls(top, item, *path, index)


def _check_version(top: Fields, also: str = "") -> None:
    version = top.value.get("apiVersion")
    if version not in ("cilium.io/v2", also):
        message = f"`{version}` has no {top.doc.kind} that npverify knows"
        top.error("NPV506", message, "apiVersion", fix="write `apiVersion: cilium.io/v2`")


def _metadata(top: Fields) -> str:
    """The namespace of the object, "" for a kind that has none; what is wrong with the metadata is reported."""
    kind = top.doc.kind
    meta = top.map("metadata")
    if meta is None or not top.doc.name:
        top.error("NPV050", "`metadata.name` is missing", fix=f"give the {kind} a name")
    if meta is None:
        return ""
    meta.only(children(kind, "metadata"), "metadata")
    meta.text_map("labels")
    meta.text_map("annotations")
    name = meta.text("name")
    if name and not is_subdomain(name):
        fix = "use at most 253 of `a-z`, `0-9`, `-` and `.`, with a letter or digit at both ends of each part"
        meta.error("NPV050", f"`{name}` is not a name of a {kind}", "name", fix=fix)
    namespace = meta.text("namespace")
    if kind != "CiliumNetworkPolicy":
        if namespace:
            message = f"`namespace` has no effect: a {kind} is about the whole cluster"
            meta.warn("NPV507", message, "namespace", fix="remove it", key=True)
        return ""
    if namespace and not is_dns_label(namespace):
        fix = "use at most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends"
        meta.error("NPV051", f"`{namespace}` is not a name of a namespace", "namespace", fix=fix)
    return namespace or "default"


def _rule(fields: Fields, path: str, label: str, kind: str, settings: Settings) -> RuleText:
    known = children(kind, path)
    fields.only(known, f"rule of {kind}")
    subject, host = _subject(fields, kind)
    _check_log(fields)
    elements = {
        direction: tuple(_elements(fields, direction, path, label, kind, settings, host=host))
        for direction in Direction
    }
    present = any(elements.values())
    if not present and set(known).issuperset(fields.value):  # one that is misspelt may be the element
        _report_empty(fields, kind, settings)
    default_deny = _default_deny(fields, path, kind, settings, elements)
    return RuleText(subject, host, elements, default_deny, fields.span())


def _check_log(fields: Fields) -> None:
    """What is written to flows that a rule allows: pkg/policy/api/rule.go LogConfig."""
    log = fields.map("log")
    value = log.text("value") if log is not None else None
    if log is not None and value and (len(value) > _LOG or any(category(c)[0] == "C" for c in value)):
        message = f"`value` of `log` is longer than {_LOG} signs, or has one that cannot be printed: the API server refuses it"
        log.error("NPV721", message, "value", fix="write a shorter text on one line")


def _subject(fields: Fields, kind: str) -> tuple[Selector, bool]:
    """What the rule is about, and whether that is nodes."""
    given = [key for key in ("endpointSelector", "nodeSelector") if fields.value.get(key) is not None]
    if len(given) != 1:
        message = (
            "a rule has either `endpointSelector` or `nodeSelector`, not both"
            if given
            else "`endpointSelector` is missing"
        )
        fix = "keep one of them, or make two rules" if given else "for every pod write `endpointSelector: {}`"
        fields.error("NPV508", message, *given[1:], fix=fix, key=bool(given))
    if "nodeSelector" in given and kind != CLUSTERWIDE:
        message = f"a {kind} cannot have `nodeSelector`"
        fields.error("NPV509", message, "nodeSelector", fix=f"make it a {CLUSTERWIDE}", key=True)
    selector = fields.map(given[0]) if given else None
    return (read_selector(selector, given[0]) if selector is not None else ()), given == ["nodeSelector"]


def _elements(
    fields: Fields, direction: Direction, path: str, label: str, kind: str, settings: Settings, *, host: bool
) -> list[Element]:
    found = []
    for section in _SECTIONS[direction]:
        for index, item in fields.maps(section):
            found.append(
                read_element(item, f"{path}.{section}[]", f"{label}{section}[{index}]", kind, settings, host=host)
            )
    return found


def _report_empty(fields: Fields, kind: str, settings: Settings) -> None:
    """Rule.Sanitize refuses a rule without elements since 1.16; before, it did nothing."""
    lists = [key for pair in _SECTIONS.values() for key in pair]
    empty = next((key for key in lists if fields.value.get(key) == []), None)
    at = (empty,) if empty else ()
    if settings.version >= (1, 16):
        message = f"a rule without an element is invalid, and the whole {kind} is not enforced"
        fields.error("NPV510", message, *at, fix="to deny everything write `ingress: [{}]`, or `egress: [{}]`")
    else:
        message = "a rule without an element does nothing"
        fields.warn("NPV511", message, *at, fix="to deny everything write `ingress: [{}]`, or `egress: [{}]`")


def _default_deny(
    fields: Fields, path: str, kind: str, settings: Settings, elements: dict[Direction, tuple[Element, ...]]
) -> dict[Direction, bool]:
    """Which directions the rule closes: those that it has elements in, unless `enableDefaultDeny` says otherwise."""
    found = {direction: bool(elements[direction]) for direction in Direction}
    given = fields.map("enableDefaultDeny")
    if given is None:
        return found
    if settings.version < (1, 16):
        message = "`enableDefaultDeny` is of Cilium 1.16 and later: before, the field is dropped, and the rule denies"
        fix = "leave it out, or name the version with --cilium-version"
        fields.warn("NPV512", message, "enableDefaultDeny", fix=fix, key=True)
        return found
    given.only(children(kind, f"{path}.enableDefaultDeny"), "enableDefaultDeny")
    for direction in Direction:
        said = given.boolean(direction.value)
        if said is not None and elements[direction]:
            found[direction] = said
        elif said and not elements[direction]:
            message = f"`enableDefaultDeny.{direction.value}` has no effect: the rule has no {direction.value} element"
            given.warn("NPV513", message, direction.value, fix=f"write `{direction.value}: [{{}}]` to close it")
    return found
