"""Tells apart what two plugins leave open: nobody knows that both do the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from npverify.analyses.world import World
from npverify.dialects.plugins import plugin_of
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Half, Policy, Rewriting, Stage
from npverify.normal.predicates import Pred, UnknownIn, substitute, unknown_in

__all__ = ["told_apart"]

_UNSURE = "gke-dpv2"
"""It is said to be Cilium, and nothing of it was confirmed."""


def told_apart(left: World, right: World) -> World:
    """The right side, with the switches that are open on both sides as its own where the sides are two plugins. One program
    under two names does the same in both."""
    names = left.policies.profile, right.policies.profile
    open_ = {switch.name for switch in left.policies.switches}
    common = [switch for switch in right.policies.switches if switch.name in open_]
    if names[0] == names[1] or not common or _one_program(*names):
        return right
    own = {switch: _of(switch, names[1]) for switch in common}

    def settled(atom: Pred) -> Pred:
        return (
            unknown_in(own[atom.unknown], *atom.values) if isinstance(atom, UnknownIn) and atom.unknown in own else atom
        )

    def renamed(pred: Pred) -> Pred:
        return substitute(pred, settled)

    policies = right.policies
    made = replace(
        policies,
        egress=Half(tuple(_stage(stage, renamed) for stage in policies.egress.stages)),
        ingress=Half(tuple(_stage(stage, renamed) for stage in policies.ingress.stages)),
        switches=tuple(own.get(switch, switch) for switch in policies.switches),
        vip_visible=renamed(policies.vip_visible),
        rewriting=Rewriting(*(renamed(getattr(policies.rewriting, f.name)) for f in fields(Rewriting))),
    )
    return replace(right, policies=made)


def _one_program(one: str, other: str) -> bool:
    """Whether two names are those of one program."""
    engines = {plugin.engine if plugin is not None else "" for plugin in map(plugin_of, (one, other))}
    return _UNSURE not in (one, other) and len(engines) == 1 and not engines & {"", "kubernetes"}


def _of(switch: Unknown, plugin: str) -> Unknown:
    return replace(switch, name=f"{switch.name} of {plugin}", phrase=f"{switch.phrase} by {plugin}")


def _stage(stage: Stage, renamed: Callable[[Pred], Pred]) -> Stage:
    return replace(
        stage,
        applies=renamed(stage.applies),
        tiers=tuple(replace(t, policies=tuple(_policy(p, renamed) for p in t.policies)) for t in stage.tiers),
        exemptions=tuple(replace(e, match=renamed(e.match)) for e in stage.exemptions),
        before_translation=renamed(stage.before_translation),
    )


def _policy(policy: Policy, renamed: Callable[[Pred], Pred]) -> Policy:
    rules = tuple(replace(rule, peer=renamed(rule.peer), traffic=renamed(rule.traffic)) for rule in policy.rules)
    return replace(policy, subject=renamed(policy.subject), rules=rules)
