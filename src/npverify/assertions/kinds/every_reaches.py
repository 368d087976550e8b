"""`every A reaches B`: each of A may talk to each of B, on each port that is named."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import AllFlows
from npverify.assertions.kind import Context, Kind, Lowered
from npverify.assertions.legs import assumed, checked, covers_default, reaching


def lower(claim: s.Reaches, context: Context) -> Lowered:
    """All flows of all legs are allowed."""
    select = context.select
    legs = reaching(select, claim, select.source(claim.src), checked(select, claim))
    return Lowered(AllFlows(True, legs), assumed(select, legs, usual=covers_default(select, claim)))


KIND = Kind(
    name="every_reaches",
    form="every A reaches B",
    holds="every flow from each of A to each of B is allowed",
    fails="a flow from A to B is denied",
    example="assert every frontend reaches api on tcp/8080",
    fix="add a rule for the flow where it is denied: egress of A, ingress of B, or both",
    lower=lower,
    syntax=s.Reaches,
    verb="every",
)
