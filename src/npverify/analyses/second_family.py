"""Which classes fare over the second family of addresses as over the first one, so that they are judged once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from npverify.analyses.packet_given import Table
from npverify.analyses.packet_looks import asks_address
from npverify.inventory.addresses import FAMILIES, Address, Family
from npverify.normal.policy import Direction
from npverify.normal.predicates import Side
from npverify.reduction.bitsets import as_set, bits
from npverify.reduction.judge import Entry
from npverify.reduction.residuals import Residuals


def alike_over(
    residuals: Residuals,
    direction: Direction,
    addresses: Sequence[Mapping[Family, Address | None]],
    over_first: Sequence[Table],
    made_of: Callable[[Table, int], Table],
) -> Mapping[int, Table]:
    """The tables over the second family of classes to which no address matters, made of those over the first one.

    None unless all who have addresses of the second family have some of the first one too, as dual-stack pods do: a peer
    that is not met over the first family is in no table of it. `made_of`: makes one, for a set of peers.
    """
    first, second = FAMILIES
    using = [c for c, own in enumerate(addresses) if second in own]
    stages = residuals.policies.half(direction).stages
    staged = (pred for stage in stages for pred in (stage.applies, *(e.match for e in stage.exemptions)))
    if any(first not in addresses[c] for c in using) or any(asks_address(p, side) for p in staged for side in Side):
        return {}
    peers = as_set(using)
    asking: dict[int, bool] = {}  # by the ids of entries and signatures, which `Residuals` keeps
    made: dict[int, Table] = {}  # by the ids of tables
    found: dict[int, Table] = {}
    for c in bits(peers):
        signature = residuals.signature(direction, c)
        if id(signature) not in asking:
            for entry in signature:
                if id(entry) not in asking:
                    asking[id(entry)] = _asks(entry)
            asking[id(signature)] = any(asking[id(entry)] for entry in signature)
        if not asking[id(signature)]:
            table = over_first[c]
            if id(table) not in made:
                made[id(table)] = made_of(table, peers)
            found[c] = made[id(table)]
    return found


def _asks(entry: Entry) -> bool:
    """Whether a policy asks for the address of anybody."""
    preds = (entry.selects, *chain.from_iterable((rule.peer, rule.traffic) for rule in entry.rules))
    return any(asks_address(pred, side) for pred in preds for side in Side)
