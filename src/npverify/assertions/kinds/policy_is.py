"""`policy P is shadowed`: a property of one policy."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.claims import PolicyClaim
from npverify.assertions.kind import Context, Kind, Lowered
from npverify.assertions.names import nearest
from npverify.normal.policy import PolicyId


def lower(claim: s.PolicyIs, context: Context) -> Lowered:
    """The policy of that name has the property, or has it not."""
    found = [
        p
        for p in sorted(context.policies)
        if claim.name == _name(p) and (not claim.kind or claim.kind.lower() in (p.kind.lower(), _full_kind(p).lower()))
    ]
    if len(found) > 1:
        told_apart = len({p.kind for p in found}) == len(found)
        choices = ", ".join(f"`policy {p.kind if told_apart else _full_kind(p)} {_name(p)}`" for p in found)
        context.select.error(
            "NPV116", f"`{claim.name}` can mean several policies: {choices}", claim.span, "write the kind"
        )
    elif not found:
        kind = f"{claim.kind} " if claim.kind else ""
        names = sorted({_name(p) for p in context.policies})
        fix = nearest(claim.name, names) or "write it as `NAMESPACE/NAME`"
        context.select.error("NPV115", f"there is no policy `{kind}{claim.name}`", claim.span, fix)
    return Lowered(PolicyClaim(claim.property, tuple(found), claim.want))


def _full_kind(policy: PolicyId) -> str:
    """The kind with the API in front, as two of them have a NetworkPolicy."""
    return policy.dialect.capitalize() + policy.kind


def _name(policy: PolicyId) -> str:
    return f"{policy.namespace}/{policy.name}" if policy.namespace else policy.name


KIND = Kind(
    name="policy_is",
    form="policy P is [not] shadowed | redundant | vacuous",
    holds="the policy has the property (with `not`: has it not)",
    fails="the policy has it not (with `not`: has it)",
    example="assert policy shop/allow-all is shadowed",
    fix="change or delete the policy, or the ones that make up for it",
    lower=lower,
    syntax=s.PolicyIs,
)
