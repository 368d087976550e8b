"""Which policies speak of the proxy that the plugin itself has for Ingress and Gateway objects.

No statement names this proxy and no list holds it, so what is compared between all that are listed says nothing of it.
"""

from __future__ import annotations

from npverify.inventory.model import PROXY
from npverify.normal.policy import Direction, Policy, PolicyId
from npverify.normal.predicates import FALSE, Pred, Side
from npverify.reduction.asking import placed
from npverify.reduction.partial import DIRECT
from npverify.reduction.residuals import Residuals

_Said = tuple[object, ...]


def policies_of_proxy(residuals: Residuals) -> frozenset[PolicyId]:
    """The policies that may select the proxy, or let somebody exchange something with it."""
    return frozenset(policy.id for _, policy in _speaking(residuals))


def said_of_proxy(residuals: Residuals) -> tuple[_Said, ...]:
    """What these policies say, in order, whatever their names: equal tuples mean the same to the proxy."""
    return tuple(
        (where, policy.subject, *((rule.action, rule.peer, rule.traffic) for rule in policy.rules))
        for where, policy in _speaking(residuals)
    )


def _speaking(residuals: Residuals) -> list[tuple[tuple[object, ...], Policy]]:
    if not residuals.policies.proxied:
        return []
    own = 1 << residuals.classes.of[PROXY]

    def may_be(pred: Pred, side: Side) -> bool:
        return any(part & own and left is not FALSE for part, left in residuals.bitsets.parts(pred, side, DIRECT))

    return [
        ((direction, *at), policy)
        for direction in Direction
        for at, policy in placed(residuals.policies.half(direction))
        if may_be(policy.subject, direction.subject) or any(may_be(rule.peer, direction.peer) for rule in policy.rules)
    ]
