"""Verdicts for concrete flows under the default reading, and what they depend on that nobody knows.

An address that is not known is given a value for the time of the evaluation: of all that the pod may have, one in as few
of the mentioned blocks as can be. `depends` names each unknown that would turn the verdict around if it alone had another
value. Only what the walk of the oracle looked at is tried: what it did not look at cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from npverify.analyses.blocks import possible, predicates, prefixes_of, representative
from npverify.analyses.flows import OTHER_FAMILY, Query, families_of, known_address, same_node
from npverify.analyses.results import Evaluation
from npverify.analyses.world import World
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.labels import pod_label
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.inventory.spaces import address_space
from npverify.inventory.unknowns import Unknown, account_label, namespace_label
from npverify.normal.flow import Flow
from npverify.normal.policy import Direction, Policy, PolicySet
from npverify.normal.predicates import LabelIn, PortIn, Pred, Side, UnknownIn, atoms_of
from npverify.oracle import SOURCE_PORT, Oracle, touched_address

_REMEMBERED = 100_000  # evaluations kept before the memory is given back


class Evaluator:
    """Evaluates flows over one world. Guards the oracle's memory and its own; every answer is a function of the flow."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.oracle = Oracle(world.policies, world.inventory)
        preds = tuple(dict.fromkeys(predicates(world.policies)))
        self.prefixes = prefixes_of(preds)
        self._anywhere = prefixes_of(_asked_of_all(world.policies))
        self._representatives: dict[tuple[Family, EndpointKind | None], Address | None] = {}
        self._evaluated: dict[Flow, Evaluation] = {}
        self._labels: dict[tuple[str, str], dict[str, None]] = {}
        self._values: dict[str, dict[str, None]] = {}
        self._src_ports: set[int] = set()
        for pred in preds:
            for atom in atoms_of(pred):
                if isinstance(atom, PortIn) and atom.side is Side.SRC:
                    self._src_ports |= {p for p in (atom.first, atom.last + 1) if 1 <= p <= 65535}
                elif isinstance(atom, LabelIn):
                    self._labels.setdefault((atom.of, atom.key), {}).update(dict.fromkeys(atom.values or ()))
                elif isinstance(atom, UnknownIn):
                    self._values.setdefault(atom.unknown.name, {}).update(dict.fromkeys(atom.values))

    def evaluate(self, flow: Flow) -> Evaluation:
        """The verdict of one flow, in the default reading, and what could change it."""
        found = self._evaluated.get(flow)
        if found is None:
            if len(self._evaluated) >= _REMEMBERED:
                self._evaluated.clear()
            found = self._evaluated[flow] = self._evaluate(flow)
        return found

    def settled(self, flow: Flow) -> Flow:
        """The flow with an address at either end (and of the Service) where it has none."""
        inventory = self.world.inventory
        given = flow.src_ip or flow.dst_ip
        common = families_of(flow.src, inventory.families) & families_of(flow.dst, inventory.families)
        likely: Family = next((f for f in FAMILIES if f in common), 4)
        family = given.family if given else likely
        via = flow.via
        if via is not None and via.vip is None:
            via = via._replace(vip=self._representative(family, None))
        return replace(
            flow,
            src_ip=flow.src_ip or self._address(flow.src, family),
            dst_ip=flow.dst_ip or (self._named(family) if flow.name else self._address(flow.dst, family)),
            via=via,
        )

    def over_ipv6(self, flow: Flow) -> Flow:
        """The flow with an IPv6 address at an end, if it has none at either."""
        if flow.src_ip is not None or flow.dst_ip is not None:
            return flow
        return replace(flow, src_ip=self._address(flow.src, 6), dst_ip=self._address(flow.dst, 6))

    def representative(self, end: Endpoint, family: Family) -> Address | None:
        """The address that stands for that of an endpoint, where it is not known."""
        return self._representative(family, end.kind)

    def _representative(self, family: Family, kind: EndpointKind | None) -> Address | None:
        key = (family, kind)
        if key not in self._representatives:
            space = () if kind is None else address_space(self.world.inventory, kind)
            self._representatives[key] = representative(family, self.prefixes, space)
        return self._representatives[key]

    def _named(self, family: Family) -> Address | None:
        """The address that stands for that of a name outside."""
        return self._representative(family, EndpointKind.EXTERNAL)

    def _address(self, end: Endpoint, family: Family) -> Address | None:
        if end.address_known:
            return known_address(end, family)
        return None if end.kind is EndpointKind.EXTERNAL else self.representative(end, family)

    def _evaluate(self, flow: Flow) -> Evaluation:
        touched: dict[str, Unknown] = {}
        settled = self.settled(flow)
        verdict = self.oracle.decide(settled, {}, touched)
        depends = []
        for unknown in touched.values():
            if name := self._changes(unknown, flow, settled, verdict.allowed):
                depends.append(name)
        if flow.entry is None and not flow.own_node and same_node(flow.src, flow.dst) is None:
            nearby = self.oracle.decide(replace(settled, own_node=True))
            if nearby.allowed != verdict.allowed:
                depends.append(f"node of {flow.dst if _on_known_node(flow.src) else flow.src}")
        return Evaluation(flow, verdict, tuple(dict.fromkeys(depends)))

    def _changes(self, unknown: Unknown, flow: Flow, settled: Flow, allowed: bool) -> str:
        """The name of an unknown, or of an unknown address, if another value gives another verdict; else ""."""
        others: Iterable[Flow]
        if unknown == SOURCE_PORT:
            name, others = SOURCE_PORT.name, (replace(settled, src_port=port) for port in sorted(self._src_ports))
        elif unknown == touched_address("vip"):
            if flow.via is None or flow.via.vip is not None or settled.via is None or settled.via.vip is None:
                return ""
            vips = self._others(settled.via.vip, flow, ())
            others = (replace(settled, via=settled.via._replace(vip=vip)) for vip in vips)
            name = f"address of service {flow.via.namespace}/{flow.via.name}"
        elif unknown == touched_address("src"):
            name, others = f"address of {flow.src}", self._readdressed(flow, settled, "src")
        elif unknown == touched_address("dst"):
            name, others = f"address of {flow.name or flow.dst}", self._readdressed(flow, settled, "dst")
        else:
            readings = ({unknown.name: v} for v in self._values_of(unknown, flow) if v != unknown.default)
            return unknown.name if any(self.oracle.decide(settled, r).allowed != allowed for r in readings) else ""
        return name if any(self.oracle.decide(other).allowed != allowed for other in others) else ""

    def _readdressed(self, flow: Flow, settled: Flow, side: str) -> Iterator[Flow]:
        """The flow with each other address that the end on a side may have, if that is not known."""
        end, given, now = (
            (flow.src, flow.src_ip, settled.src_ip) if side == "src" else (flow.dst, flow.dst_ip, settled.dst_ip)
        )
        if given is not None or now is None or end.address_known:
            return
        space = address_space(self.world.inventory, end.kind)
        for other in self._others(now, flow, space):
            yield replace(settled, src_ip=other) if side == "src" else replace(settled, dst_ip=other)

    def _others(self, now: Address, flow: Flow, space: tuple[Prefix, ...]) -> Iterator[Address]:
        """One address of each cell that the policies asked about this flow can tell apart, but for that of `now`."""
        for cell in possible(now.family, self.prefixes_for(flow), space):
            if not cell.first <= now.value <= cell.last:
                yield Address(now.family, cell.first)

    def prefixes_for(self, flow: Flow) -> tuple[Prefix, ...]:
        """The prefixes that the policies asked about this flow look at; no other can change its verdict."""
        asked = [p for d in Direction for tier in self.oracle.asked(d, flow) for p in tier]
        return (*self._anywhere, *_prefixes_of_rules(tuple(asked)))

    @property
    def looks_at_source_ports(self) -> bool:
        """Whether some policy looks at the port that a flow comes from."""
        return bool(self._src_ports)

    def _values_of(self, unknown: Unknown, flow: Flow) -> Iterable[str]:
        """Every value of an unknown that can make a difference: an open one has those that a policy mentions as well."""
        values = dict.fromkeys(unknown.values)
        if unknown.open:
            values.update(self._values.get(unknown.name, {}))
            for side, end in (("src", flow.src), ("dst", flow.dst)):
                for key in end.labels:
                    if pod_label(end, key, side) == unknown:
                        values.update(self._labels.get(("pod", key), {}))
                for of, key in self._labels:
                    if unknown == _label_of_owner(of, key, end):
                        values.update(self._labels[of, key])
        return values


@lru_cache(maxsize=4)
def evaluator(world: World) -> Evaluator:
    """The evaluator of a world; it is kept, because its memory makes the next flow quick."""
    return Evaluator(world)


def evaluate(world: World, flow: Flow) -> Evaluation:
    """The verdict of one flow under the default reading, with the names of the unknowns that could change it."""
    return evaluator(world).evaluate(flow)


def evaluate_query(world: World, query: Query) -> Evaluation:
    """The verdict of what a user asked about, which may be several flows.

    It is that of the first source; to a Service, that of the first backend that is denied, if one is. `depends` says
    where other replicas or backends fare otherwise.
    """
    it = evaluator(world)
    rows = [[it.evaluate(flow) for flow in row] for row in query.flows]
    first = rows[0]
    chosen = first[0]
    if query.all_destinations:
        chosen = next((e for e in first if not e.verdict.allowed), chosen)
    column = first.index(chosen)
    depends = [*chosen.depends]
    if any(row[column].verdict.allowed != chosen.verdict.allowed for row in rows):
        depends.append(f"which {query.sources}")
    if any(e.verdict.allowed != chosen.verdict.allowed for e in first):
        depends.append(f"which {query.destinations}")
    for switch, flows in query.otherwise:
        meant = map(it.over_ipv6, flows) if switch == OTHER_FAMILY else flows
        if any(it.evaluate(flow).verdict.allowed != chosen.verdict.allowed for flow in meant):
            depends.append(switch)
    return replace(chosen, depends=tuple(dict.fromkeys(depends)))


@lru_cache(maxsize=4096)
def _prefixes_of_rules(policies: tuple[Policy, ...]) -> tuple[Prefix, ...]:
    return prefixes_of(p for policy in policies for rule in policy.rules for p in (rule.peer, rule.traffic))


def _asked_of_all(policies: PolicySet) -> Iterator[Pred]:
    """The predicates that are asked about every flow: those of exemptions and subjects."""
    for direction in Direction:
        for stage in policies.half(direction).stages:
            yield stage.applies
            yield from (exemption.match for exemption in stage.exemptions)
            yield from (policy.subject for tier in stage.tiers for policy in tier.policies)


def _label_of_owner(of: str, key: str, end: Endpoint) -> Unknown | None:
    """The unknown that stands for a label of an endpoint's namespace or service account, if that is not declared."""
    if of == "namespace":
        return namespace_label(end.namespace, key)
    return account_label(end.namespace, end.service_account, key) if of == "service account" else None


def _on_known_node(end: Endpoint) -> bool:
    return end.node is not None
