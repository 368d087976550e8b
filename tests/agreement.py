"""The law that matters most, as a function: on a random world, oracle, encoder and reduction say the same of every flow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from random import Random

import z3

from npverify.analyses.world import World
from npverify.assertions.claims import Leg
from npverify.inventory.model import EXTERNAL
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import EPHEMERAL, PORT_PROTOCOLS, Flow
from npverify.normal.policy import Direction
from npverify.normal.predicates import TRUE, Pred, Side, UnknownIn, and_, atoms_of, not_, or_
from npverify.normal.requests import request_fact
from npverify.oracle import Oracle
from npverify.reduction.obligations import Obligations, flows_allowed
from npverify.reduction.partial import DIRECT, Circumstance, Virtual
from npverify.reduction.requests import requests_of
from npverify.reduction.residuals import Residuals
from npverify.smt.solver import Question, satisfiable
from npverify.smt.walk import allowed
from worlds import Case, random_case, random_world

WorldOf = Callable[[Random], World]
CaseOf = Callable[[Random, World], Case]


def disagreements(
    rng: Random, cases: int, world_of: WorldOf = random_world, case_of: CaseOf = random_case
) -> list[str]:
    """What oracle, encoder and reduction do not agree on in one random world; empty if the law holds."""
    world = world_of(rng)
    residuals = Residuals(world.inventory, world.policies)
    oracle = Oracle(world.policies, world.inventory)
    found = []
    for _ in range(cases):
        case = case_of(rng, world)
        found += _check(case, world, residuals, oracle)
    return found


def _check(case: Case, world: World, residuals: Residuals, oracle: Oracle) -> list[str]:
    flow = case.flow
    how = Circumstance(flow.same, flow.own_node, None if flow.via is None else Virtual(port=flow.via.port))
    verdict = oracle.decide(flow, case.reading)
    known = replace(case, reading={**case.reading, **of_request(flow, world)})
    found = []
    for direction, said in ((Direction.EGRESS, verdict.egress), (Direction.INGRESS, verdict.ingress)):
        plain = allowed(world.policies, world.inventory, direction, flow.src, flow.dst, how)
        reduced = _reduced(residuals, direction, flow, how)
        if plain is not reduced and satisfiable(or_(and_(plain, not_(reduced)), and_(not_(plain), reduced))):
            found.append(f"reduction and encoder differ on the {direction} of {flow}")
        for name, pred in (("encoder", plain), ("reduction", reduced)):
            if _true_of(Question(pred), known) is not said.allowed:
                found.append(f"{name} says {not said.allowed} of the {direction} of {flow} under {case.reading}")
    return found


def of_request(flow: Flow, world: World) -> Reading:
    """What the request of a flow is in a reading; nothing if it has none."""
    return {} if flow.http is None else requests_of(world.policies).reading(flow.http)


def _of_facts(reading: Reading, world: World) -> Reading:
    """A request that is what some clause asks for, where a reading says of that clause that it does."""
    clauses = requests_of(world.policies)
    true = [at for at in clauses.clauses if reading.get(request_fact(at).name) == "true"]
    atoms = (atom for at in true for atom in atoms_of(clauses.residual(at)) if isinstance(atom, UnknownIn))
    return {atom.unknown.name: atom.values[0] for atom in atoms}


def encoded(
    flow: Flow,
    readings: Iterable[Reading],
    world: World,
    residuals: Residuals,
    directions: Collection[Direction] = tuple(Direction),
) -> Iterator[tuple[bool, bool]]:
    """Whether the flow passes under each reading, by the encoder and by the reduction, without asking the oracle.

    Of the verdict of both directions, or of those that are named.
    """
    how = Circumstance(flow.same, flow.own_node, None if flow.via is None else Virtual(port=flow.via.port))
    plain = and_(*(allowed(world.policies, world.inventory, d, flow.src, flow.dst, how) for d in directions))
    reduced = and_(*(_reduced(residuals, d, flow, how) for d in directions))
    questions = [Question(plain), Question(reduced)]
    for reading in readings:
        known = {**reading, **_of_facts(reading, world), **of_request(flow, world)}
        by_encoder, by_reduction = (_true_of(q, Case(flow, known)) for q in questions)
        yield by_encoder, by_reduction


def _reduced(residuals: Residuals, direction: Direction, flow: Flow, how: Circumstance) -> Pred:
    subject, peer = (flow.src, flow.dst) if direction is Direction.EGRESS else (flow.dst, flow.src)
    signature = residuals.signature(direction, residuals.classes.of[subject])
    groups = residuals.groups(direction, signature, subject, how)
    return next(g.residual for g in groups if g.peers >> residuals.classes.of[peer] & 1)


def _true_of(question: Question, case: Case) -> bool:
    """Whether the solver finds the formula true of exactly this flow."""
    flow = case.flow
    at = question.encoding
    known = flow.src_ip or flow.dst_ip
    six = known is not None and known.family == 6
    literal = [
        at.protocol_is(flow.protocol),
        at.port == (flow.port or 0),
        at.icmp_type == (flow.icmp[0] if flow.icmp else 0),
        at.icmp_code == (flow.icmp[1] if flow.icmp else 0),
        at.six if six else z3.Not(at.six, at.context),
    ]
    if at.mentions_src_port and flow.protocol in PORT_PROTOCOLS:
        literal.append(at.src_port == (EPHEMERAL if flow.src_port is None else flow.src_port))
    vip = flow.via.vip if flow.via else None
    for side, address in ((Side.SRC, flow.src_ip), (Side.DST, flow.dst_ip), (Side.VIP, vip)):
        if address is not None and at.mentions(side, address.family):
            literal.append(at.address(side, address.family) == address.value)
    literal += [at.value_is(u, u.value_in(case.reading)) for u in at.unknowns]
    return question.possible(*literal)


def obligation_disagreements(
    rng: Random, cases: int, world_of: WorldOf = random_world, case_of: CaseOf = random_case
) -> list[str]:
    """The same for obligations: an obligation of `no … reaches` is true of a flow exactly where the oracle lets it pass."""
    world = world_of(rng)
    residuals = Residuals(world.inventory, world.policies)
    obligations = Obligations(world.inventory, residuals)
    oracle = Oracle(world.policies, world.inventory)
    found = []
    for _ in range(cases):
        case = case_of(rng, world)
        flow = case.flow
        if flow.via is not None:
            flow = replace(flow, via=None)
            case = replace(case, flow=flow)
        known = replace(case, reading={**case.reading, **of_request(flow, world)})
        leg = Leg({flow.src: TRUE}, {flow.dst: TRUE}, leave_out_self=False, leave_out_own_node=False)
        how = replace(DIRECT, same=flow.same, own_node=flow.own_node)
        matching = [o for o in obligations.of(leg, flows_allowed) if o.how == how]
        if flow.src is EXTERNAL and flow.dst is EXTERNAL:
            continue
        passes = oracle.decide(flow, case.reading).allowed
        if any(_true_of(Question(and_(o.egress[0], o.ingress[0])), known) is not passes for o in matching):
            found.append(f"an obligation says {not passes} of {flow} under {case.reading}")
        if not matching and not flow.own_node and not _only_on_one_node(flow):
            found.append(f"no obligation speaks of {flow}")
    return found


def _only_on_one_node(flow: Flow) -> bool:
    return flow.src.node is not None and flow.src.node == flow.dst.node
