"""Two inventories in one numbering: who is whose twin, classes of both, and what meanings and shapes call equal."""

from __future__ import annotations

from random import Random

import pytest

from npverify.analyses.world import World
from npverify.inventory.model import EXTERNAL, EndpointKind
from npverify.inventory.unknowns import runtime_label
from npverify.normal.policy import Action, Direction, Policy
from npverify.normal.predicates import TRUE, Pred, and_, label_in, not_, or_
from npverify.reduction.bitsets import bits
from npverify.reduction.forms import Forms
from npverify.reduction.meaning import Meanings
from npverify.reduction.partial import DIRECT
from npverify.reduction.peer_sets import PeerSets
from npverify.reduction.pieces import Pieces, disjuncts
from npverify.reduction.residuals import Residuals
from npverify.reduction.shapes import Shapes
from npverify.reduction.twin_pairs import Pairs, nodes_differ
from npverify.reduction.twins import Twins
from smallworld import DST, SRC, allow, app, block, node, on, pod, policy, rule, selecting, tier, world
from two_worlds import random_pair

A, B, C = pod("a"), pod("b"), pod("c", ip="10.1.0.3")


def twins(left: World, right: World) -> Twins:
    """The twins of two worlds."""
    return Twins((left.inventory, left.policies), (right.inventory, right.policies))


def test_who_is_whose_twin() -> None:
    """Endpoints match by name and kind; the others are alone, and the outside is its own twin."""
    host = pod("a", kind=EndpointKind.HOST_POD)
    found = twins(world(A, C), world(host, C))
    assert {t.sides for members in found.members for t in members} == {
        (A, None),
        (None, host),
        (C, C),
        (EXTERNAL, EXTERNAL),
    }
    assert (found.only(0), found.only(1)) == ((A,), (host,))


@pytest.mark.parametrize("seed", range(40))
def test_both_worlds_are_numbered_alike(seed: int) -> None:
    """Every endpoint has one class, that of its twin; the reduction of a world numbers its part the same way."""
    left, right = random_pair(Random(seed))
    found = twins(left, right)
    for side, it in enumerate((left, right)):
        for end in (*it.inventory.endpoints, EXTERNAL):
            c = found.of[end]
            assert found.present(side) >> c & 1
            assert found.classes[side].of[end] == found.number(side, c)
            assert found.joint(side, 1 << found.number(side, c)) == 1 << c
            assert found.local(side, 1 << c) == 1 << found.number(side, c)
            assert found.twin(end).sides[side] is end
    parts = (found.common, *found.alone)
    assert sum(parts) == found.all
    assert found.unlike & ~found.common == 0
    assert sorted(c for part in found.aspects for c in bits(part)) == list(range(len(found)))


ADDRESSES = [
    ("both know the same", pod("p", ip="10.0.0.1"), pod("p", ip="10.0.0.1"), True, False),
    ("in another order", pod("p", ip="10.0.0.1 fd00::1"), pod("p", ip="fd00::1 10.0.0.1"), True, False),
    ("both know, but not the same", pod("p", ip="10.0.0.1"), pod("p", ip="10.0.0.2"), False, False),
    ("of another family", pod("p", ip="10.0.0.1"), pod("p", ip="fd00::1"), False, True),
    ("one knows", pod("p"), pod("p", ip="10.0.0.1"), False, True),
    ("nobody knows", pod("p"), pod("p"), True, False),
    ("several of a family", pod("p", ip="10.0.0.1 10.0.0.2"), pod("p", ip="10.0.0.1 10.0.0.3"), False, True),
]


@pytest.mark.parametrize(("left", "right", "one", "unlike"), [r[1:] for r in ADDRESSES], ids=[r[0] for r in ADDRESSES])
def test_whose_address_is_one(left: object, right: object, one: bool, unlike: bool) -> None:
    """An address that both worlds know alike is one; where it is not, verdicts may differ for one residual unless all
    addresses are constants."""
    found = twins(world(left), world(right))  # type: ignore[arg-type]
    twin = found.twin(left)  # type: ignore[arg-type]
    assert twin.one_address is one
    assert bool(found.unlike) is unlike


def test_where_unknown_addresses_may_be_matters() -> None:
    """Another space for pods makes another address, other address families a flow more."""
    spaces = twins(world(A, pod_space=("10.1.0.0/16",)), world(A, pod_space=("10.2.0.0/16",)))
    assert not spaces.twin(A).one_address
    families = twins(world(A, families=(4,)), world(A, families=(4, 6)))
    assert families.twin(A).one_address
    assert families.unlike


def meanings(left: World, right: World, *, covered: bool = False) -> list[object]:
    """What both worlds' policies mean for the ingress of the pod `b`; `covered`: in the form that costs more."""
    direction, name = Direction.INGRESS, "b"
    joint = twins(left, right)
    shapes = Shapes()
    pieces, forms = Pieces(joint, shapes), Forms(joint, shapes)
    found = []
    for side, it in enumerate((left, right)):
        residuals = Residuals(it.inventory, it.policies, joint.classes[side])
        end = next(e for e in it.inventory.endpoints if e.name == name)
        signature = residuals.signature(direction, residuals.classes.of[end])
        every = Meanings(residuals, side, pieces, PeerSets(side, joint, residuals, forms))
        meaning = every.of(direction, signature, end, DIRECT)
        assert meaning is not None
        found.append(every.covered(meaning, every.families(end)) if covered else meaning)
    return found


def guard(*rules: object, on_apps: tuple[str, ...] = ("b",)) -> object:
    """A policy on the ingress of `b`."""
    return selecting(DST, "p", *rules, on_apps=on_apps)  # type: ignore[arg-type]


PORT, OTHER = on("TCP", 80), on("TCP", 81)
MEAN = [
    ("the same rules", [guard(allow(app(SRC, "a"), PORT))], [guard(allow(app(SRC, "a"), PORT))], True),
    ("another order", [guard(allow(app(SRC, "a")), allow(TRUE, PORT))], [guard(allow(TRUE, PORT), allow(app(SRC, "a")))], True),
    ("in pieces", [guard(allow(or_(app(SRC, "a"), app(SRC, "b")), or_(PORT, OTHER)))],
     [guard(*(allow(app(SRC, n), p) for n in "ab" for p in (PORT, OTHER)))], True),
    ("in two policies", [guard(allow(app(SRC, "a")), allow(TRUE, PORT))], [guard(allow(app(SRC, "a"))), guard(allow(TRUE, PORT))],
     True),
    ("other words for the same pods", [guard(allow(app(SRC, "a", "b")))], [guard(allow(not_(or_(app(SRC, "c"), block(SRC, "10.1.0.3/32")))))],
     False),
    ("another port", [guard(allow(app(SRC, "a"), PORT))], [guard(allow(app(SRC, "a"), OTHER))], False),
    ("another pod", [guard(allow(app(SRC, "a")))], [guard(allow(app(SRC, "b")))], False),
    ("everything, by a rule or by none", [guard(allow())], [], True),
    ("a deny behind what denies anyway", [tier(guard(allow(TRUE, PORT), rule(Action.DENY)))], [guard(allow(TRUE, PORT))], True),
    ("allow and deny in another order", [tier(guard(allow(TRUE, PORT), rule(Action.DENY, app(SRC, "a"))), no_match=Action.PASS)],
     [tier(guard(rule(Action.DENY, app(SRC, "a")), allow(TRUE, PORT)), no_match=Action.PASS)], False),
    ("an allow behind a deny is no deny",
     [tier(guard(allow(TRUE, PORT), rule(Action.DENY, app(SRC, "a")), allow(TRUE, OTHER)), no_match=Action.PASS)],
     [tier(guard(allow(TRUE, PORT), rule(Action.DENY, app(SRC, "a")), rule(Action.DENY, TRUE, OTHER)), no_match=Action.PASS)],
     False),
    ("a deny is no allow", [tier(guard(rule(Action.DENY, app(SRC, "a"))), no_match=Action.PASS), tier(guard(allow(TRUE, PORT)), name="next")],
     [tier(guard(allow(app(SRC, "a"))), no_match=Action.PASS), tier(guard(allow(TRUE, PORT)), name="next")], False),
    ("a pass is no allow", [tier(guard(rule(Action.PASS))), tier(guard(), name="next")], [tier(guard(allow()))], False),
    ("everything else allowed, behind a pass", [tier(guard(rule(Action.PASS, app(SRC, "a")), allow()))], [tier(guard(rule(Action.PASS, app(SRC, "a"))))], False),
    ("everything else allowed or denied, behind a pass", [tier(guard(rule(Action.PASS, app(SRC, "a")), allow()))],
     [tier(guard(rule(Action.PASS, app(SRC, "a")), rule(Action.DENY)))], False),
    ("everything else denied, behind a pass", [tier(guard(rule(Action.PASS, app(SRC, "a")), rule(Action.DENY)), no_match=Action.PASS)],
     [tier(guard(rule(Action.PASS, app(SRC, "a"))), no_match=Action.PASS)], False),
    ("a log", [guard(rule(Action.LOG), allow(TRUE, PORT))], [guard(allow(TRUE, PORT))], True),
    ("a tier that nobody is in", [tier(guard(on_apps=("c",))), tier(guard(allow(TRUE, PORT)), name="next")],
     [tier(guard(allow(TRUE, PORT)), name="next")], True),
    ("what stands behind a tier that denies", [tier(guard(allow(TRUE, PORT))), tier(guard(allow()), name="next")],
     [tier(guard(allow(TRUE, PORT)))], True),
]  # fmt: skip


@pytest.mark.parametrize("covered", [False, True])
@pytest.mark.parametrize(("left", "right", "equal"), [r[1:] for r in MEAN], ids=[r[0] for r in MEAN])
def test_what_policies_mean(left: list[object], right: list[object], equal: bool, covered: bool) -> None:
    """Equal meanings are found for what is written in another way, and never for what differs."""
    worlds = (world(A, B, C, ingress=left), world(A, B, C, ingress=right))  # type: ignore[arg-type]
    one, other = meanings(*worlds, covered=covered)
    assert (one == other) is equal


CUT = [
    ("a port inside of a range", [guard(allow(app(SRC, "a"), on("TCP", 80, 81)))],
     [guard(allow(app(SRC, "a"), PORT), allow(app(SRC, "a"), on("TCP", 80, 81)))]),
    ("a rule for nobody between two of another action",
     [tier(guard(allow(app(SRC, "x")), rule(Action.DENY, app(SRC, "a"))), no_match=Action.PASS), tier(guard(allow()), name="next")],
     [tier(guard(rule(Action.DENY, app(SRC, "a"))), no_match=Action.PASS), tier(guard(allow()), name="next")]),
    ("a tier whose rules are for nobody", [tier(guard(rule(Action.DENY, app(SRC, "x"))), no_match=Action.PASS), tier(guard(allow(TRUE, PORT)), name="next")],
     [tier(guard(allow(TRUE, PORT)), name="next")]),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), [r[1:] for r in CUT], ids=[r[0] for r in CUT])
def test_what_policies_mean_however_they_are_cut(left: list[object], right: list[object]) -> None:
    """The form that costs more is also equal where rules are covered by others or are for nobody."""
    worlds = (world(A, B, C, ingress=left), world(A, B, C, ingress=right))  # type: ignore[arg-type]
    one, other = meanings(*worlds, covered=True)
    assert one == other


@pytest.mark.parametrize("covered", [False, True])
def test_whether_a_tier_denies_the_rest_is_part_of_the_meaning(covered: bool) -> None:
    """Also where it selects a pod only for some value of a label."""
    green = pod("b", v=runtime_label("shop/b", "v"))
    chosen = and_(app(DST, "b"), label_in(DST, "pod", "v", ["1"]))

    def tiers(no_match: Action) -> list[object]:
        first = tier(policy("s", chosen, allow(app(SRC, "a"), PORT)), no_match=no_match)
        return [first, tier(policy("a", app(DST, "b"), allow(TRUE, OTHER)), name="next")]

    worlds = (world(A, green, ingress=tiers(n)) for n in (Action.DENY, Action.PASS))  # type: ignore[arg-type]
    one, other = meanings(*worlds, covered=covered)
    assert one != other


@pytest.mark.parametrize("covered", [False, True])
def test_who_is_selected_when_is_part_of_the_meaning(covered: bool) -> None:
    """Rules of a policy that selects a pod only for some value of a label count only then."""
    green = pod("b", v=runtime_label("shop/b", "v"))
    chosen = label_in(DST, "pod", "v", ["1"])

    def rules(sometimes: Pred, always: Pred) -> list[Policy]:
        return [
            policy("s", and_(app(DST, "b"), chosen), allow(TRUE, sometimes)),
            policy("a", app(DST, "b"), allow(TRUE, always)),
        ]

    one, other = meanings(
        world(A, green, ingress=rules(PORT, OTHER)), world(A, green, ingress=rules(OTHER, PORT)), covered=covered
    )
    assert one != other
    there, back = world(A, green, ingress=rules(PORT, OTHER)), world(A, green, ingress=rules(PORT, OTHER)[::-1])
    same = meanings(there, back, covered=covered)
    assert same[0] == same[1]


def test_a_meaning_looks_at_the_labels_of_its_own_world() -> None:
    """The same words mean another thing where the pods have other labels."""
    words = [guard(allow(app(SRC, "a")))]
    one, other = meanings(world(A, B, ingress=words), world(pod("a", app="x"), B, ingress=words))  # type: ignore[arg-type]
    assert one != other


def test_disjuncts_are_bounded() -> None:
    """A conjunction of alternatives is cut into pieces, unless these would be too many."""
    some = and_(or_(PORT, OTHER), or_(app(SRC, "a"), app(SRC, "b")))
    assert or_(*disjuncts(some)) is or_(*(and_(p, a) for p in (PORT, OTHER) for a in (app(SRC, "a"), app(SRC, "b"))))
    many = and_(*(or_(app(SRC, f"a{n}"), app(SRC, f"b{n}")) for n in range(12)))
    assert disjuncts(many) == (many,)


def test_shapes_forget_the_order_of_parts() -> None:
    """Predicates that differ in the order of their parts alone have one number, others have not."""
    shapes = Shapes()
    one, other = or_(and_(PORT, app(SRC, "a")), OTHER), or_(OTHER, and_(app(SRC, "a"), PORT))
    assert one is not other
    assert shapes.number(one) == shapes.number(other)
    assert shapes.number(not_(one)) != shapes.number(one)
    assert shapes.number(and_(PORT, OTHER)) != shapes.number(or_(PORT, OTHER))


ON_N1, ON_N2, SOMEWHERE = pod("x", node="n1"), pod("y", node="n2"), pod("z")
N1, N2 = node("n1"), node("n2")


def test_pairs_on_one_node_and_on_two() -> None:
    """Only pairs that can stand so in both worlds are counted, and the first by name is found."""
    it = world(ON_N1, ON_N2, SOMEWHERE, N1, N2)
    found = twins(it, it)
    pods, nodes = ([found.twin(e) for e in ends] for ends in ((ON_N1, ON_N2, SOMEWHERE), (N1, N2)))
    near = type(DIRECT)(own_node=True)
    for hows, count, first in (
        ((near, near), 4, (ON_N1, N1)),  # x and y on their nodes, z on either
        ((DIRECT, DIRECT), 4, (ON_N1, N2)),
        ((near, DIRECT), 0, None),
    ):
        pairs = Pairs(pods, nodes, hows)
        assert pairs.count() == count
        shown = pairs.first()
        assert (shown and (shown[0].left, shown[1].left)) == first


def test_worlds_that_know_other_things_about_nodes() -> None:
    """A pod may be on a node in one world and not in the other; each has its own circumstance then."""
    left, right = world(pod("z", node="n1"), N1), world(pod("z"), N1)
    found = twins(left, right)
    pods = [found.twin(e) for e in left.inventory.pods]
    nodes = [found.twin(N1)]
    assert nodes_differ(pods[0])
    near = type(DIRECT)(own_node=True)
    counts = [
        Pairs(pods, nodes, hows).count() for hows in ((near, near), (near, DIRECT), (DIRECT, near), (DIRECT, DIRECT))
    ]
    assert counts == [1, 1, 0, 0]
