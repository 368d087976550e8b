"""Classes: endpoints that no policy can tell apart, so that one of them speaks for all.

In: an inventory and a policy set. Out: a partition of the endpoints and EXTERNAL, in the order of their first members.
What may tell two endpoints apart is read off the atoms of the policies, so a predicate that is not in the policy set must
not be asked of a class.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from npverify.inventory.addresses import BITS, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, Endpoint, Inventory
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Direction, PolicySet
from npverify.normal.predicates import (
    AddressIn,
    LabelIn,
    LabelText,
    NamedPortIs,
    NodeIs,
    Pred,
    ServiceAccountIs,
    atoms_of,
)


class Classes:
    """The partition. `members[c]` are the endpoints of class c, `of[e]` is the class of an endpoint."""

    def __init__(self, inventory: Inventory, *policies: PolicySet) -> None:
        """Of several policy sets: what none of them can tell apart."""
        seen = _Mentioned.by(chain.from_iterable(map(predicates, policies)))
        cells = {family: _boundaries(family, seen.prefixes) for family in BITS}
        found: dict[Hashable, list[Endpoint]] = {}
        for end in (*inventory.endpoints, EXTERNAL):
            labels = tuple((k, _value(end.labels[k])) for k in seen.keys if k in end.labels)
            key = (
                end.kind,
                end.on_host,
                end.namespace,
                labels,
                end.service_account if seen.accounts else "",
                tuple(p for p in end.ports if p.name) if seen.ports else (),
                _cell_ids(end.addresses, cells) if end.address_known else None,
                _place(end) if seen.nodes else None,
            )
            found.setdefault(key, []).append(end)
        self._number(found.values())

    @classmethod
    def given(cls, groups: Iterable[Sequence[Endpoint]]) -> Classes:
        """A partition that is made elsewhere; it may be finer than what policies tell apart, never coarser."""
        made = cls.__new__(cls)
        made._number(groups)
        return made

    def _number(self, groups: Iterable[Sequence[Endpoint]]) -> None:
        self.members: tuple[tuple[Endpoint, ...], ...] = tuple(tuple(ends) for ends in groups)
        self.of: dict[Endpoint, int] = {end: c for c, ends in enumerate(self.members) for end in ends}

    def __len__(self) -> int:
        return len(self.members)

    def representative(self, c: int) -> Endpoint:
        """The first member, which speaks for the class."""
        return self.members[c][0]

    @property
    def representatives(self) -> Iterator[Endpoint]:
        """The first member of each class, in order."""
        return (ends[0] for ends in self.members)


def predicates(policies: PolicySet) -> Iterator[Pred]:
    """Every predicate of a policy set."""
    for direction in Direction:
        yield from policies.half(direction).predicates


class _Mentioned(NamedTuple):
    """What predicates look at: keys of pod labels, prefixes, and whether at accounts, named ports and nodes."""

    keys: tuple[str, ...]
    prefixes: tuple[Prefix, ...]
    accounts: bool
    ports: bool
    nodes: bool

    @classmethod
    def by(cls, preds: Iterable[Pred]) -> _Mentioned:
        """What these predicates mention."""
        keys: set[str] = set()
        prefixes: set[Prefix] = set()
        accounts = ports = nodes = False
        for atom in dict.fromkeys(atom for pred in dict.fromkeys(preds) for atom in atoms_of(pred)):
            if isinstance(atom, LabelIn | LabelText):
                accounts |= atom.of == "service account"
                if atom.of == "pod":
                    keys.add(atom.key)
            elif isinstance(atom, AddressIn):
                prefixes.add(atom.prefix)
            else:
                accounts |= isinstance(atom, ServiceAccountIs)
                ports |= isinstance(atom, NamedPortIs)
                nodes |= isinstance(atom, NodeIs)
        return cls(tuple(sorted(keys)), tuple(sorted(prefixes)), accounts, ports, nodes)


def _place(end: Endpoint) -> tuple[str, ...]:
    """The node of an endpoint; where it is not known the endpoint is like no other."""
    return ("on", end.node) if end.node is not None else ("of", *end.key)


def _value(label: str | Unknown) -> tuple[str, str]:
    return ("known", label) if isinstance(label, str) else ("unknown", label.name)


def _boundaries(family: Family, prefixes: Iterable[Prefix]) -> list[int]:
    """Where a cell begins: inside one cell, every prefix contains all addresses or none."""
    starts = {0}
    for prefix in prefixes:
        if prefix.family == family:
            starts |= {prefix.first, prefix.last + 1}
    return sorted(starts)


def _cell_ids(addresses: Iterable[Address], cells: dict[Family, list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((a.family, bisect_right(cells[a.family], a.value)) for a in addresses))
