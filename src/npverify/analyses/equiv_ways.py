"""How two ends may meet: directly, as one pod, on one node, or through a Service. Every flow of two worlds is of one such way.

A Service is a way and no end: one that a single world has is judged in both, as if both had it. Where both have it, each world
judges by its own virtual address and port of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

from npverify.assertions.claims import Hop
from npverify.assertions.sets import backend_condition
from npverify.assertions.traffic import port
from npverify.inventory.addresses import FAMILIES, Address, Prefix
from npverify.inventory.model import EndpointKind, Inventory, Service
from npverify.normal.policy import Direction, Policy, PolicySet
from npverify.normal.predicates import (
    FALSE,
    AddressIn,
    AddressOwnedBy,
    Pred,
    Side,
    and_,
    atoms_of,
)
from npverify.reduction.bitsets import as_set, bits
from npverify.reduction.classes import predicates
from npverify.reduction.compare import Hows
from npverify.reduction.partial import DIRECT, Circumstance, Virtual
from npverify.reduction.residuals import Residuals
from npverify.reduction.twin_pairs import nodes_differ
from npverify.reduction.twins import Twin, Twins

Hops = tuple[Hop, Hop]
"""One port of a Service as each world has it."""


class Through(NamedTuple):
    """A port of a Service, and where its flows arrive: backends by the condition on the flow there."""

    hops: Hops
    backends: Mapping[Pred, frozenset[Twin]]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to meet, and the classes that may meet so.

    `through`  the ports of Services whose flows nothing tells apart but where they arrive; () for direct flows
    """

    hows: Hows
    sources: int
    targets: int
    through: tuple[Through, ...] = ()

    @property
    def title(self) -> str:
        """What is looked at, for a line of progress."""
        how = self.hows[0]
        what = "pods with themselves" if how.same else "pods and their nodes" if how.own_node else "every two ends"
        return f"{what}, through Services" if self.through else what


def ways(
    twins: Twins, residuals: tuple[Residuals, Residuals], inventories: tuple[Inventory, Inventory]
) -> Iterator[Way]:
    """Every way in which a flow may come about; what no policy can tell from a direct flow is left out."""
    kinds = _Kinds(twins)
    yield from _each(kinds, DIRECT, DIRECT, kinds.all, kinds.all, ())
    policies = (residuals[0].policies, residuals[1].policies)
    for (left, right), through in _services(twins, policies, inventories).items():
        reached = sum(
            1 << c for c in {twins.of[b.either] for one in through for bs in one.backends.values() for b in bs}
        )
        sources = _judged_by_address(twins, residuals)
        for way in _each(kinds, replace(DIRECT, via=left), replace(DIRECT, via=right), sources, reached, through):
            if way.sources and way.targets:
                yield way


class _Kinds:
    """Sets of classes by what their members are, and whether the worlds know the same about nodes."""

    def __init__(self, twins: Twins) -> None:
        self.all = twins.all
        ends = [members[0].either for members in twins.members]
        self.pods = sum(1 << c for c, end in enumerate(ends) if end.is_pod)
        host_kinds = (EndpointKind.HOST_POD, EndpointKind.NODE)
        self.hosts = sum(1 << c for c, end in enumerate(ends) if end.kind in host_kinds)
        self.nodes_differ = any(nodes_differ(twin) for members in twins.members for twin in members)


def _each(
    kinds: _Kinds, left: Circumstance, right: Circumstance, sources: int, targets: int, through: tuple[Through, ...]
) -> Iterator[Way]:
    """A way of two ends apart, of a pod with itself, and of a pod and its own node."""
    yield Way((left, right), sources, targets, through)
    # what a pod on the host network sends to itself is sent to its own node
    for on_host, themselves in ((False, kinds.pods & ~kinds.hosts), (True, kinds.pods & kinds.hosts)):
        same = (replace(left, same=True, own_node=on_host), replace(right, same=True, own_node=on_host))
        yield Way(same, targets & themselves, targets & themselves, through)
    for near in product((True, False), repeat=2):
        if near[0] is near[1] is False or (near[0] is not near[1] and not kinds.nodes_differ):
            continue
        hows = (replace(left, own_node=near[0]), replace(right, own_node=near[1]))
        yield Way(hows, sources & kinds.hosts, targets & kinds.pods, through)
        yield Way(hows, sources & kinds.pods & ~kinds.hosts, targets & kinds.hosts, through)
        yield Way(hows, sources & kinds.pods & kinds.hosts, targets & kinds.hosts & ~kinds.pods, through)


def _services(
    twins: Twins, policies: tuple[PolicySet, PolicySet], inventories: tuple[Inventory, Inventory]
) -> dict[tuple[Virtual, Virtual], tuple[Through, ...]]:
    """The ports of all Services that translate, by what policies can tell of them."""
    found: dict[tuple[Virtual, Virtual], list[Through]] = {}
    alike = _Virtuals(policies)
    for name in sorted({*inventories[0].services, *inventories[1].services}):
        here, there = (inventory.services.get(name) for inventory in inventories)
        for hops in _hops(here, there):
            arriving: dict[Pred, list[Twin]] = {}
            for service, index in hops:
                for backend in service.backends.get(index, ()):
                    arrives = and_(
                        backend_condition(backend, Side.DST), port(service.ports[index].protocol, backend.port)
                    )
                    arriving.setdefault(arrives, []).append(twins.twin(backend.endpoint))
            if arriving:
                key = (alike.of(hops[0]), alike.of(hops[1]))
                found.setdefault(key, []).append(
                    Through(hops, {arrives: frozenset(ends) for arrives, ends in arriving.items()})
                )
    return {key: tuple(through) for key, through in found.items()}


def _hops(here: Service | None, there: Service | None) -> Iterator[Hops]:
    """The ports of one Service, each as both worlds have it; what one of them has not is taken from the other."""
    sides = [
        {(p.protocol, p.number): Hop(service, index) for index, p in enumerate(service.ports)}
        if service is not None and not service.headless
        else {}
        for service in (here, there)
    ]
    for key in sorted({*sides[0], *sides[1]}):
        left, right = (side.get(key) for side in sides)
        if left is not None or right is not None:
            yield left or right, right or left  # type: ignore[misc]  # one of the two is there


class _Virtuals:
    """Virtual addresses that no policy can tell apart count as one. Guards the first of each kind."""

    def __init__(self, policies: tuple[PolicySet, PolicySet]) -> None:
        self._by_port = any(
            stage.before_translation is not FALSE
            for each in policies
            for d in Direction
            for stage in each.half(d).stages
        )
        prefixes = {
            atom.prefix
            for each in policies
            for pred in set(predicates(each))
            for atom in atoms_of(pred)
            if isinstance(atom, AddressIn)
        }
        self._prefixes = {family: sorted(p for p in prefixes if p.family == family) for family in FAMILIES}
        self._first: dict[object, Virtual] = {}

    def of(self, hop: Hop) -> Virtual:
        """What stands for the virtual addresses and port of a Service."""
        service, index = hop
        number = service.ports[index].number if self._by_port else 0
        virtual = Virtual(service.vips, service.vip_known, number)
        seen: object = service.vip_known
        if service.vip_known:
            several = len({a.family for a in service.vips}) < len(service.vips)  # which one counts stays open
            seen = service.vips if several else tuple((a.family, self._inside(a)) for a in service.vips)
        return self._first.setdefault((seen, number), virtual)

    def _inside(self, address: Address) -> tuple[Prefix, ...]:
        return tuple(p for p in self._prefixes[address.family] if p.contains(address))


def _judged_by_address(twins: Twins, residuals: tuple[Residuals, Residuals]) -> int:
    """The classes for which it may matter that a flow goes through a Service."""
    found = 0
    for side, each in enumerate(residuals):
        halves = (each.policies.half(d) for d in Direction)
        if any(stage.before_translation is not FALSE for half in halves for stage in half.stages):
            return twins.all
        if each.policies.vip_visible is not FALSE:
            stages = each.policies.egress.stages
            always = any(_looks_at_addresses(p) for s in stages for p in (s.applies, *(e.match for e in s.exemptions)))
            by_policy: dict[Policy, bool] = {}
            by_signature: dict[int, bool] = {}  # signatures are kept by the reduction
            members: list[int] = []
            for c in bits(twins.present(side)):
                signature = each.signature(Direction.EGRESS, twins.number(side, c))
                looks = by_signature.get(id(signature))
                if looks is None:
                    looks = always or any(_policy_looks(entry.policy, by_policy) for entry in signature)
                    by_signature[id(signature)] = looks
                if looks:
                    members.append(c)
            found |= as_set(members)
    return found


def _policy_looks(policy: Policy, memo: dict[Policy, bool]) -> bool:
    """Whether a rule of a policy asks for the address of a destination."""
    found = memo.get(policy)
    if found is None:
        found = memo[policy] = any(_looks_at_addresses(p) for rule in policy.rules for p in (rule.peer, rule.traffic))
    return found


def _looks_at_addresses(pred: Pred) -> bool:
    return any(isinstance(atom, AddressIn | AddressOwnedBy) and atom.side is Side.DST for atom in atoms_of(pred))
