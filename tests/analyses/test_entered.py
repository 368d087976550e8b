"""One client's traffic by a way in: every flow that policies may see of it, and what its verdict depends on."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyses.test_entries import (
    ALWAYS,
    AWAY,
    BALANCED,
    CLIENT,
    LITERAL,
    NEVER,
    NODE_IPS,
    NODEPORT,
    NODES,
    db,
    lets_in,
    service,
)
from npverify.analyses.entered import entered
from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader, make_traffic
from npverify.analyses.load import load
from npverify.analyses.results import Evaluation
from npverify.ingest.source import InputError

BY_NODE = "which node it comes in at, and which pod gets it"


def judged(
    folder: Path, manifests: list[str], via: str, src: str = "203.0.113.7", dst: str = "service/x/front", port: int = 80,
    protocol: str = "TCP", **assume: str,
) -> Evaluation:  # fmt: skip
    """The verdict of what a client sends by a way in."""
    (folder / "m.yaml").write_text("\n---\n".join(manifests))
    world = load([str(folder)], assume={**LITERAL, **assume}).world
    directory = FlowReader(world.inventory).directory
    traffic = make_traffic(protocol, port if protocol != "ICMP" else None)
    return evaluate_query(world, entered(world, directory.resolve(src), directory.resolve(dst), traffic, via))


ROWS = [
    ("84: the client's block alone does not let it in", [*NODEPORT, lets_in(CLIENT)], "nodeport", AWAY, False, {BY_NODE}),
    ("84: which another proxy would", [*NODEPORT, lets_in(CLIENT)], "nodeport", {}, False, {BY_NODE, "node_port_snat"}),
    ("the pod's own node is no other", [*NODEPORT, lets_in(CLIENT, "192.168.0.2/32")], "nodeport", {}, True, set()),
    ("a pod may run on any node", [NODES, db("", ""), service(), lets_in(CLIENT)], "nodeport", AWAY, False, {BY_NODE}),
    ("both blocks do", [*NODEPORT, lets_in(CLIENT, *NODE_IPS)], "nodeport", {}, True, set()),
    ("85: with Local the client is seen", [NODES, db(), service(more=", externalTrafficPolicy: Local"), lets_in(CLIENT)], "nodeport", {}, True, set()),
    ("as where nothing is rewritten", [*NODEPORT, lets_in(CLIENT)], "NodePort/x/front", NEVER, True, set()),
    ("CNI-06: only the pod's own node gets through", [*NODEPORT, lets_in()], "nodeport", ALWAYS, False, {BY_NODE}),
    ("a balancer may hide the client", [*BALANCED, lets_in(CLIENT)], "loadbalancer", NEVER, True, {"load_balancer_source"}),
    ("where everybody is let in it does not matter", [*BALANCED, lets_in("0.0.0.0/0")], "loadbalancer", {}, True, set()),
]  # fmt: skip


@pytest.mark.parametrize(
    ("manifests", "via", "assume", "allowed", "depends"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_the_verdict_of_a_client(
    manifests: list[str], via: str, assume: dict[str, str], allowed: bool, depends: set[str], tmp_path: Path
) -> None:
    """It passes only if it does wherever it comes in; what another value would turn around is named."""
    found = judged(tmp_path, manifests, via, **assume)
    assert (found.verdict.allowed, set(found.depends)) == (allowed, depends)


def test_a_pod_is_named_with_its_own_port(tmp_path: Path) -> None:
    """The way is told with the port that the client dials."""
    manifests = [NODES, db(", hostPort: 8443"), service(), lets_in(CLIENT)]
    found = judged(tmp_path, manifests, "hostport", dst="x/db", port=5432)
    assert found.flow.entry is not None
    assert (found.verdict.allowed, found.flow.entry.port, found.depends) == (True, 8443, ())


REFUSED = [
    ("no way", {"via": "nodprt"}, "NPV610"),
    ("from inside", {"src": "x/db"}, "NPV612"),
    ("from a node", {"src": "node/n1"}, "NPV612"),
    ("without ports", {"protocol": "ICMP"}, "NPV612"),
    ("no such port of the Service", {"port": 5432}, "NPV164"),
    ("no such port of the pod", {"dst": "x/db", "port": 22}, "NPV164"),
    ("no Service of that name", {"via": "nodeport/x/back"}, "NPV164"),
    ("no such way to it", {"via": "loadbalancer"}, "NPV164"),
]


@pytest.mark.parametrize(("asked", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_cannot_come_in_is_refused(asked: dict[str, object], code: str, tmp_path: Path) -> None:
    """One message says why."""
    with pytest.raises(InputError) as refused:
        judged(tmp_path, [*NODEPORT, lets_in()], **{"via": "nodeport", **asked})  # type: ignore[arg-type]  # a table
    assert [d.code for d in refused.value.diagnostics] == [code]
