"""Traffic that comes in by ports of the cluster, told a second time: packet by packet, node by node. What Ingress objects and
routes of Gateways bring in is told by every pod that may be the controller's.

`arrivals` follows one client's packet through every node and says what the pod's policies see of it. What is proved of a
way no arrival breaks, and what refutes it is one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from npverify.analyses.prove import prove
from npverify.analyses.results import AssertionResult, Counterexample, Status
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Leg
from npverify.ingest.source import Span
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, Service
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Entry, Flow
from npverify.normal.predicates import TRUE, Pred, Side, address_in
from npverify.oracle import Oracle
from worlds import ANY, random_fronts, random_reading

CLIENTS = tuple(map(Address.parse, ("203.0.113.10", "10.9.0.1", "192.0.2.1", "2001:db8::7", "fd11::9")))
BALANCERS = tuple(map(Address.parse, ("198.51.100.1", "10.9.0.200", "2001:db8::1")))
WAYS = ("NodePort", "LoadBalancer", "external IP", "hostPort")
BLOCKS: tuple[Pred, ...] = (
    TRUE,
    address_in(Side.SRC, Prefix.parse("203.0.113.0/24")),
    address_in(Side.SRC, Prefix.parse("2001:db8::/32")),
)


def arrivals(world: World, way: str, client: Address, reading: Reading, sent_by: Sent = ()) -> Iterator[Flow]:
    """Every flow that a client's packet may become, as the policies at the pod see it."""
    if way in CONTROLLERS:
        yield from _by_controllers(world, way, sent_by)
        return
    if way == "hostPort":
        for pod in world.inventory.pods:
            yield from _to_host_ports(world, pod, client, reading)
        return
    for service in world.inventory.services.values():
        outside = way == "LoadBalancer" and _refused(service, client, reading)
        outside |= client.family not in service.families
        outside |= way == "external IP" and all(ip.family != client.family for ip in service.external_ips)
        if way in _opens(service) and not outside:
            for index, port in enumerate(service.ports):
                for backend in service.backends.get(index, ()):
                    sent = Flow(EXTERNAL, backend.endpoint, port.protocol, backend.port, src_ip=client)
                    yield from _through_nodes(world, way, service, port.node_port, port.number, sent, reading)


Sent = tuple[Sequence[Mapping[str, Any]], Mapping[str, str]] | tuple[()]
"""The objects that name Services, and what the user says of controllers."""

CONTROLLERS = {"Ingress": ("ingress_controller", "Ingress"), "Gateway": ("gateway_controller", "TCPRoute", "UDPRoute")}
WHO = ("red", "blue/app=api", "green", "nodes", "203.0.113.0/24")


def _refused(service: Service, client: Address, reading: Reading) -> bool:
    """Whether a balancer does not take a client."""
    known = reading.get("load_balancer_ranges", "enforced") == "enforced"
    return bool(known and service.source_ranges and not any(client in block for block in service.source_ranges))


def _by_controllers(world: World, way: str, sent_by: Sent) -> Iterator[Flow]:
    """What a controller sends: from each of its pods to each pod that the port of the Service stands for."""
    setting, *kinds = CONTROLLERS[way]
    objects, said = sent_by or ((), {})
    for one in objects:
        meta, spec = one["metadata"], one["spec"]
        if one["kind"] not in kinds or setting not in said:
            continue
        if one["kind"] == "Ingress":
            ref = spec["defaultBackend"]["service"]
            home, number = meta["namespace"], ref["port"]["number"]
        else:
            ref = spec["rules"][0]["backendRefs"][0]
            home, number = ref["namespace"] or meta["namespace"], ref["port"]
        service = world.inventory.services.get((home, ref["name"]))
        if service is None or home != meta["namespace"]:  # nothing grants what is elsewhere
            continue
        protocol = "UDP" if one["kind"] == "UDPRoute" else "TCP"
        entry = Entry(way, f"{one['kind']} {meta['namespace']}/{meta['name']}", 0, True)  # type: ignore[arg-type]
        for index, of in enumerate(service.ports):
            if (of.number, of.protocol) == (number, protocol):
                for backend in service.backends.get(index, ()):
                    for flow in _from(world, said[setting], backend.endpoint, entry):
                        sent = replace(flow, protocol=protocol, port=backend.port)
                        yield from _of_each_family(world, sent, service.families)


def _from(world: World, who: str, dst: Endpoint, entry: Entry) -> Iterator[Flow]:
    if who == "203.0.113.0/24":
        for address in ("203.0.113.0", "203.0.113.255"):
            yield Flow(EXTERNAL, dst, "TCP", 1, src_ip=Address.parse(address), entry=entry)
        return
    namespace, _, label = who.partition("/")
    for end in world.inventory.endpoints:
        meant = end.kind == "node" if who == "nodes" else end.is_pod and end.namespace == namespace
        if not meant or (label and end.labels.get("app") != label.partition("=")[2]):
            continue
        hosts = [e for e in (end, dst) if e.kind != "pod"]
        if end is dst and not end.replicated:
            yield Flow(end, dst, "TCP", 1, same=True, entry=entry)
            continue
        for home in (True, False) if hosts else (False,):
            known = end.node and dst.node and not end.on_every_node and not dst.on_every_node
            if not known or (end.node == dst.node) is home or not hosts:
                yield Flow(end, dst, "TCP", 1, own_node=home, entry=entry)
        if end is dst:
            yield Flow(end, dst, "TCP", 1, same=True, entry=entry)


def _of_each_family(world: World, flow: Flow, families: frozenset[int]) -> Iterator[Flow]:
    for family in families & ({4, 6} if flow.src is not EXTERNAL else {4}):
        for each in _with_addresses(world, flow, family):
            if not each.same or each.src_ip == each.dst_ip:
                yield each


def _opens(service: Service) -> set[str]:
    found = {"NodePort"} if service.type in ("NodePort", "LoadBalancer") else set()
    found |= {"LoadBalancer"} if service.type == "LoadBalancer" else set()
    return found | ({"external IP"} if service.external_ips else set())


def _through_nodes(
    world: World, way: str, service: Service, node_port: int, number: int, sent: Flow, reading: Reading
) -> Iterator[Flow]:
    firsts = [sent]
    if way == "LoadBalancer" and reading.get("load_balancer_source", "client") == "balancer":
        firsts = [replace(sent, src_ip=own) for own in BALANCERS if own.family == sent.src_ip.family]
    rewrites = reading.get("node_port_snat", "at_other_nodes")
    for first in firsts:
        for node in world.inventory.nodes:
            for home in (True, False):
                if not _may(node, sent.dst, home) or (service.external_traffic_policy == "Local" and not home):
                    continue
                hidden = rewrites == "always" or (rewrites == "at_other_nodes" and not home)
                seen = first
                if hidden and service.external_traffic_policy == "Cluster":
                    seen = replace(first, src=node, src_ip=None, own_node=home)
                changed = (seen.src, seen.src_ip) != (sent.src, sent.src_ip)
                dialled = node_port if way == "NodePort" else number
                entry = Entry(way, f"{service.namespace}/{service.name}", dialled, changed)
                yield from _with_addresses(world, replace(seen, entry=entry), sent.src_ip.family)


def _to_host_ports(world: World, pod: Endpoint, client: Address, reading: Reading) -> Iterator[Flow]:
    hidden = reading.get("host_port_snat", "never") == "always"
    for port in pod.ports:
        taken = port.host_family in (None, client.family)
        if pod.kind == "pod" and port.host_port and port.origin != "init" and taken:
            entry = Entry("hostPort", str(pod), port.host_port, hidden)
            sent = Flow(EXTERNAL, pod, port.protocol, port.number, src_ip=client, entry=entry)
            for node in world.inventory.nodes if hidden else ():
                if _may(node, pod, True):
                    yield from _with_addresses(
                        world, replace(sent, src=node, src_ip=None, own_node=True), client.family
                    )
            if not hidden:
                yield from _with_addresses(world, sent, client.family)


def _may(node: Endpoint, pod: Endpoint, home: bool) -> bool:
    """Whether a pod may run on a node, or elsewhere."""
    return pod.on_every_node or pod.node is None or (pod.node == node.name) is home


def _with_addresses(world: World, flow: Flow, family: int) -> Iterator[Flow]:
    """The flow with addresses of its family, if both ends have some; of an unknown address one stands for all."""
    if family not in world.inventory.families:
        return
    src, dst = (_addresses(end, family) for end in (flow.src, flow.dst))
    for one in [flow.src_ip] if flow.src is EXTERNAL else src:
        for other in dst:
            yield replace(flow, src_ip=one, dst_ip=other)


def _addresses(end: Endpoint, family: int) -> list[Address]:
    if end.address_known:
        return [a for a in end.addresses if a.family == family]
    return [Address.parse("172.31.0.9" if family == 4 else "fd99::9")]


def answers(world: World, legs: Iterable[Leg]) -> tuple[AssertionResult, ...]:
    """The answers to `no … reaches`, of each leg for itself."""
    at = Span("t.npv", 1, 1)
    return prove(world, [Assertion("t", "t", AllFlows(False, (leg,)), "test", at) for leg in legs]).results


def entry_disagreements(seed: int) -> list[str]:
    """What the prover and the arrivals do not agree on in the world of a seed: of three ways by their names, and of all together."""
    rng = Random(seed)
    said = {setting: rng.choice(WHO) for setting, *_ in CONTROLLERS.values() if rng.random() < 0.7}
    world, objects = random_fronts(rng, said)
    oracle = Oracle(world.policies, world.inventory)
    block = rng.choice(BLOCKS)
    pods = dict.fromkeys(world.inventory.pods, ANY)
    readings = [random_reading(rng, world) for _ in range(6)]
    ways = [*rng.sample(WAYS, 2), rng.choice(list(CONTROLLERS))]
    legs = [Leg({EXTERNAL: block}, pods), *(Leg({EXTERNAL: block}, pods, ways=(way,)) for way in ways)]
    unnamed, *named = answers(world, legs)
    wrong = []
    for way, result in zip(ways, named, strict=True):
        sent = [
            (flow, reading)
            for reading in readings
            for client in CLIENTS
            if oracle.holds(block, Flow(EXTERNAL, EXTERNAL, "TCP", 1, src_ip=client), reading)
            for flow in arrivals(world, way, client, reading, (objects, said))
        ]
        passed = [flow for flow, reading in sent if oracle.decide(flow, reading).allowed]
        if result.status is Status.VACUOUS and sent:
            wrong.append(f"by {way} there is no flow, and yet {sent[0]}")
        if result.status is Status.PROVED and passed:
            wrong.append(f"by {way} nothing passes, and yet {passed[0]}")
        if way in CONTROLLERS:
            if (result.status is Status.UNDECIDED) > (
                CONTROLLERS[way][0] not in said or not _anybody(world, said[CONTROLLERS[way][0]])
            ):
                wrong.append(f"by {way} nobody is missing, and yet {result.because}")
        elif unnamed.status is not Status.REFUTED and passed:
            wrong.append(f"nothing passes, and yet {passed[0]}")
        if result.counterexample is not None and not _is_arrival(world, way, result.counterexample, (objects, said)):
            wrong.append(f"by {way} nothing arrives as {result.counterexample.flow}")
    return wrong


def _anybody(world: World, who: str) -> bool:
    """Whether somebody is meant."""
    namespace, _, label = who.partition("/")
    named = [
        e for e in world.inventory.pods if e.namespace == namespace and label in ("", f"app={e.labels.get('app')}")
    ]
    return who[0].isdigit() or bool(world.inventory.nodes if who == "nodes" else named)


def _is_arrival(world: World, way: str, shown: Counterexample, sent_by: Sent) -> bool:
    """Whether the flow of a counterexample is what a packet of some client may become under the reading that it needs."""
    assert shown.flow.src_ip is not None
    client = next(c for c in CLIENTS if c.family == shown.flow.src_ip.family)
    reading = {needed.name: needed.value for needed in shown.reading}
    return any(_alike(flow) == _alike(shown.flow) for flow in arrivals(world, way, client, reading, sent_by))


def _alike(flow: Flow) -> tuple[object, ...]:
    return (flow.src, flow.dst, flow.entry, flow.own_node, flow.protocol, flow.port)
