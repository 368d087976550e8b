"""`A is isolated from B`: no flow in either direction."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import AllFlows
from npverify.assertions.kind import Context, Kind, Lowered
from npverify.assertions.legs import assumed, reaching
from npverify.assertions.traffic import Filter


def lower(claim: s.IsolatedFrom, context: Context) -> Lowered:
    """All flows of both directions are denied."""
    select = context.select
    there = s.Reaches("no", claim.left, claim.right)
    back = s.Reaches("no", claim.right, claim.left)
    legs = tuple(leg for way in (there, back) for leg in reaching(select, way, select.source(way.src), Filter()))
    return Lowered(AllFlows(False, legs), assumed(select, legs, usual=True))


KIND = Kind(
    name="isolated_from",
    form="A is isolated from B",
    holds="no flow passes between A and B, in either direction",
    fails="a flow between A and B is allowed",
    example="assert frontend is isolated from payroll",
    fix="isolate both sides, and take each out of the rules of the other",
    lower=lower,
    syntax=s.IsolatedFrom,
)
