"""Which classes fare over the second family of addresses as over the first one, so that they are judged once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain

from npverify.analyses.packet_given import Table
from npverify.analyses.packet_looks import asks_any_address
from npverify.inventory.addresses import FAMILIES, Address, Family
from npverify.normal.policy import Direction
from npverify.reduction.judge import Entry
from npverify.reduction.residuals import Residuals


def alike_over(
    residuals: Residuals, direction: Direction, addresses: Sequence[Mapping[Family, Address | None]]
) -> Collection[int]:
    """The classes to which no address matters, of those with addresses of the second family.

    None unless all of these have some of the first one too, as dual-stack pods do: a peer that is not met over the first
    family is in no table of it.
    """
    first, second = FAMILIES
    using = [c for c, own in enumerate(addresses) if second in own]
    stages = residuals.policies.half(direction).stages
    staged = (pred for stage in stages for pred in (stage.applies, *(e.match for e in stage.exemptions)))
    if any(first not in addresses[c] for c in using) or any(map(asks_any_address, staged)):
        return ()
    signatures = {c: residuals.signature(direction, c) for c in using}
    distinct = {id(signature): signature for signature in signatures.values()}  # which `Residuals` keeps
    entries = {id(entry): entry for entry in chain.from_iterable(distinct.values())}
    asking = {key for key, entry in entries.items() if _asks(entry)}
    quiet = {key for key, signature in distinct.items() if asking.isdisjoint(map(id, signature))}
    return [c for c, signature in signatures.items() if id(signature) in quiet]


def over_second(
    classes: Collection[int], over_first: Sequence[Table], made_of: Callable[[Table, int], Table], peers: int
) -> Mapping[int, Table]:
    """The tables of such classes over the second family, made of those over the first one; of equal ones the same.

    `made_of`: makes one, for the set of `peers` with addresses of the second family.
    """
    made: dict[int, Table] = {}  # by the ids of tables, which `over_first` keeps
    found: dict[int, Table] = {}
    for c in classes:
        table = over_first[c]
        if id(table) not in made:
            made[id(table)] = made_of(table, peers)
        found[c] = made[id(table)]
    return found


def _asks(entry: Entry) -> bool:
    """Whether a policy asks for the address of anybody."""
    return asks_any_address(entry.selects) or any(
        asks_any_address(rule.peer) or asks_any_address(rule.traffic) for rule in entry.rules
    )
