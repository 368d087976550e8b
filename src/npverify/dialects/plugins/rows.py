"""The rows of the table of plugins that enforce NetworkPolicies by an engine of their own reading."""

from __future__ import annotations

from npverify.dialects.plugins.model import Feature, Gap, Plugin
from npverify.dialects.plugins.text import cells

__all__ = ["OTHERS"]

ANTREA = Plugin(
    "antrea",
    "Antrea",
    "kubernetes",
    cells("""
        enforces | both | | ANT docs/antrea-network-policy.md
        endport | range | | ANT docs/antrea-network-policy.md; kubernetes/enhancements KEP-2079
        named_ports | per_pod | | ANT pkg/agent/controller/networkpolicy/pod_reconciler.go resolveService
        named_ports_to_all | every_pod | D | ANT pkg/controller/networkpolicy
        named_port_containers | regular | | ANT pkg/controller/networkpolicy podToGroupMember
        named_port_duplicates | | ? | nothing was found
        sctp | policed | | ANT pkg/agent/openflow/network_policy.go ProtocolSCTP
        ipv6 | policed | | ANT pkg/agent/openflow ipBlocksToOFAddresses
        ipv6_everything | as_written | D | ANT pkg/agent/openflow ipBlocksToOFAddresses
        except_scope | own_block | | ANT pkg/controller/networkpolicy, difference of CIDRs
        ipblock_matches_pods | literal | D | ANT pkg/agent/openflow, flows match addresses
        ipblock_matches_nodes | literal | D | ANT pkg/agent/openflow, flows match addresses
        hostnetwork_pods | as_node | | ANT syncAppliedToGroup, AddressGroupExcludedPodFilter
        node_to_own_pod | always_allow | | ANT pkg/agent/route/route_linux.go; docs/design/ovs-pipeline.md IngressSecurityClassifier
        pod_to_own_node | policed | D | ANT docs/design/ovs-pipeline.md
        self_via_service | ingress_allowed | | ANT docs/antrea-network-policy.md; antrea-io/antrea#5687
        icmp | | ? | nothing was found
        service_translation | before_policy | | ANT docs/design/ovs-pipeline.md, EndpointDNAT stands before EgressRule
        existing_connections | kept | | ANT docs/antrea-network-policy.md
        admin_policies | no_effect | D | ANT docs/admin-network-policy.md
        admin_policies >= 1.13 | gate | | ANT docs/admin-network-policy.md, AdminNetworkPolicy, off by default
        cluster_policies | no_effect | D | ANT docs/cluster-network-policy.md
        cluster_policies >= 2.7 | gate | | ANT docs/cluster-network-policy.md, alpha, off by default
        cluster_peers | | ? | nothing was found about nodes and names of domains
        np_shadows_baseline | | ? | nothing was found
    """),
    ("1.12", "1.13", "2.6", "2.7"),
    notes=("`self_via_service` is that of Antrea Proxy, which is on by default.",),
)

KUBE_ROUTER = Plugin(
    "kube-router",
    "kube-router",
    "kubernetes",
    cells("""
        enforces | both | | KR pkg/controllers/netpol/policy.go
        endport | range | | KR pkg/controllers/netpol/policy.go processNetworkPolicyPorts
        named_ports | per_pod | | KR pkg/controllers/netpol/policy.go grabNamedPortFromPod
        named_ports_to_all | own_namespace | | KR pkg/controllers/netpol/policy.go
        named_port_containers | regular | | KR pkg/controllers/netpol/policy.go grabNamedPortFromPod
        named_port_duplicates | union | D | KR pkg/controllers/netpol/policy.go grabNamedPortFromPod
        sctp | policed | | KR pkg/controllers/netpol/policy.go appendRuleToPolicyChain
        ipv6 | policed | | KR pkg/controllers/netpol/policy.go evalIPBlockPeer
        ipv6_everything | two_blocks | | KR pkg/controllers/netpol/policy.go
        except_scope | same_rule | D | KR pkg/controllers/netpol/policy.go
        ipblock_matches_pods | literal | D | KR pkg/controllers/netpol/policy.go, sets of addresses
        ipblock_matches_nodes | literal | D | KR pkg/controllers/netpol/policy.go, sets of addresses
        hostnetwork_pods | as_node | | KR pkg/controllers/netpol/utils.go isNetPolActionable
        node_to_own_pod | always_allow | | KR pkg/controllers/netpol/pod.go, addrtype --src-type LOCAL
        pod_to_own_node | node_ports_pass | | KR pkg/controllers/netpol/npc_iptables.go ensureTopLevelChains
        self_via_service | | ? | nothing was found
        icmp | some_types_always | | KR pkg/utils/iptables.go CommonICMPRules
        service_translation | before_policy | | KR pkg/controllers/netpol, chains match the addresses of pods
        existing_connections | kept | | KR pkg/controllers/netpol, common chain
        admin_policies | no_effect | D | API site-src/implementations.md does not list it
        cluster_policies | no_effect | D | API site-src/implementations.md does not list it
    """),
    notes=(
        "The ports that pass where a pod sends to its own node are those of the default of `--service-node-port-range`.",
        "A rule for pods whose ports are all names opens every port where no pod has one of them, and in egress a name opens "
        "nothing for blocks (KR pkg/controllers/netpol/policy.go).",
        "The numbers of a name may also be open on a pod that shares another port with one that has it, whichever comes first: "
        "a fact that nobody knows (KR pkg/controllers/netpol/policy.go grabNamedPortFromPod).",
    ),
)

WEAVE = Plugin(
    "weave",
    "Weave Net",
    "kubernetes",
    cells("""
        enforces | both | | WV npc/
        endport | first_port_only | | WV npc/
        named_ports | policy_ignored | | WV npc/
        sctp | | ? | WV npc/, the name goes to iptables
        ipv6 | unpoliced | D | WV npc/namespace.go
        except_scope | own_block | | WV npc/, a second set for each block
        ipblock_matches_pods | literal | | WV npc/
        ipblock_matches_nodes | literal | D | WV npc/
        hostnetwork_pods | as_node | | WV npc/ hasIP
        node_to_own_pod | | ? | WV net/bridge.go, rules hang in FORWARD
        pod_to_own_node | always_allow | | WV prog/weave-npc/main.go, --dst-type LOCAL -j RETURN
        self_via_service | | ? | nothing was found
        icmp | portless_rules_only | D | WV npc/, without -p
        service_translation | | ? | nothing was found
        existing_connections | kept | | WV prog/weave-npc/main.go, state NEW
        admin_policies | no_effect | D | API site-src/implementations.md does not list it
        cluster_policies | no_effect | D | API site-src/implementations.md does not list it
    """),
    notes=(
        "Traffic from outside is masqueraded, so a block of an ingress rule only works with `externalTrafficPolicy: Local` or "
        "at a pod's own address (WV site/kubernetes/kube-addon.md).",
        "Multicast always passes by default. There were no commits after 2022-11.",
    ),
)

AZURE_NPM = Plugin(
    "azure-npm",
    "Azure Network Policy Manager",
    "kubernetes",
    cells("""
        enforces | both | | NPM npm/pkg/controlplane/translation/translatePolicy.go
        endport | range | | NPM npm/pkg/controlplane/translation/translatePolicy.go numericPortRule
        named_ports | per_pod | | NPM npm/pkg/controlplane/translation/translatePolicy.go, on Linux
        named_ports_to_all | every_pod | D | NPM npm/pkg/controlplane/translation/translatePolicy.go
        named_port_containers | | ? | nothing was found
        named_port_duplicates | | ? | nothing was found
        sctp | refused_on_windows | | NPM npm/pkg/dataplane/policies/policy.go
        ipv6 | unpoliced | | NPM npm/pkg/dataplane/policies/ErrUnsupportedIPAddress; MSU
        except_scope | own_block | | NPM npm/pkg/controlplane/translation/translatePolicy.go ipBlockIPSet, on Linux
        ipblock_matches_pods | literal | | MSM
        ipblock_matches_nodes | literal | | MSM
        hostnetwork_pods | as_node | | NPM npm/pkg/controlplane/controllers/v2/podController.go isHostNetworkPod
        node_to_own_pod | always_allow | D | NPM npm/pkg/dataplane/policies, only FORWARD is hooked
        pod_to_own_node | always_allow | | MSM
        self_via_service | | ? | nothing was found
        icmp | portless_rules_only | D | NPM npm/pkg/controlplane/translation/translatePolicy.go UnspecifiedProtocol
        service_translation | before_policy | D | NPM npm/pkg/dataplane/policies, FORWARD is behind the translation
        node_ports | escapes | | MSM
        existing_connections | kept | | NPM npm/pkg/dataplane/policies/chain-management_linux.go, conntrack NEW
        admin_policies | no_effect | D | API site-src/implementations.md does not list it
        cluster_policies | no_effect | D | API site-src/implementations.md does not list it
    """),
    notes=("This is what it does on Linux nodes.",),
    also=(
        Gap(
            Feature.EXCEPT,
            "refuses `except` on Windows nodes",
            "Azure/azure-container-networking npm/pkg/controlplane/translation/translatePolicy.go",
        ),
    ),
)

AWS = Plugin(
    "aws-vpc-cni",
    "Amazon VPC CNI",
    "kubernetes",
    cells("""
        enforces | both | | AWC pkg/resolvers/endpoints.go
        endport | range | | AWC pkg/resolvers/endpoints.go convertToPolicyInfoPortForCIDRs
        named_ports | union_of_selected_pods | | AWC pkg/resolvers/endpoints.go resolveIngressPorts
        named_ports_to_all | left_out | | AWC pkg/resolvers/endpoints.go buildAllowAllEgress
        named_port_containers | regular | | AWC pkg/k8s/pod_utils.go LookupContainerPortAndName
        named_port_duplicates | first | | AWC pkg/k8s/pod_utils.go LookupContainerPortAndName
        sctp | policed | | AWA pkg/ebpf/c/tc.v4ingress.bpf.c
        except_scope | direction | D | AWA pkg/fwruleprocessor/fw_rule_processor.go
        ipblock_matches_pods | literal | | AWA pkg/fwruleprocessor/fw_rule_processor.go
        ipblock_matches_nodes | literal | D | AWA pkg/fwruleprocessor/fw_rule_processor.go
        hostnetwork_pods | peer_only | D | AWC pkg/resolvers/endpoints.go computeIngressEndpoints; pkg/k8s/pod_utils.go
        node_to_own_pod | primary_address_only | | AWA pkg/fwruleprocessor/fw_rule_processor.go ComputeMapEntriesFromEndpointRules
        pod_to_own_node | always_allow | D | AWA pkg/fwruleprocessor/fw_rule_processor.go ComputeMapEntriesFromEndpointRules
        self_via_service | | ? | nothing was found
        icmp | portless_rules_only | | AWA pkg/ebpf/c/tc.v4ingress.bpf.c
        service_translation | after_policy_with_vips | | AWC pkg/resolvers/endpoints.go getMatchingServiceClusterIPs
        port_entries | 24 | | AWA pkg/fwruleprocessor/fw_rule_processor.go
        existing_connections | judged_afresh | | aws/aws-network-policy-agent#73, #236
        admin_policies | no_effect | D | API site-src/implementations.md does not list it
        cluster_policies | no_effect | D | AWC api/v1alpha1/groupversion_info.go: its own kind is of networking.k8s.aws
    """),
    notes=(
        "Nothing is enforced unless `enable-network-policy` is on (AWA README).",
        "Release 1.0.2 of the controller left names of ports out for blocks and for everybody in ingress rules too "
        "(AWC pkg/resolvers/endpoints.go).",
        "A cluster has IPv4 or IPv6; the IPv4 interface that pods of an IPv6 cluster have for egress is not covered (AWA README).",
        "Between the start of a pod and its first policies everything passes, or nothing does (strict mode).",
    ),
)

OVN = Plugin(
    "ovn-kubernetes",
    "OVN-Kubernetes",
    "kubernetes",
    cells("""
        enforces | both | | OVN go-controller/pkg/ovn/base_network_controller_policy.go
        endport | range | | OVN go-controller/pkg/ovn/gress_policy.go addPortPolicy
        named_ports | whole_protocol | D | OVN go-controller/pkg/ovn/gress_policy.go
        sctp | policed | | OVN ConvertK8sProtocolToOVNProtocol
        ipv6 | policed | | OVN go-controller/pkg/ovn/gress_policy.go
        except_scope | own_block | | OVN go-controller/pkg/ovn/gress_policy.go, a set that is excluded
        ipblock_matches_pods | literal | | OVN go-controller/pkg/ovn/gress_policy.go getMatchFromIPBlock
        ipblock_matches_nodes | literal | D | OVN go-controller/pkg/ovn/gress_policy.go getMatchFromIPBlock
        hostnetwork_pods | peer_if_pod_selector | | OVN go-controller/pkg/ovn/gress_policy.go useNamespaceAddrSet
        node_to_own_pod | always_allow | | OVN addAllowACLFromNode
        pod_to_own_node | policed | D | OVN docs/design/acls.md
        self_via_service | allowed | | OVN addHairpinAllowACL
        icmp | portless_rules_only | D | OVN docs/design/acls.md
        service_translation | before_policy | | OVN docs/design/acls.md
        existing_connections | rechecked | | kubernetes-sigs/network-policy-api#305
        admin_policies | enforced | | OVN docs/features/network-security-controls/admin-network-policy.md, priorities 0 to 99
        cluster_policies | unknown | ? | OVN, not in this state
        cluster_peers | | ? | nothing was found about nodes and names of domains
        np_shadows_baseline | | ? | nothing was found
    """),
    notes=("Read in a state of 2024-12; look again before you rely on it.",),
)

KUBE_NETWORK_POLICIES = Plugin(
    "kube-network-policies",
    "kube-network-policies",
    "kubernetes",
    cells("""
        enforces | both | | KNP pkg/networkpolicy/networkpolicy.go
        endport | range | | KNP pkg/networkpolicy/networkpolicy.go evaluatePorts
        named_ports | per_pod | | KNP pkg/networkpolicy/networkpolicy.go evaluatePorts
        named_ports_to_all | every_pod | D | KNP pkg/networkpolicy/networkpolicy.go evaluatePorts
        named_port_containers | regular | | KNP pkg/api/helper.go
        named_port_duplicates | union | | KNP pkg/networkpolicy/networkpolicy.go evaluatePorts
        sctp | policed | | KNP pkg/network/packet.go
        ipv6 | policed | | KNP pkg/network/packet.go
        ipv6_everything | as_written | | KNP pkg/networkpolicy/networkpolicy.go evaluateIPBlocks
        except_scope | own_block | | KNP pkg/networkpolicy/networkpolicy.go evaluateIPBlocks
        ipblock_matches_pods | literal | | KNP pkg/networkpolicy/networkpolicy.go evaluateIPBlocks
        ipblock_matches_nodes | literal | | KNP pkg/networkpolicy/networkpolicy.go evaluateIPBlocks
        hostnetwork_pods | as_node | | KNP getLocalPodsForNetworkPolicy; pkg/podinfo
        node_to_own_pod | root_only | | KNP pkg/dataplane/controller.go, meta skuid 0 accept
        pod_to_own_node | policed | | KNP pkg/dataplane/controller.go; kubernetes-sigs/kube-network-policies#283
        self_via_service | policed | D | KNP pkg/dataplane/controller.go, between the two translations
        icmp | neighbours_always | D | KNP pkg/network/packet.go
        service_translation | before_policy | | KNP pkg/dataplane/controller.go, POSTROUTING before srcnat
        existing_connections | rechecked | | KNP pkg/cmd/cmd.go --strict-mode
        admin_policies | no_effect | | KNP docs, flavours of the image
        admin_policies >= npa-v1alpha1 | enforced | | API site-src/implementations.md, release 0.8.1
        admin_policies >= npa-v1alpha2 | no_effect | | KNP docs, flavours of the image
        admin_policies >= standard | no_effect | | KNP docs, flavours of the image
        cluster_policies | no_effect | | KNP docs, flavours of the image
        cluster_policies >= npa-v1alpha2 | enforced | | KNP cmd/kube-network-policies/npa-v1alpha2/main.go
        cluster_policies >= standard | no_effect | | KNP docs, flavours of the image
        cluster_peers | all | D | KNP cmd/kube-network-policies/npa-v1alpha2/main.go
        cluster_peers >= npa-v1alpha1 | | ? | KNP plugins/npa-v1alpha1: nodes are the pods that run on them
        cluster_peers >= npa-v1alpha2 | all | D | KNP cmd/kube-network-policies/npa-v1alpha2/main.go
        np_shadows_baseline | per_pod | D | KNP pkg/networkpolicy/networkpolicy.go EvaluateIngress
        same_priority | by_name | | KNP pkg/networkpolicy
    """),
    ("npa-v1alpha1", "npa-v1alpha2", "standard"),
    notes=("Its versions are the flavours of the image.",),
)

ROMANA = Plugin(
    "romana",
    "Romana",
    "",
    cells("""
        enforces | ingress | | ROM listener/translate.go
        endport | first_port_only | | ROM listener/translate.go, older than the field
        named_ports | never_matches | D | ROM listener/translate.go
        except_scope | | ? | it has no blocks
        node_to_own_pod | always_allow | | ROM agent/enforcer/base.go ROMANA-OUTPUT
        pod_to_own_node | always_allow | | ROM agent/enforcer/base.go ROMANA-INPUT
        existing_connections | kept | | ROM agent/enforcer/base.go
        admin_policies | no_effect | D | API site-src/implementations.md does not list it
        cluster_policies | no_effect | D | API site-src/implementations.md does not list it
    """),
    notes=("There were no commits after 2018-02.",),
    also=(Gap(Feature.BLOCK, "has no blocks", "romana/core listener/translate.go"),),
    refusal="it reads one label of each selector and drops the others, so that its policies open more than they say",
)

OTHERS = (ANTREA, KUBE_ROUTER, WEAVE, AZURE_NPM, AWS, OVN, KUBE_NETWORK_POLICIES, ROMANA)
