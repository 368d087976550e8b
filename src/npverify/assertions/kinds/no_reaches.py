"""`no A reaches B`: every flow from A to B is denied."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import AllFlows
from npverify.assertions.kind import Context, Kind, Lowered
from npverify.assertions.legs import assumed, checked, covers_default, reaching


def lower(claim: s.Reaches, context: Context) -> Lowered:
    """All flows of all legs are denied."""
    select = context.select
    legs = reaching(select, claim, select.source(claim.src), checked(select, claim))
    return Lowered(AllFlows(False, legs), assumed(select, legs, usual=covers_default(select, claim)))


KIND = Kind(
    name="no_reaches",
    form="no A reaches B",
    holds="every flow from A to B is denied",
    fails="a flow from A to B is allowed",
    example="assert no frontend reaches db:5432",
    fix="isolate B for ingress or A for egress, and take the flow out of the rules that allow it",
    lower=lower,
    syntax=s.Reaches,
    verb="no",
)
