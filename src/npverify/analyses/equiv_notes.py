"""What a comparison rests on, in sentences for its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from npverify.analyses.world import World, differing
from npverify.inventory.model import Endpoint, Inventory, Service
from npverify.reduction.twins import Twins

_SHOWN = 3


class Called(NamedTuple):
    """What notes call one of the two worlds: by itself, and as a place."""

    it: str
    there: str


Names = tuple[Called, Called]
SIDES: Names = (Called("the left side", "on the left"), Called("the right side", "on the right"))


def notes(
    left: World,
    right: World,
    only_left: Sequence[Endpoint],
    only_right: Sequence[Endpoint],
    twins: Twins | None,
    names: Names = SIDES,
) -> tuple[str, ...]:
    """What is assumed, where the sides do not know the same, and what they leave out; `names` is what they are called. No
    twins: the two have one inventory."""
    return tuple(_notes((names[0].there, left, only_left), (names[1].there, right, only_right), twins))


_Side = tuple[str, World, Sequence[Endpoint]]


def _notes(one: _Side, other: _Side, twins: Twins | None) -> Iterator[str]:
    sides = (one, other)
    for name, _, only in sides:
        if only:
            yield f"{_some(only)} {_is(only)} {name} alone; what a side lacks neither sends nor receives there"
    moved = [t.either for members in (twins.members if twins else ()) for t in members if not t.one_address]
    if moved:
        yield f"{_some(moved)} {_has(moved)} another address on each side, as far as it is known; each side judges its own"
    if services := _services(one[1].inventory, other[1].inventory):
        yield f"{services} differ between the sides; what reaches a pod through one of them is judged on both"
    if others := differing(one[1], other[1]):
        shown = ", ".join(map(str, others[:_SHOWN])) + (f" and {len(others) - _SHOWN} more" if others[_SHOWN:] else "")
        yield f"{shown} {'is' if len(others) == 1 else 'are'} not judged, and not the same in both"
    if any(world.policies.proxied for _, world, _ in sides):
        yield "what Cilium's own Ingress and Gateway pass on is not compared: assertions with `through ingress` or `gateway` are about it"
    for name, world, _ in sides:
        if world.policies.audit is not None:
            yield f"denials that audit mode only reports {name} count as denied"
        for kind, number in world.ignored.items():
            yield f"{number} {kind} ignored {name} as asked"
        if world.mesh:
            yield f"mesh policies {name} may restrict traffic further"


def _services(left: Inventory, right: Inventory) -> str:
    names = sorted({*left.services, *right.services})
    other = [name for name in names if _seen(left.services.get(name)) != _seen(right.services.get(name))]
    return _listed([f"{namespace}/{name}" for namespace, name in other], "Service") if other else ""


def _seen(service: Service | None) -> object:
    """What a Service is to a flow: whether and how it translates, and where it leads."""
    if service is None or service.headless:
        return None
    backends = [
        (service.ports[index].protocol, service.ports[index].number, b.endpoint.key, b.port, b.address)
        for index, behind in service.backends.items()
        for b in behind
    ]
    return service.vip_known, sorted(service.vips), sorted(backends, key=str)


def _some(ends: Sequence[Endpoint]) -> str:
    return _listed([str(end) for end in ends])


def _listed(names: Sequence[str], noun: str = "") -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{noun} {', '.join(names[:_SHOWN])}{more}".lstrip()


def _is(ends: Sequence[Endpoint]) -> str:
    return "is" if len(ends) == 1 else "are"


def _has(ends: Sequence[Endpoint]) -> str:
    return "has" if len(ends) == 1 else "have"
