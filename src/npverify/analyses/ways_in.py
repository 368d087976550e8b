"""What a report has to say about traffic that comes in by ports of nodes, as far as proofs do not judge it.

`entries` judges what outside sources send through node ports and load balancers. What is left: policies on hosts, which see
such traffic before it is passed on; claims that everything passes, which are about traffic to the pods themselves; and what
pods send to a port of a node, whose source kube-proxy may rewrite just so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from npverify.analyses.doors import ways_of
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, EachReachesSome, Leg, SomeFlow
from npverify.assertions.sets import outside
from npverify.inventory.controllers import is_of_cilium
from npverify.inventory.model import EXTERNAL, Service
from npverify.normal.flow import FRONTS

_MOST = 5  # Services that a phrase names


def ways_in(world: World, assertions: Sequence[Assertion]) -> Iterator[str]:
    """One phrase for each kind of such traffic that an assertion of the report could have meant."""
    yield from _through_controllers(world, assertions)
    yield from _to_controllers(world, assertions)
    exposed = [service for _, service in sorted(world.inventory.services.items()) if ways_of(service)]
    if not exposed:
        return
    no = [leg for a in assertions if _says(a, False) for leg in legs_of(a)]
    every = [leg for a in assertions if _says(a, True) for leg in legs_of(a) if not leg.ways]
    from_outside, from_pods = [leg for leg in no if _comes_in(leg, world)], [leg for leg in no if _pods(leg)]
    why = "where policies are about hosts" if world.policies.judges_hosts else "as there are no nodes in the input"
    told = (
        (
            from_outside if world.policies.judges_hosts or not world.inventory.nodes else [],
            "outside traffic is judged by its own address; through NodePort or LoadBalancer it may come with the address"
            f" of a node instead, which is not judged {why}",
            True,
        ),
        (
            [leg for leg in every if _comes_in(leg, world)],
            "that outside traffic passes is said of its own address; through NodePort or LoadBalancer it may come with the"
            " address of a node instead: ask with `through nodeport`",
            True,
        ),
        (
            from_pods,
            "what pods send to a port of a node, which may come with the address of that node, is not judged",
            False,
        ),
    )
    for legs, phrase, local in told:
        if names := _leading_to(exposed, legs, local=local):
            yield f"{phrase} (Service {_short(names)})"


def _through_controllers(world: World, assertions: Sequence[Assertion]) -> Iterator[str]:
    """That what an Ingress or a Gateway brings in is sent by pods of its controller, where outside traffic is spoken of."""
    fronts = world.inventory.fronts
    if not fronts:
        return
    legs = [leg for a in assertions for leg in legs_of(a) if not leg.ways and _comes_in(leg, world)]
    owners = dict.fromkeys(
        front.owner for front in fronts if any(b.endpoint in leg.dst for leg in legs for b in front.behind)
    )
    if owners:
        ways = sorted({f"`through {front.way.lower()}`" for front in fronts if front.owner in owners}, reverse=True)
        yield (
            "what an Ingress or a Gateway brings in comes from the pods of its controller, and is not judged as outside traffic:"
            f" ask with {' or '.join(ways)} ({_short(list(owners))})"
        )


def _to_controllers(world: World, assertions: Sequence[Assertion]) -> Iterator[str]:
    """That clients have to come to the controller first, where somebody says that they get in by it."""
    positive = (a for a in assertions if _says(a, True) or isinstance(a.claim, SomeFlow))
    ways = {way for a in positive for leg in legs_of(a) for way in leg.ways}
    own = world.policies.proxied and all(
        is_of_cilium(front.way, class_) for front in world.inventory.fronts for class_ in front.classes
    )
    if ways.intersection(FRONTS) and not own:
        yield "that clients come to the pods of the controller of an Ingress or a Gateway is a statement about these"


def clients_behind(world: World) -> Iterator[str]:
    """A note for lists of flows, if some that come in from outside may have another address than their client's."""
    exposed = [str(s) for _, s in sorted(world.inventory.services.items()) if ways_of(s)]
    if exposed:
        yield (
            "blocks are about clients whose own address policies see: through NodePort or LoadBalancer it may be that of a"
            f" node (Service {_short(exposed)})"
        )


def _short(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST]) + (f" and {len(names) - _MOST} more" if len(names) > _MOST else "")


def _says(assertion: Assertion, passes: bool) -> bool:
    claim = assertion.claim
    return claim.want is passes if isinstance(claim, AllFlows) else passes and isinstance(claim, EachReachesSome)


def _comes_in(leg: Leg, world: World) -> bool:
    return EXTERNAL in leg.src or bool(world.inventory.clusters and outside(leg.src))


def _pods(leg: Leg) -> bool:
    return any(e.is_pod for e in leg.src)


def _leading_to(exposed: Iterable[Service], legs: Sequence[Leg], *, local: bool) -> list[str]:
    """The Services that lead to destinations; `local`: also those that keep the client's address."""
    return [
        str(service)
        for service in exposed
        if (local or service.external_traffic_policy == "Cluster")
        and any(b.endpoint in leg.dst for leg in legs for backends in service.backends.values() for b in backends)
    ]


def legs_of(assertion: Assertion) -> tuple[Leg, ...]:
    """The flows that an assertion speaks about; none where it speaks about policies or isolation."""
    claim = assertion.claim
    return claim.legs if isinstance(claim, AllFlows | SomeFlow | EachReachesSome) else ()
