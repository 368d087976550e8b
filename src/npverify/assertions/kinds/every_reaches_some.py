"""`every A reaches some B`: each of A has one of B that it may talk to."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import EachReachesSome
from npverify.assertions.kind import Context, Kind, Lowered
from npverify.assertions.legs import assumed, checked, covers_default, reaching


def lower(claim: s.Reaches, context: Context) -> Lowered:
    """For each source there is a destination such that every flow between the two is allowed."""
    select = context.select
    legs = reaching(select, claim, select.source(claim.src), checked(select, claim))
    return Lowered(EachReachesSome(legs), assumed(select, legs, usual=covers_default(select, claim)))


KIND = Kind(
    name="every_reaches_some",
    form="every A reaches some B",
    holds="each of A may talk to at least one of B",
    fails="one of A may talk to none of B",
    example="assert every api reaches some db on tcp/5432",
    fix="add a rule that opens one of B to that source",
    lower=lower,
    syntax=s.Reaches,
    verb="every some",
)
