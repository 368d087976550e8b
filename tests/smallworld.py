"""Short spellings for inventories, policies and flows, so that a test row is one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from npverify.analyses.world import World
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.model import (
    METADATA_NAME,
    ContainerPort,
    Endpoint,
    EndpointKind,
    Inventory,
    Namespace,
    Service,
    WorkloadRef,
)
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import (
    Action,
    Direction,
    Exemption,
    Half,
    Policy,
    PolicyId,
    PolicySet,
    Rule,
    Tier,
    pods_stage,
)
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_in,
    and_,
    kind_is,
    label_in,
    namespace_is,
    port_in,
    protocol_is,
)

SRC, DST = Side.SRC, Side.DST
IN, OUT = Direction.INGRESS, Direction.EGRESS


def pod(
    name: str,
    ns: str = "shop",
    *,
    ip: str = "",
    kind: EndpointKind = EndpointKind.POD,
    of: WorkloadRef | None = None,
    many: bool = False,
    node: str | None = None,
    account: str = "default",
    ports: tuple[ContainerPort, ...] = (),
    **labels: str | Unknown,
) -> Endpoint:
    """A pod with the label `app` of its name unless told otherwise; `ip` takes several addresses with spaces between."""
    return Endpoint(
        kind,
        ns,
        name,
        of or WorkloadRef("Deployment" if many else "Pod", ns, name),
        {"app": name, **labels},
        account,
        node,
        ports=ports,
        addresses=tuple(Address.parse(a) for a in ip.split()),
        address_known=bool(ip),
        replicated=many,
    )


def node(name: str, *, ip: str = "") -> Endpoint:
    """A node."""
    addresses = tuple(Address.parse(a) for a in ip.split())
    return Endpoint(EndpointKind.NODE, name=name, node=name, addresses=addresses, address_known=bool(ip))


def app(side: Side, *names: str) -> Pred:
    """A pod with one of these values of the label `app`."""
    return label_in(side, "pod", "app", names)


def block(side: Side, cidr: str) -> Pred:
    """The address on a side lies in a block."""
    return address_in(side, Prefix.parse(cidr))


def on(protocol: str, first: int, last: int | None = None) -> Pred:
    """Traffic to a port or a range of ports."""
    return and_(protocol_is(protocol), port_in(first, last or first))


def rule(action: Action = Action.ALLOW, peer: Pred = TRUE, traffic: Pred = TRUE, label: str = "rule[0]") -> Rule:
    """One rule."""
    return Rule(action, peer, traffic, label)


def allow(peer: Pred = TRUE, traffic: Pred = TRUE, label: str = "rule[0]") -> Rule:
    """A rule that allows."""
    return rule(Action.ALLOW, peer, traffic, label)


def policy(name: str, subject: Pred, *rules: Rule, ns: str = "shop") -> Policy:
    """A policy with any subject."""
    return Policy(PolicyId("kubernetes", "NetworkPolicy", ns, name), subject, rules)


def selecting(side: Side, name: str, *rules: Rule, ns: str = "shop", on_apps: Iterable[str] = ()) -> Policy:
    """A policy as the native dialect makes it: pods of a namespace, all of them unless `on_apps` says which."""
    chosen = tuple(on_apps)
    subject = and_(kind_is(side, EndpointKind.POD), namespace_is(side, ns), app(side, *chosen) if chosen else TRUE)
    return policy(name, subject, *rules, ns=ns)


def tier(*policies: Policy, no_match: Action = Action.DENY, name: str = "NetworkPolicy") -> Tier:
    """A tier."""
    return Tier(name, policies, no_match)


def world(
    *ends: Endpoint,
    ingress: Iterable[Tier | Policy] = (),
    egress: Iterable[Tier | Policy] = (),
    exempt: Mapping[Direction, tuple[Exemption, ...]] | None = None,
    declared: bool = True,
    namespace_labels: Mapping[str, Mapping[str, str]] | None = None,
    services: Iterable[Service] = (),
    families: Iterable[Family] = (4,),
    pod_space: tuple[str, ...] = (),
    switches: tuple[Unknown, ...] = (),
    vip_visible: Pred = FALSE,
) -> World:
    """A world; policies that stand alone become one tier."""
    labels = namespace_labels or {}
    names = sorted({e.namespace for e in ends if e.is_pod})
    inventory = Inventory(
        {n: Namespace(n, {METADATA_NAME: n, **labels.get(n, {})}, declared) for n in names},
        tuple(sorted(ends, key=lambda e: e.key)),
        {(s.namespace, s.name): s for s in services},
        frozenset(families),
        tuple(Prefix.parse(p) for p in pod_space),
    )
    exemptions = exempt or {}
    policies = PolicySet(
        "kubernetes",
        Half((pods_stage(OUT, _tiers(egress), exemptions.get(OUT, ())),)),
        Half((pods_stage(IN, _tiers(ingress), exemptions.get(IN, ())),)),
        switches,
        (),
        vip_visible,
    )
    return World(inventory, policies)


def _tiers(parts: Iterable[Tier | Policy]) -> tuple[Tier, ...]:
    tiers = [p for p in parts if isinstance(p, Tier)]
    loose = [p for p in parts if isinstance(p, Policy)]
    return (*tiers, tier(*loose)) if loose else tuple(tiers)
