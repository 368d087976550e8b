"""Which endpoints a Calico policy applies to.

Source: projectcalico/calico libcalico-go/lib/backend/syncersv1/updateprocessors/globalnetworkpolicyprocessor.go and
networkpolicyprocessor.go.
"""

from __future__ import annotations

from npverify.dialects.calico.resources import Policy
from npverify.dialects.calico.rules import all_of, replaced
from npverify.dialects.calico.selection import ACCOUNT, NAMESPACE, OF_ACCOUNT, OF_NAMESPACE
from npverify.dialects.calico.selector import Equals, Has, Node, map_keys


def subject_selector(policy: Policy) -> Node:
    """The selector of endpoints that a policy comes down to. The processor appends the selectors of namespaces and
    accounts as text and rewrites each `all()` in what it then has, also those of the policy's own selector."""
    own: list[Node] = [policy.selector] if policy.selector_given else []
    accounts = policy.account_selector and map_keys(policy.account_selector, lambda key: OF_ACCOUNT + key)
    if policy.id.namespace:
        scope = Equals(NAMESPACE, policy.id.namespace)
        return all_of(*own, scope, *([accounts] if accounts is not None else []))
    found = all_of(*own)
    if policy.namespace_selector is not None:
        appended = map_keys(policy.namespace_selector, lambda key: OF_NAMESPACE + key)
        found = replaced(all_of(*own, appended), lambda _: Has(NAMESPACE))
        own = [found]
    if accounts is not None:
        found = replaced(all_of(*own, accounts), lambda _: Has(ACCOUNT))
    return found
