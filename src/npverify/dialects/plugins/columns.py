"""The columns of the table of plugins, in the order in which they are shown.

Names and values are those of the page on network plugins that the project keeps, which has them from the API texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npverify.dialects.plugins.model import Feature, Property

__all__ = ["BY_NAME", "COLUMNS"]


def _same(name: str, values: Sequence[str], **others: str) -> tuple[str, Mapping[str, str]]:
    return name, {**{value: value for value in values}, **others}


KNOWS = {
    "enforced": "are enforced",
    "gate": "are enforced where a gate is open, which `--assume cluster_policies=on` says",
    "no_effect": "are not known: they are stored and change nothing",
    "unknown": "may be enforced or not; input that has them is refused",
}

COLUMNS: tuple[Property, ...] = (
    Property(
        "enforces",
        "NetworkPolicies",
        {
            "both": "are enforced in both directions",
            "ingress": "are enforced for ingress alone",
            "none": "are stored and change nothing",
        },
        "both",
        gaps={
            "none": (Feature.ANY, "enforces no NetworkPolicy: the API server stores it, and every flow is allowed"),
            "ingress": (Feature.EGRESS, "enforces ingress alone"),
        },
    ),
    Property(
        "endport",
        "`endPort`",
        {"range": "opens the whole range", "first_port_only": "is not known: `port` alone is open"},
        "range",
        ("endport_supported", {"range": "true", "first_port_only": "false"}),
        {"first_port_only": (Feature.END_PORT, "opens the first port of the range alone")},
    ),
    Property(
        "named_ports",
        "A named port",
        {
            "per_pod": "is a number of the pod that listens",
            "cluster_table": "is, in an egress rule, the one number that it has in the whole cluster",
            "union_of_selected_pods": "is, in an ingress rule, every number that it has in a pod which the policy selects; "
            "in an egress rule it is left out for blocks and for everybody",
            "whole_protocol": "opens every port of the protocol",
            "policy_ignored": "makes the plugin refuse the whole policy, which then isolates nobody",
            "never_matches": "is taken for port 0",
        },
        "per_pod",
        gaps={
            "union_of_selected_pods": (
                Feature.NAMED_PORT,
                "opens the numbers that the name has in any of the pods on all of them, and leaves the entry out for blocks of "
                "egress rules",
            ),
            "whole_protocol": (Feature.NAMED_PORT, "opens every port of the protocol"),
            "policy_ignored": (Feature.NAMED_PORT, "refuses the whole policy, which then isolates nobody"),
            "never_matches": (Feature.NAMED_PORT, "takes a name for port 0"),
        },
    ),
    Property(
        "named_ports_to_all",
        "A named port in an egress rule without `to`",
        {
            "every_pod": "means the pods of the cluster that have it",
            "own_namespace": "opens to everybody the numbers that it has in pods of the policy's own namespace",
            "left_out": "is left out, and with it a rule that has no other port",
        },
        "every_pod",
        gaps={
            "own_namespace": (
                Feature.NAMED_PORT_ANYWHERE,
                "opens the numbers that the name has in pods of the policy's own namespace, to everybody",
            )
        },
    ),
    Property(
        "named_port_containers",
        "Names of ports",
        {
            "regular+sidecar": "are those of containers and sidecars",
            "regular": "are those of containers",
            "all": "are those of containers and of all init containers",
        },
        switch=_same("named_port_containers", ("regular+sidecar", "regular", "all")),
    ),
    Property(
        "named_port_duplicates",
        "A name that a pod has twice",
        {"union": "means each of the ports", "first": "means the first one"},
        switch=_same("named_port_duplicates", ("union", "first")),
    ),
    Property(
        "sctp",
        "SCTP",
        {
            "policed": "is policed",
            "needs_option": "is dropped unless an option is set",
            "refused_on_windows": "is policed on Linux nodes, and refused on Windows nodes",
        },
        "policed",
        gaps={
            "needs_option": (Feature.SCTP, "knows SCTP only where `sctp.enabled` is set"),
            "refused_on_windows": (Feature.SCTP, "refuses SCTP on Windows nodes"),
        },
    ),
    Property(
        "ipv6",
        "IPv6",
        {"policed": "is policed", "unpoliced": "is not policed, and blocks of it are refused"},
        "policed",
        gaps={"unpoliced": (Feature.IPV6, "has no IPv6")},
    ),
    Property(
        "ipv6_everything",
        "The block `::/0`",
        {"as_written": "is every IPv6 address", "two_blocks": "is installed as 2000::/3 and fd00::/8"},
        "as_written",
        gaps={"two_blocks": (Feature.EVERY_IPV6, "installs it as 2000::/3 and fd00::/8")},
    ),
    Property(
        "except_scope",
        "An `except`",
        {
            "own_block": "takes addresses out of its own block",
            "same_rule": "takes addresses out of every wider block of the rule",
            "direction": "takes addresses out of every wider block of all policies of the pod in that direction",
        },
        "own_block",
        gaps={
            "same_rule": (
                Feature.EXCEPT_IN_RULE,
                "joins the blocks of a rule, so the exception of one also takes addresses out of the others",
            ),
            "direction": (
                Feature.EXCEPT_ANYWHERE,
                "makes a denial of each exception, which counts for the wider blocks of all rules and policies of the pod",
            ),
        },
    ),
    Property(
        "ipblock_matches_pods",
        "An `ipBlock`",
        {"literal": "means pods that have an address in it", "never": "never means pods"},
        switch=_same("ipblock_matches_pods", ("literal", "never")),
        gaps={"never": (Feature.BLOCK_OF_PODS, "never takes a block for a pod, so the pods in it stay cut off")},
    ),
    Property(
        "ipblock_matches_nodes",
        "An `ipBlock`",
        {"literal": "means nodes that have an address in it", "never": "never means nodes"},
        switch=_same("ipblock_matches_nodes", ("literal", "never")),
    ),
    Property(
        "hostnetwork_pods",
        "A pod on the host network",
        {
            "as_node": "is its node to policies",
            "as_pod": "is a pod like any other",
            "peer_only": "is no subject, and as a peer it stands for the address of its node",
            "peer_if_pod_selector": "is no subject, and as a peer it stands for the address of its node where the peer has "
            "a `podSelector`",
        },
        switch=_same("hostnetwork_pods", ("as_node", "as_pod"), peer_only="as_node", peer_if_pod_selector="as_node"),
    ),
    Property(
        "node_to_own_pod",
        "What a node sends to its own pods",
        {
            "always_allow": "always passes",
            "root_only": "passes if a process of root sends it; else it is judged by the node's address",
            "primary_address_only": "passes from the first address of the node",
        },
        "always_allow",
    ),
    Property(
        "pod_to_own_node",
        "What a pod sends to its own node",
        {
            "policed": "is judged",
            "node_ports_pass": "is judged, but on the ports 30000 to 32767, where it always passes",
            "always_allow": "always passes",
        },
        switch=(
            "pod_to_own_node",
            {"policed": "policed", "node_ports_pass": "policed", "always_allow": "always_allow"},
        ),
    ),
    Property(
        "self_via_service",
        "What a pod sends to itself through a Service",
        {
            "policed": "is judged",
            "allowed": "always passes",
            "ingress_allowed": "passes its ingress policies, and its egress ones are asked",
            "source_hidden": "is judged with another source",
        },
        switch=_same("self_via_service", ("policed", "allowed", "source_hidden"), ingress_allowed="policed"),
    ),
    Property(
        "icmp",
        "ICMP of an isolated pod",
        {
            "portless_rules_only": "passes by rules without ports",
            "some_types_always": "passes by rules without ports; some types always pass",
            "neighbours_always": "passes by rules without ports; neighbour discovery always passes",
            "always_allow": "always passes",
            "always_deny": "never passes",
        },
        switch=_same(
            "icmp",
            ("portless_rules_only", "always_allow", "always_deny"),
            some_types_always="portless_rules_only",
            neighbours_always="portless_rules_only",
        ),
    ),
    Property(
        "service_translation",
        "The address of a Service",
        {
            "before_policy": "is that of a backend when egress policies are asked",
            "after_policy": "is seen by egress policies",
            "after_policy_with_vips": "is seen by egress policies with its port, and rules for pods also open the addresses "
            "of Services whose selector their peers match",
        },
        switch=_same("service_translation", ("before_policy", "after_policy"), after_policy_with_vips="after_policy"),
    ),
    Property(
        "node_ports",
        "What comes through a node port or a load balancer with `externalTrafficPolicy: Cluster`",
        {"policed": "is judged", "escapes": "passes the ingress policies of the pod"},
        "policed",
    ),
    Property(
        "port_entries",
        "Entries of ports",
        {"any": "are all kept", "24": "behind the 24th of an address are dropped"},
        "any",
        gaps={"24": (Feature.MANY_PORTS, "drops the entries behind the 24th")},
    ),
    Property(
        "existing_connections",
        "A connection that is there when a policy changes",
        {
            "kept": "stays",
            "rechecked": "is judged again",
            "judged_afresh": "is judged as if it were new, and may break in the middle",
        },
    ),
    Property("admin_policies", "AdminNetworkPolicy and BaselineAdminNetworkPolicy", KNOWS),
    Property("cluster_policies", "ClusterNetworkPolicy", KNOWS),
    Property(
        "cluster_peers",
        "Peers of cluster-wide policies",
        {
            "all": "are all understood",
            "standard": "that are nodes or names of domains are not understood: the rule allows nothing, or denies everything",
        },
        "all",
    ),
    Property(
        "np_shadows_baseline",
        "A NetworkPolicy",
        {
            "per_direction": "hides baseline policies in its own directions",
            "per_pod": "hides baseline policies in both directions",
        },
        switch=_same("np_shadows_baseline", ("per_direction", "per_pod")),
    ),
    Property(
        "same_priority",
        "Of two cluster-wide policies with one priority",
        {"any": "either may be asked first", "by_name": "the one is asked first whose name comes first"},
        "any",
    ),
)

BY_NAME: Mapping[str, Property] = {column.name: column for column in COLUMNS}
