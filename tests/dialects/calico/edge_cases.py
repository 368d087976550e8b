"""Every edge case of Calico that can be decided from files, and those that cannot."""

from __future__ import annotations

from collections.abc import Mapping

from dialects.calico import (
    edge_cases_cluster,
    edge_cases_forwarding,
    edge_cases_hosts,
    edge_cases_order,
    edge_cases_peers,
    edge_cases_rest,
    edge_cases_rules,
    edge_cases_services,
    edge_cases_sets,
    edge_cases_types,
)
from dialects.calico.edge_case import Case

CASES: tuple[Case, ...] = (
    *edge_cases_order.CASES,
    *edge_cases_cluster.CASES,
    *edge_cases_types.CASES,
    *edge_cases_peers.CASES,
    *edge_cases_sets.CASES,
    *edge_cases_rules.CASES,
    *edge_cases_services.CASES,
    *edge_cases_hosts.CASES,
    *edge_cases_forwarding.CASES,
    *edge_cases_rest.CASES,
)

NOT_DECIDABLE: Mapping[int, str] = {
    103: "whether the checker beside an application has got all policies yet is a state of its cache, not of the manifests",
    107: "what becomes of a connection that is open while a policy changes is not a property of the steady state",
}
"""The numbers that have no case, and why."""
