"""Namespaces in which some pod is open by default: where no rule allows a flow, nothing denies it either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from npverify.analyses.engine import Engine
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.rule import Context, Rule
from npverify.dialects.lint import About, Reason
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.normal.policy import Action, Direction, PolicyId
from npverify.normal.predicates import TRUE, and_, protocol_is
from npverify.reduction.bitsets import bits
from npverify.reduction.judge import Signature

SYSTEM = frozenset(("kube-node-lease", "kube-public", "kube-system"))
"""Namespaces of the cluster itself: a default deny there is a decision about the cluster, and nobody's oversight."""

_NAMED = 3


def find(context: Context, about: About, direction: Direction) -> Iterator[Finding]:
    """Each namespace with such a pod, if some policy isolates anybody in that direction: who polices none of it knows."""
    open_, isolated = _parted(context, about, direction)
    if not isolated:
        return
    for name in sorted(open_):
        namespace = context.world.inventory.namespaces.get(name)
        pods = open_[name]
        span = (namespace.span if namespace else None) or pods[0].span
        to = "for egress" if direction is Direction.EGRESS else "for ingress"
        message = f"namespace {name} has no default deny {to}: {_workloads(pods)} {_are(pods)} open to whatever no policy is about"
        because = [Reason(f"no policy isolates {_workloads(pods)} {to}")]
        others = isolated.get(name, [])
        if others:
            because.append(Reason(f"of the namespace, {_workloads(others)} {_are(others)} isolated"))
        types = "Egress" if direction is Direction.EGRESS else "Ingress"
        fix = (
            f"allow what is needed, and then add a NetworkPolicy with `podSelector: {{}}` and `policyTypes: [{types}]`"
        )
        yield Finding(about, PolicyId("kubernetes", "Namespace", "", name), span, message, fix, tuple(because))


def _parted(
    context: Context, about: About, direction: Direction
) -> tuple[dict[str, list[Endpoint]], dict[str, list[Endpoint]]]:
    """The pods that are open, and those that are isolated, by namespace."""
    engine = context.engine
    classes = engine.residuals.classes
    pods = sum(1 << c for c, end in enumerate(classes.representatives) if end.kind is EndpointKind.POD)
    outside = 1 << classes.of[EXTERNAL]
    known: dict[object, bool | None] = {}
    open_: dict[str, list[Endpoint]] = {}
    isolated: dict[str, list[Endpoint]] = {}
    for c in bits(pods):
        subject = classes.representative(c)
        if subject.namespace in SYSTEM:
            continue
        context.go_on()
        one = len(classes.members[c]) == 1 and not subject.replicated
        peers = (pods & ~(1 << c) if one else pods) or outside
        key = (engine.residuals.signature(direction, c), engine.residuals.aspect_of(direction, c), peers)
        if key not in known:
            known[key] = None
            with context.deciding(about, f"whether {subject} is isolated for {direction}"):
                known[key] = _open(engine, direction, c, peers)
        if known[key] is not None:
            (open_ if known[key] else isolated).setdefault(subject.namespace, []).extend(classes.members[c])
    return open_, isolated


def _open(engine: Engine, direction: Direction, c: int, peers: int) -> bool:
    """Whether a class lets some flow of these peers pass without a rule that allows it."""
    residuals = engine.residuals
    subject = residuals.classes.representative(c)
    bare = _without_allowing(residuals.signature(direction, c))
    for group in residuals.groups(direction, bare, subject, among=peers):
        if group.residual is TRUE:
            return True
        peer = residuals.classes.representative((group.peers & -group.peers).bit_length() - 1)
        src, dst = (subject, peer) if direction is Direction.EGRESS else (peer, subject)
        if engine.possible(and_(group.residual, protocol_is("TCP")), src, dst):
            return True
    return False


def _without_allowing(signature: Signature) -> Signature:
    return tuple(
        entry._replace(rules=tuple(rule for rule in entry.rules if rule.action is not Action.ALLOW))
        for entry in signature
    )


def _workloads(pods: Sequence[Endpoint]) -> str:
    names = list(dict.fromkeys(str(pod.workload or pod) for pod in pods))
    more = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])} and {more} more" if more > 0 else " and ".join(names)


def _are(pods: Sequence[Endpoint]) -> str:
    return "are" if len({pod.workload or pod for pod in pods}) > 1 else "is"


_SHOP = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [%s]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: ops}
spec:
  podSelector: {%s}
  policyTypes: [%s]
"""

_WHY = (
    "A pod that no policy isolates {} every peer{}. Isolation is what counts, by whatever policy: the rules that allow are taken "
    "away in thought, and the solver looks for a flow that still passes; so a tier of an administrator that denies is a default "
    "deny too. It is told of namespaces that hold pods, if somebody is isolated in that direction at all. The namespaces of the cluster (`kube-system`, `kube-public`, "
    "`kube-node-lease`) are left out, and an annotation of a Namespace silences it for that one. To have a default deny everywhere, "
    "ask it with `--strict`."
)

RULES = (
    Rule(
        About(
            "NPL160",
            "no-default-deny-ingress",
            "info",
            "A namespace has pods that no policy isolates for ingress, beside policies elsewhere.",
            _WHY.format("is reached by", ""),
            fires=_SHOP % ("Ingress", "matchLabels: {app: gone}", "Ingress"),
            silent=_SHOP % ("Ingress", "matchLabels: {app: monitor}", "Ingress"),
            needs_pods=True,
        ),
        partial(find, direction=Direction.INGRESS),
    ),
    Rule(
        About(
            "NPL161",
            "no-default-deny-egress",
            "info",
            "A namespace has pods that no policy isolates for egress, beside policies elsewhere.",
            _WHY.format("reaches", ", the internet among them"),
            fires=_SHOP % ("Egress", "", "Ingress"),
            silent=_SHOP % ("Egress", "", "Egress"),
            needs_pods=True,
        ),
        partial(find, direction=Direction.EGRESS),
    ),
)
