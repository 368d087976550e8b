"""What cluster-wide policies (policy.networking.k8s.io) say, as plain values that name no version of the API.

AdminNetworkPolicy, BaselineAdminNetworkPolicy (v1alpha1) and ClusterNetworkPolicy (v1alpha2) come out alike: rules in the
order in which they are asked, for the pods of a subject, in one of two tiers around the NetworkPolicies.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from npverify.dialects.selectors import Selector
from npverify.ingest.source import Span
from npverify.inventory.addresses import Prefix
from npverify.normal.policy import Action, Direction, PolicyId

__all__ = ["ClusterPeer", "ClusterPolicy", "ClusterPort", "ClusterRule", "PeerKind", "Tier"]

PeerKind = Literal["namespaces", "pods", "nodes", "networks", "domains"]
Tier = Literal["admin", "baseline"]


class ClusterPeer(NamedTuple):
    """One item of `from` or `to`. `kind` says which fields count; a selector that the kind does not have is None.

    namespaces  every pod of the namespaces that `namespaces` selects
    pods        the pods that `pods` selects, in the namespaces that `namespaces` selects
    nodes       the addresses of the nodes that `nodes` selects
    networks    the addresses in `networks`, whoever has them
    domains     the addresses that the names in `domains` stand for: lower case, without a dot at the end, `*.` in front
    """

    kind: PeerKind
    namespaces: Selector | None = None
    pods: Selector | None = None
    nodes: Selector | None = None
    networks: tuple[Prefix, ...] = ()
    domains: tuple[str, ...] = ()


class ClusterPort(NamedTuple):
    """Destination ports: `first` to `last` of `protocol`, or (protocol "") the container port called `name`, whatever
    its protocol and number; a protocol alone means every port of it."""

    protocol: str
    first: int | None = None
    last: int | None = None
    name: str = ""


class ClusterRule(NamedTuple):
    """One rule, for traffic with any of `peers` on any of `ports`; without `ports` on every port and protocol.

    `label` says where it stands (`ingress[0]`), `name` is what the user calls it, or "".
    """

    action: Action
    peers: tuple[ClusterPeer, ...]
    ports: tuple[ClusterPort, ...]
    label: str
    name: str
    span: Span


class ClusterPolicy(NamedTuple):
    """One policy. Its subject is every pod that `pods` selects (None: every pod) in the namespaces of `namespaces`.

    A lower `priority` is asked first within the tier; BaselineAdminNetworkPolicy, of which there is only one, has 0.
    `rules` has an entry only for a direction that has rules: in the other one the policy says nothing.
    """

    id: PolicyId
    span: Span
    tier: Tier
    priority: int
    namespaces: Selector
    pods: Selector | None
    rules: dict[Direction, tuple[ClusterRule, ...]]
