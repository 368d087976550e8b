"""What the reference is asked about: one packet, and what no manifest tells of the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Labels = Mapping[str, str]


@dataclass(frozen=True)
class End:
    """One end of a flow: a pod of the object `owner` (kind, namespace, name), a node, or an address outside.

    `runtime` holds the labels that the controller gave this very pod. `node` is the name of the node that it is or runs on,
    "" where that does not matter.
    """

    kind: Literal["pod", "node", "outside"]
    ip: str
    owner: tuple[str, str, str] = ("", "", "")
    runtime: Labels = field(default_factory=dict)
    node: str = ""


@dataclass(frozen=True)
class Flow:
    """The first packet of a connection, behind the Service if there is one.

    `protocol` is TCP, UDP, SCTP, UDPLite, a number, or ICMP for that of the address family. `same_pod`: both ends are one and
    the same pod, and `through_service` that it asks itself through a Service. `same_node`: one end is the node, or shares the
    host network of the node, on which the other end runs. `asked`: the address and port before a Service's were replaced.
    `request`: method and path of what is sent over HTTP, and `proxy` how the proxy before a pod reads paths ("": there is none).
    """

    src: End
    dst: End
    protocol: str
    port: int | None = None
    src_port: int | None = None
    icmp: tuple[int, int] | None = None
    same_pod: bool = False
    same_node: bool = False
    asked: tuple[str, int] | None = None
    request: tuple[str, str] | None = None
    proxy: Literal["", "as sent", "as served"] = ""


@dataclass(frozen=True)
class Facts:
    """What the manifests leave open: labels of namespaces and service accounts that are used but not declared.

    `interfaces` tells for a node the name of the host endpoint of the interface that leads out of it; where it is missing, a
    node is taken to have one interface, and every host endpoint of it is of that one. `to_own_host` is Felix's
    DefaultEndpointToHostAction, which install manifests set to Accept. `tunnels`: what nodes send each other pods' packets in. `sharing`: Services (and `source` or
    `destination`) behind which a pod that nobody places is on the host network of that end. `existing`: namespaces that
    are there though nothing in the manifests uses them.
    """

    namespaces: Mapping[str, Labels] = field(default_factory=dict)
    accounts: Mapping[tuple[str, str], Labels] = field(default_factory=dict)
    interfaces: Mapping[str, str] = field(default_factory=dict)
    to_own_host: Literal["Accept", "Drop"] = "Accept"
    tunnels: frozenset[str] = frozenset()
    sharing: frozenset[tuple[str, str]] = frozenset()
    existing: frozenset[str] = frozenset()
