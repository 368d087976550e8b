"""`npverify explain` on the command line: ranges, edits, siblings, and what is said of names and ports that are none."""

from __future__ import annotations

import json

import pytest
from cli_worlds import MANIFESTS, POLICY, write

from npverify.cli.app import run

FROM = ("explain", "all.yaml", "--from", "web", "--to", "postgres")


def test_a_denied_flow_is_explained_with_edits(shop, capsys):
    """The smallest edit first, ready to paste, with what else it opens; the allowed siblings before."""
    assert run((*FROM, "--port", "80")) == 0
    told = capsys.readouterr().out
    assert "Allowed siblings: TCP 5432\n" in told
    assert "1. add TCP 80 to the ports of NetworkPolicy shop/postgres, ingress[0]; opens nothing else\n" in told
    assert "into spec.ingress[0].ports\n       - {protocol: TCP, port: 80}\n" in told
    assert run((*FROM, "--port", "80", "--no-edits")) == 0
    assert "To allow it" not in capsys.readouterr().out
    assert run((*FROM, "--port", "80", "--format", "json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [edit["kind"] for edit in found["edits"]] == ["port", "rule", "policy"]
    assert found["siblings"] == {"verdict": "allowed", "traffic": [{"protocol": "TCP", "port": 5432}]}
    assert found["edits"][0]["opens"] == {
        "opened": [], "closed": [], "opened_outside": [], "closed_outside": [], "same_ends_more": False,
        "nodes_counted": True,
    }  # fmt: skip


def test_the_edit_that_is_told_works_when_it_is_pasted(shop, capsys):
    """What the text says to add, added by hand, allows the flow."""
    pasted = POLICY.replace("ports: [{port: 5432}]", "ports:\n    - {port: 5432}\n    - {protocol: TCP, port: 80}")
    write(shop, all_yaml=f"{MANIFESTS}---\n{pasted}")
    assert run((*FROM, "--port", "80")) == 0
    assert capsys.readouterr().out.startswith("ALLOWED")


def test_an_allowed_flow_has_denied_siblings_and_no_edits(shop, capsys):
    """The port of another protocol is denied."""
    assert run((*FROM, "--port", "5432")) == 0
    told = capsys.readouterr().out
    assert told.endswith("Denied siblings: UDP 5432, SCTP 5432\n")
    assert run((*FROM, "--port", "5432", "--format", "json")) == 0
    assert "edits" not in json.loads(capsys.readouterr().out)


def test_a_range_is_explained_part_by_part(shop, capsys):
    """Outside addresses and the pod that stands among them fare differently."""
    asked = ("explain", "all.yaml", "--from", "10.1.0.0/24", "--to", "postgres", "--port", "5432")
    assert run(asked) == 0
    told = capsys.readouterr().out
    assert told.startswith(
        "10.1.0.0/24: 2 parts\n  1. denied   10.1.0.0/24 (outside addresses)\n  2. allowed  shop/postgres"
    )
    assert "\n1. 10.1.0.0/24 (outside addresses), for example\nDENIED  10.1.0.0 -> shop/postgres  TCP 5432\n" in told
    assert run((*asked, "--format", "json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(part["blocks"], part["verdict"]) for part in found["parts"]] == [
        (["10.1.0.0/24"], "denied"),
        ([], "allowed"),
    ]
    assert found["parts"][1]["ends"] == [{"pod": "shop/postgres"}]


SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: data, namespace: shop}
spec: {selector: {app: postgres}, ports: [{port: 80, targetPort: 5432}]}
"""


@pytest.mark.parametrize("name", ["service/shop/data", "service shop/data", "service/data", "data"])
def test_a_service_is_its_backends_at_their_port(shop, capsys, name):
    """However the Service is named, the flow goes to the pod behind it, at the target port."""
    write(shop, all_yaml=f"{MANIFESTS}---\n{POLICY}{SERVICE}")
    assert run(("explain", "all.yaml", "--from", "web", "--to", name, "--port", "80")) == 0
    assert "shop/web -> shop/postgres  TCP 5432, through service shop/data port 80" in capsys.readouterr().out


REPLICAS = """\
---
apiVersion: v1
kind: Pod
metadata: {name: data-1, namespace: shop, labels: {set: data, app: postgres}}
---
apiVersion: v1
kind: Pod
metadata: {name: data-2, namespace: shop, labels: {set: data}}
---
apiVersion: v1
kind: Service
metadata: {name: both, namespace: shop}
spec: {selector: {set: data}, ports: [{port: 80, targetPort: 80}]}
"""


def test_backends_that_fare_otherwise_are_told(shop, capsys):
    """A Service is denied if a backend is; the other backend is told beside it."""
    write(shop, all_yaml=f"{MANIFESTS}---\n{POLICY}{REPLICAS}")
    assert run(("explain", "all.yaml", "--from", "web", "--to", "service/shop/both", "--port", "80")) == 0
    told = capsys.readouterr().out
    assert told.startswith("DENIED  shop/web -> shop/data-1")
    assert "Otherwise allowed: shop/web -> shop/data-2; ingress allowed" in told


UNCLEAR = [
    ("a node without its kind", ("--to", "n1", "--port", "1"), "did you mean `node/n1`?"),
    ("a namespace", ("--to", "shop", "--port", "1"), "did you mean `shop/postgres`?"),
    ("a kind as kubectl has it", ("--to", "deploy/postgres", "--port", "1"), "did you mean `shop/postgres`?"),
    ("a Service as kubectl has it", ("--to", "svc/data", "--port", "1"), "did you mean `service/shop/data`?"),
    ("a word of the assertions", ("--to", "internet", "--port", "1"), "one of its addresses, such as `203.0.113.10`"),
    ("a port that is no number", ("--to", "web", "--port", "abc"), "`--port abc` is not a port number"),
    ("a protocol in the port", ("--to", "web", "--port", "tcp/80"), "--protocol TCP --port 80"),
    ("a port beyond the last", ("--to", "web", "--port", "70000"), "`port` 70000 is no port"),
    ("host bits", ("--to", "10.1.2.3/8", "--port", "1"), "`10.0.0.0/8` for the range"),
    ("a range of one", ("--to", "10.1.2.3/32", "--port", "1"), "write `10.1.2.3`"),
]


@pytest.mark.parametrize("command", ["explain", "eval"])
@pytest.mark.parametrize(("options", "told"), [pytest.param(*row[1:], id=row[0]) for row in UNCLEAR])
def test_what_is_meant_is_told(shop, capsys, command, options, told):
    """One clear message with the mend, and exit code 2."""
    node = "---\napiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
    write(shop, all_yaml=f"{MANIFESTS}---\n{POLICY}{SERVICE}{node}")
    assert run((command, "all.yaml", "--from", "web", *options)) == 2
    assert told in capsys.readouterr().err


def test_a_range_is_for_explain(shop, capsys):
    """`eval` answers one flow, and says who answers a range; two ranges are for nobody."""
    assert run(("eval", "all.yaml", "--from", "web", "--to", "10.0.0.0/8", "--port", "1")) == 2
    assert "npverify explain" in capsys.readouterr().err
    assert run(("explain", "all.yaml", "--from", "10.0.0.0/8", "--to", "10.0.0.0/8", "--port", "1")) == 2
    assert "NPV453" in capsys.readouterr().err


def test_a_change_is_held_against_recorded_flows(shop, capsys):
    """`diff --flows` tells which flows of a log break, in each format; `--fail-on flows` gates on them alone."""
    record = {
        "source_type": "wep", "source_namespace": "shop", "source_name": "-", "source_name_aggr": "web-7c9f-*",
        "dest_type": "wep", "dest_namespace": "shop", "dest_name": "-", "dest_name_aggr": "postgres",
        "proto": "tcp", "dest_port": 5432, "action": "allow", "reporter": "dst",
    }  # fmt: skip
    lines = [json.dumps(record), json.dumps(record), json.dumps({**record, "dest_port": 80})]
    write(
        shop,
        flows_jsonl="\n".join(lines) + "\n",
        new_yaml=f"{MANIFESTS}---\n{POLICY}".replace("[{port: 5432}]", "[{port: 1}]"),
    )
    asked = ("diff", "all.yaml", "new.yaml", "--flows", "flows.jsonl")
    assert run(asked) == 1
    told = capsys.readouterr().out
    assert "3 recorded flows: 2 broken, 0 newly allowed, 1 denied as before\n" in told
    assert "  broken 2 ×  shop/web -> shop/postgres  TCP 5432\n      now ingress denied" in told
    assert run((*asked, "--format", "json", "--fail-on", "flows")) == 1
    found = json.loads(capsys.readouterr().out)["recorded"]
    assert found["counts"]["broken"] == 2
    (kind,) = found["affected"]
    assert (kind["fate"], kind["count"], kind["old"]["verdict"], kind["new"]["verdict"]) == (
        "broken",
        2,
        "allowed",
        "denied",
    )
    assert run((*asked, "--format", "markdown")) == 1
    assert "| broken | 2 | `shop/web -> shop/postgres  TCP 5432` |" in capsys.readouterr().out
    write(shop, flows_jsonl=lines[2] + "\n")
    assert run((*asked, "--fail-on", "flows")) == 0
    write(shop, flows_jsonl="{\n")
    assert run((*asked, "--fail-on", "flows")) == 2
    assert run(("diff", "all.yaml", "new.yaml", "--fail-on", "flows")) == 2
    assert "NPV455" in capsys.readouterr().err
