"""Reads what all of Calico's resources have: name, namespace, labels.

`crd.projectcalico.org/v1` keeps the metadata of `projectcalico.org/v3` in an annotation: projectcalico/calico
libcalico-go/lib/backend/k8s/resources/resources.go ConvertK8sResourceToCalicoResource.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from npverify.dialects.calico.fields import children
from npverify.dialects.calico.way import Way
from npverify.dialects.kubernetes_read import Parts
from npverify.ingest.document import Document
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems, Span
from npverify.inventory.syntax import is_dns_label, is_label_key, is_label_value, is_subdomain
from npverify.normal.policy import PolicyId

STORED = "crd.projectcalico.org"
METADATA = "projectcalico.org/metadata"
NAMESPACED = frozenset({"NetworkPolicy", "StagedNetworkPolicy", "StagedKubernetesNetworkPolicy", "NetworkSet"})
POLICIES = frozenset({"NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy", "StagedGlobalNetworkPolicy"})

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_ONE_DOT = re.compile(rf"{_LABEL}(\.{_LABEL})?")
_GENERATED = re.compile(r"(knp|ossg)\.default\..*")


class Object(NamedTuple):
    """A resource whose `spec` is still to be read; `stored` as `crd.projectcalico.org/v1`."""

    id: PolicyId
    labels: Mapping[str, str]
    spec: Fields
    span: Span
    way: Way
    stored: bool
    parts: Parts


def read_object(doc: Document, problems: Problems, way: Way, parts: Parts | None = None) -> Object:
    """Name, namespace and labels of a document of Calico, and its spec; `parts` were read of others in the same way."""
    kind = doc.kind
    top = Fields.of(doc, problems)
    top.only(children(kind, ""), kind)
    stored = doc.group == STORED
    meta = top.map("metadata") or Fields(doc, ("metadata",), {}, problems)
    meta.only(children(kind, "metadata"), "metadata")
    annotations = meta.text_map("annotations")
    kept = _kept(meta, annotations) if stored else {}
    labels = {**meta.text_map("labels"), **kept.get("labels", {})}
    _check_labels(meta, labels)
    spec = top.map("spec") or Fields(doc, ("spec",), {}, problems)
    if kind != "FelixConfiguration":
        spec.only(children(kind, "spec"), f"spec of {kind}")
    name = doc.name
    if kind in POLICIES and METADATA in annotations and stored:
        # the prefix is the one that 3.29 and 3.30 put in front of the names in the tier `default`
        default = spec.value.get("tier") in (None, "", "default")
        name = kept.get("name") or (name.removeprefix("default.") if default else name)
    object_id = PolicyId("calico", kind, _namespace(meta, kind), name)
    _check_name(meta, object_id, way)
    span = doc.span_later("metadata", "name") if doc.name else doc.span_later()
    return Object(object_id, labels, spec, span, way, stored, parts or Parts())


def _kept(meta: Fields, annotations: Mapping[str, str]) -> dict[str, Any]:
    """The metadata in the annotation: `name` and `labels`, those that are there."""
    text = annotations.get(METADATA)
    if text is None:
        return {}
    try:
        value = json.loads(text)
        name, labels = value.get("name") or "", value.get("labels")
        labels = {} if labels is None else labels
        if isinstance(name, str) and all(isinstance(label, str) for label in labels.values()):
            return {"name": name, "labels": labels}
    except (ValueError, AttributeError):
        pass
    message = f"the annotation `{METADATA}` is not metadata in JSON"
    meta.error("NPV203", message, "annotations", METADATA, fix="drop the annotation, or export the object again")
    return {}


def _namespace(meta: Fields, kind: str) -> str:
    namespace = meta.text("namespace") or ""
    if kind not in NAMESPACED:
        if namespace:
            message = f"a {kind} belongs to no namespace"
            meta.error("NPV201", message, "namespace", key=True, fix="remove `namespace`")
        return ""
    namespace = namespace or "default"
    if not is_dns_label(namespace):
        fix = "use at most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends"
        meta.error("NPV201", f"`{namespace}` is not a name of a namespace", "namespace", fix=fix)
    return namespace


def _check_name(meta: Fields, object_id: PolicyId, way: Way) -> None:
    name, kind = object_id.name, object_id.kind
    if not name:
        if not meta.has("name") or meta.value["name"] == "":
            meta.error("NPV200", "`metadata.name` is missing", fix="give the object a name")
        return
    wrong = ""
    if not is_subdomain(name):
        wrong = "use at most 253 of `a-z`, `0-9`, `-` and `.`, with a letter or digit at both ends of each part"
    elif kind == "Tier" and not is_dns_label(name):
        wrong = "use at most 63 of `a-z`, `0-9` and `-`"
    elif kind in POLICIES and not way.raw:
        wrong = _wrong_policy_name(name, kind, way)
    if wrong:
        meta.error("NPV200", f"`{name}` is not a name of a {kind}", "name", fix=wrong)


def _wrong_policy_name(name: str, kind: str, way: Way) -> str:
    """What is wrong with the name of a policy: validator.go networkPolicyNameRegex, globalNetworkPolicyNameRegex."""
    if kind in ("NetworkPolicy", "StagedNetworkPolicy") and _GENERATED.fullmatch(name):
        return ""
    if not _ONE_DOT.fullmatch(name):
        return "use at most one dot"
    return "use no dot; Calico takes one since 3.29" if way.version < (3, 29) and "." in name else ""


def _check_labels(meta: Fields, labels: Mapping[str, str]) -> None:
    for key, value in labels.items():
        if not is_label_key(key):
            fix = "use at most 63 letters, digits, `-`, `_` and `.`, behind an optional DNS name and `/`"
            meta.error("NPV205", f"`{key}` is not a label key", "labels", key, fix=fix, key=True)
        if not is_label_value(value):
            fix = "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
            meta.error("NPV205", f"`{value}` is not a value of a label (`{key}`)", "labels", key, fix=fix)
