"""Namespaces that are not there, and the label by which they are not found."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.case import Case, LintRule, listed, selectors
from npverify.dialects.manifest_lint.names import slipped
from npverify.ingest.fields import nearest
from npverify.inventory.model import METADATA_NAME

SYSTEM = ("default", "kube-node-lease", "kube-public", "kube-system")
"""The namespaces that every cluster has; nothing gives them a label `name`."""

_OLD_LABEL = "name"


def by_label(case: Case) -> Iterator[Suspicion]:
    """Each `namespaceSelector` with a label `name` that names a namespace which has no such label."""
    namespaces = case.inventory.namespaces
    for policy, place, span, selector, of in selectors(case):
        for requirement in selector if of == "namespace" else ():
            if requirement.key != _OLD_LABEL or requirement.operator != "In":
                continue
            for value in requirement.values:
                found = namespaces.get(value)
                known = found is not None and found.declared
                if any(n.declared and n.labels.get(_OLD_LABEL) == value for n in namespaces.values()):
                    continue
                if not known and value not in SYSTEM:
                    continue  # its labels are not known, and it may be that somebody gave it this one
                message = f"{place}: namespace `{value}` has no label `{_OLD_LABEL}`, so `{_OLD_LABEL}: {value}` does not find it"
                because = (
                    Reason(f"the API server gives each namespace the label `{METADATA_NAME}`, and no other")
                    if found is None or not found.declared
                    else Reason(f"it has {listed(f'`{k}: {v}`' for k, v in found.labels.items())}", None, found.span),
                )
                fix = f"write `{METADATA_NAME}: {value}`, or label the namespace"
                yield Suspicion(policy.id, span, message, fix, because)


def unknown(case: Case) -> Iterator[Suspicion]:
    """Each policy in a namespace that is neither declared nor has pods or Services, though others are."""
    namespaces = case.inventory.namespaces
    lived_in = {pod.namespace for pod in case.inventory.pods} | {namespace for namespace, _ in case.inventory.services}
    there = {name for name, n in namespaces.items() if n.declared} | lived_in
    some_declared = any(n.declared for n in namespaces.values())
    for policy in case.policies:
        name = policy.id.namespace
        if name in there or name in SYSTEM:
            continue
        near = slipped(name, there)
        if some_declared or near is not None:
            message = f"{policy.id}: there is no namespace `{name}` in the input, so the policy selects nothing"
            fix = f"did you mean `{near}`?" if near else nearest(name, there)
            because = (Reason(f"there are the namespaces {listed(sorted(there), 5)}"),)
            span = case.span(policy, "metadata", "namespace", key=False)
            yield Suspicion(
                policy.id, span, message, fix or "correct it, or add the manifest of the namespace", because
            )


_FROM = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: %s}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {%s: ops}}}]
"""

RULES = (
    LintRule(
        About(
            "NPL173",
            "namespace-name-label",
            "warning",
            "A `namespaceSelector` asks for the label `name`, which the namespace of that name does not have.",
            f"The label that every namespace has is `{METADATA_NAME}`. `name` is there only where somebody sets it, which old "
            "guides ask for. It is told of namespaces that are declared without it, and of those that every cluster has.",
            fires=_FROM % ("shop", "name"),
            silent=_FROM % ("shop", METADATA_NAME),
        ),
        by_label,
    ),
    LintRule(
        About(
            "NPL174",
            "unknown-namespace",
            "warning",
            "A policy is in a namespace that does not exist.",
            "The namespace is not declared, and nothing else of the input is in it. Where no namespace is declared at all, it is "
            "told only if another name differs by one letter.",
            fires=_FROM % ("shpo", METADATA_NAME),
            silent=_FROM % ("shop", METADATA_NAME),
            needs_pods=True,
        ),
        unknown,
    ),
)
