"""What is left for some peers, where entries that say nothing of them are left out and few peers are asked one by one, is what
is left of all; and at what predicates look is told from their parts."""

from __future__ import annotations

from random import Random

import pytest
from random_preds import packet_pred

import npverify
from helpers import answer
from npverify.ingest.files import File
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, TRUE, NodeIs, OwnNode, Pred, SelfTraffic, and_, atoms, not_, or_
from npverify.reduction import meeting
from npverify.reduction.classes import predicates
from npverify.reduction.glance import depends_on_circumstance, looks_at, mentions_node
from npverify.reduction.partial import DIRECT, Circumstance
from npverify.reduction.residuals import Residuals
from npverify.smt.solver import satisfiable
from smallworld import DST, SRC, block, on
from worlds import random_world

GIVEN = [on("TCP", 80), on("UDP", 53), and_(on("TCP", 5432), block(DST, "10.1.0.0/16"))]
HOWS = [DIRECT, Circumstance(own_node=True)]


def left(residuals: Residuals, how: Circumstance, given: Pred, among: int) -> dict[tuple[Direction, int, int], Pred]:
    """By direction, class of the subject and class of the peer."""
    return {
        (direction, c, peer): group.residual
        for direction in Direction
        for c in range(len(residuals.classes))
        for group in residuals.meeting(direction, how, among, given).groups(
            residuals.signature(direction, c), residuals.classes.representative(c)
        )
        for peer in range(len(residuals.classes))
        if group.peers >> peer & 1
    }


@pytest.mark.parametrize("seed", range(12))
def test_where_flows_are_given_the_same_is_left_of_them(seed: int) -> None:
    """Of other flows anything may be said."""
    rng = Random(seed)
    it = random_world(rng)
    residuals = Residuals(it.inventory, it.policies)
    given, how = rng.choice(GIVEN), rng.choice(HOWS)
    for among in (residuals.bitsets.all, 1 << rng.randrange(len(residuals.classes))):
        plain, fast = (left(residuals, how, condition, among) for condition in (TRUE, given))
        assert plain.keys() == fast.keys()
        for one, other in {(plain[key], fast[key]) for key in plain if plain[key] is not fast[key]}:
            assert not satisfiable(and_(given, or_(and_(one, not_(other)), and_(not_(one), other))))


@pytest.mark.parametrize("seed", range(12))
def test_few_peers_are_told_as_many_are(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, or as sets: the same residuals."""
    rng = Random(seed)
    it = random_world(rng)
    how = rng.choice(HOWS)
    told = []
    for few in (0, 1_000):
        monkeypatch.setattr(meeting, "FEW", few)
        residuals = Residuals(it.inventory, it.policies)
        told.append(left(residuals, how, TRUE, residuals.bitsets.all))
    assert told[0] == told[1]


@pytest.mark.parametrize("seed", range(12))
def test_a_bound_holds_all_for_whom_a_predicate_may_be_true(seed: int) -> None:
    """Of everything that policies ask, on both sides."""
    it = random_world(Random(seed))
    residuals = Residuals(it.inventory, it.policies)
    for pred in predicates(it.policies):
        for side in (SRC, DST):
            may = sum(part for part, said in residuals.bitsets.parts(pred, side, DIRECT) if said is not FALSE)
            assert may & ~residuals.bitsets.bound(pred, side) == 0


@pytest.mark.parametrize("seed", range(12))
def test_at_what_a_predicate_looks(seed: int) -> None:
    """As its atoms say."""
    rng = Random(seed)
    it = random_world(rng)
    for pred in (*predicates(it.policies), packet_pred(rng, 3)):
        each = list(atoms(pred))
        assert looks_at(pred, SRC) is any(getattr(atom, "side", None) is SRC for atom in each)
        assert looks_at(pred, DST) is any(getattr(atom, "side", None) is DST for atom in each)
        assert mentions_node(pred) is any(isinstance(atom, NodeIs) for atom in each)
        if any(isinstance(atom, NodeIs | OwnNode | SelfTraffic) for atom in each):
            assert depends_on_circumstance(pred)


def _many_with_a_named_port() -> str:
    """A client that may reach `http` of everybody, and more pods of different labels than are asked one by one."""
    pods = [
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: p{n}, namespace: x, labels: {{app: p{n}}}}}, spec: {{nodeName: m{n},"
        f" containers: [{{name: c, image: i, ports: [{{name: http, containerPort: {8080 + n % 2}}}]}}]}},"
        f" status: {{phase: Running, podIP: 10.1.0.{n + 1}}}}}"
        for n in range(2 * meeting.FEW)
    ]
    open_ = [
        f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: in{n}, namespace: x}},"
        f" spec: {{podSelector: {{matchLabels: {{app: p{n}}}}}, ingress: [{{}}]}}}}"
        for n in range(1, 2 * meeting.FEW)
    ]
    by_name = (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: out, namespace: x}, spec: {podSelector:"
        " {matchLabels: {app: p0}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}], ports: [{port: http}]}]}}"
    )
    return "\n---\n".join([*pods, *open_, by_name])


@pytest.mark.parametrize(("port", "status"), [(8080, "refuted"), (8081, "refuted"), (8082, "proved")])
def test_the_named_port_of_many_peers_is_what_each_of_them_has(port: int, status: str) -> None:
    """A rule about a name says something of many peers, whatever number is asked about."""
    manifests = _many_with_a_named_port()
    world = npverify.load([File("m.yaml", manifests, True)], with_assertions=False).world
    assert len(Residuals(world.inventory, world.policies).classes) > meeting.FEW
    assert answer(manifests, f"no pod x/p0 reaches pods in namespace x on tcp/{port}").status == status
