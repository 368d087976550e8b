"""`some A reaches B`: at least one flow from A to B is allowed."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import SomeFlow
from npverify.assertions.kind import Context, Kind, Lowered
from npverify.assertions.legs import assumed, checked, covers_default, reaching


def lower(claim: s.Reaches, context: Context) -> Lowered:
    """Some flow of some leg is allowed."""
    select = context.select
    legs = reaching(select, claim, select.source(claim.src), checked(select, claim))
    return Lowered(SomeFlow(legs), assumed(select, legs, usual=covers_default(select, claim)))


KIND = Kind(
    name="some_reaches",
    form="some A reaches B",
    holds="at least one flow from A to B is allowed",
    fails="every flow from A to B is denied",
    example="assert some frontend reaches api on tcp/8080",
    fix="add a rule that allows one such flow in both directions: egress of A and ingress of B",
    lower=lower,
    syntax=s.Reaches,
    verb="some",
)
