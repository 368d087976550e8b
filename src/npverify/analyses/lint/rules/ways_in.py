"""Ways in from outside and the policies behind them: those by which nobody gets in, those that hide the clients that a rule names,
and load balancers that are open to everybody.

What is asked is the default reading (`docs/switches.md`): under another one nearly every way may let somebody in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from npverify.analyses.doors import Door
from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.rule import Context, Rule
from npverify.analyses.refute import first_counterexample
from npverify.analyses.results import Counterexample
from npverify.assertions.claims import Leg
from npverify.dialects.lint import About, Reason
from npverify.ingest.source import Span
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal import policy as p
from npverify.normal.flow import FRONTS
from npverify.normal.policy import PolicyId
from npverify.normal.predicates import TRUE, AddressIn, Pred, Side, and_, atoms_of
from npverify.reduction.obligations import Obligation
from npverify.reduction.partial import DIRECT
from npverify.reduction.readings import under

_SHOWN = 3


def find_dead(context: Context, about: About) -> Iterator[Finding]:
    """Each Service, Ingress or route through which no client gets to any pod, with a flow that is denied."""
    for owner, doors in groupby(context.engine.entries.doors, key=lambda door: door.owner):
        listed = [door for door in doors if door.hop is not None]
        with context.deciding(about, f"whether anybody comes in by {owner}"):
            found = [(door, legs) for door in listed if (legs := _legs(context, door))]
            if not found or any(_passing(context, leg) for _, legs in found for leg in legs):
                continue
            denied = _denied(context, [leg for _, legs in found for leg in legs])
            if denied is None:
                continue
            pods = {str(end.workload or end): None for door, _ in found for end, _ in door.to}
            name, span = _owner(context, found[0][0])
            message = f"{name} opens {_ways(door for door, _ in found)}, and policies let nobody in to {_some(pods)}"
            fix = "let in who is meant to come that way (behind a node port that is the node), or close it"
            yield Finding(about, name, span, message, fix, shown=denied)


def find_hidden(context: Context, about: About) -> Iterator[Finding]:
    """Each rule that lets in clients by their addresses, of which a node port or balancer hides some, with a flow."""
    engine = context.engine
    residuals = engine.residuals
    found: dict[tuple[p.Rule, str], tuple[p.Policy, Door, Counterexample]] = {}
    for door in engine.entries.doors:
        if door.hop is None or door.local or door.way in FRONTS:
            continue
        legs = [leg for leg in _legs(context, door) if leg.entry is not None and leg.entry.rewritten and not leg.near]
        for end, condition in door.behind.items():
            with context.deciding(about, f"whether {door.owner} hides clients"):
                signature = residuals.signature(p.Direction.INGRESS, residuals.classes.of[end])
                rules = [
                    (entry.policy, rule)
                    for entry in signature
                    for rule in entry.rules
                    if (rule, door.owner) not in found and _lets_clients(context, end, rule, condition)
                ]
                if (
                    rules
                    and (
                        denied := _denied(
                            context, [replace(leg, dst={end: leg.dst[end]}) for leg in legs if end in leg.dst]
                        )
                    )
                    is not None
                ):
                    found |= {(rule, door.owner): (policy, door, denied) for policy, rule in rules}
    for (rule, _), (policy, door, denied) in found.items():
        service, span = _owner(context, door)
        message = f"{policy.id}, {rule.label}, names clients by address, and what comes in by {_ways([door])} of {service} has that of a node"
        fix = f"set `externalTrafficPolicy: Local` on {service}, or let its nodes in"
        because = (
            Reason(f"{service} passes traffic on from any node, whose address policies then see", service, span),
        )
        yield Finding(about, policy.id, rule.span or policy.span, message, fix, because, shown=denied)


def _lets_clients(context: Context, end: Endpoint, rule: p.Rule, arrives: Pred) -> bool:
    """Whether a rule lets in outside addresses that it names, on a way that leads to an endpoint."""
    if rule.action is not p.Action.ALLOW:
        return False
    if not any(isinstance(atom, AddressIn) and atom.side is Side.SRC for atom in atoms_of(rule.peer)):
        return False
    engine = context.engine
    match = engine.residuals.partial.residual(rule.match, p.Direction.INGRESS, DIRECT, src=EXTERNAL, dst=end)
    return engine.possible(under(and_(match, arrives), {}), EXTERNAL, end)


def find_open(context: Context, about: About) -> Iterator[Finding]:
    """Each load balancer without source ranges by which every client gets in to every pod behind some port."""
    for door in context.engine.entries.doors:
        if door.way != "LoadBalancer" or door.ranges or not door.to:
            continue
        with context.deciding(about, f"whether everybody comes in by {door.owner}"):
            legs = _legs(context, door)
            if not legs or any(_stopped(context, leg) for leg in legs):
                continue
            name, span = _owner(context, door)
            pods = {str(end.workload or end): None for end, _ in door.to}
            message = f"{name} opens {_ways([door])} to everybody: neither source ranges nor policies keep anybody from {_some(pods)}"
            fix = "name the clients in `loadBalancerSourceRanges` or in a policy, if not everybody is meant"
            yield Finding(about, name, span, message, fix)


def _legs(context: Context, door: Door) -> tuple[Leg, ...]:
    """What policies see of the traffic of outside sources by one way in; nothing where that is not followed."""
    context.go_on()
    if context.world.policies.judges_hosts and door.way not in FRONTS:
        return ()
    return context.engine.entries.by(door, {EXTERNAL: TRUE})


def _passing(context: Context, leg: Leg) -> bool:
    """Whether some flow of a leg passes under the default reading."""
    return any(_possible(context, o) for o in context.engine.obligations.alike(leg, want=False))


def _stopped(context: Context, leg: Leg) -> bool:
    """Whether some flow of a leg does not."""
    return any(_possible(context, o) for o in context.engine.obligations.alike(leg, want=True))


def _possible(context: Context, obligation: Obligation) -> bool:
    formula = under(obligation.broken, {})
    return context.engine.possible(formula, obligation.src, obligation.dst, same=obligation.how.same)


def _denied(context: Context, legs: Iterable[Leg]) -> Counterexample | None:
    """A flow of the legs that is denied under the default reading."""
    engine = context.engine
    obligations = [o for leg in legs for o in engine.obligations.alike(leg, want=True) if _possible(context, o)]
    obligations.sort(key=lambda o: o.order)
    return first_counterexample(engine, obligations[:1], expected=False) if obligations else None


def _owner(context: Context, door: Door) -> tuple[PolicyId, Span | None]:
    """The object that opens a way, and where it is named."""
    if door.way in FRONTS:
        kind, _, where = door.owner.partition(" ")
        span = next(front.span for front in context.world.inventory.fronts if front.owner == door.owner)
    else:
        kind, where = "Service", door.owner
        namespace, _, name = where.partition("/")
        span = context.world.inventory.services[namespace, name].span
    namespace, _, name = where.partition("/")
    return PolicyId("kubernetes", kind, namespace, name), span


def _ways(doors: Iterable[Door]) -> str:
    """`LoadBalancer 80 and NodePort 30080`."""
    words = dict.fromkeys("a way in" if d.way in FRONTS else f"{d.way}{f' {d.port}' if d.port else ''}" for d in doors)
    return " and ".join(words)


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f"{', '.join(listed[:_SHOWN])}{more}"


_SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: front, namespace: shop}
spec: {type: %s, selector: {app: api}, ports: [{port: 80, targetPort: http}]%s}
---
"""
_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
  - from: [%s]
"""
_NODE = """\
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}
---
"""
_CLIENTS = "{ipBlock: {cidr: 203.0.113.0/24}}"
_WEB = "{podSelector: {matchLabels: {app: web}}}"

RULES = (
    Rule(
        About(
            "NPL185",
            "way-in-to-nobody",
            "warning",
            "A node port, a load balancer, an external IP, an Ingress or a route leads to pods that let nobody in by it.",
            "Either the policy lacks a rule or the way in is left over. The solver looks for any client that gets in, with the "
            "address that policies see: that of the client, of a node that passes it on, of a balancer, or of a pod of the "
            "controller. Ingress objects and routes are looked at where it is said who their controller is "
            "(`--assume ingress_controller=NAMESPACE/KEY=VALUE`).",
            fires=_SERVICE % ("NodePort", "") + _POLICY % _WEB,
            silent=_SERVICE % ("NodePort", "") + _POLICY % f"{_WEB}, {_CLIENTS}",
            needs_pods=True,
        ),
        find_dead,
    ),
    Rule(
        About(
            "NPL186",
            "clients-behind-nodes",
            "warning",
            "A rule names clients by their addresses, and a Service hides these addresses from policies.",
            "With `externalTrafficPolicy: Cluster` the node that a client reaches sends its packets on from its own address where "
            "the pod runs on another node; so the block of the client does not let it in, or lets it in by chance alone. The flow "
            "that is shown is one that is denied for that. Plugins that keep the address, say with `--assume node_port_snat=never`.",
            fires=_NODE + _SERVICE % ("LoadBalancer", "") + _POLICY % _CLIENTS,
            silent=_NODE + _SERVICE % ("LoadBalancer", ", externalTrafficPolicy: Local") + _POLICY % _CLIENTS,
            needs_pods=True,
            options=("--cni", "kubernetes"),
        ),
        find_hidden,
    ),
    Rule(
        About(
            "NPL187",
            "load-balancer-for-all",
            "info",
            "A load balancer takes every client, and policies let every client in to the pods behind it.",
            "That is right for a public page. For anything else `loadBalancerSourceRanges` or a policy should name the clients.",
            fires=_SERVICE % ("LoadBalancer", "") + _POLICY % "",
            silent=_SERVICE % ("LoadBalancer", ", loadBalancerSourceRanges: [203.0.113.0/24]") + _POLICY % "",
            needs_pods=True,
        ),
        find_open,
    ),
)
