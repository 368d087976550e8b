"""An `http` clause that nobody enforces."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.calico.subjects import subject_selector
from npverify.dialects.lint import About, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """The rules with `http` where no Envoy is on the way; there is none at host endpoints."""
    for at in case.rules:
        if at.rule.http is None:
            continue
        if case.settings.l7 == "off":
            message = f"{at.name}: `http` is not enforced, so the rule allows every request"
            fix = "run Envoy with Calico's policy checker and say so with `--assume l7=on`, or do without `http`"
            yield Suspicion(at.policy.id, at.span("http"), message, fix)
        elif not at.policy.id.namespace and case.hosts_of(subject_selector(at.policy)):
            message = f"{at.name}: `http` is not enforced at host endpoints, so the rule allows every request there"
            fix = "select pods alone, and write rules without `http` for host endpoints"
            yield Suspicion(at.policy.id, at.span("http"), message, fix)


RULE = LintRule(
    About(
        "NPL116",
        "http-not-enforced",
        "warning",
        "A rule has an `http` clause, and no Envoy with Calico's policy checker enforces it.",
        "iptables, nftables and BPF pass over the clause: the rule then allows every method and path, and every protocol if it "
        "names none.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: app == 'api'
  types: [Ingress]
  ingress:
  - action: Allow
    protocol: TCP
    source: {selector: app == 'web'}
    http: {methods: [GET]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: app == 'api'
  types: [Ingress]
  ingress:
  - action: Allow
    protocol: TCP
    source: {selector: app == 'web'}
""",
        replaces=("NPV287",),
    ),
    find,
)
