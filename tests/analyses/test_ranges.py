"""Ranges of addresses: which parts fare differently. One row per fact, and the law that each address fares as its part."""

from __future__ import annotations

from random import Random

import pytest

from npverify.analyses.blocks import predicates, prefixes_of
from npverify.analyses.ends import Ends
from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader, Query, make_traffic
from npverify.analyses.ranges import PRIVATE, Part, Ranges, public_blocks
from npverify.analyses.world import World
from npverify.ingest.source import InputError
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import EXTERNAL
from recorded_samples import world
from worlds import random_world

IT = world()


def _split(it: World, end: str, prefix: str, *, sends: bool, port: int = 443) -> tuple[Part, ...]:
    """The parts of a range to which (`sends`) or from which an end sends."""
    reader = FlowReader(it.inventory)
    other = reader.directory.resolve(end)

    def ask(there: Ends) -> Query:
        return reader.query(*((other, there) if sends else (there, other)), make_traffic("TCP", port))

    return Ranges(it, reader).split(Prefix.parse(prefix), ask)


def _shown(parts: tuple[Part, ...]) -> list[tuple[bool, tuple[str, ...]]]:
    return [
        (part.evaluation.verdict.allowed, tuple(map(str, part.blocks or (end.name for end in part.ends))))
        for part in parts
    ]


SPLITS = [
    ("all alike", "db-0", "198.51.100.0/24", True, 443, [(False, ("198.51.100.0/24",))]),
    ("inside a block", "db-0", "203.0.113.128/25", True, 443, [(True, ("203.0.113.128/25",))]),
    ("around a block", "db-0", "203.0.112.0/23", True, 443, [(False, ("203.0.112.0/24",)), (True, ("203.0.113.0/24",))]),
    ("a known pod in it", "web", "10.1.0.0/24", True, 6379, [(True, ("10.1.0.0/24",)), (True, ("cache",))]),
    ("of pods alone", "web", "10.1.0.7/32", True, 80, [(False, ("cache",))]),
    ("a virtual address is nobody's", "web", "10.96.0.8/31", True, 80, [(True, ("10.96.0.8/31",))]),
    ("from a range", "db-0", "10.0.0.0/8", False, 5432, [(False, ("10.0.0.0/8",)), (False, ("cache",))]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("end", "prefix", "sends", "port", "expected"), [pytest.param(*row[1:], id=row[0]) for row in SPLITS]
)
def test_how_a_range_is_split(end, prefix, sends, port, expected) -> None:
    """Outside addresses by what policies say of them, and the pods that are known there."""
    assert _shown(_split(IT, end, prefix, sends=sends, port=port)) == expected


def test_a_range_of_another_family_has_no_part() -> None:
    """A pod that has no IPv6 address sends nothing there."""
    with pytest.raises(InputError, match=r"no addresses of one family|no address in"):
        _split(IT, "cache", "2001:db8::/64", sends=True)


def test_public_and_private_are_everything() -> None:
    """Each address is in exactly one block."""
    total = sum(2 ** (32 - p.length) for p in (*public_blocks(), *PRIVATE) if p.family == 4)
    assert total == 2**32
    assert not any(a.overlaps(b) for a in public_blocks() for b in PRIVATE)


@pytest.mark.parametrize("seed", range(40))
def test_each_address_fares_as_its_part(seed) -> None:
    """Over generated worlds: an address of a part gets the verdict of the part, and the parts are the whole range."""
    rng = Random(seed)
    it = random_world(rng)
    reader = FlowReader(it.inventory)
    pods = [pod for pod in it.inventory.pods if 4 in {a.family for a in pod.addresses} or not pod.address_known]
    if not pods or 4 not in it.inventory.families:
        pytest.skip("nobody has an IPv4 address")
    other = Ends("pod", (rng.choice(pods),))
    prefix = Prefix.parse(rng.choice(("0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/29", "203.0.112.0/22", "192.168.0.0/16")))
    sends = rng.random() < 0.5
    traffic = make_traffic(rng.choice(("TCP", "UDP")), rng.choice((53, 80, 443)))

    def ask(there: Ends) -> Query:
        return reader.query(*((other, there) if sends else (there, other)), traffic)

    parts = Ranges(it, reader).split(prefix, ask)
    blocks = [block for part in parts for block in part.blocks]
    owned = [a for a in reader.directory.by_address if a in prefix and not any(a in block for block in blocks)]
    assert sum(2 ** (32 - b.length) for b in blocks) + len(owned) == 2 ** (32 - prefix.length)
    mentioned = [p for p in prefixes_of(predicates(it.policies)) if p.family == 4]
    edges = {e for p in (prefix, *mentioned) for e in (p.first - 1, p.first, p.last, p.last + 1)}
    for value in edges | {rng.randint(prefix.first, prefix.last) for _ in range(20)}:
        address = Address(4, value)
        if not 0 <= value < 2**32 or address not in prefix or address in reader.directory.by_address:
            continue
        part = next(part for part in parts if any(address in block for block in part.blocks))
        found = evaluate_query(it, ask(Ends(str(address), (EXTERNAL,), address)))
        assert found.verdict.allowed == part.evaluation.verdict.allowed
