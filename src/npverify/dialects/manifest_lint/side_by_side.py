"""Two selectors as two peers, where one peer with both was probably meant."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.kubernetes_read import Peer
from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.case import At, Case, LintRule, listed, names_of


def find(case: Case) -> Iterator[Suspicion]:
    """Each pair of peers, one with a `namespaceSelector` alone and one with a `podSelector` alone, where somebody satisfies
    both, and the two let others in besides."""
    for at in case.rules:
        peers = list(enumerate(at.rule.peers))
        spaces = [(n, p) for n, p in peers if p.namespaces is not None and p.pods is None]
        pods = [(n, p) for n, p in peers if p.pods and p.namespaces is None and p.block is None]
        for n, space in spaces:
            for m, pod in pods:
                found = _suspicion(at, n, space, m, pod)
                if found is not None:
                    yield found


def _suspicion(at: At, n: int, space: Peer, m: int, pod: Peer) -> Suspicion | None:
    case, policy = at.case, at.policy
    both = case.peers(policy, Peer(pod.pods, space.namespaces))
    of_space, of_pod = case.peers(policy, space), case.peers(policy, pod)
    # where the pods of the own namespace have the labels, and those of the others do not, both peers say what they mean
    if all(each.namespace == policy.id.namespace for each in both):
        return None
    meant, there = case.members(both), case.members(of_space)
    more = names_of([each for each in of_pod if each not in meant and each not in there])
    more = {**case.names_without(of_space, both), **more}
    if not more:
        return None
    what = "lets in" if at.peers_key == "from" else "lets out to"
    message = (
        f"{at.name}: `namespaceSelector` and `podSelector` are two peers, so the rule {what} what either of them matches, and not "
        "only what both do"
    )
    because = (
        Reason(f"both match {case.workloads(both)}"),
        Reason(f"one of them alone matches {listed(more)} too", None, at.span(at.peers_key, m, "podSelector")),
    )
    fix = "to mean both, make one peer of them: remove the `-` before the second; to mean either, silence this with a reason"
    return Suspicion(policy.id, at.span(at.peers_key, n, "namespaceSelector"), message, fix, because)


_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {env: dev}}
    %s podSelector: {matchLabels: {app: monitor}}
---
apiVersion: v1
kind: Pod
metadata: {name: batch, namespace: ops, labels: {app: batch}}
spec: {containers: [{name: c, image: batch}]}
"""

RULE = LintRule(
    About(
        "NPL175",
        "selectors-side-by-side",
        "warning",
        "A `namespaceSelector` and a `podSelector` are two peers, and that lets in more than one peer with both would.",
        "Items of `from` and `to` are alternatives; fields of one item must all match (kubernetes/website network-policies.md). "
        "One `-` too many opens the rule to every pod of the namespaces. It is told where a pod of another namespace satisfies "
        "both selectors, so that both were probably meant, and where the two let in others as the input is.",
        fires=_POLICY % "-",
        silent=_POLICY % " ",
        needs_pods=True,
    ),
    find,
)
