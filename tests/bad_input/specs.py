"""Assertion files that cannot be understood."""

from __future__ import annotations

from bad_input.shape import WORLD, Bad, message

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


def spec(name: str, text: str, *expected: str) -> Bad:
    """A row with a good manifest and this assertion file; each of `expected` is a code and a word."""
    return Bad(
        name,
        {"in.yaml": MORE, "bad.npv": text},
        tuple(map(message, expected)),
        ("prove", "in.yaml", "--spec", "bad.npv"),
    )


ROWS = [
    spec("a word where a verb should stand", "assert no web ▶touches db\n", "NPV100 reaches"),
    spec("an assertion that stops early", "assert no web reaches▷\n", "NPV100"),
    spec("a statement that does not exist", "▶asert no web reaches db\n", "NPV100 assert"),
    spec("an open parenthesis", "assert no (web or db ▶reaches db\n", "NPV100 )"),
    spec("text that is not closed", 'assert ▷"no end: no web reaches db\n', "NPV100"),
    spec("a character of no language", "assert no web reaches db ▶§\n", "NPV100 §"),
    spec("a misspelt name", "assert no ▶wbe reaches db\n", "NPV104 web"),
    spec("a name that means two things", "assert no ▶api reaches db\n", "NPV105 api"),
    spec("a namespace that nobody uses", "assert no pods in namespace ▶shp reaches db\n", "NPV104 shop"),
    spec("a pod that is not there", "assert no pod ▶shop/wbe reaches db\n", "NPV104 shop/web"),
    spec("a workload of the wrong kind", "assert no statefulset ▶shop/api reaches db\n", "NPV104 shop/api"),
    spec("a pack that does not exist", "use ▶kubernetes/dsn\nassert no web reaches db\n", "NPV103 kubernetes/dns"),
    spec("an address that is none", "assert no web reaches ▷10.0.0.999\n", "NPV109 10.0.0.999"),
    spec("a block with bits behind its prefix", "assert no web reaches ▶10.0.0.5/24\n", "NPV109 10.0.0.0/24"),
    spec(
        "a prefix longer than the address, in an assertion",
        "assert no web reaches ▷10.0.0.0/40\n",
        "NPV109 10.0.0.0/40",
    ),
    spec("port 0, in an assertion", "assert no web reaches db on tcp/▷0\n", "NPV110 65535"),
    spec("port 70000", "assert no web reaches db:▷70000\n", "NPV110 65535"),
    spec(
        "a range that ends before it starts, in an assertion", "assert no web reaches db on tcp/▷90-80\n", "NPV110 90"
    ),
    spec("a protocol that does not exist", "assert no web reaches db on ▷tpc/80\n", "NPV110 tpc"),
    spec(
        "a port that the Service does not have", "assert no web reaches service shop/store on ▷tcp/80\n", "NPV113 5432"
    ),
    spec("a Service that is not there", "assert no web reaches service ▷shop/stor\n", "NPV104 shop/store"),
    spec("a policy that is not there", "assert policy ▷shop/lockdown is redundant\n", "NPV115 shop/lockdown"),
    spec("a property that policies do not have", "assert policy shop/p is ▶useless\n", "NPV100 redundant"),
    spec("a name that is given twice", "let a = pods\nlet ▷a = nodes\nassert no a reaches db\n", "NPV106 a"),
    spec(
        "paths over many hops are not decided yet",
        "assert no internet reaches db ▷through any path\n",
        "NPV102 not supported",
    ),
    spec("the open world is not decided yet", "assert no ▷possible pod reaches db\n", "NPV102 not supported"),
    spec(
        "an expression that RE2 does not know",
        "assert no web reaches db on http GET ▶/(?!x)\n",
        "NPV550 RE2 has no `(?!`",
    ),
    spec("a method in small letters", "assert no web reaches db on http ▶get /api\n", "NPV551 told apart by case"),
    spec(
        "two unknown names are two messages",
        "assert no ▶wbe reaches db\nassert no web reaches ▶dbb\n",
        "NPV104 web",
        "NPV104 db",
    ),
    spec(
        "two broken sentences are two messages",
        "assert no web ▶touches db\nassert policy shop/p is ▶useless\n",
        "NPV100 reaches",
        "NPV100 redundant",
    ),
    spec(
        "a pod range that is one address",
        "assume pod addresses in ▷10.244.0.0\nassert no web reaches db\n",
        "NPV109 10.244.0.0",
    ),
    Bad(
        "no assertion at all",
        {"in.yaml": MORE, "bad.npv": "# nothing yet\nlet a = pods\n"},
        (("NPV143", "assertion"),),
        ("prove", "in.yaml", "--spec", "bad.npv"),
        unmarked=1,
    ),
    Bad(
        "an empty spec",
        {"in.yaml": MORE, "bad.npv": ""},
        (("NPV143", "assertion"),),
        ("prove", "in.yaml", "--spec", "bad.npv"),
        unmarked=1,
    ),
    spec(
        "a misspelt keyword behind a complete statement",
        "assert no app reaches pods\n▶asert no pod reaches 192.0.2.2\n",
        "NPV100 `assert`",
    ),
    spec("a name behind the colon of a port", "assert no web reaches db▶:http\n", "NPV100 `on port http`"),
    spec(
        "ports without a comma between them",
        "assert no web reaches db on tcp/80 ▶udp/53\n",
        "NPV100 `on tcp/80, udp/53`",
    ),
    Bad(
        "a spec that is not there",
        {"in.yaml": WORLD},
        (("NPV001", "gone.npv"),),
        ("prove", "in.yaml", "--spec", "gone.npv"),
        unmarked=1,
    ),
    Bad(
        "a spec that is not text",
        {"in.yaml": WORLD, "bad.npv": b"assert no caf\xe9 reaches db"},
        (("NPV004", "UTF-8"),),
        ("prove", "in.yaml", "--spec", "bad.npv"),
        unmarked=1,
    ),
    Bad(
        "names of a spec without any manifest",
        {"in.yaml": "", "bad.npv": "let a = deployment shop/a\nassert no a reaches pods in namespace shop\n"},
        (("NPV144", "kubectl"),),
        ("prove", "in.yaml", "--spec", "bad.npv"),
        unmarked=1,
    ),
]
