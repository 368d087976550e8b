"""A selector that nothing can match, wherever it is applied."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule, retold
from npverify.dialects.calico.lint.peers import Peer, peers, possible
from npverify.dialects.calico.selection import NAMESPACE
from npverify.dialects.calico.selector import keys
from npverify.dialects.calico.subjects import subject_selector
from npverify.dialects.lint import About, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """Each selector of a peer and of a subject, unless there can be an object for it."""
    yield from retold(case, "NPV234")
    for peer in peers(case):
        message = f"{peer.at.name}: nothing can match `{peer.field}`, so the rule has no effect"
        span = peer.at.span(peer.field, peer.key)
        yield Suspicion(peer.at.policy.id, span, message, _mend(peer), unless=possible(peer.selector), side=peer.side)
    for policy in case.policies:
        selector = subject_selector(policy)
        message = f"nothing can match the selector of {policy.id}, so the policy has no effect"
        span = case.span(policy, "selector")
        yield Suspicion(policy.id, span, message, "correct the selector", unless=possible(selector))


def _mend(peer: Peer) -> str:
    namespace = peer.at.policy.id.namespace
    if namespace and peer.entity.namespace_selector is None and NAMESPACE in keys(peer.selector):
        return (
            f"a selector without `namespaceSelector` looks in namespace `{namespace}` alone; "
            "write `namespaceSelector: projectcalico.org/name == 'NAME'` for another one"
        )
    return "correct the selectors, all of which must match one object"


RULE = LintRule(
    About(
        "NPL122",
        "contradiction",
        "error",
        "A selector contradicts itself, or its place, so nothing can ever match it.",
        "All selectors of one side must match one object, and in a NetworkPolicy they look in its own namespace unless there is "
        "a `namespaceSelector`. The solver tries every combination of labels. `services` of a NetworkPolicy without `namespace` "
        "match nothing either.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: app == 'api'
  types: [Ingress]
  ingress:
  - action: Allow
    source: {selector: projectcalico.org/namespace == 'ops'}
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
    source: {namespaceSelector: projectcalico.org/name == 'ops'}
""",
        replaces=("NPV234", "NPV283"),
    ),
    find,
)
