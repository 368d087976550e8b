"""The name of a port that nobody who is concerned declares."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import At, Case, LintRule
from npverify.dialects.calico.read_ports import LOOKS_LIKE_RANGE
from npverify.dialects.calico.rules import selector_of
from npverify.dialects.calico.selector import All, And, Not
from npverify.dialects.calico.subjects import subject_selector
from npverify.dialects.lint import About, Suspicion
from npverify.normal.predicates import TRUE, Pred, Side, and_, or_


def find(case: Case) -> Iterator[Suspicion]:
    """Each name of a port, unless somebody whom the rule can mean declares it."""
    for at in case.rules:
        if at.policy.pre_dnat or at.policy.do_not_track:
            continue
        for field, side, entity in at.sides:
            positive = selector_of(entity, at.policy.id.namespace) or All()
            if entity.not_selector is not None:
                positive = And((positive, Not(entity.not_selector)))
            for key, ports in (("ports", entity.ports), ("notPorts", entity.not_ports)):
                for name in ports:
                    if isinstance(name, str) and not LOOKS_LIKE_RANGE.fullmatch(name):
                        declared = case.lowering.objects.named_port(name, at.rule.protocol, positive, side)
                        yield _suspicion(at, (field, key), name, side, and_(_subject(at, side), declared))


def _subject(at: At, side: Side) -> Pred:
    """Whom the policy selects, where the port is one of theirs."""
    if side is not at.direction.subject:
        return TRUE
    selector = subject_selector(at.policy)
    return or_(at.case.lowering.objects.pods(selector, side), at.case.hosts.selected(selector, side))


def _suspicion(at: At, path: tuple[str, str], name: str, side: Side, declared: Pred) -> Suspicion:
    whose = "pod that the policy selects" if side is at.direction.subject else f"pod that `{path[0]}` matches"
    protocol = f" for {at.rule.protocol}" if at.rule.protocol else ""
    effect = "matches no packet" if path[1] == "ports" else "excludes no packet"
    message = f"{at.name}: no {whose} declares a port `{name}`{protocol}, so it {effect}"
    fix = "name the port in `ports` of the container, or write its number"
    return Suspicion(at.policy.id, at.span(*path), message, fix, unless=declared, side=side)


RULE = LintRule(
    About(
        "NPL121",
        "undeclared-port-name",
        "warning",
        "A rule names a port that no pod which it can be about declares.",
        "The plugin looks the name up in the `ports` of the containers, with the protocol of the rule; in an ingress rule those of "
        "the pods that the policy selects, in an egress rule those of the destination. Labels that are not known count as "
        "any. It is told of NetworkPolicies too; a name for address blocks is NPL168.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
  - action: Allow
    protocol: TCP
    destination: {ports: [postgres]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
  - action: Allow
    protocol: TCP
    destination: {ports: [sql]}
""",
        needs_pods=True,
    ),
    find,
)
