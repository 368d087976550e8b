"""Questions about queries of DNS from manifest to answer: proved for every name, or refuted by one that the oracle reads."""

from __future__ import annotations

import json

import pytest

import npverify
from helpers import answer
from npverify.analyses.results import AssertionResult
from npverify.cli.app import run
from npverify.ingest.files import File
from npverify.ingest.source import InputError

WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: dns, namespace: shop, labels: {app: dns}}
spec: {containers: [{name: c, image: x, ports: [{name: dns, containerPort: 5353, protocol: UDP}, {name: tcp, containerPort: 5353}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: names, namespace: shop}
spec: {clusterIP: 10.96.0.10, selector: {app: dns}, ports: [{name: u, port: 53, protocol: UDP, targetPort: 5353}, {name: t, port: 53, targetPort: 5353}]}
"""


def policy(*entries: str, name: str = "names", port: int = 5353) -> str:
    """What web may ask the DNS server for."""
    return f"""
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {{app: web}}}}
  egress:
  - toEndpoints: [{{matchLabels: {{app: dns}}}}]
    toPorts: [{{ports: [{{port: '{port}'}}], rules: {{dns: [{", ".join(f"{{{entry}}}" for entry in entries)}]}}}}]
"""


A = policy("matchName: api.example.com", "matchPattern: '*.local'")
PLAIN = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: names, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{ports: [{port: 5353, protocol: UDP}, {port: 5353}]}]}
"""
SERVICE, POD = "service shop/names", "pod shop/dns"

ROWS = [
    ("a name that is let through", A, f"every web reaches {SERVICE} on dns api.example.com", "proved"),
    ("in any case, with a dot at its end", A, f"every web reaches {SERVICE} on dns API.example.com.", "proved"),
    ("another name", A, f"every web reaches {SERVICE} on dns www.example.com", "refuted"),
    ("a pattern that is let through", A, f'every web reaches {SERVICE} on dns "a*.local"', "proved"),
    ("a pattern that means more", A, f'every web reaches {SERVICE} on dns "**.local"', "refuted"),
    ("a pattern that is another one", A, f'no web reaches {SERVICE} on dns "**.example.org"', "proved"),
    ("a pattern with a name that is let through", A, f'no web reaches {SERVICE} on dns "*.example.com"', "refuted"),
    ("any name", A, f"every web reaches {SERVICE} on dns", "refuted"),
    ("no name at all", A, f"no web reaches {SERVICE} on dns", "refuted"),
    ("another port of the pod", A, f"no web reaches {POD} on dns api.example.com", "proved"),
    ("the port of the pod", A, f"every web reaches {POD} on dns/5353 api.example.com", "proved"),
    ("a connection, whatever is asked over it", A, f"every web reaches {SERVICE} on udp/53, tcp/53", "proved"),
    ("a connection to every port but that", A, f"every web reaches {SERVICE}", "proved"),
    ("connections and a name", A, f"every web reaches {SERVICE} on udp/53, dns api.example.com", "proved"),
    ("connections and another name", A, f"every web reaches {SERVICE} on udp/53, dns www.example.com", "refuted"),
    ("some name", A, f'some web reaches {SERVICE} on dns "*.example.com"', "proved"),
    ("some name of others", A, f'some web reaches {SERVICE} on dns "*.example.org"', "refuted"),
    ("each finds one server", A, f"every web reaches some {SERVICE} on dns api.example.com", "proved"),
    ("nothing but a name", A, f"web reaches only {SERVICE} on dns api.example.com", "proved"),
    ("whatever the name, where the port is open", PLAIN, f"every web reaches {SERVICE} on dns api.example.com", "proved"),
    ("whatever the name, where the port is shut", PLAIN, f"no web reaches {POD} on dns/53 api.example.com", "proved"),
    ("two rules add up", A + policy("matchName: b.example", name="more"), f'every web reaches {SERVICE} on dns b.example', "proved"),
    ("a policy whose names another one lets through", A + policy("matchName: x.local", name="more"), "policy shop/more is redundant", "proved"),
    ("a policy with a name of its own", A + policy("matchName: b.example", name="more"), "policy shop/more is redundant", "refuted"),
]  # fmt: skip


def asked(manifests: str, claim: str) -> AssertionResult:
    """The answer to one assertion, under Cilium where some policy is Cilium's."""
    return answer(WORLD + manifests, claim, cni="cilium" if "cilium.io" in manifests else "kubernetes")


@pytest.mark.parametrize(("manifests", "claim", "status"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_proved_of_names(manifests: str, claim: str, status: str) -> None:
    """Each claim has the answer that follows from the names that rules let through."""
    assert asked(manifests, claim).status == status


def test_a_counterexample_shows_the_name() -> None:
    """A usual one that is refused; where none is asked about, none is shown."""
    shown = asked(A, f"every web reaches {SERVICE} on dns").counterexample
    assert shown is not None
    assert (shown.flow.dns, shown.flow.port) == ("example.com", 5353)
    assert asked(A, f"every web reaches {SERVICE} on udp/53, tcp/53").counterexample is None


def test_sets_that_let_other_names_through_are_told_apart() -> None:
    """`equiv` finds a name that only one of them lets through, and knows two patterns that mean the same."""

    def world(*entries: str) -> npverify.World:
        return npverify.load([File("m.yaml", WORLD + policy(*entries), True)], cni="cilium").world

    one = world("matchName: a.x", "matchPattern: '*.y'")
    same = npverify.equiv(one, world("matchPattern: '*.y'", "matchName: A.x", "matchName: b.y"))
    assert same.status == "equivalent"
    other = npverify.equiv(one, world("matchPattern: '*.y'"))
    assert other.witness is not None
    assert other.witness.flow.dns == "a.x"


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("no web reaches dns on dns a/b", "NPV660"),
        ('no web reaches dns on dns "a..b"', "NPV660"),
        ("no web reaches dns on dns/x", "NPV110"),
    ],
)
def test_what_is_no_name_is_an_error(claim: str, code: str) -> None:
    """A name has letters, digits, `-`, `_` and dots between them, and in quotes stars."""
    with pytest.raises(InputError) as raised:
        asked(A, claim.replace("dns on", "pod shop/dns on"))
    assert code in {d.code for d in raised.value.diagnostics}


def test_flows_with_a_name_are_judged(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    """`eval` and `explain` take a name, on the command line and in lines of JSON."""
    (tmp_path / "m.yaml").write_text(WORLD + A)
    lines = [
        {"src": {"pod": "shop/web"}, "dst": {"pod": "shop/dns"}, "protocol": "UDP", "port": 5353, "dns": name}
        for name in ("api.example.com", "b.example")
    ]
    lines.append({**lines[0], "protocol": "SCTP"})
    (tmp_path / "flows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    folder = str(tmp_path / "m.yaml")
    assert run(["eval", folder, "--cni", "cilium", "--flows", str(tmp_path / "flows.jsonl"), "--format", "json"]) == 2
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [a.get("verdict", "error") for a in answers] == ["allowed", "denied", "error"]
    given = ["--cni", "cilium", "--from", "shop/web", "--to", "service/shop/names", "--no-color", "--dns"]
    assert run(["eval", folder, *given, "api.example.com"]) == 0
    assert "UDP 5353, DNS api.example.com, through service" in capsys.readouterr().out
    run(["explain", folder, *given, "b.example"])
    assert "the DNS query is for b.example, not for api.example.com or a name like *.local" in capsys.readouterr().out
