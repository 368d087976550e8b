"""The way of a packet: which endpoints and host endpoints judge it, with which of the policies.

Sources: felix/calc/event_sequencer.go (tierInfoToProtoTierInfo: which policies go into which table), felix/rules/static.go
(which chains a packet passes in the raw, mangle and filter tables), felix/rules/dispatch.go (the host endpoint of all
interfaces) and felix/dataplane/linux/endpoint_mgr.go (resolveHostEndpoints). The dataplane is iptables or nftables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from calico_reference.felix import IPIP, Felix
from calico_reference.flow import End, Flow
from calico_reference.match import Packet
from calico_reference.objects import NUMBERS
from calico_reference.order import Policy, Tier
from calico_reference.verdict import Said, ask, of_profiles
from reference import Manifest

_NEIGHBOURS = (130, 131, 132, 133, 135, 136)
_OTHER = {"Ingress": "Egress", "Egress": "Ingress"}


def _normal(policy: Policy) -> bool:
    return policy.kind == "normal"


def _forward(policy: Policy) -> bool:
    return policy.kind == "normal" and policy.forward


def _untracked(policy: Policy) -> bool:
    return policy.kind == "untracked"


def _pre_dnat(policy: Policy) -> bool:
    return policy.kind == "pre-DNAT"


@dataclass(frozen=True)
class Way:
    """The way of one packet; `asked` is the packet before the address of a Service was replaced."""

    tiers: Sequence[Tier]
    flow: Flow
    packet: Packet
    asked: Packet
    felix: Felix

    def leaves(self) -> bool:
        """What happens at the source and on its node."""
        src, dst = self.flow.src, self.flow.dst
        if self._is_workload(src):
            return self._to_own_host() if self._ends_at_own_host() else self._out_of_pod()
        if src.kind == "outside" or (self.flow.same_node and self._is_workload(dst)):
            return True  # nothing polices what a host sends to its own pods
        return self._local(src.node, "Egress")

    def arrives(self) -> bool:
        """What happens at the destination and on its node."""
        src, dst = self.flow.src, self.flow.dst
        if dst.kind == "outside" or self._ends_at_own_host():
            return True
        if not self._is_workload(dst):
            return self._local(dst.node, "Ingress")
        if self._is_workload(src):
            over_wire = not self._share_node()
        elif self.flow.same_node:
            return True
        else:
            over_wire = True
        if not self._pod(dst, "Ingress"):
            return False
        if not over_wire:
            return True  # the policies of their one node were asked when the packet left
        return self._forwarded_in(dst.node, wire=True) and self._forwarded_out(dst.node, wire=False)

    def _is_workload(self, end: End) -> bool:
        return end.kind == "pod" and not self.packet.objects.pod(end).spec.get("hostNetwork")

    def _ends_at_own_host(self) -> bool:
        return self.flow.same_node and self._is_workload(self.flow.src) and not self._is_workload(self.flow.dst)

    def _is_loopback(self) -> bool:
        """Whether a host talks to itself; the host endpoint of all interfaces sees that too."""
        src, dst = self.flow.src, self.flow.dst
        hosts = not self._is_workload(src) and not self._is_workload(dst) and "outside" not in (src.kind, dst.kind)
        return hosts and src.node != "" and src.node == dst.node

    def _share_node(self) -> bool:
        src, dst = self.flow.src, self.flow.dst
        return self._is_workload(dst) and src.node != "" and src.node == dst.node

    def _encapsulated(self) -> bool:
        """Whether a pod sends VXLAN or IP in IP, which could carry anything past its policies, and nobody lets it."""
        sent, felix = self.packet, self.felix
        if sent.protocol == IPIP:
            return not felix.ip_in_ip
        return not felix.vxlan and felix.is_vxlan(sent)

    def _out_of_pod(self) -> bool:
        src = self.flow.src
        if not self._forwarded_in(src.node, wire=False) or self._encapsulated() or not self._pod(src, "Egress"):
            return False
        return self._forwarded_out(src.node, wire=not self._share_node())

    def _to_own_host(self) -> bool:
        """A pod to its own node: pre-DNAT policy of all interfaces, then the pod's, then DefaultEndpointToHostAction."""
        host = self._all_interfaces(self.flow.src.node)
        if host is not None and self._said_before_dnat(host, self.asked) == "Deny":
            return False
        if self.packet.protocol == NUMBERS["ICMPv6"] and self.packet.icmp and self.packet.icmp[0] in _NEIGHBOURS:
            return True
        return not self._encapsulated() and self._pod(self.flow.src, "Egress") and self.felix.to_own_host == "ACCEPT"

    def _pod(self, end: End, direction: str) -> bool:
        pod = self.packet.objects.pod(end)
        account = pod.spec.get("serviceAccountName", "default")
        profiles = [f"kns.{pod.owner[1]}", f"ksa.{pod.owner[1]}.{account}"]
        labels = self.packet.objects.workload(pod).labels
        said = ask(self.tiers, labels, direction, self.packet, _normal)
        return said == "Allow" or (said == "nothing" and of_profiles(profiles, direction, self.packet))

    def _local(self, node: str, direction: str) -> bool:
        """Traffic of a process on the host, or for one."""
        host = self._all_interfaces(node) if self._is_loopback() else self._on_wire(node)
        if host is None:
            return True
        before = self.asked if self._before_translation(direction) else self.packet
        said = self._said_untracked(host, direction, before)
        if said == "Allow" and before is not self.packet:
            return False
        if said == "nothing" and direction == "Ingress":
            said = self._said_before_dnat(host, before)
        peer = self.flow.src if direction == "Ingress" else self.flow.dst
        between_nodes = peer.kind != "outside" and not self._is_workload(peer)
        if self.felix.safe(direction, self.packet) or (between_nodes and self.felix.is_tunnel(self.packet)):
            said = "Allow" if said == "nothing" else said
        if said == "nothing":
            said = self._ask(host, direction, self.packet, _normal)
        if said == "nothing":
            return of_profiles(host["spec"].get("profiles", []), direction, self.packet)
        return said == "Allow"

    def _forwarded_in(self, node: str, *, wire: bool) -> bool:
        """Traffic that passes through a node, where it comes in from the wire or from a pod."""
        host = self._on_wire(node) if wire else self._all_interfaces(node)
        if host is None:
            return True
        before = self.packet if wire and not self._before_translation("Ingress") else self.asked
        said = self._said_untracked(host, "Ingress", before) if wire else "nothing"
        if said == "Allow" and before is not self.packet:
            return False
        if said == "nothing":
            said = self._said_before_dnat(host, before)
        if said == "nothing":
            said = self._ask(host, "Ingress", self.packet, _forward)
        return said != "Deny"

    def _forwarded_out(self, node: str, *, wire: bool) -> bool:
        """The same where it goes out; what was accepted before DNAT is asked here all the same."""
        host = self._on_wire(node) if wire else self._all_interfaces(node)
        return host is None or self._ask(host, "Egress", self.packet, _forward) != "Deny"

    def _before_translation(self, direction: str) -> bool:
        """Whether this node replaces the Service's address: the node of the source, or the first that outsiders reach."""
        return direction == "Egress" or self.flow.src.kind == "outside"

    def _said_untracked(self, host: Manifest, direction: str, packet: Packet) -> Said:
        """The raw table; a host endpoint of all interfaces has none. It lets replies of failsafe connections through.

        What it accepts is not tracked, so the address of a Service stays in it and it does not reach a pod.
        """
        reply = replace(packet, port=packet.src_port)
        if _is_star(host) or self.felix.safe(direction, packet) or self.felix.safe(_OTHER[direction], reply, direction):
            return "nothing"
        return self._ask(host, direction, packet, _untracked, ends=False)

    def _said_before_dnat(self, host: Manifest, packet: Packet) -> Said:
        """The mangle table."""
        if self.felix.safe("Ingress", packet):
            return "nothing"
        return self._ask(host, "Ingress", packet, _pre_dnat, ends=False)

    def _ask(
        self, host: Manifest, direction: str, packet: Packet, among: Callable[[Policy], bool], *, ends: bool = True
    ) -> Said:
        return ask(self.tiers, packet.objects.host(host).labels, direction, packet, among, ends=ends)

    def _hosts(self, node: str) -> list[Manifest]:
        hosts = [h for h in self.packet.objects.of("HostEndpoint") if node and h["spec"]["node"] == node]
        return sorted(hosts, key=lambda host: host["metadata"]["name"])

    def _all_interfaces(self, node: str) -> Manifest | None:
        return next(filter(_is_star, self._hosts(node)), None)

    def _on_wire(self, node: str) -> Manifest | None:
        """The host endpoint of the interface that leads out of the node: one of its own, or that of all interfaces."""
        chosen = self.packet.objects.facts.interfaces.get(node)
        own = [host for host in self._hosts(node) if not _is_star(host)]
        own = [host for host in own if chosen in (None, host["metadata"]["name"])]
        return own[0] if own else self._all_interfaces(node)


def _is_star(host: Manifest) -> bool:
    return host["spec"].get("interfaceName") == "*"
