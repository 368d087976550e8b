"""The edge cases of Cilium by their numbers, and those that files do not decide."""

from __future__ import annotations

from dialects.cilium.edge_cases_found import FOUND
from dialects.cilium.edge_cases_peers import PEERS
from dialects.cilium.edge_cases_ports import PORTS
from dialects.cilium.edge_cases_rest import REST
from dialects.cilium.edge_cases_rules import RULES

CASES = (*RULES, *PEERS, *PORTS, *REST, *FOUND)

NOT_DECIDABLE = {
    12: "endpoints without labels yet (reserved:init) are in no manifest",
    20: "the endpoints of health checks and of Envoy are in no manifest",
    32: "pods of other clusters are seen as addresses",
    33: "pods of other clusters are seen as addresses",
    34: "pods of other clusters are seen as addresses",
    35: "pods of other clusters are seen as addresses",
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

LATER = {
    48: "an `except` that is wider than the block, written with host bits",
    80: "conflicts of parsers are found by the agent for each endpoint",
    96: "names that DNS is asked for are not part of a flow yet",
    101: "ClusterNetworkPolicies beside Cilium's are not modelled yet",
    104: "audit mode is not modelled yet",
}
"""Numbers that are decidable and not covered yet."""
