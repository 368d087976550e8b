"""Every cell of the table of plugins has a row: with another value in the cell, that row does not hold any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import pytest

import npverify
from dialects import cluster_edge_cases
from dialects.calico.edge_queries import flow_of
from dialects.edge_cases import joined
from dialects.plugins import test_plugin_rows as rows
from dialects.plugins.rows import OAK, P1, ROWS, WORLD, Q, flow
from dialects.plugins.test_plugin_rows import WITHOUT_A_VERDICT
from dialects.test_cluster_edge_cases import test_a_flow_is_worth_what_the_table_says as judge_cluster
from npverify.dialects.plugins import PLUGINS
from npverify.dialects.plugins.columns import COLUMNS
from npverify.dialects.plugins.model import Plugin, Property
from npverify.dialects.profiles import _of
from npverify.oracle import Oracle

_ADMIN = """apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: x}
spec: {priority: 5, subject: {namespaces: {}}, ingress: [{name: r, action: Deny, from: [{namespaces: {}}]}]}
"""
_CLUSTER = """apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: x}
spec: {tier: Admin, priority: 5, subject: {namespaces: {}}, ingress: [{name: r, action: Deny, from: [{namespaces: {}}]}]}
"""
_OPEN = {"cluster_policies": "on"}

GATES = {
    "kubernetes": "DD", "calico@3.28": "AA", "calico@3.29": "DA", "calico@3.31": "DA", "calico": "AD",
    "canal@3.28": "AA", "canal@3.31": "DA", "canal": "AD",
    "cilium@1.19": "AA AA", "cilium": "AA AD", "azure-cilium": "AU AU", "gke-dpv2": "UU UU",
    "antrea@1.12": "AA", "antrea@1.13": "AA DA", "antrea": "AA DD",
    "kube-router": "AA", "weave": "AA", "azure-npm": "AA", "aws-vpc-cni": "AA", "ovn-kubernetes": "DU",
    "kube-network-policies@npa-v1alpha1": "DA", "kube-network-policies@npa-v1alpha2": "AD", "kube-network-policies": "AA",
    "flannel": "AA", "none": "AA",
}  # fmt: skip
"""By plugin, what becomes of a flow that an AdminNetworkPolicy denies, and of one that a ClusterNetworkPolicy does: A, it is not
known there; D, it is denied; U, nobody knows, and it is refused. The second pair is with the gate open, where there is one."""


def _at_the_gate(cni: str) -> str:
    """The letters of a plugin as the program has them."""
    found = []
    for assume in ({}, _OPEN)[: len(GATES[cni].split())]:
        for policy in (_ADMIN, _CLUSTER):
            try:
                world = npverify.load(["-"], cni=cni, assume=assume, stdin=joined(WORLD, policy).encode).world
            except npverify.InputError as error:
                found.append("U" if {d.code for d in error.diagnostics if d.severity == "error"} == {"NPV577"} else "?")
                continue
            verdict = Oracle(world.policies, world.inventory).decide(flow_of(flow(Q, P1), world.inventory))
            found.append("A" if verdict.allowed else "D")
    return "".join(found)


@pytest.mark.parametrize("cni", GATES)
def test_which_plugins_know_cluster_wide_policies(cni: str) -> None:
    """Each plugin enforces, does not know, or leaves open whether it knows the two kinds of cluster-wide policies."""
    assert _at_the_gate(cni) == GATES[cni].replace(" ", "")


IN_ENGINES: Mapping[str, frozenset[str]] = {
    "calico": frozenset({
        "node_to_own_pod", "pod_to_own_node", "hostnetwork_pods", "self_via_service", "icmp", "service_translation",
        "cluster_peers", "np_shadows_baseline", "same_priority",
    }),
    "cilium": frozenset({
        "node_to_own_pod", "pod_to_own_node", "hostnetwork_pods", "self_via_service", "icmp", "service_translation", "sctp",
        "named_ports",
    }),
}  # fmt: skip
"""Columns of which the dialect of an engine has code of its own: another value need not change anything, and it has edge cases."""

IN_CODE = {
    ("azure-npm", "sctp"): "sctp",
    ("aws-vpc-cni", "named_ports_to_all"): "CNI-24",
    ("aws-vpc-cni", "except_scope"): "CNI-11",
    ("aws-vpc-cni", "port_entries"): "CNI-21",
}
"""Cells that say in a word what another cell of the plugin brings about, with what their rows are about."""

ALIKE = {"canal": "calico", "azure-cilium": "cilium@1.18"}
"""Plugins that are another one, in which version."""

UNSEEN = {
    ("weave", "icmp", "neighbours_always"): "it has no IPv6",
    ("azure-npm", "icmp", "neighbours_always"): "it has no IPv6",
}
"""Values that would change nothing."""

NO_VERDICT = {"existing_connections", "admin_policies", "cluster_policies"}
"""Columns about something else than what is asked here; of policies, GATES has every plugin."""


def _differing() -> Iterator[tuple[Plugin, Property]]:
    """The cells that say something else than the API, or fix what it leaves open, where something is proved under the plugin."""
    for plugin in PLUGINS.values():
        for column in COLUMNS:
            cell = plugin.cell(column.name)
            said = cell is not None and cell.value not in ("", column.api)
            if (
                said
                and plugin.name not in ("kubernetes", *ALIKE)
                and not plugin.refusal
                and column.name not in NO_VERDICT
            ):
                yield plugin, column


DIFFERING = [pytest.param(*each, id=f"{each[0].name} {each[1].name}") for each in _differing()]


FINDINGS = {
    "endport": "CNI-07", "named_ports": "CNI-08", "except_scope": "CNI-11", "ipv6_everything": "CNI-13", "icmp": "CNI-14",
    "hostnetwork_pods": "CNI-18", "pod_to_own_node": "CNI-04", "node_to_own_pod": "CNI-23", "service_translation": "CNI-19",
}  # fmt: skip
"""The findings that are about a column, whose rows are looked at first."""


def _judges(plugin: str, column: str) -> Iterator[Callable[[], object]]:
    """What judges the rows that name a plugin, those about the column first."""
    about = {column, WITHOUT_A_VERDICT.get(column, ""), FINDINGS.get(column, "")}
    if WITHOUT_A_VERDICT.get(column, "").startswith("edge cases"):
        yield from _of_cluster(plugin)
    for row in sorted(ROWS, key=lambda row: row.about not in about):
        if plugin in row.verdicts:
            yield partial(rows.by_oracle, row, plugin)
        elif plugin in row.refused:
            yield partial(rows.test_what_a_plugin_cannot_do_is_an_error, row, plugin)
    if (plugin, column) == ("aws-vpc-cni", "node_to_own_pod"):
        yield partial(rows.test_the_second_address_of_a_node, OAK, P1, plugin, False)


def _of_cluster(plugin: str) -> Iterator[Callable[[], object]]:
    for case in cluster_edge_cases.CASES:
        if case.cni.partition("@")[0] == plugin and case.queries:
            yield partial(judge_cluster, case)


def _holds(judge: Callable[[], object]) -> bool:
    rows._world.cache_clear()
    try:
        judge()
    except (AssertionError, npverify.InputError, pytest.fail.Exception):
        return False
    return True


@pytest.mark.parametrize(("plugin", "column"), DIFFERING)
def test_a_cell_has_a_row(plugin: Plugin, column: Property, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else stands in the cell, some row about the plugin notices, or one is named that is about the cell."""
    if column.name in IN_ENGINES.get(plugin.engine, ()):
        return
    if named := IN_CODE.get((plugin.name, column.name)):
        assert any(row.about == named and plugin.name in (*row.verdicts, *row.refused) for row in ROWS)
        return
    cells = plugin.cells[column.name]
    for value in column.values:
        other = plugin._replace(cells={**plugin.cells, column.name: tuple(c._replace(value=value) for c in cells)})
        if _of(other, plugin.newest) == _of(plugin, plugin.newest) or (plugin.name, column.name, value) in UNSEEN:
            continue
        with monkeypatch.context() as planted:
            planted.setitem(PLUGINS, plugin.name, other)  # type: ignore[arg-type]
            assert not all(map(_holds, _judges(plugin.name, column.name))), value
    rows._world.cache_clear()


@pytest.mark.parametrize("plugin", ALIKE)
def test_a_plugin_that_is_another_one_does_as_it(plugin: str) -> None:
    """Every row about the one holds of the other, but for what they are called."""
    name, _, version = ALIKE[plugin].partition("@")
    one, other = _of(PLUGINS[plugin], PLUGINS[plugin].newest), _of(PLUGINS[name], version or PLUGINS[name].newest)
    gates = {"cluster_policies": other.ways.cluster_policies}
    assert (one.fixed, one.ways._replace(**gates)) == (other.fixed, other.ways)
