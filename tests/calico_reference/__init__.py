"""A second meaning of Calico policy: one packet judged straight from manifests, by brute force, with nothing of npverify.

It follows Calico's source file by file and is slow and plain on purpose, so that it can be read beside it and held against
the program. Only manifests that the API accepts are meant. What is not modelled: application-layer rules, service meshes,
and replies, which an allowed connection may always send (except where policy is untracked).
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

from calico_reference.felix import Felix
from calico_reference.flow import End as End
from calico_reference.flow import Facts as Facts
from calico_reference.flow import Flow as Flow
from calico_reference.match import Packet
from calico_reference.objects import Objects
from calico_reference.order import tiers
from calico_reference.way import Way
from reference import Manifest, decoded


def passes(manifests: list[Manifest], flow: Flow, version: str = "3.32", facts: Facts | None = None) -> bool:
    """Whether the packet arrives, in a cluster with these manifests under this version of Calico."""
    return Cluster(manifests, version).passes(flow, facts or Facts())


class Cluster:
    """The manifests of a cluster with their policies in order."""

    def __init__(self, manifests: list[Manifest], version: str = "3.32") -> None:
        self.manifests = decoded(manifests)
        self.tiers = tiers(self.manifests, version)

    def passes(self, flow: Flow, facts: Facts) -> bool:
        """Whether everything on the way of the packet lets it pass."""
        return all(self.directions(flow, facts))

    def directions(self, flow: Flow, facts: Facts) -> tuple[bool, bool]:
        """The same where the packet leaves and where it arrives; what a pod sends to itself never leaves it."""
        objects = Objects(self.manifests, facts)
        if flow.same_pod and flow.asked is None and not objects.pod(flow.src).spec.get("hostNetwork"):
            return True, True
        packet = asked = Packet.of(flow, objects)
        if flow.asked is not None:
            address, port = flow.asked
            asked = replace(packet, dst=ip_address(address), port=port)
        way = Way(self.tiers, flow, packet, asked, Felix.of(objects))
        return way.leaves(), way.arrives()
