"""Where two policy sets are said to say the same of the same subjects, they do, whatever the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from equiv_agreement import equiv_disagreements
from npverify.analyses import equiv as comparing
from npverify.analyses.answers import never
from npverify.analyses.world import World
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Action, Direction, Exemption, Policy, Rule, Tier
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Or,
    and_,
    icmp_is,
    named_port_is,
    not_,
    or_,
    port_in,
    protocol_is,
    unknown_in,
)
from npverify.reduction.agreement import Agreement, Readers
from npverify.reduction.judge import Entry
from npverify.reduction.statements import _MOST_TERMS
from smallworld import DST, SRC, allow, app, block, on, pod, policy, rule, tier, world

API, DB = app(DST, "api"), app(DST, "db")
WEB, JOB = app(SRC, "web"), app(SRC, "job")
NET, HOLE, LOW, HIGH = (block(SRC, b) for b in ("10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/9", "10.128.0.0/9"))
NAMED = named_port_is("http", "TCP", ["regular"], first_only=False)
HTTP = on("TCP", 80)
MANY = [or_(and_(app(SRC, f"a{n}"), NET), and_(app(SRC, f"b{n}"), HTTP)) for n in range(9)]
assert 2 ** len(MANY) > _MOST_TERMS


def of(*rules: Rule, subject: object = API) -> Policy:
    """A policy of ingress with these rules."""
    return policy("p", subject, *rules)  # type: ignore[arg-type]


def deny(peer: object = TRUE, traffic: object = TRUE) -> Rule:
    return rule(Action.DENY, peer, traffic)  # type: ignore[arg-type]


def agreed(left: Sequence[Tier | Policy], right: Sequence[Tier | Policy]) -> Agreement:
    """Where two sets of policies of ingress say the same."""
    sets = [world(pod("api"), ingress=tiers).policies for tiers in (left, right)]
    return Readers().agreement(*sets, lambda: None)


ASIDE = tier(of(deny(WEB)), no_match=Action.PASS, name="first")
OPEN = tier(of(allow()), no_match=Action.PASS, name="second")
BOTH = allow(or_(WEB, JOB), HTTP)
SAME: dict[str, tuple[Sequence[Tier | Policy], Sequence[Tier | Policy]]] = {
    "a policy in two": ([of(allow(WEB), allow(JOB))], [of(allow(JOB)), of(allow(WEB))]),
    "a rule in two": ([of(BOTH)], [of(allow(WEB, HTTP), allow(JOB, HTTP))]),
    "a rule twice": ([of(BOTH)], [of(BOTH, BOTH)]),
    "what is asked of packets beside the peer": ([of(allow(WEB, HTTP))], [of(allow(and_(HTTP, WEB)))]),
    "a block in halves": ([of(allow(NET))], [of(allow(LOW), allow(HIGH))]),
    "an except in other blocks": (
        [of(allow(and_(NET, not_(HOLE))))],
        [of(allow(or_(and_(LOW, not_(HOLE)), HIGH)))],
    ),
    "ports in intervals": ([of(allow(WEB, on("TCP", 80, 90)))], [of(allow(WEB, on("TCP", 80, 84)), allow(WEB, on("TCP", 85, 90)))]),
    "ports and blocks in overlapping rectangles": (
        [of(allow(LOW, on("TCP", 1, 20)), allow(HIGH, on("TCP", 10, 30)))],
        [of(allow(LOW, on("TCP", 1, 9)), allow(NET, on("TCP", 10, 20)), allow(HIGH, on("TCP", 15, 30)))],
    ),
    "a negation inside": ([of(allow(not_(or_(WEB, NET))))], [of(allow(and_(not_(WEB), not_(NET))))]),
    "the family asked of either end": (
        [of(allow(NET))],
        [of(allow(and_(NET, block(DST, "0.0.0.0/0"))))],
    ),
    "the protocol of a named port": ([of(allow(WEB, NAMED))], [of(allow(WEB, and_(NAMED, protocol_is("TCP"))))]),
    "what the subject says again": ([of(allow(WEB))], [of(allow(and_(WEB, API)))]),
    "a rule that only logs": ([of(allow(WEB))], [of(rule(Action.LOG), allow(WEB))]),
    "a rule that matches nothing": ([of(allow(WEB))], [of(allow(WEB), allow(and_(LOW, HIGH)), allow(JOB, FALSE))]),
    "two tiers": ([ASIDE, tier(of(allow(JOB)))], [ASIDE, tier(of(allow(or_(JOB, FALSE))))]),
    "a tier that has no policy": ([of(allow(WEB))], [tier(name="empty"), tier(of(allow(WEB)))]),
    "more terms than are taken apart": ([of(allow(and_(*MANY)))], [of(allow(and_(*reversed(MANY))))]),
}  # fmt: skip


@pytest.mark.parametrize("fact", SAME)
def test_other_words_are_the_same(fact: str) -> None:
    """Of whatever cluster, and the other way round."""
    left, right = SAME[fact]
    assert agreed(left, right).whole
    assert agreed(right, left).whole


ODD = unknown_in(Unknown("odd", ("yes", "no"), "switch", open=False, phrase="it is odd: {value}"), "yes")
OTHER: dict[str, tuple[Sequence[Tier | Policy], Sequence[Tier | Policy]]] = {
    "a policy without rules is gone, which isolated": ([of()], []),
    "a policy without rules is gone beside another": ([of(allow(WEB)), of(subject=DB)], [of(allow(WEB))]),
    "a policy without rules selects others": ([of()], [of(subject=DB)]),
    "a rule is another subject's": ([of(allow(WEB)), of(subject=DB)], [of(), of(allow(WEB), subject=DB)]),
    "an except is gone": ([of(allow(and_(NET, not_(HOLE))))], [of(allow(NET))]),
    "all but a protocol": ([of(allow(WEB, not_(protocol_is("TCP"))))], [of(allow(WEB))]),
    "neither is not both": ([of(allow(not_(and_(WEB, NET))))], [of(allow(not_(or_(WEB, NET))))]),
    "a kind of ICMP": ([of(allow(WEB, icmp_is(8)))], [of(allow(WEB, icmp_is(0)))]),
    "all but a kind of ICMP": ([of(allow(WEB, not_(icmp_is(8))))], [of(allow(WEB, not_(protocol_is("ICMP"))))]),
    "one of more terms than are taken apart": (
        [of(allow(and_(*MANY)))],
        [of(allow(and_(*(some.parts[0] for some in MANY if isinstance(some, Or)))))],
    ),
    "a port is another": ([of(allow(WEB, HTTP))], [of(allow(WEB, on("TCP", 81)))]),
    "a protocol is another": ([of(allow(WEB, HTTP))], [of(allow(WEB, on("UDP", 80)))]),
    "a port of the source is no port of the destination": (
        [of(allow(WEB, port_in(80, 80)))],
        [of(allow(WEB, port_in(80, 80, SRC)))],
    ),
    "an address of the subject is none of the peer": ([of(allow(NET))], [of(allow(block(DST, "10.0.0.0/8")))]),
    "a rectangle has lost a corner": (
        [of(allow(NET, on("TCP", 1, 20)))],
        [of(allow(LOW, on("TCP", 1, 20)), allow(HIGH, on("TCP", 1, 19)))],
    ),
    "a condition is gone": ([of(allow(and_(WEB, NET)))], [of(allow(NET))]),
    "a condition of the subject is negated": ([of(allow(WEB))], [of(allow(and_(WEB, not_(API))))]),
    "what a reading says": ([of(allow(WEB))], [of(allow(and_(WEB, ODD)))]),
    "a rule denies": ([of(allow(WEB))], [of(deny(WEB))]),
    "a denial comes later": ([of(deny(WEB), allow())], [of(allow(), deny(WEB))]),
    "what is allowed before and behind a denial": (
        [of(allow(WEB), deny(NET), allow(JOB))],
        [of(allow(JOB), deny(NET), allow(WEB))],
    ),
    "a denial of another comes later": (
        [of(deny(WEB)), of(allow(), subject=DB), of(allow())],
        [of(allow(), subject=DB), of(allow()), of(deny(WEB))],
    ),
    "two tiers are one": (
        [tier(of(allow(WEB)), no_match=Action.PASS, name="a"), tier(of(allow(JOB)))],
        [tier(of(allow(WEB), allow(JOB)))],
    ),
    "the rules of two tiers are exchanged": (
        [tier(of(allow(WEB)), no_match=Action.PASS, name="a"), tier(of(allow(JOB)))],
        [tier(of(allow(JOB)), no_match=Action.PASS, name="a"), tier(of(allow(WEB)))],
    ),
    "two tiers of one kind are exchanged": ([ASIDE, OPEN], [OPEN, ASIDE]),
    "a rule passes on": ([of(rule(Action.PASS, WEB), allow())], [of(allow())]),
    "a rule behind a denial denies": (
        [of(allow(WEB), deny(NET), allow(JOB))],
        [of(allow(WEB), deny(NET), deny(JOB))],
    ),
    "what another policy's subject says is no condition less": (
        [of(subject=DB), of(allow(and_(WEB, DB)))],
        [of(subject=DB), of(allow(WEB))],
    ),
    "a name of a port is another": (
        [of(allow(WEB, NAMED))],
        [of(allow(WEB, named_port_is("dns", "TCP", ["regular"], first_only=False)))],
    ),
    "a named port is none of its protocol": ([of(allow(WEB, NAMED))], [of(allow(WEB, protocol_is("TCP")))]),
    "all but a name of a port": ([of(allow(WEB, not_(NAMED)))], [of(allow(WEB, NAMED))]),
    "all but a peer": ([of(allow(not_(WEB)))], [of(allow(WEB))]),
    "an address of the subject is gone": ([of(allow(block(DST, "10.0.0.0/8")))], [of(allow())]),
    "a rule that matches nothing matches all": ([of(allow(FALSE))], [of(allow())]),
    "what is not matched passes": ([tier(of(allow(WEB)))], [tier(of(allow(WEB)), no_match=Action.PASS)]),
}  # fmt: skip


@pytest.mark.parametrize("fact", OTHER)
def test_what_may_be_other_is_not_the_same(fact: str) -> None:
    """Both ways round."""
    left, right = OTHER[fact]
    assert not agreed(left, right).whole
    assert not agreed(right, left).whole


def test_a_policy_of_the_other_direction_is_another() -> None:
    """What isolates for ingress says nothing of egress."""
    out = world(pod("api"), egress=[policy("p", app(SRC, "api"))]).policies
    into = world(pod("api"), ingress=[policy("p", app(DST, "api"))]).policies
    found = Readers().agreement(out, into, lambda: None)
    assert {d: list(map(len, some or ())) for d, some in found.differing.items()} == {
        Direction.EGRESS: [1, 0],
        Direction.INGRESS: [0, 1],
    }


def test_only_policies_of_the_subject_are_in_question() -> None:
    """All of it, on both sides, and none of another subject."""
    kept, first, second, other = of(allow(JOB), subject=DB), of(allow(WEB)), of(allow(JOB)), of(allow(WEB, HTTP))
    found = agreed([kept, first, second], [other, of(allow(JOB), subject=DB)])
    assert found.differing[Direction.EGRESS] == (frozenset(), frozenset())
    assert found.differing[Direction.INGRESS] == (frozenset({first, second}), frozenset({other}))
    assert not found.whole


def test_nobody_is_settled_whom_such_a_policy_selects() -> None:
    """On either side; whom others select is."""
    kept, more = of(allow(WEB)), of(subject=DB)
    found = agreed([kept], [kept, more])
    one, other = ((Entry(0, 0, policy, TRUE, policy.rules),) for policy in (kept, more))
    assert found.on(Direction.INGRESS, one, one)
    assert found.on(Direction.INGRESS, (), ())
    assert not found.on(Direction.INGRESS, (), other)
    assert not agreed([kept, more], [kept]).on(Direction.INGRESS, other, ())


@pytest.mark.parametrize(
    "frame", ["name", "applies", "final", "skips", "after", "before_translation", "hosts", "exemptions"]
)
def test_a_stage_that_judges_otherwise_leaves_nothing_settled(frame: str) -> None:
    """Whatever its policies say."""
    one = world(pod("api"), ingress=[of(allow(WEB))]).policies
    (stage,) = one.ingress.stages
    values = {"name": "others", "applies": FALSE, "final": Action.DENY, "skips": ("more",), "after": "pods", "hosts": True,
              "before_translation": TRUE, "exemptions": (Exemption("all", TRUE, False, "none is judged"),)}  # fmt: skip
    assert getattr(stage, frame) != values[frame]
    other = replace(one, ingress=replace(one.ingress, stages=(replace(stage, **{frame: values[frame]}),)))
    found = Readers().agreement(one, other, lambda: None)
    assert found.differing[Direction.INGRESS] is None
    assert not found.whole
    assert not found.on(Direction.INGRESS, (), ())


LEFT = world(pod("api"), pod("web"), ingress=[of(allow(WEB))])


@pytest.mark.parametrize(
    ("fact", "right"),
    [
        ("another inventory", world(pod("api"), pod("web"), ingress=[of(allow(WEB))])),
        ("Services seen otherwise", replace(LEFT, policies=replace(LEFT.policies, vip_visible=TRUE))),
    ],
)
def test_only_over_one_inventory_with_services_seen_alike(fact: str, right: World) -> None:
    """The words of a policy mean the same in no other case."""
    assert comparing.agreement_of(Readers(), LEFT, LEFT, never) is not None
    assert comparing.agreement_of(Readers(), LEFT, right, never) is None, fact


@pytest.mark.parametrize("seed", range(21))
def test_subjects_and_endpoints_give_one_answer(seed: int) -> None:
    """Of a set in other words, and of one with a place changed: the same answer, and no flow that the oracles judge otherwise."""
    assert equiv_disagreements(seed) == []
