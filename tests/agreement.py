"""The law that matters most, as a function: on a random world, oracle, encoder and reduction say the same of every flow.

A flow of which everything is known gives every variable of a formula its value, so that Z3 has nothing to search for: it puts
the values in and is left with a truth. What encoder and reduction make of all other packets is one question for the world.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property, lru_cache
from random import Random
from typing import Any

import z3

from npverify.analyses.world import World
from npverify.assertions.claims import Leg
from npverify.inventory.model import EXTERNAL
from npverify.inventory.unknowns import Reading
from npverify.normal.flow import EPHEMERAL, PORT_PROTOCOLS, Flow
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, TRUE, Pred, Side, UnknownIn, and_, atoms_of, not_, or_
from npverify.normal.requests import request_fact
from npverify.oracle import Oracle
from npverify.reduction.obligations import Obligations, flows_allowed
from npverify.reduction.partial import DIRECT, Circumstance, Partial, Virtual
from npverify.reduction.requests import requests_of
from npverify.reduction.residuals import Residuals
from npverify.smt.encode import Encoding
from npverify.smt.walk import allowed
from worlds import Case, random_case, random_world

WorldOf = Callable[[Random], World]
CaseOf = Callable[[Random, World], Case]


def disagreements(
    rng: Random, cases: int, world_of: WorldOf = random_world, case_of: CaseOf = random_case
) -> list[str]:
    """What oracle, encoder and reduction do not agree on in one random world; empty if the law holds."""
    world = world_of(rng)
    return Readers(world).disagreements([case_of(rng, world) for _ in range(cases)])


def obligation_disagreements(
    rng: Random, cases: int, world_of: WorldOf = random_world, case_of: CaseOf = random_case
) -> list[str]:
    """The same for obligations: an obligation of `no … reaches` is true of a flow exactly where the oracle lets it pass."""
    world = world_of(rng)
    return Readers(world).obligation_disagreements([case_of(rng, world) for _ in range(cases)])


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
    return _of_one_world(world, residuals).encoded(flow, readings, directions)


class Readers:
    """Everybody who reads the policies of one world."""

    def __init__(self, world: World, residuals: Residuals | None = None) -> None:
        """`residuals`: of that world, if they are there already."""
        self.world = world
        self.residuals = residuals or Residuals(world.inventory, world.policies)
        self.requests = requests_of(world.policies)
        self._partial = Partial(world.inventory, world.policies.vip_visible, self.requests)
        self._known = Known()

    @cached_property
    def oracle(self) -> Oracle:
        """Decides flows by walking over the policies."""
        return Oracle(self.world.policies, self.world.inventory)

    def disagreements(self, cases: Sequence[Case]) -> list[str]:
        """What oracle, encoder and reduction do not agree on, of these flows; of their ends the last two on any packet."""
        found = []
        differing: dict[Pred, str] = {}
        for case in cases:
            verdict = self.oracle.decide(case.flow, case.reading)
            claims: list[tuple[Pred, bool]] = []
            names: list[str] = []
            for direction, said in ((Direction.EGRESS, verdict.egress), (Direction.INGRESS, verdict.ingress)):
                plain, reduced = self._plain(direction, case.flow), self._reduced(direction, case.flow)
                if plain is not reduced:
                    differing[_unlike(plain, reduced)] = (
                        f"reduction and encoder differ on the {direction} of {case.flow}"
                    )
                for name, pred in (("encoder", plain), ("reduction", reduced)):
                    claims.append((pred, said.allowed))
                    names.append(f"{name} says {not said.allowed} of the {direction}")
            wrong = self._known.wrong(claims, case.flow, self._reading(case))
            found += [f"{names[n]} of {case.flow} under {case.reading}" for n in wrong]
        if self._known.possible(or_(*differing)):
            found += [said for pred, said in differing.items() if self._known.possible(pred)]
        return found

    def obligation_disagreements(self, cases: Sequence[Case]) -> list[str]:
        """What obligations and the oracle do not agree on, of these flows."""
        obligations = Obligations(self.world.inventory, self.residuals)
        found = []
        for case in cases:
            flow = replace(case.flow, via=None)
            if flow.src is EXTERNAL and flow.dst is EXTERNAL:
                continue
            leg = Leg({flow.src: TRUE}, {flow.dst: TRUE}, leave_out_self=False, leave_out_own_node=False)
            how = replace(DIRECT, same=flow.same, own_node=flow.own_node)
            matching = [o for o in obligations.of(leg, flows_allowed) if o.how == how]
            passes = self.oracle.decide(flow, case.reading).allowed
            direct = replace(case, flow=flow)
            if any(self.says(and_(o.egress[0], o.ingress[0]), direct) is not passes for o in matching):
                found.append(f"an obligation says {not passes} of {flow} under {case.reading}")
            if not matching and not flow.own_node and not _only_on_one_node(flow):
                found.append(f"no obligation speaks of {flow}")
        return found

    def says(self, pred: Pred, case: Case) -> bool:
        """Whether the encoder's formula of a residual is true of a flow."""
        return self._known.true_of(pred, case.flow, self._reading(case))

    def _reading(self, case: Case) -> Reading:
        """The reading of a case with what its request is."""
        http, dns, kafka = case.flow.http, case.flow.dns, case.flow.kafka
        if kafka is not None:
            return {**case.reading, **self.requests.reading_of_kafka(kafka)}
        if dns is not None:
            return {**case.reading, **self.requests.reading_of_name(dns)}
        return {**case.reading, **({} if http is None else self.requests.reading(http))}

    def encoded(
        self, flow: Flow, readings: Iterable[Reading], directions: Collection[Direction] = tuple(Direction)
    ) -> Iterator[tuple[bool, bool]]:
        """The same as the function of that name."""
        plain = and_(*(self._plain(d, flow) for d in directions))
        reduced = and_(*(self._reduced(d, flow) for d in directions))
        for reading in readings:
            case = Case(flow, {**reading, **self._of_facts(reading)})
            yield self.says(plain, case), self.says(reduced, case)

    def _of_facts(self, reading: Reading) -> Reading:
        """A request that is what some clause asks for, where a reading says of that clause that it does."""
        clauses = self.requests
        true = [at for at in clauses.clauses if reading.get(request_fact(at).name) == "true"]
        atoms = (atom for at in true for atom in atoms_of(clauses.residual(at)) if isinstance(atom, UnknownIn))
        return {atom.unknown.name: atom.values[0] for atom in atoms}

    def _plain(self, direction: Direction, flow: Flow) -> Pred:
        how = _circumstance(flow)
        return allowed(
            self.world.policies, self.world.inventory, direction, flow.src, flow.dst, how, partial=self._partial
        )

    def _reduced(self, direction: Direction, flow: Flow) -> Pred:
        subject, peer = (flow.src, flow.dst) if direction is Direction.EGRESS else (flow.dst, flow.src)
        signature = self.residuals.signature(direction, self.residuals.classes.of[subject])
        groups = self.residuals.groups(direction, signature, subject, _circumstance(flow))
        return next(g.residual for g in groups if g.peers >> self.residuals.classes.of[peer] & 1)


@lru_cache(maxsize=1)
def _of_one_world(world: World, residuals: Residuals) -> Readers:
    return Readers(world, residuals)


def _circumstance(flow: Flow) -> Circumstance:
    return Circumstance(flow.same, flow.own_node, None if flow.via is None else Virtual(port=flow.via.port))


def _unlike(one: Pred, two: Pred) -> Pred:
    return or_(and_(one, not_(two)), and_(not_(one), two))


def _only_on_one_node(flow: Flow) -> bool:
    return flow.src.node is not None and flow.src.node == flow.dst.node


@cache
def _context() -> z3.Context:
    """One for the whole process: to make a new one takes longer than what is asked of it."""
    return z3.Context()


def _substituted(formula: Any, equations: list[Any]) -> Any:
    """The formula with the right side of each equation for its left one. `z3.substitute` does this with more ceremony."""
    at = formula.ctx.ref()
    sides = [
        (z3.Ast * len(equations))(*(z3.Z3_get_app_arg(at, equal.as_ast(), n) for equal in equations)) for n in (0, 1)
    ]
    return z3.BoolRef(z3.Z3_substitute(at, formula.as_ast(), len(equations), *sides), formula.ctx)


class Known:
    """Formulas about flows of which everything is known, in one encoding. Guards the encoding."""

    def __init__(self) -> None:
        self._at = Encoding(_context())
        self._well_formed: tuple[object, Any] = (None, None)

    def true_of(self, pred: Pred, flow: Flow, reading: Reading) -> bool:
        """Whether the formula of a predicate is true of exactly this flow; an address that the flow leaves open may be any."""
        formula = self._at.formula(pred)
        return self._solved(self._with([formula], self._values(flow, reading)))

    def wrong(self, claims: Sequence[tuple[Pred, bool]], flow: Flow, reading: Reading) -> list[int]:
        """The numbers of those predicates of which the formula does not have the truth that is claimed for exactly this flow."""
        formulas = [(self._at.formula(pred), truth) for pred, truth in claims]
        claimed = [formula if truth else z3.Not(formula, self._at.context) for formula, truth in formulas]
        values = self._values(flow, reading)
        if z3.is_true(self._with(claimed, values)):
            return []
        return [n for n, claim in enumerate(claimed) if not z3.is_true(self._with([claim], values))]

    def _with(self, formulas: list[Any], values: list[Any]) -> Any:
        """What is left of formulas, and of what every flow satisfies, where the variables have these values."""
        asked = z3.And(self._legal(), *formulas, self._at.context)
        return z3.simplify(_substituted(asked, values))

    def possible(self, pred: Pred) -> bool:
        """Whether a predicate is true of any packet."""
        if pred is FALSE:
            return False
        formula = self._at.formula(pred)
        return self._solved(z3.And(self._legal(), formula, self._at.context))

    def _solved(self, formula: Any) -> bool:
        if z3.is_true(formula) or z3.is_false(formula):
            return bool(z3.is_true(formula))
        solver = z3.SolverFor("QF_FD", ctx=self._at.context)
        solver.add(formula)
        answer = solver.check()
        assert answer != z3.unknown, solver.reason_unknown()
        return bool(answer == z3.sat)

    def _legal(self) -> Any:
        """What every flow satisfies; the same formula until there are more variables or values."""
        at = self._at
        known = (at.mentions_src_port, tuple((u, at.known_values(u)) for u in at.unknowns))
        if self._well_formed[0] != known:
            self._well_formed = known, at.well_formed()
        return self._well_formed[1]

    def _values(self, flow: Flow, reading: Reading) -> list[Any]:
        """For each variable an equation with its value."""
        at = self._at
        address = flow.src_ip or flow.dst_ip
        six = address is not None and address.family == 6
        values = [
            at.protocol_is(flow.protocol),
            at.port == (flow.port or 0),
            at.icmp_type == (flow.icmp[0] if flow.icmp else 0),
            at.icmp_code == (flow.icmp[1] if flow.icmp else 0),
            at.six == z3.BoolVal(six, at.context),
        ]
        if at.mentions_src_port:
            ports = flow.protocol in PORT_PROTOCOLS
            values.append(at.src_port == ((EPHEMERAL if flow.src_port is None else flow.src_port) if ports else 0))
        vip = flow.via.vip if flow.via else None
        for side, end in ((Side.SRC, flow.src_ip), (Side.DST, flow.dst_ip), (Side.VIP, vip)):
            if end is not None and at.mentions(side, end.family):
                values.append(at.address(side, end.family) == end.value)
        return values + [at.value_is(u, u.value_in(reading)) for u in at.unknowns]
