"""Groups of endpoints that follow the policies step by step are those that are formed anew, and sets of classes are counted and
searched as one by one."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from npverify.inventory.model import Endpoint, EndpointKind
from npverify.normal.policy import Direction
from npverify.normal.predicates import TRUE
from npverify.reduction.bitsets import as_set, bits
from npverify.reduction.ends import Counts, Crowd, Parted
from npverify.reduction.members import Kind


def endpoint(number: int, kind: EndpointKind = EndpointKind.POD) -> Endpoint:
    return Endpoint(kind, "red", f"p{number:03}")


class Selecting:
    """What `Parted` asks of residuals: which policies select a class."""

    def __init__(self, kinds: list[Kind], of: dict[int, tuple[str, ...]], known: dict[tuple[str, ...], Any]) -> None:
        self._of = {c: known.setdefault(names, names) for c, names in of.items()}
        self._kind = {kind.c: kind.ends[0].kind for kind in kinds}

    def signature(self, _: Direction, c: int) -> Any:
        return self._of.get(c, ())

    def aspect_of(self, _: Direction, c: int) -> Any:
        return (self._kind[c],)


def shown(parted: Parted) -> Any:
    def each(groups: Any) -> Any:
        return {(g.key, g.classes, tuple(sorted((c, tuple(e)) for c, e in g.by_class.items()))) for g in groups}

    looks = {(frozenset(each(ends.groups)), ends.classes, tuple(sorted(ends.of_class))) for ends in parted.looks}
    return each(parted.groups), each(parted.hosts), each(parted.plain), looks, parted.classes


@pytest.mark.parametrize("seed", range(8))
def test_groups_after_a_change_are_those_that_are_formed_anew(seed: int) -> None:
    """With several kinds of a class, hosts, groups that vanish, come back and move, and changes that nobody asked about."""
    rng = Random(seed)
    kinds = []
    for c in range(30):
        kind = EndpointKind.HOST_POD if c % 7 == 0 else EndpointKind.POD
        for domain in rng.sample([("a",), ("b",)], rng.randint(1, 2)):
            kinds.append(Kind(c, TRUE, domain, [endpoint(len(kinds), kind)]))
    known: dict[tuple[str, ...], Any] = {}
    of: dict[int, tuple[str, ...]] = {}
    parted = Parted.of(kinds, Direction.EGRESS, Selecting(kinds, of, known))  # type: ignore[arg-type]
    for _ in range(25):
        touched = set()
        for c in rng.sample(range(30), rng.randint(0, 6)):
            of[c] = rng.choice([(), ("x",), ("y",), ("x", "y")])
            touched.add(c)
        residuals: Any = Selecting(kinds, of, known)
        before = shown(parted)
        after = parted.after(as_set(touched | set(rng.sample(range(30), 3))), residuals)
        assert shown(parted) == before  # the groups of before are as they were
        assert shown(after) == shown(Parted.of(kinds, Direction.EGRESS, residuals))
        assert {id(g) for g in after.groups if g in parted.groups} >= {
            id(g) for g in parted.groups if not any(g.classes >> c & 1 for c in touched) and g in after.groups
        }
        parted = after


def test_a_group_that_nobody_left_or_joined_is_the_same_object() -> None:
    """So that what is known of it holds on."""
    kinds = [Kind(c, TRUE, ("a",), [endpoint(c)]) for c in range(4)]
    known: dict[tuple[str, ...], Any] = {}
    one: Any = Selecting(kinds, {0: ("x",), 1: ("x",), 2: ("y",)}, known)
    two: Any = Selecting(kinds, {0: ("x",), 1: ("y",), 2: ("y",)}, known)
    before = Parted.of(kinds, Direction.INGRESS, one)
    after = before.after(as_set([1]), two)
    kept = [group for group in after.groups if group in before.groups]
    assert [group.signature for group in kept] == [()]


@pytest.mark.parametrize("seed", range(4))
def test_sizes_and_first_names_of_sets_of_classes(seed: int) -> None:
    """As by looking at each endpoint, for sets of all sizes."""
    rng = Random(seed)
    numbers = rng.sample(range(400), 200)
    by_class: dict[int, list[Endpoint]] = {}
    for number in sorted(numbers):
        by_class.setdefault(rng.randrange(60), []).append(endpoint(number))
    crowd = Crowd(by_class)
    for size in (0, 1, 2, 5, 20, len(by_class)):
        classes = as_set(rng.sample(sorted(by_class), size))
        ends = [end for c in bits(classes) for end in by_class[c]]
        assert crowd.size(classes) == len(ends)
        assert crowd.lowest(classes) == sorted(ends, key=lambda end: end.key)[:2]


def test_counts_of_classes_that_have_none() -> None:
    """Zero counts nothing, and a set may hold classes that are not counted."""
    counts = Counts({0: 3, 1: 0, 2: 5})
    assert [counts.of(classes) for classes in (0, 0b1, 0b10, 0b111, 0b1010)] == [0, 3, 0, 8, 0]
    assert Counts({}).of(0b11) == 0
