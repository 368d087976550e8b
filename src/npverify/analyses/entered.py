"""One client's traffic that comes in by a port of the cluster, as every flow that policies may see of it.

At which node it comes in, and which pod behind a Service gets it, is nobody's choice: so it passes only if each of these
flows does. What policies see of the source is a matter of switches (`Rewriting`), whose other values are kept beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from npverify.analyses.blocks import predicates, prefixes_of, representative
from npverify.analyses.ends import Ends
from npverify.analyses.entries import SAY_WHO, Entries, may_be
from npverify.analyses.flows import NO_SUCH_FLOW, Query, Traffic, families_of, known_address, same_node
from npverify.analyses.world import World
from npverify.assertions.claims import Hop, Leg
from npverify.assertions.traffic import port
from npverify.assertions.vocabulary import WAYS, instead_of
from npverify.ingest.source import InputError
from npverify.inventory.addresses import EVERYTHING, FAMILIES, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, PROXY, Endpoint
from npverify.inventory.unknowns import Reading, Unknown
from npverify.normal.flow import FRONTS, PORT_PROTOCOLS, Flow, WayIn
from npverify.normal.predicates import TRUE, Pred, Side, UnknownIn, address_in, atoms_of
from npverify.reduction.readings import at_address, under


def entered(world: World, src: Ends, dst: Ends, traffic: Traffic, via: str) -> Query:
    """The flows that traffic from an outside address may become on the way `via`, such as `nodeport`, or
    `nodeport/shop/web` for that of one Service, or Ingress or route. InputError where there can be none."""
    word, _, owner = via.partition("/")
    way = WAYS.get(word.lower())
    if way is None:
        raise InputError.one("NPV610", f"`{word}` is no way in from outside", fix=instead_of(word))
    if world.policies.judges_hosts and way not in FRONTS:
        message = "where policies are about hosts, what comes in by a port of a node is not followed"
        raise InputError.one("NPV612", message, fix="ask about the node and about the pod, without `--via`")
    client = src.address
    if client is None or src.members != (EXTERNAL,):
        message = f"`--via` is about traffic that comes in from outside, and `{src.text}` is inside"
        raise InputError.one("NPV612", message, fix="name an outside address with `--from`")
    if traffic.protocol not in PORT_PROTOCOLS:
        raise InputError.one("NPV612", f"no {traffic.protocol} comes in by a port", fix="ask about TCP, UDP or SCTP")
    found, untold = _cases(world, client, dst, traffic, way)
    cases = [case for case in found if owner in ("", _owner(case), _owner(case).partition(" ")[2])]
    if untold and not (owner and cases):
        raise InputError.one("NPV654", untold, fix=SAY_WHO)
    flows = tuple(_flows(world, cases, client, traffic, {}))
    if not flows:
        which = f"{way} of {owner}" if owner else way
        message = f"no {which} leads to `{dst.text}` on {traffic.protocol} port {traffic.port}"
        fix = "name a Service with its own port, or a pod with the port of its container"
        raise InputError.one(NO_SUCH_FLOW, message, fix=fix)
    others = tuple(
        (switch.name, tuple(_flows(world, cases, client, traffic, {switch.name: value})))
        for switch in _switches(cases)
        for value in switch.values[1:]
    )
    words = "pod of the controller sends it, and which gets it" if way in FRONTS else BY_NODE
    return Query((flows,), "", words if len(flows) > 1 else "", True, others)


BY_NODE = "node it comes in at, and which pod gets it"

_Case = tuple[Leg, Endpoint, int]
"""A leg to one endpoint, and the port there."""


def _owner(case: _Case) -> str:
    return case[0].entry.owner if case[0].entry else ""


def _cases(world: World, client: Address, dst: Ends, traffic: Traffic, way: WayIn) -> tuple[list[_Case], str]:
    """The cases, and of what nobody knows who sends it."""
    entries = Entries(world.inventory, world.policies)
    found: list[_Case] = []
    untold = ""
    source = {EXTERNAL: address_in(Side.SRC, Prefix.host(client))}
    for end, number, hop in _targets(dst, traffic):
        direct = Leg(source, {end: port(traffic.protocol, number)}, hop, ways=(way,))
        legs, silent = entries.spelled_out((direct,))
        found += ((leg, PROXY if PROXY in leg.dst else end, number) for leg in legs)
        untold = untold or silent
    return found, untold


def _targets(dst: Ends, traffic: Traffic) -> Iterator[tuple[Endpoint, int, Hop | None]]:
    service, number = dst.service, traffic.port or 0
    if service is None:
        yield from ((end, number, None) for end in dst.members if end.is_pod)
        return
    for index, of in enumerate(service.ports):
        if (of.protocol, of.number) == (traffic.protocol, number):
            yield from ((b.endpoint, b.port, Hop(service, index)) for b in service.backends.get(index, ()))


def _flows(world: World, cases: Iterable[_Case], client: Address, traffic: Traffic, reading: Reading) -> Iterator[Flow]:
    """What policies see under one reading, the client first."""
    inventory = world.inventory
    for leg, dst, number in cases:
        for src, condition in leg.src.items():
            common = families_of(src, inventory.families) & families_of(dst, inventory.families)
            # a controller opens a connection of its own, in whatever family the pods have
            own = leg.entry is not None and leg.entry.way in FRONTS
            families = [f for f in FAMILIES if f in common and (may_be(condition, f) if own else f == client.family)]
            if not families:
                continue
            family = families[0] if client.family not in families else client.family
            near = same_node(src, dst)
            if not own and src is not EXTERNAL and near is not None and near is not leg.near:
                continue
            for address in _addresses(world, leg, src, client, family):
                seen = address or (client if family == client.family else Address(family, 1))
                if at_address(under(condition, reading), Side.SRC, seen) is TRUE:
                    yield Flow(
                        src, dst, traffic.protocol, number, address, known_address(dst, family),
                        src_port=traffic.src_port, same=src is dst and not src.replicated,
                        own_node=bool(near if own else leg.near), http=traffic.http, entry=leg.entry, dns=traffic.dns, kafka=traffic.kafka,
                    )  # fmt: skip


def _addresses(world: World, leg: Leg, src: Endpoint, client: Address, family: Family) -> Iterable[Address | None]:
    if src is not EXTERNAL:
        return (known_address(src, family),)
    if leg.entry is None or not leg.entry.rewritten:
        return (client,)
    # the address of who passes it on may be any: one of each part into which the blocks that are named cut them all
    asked = (*predicates(world.policies), *leg.src.values())
    prefixes = [p for p in prefixes_of(asked) if p.family == family]
    found = [Address(p.family, p.first) for p in prefixes if p.length] + [representative(family, prefixes, ())]
    found += [Address(p.family, p.last + 1) for p in prefixes if p.last < EVERYTHING[family].last]
    known = {a for e in world.inventory.endpoints if e.address_known for a in e.addresses}
    return [a for a in dict.fromkeys(found) if a is not None and a not in known]


def _switches(cases: Iterable[_Case]) -> list[Unknown]:
    conditions: dict[Pred, None] = {condition: None for leg, _, _ in cases for condition in leg.src.values()}
    found = {a.unknown: None for cond in conditions for a in atoms_of(cond) if isinstance(a, UnknownIn)}
    return sorted(found, key=lambda switch: switch.name)
