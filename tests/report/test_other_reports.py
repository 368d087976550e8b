"""The reports of eval, explain and connectivity, and the starter files, on the small world."""

from __future__ import annotations

import json
import re

import pytest
from report_worlds import ALLOW, DB, DENY, INVENTORY, LONE, POLICIES, WEB, lines, world

from npverify.analyses.connectivity import connectivity
from npverify.analyses.evaluate import evaluate
from npverify.analyses.explain import explain
from npverify.analyses.results import Connection, Connectivity, Ports
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import WorkloadRef
from npverify.normal.flow import Flow
from npverify.report.connectivity_report import connectivity_json, connectivity_text
from npverify.report.eval_report import evaluation_json, evaluation_line, evaluation_text
from npverify.report.explain_report import explain_json, explain_text
from npverify.report.json_values import dumps
from npverify.report.paint import Paint
from npverify.report.starter import config_text, spec_text
from smallworld import DST, SRC, allow, app, on, pod, selecting
from smallworld import world as cluster

INSIDE = Address.parse("10.1.0.7")
ALLOWED = Flow(WEB, DB, "TCP", 5432, None, INSIDE)
DENIED = Flow(LONE, DB, "UDP", 53, None, INSIDE)


def test_an_evaluation_in_full():
    """The verdict of each direction with what decided."""
    assert evaluation_text(evaluate(world(), ALLOWED), POLICIES) == (
        "allowed  shop/web -> shop/db-0  TCP 5432\n"
        "  egress    allowed: shop/web is not isolated, no policy selects it for egress\n"
        "  ingress   allowed by policies/db.yaml:4:5  NetworkPolicy shop/db-web, ingress[0]\n"
    )


def test_an_evaluation_on_one_line():
    """A denied flow names the direction that denies it."""
    found = evaluate(world(), DENIED)
    assert evaluation_line(found) == "denied   shop/tool -> shop/db-0  UDP 53  (by ingress)"
    assert re.sub(r"\x1b\[[0-9;]*m", "", evaluation_line(found, Paint(True))) == evaluation_line(found)


def test_the_json_of_a_denied_evaluation():
    """A policy that isolates without a rule that matches decides with a null rule."""
    report = evaluation_json(evaluate(world(), DENIED), POLICIES)
    assert report["verdict"] == "denied"
    assert report["egress"] == {"verdict": "allowed", "by": [], "because": "not isolated"}
    assert [(by["policy"]["name"], by["rule"]) for by in report["ingress"]["by"]] == [
        ("db-deny", None),
        ("db-web", None),
    ]
    assert report["ingress"]["because"] == "no rule"


@pytest.mark.parametrize(
    ("flow", "parts"),
    [
        pytest.param(
            ALLOWED,
            [
                "ALLOWED  shop/web -> shop/db-0  TCP 5432",
                "NetworkPolicy shop/db-deny  policies/deny.yaml:3:9  selects it",
                "no rules",
                "ingress[0]  matches and decides: allow  policies/db.yaml:4:5",
                "5 |   - podSelector: {matchLabels: {app: web}}",
            ],
            id="allowed: the rule that decides, with its text",
        ),
        pytest.param(
            DENIED,
            [
                "DENIED  shop/tool -> shop/db-0  UDP 53",
                "selects it and no rule of it matches",
                "ingress[0]  does not match: ",
            ],
            id="denied: why no rule matches",
        ),
        pytest.param(
            Flow(DB, LONE, "TCP", 80, INSIDE, None),
            ["NetworkPolicy shop/db-web  policies/db.yaml:1:1  does not select it: "],
            id="why a policy of the namespace does not take part",
        ),
    ],
)
def test_an_explanation_tells(flow, parts):
    """Every policy of the namespace is told, with why it acts or does not."""
    text = explain_text(explain(world(), flow), POLICIES, lines)
    assert [part for part in parts if part not in text] == []


def test_the_json_of_an_explanation():
    """The same facts under their keys, and everything `eval` says."""
    report = explain_json(explain(world(), ALLOWED), POLICIES)
    assert json.loads(json.dumps(report)) == report
    assert list(report) == ["schema", "flow", "verdict", "egress", "ingress", "depends", "sides"]
    policies = report["sides"][1]["tiers"][0]["policies"]
    assert [(p["policy"]["name"], p["selects"]) for p in policies] == [(DENY.id.name, True), (ALLOW.id.name, True)]
    assert policies[1]["rules"] == [
        {
            "rule": "ingress[0]",
            "action": "allow",
            "source": "policies/db.yaml:4:5",
            "matches": True,
            "decides": True,
            "reached": True,
            "why": "",
        }
    ]


ALL = ((1, 65535),)
TABLE = Connectivity(
    (
        Connection(
            WorkloadRef("Deployment", "shop", "web"),
            WorkloadRef("StatefulSet", "shop", "db"),
            (Ports("TCP", ((80, 80), (8000, 9000))), Ports("UDP", ALL)),
        ),
        Connection(
            WorkloadRef("Deployment", "shop", "web"),
            Prefix.parse("0.0.0.0/0"),
            tuple(Ports(protocol, ALL) for protocol in ("TCP", "UDP", "SCTP")),
        ),
    ),
    ("nodes are left out",),
)


def test_the_table_of_connections():
    """Grouped by source; every port of a protocol is its name alone, every protocol is `everything`."""
    assert "".join(connectivity_text(TABLE)) == (
        "shop/web (Deployment)\n"
        "  -> shop/db (StatefulSet)  TCP 80 8000-9000, UDP\n"
        "  -> 0.0.0.0/0              everything\n"
        "\n"
        "2 connections\n"
        "Note: nodes are left out\n"
    )


def test_the_json_of_connections():
    """Ends are workloads or blocks, ports are inclusive ranges."""
    document = json.loads("".join(connectivity_json(TABLE)))
    assert document["notes"] == ["nodes are left out"]
    assert document["connections"][0] == {
        "src": {"kind": "Deployment", "namespace": "shop", "name": "web"},
        "dst": {"kind": "StatefulSet", "namespace": "shop", "name": "db"},
        "allowed": [{"protocol": "TCP", "ports": [[80, 80], [8000, 9000]]}, {"protocol": "UDP", "ports": [[1, 65535]]}],
    }
    assert document["connections"][1]["dst"] == {"cidr": "0.0.0.0/0"}


@pytest.mark.parametrize("table", [TABLE, Connectivity(()), Connectivity(TABLE.connections[:1], ('a "note"', "é"))])
def test_the_json_in_pieces_is_laid_out_as_a_whole(table):
    """A reader cannot tell that the list was never whole in memory."""
    text = "".join(connectivity_json(table))
    assert text == dumps(json.loads(text))


def test_a_long_table_is_grouped():
    """Where there are too many ends to list every connection, sources and destinations that fare alike share a line."""
    pods = [pod(f"w{n:02}", ns="web") for n in range(50)]
    sql = allow(app(SRC, "w01", "w03"), on("TCP", 5432))
    it = cluster(
        *pods, pod("db", ns="data"), pod("log", ns="data"),
        egress=[selecting(SRC, "out", allow(app(DST, "db", "w00")), ns="web")],
        ingress=[selecting(DST, "db", sql, ns="data", on_apps=["db"]), selecting(DST, "in", ns="web", on_apps=["w00"])],
    )  # fmt: skip
    lines = "".join(connectivity_text(connectivity(it))).splitlines()
    others = ", ".join(f"web/w{n:02} (Pod)" for n in range(1, 50))
    # what a single pod sends to itself is never meant, so `log` may stand on both sides
    assert lines[:4] == [
        "data/db (Pod), data/log (Pod)",
        f"  everything -> data/log (Pod), {others}",
        "  everything -> 0.0.0.0/0",
        "",
    ]
    assert lines[lines.index("web/w01 (Pod), web/w03 (Pod)") + 1] == "  TCP 5432 -> data/db (Pod)"
    assert not any(line.startswith("web/w00") for line in lines), "it may send nothing"
    # db: log, w01 to w49, the block; log: the same 49 and the block; w01 and w03: db; from outside: log and 49 pods
    assert lines[-5].startswith(f"{51 + 50 + 2 + 50} connections of 52 workloads and pods; ")


def test_all_of_a_namespace_and_all_of_the_cluster_have_names():
    """Nobody reads fifty names that mean "all"."""
    it = cluster(
        *(pod(f"w{n:02}", ns="web") for n in range(50)), pod("db", ns="data"), pod("log", ns="data"),
        ingress=[selecting(DST, "in", allow(app(SRC, "w07")), ns="data")],
    )  # fmt: skip
    text = "".join(connectivity_text(connectivity(it)))
    assert "\ndata/db (Pod)" not in f"\n{text}".replace("data/db (Pod), data/log (Pod)", "")
    assert "data/db (Pod), data/log (Pod)\n  everything -> web/* (50)\n  everything -> 0.0.0.0/0\n" in text
    assert "web/w07 (Pod)\n  everything -> data/* (2), " in text
    assert "\n0.0.0.0/0\n  everything -> web/* (50)\n" in text
    free = cluster(*(pod(f"w{n:02}", ns=f"web{n % 2}", many=True) for n in range(50)))
    assert "  everything -> all 50 workloads and pods\n" in "".join(connectivity_text(connectivity(free)))


def test_the_starter_spec_proposes_what_fits():
    """A data store gets a proposal with its port; what was found is listed."""
    text = spec_text(INVENTORY)
    assert "#   namespace shop: deployment shop/web, pod shop/tool, statefulset shop/db\n" in text
    assert "# assert only deployment shop/web reaches statefulset shop/db on tcp/5432\n" in text
    assert "\nuse kubernetes/metadata\n" in text  # which leaves pods on the host network out


def test_the_starter_config_quotes_paths():
    """A path with odd characters stays one YAML text."""
    assert '  - "a: b"\n' in config_text(["a: b"])
