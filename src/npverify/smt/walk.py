"""The tiers as one predicate, by the walk that the oracle does on a flow, last tier first.

This is the encoder without the reduction: one pair of endpoints (or none, for endpoints that are not known), every policy.
The reduction must come to the same predicate; a test holds the two together on every generated case. In the closed world
the reduction is used because it is faster, never because it knows more.
"""

from __future__ import annotations

from npverify.inventory.model import Endpoint, Inventory
from npverify.normal.policy import Action, Direction, PolicySet
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, ite, or_
from npverify.reduction.partial import DIRECT, Circumstance, Partial


def allowed(
    policies: PolicySet,
    inventory: Inventory,
    direction: Direction,
    src: Endpoint | None,
    dst: Endpoint | None,
    how: Circumstance = DIRECT,
) -> Pred:
    """True exactly where `oracle.Oracle.decide` allows the flow in that direction."""
    partial = Partial(inventory, policies.vip_visible)

    def encode(pred: Pred) -> Pred:
        return partial.residual(pred, direction, how, src=src, dst=dst)

    half = policies.half(direction)
    word: Pred = TRUE
    for tier in reversed(half.tiers):
        onward = word
        asked = or_(*(encode(policy.subject) for policy in tier.policies))
        word = ite(asked, FALSE if tier.no_match is Action.DENY else onward, onward)
        for policy in reversed(tier.policies):
            for rule in reversed(policy.rules):
                if rule.action is not Action.LOG:
                    says = {Action.ALLOW: TRUE, Action.DENY: FALSE, Action.PASS: onward}[rule.action]
                    word = ite(and_(encode(policy.subject), encode(rule.match)), says, word)
    return or_(*(encode(exemption.match) for exemption in half.exemptions), word)
