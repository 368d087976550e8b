"""`on change: no new flow …` and `no lost flow …`: which flows one version must not have gained or lost.

A new flow is one that the new version allows and the old one does not, so its ends are those of the new version; a lost flow one
that the old version allows and the new one does not, so its ends are those of the old one.
"""

from __future__ import annotations

from dataclasses import replace

from npverify.assertions import syntax as s
from npverify.assertions.claims import Leg
from npverify.assertions.legs import assumed, checked, covers_default, reaching, scope
from npverify.assertions.select import Selector


def lower_change(claim: s.OnChange, select: Selector) -> tuple[tuple[Leg, ...], tuple[str, ...]]:
    """The flows that the claim is about, and phrases for what they leave out. Without a source, every source is meant."""
    reaches = s.Reaches("no", claim.src or s.Everyone("anything"), claim.dst, claim.traffic)
    legs = reaching(select, reaches, select.source(reaches.src), checked(select, reaches))
    if claim.src is None:
        leaves = scope(select, claim.dst)
        legs = tuple(
            replace(leg, leave_out_self=leaves.leave_out_self, leave_out_own_node=leaves.leave_out_own_node)
            for leg in legs
        )
    return legs, assumed(select, legs, usual=covers_default(select, reaches))
