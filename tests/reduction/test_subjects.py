"""Asking the few classes of a namespace one by one gives what sets of all classes give."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from unittest.mock import patch

import pytest

from npverify.inventory.model import EndpointKind
from npverify.normal.policy import Direction
from npverify.normal.predicates import FALSE, TRUE, Pred, Side, and_, namespace_is, service_account_is
from npverify.reduction import subjects
from npverify.reduction.bitsets import Bitsets, bits
from npverify.reduction.classes import Classes
from npverify.reduction.partial import DIRECT, Partial
from npverify.reduction.residuals import Residuals
from npverify.reduction.subjects import Subjects
from smallworld import app, node, pod, policy, selecting, world
from worlds import random_world


@pytest.mark.parametrize("few", [1, 3, 100])
@pytest.mark.parametrize("seed", range(25))
def test_few_are_asked_as_all_are(seed: int, few: int) -> None:
    """Every subject of random policies selects the same classes under the same conditions."""
    it = random_world(Random(seed))
    classes, partial = Classes(it.inventory, it.policies), Partial(it.inventory, it.policies.vip_visible)
    bitsets = Bitsets(classes, it.inventory, partial)
    for direction in Direction:
        with patch.object(subjects, "LARGE", 0), patch.object(subjects, "FEW", few):
            asked = Subjects(classes, bitsets, partial, direction)
            for each in (p for tier in it.policies.half(direction).tiers for p in tier.policies):
                found: dict[int, Pred] = {}
                for members, selects in asked.selected(each.subject):
                    assert selects is not FALSE
                    for c in members:
                        assert c not in found
                        found[c] = selects
                parts = bitsets.parts(each.subject, direction.subject, DIRECT)
                assert found == {c: left for part, left in parts if left is not FALSE for c in bits(part)}


@pytest.mark.parametrize("seed", range(25))
def test_the_signatures_are_the_same(seed: int) -> None:
    """Also of policies that stand in several tiers, in their order."""
    it = random_world(Random(seed))
    plain = Residuals(it.inventory, it.policies)
    with patch.object(subjects, "LARGE", 0):
        quick = Residuals(it.inventory, it.policies)
    for direction in Direction:
        for c in range(len(plain.classes)):
            assert quick.signature(direction, c) == plain.signature(direction, c)


def test_few_are_really_asked() -> None:
    """The tests above would hold if nobody ever took the other way."""
    asked = 0
    for seed in range(25):
        it = random_world(Random(seed))
        with patch.object(subjects, "LARGE", 0), patch.object(Bitsets, "parts", side_effect=AssertionError) as sets:
            try:
                Residuals(it.inventory, it.policies)
            except AssertionError:
                continue
            asked += any(it.policies.half(d).tiers for d in Direction)
            assert not sets.called
    assert asked > 3


def test_kinds_and_nodes_with_the_same_labels() -> None:
    """Pods share the labels of their workload whatever network they are on, and those of a node are no labels of a pod."""
    ours = pod("a")
    host = replace(pod("b", kind=EndpointKind.HOST_POD, node="n"), labels=ours.labels)
    it = world(ours, host, replace(node("n"), labels=ours.labels), ingress=[selecting(Side.DST, "p", on_apps=["a"])])
    classes, partial = Classes(it.inventory, it.policies), Partial(it.inventory)
    bitsets = Bitsets(classes, it.inventory, partial)
    subject = it.policies.ingress.tiers[0].policies[0].subject
    with patch.object(subjects, "LARGE", 0):
        asked = Subjects(classes, bitsets, partial, Direction.INGRESS).selected(subject)
        assert [(list(members), selects) for members, selects in asked] == [([classes.of[ours]], TRUE)]
    labelled = bitsets.parts(app(Side.DST, "a"), Side.DST, DIRECT)
    assert {left: set(bits(part)) for part, left in labelled}[TRUE] == {classes.of[ours], classes.of[host]}


def test_accounts_of_pods_with_the_same_labels() -> None:
    """What a subject asks besides kind and labels is asked of each class, though alike pods share their labels."""
    ours = pod("a", account="mine")
    other = replace(pod("b", account="other"), labels=ours.labels)
    subject = and_(namespace_is(Side.DST, "shop"), service_account_is(Side.DST, "mine"))
    it = world(ours, other, ingress=[policy("p", subject)])
    classes, partial = Classes(it.inventory, it.policies), Partial(it.inventory)
    with patch.object(subjects, "LARGE", 0):
        asked = Subjects(classes, Bitsets(classes, it.inventory, partial), partial, Direction.INGRESS)
        for _ in range(2):
            found = [(list(members), selects) for members, selects in asked.selected(subject)]
            assert found == [([classes.of[ours]], TRUE)]
