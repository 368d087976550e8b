"""Ways in from outside by a port of the cluster: node ports, load balancers, external IPs, hostPorts.

kube-proxy passes such traffic on to a pod behind the Service, on whatever node that runs, and replaces its source by the
node's address unless the Service says `externalTrafficPolicy: Local` (kubernetes/website tutorials/services/source-ip.md).
Policies then see the node, so blocks of clients do not match; and if it is the pod's own node, no policy may judge it at all.
What of this a plugin does is told by `Rewriting`, so that each way becomes ordinary legs: from nodes, or from the client.

What an Ingress or a Gateway brings in is sent by its controller, which opens connections of its own. Who that is, the user says
(`inventory.controllers`); as long as nobody does, what is asked of these ways may be refuted by others, and is never proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from npverify.analyses.doors import Door, doors_of
from npverify.assertions.claims import EndSet, Leg
from npverify.assertions.sets import Members, outside, restrict
from npverify.inventory.addresses import FAMILIES, Address, Family, Prefix
from npverify.inventory.controllers import SETTINGS, Controller, agreed, setting_of, told
from npverify.inventory.model import EXTERNAL, PROXY, Endpoint, FrontWay, Inventory
from npverify.normal.flow import Entry
from npverify.normal.policy import PolicySet
from npverify.normal.predicates import FALSE, TRUE, AddressIn, Pred, Side, address_in, and_, atoms_of, not_, or_
from npverify.reduction.given import simplified
from npverify.reduction.readings import at_address
from npverify.smt.solver import UndecidedError

_WHOLE: Mapping[Family, Prefix] = {4: Prefix.parse("0.0.0.0/0"), 6: Prefix.parse("::/0")}


SAY_WHO = (
    "name the pods of the controller, as in --assume ingress_controller=NAMESPACE/KEY=VALUE (gateway_controller of Gateways), and"
    " give their manifests"
)
"""What helps where nobody knows who sends a flow."""
_THE_SAME = "whether they are the same is not known"


class SpelledOut(NamedTuple):
    """Legs without named ways; `untold` says of which flows nobody knows who sends them, "" if there are none."""

    legs: tuple[Leg, ...]
    untold: str = ""

    @property
    def mend(self) -> str:
        """What helps where something is untold."""
        return "ask about fewer clients, or requests, at once" if self.untold.endswith(_THE_SAME) else SAY_WHO


class Entries:
    """Finds the doors that lead to endpoints. Guards their index and the legs that were made of it."""

    def __init__(
        self,
        inventory: Inventory,
        policies: PolicySet,
        before: Entries | None = None,
        let_in: Callable[[Leg], tuple[bool, bool]] | None = None,
    ) -> None:
        """`before` is of the same inventory, so that it knows the same doors. `let_in` tells whether some flow of a leg may
        pass, and whether some may not; None: what is asked is that every flow does."""
        self._let_in = let_in
        self._inventory = inventory
        self._policies = policies
        self._added: dict[int, tuple[Leg, tuple[Leg, ...]]] = {}
        self._spelled: dict[int, tuple[Leg, SpelledOut]] = {}
        alike = before is not None and before._policies.settings == policies.settings
        if before is not None and alike and before._policies.rewriting == policies.rewriting:
            self._added = before._added
            if not policies.proxied:  # what comes to the proxy hangs on the policies
                self._spelled = before._spelled
            if "_doors" in vars(before):
                self._doors = before._doors

    def added(self, legs: Iterable[Leg]) -> Iterator[Leg]:
        """The flows by which sources outside come to the destinations of direct legs with another address than theirs."""
        if self._policies.judges_hosts:
            return
        for leg in legs:
            known = self._added.get(id(leg))
            if known is None:
                # the leg is kept, so that no other can take its id
                known = self._added[id(leg)] = (leg, tuple(self._rewritten(leg)))
            yield from known[1]

    def _rewritten(self, leg: Leg) -> Iterator[Leg]:
        sources = self._outside(leg)
        if sources and not leg.ways and leg.entry is None:
            for door in self._once(d for d in self._leading_to(leg) if d.way not in _FRONTS):
                if reached := _reached(leg.dst, door):
                    taken = self._taken(sources, door)
                    # flows from every outside address are asked about already where ways are not named
                    yield from self._passed_on(taken, door, reached, known=leg.src.get(EXTERNAL) is TRUE)

    def _outside(self, leg: Leg) -> Members:
        """The sources outside, if there is a door at all; quickly where they can only be outside addresses."""
        if not self._doors[0]:
            return {}
        if self._inventory.clusters:
            return outside(leg.src)
        return {EXTERNAL: leg.src[EXTERNAL]} if EXTERNAL in leg.src else {}

    def spelled_out(self, legs: Iterable[Leg]) -> SpelledOut:
        """Legs that name their ways as those of each way, with the client's address and with others; the rest as they are.

        UndecidedError for such a leg where policies judge hosts: they see its traffic before it is passed on.
        """
        found: list[Leg] = []
        untold: dict[str, None] = {}
        for leg in legs:
            if not leg.ways:
                found.append(leg)
                continue
            if self._policies.judges_hosts and not set(leg.ways) <= _FRONTS.keys():
                raise UndecidedError(
                    "where policies are about hosts, what comes in by a port of a node is not followed"
                )
            if id(leg) not in self._spelled:
                silent: dict[str, None] = {}
                made = tuple(self._by_name(leg, silent))
                self._spelled[id(leg)] = (leg, SpelledOut(made, next(iter(silent), "")))
            of_leg = self._spelled[id(leg)][1]
            found += of_leg.legs
            untold |= dict.fromkeys(filter(None, [of_leg.untold]))
        return SpelledOut(tuple(found), next(iter(untold), ""))

    @property
    def doors(self) -> tuple[Door, ...]:
        """Every way in, those of one owner side by side."""
        return self._doors[0]

    def by(self, door: Door, sources: EndSet) -> tuple[Leg, ...]:
        """What policies see of the traffic that outside sources send by one way in; nothing of a controller that nobody names."""
        return tuple(self._through(door, dict(sources), door.behind, {}))

    def seen(self, legs: Iterable[Leg]) -> tuple[Leg, ...]:
        """Legs as policies see their flows, as far as that is followed; on both ways of what the plugin's proxy passes on."""
        legs = tuple(legs)
        plain = self
        if self._policies.proxied and self._let_in is not None:
            plain = Entries(self._inventory, self._policies, self)
        try:
            return plain.spelled_out(legs).legs
        except UndecidedError:
            return legs

    def _by_name(self, leg: Leg, silent: dict[str, None]) -> Iterator[Leg]:
        sources = self._outside(leg)
        for door in self._leading_to(leg):
            if door.way in leg.ways and (reached := _reached(leg.dst, door)):
                yield from self._through(door, sources, reached, silent)

    def _through(self, door: Door, sources: Members, reached: Members, silent: dict[str, None]) -> Iterator[Leg]:
        """The flows by a way that is named; `silent` is told of which nobody knows who sends them."""
        if door.way in _FRONTS:
            sent = self._sent_by_controller(door) if sources else {}
            if isinstance(sent, str):
                silent[sent] = None
            elif PROXY in sent:
                yield from self._by_proxy(door, sources, reached, silent)
            elif sent:
                sent = _of(sent, door.families)
                yield Leg(sent, reached, leave_out_self=False, leave_out_own_node=False, entry=_entry(door, True))
            return
        taken = self._taken(sources, door)
        if members := _under(taken, self._kept(door)):
            yield Leg(members, reached, entry=_entry(door, False))
        yield from self._passed_on(taken, door, reached)

    def _by_proxy(self, door: Door, sources: Members, reached: Members, silent: dict[str, None]) -> Iterator[Leg]:
        """What the plugin's own proxy passes on. Policies judge it twice: on its way to the proxy, under the port of the backend,
        and from there (cilium/proxy#351). Where they let everything pass on one of the two ways, the other one decides, and
        where they let nothing, that one does."""
        first = Leg(sources, {PROXY: or_(*reached.values())}, entry=_entry(door, False))
        sent = _of({PROXY: TRUE}, door.families)
        second = Leg(sent, reached, leave_out_self=False, leave_out_own_node=False, entry=_entry(door, True))
        if self._let_in is None:
            yield from (first, second)
            return
        (to, not_to), (on, not_on) = self._let_in(first), self._let_in(second)
        if not (to and not_on):
            yield first
        elif not (on and not_to):
            yield second
        else:
            what = f"policies let some of what comes in through {door.owner} come to {PROXY}, and some of it go on from there"
            silent[f"{what}: {_THE_SAME}"] = None

    def _sent_by_controller(self, door: Door) -> Members | str:
        """Who sends what an Ingress or Gateway brings in; where that is not known, why."""
        way = _FRONTS[door.way]
        settings = self._policies.settings
        controller, *others = (told(settings, way, each, proxied=self._policies.proxied) for each in door.classes)
        setting = setting_of(way)
        unknown = f"who passes on what comes in through {door.owner} is not known"
        names = " or ".join(class_.name for class_ in door.classes if class_.name)
        if any(other != controller for other in others):
            return f"{unknown}, as its class may be {names}"
        if controller is None:
            if not names and not agreed(settings, way):
                return f"{unknown}, as its class is not, and settings {setting} differ by class"
            return f"{unknown}, as no setting {setting} says it{f' (of class {names})' if names else ''}"
        if controller.proxy:
            return {PROXY: TRUE}
        if controller.outside:
            return {EXTERNAL: TRUE if controller.block is None else address_in(Side.SRC, controller.block)}
        found = controller.members(self._inventory)
        if not found:
            return (
                f"no {_meant(controller)} is in the input, which {setting} says to pass on what comes in through"
                f" {door.owner}"
            )
        return dict.fromkeys(found, TRUE)

    def _taken(self, sources: EndSet, door: Door) -> Members:
        """The sources that may come in by a door: of its families, and those that a load balancer takes traffic from; whether
        it knows ranges at all is a matter of readings."""
        sources = _of(sources, door.families)
        if not door.ranges:
            return dict(sources)
        ranges = or_(*(address_in(Side.SRC, block) for block in door.ranges))
        return _under(sources, or_(ranges, self._policies.rewriting.unranged))

    def _passed_on(self, sources: EndSet, door: Door, reached: Members, *, known: bool = False) -> Iterator[Leg]:
        """The flows whose source is not the client; `known`: without those whose source is an outside address."""
        rewriting = self._policies.rewriting
        if not sources:
            return
        entry = _entry(door, True)
        if door.way == "LoadBalancer" and not known:
            seen = rewriting.balancer if door.local else and_(rewriting.balancer, not_(rewriting.at_home))
            if seen is not FALSE:
                yield Leg({EXTERNAL: and_(seen, _of_families(sources))}, reached, entry=entry)
        if door.local:
            return
        if door.hop is None:
            yield from self._near(sources, reached, rewriting.host_port, entry)
            return
        alone = self._inventory.nodes_declared and len(self._inventory.nodes) == 1  # then there is no other node
        elsewhere = FALSE if alone else rewriting.elsewhere
        if away := _under(dict.fromkeys(self._inventory.nodes, _of_families(sources)), elsewhere):
            yield Leg(away, reached, leave_out_own_node=False, near=False, entry=entry)
        yield from self._near(sources, reached, rewriting.at_home, entry)

    def _near(self, sources: EndSet, reached: Members, under: Pred, entry: Entry) -> Iterator[Leg]:
        if home := _under(dict.fromkeys(self._inventory.nodes, _of_families(sources)), under):
            yield Leg(home, reached, leave_out_own_node=False, near=True, entry=entry)

    def _kept(self, door: Door) -> Pred:
        """The readings under which policies may see the client."""
        rewriting = self._policies.rewriting
        if door.hop is None:
            return not_(rewriting.host_port)
        kept = TRUE if door.local else not_(rewriting.at_home)
        return and_(kept, not_(rewriting.balancer)) if door.way == "LoadBalancer" else kept

    def _leading_to(self, leg: Leg) -> Iterator[Door]:
        """The doors that lead to destinations of a leg, in the order of their owners; of one through a Service, those of that
        port of it."""
        hop = leg.via and (leg.via.service.namespace, leg.via.service.name, leg.via.port)
        found = {number for end in leg.dst for number in self._doors[1].get(end, ())}
        for number in sorted(found):
            door = self._doors[0][number]
            if hop is None or door.hop == hop:
                yield door

    def _once(self, doors: Iterable[Door]) -> Iterator[Door]:
        """One door of each port of a Service: its others pass traffic on alike, unless this one does not take every client."""
        seen: set[tuple[str, str, int]] = set()
        for door in doors:
            if door.hop is None or door.hop not in seen:
                if door.hop is not None and not door.ranges:
                    seen.add(door.hop)
                yield door

    @cached_property
    def _doors(self) -> tuple[tuple[Door, ...], dict[Endpoint, list[int]]]:
        """Every door, and by endpoint the numbers of those that lead to it."""
        doors = tuple(doors_of(self._inventory))
        leading: dict[Endpoint, list[int]] = {}
        for number, door in enumerate(doors):
            for end in door.behind:
                leading.setdefault(end, []).append(number)
        return doors, leading


_FRONTS: Mapping[str, FrontWay] = {way: way for way in SETTINGS.values()}


def _meant(controller: Controller) -> str:
    if controller.nodes:
        return "node"
    labels = ",".join(f"{key}={value}" for key, value in controller.labels.items())
    return f"pod of namespace {controller.namespace}{f' with {labels}' if labels else ''}"


def _reached(dst: EndSet, door: Door) -> Members:
    found = {e: and_(dst[e], arrives) for e, arrives in door.behind.items() if e in dst}
    return {e: cond for e, cond in found.items() if simplified(cond) is not FALSE}


def _of(sources: EndSet, families: frozenset[Family]) -> Members:
    """Sources in some families alone."""
    if len(families) == len(FAMILIES):
        return dict(sources)
    return _under(sources, or_(*(address_in(Side.SRC, _WHOLE[family]) for family in sorted(families))))


def _under(members: EndSet, cond: Pred) -> Members:
    return {} if cond is FALSE else restrict(dict(members), cond)


def _entry(door: Door, rewritten: bool) -> Entry:
    return Entry(door.way, door.owner, door.port, rewritten)


def _of_families(sources: EndSet) -> Pred:
    """Whoever passes traffic on does so in its family: that of the client's addresses."""
    families = [f for f in FAMILIES if any(may_be(cond, f) for cond in sources.values())]
    return TRUE if len(families) == len(FAMILIES) else or_(*(address_in(Side.SRC, _WHOLE[f]) for f in families))


def may_be(cond: Pred, family: Family) -> bool:
    """Whether some address of a family meets a condition on the source: one of those at which its blocks begin or end."""
    blocks = [a.prefix for a in atoms_of(cond) if isinstance(a, AddressIn) and a.prefix.family == family]
    edges = {0, *(b.first for b in blocks), *(b.last + 1 for b in blocks if b.last < _WHOLE[family].last)}
    return any(at_address(cond, Side.SRC, Address(family, at)) is not FALSE for at in sorted(edges))
