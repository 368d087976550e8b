"""Classes: endpoints that no policy can tell apart, so that one of them speaks for all.

In: an inventory and a policy set. Out: a partition of the endpoints and EXTERNAL (and PROXY, where policies see it), in the order of their first members.
What may tell two endpoints apart is read off the atoms of the policies, so a predicate that is not in the policy set must
not be asked of a class.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import chain
from typing import NamedTuple

from npverify.inventory.addresses import BITS, Address, Family, Prefix
from npverify.inventory.model import EXTERNAL, PROXY, Endpoint, Inventory
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Direction, PolicySet
from npverify.normal.predicates import (
    AddressIn,
    Clause,
    LabelIn,
    LabelText,
    NamedPortIs,
    NodeIs,
    Pred,
    ServiceAccountIs,
    atoms_among,
    atoms_of,
)


class Classes:
    """The partition. `members[c]` are the endpoints of class c, `of[e]` is the class of an endpoint."""

    def __init__(self, inventory: Inventory, *policies: PolicySet, atoms: Iterable[Pred] | None = None) -> None:
        """Of several policy sets: what none of them can tell apart. `atoms` are all of theirs, if somebody has them."""
        if atoms is None:
            atoms = atoms_among(chain.from_iterable(map(predicates, policies)))
        self.mentioned = seen = Mentioned.of(mentioned_by(atoms))
        cells = {family: _boundaries(family, seen.prefixes) for family in BITS}
        found: dict[Hashable, list[Endpoint]] = {}
        # alike pods share their labels and ports, so each of these is looked through once and is a number from then on
        numbers: dict[Hashable, int] = {}
        of_labels: dict[int, int] = {}
        of_ports: dict[int, int] = {}
        v4, v6 = cells[4], cells[6]
        proxies = (PROXY,) if any(each.proxied for each in policies) else ()
        for end in (*inventory.endpoints, *proxies, EXTERNAL):
            if (labels := of_labels.get(id(end.labels))) is None:
                told = tuple((k, _value(end.labels[k])) for k in seen.keys if k in end.labels)
                labels = of_labels[id(end.labels)] = numbers.setdefault(told, len(numbers))
            ports = 0
            if seen.ports and (ports := of_ports.get(id(end.ports), -1)) < 0:
                named = tuple(p for p in end.ports if p.name)
                ports = of_ports[id(end.ports)] = numbers.setdefault(("ports", named), len(numbers))
            cell: Hashable = None
            if end.address_known:
                if len(addresses := end.addresses) == 1:
                    family, value = addresses[0]
                    cell = bisect_right(v4, value) if family == 4 else -bisect_right(v6, value)
                else:
                    cell = _cell_ids(addresses, cells)
            key = (
                id(end.kind),  # the hash of a member of an enumeration is slow
                end.on_host,
                end.namespace,
                labels,
                end.service_account if seen.accounts else "",
                ports,
                cell,
                _place(end) if seen.nodes else None,
            )
            found.setdefault(key, []).append(end)
        self._number(found.values())

    @classmethod
    def given(cls, groups: Iterable[Sequence[Endpoint]]) -> Classes:
        """A partition that is made elsewhere; it may be finer than what policies tell apart, never coarser."""
        made = cls.__new__(cls)
        made.mentioned = Mentioned((), (), accounts=False, ports=False, nodes=False)
        made._number(groups)
        return made

    def _number(self, groups: Iterable[Sequence[Endpoint]]) -> None:
        self.members: tuple[tuple[Endpoint, ...], ...] = tuple(tuple(ends) for ends in groups)
        self.of: dict[Endpoint, int] = {end: c for c, ends in enumerate(self.members) for end in ends}

    def tell_apart(self, mentioned: Mentioned) -> bool:
        """Whether everything that predicates which mention this tell apart stands in different classes."""
        own, more = self.mentioned, [prefix for prefix in mentioned.prefixes if prefix not in self._prefixes]
        keys = set(mentioned.keys).difference(own.keys)
        return (
            mentioned.accounts <= own.accounts
            and mentioned.ports <= own.ports
            and mentioned.nodes <= own.nodes
            and not (keys and keys & self._labels)
            and (not more or self._cuts(more) <= self._own_cuts)
        )

    @cached_property
    def _prefixes(self) -> frozenset[Prefix]:
        return frozenset(self.mentioned.prefixes)

    @cached_property
    def with_several_addresses(self) -> frozenset[int]:
        """The classes with a member that has more than one address."""
        return frozenset(c for end, c in self.of.items() if len(end.addresses) > 1)

    @cached_property
    def _labels(self) -> frozenset[str]:
        """The keys of all labels that some endpoint has."""
        each = {id(end.labels): end.labels for end in self.of}  # alike pods share theirs
        return frozenset(chain.from_iterable(each.values()))

    @cached_property
    def _addresses(self) -> dict[Family, list[int]]:
        """The known addresses of endpoints, ascending."""
        known = {a for end in self.of if end.address_known for a in end.addresses}
        return {family: sorted(a.value for a in known if a.family == family) for family in BITS}

    @cached_property
    def _own_cuts(self) -> set[tuple[Family, int]]:
        return self._cuts(self.mentioned.prefixes)

    def _cuts(self, prefixes: Iterable[Prefix]) -> set[tuple[Family, int]]:
        """Between which two known addresses some prefix begins or ends."""
        found = set()
        for family, values in self._addresses.items():
            cuts = {bisect_left(values, start) for start in _boundaries(family, prefixes)}
            found |= {(family, cut) for cut in cuts if 0 < cut < len(values)}
        return found

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


Mention = tuple[str, str | Prefix | Clause]
"""Something by which a predicate may tell two endpoints apart: ("label", key), ("prefix", prefix), or ("accounts", ""),
("ports", "") or ("nodes", ""); or two requests: ("request", clause)."""


class Mentioned(NamedTuple):
    """What predicates look at: keys of pod labels, prefixes, and whether at accounts, named ports and nodes."""

    keys: tuple[str, ...]
    prefixes: tuple[Prefix, ...]
    accounts: bool
    ports: bool
    nodes: bool

    @classmethod
    def of(cls, found: Iterable[Mention]) -> Mentioned:
        """All of these together."""
        each = set(found)
        keys = sorted(key for what, key in each if what == "label" and isinstance(key, str))
        prefixes = sorted(prefix for _, prefix in each if isinstance(prefix, Prefix))
        accounts, ports, nodes = ((what, "") in each for what in ("accounts", "ports", "nodes"))
        return cls(tuple(keys), tuple(prefixes), accounts=accounts, ports=ports, nodes=nodes)


@cache
def mentions(pred: Pred) -> tuple[Mention, ...]:
    """What a predicate looks at, each once."""
    return mentioned_by(atoms_of(pred))


def mentioned_by(atoms: Iterable[Pred]) -> tuple[Mention, ...]:
    """What atoms look at, each once."""
    found: dict[Mention, None] = {}
    for atom in atoms:
        if isinstance(atom, (LabelIn, LabelText)):
            if atom.of == "service account":
                found["accounts", ""] = None
            elif atom.of == "pod":
                found["label", atom.key] = None
        elif isinstance(atom, AddressIn):
            found["prefix", atom.prefix] = None
        elif isinstance(atom, ServiceAccountIs):
            found["accounts", ""] = None
        elif isinstance(atom, NamedPortIs):
            found["ports", ""] = None
        elif isinstance(atom, NodeIs):
            found["nodes", ""] = None
        elif isinstance(atom, Clause):
            found["request", atom] = None
    return tuple(found)


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


def _cell_ids(addresses: tuple[Address, ...], cells: dict[Family, list[int]]) -> tuple[Hashable, ...]:
    return tuple(sorted((a.family, bisect_right(cells[a.family], a.value)) for a in addresses))
