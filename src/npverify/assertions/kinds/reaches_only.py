"""`A reaches only B`: A may talk to nothing but B. Whether it may talk to B is not said."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import AllFlows
from npverify.assertions.kind import Context, Kind, Lowered
from npverify.assertions.legs import assumed, checked, covers_default, outside


def lower(claim: s.Reaches, context: Context) -> Lowered:
    """All flows to the complement of the destination, ports included, are denied."""
    select = context.select
    legs = outside(select, claim, select.source(claim.src), checked(select, claim))
    return Lowered(AllFlows(False, legs), assumed(select, legs, usual=covers_default(select, claim)))


KIND = Kind(
    name="reaches_only",
    form="A reaches only B",
    holds="A reaches nothing but B",
    fails="A reaches something that is not B",
    example="assert api reaches only db:5432 or service kube-system/kube-dns",
    fix="isolate A for egress, and allow it B alone",
    lower=lower,
    syntax=s.Reaches,
    verb="reaches only",
)
