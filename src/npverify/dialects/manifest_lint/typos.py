"""Labels in selectors that nothing has, but for one slip of the hand."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.lint import About, Suspicion
from npverify.dialects.manifest_lint import slips
from npverify.dialects.manifest_lint.case import Case, LintRule, selectors


def find(case: Case) -> Iterator[Suspicion]:
    """Each key and each value of a selector that nothing has, where one that something has differs by one slip."""
    pods = (pod for pods in case.pods_of.values() for pod in pods)
    known = {"pod": slips.of_pods(pods), "namespace": slips.of_namespaces(case.inventory.namespaces.values())}
    for policy, place, span, selector, of in selectors(case):
        for requirement in selector:
            found = slips.suspicion(policy.id, place, span, requirement, known[of], of)
            if found is not None:
                yield found


_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: %s}}, namespaceSelector: {matchLabels: {env: dev}}}]
    ports: [{port: 8080}]
"""

RULE = LintRule(
    About(
        slips.CODE,
        "probable-typo",
        "warning",
        "A selector asks for a label that nothing has, but for one letter.",
        "A key or value that no pod (for `namespaceSelector`: no namespace) of the input has, where something has one that "
        "differs by a letter that is left out, added or another one, by two neighbours that changed places, or by case and "
        "separators alone. Digits tell names apart, names of one or two letters are not compared, and labels that are not known "
        "count as any. It is told of `NotIn` too, which excludes nothing then. The selectors of Calico are held against the labels "
        "of network sets, host endpoints and service accounts as well, those of Cilium (`endpointSelector`, `fromEndpoints`, …) "
        "against those of pods and namespaces.",
        fires=_POLICY % "moniter",
        silent=_POLICY % "grafana",
        needs_pods=True,
    ),
    find,
)
