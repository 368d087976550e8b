"""The answers of `prove` as text and as JSON, on hand-made results."""

import json
import re
from dataclasses import replace

import pytest
from report_worlds import (
    ALLOW,
    ALLOW_ID,
    DB,
    LONE,
    POLICIES,
    RULE,
    answer,
    assertion,
    counterexample,
    lines,
    result,
    world,
)

from npverify.analyses.results import Assumed, Status
from npverify.ingest.source import Span
from npverify.inventory.addresses import Address
from npverify.inventory.model import Endpoint, EndpointKind, WorkloadRef
from npverify.inventory.unknowns import Unknown
from npverify.normal.flow import Flow
from npverify.normal.policy import Action, Direction, Half, Rule, Tier, pods_stage
from npverify.normal.predicates import TRUE
from npverify.oracle import Oracle
from npverify.report.excerpt import rule_excerpt
from npverify.report.json_values import dumps
from npverify.report.paint import Paint
from npverify.report.prove_json import prove_json
from npverify.report.prove_text import View, render_prove

PROVED = answer(Status.PROVED, assertion("every web reaches db:5432", want=True, line=2), depends_on=(ALLOW_ID,))
REFUTED = answer(Status.REFUTED, counterexample=counterexample(), depends_on=(ALLOW_ID,), refuting_pairs=3)


def test_the_text_of_a_run():
    """One line for each, then the refuted one in full, then the summary and what was assumed."""
    assert render_prove(result(PROVED, REFUTED, assumed=("a is left out",)), world(), View(lines=lines)) == (
        "✓ proved     every web reaches db:5432  shop.npv:2:1\n"
        "✗ refuted    no web reaches db:5432  shop.npv:1:1\n"
        "\n"
        "shop.npv:1:1: refuted: no web reaches db:5432\n"
        "  flow      shop/web -> shop/db-0  TCP 5432\n"
        "  from      shop/web  Deployment  app=web\n"
        "  to        shop/db-0  StatefulSet  app=db  10.1.0.7\n"
        "  egress    allowed: shop/web is not isolated, no policy selects it for egress\n"
        "  ingress   allowed by policies/db.yaml:4:5  NetworkPolicy shop/db-web, ingress[0]\n"
        "            4 | - from:\n"
        "            5 |   - podSelector: {matchLabels: {app: web}}\n"
        "            6 |   ports: [{port: 5432}]\n"
        "            NetworkPolicy shop/db-deny selects it too and has no rule that denies the flow\n"
        "  try       kubectl -n shop debug -it "
        "$(kubectl -n shop get pod -l app=web,team=front -o name | head -n 1) "
        "--image=busybox:1.36 -- nc -vz -w 3 10.1.0.7 5432\n"
        "  pairs     it fails for 3 pairs of source and destination, this is the first\n"
        "\n"
        "1 proved · 1 refuted · 0 vacuous · 0 undecided · 2 policies, 3 workloads · profile kubernetes\n"
        "Assumed: a is left out.\n"
    )


DENIED = Flow(LONE, DB, "TCP", 5432, None, Address.parse("10.1.0.7"))


@pytest.mark.parametrize(
    ("answers", "parts"),
    [
        pytest.param(
            [answer(Status.REFUTED, counterexample=counterexample(DENIED))],
            [
                "ingress   denied: shop/db-0 is isolated by NetworkPolicy shop/db-deny, NetworkPolicy shop/db-web, and no"
            ],
            id="a denied flow names the policies that isolate",
        ),
        pytest.param(
            [answer(Status.VACUOUS, because="there is no flow that it speaks about")],
            ["because   there is no flow", "--allow-vacuous", "0 proved · 0 refuted · 1 vacuous"],
            id="vacuous says why and what to do",
        ),
        pytest.param(
            [answer(Status.UNDECIDED, because="the budget is spent")],
            ["? undecided", "because   the budget is spent", "--budget large"],
            id="undecided says why and what to do",
        ),
        pytest.param(
            [answer(Status.PROVED, assertion(severity="warning"))], ["(warning)"], id="a warning is marked as one"
        ),
        pytest.param(
            [answer(Status.REFUTED, assertion(title="db is safe"), counterexample=counterexample())],
            ["refuted: db is safe", "claim     no web reaches db:5432"],
            id="a title does not hide what was claimed",
        ),
    ],
)
def test_the_text_says(answers, parts):
    """Each kind of answer carries what a reader needs to act."""
    text = render_prove(result(*answers), world(), View())
    for part in parts:
        assert part in text


def test_a_reading_is_named_with_its_mend():
    """A counterexample that needs a reading says which, and how to settle it."""
    needed = (
        Assumed("icmp", "always_allow", "the plugin lets ICMP through"),
        Assumed("address of shop/web", "10.9.9.9", "shop/web has the address 10.9.9.9"),
        Assumed("label env of namespace shop", "prod", "the label env of namespace shop is `prod`"),
        Assumed("nodes use VXLAN", "true", "nodes use VXLAN is true"),
    )
    switch = Unknown("icmp", ("portless_rules_only", "always_allow"), "switch")
    at = replace(world(), policies=replace(world().policies, switches=(switch,)))
    text = render_prove(result(answer(Status.REFUTED, counterexample=counterexample(reading=needed))), at, View())
    assert "only if   the plugin lets ICMP through\n" in text
    assert "--assume icmp=portless_rules_only" in text
    assert "--pod-cidr" in text
    assert "manifest of namespace shop" in text
    assert "`vxlanEnabled`" in text


def test_the_address_of_a_node_is_not_settled_by_the_pod_range():
    """Where pods live says nothing about a pod on the host network or a node, so the mend names something else."""
    host = Endpoint(EndpointKind.HOST_POD, "shop", "agent", WorkloadRef("DaemonSet", "shop", "agent"))
    inventory = replace(world().inventory, endpoints=(*world().inventory.endpoints, host))
    needed = (Assumed("address of shop/agent", "10.9.9.9", "shop/agent has the address 10.9.9.9"),)
    shown = answer(Status.REFUTED, counterexample=counterexample(reading=needed))
    text = render_prove(result(shown), replace(world(), inventory=inventory), View())
    assert "kubectl get pods,nodes -A -o json" in text
    assert "except hostnetwork pods" in text
    assert "--pod-cidr" not in text


def test_assumptions_stand_in_one_order():
    """The line of assumptions does not depend on which assertion made them first."""
    first = answer(Status.PROVED, replace(assertion("a"), assumed=("only TCP, UDP and SCTP are covered",)))
    second = answer(Status.PROVED, replace(assertion("b"), assumed=("a pod's traffic to itself is left out",)))
    here, there = (render_prove(result(*two), world(), View()) for two in ((first, second), (second, first)))
    assert here.splitlines()[-1] == there.splitlines()[-1]


def test_quiet_leaves_out_what_is_proved():
    """With `quiet` a run that is all proved is its summary alone."""
    assert render_prove(result(PROVED), world(), View(quiet=True)).startswith("1 proved")


def test_verbose_names_what_a_proof_depends_on():
    """With `verbose` a proof lists its policies with their positions."""
    text = render_prove(result(PROVED), world(), View(verbose=True))
    assert "depends on NetworkPolicy shop/db-web  policies/db.yaml:1:1" in text


@pytest.mark.parametrize(("want", "marked"), [(True, True), (False, False)], ids=["every … reaches", "no … reaches"])
def test_mesh_policies_mark_only_proofs_that_something_gets_through(want, marked):
    """A mesh restricts further: it can undo `every … reaches`, never `no … reaches`."""
    proved = answer(Status.PROVED, assertion("x", want=want))
    assert ("mesh policies may restrict further)" in render_prove(result(proved), world(mesh=True), View())) is marked


def test_ignored_kinds_are_assumptions():
    """What the user chose to ignore stands in the report."""
    text = render_prove(result(PROVED), world(ignored={"CiliumNetworkPolicy": 2}), View())
    assert "Assumed: 2 CiliumNetworkPolicy ignored as asked." in text


def test_colours_change_nothing_but_escapes():
    """Without its escapes the coloured report is the plain one."""
    run = result(PROVED, REFUTED)
    coloured = render_prove(run, world(), View(Paint(True), lines=lines))
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_prove(run, world(), View(lines=lines))


def test_the_json_of_a_run():
    """The keys of the contract, with the verdict of each direction and what decided it."""
    report = prove_json(result(PROVED, REFUTED), world())
    assert json.loads(dumps(report)) == report
    assert report["schema"] == "npverify/1"
    assert [a["status"] for a in report["assertions"]] == ["proved", "refuted"]
    assert report["assertions"][0]["depends_on"] == [{"kind": "NetworkPolicy", "namespace": "shop", "name": "db-web"}]
    shown = report["assertions"][1]["counterexample"]
    assert shown["flow"] == {
        "src": {"workload": "shop/web", "kind": "Deployment"},
        "dst": {"pod": "shop/db-0"},
        "protocol": "TCP",
        "port": 5432,
        "src_port": "any",
        "src_ip": "any",
        "dst_ip": "10.1.0.7",
    }
    assert shown["egress"] == {"verdict": "allowed", "by": [], "because": "not isolated"}
    assert shown["ingress"] == {
        "verdict": "allowed",
        "by": [
            {
                "policy": {"kind": "NetworkPolicy", "namespace": "shop", "name": "db-web"},
                "rule": "ingress[0]",
                "source": "policies/db.yaml:4:5",
            }
        ],
        "because": "rule",
    }
    assert shown["assumes"] == []
    assert shown["reproduce"].startswith("kubectl ")


def test_times_only_when_asked_for():
    """Without `timings` no time is in the JSON, so that equal runs give equal bytes."""
    run = result(answer(Status.PROVED, seconds=1.5))
    assert "seconds" not in dumps(prove_json(run, world()))
    assert prove_json(run, world(), timings=True)["assertions"][0]["seconds"] == 1.5


def test_a_rule_that_only_logs_is_said_to():
    """A rule that matches and lets nothing through is not left without a reason."""
    log = Rule(Action.LOG, TRUE, TRUE, "ingress[0]", RULE.span)
    stage = pods_stage(Direction.INGRESS, (Tier("NetworkPolicy", (replace(ALLOW, rules=(log,)),), Action.DENY),))
    at = replace(world(), policies=replace(POLICIES, ingress=Half((stage,))))
    shown = counterexample()
    denied = Oracle(at.policies, at.inventory).decide(shown.flow)
    text = render_prove(result(answer(Status.REFUTED, counterexample=replace(shown, verdict=denied))), at, View())
    assert "ingress[0]: it matches, and does no more than log\n" in text


def test_of_a_file_in_one_line_the_rule_is_shown() -> None:
    """An excerpt of a line that holds a whole cluster begins at the rule, and the rest is not looked at."""
    rule = '{"from":[{"podSelector":{}}]}'
    line = '{"kind":"List","items":[' + '{"a":1},' * 1000 + rule + "]" + "," * 200
    shown = rule_excerpt(Span("cluster.json", 1, line.index(rule) + 1), lambda _: [line])
    assert shown == [f"1 | … {rule}]" + "," * (99 - len(rule) - 1) + "…"]


def test_a_control_character_is_spelled_out_in_an_excerpt() -> None:
    """No line of input steers the terminal."""
    assert rule_excerpt(Span("f", 1, 1), lambda _: ["a\x1b[2Jb"]) == ["1 | a\\x1b[2Jb"]
