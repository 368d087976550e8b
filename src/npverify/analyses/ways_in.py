"""Ways from outside that go through a node: Services of type NodePort and LoadBalancer.

kube-proxy may rewrite the source of such traffic to the node's address (kubernetes/website tutorials/services/source-ip.md),
and if that is the pod's own node no policy judges it. Outside addresses are judged as what they are, so a report that speaks
about them says where the two may differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion, EachReachesSome, Leg, SomeFlow
from npverify.inventory.model import EXTERNAL


def ways_in(world: World, assertions: Sequence[Assertion]) -> Iterator[str]:
    """One phrase for a report if an assertion about outside sources speaks of pods behind such a Service."""
    legs = [leg for a in assertions for leg in legs_of(a) if EXTERNAL in leg.src or any(e.cluster for e in leg.src)]
    exposed = [
        str(service)
        for _, service in sorted(world.inventory.services.items())
        if service.type in ("NodePort", "LoadBalancer")
        and any(b.endpoint in leg.dst for leg in legs for backends in service.backends.values() for b in backends)
    ]
    if exposed:
        yield (
            "outside traffic is judged by its own address; through NodePort or LoadBalancer it may come with the address"
            f" of a node instead, which is not judged (Service {', '.join(exposed)})"
        )


def legs_of(assertion: Assertion) -> tuple[Leg, ...]:
    """The flows that an assertion speaks about; none where it speaks about policies or isolation."""
    claim = assertion.claim
    return claim.legs if isinstance(claim, AllFlows | SomeFlow | EachReachesSome) else ()
