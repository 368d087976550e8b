"""A checker of many values remembers lists that pass, and never takes one for what it is not."""

from __future__ import annotations

from typing import Any

import pytest

from npverify.inventory.shapes import Leaf, ListOf, checker, conforms, map_of

TEXTS, NUMBERS = ListOf(Leaf.TEXT), ListOf(Leaf.INTEGER)
PORTS = map_of("Container", ports=ListOf(map_of("ContainerPort", containerPort=Leaf.INTEGER)), restartPolicy=Leaf.TEXT)


def test_a_list_that_passed_for_one_shape_has_not_passed_for_another() -> None:
    """Each list is remembered where it was looked at."""
    both = map_of("LabelSelectorRequirement", values=TEXTS, key=NUMBERS)
    shared = ["a"]
    assert not checker(both)({"values": shared, "key": shared})


def test_a_list_that_failed_is_looked_at_again() -> None:
    """So that each object that shares it is reported."""
    check = checker(PORTS)
    shared = {"ports": [{"containerPort": "80"}]}
    assert [check(shared), check(shared)] == [False, False]


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ({}, True),
        ({"ports": None, "restartPolicy": None}, True),
        ({"ports": []}, True),
        ({"ports": [None, {}]}, True),
        ({"ports": [{"containerPort": 1}]}, True),
        ({"ports": [{"containerPort": True}]}, False),
        ({"ports": [{"containerPort": 1.0}]}, False),
        ({"ports": [{"kontainerPort": 1}]}, False),
        ({"ports": {}}, False),
        ({"ports": [[]]}, False),
        ({"restartPolicy": 1}, False),
        ({"restart": "Always"}, False),
        ([], False),
        ("", False),
    ],
    ids=repr,
)
def test_what_fits(value: Any, fits: bool) -> None:
    """Types are exact, null is everything's empty value, and fields must be known."""
    assert checker(PORTS)(value) is fits
    assert conforms(value, PORTS) is fits
    assert conforms(None, PORTS)
