"""Proofs in the worlds of every dialect against random flows that the oracle judges: the half that replayed counterexamples
do not hold.

An assertion says nothing of what a pod sends to itself, and of traffic with its own node that no policy judges: the oracle lets
such a flow pass by an exemption, on one side at least.

`every A reaches some B` is held against one cluster after the other, that is a reading with an address for each end: in none of
them may each B refuse something of what some A sends. `is isolated` is held against what the oracle selects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from random import Random

from calico_worlds import random_calico, random_calico_case
from cilium_worlds import random_cilium, random_mixed
from npverify.analyses.prove import prove
from npverify.analyses.results import AssertionResult, Status
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, Claim, EachReachesSome, Isolated, Leg, SomeFlow
from npverify.ingest.source import Span
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import PORT_PROTOCOLS, Flow
from npverify.normal.policy import Action, Direction
from npverify.normal.predicates import TRUE, NodeIs, PortIn, Pred, Side, and_, icmp_is, port_in, protocol_is
from npverify.oracle import Oracle
from plugin_worlds import random_cluster_world, random_plugin_world
from worlds import Case, atoms_in, pairs, random_world

_HOSTS = {EndpointKind.NODE, EndpointKind.HOST_POD}
FLOWS = 60  # tried against each proof
CLUSTERS = 3  # tried against each proof that every source reaches some destination
SENT = 8  # flows that are tried from one end to another in each of these

WORLDS: dict[str, Callable[[Random], World]] = {
    "kubernetes": random_world,
    "calico": lambda rng: random_calico(rng, hosts=rng.random() < 0.5).world,
    "cilium": lambda rng: random_cilium(rng).world,
    "cluster": lambda rng: random_cluster_world(rng).world,
    "mixed": lambda rng: random_mixed(rng).world,
    "plugins": random_plugin_world,
}


def answer(world: World, claim: Claim) -> AssertionResult:
    """The prover's answer to one claim."""
    return prove(world, [Assertion("t", "t", claim, "test", Span("t.npv", 1, 1))]).results[0]


def random_pairs(rng: Random, world: World) -> list[tuple[Endpoint, Endpoint]]:
    """The pairs of some ends: many, or of two; often a pod and a node or what runs on it."""
    every = pairs(world)
    if rng.random() < 0.4:
        sources, targets = (
            set(map(id, rng.sample(ends, rng.randint(1, len(ends)))))
            for ends in ([*world.inventory.endpoints, EXTERNAL],) * 2
        )
        return [pair for pair in every if id(pair[0]) in sources and id(pair[1]) in targets]
    near = [
        pair for pair in every if {end.kind for end in pair} & _HOSTS and EndpointKind.POD in {end.kind for end in pair}
    ]
    return [rng.choice(near if near and rng.random() < 0.5 else every)]


def random_traffic(rng: Random) -> Pred:
    """All traffic of ports, pings, or one port of one protocol."""
    draw = rng.random()
    if draw < 0.4:
        return protocol_is("TCP", "UDP", "SCTP")
    if draw < 0.5:
        return and_(protocol_is("ICMP"), icmp_is(8, None))
    port = rng.choice((53, 80, 81, 443, 8080, 9))
    return and_(protocol_is(rng.choice(("TCP", "UDP"))), port_in(port, port))


def possible(flow: Flow) -> bool:
    """Whether the two ends can stand to each other as the flow says."""
    if flow.src.kind == flow.dst.kind == EXTERNAL.kind:
        return False
    known = flow.src.node is not None and flow.dst.node is not None
    hosts = [e for e in (flow.src, flow.dst) if e.kind in ("host pod", "node")]
    if not hosts or flow.src.on_every_node or flow.dst.on_every_node or not known:
        return flow.src is not flow.dst or flow.same or flow.src.replicated
    return flow.own_node == (flow.src.node == flow.dst.node)


def spoken_of(
    rng: Random, world: World, leg: Leg, between: Sequence[tuple[Endpoint, Endpoint]]
) -> Iterator[tuple[Case, bool]]:
    """Random flows that the leg speaks about, each with whether it passes."""
    oracle = Oracle(world.policies, world.inventory)
    for _ in range(FLOWS):
        case = random_calico_case(rng, world, between)
        case = replace(case, flow=replace(case.flow, via=None, http=None, dns=None, kafka=None))
        flow, reading = case.flow, case.reading
        if flow.same or flow.src not in leg.src or flow.dst not in leg.dst or not possible(flow):
            continue
        if not (flow.src.is_pod or flow.dst.is_pod or world.policies.judges_hosts):
            continue
        if not oracle.holds(leg.dst[flow.dst], flow, reading):
            continue
        verdict = oracle.decide(flow, reading)
        if not (flow.own_node and (verdict.egress.exemption or verdict.ingress.exemption)):
            yield case, verdict.allowed


def proof_disagreements(dialect: str, seed: int) -> list[str]:
    """Which answers in the world of one seed some random flow breaks; empty if none."""
    rng = Random(seed)
    world = WORLDS[dialect](rng)
    between = random_pairs(rng, world)
    if not between:
        return []
    traffic = random_traffic(rng)
    leg = Leg({src: TRUE for src, _ in between}, {dst: traffic for _, dst in between})
    found = list(spoken_of(rng, world, leg, between))
    # what is dropped on the way to a pod's own node whatever is said of it may count as left out
    passing_or_apart = [case for case, passes in found if passes or not case.flow.own_node]
    wrong = []
    for want in (False, True):
        result = answer(world, AllFlows(want, (leg,)))
        breaking = [case for case, passes in found if passes is not want]
        if result.status is Status.PROVED and breaking:
            wrong.append(f"proved that all flows pass: {want}; not so of {breaking[0]}")
        if result.status is Status.VACUOUS and passing_or_apart:
            wrong.append(f"{want}: vacuous, but there is {passing_or_apart[0]}")
        if result.status is Status.REFUTED:
            assert result.counterexample is not None
            if result.counterexample.verdict.allowed is want:
                wrong.append(f"the counterexample breaks nothing: {result.counterexample.flow}")
    result = answer(world, SomeFlow((leg,)))
    passing = [case for case, passes in found if passes]
    if result.status is Status.VACUOUS and passing_or_apart:
        wrong.append(f"some: vacuous, but there is {passing_or_apart[0]}")
    if result.because == "no flow is allowed" and passing:
        wrong.append(f"some: nothing passes, but there is {passing[0]}")
    return [*wrong, *some_disagreements(rng, world, between, traffic), *isolation_disagreements(rng, world)]


def some_disagreements(
    rng: Random, world: World, between: Sequence[tuple[Endpoint, Endpoint]], traffic: Pred
) -> Iterator[str]:
    """What is wrong with the answer to `every A reaches some B`, for some pods and what sends to them."""
    targets = list(dict.fromkeys(dst for _, dst in between if dst.kind is EndpointKind.POD and _one_address(dst)))[:3]
    sources = list(dict.fromkeys(src for src, _ in between if src.kind not in _HOSTS))[:4]
    if not targets or not sources:
        return
    leg = Leg(dict.fromkeys(sources, TRUE), dict.fromkeys(targets, traffic))
    result = answer(world, EachReachesSome((leg,)))
    if result.status is Status.REFUTED and answer(world, AllFlows(True, (leg,))).status is Status.PROVED:
        yield "each some: refuted, but every flow passes"
    if result.status not in (Status.PROVED, Status.VACUOUS):
        return
    oracle = Oracle(world.policies, world.inventory)
    ports = _boundaries(world)
    for source in sources * CLUSTERS:
        refused = _refused_by_each(rng, world, oracle, source, targets, traffic, ports)
        if refused and result.status is Status.PROVED:
            yield f"each some: proved, but {source} is refused by each: {refused}"
        if refused and result.status is Status.VACUOUS:
            yield f"each some: vacuous, but there is {refused[0]}"


def _refused_by_each(
    rng: Random,
    world: World,
    oracle: Oracle,
    source: Endpoint,
    targets: Sequence[Endpoint],
    traffic: Pred,
    ports: Sequence[int],
) -> list[Case]:
    """In one cluster: for every destination, and every family in which it has an address, something that is sent to it and does
    not pass; nothing if some destination may take all, or there is none."""
    met = [pair for pair in pairs(world) if pair[0] is source and pair[1] in targets]
    met = [(src, dst) for src, dst in met if src is not dst or src.replicated]
    if not met:
        return []
    reading: Reading = random_calico_case(rng, world, met).reading
    own: dict[int, Flow] = {}
    refused: list[Case] = []
    for pair in met:
        for family in (4, 6):
            flow = _flow_of(rng, world, pair, family)
            if flow is None:
                continue
            # the source has one address in each family, whomever it talks to
            flow = replace(flow, src_ip=own.setdefault(family, flow).src_ip)
            if flow.src_ip == flow.dst_ip or any(c.flow.dst_ip == flow.dst_ip for c in refused):
                return []
            sent = (Case(each, reading) for each in _sent(rng, flow, ports))
            asked = (case for case in sent if oracle.holds(traffic, case.flow, reading))
            denied = next((case for case in asked if not oracle.decide(case.flow, reading).allowed), None)
            if denied is None:
                return []
            refused.append(denied)
    return refused


def _flow_of(rng: Random, world: World, pair: tuple[Endpoint, Endpoint], family: int) -> Flow | None:
    """Some flow between two ends over one family that is not of one pod with itself; None if none is found."""
    for _ in range(20):
        flow = random_calico_case(rng, world, [pair]).flow
        if flow.src_ip is not None and flow.src_ip.family == family and not flow.same and possible(flow):
            return replace(flow, via=None, http=None, dns=None, kafka=None, own_node=False)
    return None


def _sent(rng: Random, flow: Flow, ports: Sequence[int]) -> Iterator[Flow]:
    """Pings, and connections to ports at which policies begin or end to say something."""
    yield replace(flow, protocol="ICMP", port=None, src_port=None, icmp=(8, 0))
    declared = [(p.protocol, p.number) for p in flow.dst.ports]
    chosen = [(rng.choice(PORT_PROTOCOLS), rng.choice(ports)) for _ in range(SENT)]
    for protocol, port in (*declared, *((p, n) for n in (53, 80, 81, 443, 8080, 9) for p in ("TCP", "UDP")), *chosen):
        yield replace(flow, protocol=protocol, port=port, src_port=49152, icmp=None)


def _boundaries(world: World) -> list[int]:
    """The first and last ports that policies mention, and those beside them."""
    mentioned = {n for a in atoms_in(world) if isinstance(a, PortIn) and a.side is Side.DST for n in (a.first, a.last)}
    return sorted({1, 65535, *(min(max(n + d, 1), 65535) for n in mentioned for d in (-1, 0, 1))})


def _one_address(end: Endpoint) -> bool:
    """Whether there is but one address of an end in each family, so that none can be chosen."""
    families = [address.family for address in end.addresses]
    return len(set(families)) == len(families)


def isolation_disagreements(rng: Random, world: World) -> Iterator[str]:
    """What is wrong with the answer to `is isolated`, for some pods in some directions."""
    pods = [end for end in world.inventory.endpoints if end.is_pod]
    if not pods or any(isinstance(atom, NodeIs) for atom in atoms_in(world)):
        return
    oracle = Oracle(world.policies, world.inventory)
    ends = rng.sample(pods, rng.randint(1, min(2, len(pods))))
    for directions in ((rng.choice(tuple(Direction)),), tuple(Direction)):
        result = answer(world, Isolated(dict.fromkeys(ends, TRUE), directions))
        if result.status not in (Status.PROVED, Status.REFUTED):
            yield f"isolated: {result.status} of {ends}"
        bare: list[Case] = []
        by_default: list[bool] = []
        for end, direction in product(ends, directions):
            met = [pair for pair in pairs(world) if pair[direction is Direction.INGRESS] is end]
            cases = [
                case for _ in range(8 if met else 0) if not (case := random_calico_case(rng, world, met)).flow.same
            ]
            bare += [case for case in cases if not _isolates(world, oracle, direction, case)]
            by_default += [_isolates(world, oracle, direction, Case(case.flow, {})) for case in cases[:1]]
        if bare and result.status is Status.PROVED:
            yield f"isolated: proved, but nothing isolates in {bare[0]}"
        told_of_all = len(by_default) == len(ends) * len(directions)
        if result.status is Status.REFUTED and "only if" not in result.because and told_of_all and all(by_default):
            yield f"isolated: {result.because}, but something selects each of {ends}"


def _isolates(world: World, oracle: Oracle, direction: Direction, case: Case) -> bool:
    """Whether a policy selects the judged end whose tier denies what no rule of it matches."""
    asked = oracle.asked(direction, replace(case.flow, via=None), case.reading)
    tiers = world.policies.half(direction).tiers
    return any(some and tier.no_match is Action.DENY for tier, some in zip(tiers, asked, strict=True))
