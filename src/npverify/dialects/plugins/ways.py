"""What a profile takes from the table of plugins: the switches that a plugin fixes, and the ways that no switch has."""

from __future__ import annotations

from typing import NamedTuple

from npverify.dialects.plugins.columns import COLUMNS
from npverify.dialects.plugins.model import Plugin

__all__ = ["API", "Ways", "fixed_by", "ways_of"]


class Ways(NamedTuple):
    """What a plugin does otherwise than every reading of the API, as the columns of the same name have it."""

    named_ports: str = "per_pod"
    named_ports_to_all: str = "every_pod"
    except_scope: str = "own_block"
    ipv6_everything: str = "as_written"
    ipv6: str = "policed"
    sctp: str = "policed"
    hostnetwork_pods: str = "as_node"
    node_to_own_pod: str = "always_allow"
    pod_to_own_node: str = "policed"
    self_via_service: str = "policed"
    icmp: str = "portless_rules_only"
    service_translation: str = "before_policy"
    node_ports: str = "policed"
    port_entries: str = "any"
    admin_policies: str = "enforced"
    cluster_policies: str = "enforced"
    cluster_peers: str = "all"
    same_priority: str = "any"


API = Ways()
"""What the API says, and what is the same where only switches differ."""

_SWITCHED = ("hostnetwork_pods", "pod_to_own_node", "self_via_service", "icmp", "service_translation")
"""Columns whose other values are those of a switch; where such a cell is open, the switch is."""


def ways_of(plugin: Plugin, version: str) -> Ways:
    """The ways of a plugin in a version. A cell that is open and no switch stays "", where somebody must ask for both."""
    found = {}
    for name in Ways._fields:
        cell = plugin.cell(name, version)
        if cell is not None and (cell.value or name not in _SWITCHED):
            found[name] = cell.value
    return Ways(**found)


def fixed_by(plugin: Plugin, version: str) -> dict[str, str]:
    """The switches that a plugin fixes in a version, with their values, in the order of the columns."""
    found = {}
    for column in COLUMNS:
        switch, values = column.switch
        cell = plugin.cell(column.name, version)
        if switch and cell is not None and cell.value:
            found[switch] = values[cell.value]
    return found
