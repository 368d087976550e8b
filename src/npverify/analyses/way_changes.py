"""Which ways in from outside one of two worlds has and the other has not, or has otherwise: ports of nodes, load balancers,
external IPs, hostPorts, and what Ingress objects and routes of Gateways send to.

What passes by a way is no matter here: flows are compared as they arrive at pods, whether or not a way leads there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from npverify.analyses.doors import Door, doors_of
from npverify.analyses.world import World
from npverify.ingest.source import Span
from npverify.inventory.model import Endpoint, Front, Inventory, Service
from npverify.normal.flow import FRONTS, WayIn

Status = Literal["opened", "closed", "changed"]


class WayChange(NamedTuple):
    """A way in that only the new world has (`opened`), only the old one (`closed`), or both in two ways (`changed`).

    `owner`    the Service, Ingress, route or pod that makes it, with its kind
    `service`  the Service that an Ingress or route sends to, "" for the others
    `protocol`, `number`  what a client dials: the port of the node, the balancer or the listener; 0 where only the cluster knows it
    `more`     the other ports of listeners of a Gateway of that class
    `to`       where it leads: workloads with their ports
    `what`     what is different of a changed one
    `span`     where its owner is named, in the new world if it has it
    """

    status: Status
    way: WayIn
    owner: str
    service: str
    protocol: str
    number: int
    to: tuple[str, ...]
    what: tuple[str, ...] = ()
    span: Span | None = None
    more: tuple[int, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Every port that a client dials, as far as it is known."""
        return tuple(number for number in (self.number, *self.more) if number)


class _Way(NamedTuple):
    """A door, with the words for it."""

    door: Door
    owner: str
    service: str
    to: tuple[str, ...]
    made_by: Service | Front | Endpoint

    @property
    def span(self) -> Span | None:
        """Where that is named, which may take a while to find."""
        return self.made_by.span


def way_changes(old: World, new: World) -> tuple[WayChange, ...]:
    """The ways in that differ, in the order of their owners."""
    if old.inventory is new.inventory:
        return ()
    before, after = (_by_key(world.inventory) for world in (old, new))
    return tuple(_changes(before, after))


_Key = tuple[str, str, str, str]
_Found = Mapping[_Key, Mapping[str, "_Way"]]
"""The ways in by what tells them from others, and by class: a route may be taken by Gateways of several."""


def _by_key(inventory: Inventory) -> _Found:
    found: dict[_Key, dict[str, _Way]] = {}
    for key, way in _ways(inventory):
        found.setdefault(key, {})[" or ".join(class_.name for class_ in way.door.classes)] = way
    return found


def _changes(before: _Found, after: _Found) -> Iterator[WayChange]:
    for key in sorted({*before, *after}):
        olds, news = dict(before.get(key, {})), dict(after.get(key, {}))
        both = [(olds.pop(class_), news.pop(class_)) for class_ in sorted(olds.keys() & news.keys())]
        if len(olds) == len(news) == 1:  # what is served by another class now
            both += zip(olds.values(), news.values(), strict=True)
            olds, news = {}, {}
        for one, other in both:
            if what := tuple(_differs(one, other)):
                yield _change("changed", other, what)
        yield from (_change("closed", olds[class_]) for class_ in sorted(olds))
        yield from (_change("opened", news[class_]) for class_ in sorted(news))


def _change(status: Status, way: _Way, what: Sequence[str] = ()) -> WayChange:
    door = way.door
    return WayChange(
        status, door.way, way.owner, way.service, door.protocol, door.port, way.to, tuple(what), way.span, door.more
    )


def _differs(one: _Way, other: _Way) -> Iterator[str]:
    before, after = one.door, other.door
    if (before.port, before.more) != (after.port, after.more):
        ports = ", ".join(str(number) for number in (before.port, *before.more) if number)
        yield f"its port{'s were' if before.more else ' was'} {ports or 'for the cluster to choose'}"
    if one.to != other.to:
        yield f"it led to {', '.join(one.to) or 'no pod'}"
    if before.local != after.local:
        yield f"`externalTrafficPolicy` was {'Local' if before.local else 'Cluster'}"
    if before.ranges != after.ranges:
        yield f"it took clients of {', '.join(map(str, before.ranges)) or 'everywhere'}"
    if before.way == "external IP" and isinstance(one.made_by, Service) and isinstance(other.made_by, Service):
        dialled = [set(way.made_by.external_ips) for way in (one, other) if isinstance(way.made_by, Service)]
        if dialled[0] != dialled[1]:
            yield f"its addresses were {', '.join(map(str, sorted(dialled[0])))}"
    if before.hop is None and before.families != after.families:
        yield f"clients dialled it over {' and '.join(f'IPv{family}' for family in sorted(before.families))}"
    if before.classes != after.classes:
        yield f"its class was {' or '.join(str(class_) for class_ in before.classes if class_.name) or 'not named'}"


def _ways(inventory: Inventory) -> Iterator[tuple[_Key, _Way]]:
    """Every way in by what tells it from others: the kind of way, its owner, and the Service with its port."""
    fronts = {front.owner: front for front in inventory.fronts}
    for door in doors_of(inventory):
        made_by: Service | Front | Endpoint
        to = tuple(sorted({f"{end.workload or end}:{number}" for end, number in door.to}))
        if door.hop is None:
            owner, service, made_by = f"pod {door.owner}", "", door.to[0][0]
            of = f"{door.port}/{door.protocol} {to}"
        else:
            namespace, name, index = door.hop
            found = inventory.services[namespace, name]
            front = door.way in FRONTS
            owner, service = (door.owner, str(found)) if front else (f"Service {found}", "")
            made_by = fronts[door.owner] if front else found
            of = f"{found.ports[index].number}/{door.protocol}"
        yield (owner, door.way, service, of), _Way(door, owner, service, to, made_by)
