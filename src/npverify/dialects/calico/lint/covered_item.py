"""Items of lists of Calico's rules that another item of the list covers. The rule is the one of every dialect."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case
from npverify.dialects.calico.resources import PortMatch
from npverify.dialects.lint import Suspicion
from npverify.dialects.lists import block_covers, covered
from npverify.inventory.addresses import Prefix


def find(case: Case) -> Iterator[Suspicion]:
    """Each block and each port inside of another one of its list."""
    for at in case.rules:
        for field, _, entity in at.sides:
            lists = (
                ("nets", entity.nets, covered(entity.nets, block_covers)),
                ("notNets", entity.not_nets, covered(entity.not_nets, block_covers)),
                ("ports", entity.ports, covered(entity.ports, _covers)),
                ("notPorts", entity.not_ports, covered(entity.not_ports, _covers)),
            )
            for key, items, found in lists:
                for n, m in found:
                    item, other = (_shown(items[i]) for i in (n, m))
                    message = f"{at.name}: {item} of `{field}.{key}` is covered by {other}, so it adds nothing"
                    fix = f"remove it, or correct {other} if that is too wide"
                    yield Suspicion(at.policy.id, at.span(field, key), message, fix)


def _covers(one: PortMatch, other: PortMatch) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return one[0] <= other[0] and other[1] <= one[1]


def _shown(item: Prefix | PortMatch) -> str:
    if not isinstance(item, Prefix | str):
        return str(item[0]) if item[0] == item[1] else f"{item[0]}:{item[1]}"
    return str(item)
