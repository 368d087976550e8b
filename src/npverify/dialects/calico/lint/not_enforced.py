"""Policies that are never enforced: staged ones, and kinds that the version does not read."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.lint import About, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """Every staged policy, unless they are judged as if they were enforced, and every kind without effect."""
    if case.settings.staged == "ignore":
        staged = [(policy.id, policy.span) for policy in case.resources.staged]
        staged += [(policy.id, policy.span) for policy in case.resources.staged_kubernetes]
        for policy_id, span in staged:
            fix = "make it an enforced policy once it is meant to count; `--assume staged=pending` shows what would be"
            yield Suspicion(policy_id, span, f"{policy_id} is staged, so it changes nothing", fix)
    for policy_id, span in case.unenforced:
        message = f"Calico {case.settings.version_text} does not enforce {policy_id}"
        yield Suspicion(policy_id, span, message, "name the version of the cluster with --calico-version")


RULE = LintRule(
    About(
        "NPL111",
        "not-enforced",
        "info",
        "A policy is not enforced: it is staged, or of a kind that this version of Calico does not read.",
        "Staged policies are there to be looked at; they neither allow, nor deny, nor isolate. AdminNetworkPolicy is enforced "
        "from 3.29 to 3.31, ClusterNetworkPolicy since 3.32.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
""",
        replaces=("NPV286",),
    ),
    find,
)
