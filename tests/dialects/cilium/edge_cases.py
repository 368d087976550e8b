"""The edge cases of Cilium by their numbers, and those that files do not decide."""

from __future__ import annotations

from dialects.cilium.edge_cases_found import FOUND
from dialects.cilium.edge_cases_joined import JOINED
from dialects.cilium.edge_cases_kafka import KAFKA
from dialects.cilium.edge_cases_mesh import MESH
from dialects.cilium.edge_cases_names import NAMES
from dialects.cilium.edge_cases_peers import PEERS
from dialects.cilium.edge_cases_ports import PORTS
from dialects.cilium.edge_cases_requires import REQUIRES
from dialects.cilium.edge_cases_rest import REST
from dialects.cilium.edge_cases_rules import RULES

CASES = (*RULES, *PEERS, *PORTS, *REST, *FOUND, *JOINED, *KAFKA, *NAMES, *REQUIRES, *MESH)

ELSEWHERE = {101: "ClusterNetworkPolicies beside Cilium's: `dialects.cluster_edge_cases`, 111"}
"""Numbers whose cases stand in another table."""

NOT_DECIDABLE = {
    12: "endpoints without labels yet (reserved:init) are in no manifest",
    20: "the endpoints of health checks and of Envoy are in no manifest",
    37: "which label keys the filter for nodes has is an option of the agent",
    59: "where a pod's DNS goes is not in the policies; `reaches` is asked of the address",
    60: "which node translates, and whether it hides the client, is not in the manifests",
    61: "which connections come through the ingress endpoint is not in the manifests",
    90: "which resolver a pod uses is not in the manifests",
    92: "what a name resolves to is not known",
    93: "what a name resolves to is not known",
    106: "which version of an object was accepted last is not in the manifests",
    108: "policies of another cluster are not known",
}
"""Numbers without a case, with the reason."""
