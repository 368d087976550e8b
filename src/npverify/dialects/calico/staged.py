"""What the policies would be once the staged ones are enforced.

Calico never enforces a staged policy (felix/rules/endpoints.go); this is the preview that `staged=pending` asks for: Set puts
the policy in the place of the enforced one of its name, Delete removes that one, Learn and Ignore change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from npverify.dialects.calico.resources import Policy, Resources
from npverify.dialects.kubernetes_read import NetworkPolicy
from npverify.normal.policy import PolicyId


def pending(resources: Resources, native: Sequence[NetworkPolicy]) -> tuple[tuple[Policy, ...], list[NetworkPolicy]]:
    """The policies of Calico and those of Kubernetes with every staged change made."""
    own: dict[PolicyId, Policy] = {policy.id: policy for policy in resources.policies}
    for policy in resources.staged:
        target = policy.id._replace(kind=policy.id.kind.removeprefix("Staged"))
        if policy.staged == "Delete":
            own.pop(target, None)
        elif policy.staged == "Set":
            own[target] = policy._replace(id=target, staged="")
    kubernetes: dict[PolicyId, NetworkPolicy] = {policy.id: policy for policy in native}
    for staged in resources.staged_kubernetes:
        of_kubernetes = PolicyId("kubernetes", "NetworkPolicy", staged.id.namespace, staged.id.name)
        if staged.action == "Delete":
            kubernetes.pop(of_kubernetes, None)
        elif staged.action == "Set" and staged.policy is not None:
            kubernetes[of_kubernetes] = staged.policy._replace(id=of_kubernetes)
    return tuple(own.values()), list(kubernetes.values())
