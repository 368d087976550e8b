"""Rules of a direction that `policyTypes` leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.case import Case, LintRule
from npverify.normal.policy import Direction


def find(case: Case) -> Iterator[Suspicion]:
    """The policies with rules of a direction that they are not about; one plugin enforces them all the same."""
    for policy in case.policies:
        for direction in Direction:
            if not policy.sections[direction] or direction in policy.rules:
                continue
            word = str(direction).capitalize()
            listed = f"`policyTypes` does not list `{word}`"
            effect, because = f"has {direction} rules without effect, because {listed}", _ELSEWHERE
            if case.profile.name == "cilium":
                effect, because = f"has {direction} rules that Cilium enforces, though {listed}", _BY_THE_API
            yield Suspicion(
                policy.id,
                case.span(policy, "spec", str(direction)),
                f"{policy.id} {effect}",
                f"add `{word}` to `policyTypes` if they are meant, or remove the rules",
                (Reason(because),),
            )


_ELSEWHERE = "Cilium is the exception: it enforces them, and isolates the pods in that direction"
_BY_THE_API = "by the API, and for other plugins, they have no effect; Cilium also isolates the pods in that direction"
_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [%s]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
  egress:
  - to: [{ipBlock: {cidr: 203.0.113.0/24}}]
"""

RULE = LintRule(
    About(
        "NPL178",
        "inert-section",
        "warning",
        "A NetworkPolicy has rules of a direction that its `policyTypes` does not list.",
        "The API passes such rules over: they allow nothing, and nothing is isolated by them (NetworkPolicySpec, `policyTypes`). Cilium "
        "enforces them (cilium/cilium issue 48703), so the same manifest means two things. NPL112 tells the like of Calico's policies.",
        fires=_POLICY % "Ingress",
        silent=_POLICY % "Ingress, Egress",
    ),
    find,
)
