"""A lone `notSelector` in a NetworkPolicy, which is not about addresses outside."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.lint import About, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """The rules of namespaced policies that say only whom they do not mean."""
    for at in case.rules:
        namespace = at.policy.id.namespace
        for field, _, entity in at.sides:
            beside = (entity.selector, entity.namespace_selector, entity.accounts)
            if namespace and entity.not_selector is not None and not any(beside):
                message = (
                    f"{at.name}: `notSelector` alone means the other pods and network sets of namespace `{namespace}`; it "
                    "matches no other namespace and no address outside"
                )
                fix = "use a GlobalNetworkPolicy, or add `namespaceSelector: all()` for pods of every namespace"
                yield Suspicion(at.policy.id, at.span(field, "notSelector"), message, fix)


RULE = LintRule(
    About(
        "NPL126",
        "not-selector-alone",
        "warning",
        "A lone `notSelector` in a NetworkPolicy matches only objects of its own namespace.",
        "In a GlobalNetworkPolicy the same field matches every address but those that are selected, also outside ones. In a "
        "NetworkPolicy Calico puts the namespace in front, and only known objects are in it.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
  - action: Deny
    source: {notSelector: app == 'api'}
  - action: Allow
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: db}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
  - action: Deny
    source: {notSelector: app == 'api'}
  - action: Allow
""",
    ),
    find,
)
