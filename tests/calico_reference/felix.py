"""What a FelixConfiguration decides: failsafe ports, and what a pod may send to its host.

Sources: felix/config/config_params.go (the defaults) and felix/rules/static.go (failsafeInChain, failsafeOutChain).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from calico_reference.match import Packet
from calico_reference.objects import NUMBERS, Objects

IPIP = 4
_BOTH = [("TCP", 179), ("TCP", 2379), ("TCP", 2380), ("TCP", 5473), ("TCP", 6443), ("TCP", 6666), ("TCP", 6667)]
_DEFAULTS = {"Ingress": [("TCP", 22), ("UDP", 68), *_BOTH], "Egress": [("UDP", 53), ("UDP", 67), *_BOTH]}
_FIELDS = {"Ingress": "failsafeInboundHostPorts", "Egress": "failsafeOutboundHostPorts"}


@dataclass(frozen=True)
class Felix:
    """The configuration of every node."""

    failsafe: dict[str, list[dict[str, Any]]]
    to_own_host: str
    vxlan: bool
    ip_in_ip: bool
    vxlan_port: int
    tunnels: frozenset[str]

    @classmethod
    def of(cls, objects: Objects) -> Felix:
        """What the FelixConfiguration `default` says, and the defaults of Felix where it does not."""
        written = [m for m in objects.of("FelixConfiguration") if m["metadata"]["name"] == "default"]
        spec = written[0].get("spec", {}) if written else {}
        defaults = {d: [{"protocol": p, "port": n} for p, n in ports] for d, ports in _DEFAULTS.items()}
        return cls(
            {direction: spec.get(field, defaults[direction]) for direction, field in _FIELDS.items()},
            spec.get("defaultEndpointToHostAction", objects.facts.to_own_host).upper(),
            spec.get("allowVXLANPacketsFromWorkloads", False),
            spec.get("allowIPIPPacketsFromWorkloads", False),
            spec.get("vxlanPort", 4789),
            frozenset(
                name
                for name, field in (("IPIP", "ipipEnabled"), ("VXLAN", "vxlanEnabled"))
                if spec.get(field, name in objects.facts.tunnels)
            ),
        )

    def is_vxlan(self, packet: Packet) -> bool:
        """Whether the packet looks like a tunnel's."""
        return (packet.protocol, packet.port) == (NUMBERS["UDP"], self.vxlan_port)

    def is_tunnel(self, packet: Packet) -> bool:
        """Whether this is how nodes send each other the packets of pods: filterInputChain, filterOutputChain."""
        in_ip = packet.protocol == IPIP and packet.src.version == 4
        return ("IPIP" in self.tunnels and in_ip) or ("VXLAN" in self.tunnels and self.is_vxlan(packet))

    def safe(self, direction: str, packet: Packet, seen: str = "") -> bool:
        """Whether a failsafe port keeps the traffic alive whatever the policies say; `seen`: the way that it goes."""
        peer = packet.src if (seen or direction) == "Ingress" else packet.dst
        numbers = {name.lower(): number for name, number in NUMBERS.items()}
        return any(
            (numbers[entry.get("protocol", "tcp").lower()], entry["port"]) == (packet.protocol, packet.port)
            and ("net" not in entry or peer in ip_network(entry["net"], strict=False))
            for entry in self.failsafe[direction]
        )
