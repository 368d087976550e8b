"""`only A reaches B`: nobody outside A may talk to B. Whether A may is not said."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import AllFlows
from npverify.assertions.kind import Context, Kind, Lowered
from npverify.assertions.legs import assumed, checked, covers_default, reaching


def lower(claim: s.Reaches, context: Context) -> Lowered:
    """All flows from the complement of the sources are denied."""
    select = context.select
    others = select.universe.ordered(select.universe.complement(select.source(claim.src)))
    legs = reaching(select, claim, others, checked(select, claim))
    return Lowered(AllFlows(False, legs), assumed(select, legs, usual=covers_default(select, claim)))


KIND = Kind(
    name="only_reaches",
    form="only A reaches B",
    holds="no pod, node or external address outside A reaches B",
    fails="somebody outside A reaches B",
    example='assert "only the API talks to the database": only api reaches db on tcp/5432',
    fix="isolate B for ingress, and take everybody but A out of the rules that open it",
    lower=lower,
    syntax=s.Reaches,
    verb="only",
)
