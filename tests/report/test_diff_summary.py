"""The summary of a change that leaves connections as they are, and opens or closes what is sent over them."""

from __future__ import annotations

import pytest

from npverify.analyses.diff.run import diff
from npverify.analyses.load import load
from npverify.analyses.world import World
from npverify.ingest.files import File
from npverify.report.diff_markdown import render_markdown
from npverify.report.diff_words import title

PODS = "".join(
    "---\napiVersion: v1\nkind: Pod\n"
    f"metadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}\n"
    f"spec: {{containers: [{{name: c, image: i}}]}}\nstatus: {{phase: Running, podIP: 10.1.0.{number}}}\n"
    for number, name in enumerate(("web", "api"), 1)
)
GET_A, GET_B, POST_A = "{method: GET, path: /a}", "{method: GET, path: /b}", "{method: POST, path: /a}"


def world(*requests: str, port: int = 80) -> World:
    """A web pod that may send these requests to a port of another pod; without any, whatever it likes."""
    rules = f", rules: {{http: [{', '.join(requests)}]}}" if requests else ""
    policy = (
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: api, namespace: shop}\n"
        "spec:\n  endpointSelector: {matchLabels: {app: api}}\n  ingress:\n"
        "  - fromEndpoints: [{matchLabels: {app: web}}]\n"
        f'    toPorts: [{{ports: [{{port: "{port}", protocol: TCP}}]{rules}}}]\n'
    )
    return load([File("all.yaml", PODS + policy, named=True)], cni="cilium").world


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            world(GET_A),
            world(GET_A, GET_B),
            "Connections: none opened or closed · HTTP requests: 1 group opened",
            id="a request more",
        ),
        pytest.param(
            world(GET_A, GET_B),
            world(GET_A),
            "Connections: none opened or closed · HTTP requests: 1 group closed",
            id="a request less",
        ),
        pytest.param(
            world(GET_A),
            world(POST_A),
            "Connections: none opened or closed · HTTP requests: 1 group opened, 1 closed",
            id="another method",
        ),
        pytest.param(world(GET_A), world(GET_A), "Connections: nothing is different", id="the same"),
        pytest.param(
            world(), world(port=81), "Connections: 0 opened, 0 closed, 1 changed", id="another port, and no request"
        ),
    ],
)
def test_the_summary_names_requests(old: World, new: World, expected: str) -> None:
    """Text, Markdown and the formats of checks have one title."""
    result = diff(old, new)
    assert title(result) == expected
    assert render_markdown(result).splitlines()[0] == f"### {expected}"
