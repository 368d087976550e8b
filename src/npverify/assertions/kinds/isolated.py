"""`every A is isolated for ingress`: some policy selects each of A, so that nothing is open by default."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import Isolated
from npverify.assertions.kind import Context, Kind, Lowered


def lower(claim: s.IsolatedFor, context: Context) -> Lowered:
    """Every member is selected by a policy in each direction."""
    return Lowered(Isolated(context.select.source(claim.ends), claim.directions))


KIND = Kind(
    name="isolated",
    form="every A is isolated for ingress and egress",
    holds="some policy selects each of A in that direction",
    fails="one of A is selected by no policy in that direction, and so is open",
    example="assert every pod in namespace shop is isolated for ingress and egress",
    fix="add a policy with an empty podSelector and that policyType to the namespace",
    lower=lower,
    syntax=s.IsolatedFor,
)
