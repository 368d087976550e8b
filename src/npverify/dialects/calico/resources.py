"""Calico's resources as plain values: what the readers give out and the lowering takes in.

Every value is validated; defaults that depend on the way of input (`types`) are filled in. A selector is None where the
field is absent or empty, which is not the same as `all()`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from npverify.dialects.calico.selector import Node
from npverify.dialects.kubernetes_read import NetworkPolicy
from npverify.ingest.source import Span
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.unknowns import Unknown
from npverify.normal.policy import Action, Direction, PolicyId

StagedAction = Literal["Set", "Delete", "Learn", "Ignore"]
"""What a staged policy would do once it is enforced."""

PortMatch = tuple[int, int] | str
"""A range with both ends, or the name of a port."""


class Service(NamedTuple):
    """Backends of a Service; namespace "": not given."""

    namespace: str
    name: str


class Accounts(NamedTuple):
    """Service accounts by name and by labels; no names and no selector: no restriction."""

    names: tuple[str, ...]
    selector: Node | None


class IcmpMatch(NamedTuple):
    """ICMP type and code; None: any."""

    type: int | None
    code: int | None


class Http(NamedTuple):
    """HTTP methods (() and `*`: any) and paths (kind and text; (): any)."""

    methods: tuple[str, ...]
    paths: tuple[tuple[Literal["exact", "prefix"], str], ...]


class Entity(NamedTuple):
    """One side of a rule; everything that is given must hold.

    `domains` are those of the commercial editions: which addresses they stand for is not known.
    """

    nets: tuple[Prefix, ...] = ()
    not_nets: tuple[Prefix, ...] = ()
    selector: Node | None = None
    not_selector: Node | None = None
    namespace_selector: Node | None = None
    services: Service | None = None
    accounts: Accounts | None = None
    ports: tuple[PortMatch, ...] = ()
    not_ports: tuple[PortMatch, ...] = ()
    domains: tuple[str, ...] = ()


class Rule(NamedTuple):
    """One rule. A protocol is TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite or a number in decimal text.

    The numbers 6, 17, 132 and 136 are given by their names; 1 and 58 stay numbers, as they imply no IP version.
    """

    action: Action
    ip_version: Family | None
    protocol: str | None
    not_protocol: str | None
    icmp: IcmpMatch | None
    not_icmp: IcmpMatch | None
    source: Entity
    destination: Entity
    http: Http | None
    label: str
    span: Span


class Policy(NamedTuple):
    """NetworkPolicy, GlobalNetworkPolicy and their staged kinds.

    `id`           kind as written, the v3 name, namespace "" for the global kinds
    `order`        None: last in its tier
    `selector`     `all()` where it is absent, which `selector_given` tells from `all()` as text
    `types`        after defaulting; `types_given` says whether the user wrote them
    `rules`        both directions as written, also those that `types` leaves without effect
    `staged`       "" for a policy that is enforced
    """

    id: PolicyId
    span: Span
    tier: str
    order: float | None
    selector: Node
    namespace_selector: Node | None
    account_selector: Node | None
    types: tuple[Direction, ...]
    rules: Mapping[Direction, tuple[Rule, ...]]
    do_not_track: bool = False
    pre_dnat: bool = False
    apply_on_forward: bool = False
    staged: StagedAction | Literal[""] = ""
    types_given: bool = True
    selector_given: bool = True


class StagedKubernetes(NamedTuple):
    """A StagedKubernetesNetworkPolicy; `policy` is what would be enforced, None for Delete."""

    id: PolicyId
    span: Span
    action: StagedAction
    policy: NetworkPolicy | None


class Tier(NamedTuple):
    """A tier; order None: last. `default_action` is DENY or PASS."""

    name: str
    order: float | None
    default_action: Action
    span: Span


class NetworkSet(NamedTuple):
    """A NetworkSet, or a GlobalNetworkSet (namespace "" in its id)."""

    id: PolicyId
    labels: Mapping[str, str]
    nets: tuple[Prefix, ...]
    domains: tuple[str, ...]
    span: Span


class HostPort(NamedTuple):
    """A named port of a host endpoint; `protocol` is TCP, UDP or SCTP."""

    name: str
    protocol: str
    number: int


class HostEndpoint(NamedTuple):
    """A host endpoint; interface "": the one that has an expected address, `*`: all of the node."""

    name: str
    node: str
    interface: str
    expected_ips: tuple[Address, ...]
    profiles: tuple[str, ...]
    ports: tuple[HostPort, ...]
    labels: Mapping[str, str]
    span: Span


class Profile(NamedTuple):
    """Rules and labels of the endpoints that name the profile; `others` has what a label may be that is not listed."""

    name: str
    labels: Mapping[str, str]
    ingress: tuple[Rule, ...]
    egress: tuple[Rule, ...]
    span: Span
    others: Callable[[str], Unknown | None] = lambda key: None


class Failsafe(NamedTuple):
    """A port of a host that policy cannot close; net None: for every address."""

    protocol: str
    port: int
    net: Prefix | None


class Felix(NamedTuple):
    """What the FelixConfiguration `default` says; None: not said, so Felix's own default holds.

    `endpoint_to_host` is Drop, Accept or Return; `wireguard` has the port of each family that nodes use it for.
    """

    failsafe_in: tuple[Failsafe, ...] | None = None
    failsafe_out: tuple[Failsafe, ...] | None = None
    endpoint_to_host: str | None = None
    vxlan_from_pods: bool | None = None
    ipip_from_pods: bool | None = None
    vxlan_port: int | None = None
    bpf: bool | None = None
    vxlan: bool | None = None
    ipip: bool | None = None
    wireguard: tuple[tuple[Family, int], ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything of Calico that was read, each kind in the order of the input.

    `staged`   policies that are not enforced; `staged_kubernetes` those in the form of the Kubernetes API
    `refused`  objects that the API or Felix refuses and that are therefore absent (mode `raw` only)
    """

    policies: tuple[Policy, ...] = ()
    staged: tuple[Policy, ...] = ()
    staged_kubernetes: tuple[StagedKubernetes, ...] = ()
    tiers: tuple[Tier, ...] = ()
    sets: tuple[NetworkSet, ...] = ()
    hosts: tuple[HostEndpoint, ...] = ()
    profiles: tuple[Profile, ...] = ()
    felix: Felix | None = None
    refused: tuple[tuple[PolicyId, Span], ...] = ()
