"""The rows about plugins, run through the lowering, the oracle, the encoder and the reduction."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

import npverify
from agreement import encoded
from dialects.calico.edge_queries import flow_of
from dialects.plugins.rows import ELSEWHERE, OAK, P1, ROWS, Row, flow
from dialects.queries import readings_of
from npverify.analyses.world import World
from npverify.dialects.plugins import PLUGINS
from npverify.dialects.plugins.columns import COLUMNS
from npverify.inventory.addresses import Address
from npverify.inventory.unknowns import FACT, Reading, Unknown
from npverify.normal.flow import Flow
from npverify.oracle import Oracle
from npverify.reduction.residuals import Residuals

VERDICTS = [
    pytest.param(row, plugin, id=f"{row.about} {row.fact}: {plugin}") for row in ROWS for plugin in row.verdicts
]
REFUSED = [pytest.param(row, plugin, id=f"{row.about} {row.fact}: {plugin}") for row in ROWS for plugin in row.refused]


def world_of(row: Row, plugin: str) -> World:
    """The world of a row under a plugin; InputError where it is refused."""
    return _world(row.manifests, plugin)


@cache
def _world(manifests: str, plugin: str) -> World:
    """Rows share policies."""
    return npverify.load(["-"], cni=plugin, stdin=manifests.encode).world


def facts(oracle: Oracle, flow: Flow) -> list[str]:
    """The facts that the verdict on a flow may hang on."""
    touched: dict[str, Unknown] = {}
    oracle.decide(flow, {}, touched)
    return [name for name, unknown in touched.items() if unknown.values == FACT]


def by_oracle(row: Row, plugin: str) -> tuple[World, Flow, list[tuple[Reading, bool]]]:
    """Hold the verdicts of a row against the oracle; its world, its flow, and what it says for each reading."""
    assert row.query is not None
    world = world_of(row, plugin)
    if plugin in row.warned:
        assert row.warned[plugin] in {d.code for d in world.warnings}
    oracle = Oracle(world.policies, world.inventory)
    query = row.query._replace(want=row.verdicts[plugin])
    flow = flow_of(query, world.inventory)
    switches = world.policies.switches if row.about.startswith("CNI") else ()
    readings = list(readings_of(query, switches))  # type: ignore[arg-type]  # it has what is asked for there
    if isinstance(query.want, str):
        readings += [({name: "true"}, query.want == "A") for name in facts(oracle, flow)]
    for reading, want in readings:
        verdict = oracle.decide(flow, reading)
        assert verdict.allowed is want, (reading, verdict)
    return world, flow, readings


@pytest.mark.parametrize(("row", "plugin"), VERDICTS)
def test_a_flow_is_worth_what_the_row_says(row: Row, plugin: str) -> None:
    """Under each plugin the flow has the verdict of the row, in the oracle, the encoder and the reduction."""
    world, flow, readings = by_oracle(row, plugin)
    # that all agree on every reading is held by random worlds: of a plain verdict the default reading will do, and none at all
    # under plugins that are lowered as they are everywhere else
    written = readings
    if isinstance(row.verdicts[plugin], str):
        written = readings[: PLUGINS[plugin.partition("@")[0]].engine == "kubernetes"]
    said = encoded(flow, (reading for reading, _ in written), world, Residuals(world.inventory, world.policies))
    for (reading, want), by_others in zip(written, said, strict=True):
        assert by_others == (want, want), reading


@pytest.mark.parametrize(("row", "plugin"), REFUSED)
def test_what_a_plugin_cannot_do_is_an_error(row: Row, plugin: str) -> None:
    """Where nobody knows what the plugin makes of a policy there is an error and no answer."""
    with pytest.raises(npverify.InputError) as raised:
        world_of(row, plugin)
    assert {d.code for d in raised.value.diagnostics if d.severity == "error"} == {row.refused[plugin]}


SECOND = Address.parse("198.51.100.1")


@pytest.mark.parametrize(
    ("src", "dst", "plugin", "want"),
    [
        pytest.param(OAK, P1, "aws-vpc-cni", False, id="ingress counts the first address alone"),
        pytest.param(P1, OAK, "aws-vpc-cni", False, id="egress too"),
        pytest.param(OAK, P1, "calico", True, id="elsewhere every address of the node is the node"),
        pytest.param(P1, OAK, "azure-npm", True, id="in egress too"),
    ],
)
def test_the_second_address_of_a_node(src: str, dst: str, plugin: str, want: bool) -> None:
    """Amazon's plugin knows the own node by its first address."""
    row = next(row for row in ROWS if row.about == "CNI-23")._replace(query=flow(src, dst))
    assert row.query is not None
    world = world_of(row, plugin)
    asked = flow_of(row.query, world.inventory)
    asked = replace(asked, src_ip=SECOND) if src == OAK else replace(asked, dst_ip=SECOND)
    assert Oracle(world.policies, world.inventory).decide(asked).allowed is want


def test_every_finding_has_a_place() -> None:
    """Each of the 27 findings has a row, or a reason why it has none here."""
    rows = {row.about for row in ROWS if row.about.startswith("CNI")}
    assert rows | set(ELSEWHERE) == {f"CNI-{n:02}" for n in range(1, 28)}
    assert not rows & set(ELSEWHERE)


WITHOUT_A_VERDICT = {
    "existing_connections": "a verdict is about a new connection",
    "admin_policies": "edge cases of policy.networking.k8s.io",
    "cluster_policies": "edge cases of policy.networking.k8s.io",
    "np_shadows_baseline": "edge cases of policy.networking.k8s.io",
    "same_priority": "edge cases of policy.networking.k8s.io",
    "cluster_peers": "edge cases of policy.networking.k8s.io",
    "enforces": "CNI-01",
    "named_ports_to_all": "CNI-24",
    "ipblock_matches_pods": "CNI-02",
    "ipblock_matches_nodes": "CNI-03",
    "self_via_service": "CNI-17",
    "node_ports": "CNI-05",
}
"""Columns without a row of their own name: where their rows are."""


def test_every_column_has_a_row() -> None:
    """Each column of the table is what some row is about."""
    about = {row.about for row in ROWS}
    assert {column.name for column in COLUMNS} == (about | set(WITHOUT_A_VERDICT)) - {
        a for a in about if a.startswith("CNI")
    }


def test_every_plugin_is_in_some_row() -> None:
    """Each plugin under which something can be proved is asked of some row."""
    asked = {plugin.partition("@")[0] for row in ROWS for plugin in row.verdicts}
    assert asked == {name for name, plugin in PLUGINS.items() if not plugin.refusal}
