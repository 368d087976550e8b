"""Which API objects are policies: modelled here, known but not modelled, or of a service mesh.

A policy kind that is not modelled must never be skipped as if it were irrelevant, so the tables err on the side of naming
too much: sets, tiers and groups that only have a meaning beside their policies are listed too. Kinds of the same groups
that cannot change the verdict on a packet (address pools, BGP settings, endpoint status) are left out on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache

from npverify.dialects.calico.fields import FIELDS as CALICO_KINDS
from npverify.dialects.calico.fields import is_calico
from npverify.dialects.cilium.fields import GROUP as CILIUM_GROUP
from npverify.dialects.cilium.fields import KINDS as CILIUM_KINDS
from npverify.dialects.cluster_fields import KINDS as CLUSTER_KINDS
from npverify.ingest.fields import nearest

NETWORKING = "networking.k8s.io"
CLUSTER_GROUP = "policy.networking.k8s.io"
CALICO_GROUPS = ("projectcalico.org", "crd.projectcalico.org")

_ANTREA = frozenset({"NetworkPolicy", "ClusterNetworkPolicy", "Tier", "Group", "ClusterGroup"})

UNMODELLED: Mapping[str, frozenset[str]] = {
    "cilium.io": frozenset({"CiliumLocalRedirectPolicy"}),
    "crd.antrea.io": _ANTREA,
    "security.antrea.tanzu.vmware.com": _ANTREA,
    "k8s.cni.cncf.io": frozenset({"MultiNetworkPolicy"}),
    "networking.k8s.aws": frozenset({"ClusterNetworkPolicy", "ApplicationNetworkPolicy"}),
    "k8s.ovn.org": frozenset({"EgressFirewall", "AdminPolicyBasedExternalRoute"}),
    "network.openshift.io": frozenset({"EgressNetworkPolicy"}),
    "networking.gke.io": frozenset({"FQDNNetworkPolicy"}),
}
"""API group to the kinds that decide about packets and that npverify cannot read."""

MESH: Mapping[str, frozenset[str]] = {
    "security.istio.io": frozenset({"AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"}),
    "policy.linkerd.io": frozenset({"AuthorizationPolicy", "ServerAuthorization", "Server"}),
    "consul.hashicorp.com": frozenset({"ServiceIntentions"}),
    "kuma.io": frozenset({"MeshTrafficPermission", "TrafficPermission"}),
}
"""API group to the kinds by which a service mesh restricts connections further, above the network policies."""

NOT_POLICIES = frozenset({"Ingress", "IngressClass", "IPAddress", "ServiceCIDR", "ClusterCIDR"})
"""The other kinds of the group networking.k8s.io: routing and address management, no verdicts."""


_CALICO_OTHERS = frozenset({
    "IPPool", "IPReservation", "BGPConfiguration", "BGPPeer", "BGPFilter", "KubeControllersConfiguration", "Node",
    "ClusterInformation", "CalicoNodeStatus", "BlockAffinity", "IPAMBlock", "IPAMConfig", "IPAMConfiguration", "IPAMHandle",
    "WorkloadEndpoint", "RemoteClusterConfiguration",
})  # fmt: skip
"""The other kinds of Calico's groups: routing, address management, status."""


_CILIUM_OTHERS = frozenset({
    "CiliumBGPAdvertisement", "CiliumBGPClusterConfig", "CiliumBGPNodeConfig", "CiliumBGPNodeConfigOverride",
    "CiliumBGPPeerConfig", "CiliumBGPPeeringPolicy", "CiliumClusterwideEnvoyConfig", "CiliumEgressGatewayPolicy",
    "CiliumEndpoint", "CiliumEndpointSlice", "CiliumEnvoyConfig", "CiliumExternalWorkload", "CiliumIdentity",
    "CiliumL2AnnouncementPolicy", "CiliumLoadBalancerIPPool", "CiliumLocalRedirectPolicy", "CiliumNode",
    "CiliumNodeConfig", "CiliumPodIPPool", "CiliumGatewayClassConfig",
})  # fmt: skip
"""The other kinds of Cilium's group: routing, address management, status; and one that `UNMODELLED` names."""


class Role(Enum):
    """What an object is to the dialects."""

    NO_POLICY = auto()
    MODELLED = auto()
    CALICO = auto()  # enforced by Calico alone
    CILIUM = auto()  # enforced by Cilium alone
    CLUSTER = auto()  # cluster-wide policies of policy.networking.k8s.io
    WRONG_VERSION = auto()  # a NetworkPolicy of an API version that no current cluster serves
    MISSPELT = auto()  # not a kind of its group, or nearly one
    UNMODELLED = auto()
    MESH = auto()


def kinds_of(group: str) -> tuple[str, ...]:
    """The kinds of a group that has policies, those first."""
    if group in CALICO_GROUPS:
        return (*sorted(CALICO_KINDS), *sorted(_CALICO_OTHERS))
    if group == CILIUM_GROUP:
        return (*CILIUM_KINDS, *sorted(_CILIUM_OTHERS))
    return tuple(sorted(CLUSTER_KINDS)) if group == CLUSTER_GROUP else ("NetworkPolicy", *sorted(NOT_POLICIES))


def _misspelt(group: str, kind: str) -> bool:
    """Not a kind of Calico or of cluster-wide policies, but nearly one: skipped as irrelevant it would be a false proof."""
    if group not in (*CALICO_GROUPS, CLUSTER_GROUP, CILIUM_GROUP) or kind in _CALICO_OTHERS | _CILIUM_OTHERS:
        return False
    return bool(nearest(kind, kinds_of(group)))


@lru_cache(maxsize=1_000)
def role(api_version: str, kind: str) -> Role:
    """What the dialects make of objects of that API version and kind."""
    group = api_version.rpartition("/")[0]
    if is_calico(api_version, kind):
        return Role.CALICO
    if group == CILIUM_GROUP and kind in CILIUM_KINDS:
        return Role.CILIUM
    if group == CLUSTER_GROUP and kind in CLUSTER_KINDS:
        return Role.CLUSTER
    if _misspelt(group, kind):
        return Role.MISSPELT
    if kind in MESH.get(group, ()):
        return Role.MESH
    if kind == "NetworkPolicy" and group not in UNMODELLED and group not in CALICO_GROUPS:
        return Role.MODELLED if api_version == f"{NETWORKING}/v1" else Role.WRONG_VERSION
    if group == NETWORKING:
        return Role.NO_POLICY if kind in NOT_POLICIES else Role.MISSPELT
    # a kind that calls itself a network policy is one, whichever group it comes from
    if kind in UNMODELLED.get(group, ()) or kind.lower().endswith("networkpolicy"):
        return Role.UNMODELLED
    return Role.NO_POLICY
