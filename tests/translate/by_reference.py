"""Flows between the ends of a small cluster, judged by the literal reading of Calico (tests/calico_reference)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from naive_row import Seen

from calico_reference import Cluster, End, Facts, Flow

Manifest = dict[str, Any]

OUTSIDE = ("203.0.113.5", "203.0.113.100", "203.0.200.1", "10.9.9.9", "192.168.0.77", "2001:db8::5")
_PORTS = (53, 80, 5353, 5432, 5433, 8080, 8085, 1001, 1150, 8443)
_HOSTS = ("192.168.0.",)


@dataclass(frozen=True)
class Both:
    """Two clusters that differ in their policies."""

    left: Cluster
    right: Cluster

    def verdicts(self, flow: Flow) -> tuple[bool, bool]:
        """Whether the flow passes in each."""
        return self.left.passes(flow, Facts()), self.right.passes(flow, Facts())


def flows(manifests: list[Manifest], seen: Seen | None = None) -> Iterator[Flow]:
    """Flows between pods, nodes and outside addresses; with `seen` those that it describes."""
    ends = list(_ends(manifests))
    protocols = ("TCP", "UDP", "SCTP", "ICMP") if seen is None or not seen.protocol else (seen.protocol,)
    for src, dst in product(ends, ends):
        if _family(src) != _family(dst) or (src.kind != "pod" and (src == dst or dst.kind == src.kind == "outside")):
            continue
        if seen is not None and not (_fits(seen.src, src) and _fits(seen.dst, dst)):
            continue
        for protocol in protocols:
            ports: tuple[int | None, ...] = (None,) if protocol == "ICMP" else _PORTS
            for port in ports if seen is None or seen.port is None else (seen.port,):
                icmp = (8, 0) if protocol == "ICMP" else None
                one = bool(src.node) and src.node == dst.node and ("node" in (src.kind, dst.kind) or _on_host(src, dst))
                yield Flow(src, dst, protocol, port, icmp=icmp, same_pod=src == dst, same_node=one)


def name(end: End) -> str:
    """An end as the rows tell it."""
    if end.kind == "outside":
        return f"outside {_family(end)}"
    return f"node {end.node}" if end.kind == "node" else f"{end.owner[1]}/{end.owner[2]}"


def _ends(manifests: list[Manifest]) -> Iterator[End]:
    for manifest in manifests:
        meta = manifest["metadata"]
        if manifest["kind"] == "Pod":
            owner = ("Pod", meta["namespace"], meta["name"])
            status = manifest["status"]
            for ip in status.get("podIPs", [{"ip": status["podIP"]}]):
                yield End("pod", ip["ip"], owner, node=manifest["spec"]["nodeName"])
        elif manifest["kind"] == "Node":
            address = manifest["status"]["addresses"][0]["address"]
            yield End("node", address, ("Node", "", meta["name"]), node=meta["name"])
    for ip in OUTSIDE:
        yield End("outside", ip)


def _family(end: End) -> int:
    return 6 if ":" in end.ip else 4


def _fits(told: str, end: End) -> bool:
    return not told or told == name(end)


def _on_host(*ends: End) -> bool:
    return any(end.kind == "pod" and end.ip.startswith(_HOSTS) for end in ends)
