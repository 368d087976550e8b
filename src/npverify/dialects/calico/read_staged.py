"""Reads what only staged policies have: their action, and the form of the Kubernetes API.

Source: projectcalico/calico api/pkg/apis/projectcalico/v3/staged*.go and libcalico-go/lib/validator/v3/validator.go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from npverify.dialects import kubernetes_fields, kubernetes_read
from npverify.dialects.calico.read_object import Object
from npverify.dialects.calico.resources import StagedAction, StagedKubernetes
from npverify.ingest.fields import Fields, nearest
from npverify.normal.policy import PolicyId

ACTIONS: dict[str, StagedAction] = {"Set": "Set", "Delete": "Delete", "Learn": "Learn", "Ignore": "Ignore"}


def staged_action(spec: Fields) -> StagedAction:
    """What enforcing the policy would do."""
    text = spec.text("stagedAction") or "Set"
    if text not in ACTIONS:
        fix = nearest(text, ACTIONS) or f"use one of {', '.join(ACTIONS)}"
        spec.error("NPV213", f"unknown staged action `{text}`", "stagedAction", fix=fix)
    return ACTIONS.get(text, "Set")


def check_deletion(spec: Fields, *named: str) -> None:
    """Report what a staged Delete says beside its action and the fields `named`."""
    for key, value in spec.value.items():
        # what the API takes for absent; an empty list is not
        empty = value is None or value is False or value in ("", {})
        if key not in ("stagedAction", *named) and not empty:
            message = f"a policy with the staged action Delete has no `{key}`"
            spec.error("NPV214", message, key, key=True, fix="remove the field")


def staged_kubernetes(found: Object) -> StagedKubernetes:
    """A StagedKubernetesNetworkPolicy; what would be enforced is read as the NetworkPolicy that it describes."""
    spec, way = found.spec, found.way
    action = staged_action(spec)
    if action == "Delete":
        check_deletion(spec)
        return StagedKubernetes(found.id, found.span, action, None)
    inner: dict[str, Any] = {key: spec.value[key] for key in kubernetes_fields.children("spec") if key in spec.value}
    if way.mode == "native" and spec.has("egress") and not spec.has("policyTypes"):
        # by presence, other than the Kubernetes API: api/admission/networkpolicy.mutatingadmissionpolicy.yaml
        inner["policyTypes"] = ["Ingress", "Egress"]
    # name and namespace were checked already
    doc = replace(spec.doc, value={"metadata": {"name": "staged"}, "spec": inner}, name="staged")
    enforced = kubernetes_read.read(doc, spec.problems, strict_cidr=True)
    policy_id = PolicyId("kubernetes", "NetworkPolicy", found.id.namespace, found.id.name)
    return StagedKubernetes(found.id, found.span, action, enforced._replace(id=policy_id, span=found.span))
