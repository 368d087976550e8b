"""Assertion files that cannot be understood."""

from __future__ import annotations

from bad_input.shape import WORLD, Bad

MORE = (
    WORLD
    + """---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}}}
---
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: shop, labels: {app: probe, tier: api}}
"""
)


def spec(name: str, text: str, *words: str) -> Bad:
    """A row with a good manifest and this assertion file."""
    return Bad(
        id, {"in.yaml": MORE, "bad.npv": text}, tuple(("", w) for w in words), ("prove", "in.yaml", "--spec", "bad.npv")
    )


ROWS = [
    spec("a word where a verb should stand", "assert no web ▶touches db\n", "reaches"),
    spec("an assertion that stops early", "assert no web reaches▷\n", ""),
    spec("a statement that does not exist", "▶asert no web reaches db\n", "assert"),
    spec("an open parenthesis", "assert no (web or db ▶reaches db\n", ")"),
    spec("text that is not closed", 'assert ▷"no end: no web reaches db\n', ""),
    spec("a character of no language", "assert no web reaches db ▶§\n", "§"),
    spec("a misspelt name", "assert no ▶wbe reaches db\n", "web"),
    spec("a name that means two things", "assert no ▶api reaches db\n", "api"),
    spec("a namespace that nobody uses", "assert no pods in namespace ▶shp reaches db\n", "shop"),
    spec("a pod that is not there", "assert no pod ▶shop/wbe reaches db\n", "shop/web"),
    spec("a workload of the wrong kind", "assert no statefulset ▶shop/api reaches db\n", "shop/api"),
    spec("a pack that does not exist", "use ▶kubernetes/dsn\nassert no web reaches db\n", "kubernetes/dns"),
    spec("an address that is none", "assert no web reaches ▷10.0.0.999\n", "10.0.0.999"),
    spec("a block with bits behind its prefix", "assert no web reaches ▶10.0.0.5/24\n", "10.0.0.0/24"),
    spec("a prefix longer than the address", "assert no web reaches ▷10.0.0.0/40\n", "10.0.0.0/40"),
    spec("port 0", "assert no web reaches db on tcp/▷0\n", "65535"),
    spec("port 70000", "assert no web reaches db:▷70000\n", "65535"),
    spec("a range that ends before it starts", "assert no web reaches db on tcp/▷90-80\n", "90"),
    spec("a protocol that does not exist", "assert no web reaches db on ▷tpc/80\n", "tpc"),
    spec("a port that the Service does not have", "assert no web reaches service shop/store on ▷tcp/80\n", "5432"),
    spec("a Service that is not there", "assert no web reaches service ▷shop/stor\n", "shop/store"),
    spec("a policy that is not there", "assert policy ▷shop/lockdown is redundant\n", "shop/lockdown"),
    spec("a property that policies do not have", "assert policy shop/p is ▶useless\n", "redundant"),
    spec("a name that is given twice", "let a = pods\nlet ▷a = nodes\nassert no a reaches db\n", "a"),
    spec(
        "paths over many hops are not decided yet", "assert no internet reaches db ▷through any path\n", "not supported"
    ),
    spec("the open world is not decided yet", "assert no ▷possible pod reaches db\n", "not supported"),
    spec("changes are not decided yet", "assert ▷on change: no new flow reaches db\n", "not supported"),
    spec("HTTP is not decided yet", "assert no web reaches db on ▷http GET /api\n", "not supported"),
    spec("two mistakes are two messages", "assert no ▶wbe reaches db\nassert no web ▶touches db\n", "web", "reaches"),
    spec("no assertion at all", "# nothing yet\nlet a = pods\n"),
    Bad(
        "a spec that is not there",
        {"in.yaml": WORLD},
        (("", "gone.npv"),),
        ("prove", "in.yaml", "--spec", "gone.npv"),
        unmarked=1,
    ),
    Bad(
        "a spec that is not text",
        {"in.yaml": WORLD, "bad.npv": b"\xff\xfe\x00assert"},
        (("", "bad.npv"),),
        ("prove", "in.yaml", "--spec", "bad.npv"),
        unmarked=1,
    ),
]
