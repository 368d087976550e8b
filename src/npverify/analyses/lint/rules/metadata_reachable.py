"""Rules for the outside that also let pods reach the metadata service of the cloud."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.analyses.engine import Engine
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.rule import Context, Rule
from npverify.dialects.lint import About, Reason
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.normal import policy as p
from npverify.normal.predicates import AddressIn, Pred, Side, address_in, and_, atoms_of, not_, port_in, protocol_is
from npverify.reduction.partial import DIRECT

METADATA = Prefix.parse("169.254.169.254/32")
_LINK_LOCAL = Prefix.parse("169.254.0.0/16")
_TO_IT = and_(protocol_is("TCP"), port_in(80, 80), address_in(Side.DST, METADATA))


def find(context: Context, about: About) -> Iterator[Finding]:
    """Each rule with a block by which some pod reaches it, with the pods; rules that are about it alone mean it."""
    engine = context.engine
    residuals = engine.residuals
    outside = 1 << residuals.classes.of[EXTERNAL]
    found: dict[p.Rule, tuple[p.Policy, list[Endpoint]]] = {}
    known: dict[object, tuple[tuple[p.Policy, p.Rule], ...]] = {}
    with context.deciding(about, f"whether pods reach {METADATA}"):
        for c, subject in enumerate(residuals.classes.representatives):
            signature = residuals.signature(p.Direction.EGRESS, c)
            if subject.kind is not EndpointKind.POD or not signature:
                continue
            context.go_on()
            key = (signature, residuals.aspect_of(p.Direction.EGRESS, c))
            if key not in known:
                (group,) = residuals.groups(p.Direction.EGRESS, signature, subject, among=outside)
                known[key] = tuple(
                    (entry.policy, rule)
                    for entry in signature
                    for rule in entry.rules
                    if rule.action is p.Action.ALLOW and _lets(engine, subject, rule, group.residual)
                )
            for policy, rule in known[key]:
                found.setdefault(rule, (policy, []))[1].extend(residuals.classes.members[c])
    for rule, (policy, pods) in found.items():
        names = list(dict.fromkeys(str(pod.workload or pod) for pod in pods))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        message = (
            f"{policy.id}, {rule.label}, lets {', '.join(names[:3])}{more} reach the metadata address 169.254.169.254"
        )
        because = (Reason("who reaches it gets the credentials of the node, unless the cloud asks for more"),)
        fix = f"add `{METADATA}` to the exceptions of the block"
        yield Finding(about, policy.id, rule.span or policy.span, message, fix, because)


def _lets(engine: Engine, subject: Endpoint, rule: p.Rule, left: Pred) -> bool:
    """Whether a rule by its blocks lets a packet to the address through that the direction allows."""
    if not any(isinstance(atom, AddressIn) and atom.side is Side.DST for atom in atoms_of(rule.peer)):
        return False
    match = engine.residuals.partial.residual(rule.match, p.Direction.EGRESS, DIRECT, src=subject, dst=EXTERNAL)
    elsewhere = and_(match, not_(address_in(Side.DST, _LINK_LOCAL)))
    return engine.possible(and_(left, match, _TO_IT), subject, EXTERNAL) and engine.possible(
        elsewhere, subject, EXTERNAL
    )


_WEB = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 0.0.0.0/0, except: [%s]}}]
"""

RULE = Rule(
    About(
        "NPL167",
        "metadata-reachable",
        "info",
        "A rule for outside addresses lets pods reach the metadata service of the cloud.",
        "Behind 169.254.169.254 most clouds hand out the credentials of the machine. A block such as `0.0.0.0/0` holds it, and a "
        "rule that is about the internet seldom means it. The solver looks for a packet to tcp/80 there that the rule lets "
        "through. Pods that no policy isolates reach it too: that is NPL161.",
        fires=_WEB % "10.0.0.0/8",
        silent=_WEB % "169.254.169.254/32",
        needs_pods=True,
    ),
    find,
)
