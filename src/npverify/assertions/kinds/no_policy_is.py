"""`no policy is redundant`: a property that no policy has."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import PolicyClaim
from npverify.assertions.kind import Context, Kind, Lowered


def lower(claim: s.NoPolicyIs, context: Context) -> Lowered:
    """None of the policies, or of those in the namespaces, has the property."""
    chosen = tuple(context.policies)
    if claim.namespaces is not None:
        used = {p.namespace for p in context.policies}
        for name, span in zip(claim.namespaces.names, claim.namespaces.spans, strict=True):
            if name not in used:
                context.select.known_namespace(name, span)
        chosen = tuple(p for p in chosen if p.namespace in claim.namespaces.names)
    return Lowered(PolicyClaim(claim.property, tuple(sorted(chosen)), False))


KIND = Kind(
    name="no_policy_is",
    form="no policy is shadowed | redundant | vacuous [in namespace N]",
    holds="none of the policies has the property",
    fails="one of the policies has it",
    example="assert no policy is redundant",
    fix="delete the policy, or change what it selects or allows",
    lower=lower,
    syntax=s.NoPolicyIs,
)
