"""The tiers as one predicate, by the walk that the oracle does on a flow, last tier first.

This is the encoder without the reduction: one pair of endpoints (or none, for endpoints that are not known), every policy.
The reduction must come to the same predicate; a test holds the two together on every generated case. In the closed world
the reduction is used because it is faster, never because it knows more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from npverify.inventory.model import Endpoint, Inventory
from npverify.normal.policy import Action, Direction, PolicySet, Stage
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, const, ite, not_, or_
from npverify.reduction.partial import DIRECT, Circumstance, Partial
from npverify.reduction.requests import requests_of


def allowed(
    policies: PolicySet,
    inventory: Inventory,
    direction: Direction,
    src: Endpoint | None,
    dst: Endpoint | None,
    how: Circumstance = DIRECT,
    *,
    partial: Partial | None = None,
) -> Pred:
    """True exactly where `oracle.Oracle.decide` allows the flow in that direction.

    `partial`: of this inventory and these policies, for who asks about many flows.
    """
    partial = partial or Partial(inventory, policies.vip_visible, requests_of(policies))
    word: Pred = TRUE
    skipped: dict[str, Pred] = {}
    accepted: dict[str, Pred] = {"": TRUE}
    followed = {stage.after for stage in policies.half(direction).stages}
    for stage in policies.half(direction).stages:
        at = replace(how, before_translation=FALSE if how.via is None else stage.before_translation)

        def encode(pred: Pred, at: Circumstance = at) -> Pred:
            return partial.residual(pred, direction, at, src=src, dst=dst)

        exempt = or_(*(encode(exemption.match) for exemption in stage.exemptions))
        asks = and_(encode(stage.applies), accepted[stage.after], not_(skipped.get(stage.name, FALSE)))
        passes = or_(exempt, _walk(stage, const(stage.final is Action.ALLOW), encode))
        if stage.skips or stage.name in followed:
            accepts = _walk(stage, FALSE, encode)
            accepted[stage.name] = and_(asks, not_(exempt), accepts)
            for name in stage.skips:
                skipped[name] = or_(skipped.get(name, FALSE), accepted[stage.name])
        word = and_(word, or_(not_(asks), passes))
    return word


def _walk(stage: Stage, final: Pred, encode: Callable[[Pred], Pred]) -> Pred:
    """Where the tiers of a stage allow, if `final` is what is said after the last of them."""
    word = final
    for tier in reversed(stage.tiers):
        onward = word
        asked = or_(*(encode(policy.subject) for policy in tier.policies))
        word = ite(asked, FALSE if tier.no_match is Action.DENY else onward, onward)
        for policy in reversed(tier.policies):
            for rule in reversed(policy.rules):
                if rule.action is not Action.LOG:
                    says = {Action.ALLOW: TRUE, Action.DENY: FALSE, Action.PASS: onward}[rule.action]
                    word = ite(and_(encode(policy.subject), encode(rule.match)), says, word)
    return word
