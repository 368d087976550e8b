"""What network plugins do not do of what a NetworkPolicy says, as one table for lint.

Profiles (`profiles.py`) fix what is modelled, for proofs. A plugin of which only such facts are known is in this table
alone: `npverify lint --cni NAME` takes it, and no proof does. Read in the code or the documentation that a row names, and not
observed on a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

__all__ = ["LINT_ONLY", "PLUGINS", "Feature", "Gap", "gaps", "unread"]


class Feature(StrEnum):
    """Something that a NetworkPolicy can say, in words."""

    ANY = "a NetworkPolicy"
    EGRESS = "egress rules"
    END_PORT = "`endPort`"
    NAMED_PORT = "a named port"
    NAMED_PORT_ANYWHERE = "a named port in an egress rule without `to`"
    SCTP = "SCTP"
    EXCEPT = "`except`"
    EXCEPT_IN_RULE = "`except` beside another block of the rule"
    EXCEPT_ANYWHERE = "`except` of what another block allows"
    BLOCK = "`ipBlock`"
    BLOCK_OF_PODS = "`ipBlock` for pods"
    IPV6 = "IPv6 blocks"
    EVERY_IPV6 = "the block `::/0`"
    MANY_PORTS = "more than 24 ports for a block"


class Gap(NamedTuple):
    """A feature that a plugin does not have as the API means it: what it does instead, and where that can be read."""

    feature: Feature
    effect: str
    source: str


_WEAVE = "weaveworks/weave npc/"
_NPM = "Azure/azure-container-networking npm/pkg/dataplane/policies/"
_AWS = "aws/amazon-network-policy-controller-k8s pkg/resolvers/endpoints.go"
_AGENT = "aws/aws-network-policy-agent pkg/fwruleprocessor/fw_rule_processor.go"
_OVN = "ovn-org/ovn-kubernetes go-controller/pkg/ovn/gress_policy.go"
_ROUTER = "cloudnativelabs/kube-router pkg/controllers/netpol/policy.go"
_ROMANA = "romana/core listener/translate.go"

_NOTHING = Gap(
    Feature.ANY,
    "enforces no NetworkPolicy: the API server stores it, and every flow is allowed",
    "flannel-io/flannel Documentation/netpol.md",
)
_CILIUM = (
    Gap(
        Feature.BLOCK_OF_PODS,
        "never takes a block for a pod, so the pods in it stay cut off",
        "cilium/cilium Documentation/security/policy/layer3.rst",
    ),
    Gap(
        Feature.SCTP,
        "knows SCTP only where `sctp.enabled` is set",
        "cilium/cilium Documentation/configuration/sctp.rst",
    ),
)

PLUGINS: Mapping[str, tuple[Gap, ...]] = {
    "none": (_NOTHING,),
    "flannel": (_NOTHING,),
    "calico": (),
    "canal": (),
    "cilium": _CILIUM,
    "gke-dpv2": _CILIUM,
    "antrea": (),
    "kube-router": (
        Gap(
            Feature.NAMED_PORT_ANYWHERE,
            "looks the name up in pods of the policy's own namespace alone",
            _ROUTER,
        ),
        Gap(
            Feature.EXCEPT_IN_RULE,
            "joins the blocks of a rule, so the exception of one also takes addresses out of the others",
            _ROUTER,
        ),
        Gap(Feature.EVERY_IPV6, "installs it as 2000::/3 and fd00::/8", _ROUTER),
    ),
    "weave": (
        Gap(Feature.NAMED_PORT, "refuses the whole policy, which then isolates nobody", _WEAVE),
        Gap(Feature.END_PORT, "opens the first port of the range alone", _WEAVE),
        Gap(Feature.IPV6, "has no IPv6", f"{_WEAVE}namespace.go"),
    ),
    "azure-npm": (
        Gap(Feature.IPV6, "refuses IPv6", f"{_NPM}ErrUnsupportedIPAddress"),
        Gap(Feature.SCTP, "refuses SCTP on Windows nodes", f"{_NPM}policy.go"),
        Gap(
            Feature.EXCEPT,
            "refuses `except` on Windows nodes",
            "Azure/azure-container-networking npm/pkg/controlplane/translation/translatePolicy.go",
        ),
    ),
    "aws-vpc-cni": (
        Gap(
            Feature.NAMED_PORT,
            "opens the numbers that the name has in any of the pods on all of them, and leaves the entry out for blocks",
            _AWS,
        ),
        Gap(
            Feature.EXCEPT_ANYWHERE,
            "makes a denial of each exception, which counts for the wider blocks of all rules and policies of the pod",
            _AGENT,
        ),
        Gap(Feature.MANY_PORTS, "drops the entries behind the 24th", _AGENT),
    ),
    "ovn-kubernetes": (Gap(Feature.NAMED_PORT, "opens every port of the protocol", _OVN),),
    "kube-network-policies": (),
    "romana": (
        Gap(Feature.EGRESS, "enforces ingress alone", _ROMANA),
        Gap(Feature.BLOCK, "has no blocks", _ROMANA),
        Gap(Feature.NAMED_PORT, "takes a name for port 0", _ROMANA),
        Gap(Feature.END_PORT, "opens the first port of the range alone", _ROMANA),
    ),
}
"""Plugin to what it does not do; () where nothing is known that it lacks. Order: as in docs/switches.md."""

LINT_ONLY = tuple(name for name in PLUGINS if name not in ("none", "flannel", "calico", "cilium"))
"""Plugins that have no profile for proofs."""


def gaps(plugin: str) -> tuple[Gap, ...]:
    """What a plugin does not do; () for the specification itself."""
    return PLUGINS.get(plugin, ())


_OF_CALICO = ("calico", "canal")
_OF_CILIUM = ("cilium", "gke-dpv2")
_OF_THE_CLUSTER = ("calico", "canal", "cilium", "gke-dpv2", "antrea", "ovn-kubernetes", "kube-network-policies")
"""Plugins of which some version reads some cluster-wide kind (kubernetes-sigs/network-policy-api site-src/implementations.md,
cilium/cilium#47227); whether this one does is not told."""


def unread(plugin: str, reads: str) -> bool:
    """Whether a plugin has nothing that reads the policies of `calico`, of `cilium`, or of the `cluster`; False where some
    version or setting of it does, and for plugins that are not in the table."""
    known = {"calico": _OF_CALICO, "cilium": _OF_CILIUM, "cluster": _OF_THE_CLUSTER}[reads]
    return plugin in PLUGINS and plugin not in known
