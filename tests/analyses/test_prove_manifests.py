"""Assertions about small manifests that are proved only if what nobody knows is taken at its worst."""

from __future__ import annotations

from pathlib import Path

import pytest

from npverify.analyses.load import load
from npverify.analyses.prove import prove
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import unknown_in
from npverify.smt.solver import satisfiable

LITERAL = {"ipblock_matches_pods": "literal"}


def pod(name: str, app: str, ip: str = "", more: str = "", ns: str = "x") -> str:
    """A pod manifest; without an address it is one that a file describes."""
    status = f", status: {{phase: Running, podIPs: [{{ip: {ip}}}]}}" if ip else ""
    spec = f"containers: [{{name: c, image: i}}]{more}"
    meta = f"{{name: {name}, namespace: {ns}, labels: {{app: {app}}}}}"
    return f"{{apiVersion: v1, kind: Pod, metadata: {meta}, spec: {{{spec}}}{status}}}"


def policy(name: str, app: str, rules: str) -> str:
    """A NetworkPolicy on the pods of an app in namespace x."""
    spec = f"{{podSelector: {{matchLabels: {{app: {app}}}}}, {rules}}}"
    return f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: x}}, spec: {spec}}}"


def node(name: str) -> str:
    """A node whose address is not known."""
    return f"{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}}}"


def blocks(*cidrs: str) -> str:
    """An ingress from blocks of addresses."""
    return f"ingress: [{{from: [{', '.join(f'{{ipBlock: {{cidr: {c}}}}}' for c in cidrs)}]}}]"


def status_of(folder: Path, manifests: list[str], assertion: str, assume: dict[str, str]) -> str:
    """The status of one assertion."""
    (folder / "m.yaml").write_text("\n---\n".join(manifests))
    (folder / "s.npv").write_text(f"assert {assertion}\n")
    loaded = load([str(folder)], assume=assume)
    return prove(loaded.world, loaded.assertions).results[0].status.value


DENIED = "ingress: [], policyTypes: [Ingress]"
FROM_C = "ingress: [{from: [{podSelector: {matchLabels: {app: c}}}]}]"
TWINS = [pod("a", "a", "10.1.0.1"), pod("b", "a", "10.1.0.2"), pod("c", "c", "10.1.0.3"), policy("p", "a", FROM_C)]
ON_N1 = [node("n1"), node("n2"), policy("p", "a", DENIED)]
HALVES = [
    pod("a", "a"),
    pod("b1", "b1", "10.1.0.2"),
    pod("b2", "b2", "10.1.0.3"),
    policy("p1", "b1", blocks("0.0.0.0/1")),
]
TO_Y = "egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: why}}}]}], policyTypes: [Egress]"
UNDECLARED = [
    pod("a", "a", "10.1.0.1"),
    pod("b", "b", "10.1.0.2", ns="why"),
    pod("c", "c", "10.1.0.3", ns="zed"),
    policy("p", "a", TO_Y),
]

EXISTENCE = [
    ("a twin of a destination is asked for itself", TWINS, "every pod reaches some pod x/a", "refuted"),
    ("who may reach it is proved", TWINS, "every pod x/c reaches some (pod x/a or pod x/b)", "proved"),
    (
        "of two nodes only the pod's own reaches it",
        [*ON_N1, pod("a", "a", "10.1.0.1", ", nodeName: n1")],
        "every node reaches some pod x/a",
        "refuted",
    ),
    (
        "the pod's own node reaches it",
        [*ON_N1, pod("a", "a", "10.1.0.1", ", nodeName: n1")],
        "every node n1 reaches some pod x/a",
        "proved",
    ),
    (
        "a node may not be the one where the pod runs",
        [*ON_N1, pod("a", "a", "10.1.0.1")],
        "some node n2 reaches pod x/a",
        "refuted",
    ),
    (
        "an unknown address may be in none of the blocks of two destinations",
        [*HALVES, policy("p2", "b2", blocks("64.0.0.0/2", "128.0.0.0/9"))],
        "every pod x/a reaches some (pod x/b1 or pod x/b2) on tcp/80",
        "refuted",
    ),
    (
        "so that no flow need exist",
        [*HALVES, policy("p2", "b2", blocks("64.0.0.0/2", "128.0.0.0/9"))],
        "some pod x/a reaches (pod x/b1 or pod x/b2) on tcp/80",
        "refuted",
    ),
    (
        "an unknown address is in one of the blocks of two destinations",
        [*HALVES, policy("p2", "b2", blocks("64.0.0.0/2", "128.0.0.0/1"))],
        "every pod x/a reaches some (pod x/b1 or pod x/b2) on tcp/80",
        "proved",
    ),
    (
        "a pod that is no destination under a reading takes nothing there",
        UNDECLARED,
        'every pod x/a reaches some pods in namespace where env == "prod"',
        "refuted",
    ),
    (
        "the pod that is reached is a destination under every reading",
        UNDECLARED,
        'every pod x/a reaches some (pod why/b or pods in namespace where env == "prod")',
        "proved",
    ),
]


@pytest.mark.parametrize(
    ("manifests", "text", "status"), [row[1:] for row in EXISTENCE], ids=[row[0] for row in EXISTENCE]
)
def test_what_exists_exists_under_every_reading(tmp_path: Path, manifests: list[str], text: str, status: str) -> None:
    """An existential statement is proved only if addresses, nodes and labels that nobody knows leave something."""
    assert status_of(tmp_path, manifests, text, LITERAL) == status


@pytest.mark.parametrize("count", [255, 256, 257, 300])
def test_every_value_of_a_closed_unknown_is_possible(count: int) -> None:
    """The last of many values is as possible as the first, and nothing else is."""
    unknown = Unknown("place", tuple(f"v{n}" for n in range(count)))
    assert satisfiable(unknown_in(unknown, f"v{count - 1}"))
