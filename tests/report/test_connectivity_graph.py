"""Who may talk to whom as a picture and as a comment: nothing is left out of it, and a folded one counts right."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from html_worlds import cluster
from report_worlds import world

from npverify.analyses.connectivity import connectivity
from npverify.analyses.results import Connectivity
from npverify.cli.app import run
from npverify.inventory.addresses import Prefix
from npverify.report import connectivity_graph
from npverify.report.connectivity_graph import OUTSIDE, connectivity_markdown, picture
from npverify.report.connectivity_report import allowed_text, end_text
from npverify.report.graph import dot, mermaid
from worlds import random_world

WORLDS = [connectivity(random_world(Random(seed))) for seed in range(12)]


def test_a_picture_has_an_arrow_for_each_connection() -> None:
    """And every workload, also one that talks to nobody."""
    for found in [*WORLDS, connectivity(world())]:
        if len(found.connections) > connectivity_graph.MOST_ARROWS:
            continue
        drawn = picture(found)
        assert not drawn.folded
        arrows = [(edge.src, edge.dst, edge.text) for edge in drawn.edges]
        assert arrows == [(end_text(c.src), end_text(c.dst), allowed_text(c.allowed)) for c in found.connections]
        assert list(drawn.ends) == [end_text(ref) for ref, _ in found.connections.listed()]
    assert "shop/tool (Pod)" in picture(connectivity(world())).ends


def by_namespace(found: Connectivity) -> Counter[tuple[str, str]]:
    """How many connections there are from one namespace to another, counted one by one."""
    size = Counter(ref.namespace for ref, _ in found.connections.listed())
    blocks = {end for c in found.connections for end in (c.src, c.dst) if isinstance(end, Prefix)}

    def name(end: object) -> str:
        if isinstance(end, Prefix):
            return str(end) if len(blocks) <= 8 else OUTSIDE
        return f"{end.namespace} ({size[end.namespace]})"

    return Counter((name(c.src), name(c.dst)) for c in found.connections)


def test_a_folded_picture_counts_every_connection_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An arrow says for how many pairs it stands; a pod that is alone has no pair with itself."""
    monkeypatch.setattr(connectivity_graph, "MOST_ARROWS", 0)
    several = 0
    for found in WORLDS:
        expected = by_namespace(found)
        drawn = picture(found)
        assert {(edge.src, edge.dst) for edge in drawn.edges} == set(expected)
        size = Counter(ref.namespace for ref, _ in found.connections.listed())
        alone = Counter(ref.namespace for ref, more in found.connections.listed() if not more)
        whole = {f"{name} ({number})": (number, alone[name]) for name, number in size.items()}
        for edge in drawn.edges:
            here, lone = whole.get(edge.src, (1, 0))
            pairs = here * whole.get(edge.dst, (1, 0))[0] - (lone if edge.src == edge.dst else 0)
            said = expected[edge.src, edge.dst]
            head = edge.text.partition(":")[0]
            if edge.text == "everything":
                assert (said, OUTSIDE in (edge.src, edge.dst)) == (pairs, False)
            elif OUTSIDE in (edge.src, edge.dst):
                assert head.split()[0] == f"{said:,}"
            else:
                assert head.split()[0] == ("all" if said == pairs else f"{said:,}"), edge
                several += said != pairs
    assert several > 5


def test_two_lone_pods_may_send_each_other_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two pairs of two, so all."""
    monkeypatch.setattr(connectivity_graph, "MOST_ARROWS", 0)
    pods = "".join(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{containers: [{{name: c, image: i}}]}}\n---\n"
        for name in "ab"
    )
    (tmp_path / "pods.yaml").write_text(pods, encoding="utf-8")
    out = tmp_path / "out.mmd"
    assert run(("connectivity", str(tmp_path / "pods.yaml"), "-q", "--format", f"mermaid={out}")) == 0
    assert '  n1["shop (2)"]\n' in out.read_text(encoding="utf-8")
    assert '  n1 -->|"everything"| n1\n' in out.read_text(encoding="utf-8")


def test_what_is_large_is_folded_to_namespaces(tmp_path: Path) -> None:
    """41 workloads have 300 connections; the comment says them in 16 rows, and where all of them are."""
    found = tmp_path / "out.md"
    assert run(("connectivity", str(cluster(tmp_path / "w", 40)), "-q", "--format", f"markdown={found}")) == 0
    text = found.read_text(encoding="utf-8")
    assert "By namespaces with the number of their workloads; `--format json` lists each connection." in text
    assert "| team-001 (10) | team-000 (11) | 30 of 110 pairs: TCP 443 |" in text
    assert "| team-001 (10) | 0.0.0.0/0 | everything |" in text
    assert text.count("\n| team-") == 15


def test_a_comment_has_what_fares_alike_in_one_row() -> None:
    """With the picture above it and what it rests on below."""
    text = connectivity_markdown(connectivity(world()), "a | b")
    assert text.startswith("### npverify connectivity: a \\| b\n\n```mermaid\nflowchart LR\n")
    assert "| shop/web (Deployment) | shop/db (StatefulSet) | TCP 5432 |" in text
    assert "| shop/web (Deployment) | shop/tool (Pod), shop/web (Deployment) | everything |" in text
    assert text.rstrip().endswith("<br>")


def test_a_comment_of_any_size_is_one_that_github_takes(tmp_path: Path) -> None:
    """At most 65,536 characters."""
    assert (
        run(("connectivity", str(cluster(tmp_path / "w", 900)), "-q", "--format", f"markdown={tmp_path / 'o.md'}")) == 0
    )
    text = (tmp_path / "o.md").read_text(encoding="utf-8")
    assert len(text) < 65_536
    assert "500 more rows; " in text


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not there")
def test_graphviz_draws_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both forms, with ends that no arrow touches."""
    for most in (100, 0):
        monkeypatch.setattr(connectivity_graph, "MOST_ARROWS", most)
        drawn = picture(connectivity(world()))
        done = subprocess.run(["dot", "-Tsvg"], input=dot(drawn.edges, "t", drawn.ends), capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count('class="node"') >= len(drawn.ends)
        assert done.stdout.count('class="edge"') == len(drawn.edges)


def test_a_title_may_be_left_out() -> None:
    """A comment has a heading of its own."""
    assert mermaid((), "", ("a",)) == 'flowchart LR\n  n1["a"]\n'
