"""`npverify equiv`: paths of both sides, options for one side, exit codes and streams."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest
from cli_worlds import MANIFESTS, POLICY, npverify, write

from npverify.cli.app import run

DENY = POLICY.partition("  ingress:")[0] + "  policyTypes: [Ingress]\n"
CALICO = """apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: postgres, namespace: shop}
spec:
  order: 1000
  selector: app == 'postgres'
  types: [Ingress]
  ingress:
  - {action: Allow, protocol: TCP, source: {selector: app == 'web'}, destination: {ports: [5432]}}
"""
CILIUM = """apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: postgres, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: postgres}}
  ingress:
  - fromEndpoints: [{matchLabels: {app: web}}]
    toPorts: [{ports: [{port: "5432", protocol: TCP}]}]
"""
BLOCK = POLICY.replace("podSelector: {matchLabels: {app: web}}", "ipBlock: {cidr: 0.0.0.0/0}")


@pytest.fixture
def two(shop: Path) -> Path:
    """Two folders with pods and policies, and files with policies alone."""
    for name, policy in (("allow", POLICY), ("deny", DENY), ("block", BLOCK)):
        (shop / name).mkdir()
        write(shop / name, all_yaml=f"{MANIFESTS}---\n{policy}")
        write(shop, **{f"{name}_yaml": policy})
    write(shop, calico_yaml=CALICO, cilium_yaml=CILIUM)
    return shop


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("allow", "allow"), 0, id="a set and itself"),
        pytest.param(("allow", "deny"), 1, id="two sets that differ"),
        pytest.param(("deny", "allow"), 1, id="the other way round"),
        pytest.param(("allow", "deny", "--all"), 1, id="with all that differs"),
        pytest.param(("allow.yaml", "allow.yaml", "--with", "pods.yaml"), 0, id="policies over one inventory"),
        pytest.param(("allow.yaml", "deny.yaml", "--with", "pods.yaml"), 1, id="other policies over one inventory"),
        pytest.param(("allow", "allow.yaml"), 0, id="policies alone take the pods of the other side"),
        pytest.param(("deny", "deny.yaml", "--right", "allow.yaml"), 2, id="one policy twice on one side"),
        pytest.param(("--left", "pods.yaml", "--left", "allow.yaml", "--right", "allow"), 0, id="paths by option"),
        pytest.param(("pods.yaml", "allow", "--left", "allow.yaml"), 0, id="an argument and a path more"),
        pytest.param(("block", "block", "--cni-left", "calico", "--cni-right", "calico"), 0, id="one plugin"),
        pytest.param(("block", "block", "--cni-left", "calico", "--cni-right", "cilium"), 1, id="two plugins"),
        pytest.param(("block", "block", "--cni", "cilium", "--cni-left", "calico"), 1, id="one plugin but for a side"),
        pytest.param(("block", "block", "--assume-left", "ipblock_matches_pods=never"), 1, id="a switch of one side"),
        pytest.param(
            (
                "block",
                "block",
                "--assume",
                "ipblock_matches_pods=never",
                "--assume-right",
                "ipblock_matches_pods=literal",
            ),
            1,
            id="a switch that one side has otherwise",
        ),
        pytest.param(
            ("allow", "allow", "--cni", "calico", "--calico-version-left", "3.30"), 0, id="two versions that agree"
        ),
        pytest.param(
            ("block", "block", "--cni-left", "calico", "--cni-right", "cilium", "--cilium-version", "1.17"),
            1,
            id="a version for the side that has the plugin",
        ),
        pytest.param(
            ("block", "block", "--cni", "cilium", "--cilium-version-left", "1.17", "--cilium-version-right", "1.18"),
            0,
            id="two versions of Cilium that agree",
        ),
        pytest.param(("allow", "cilium.yaml"), 0, id="a side for Cilium makes the other one for Cilium too"),
        pytest.param(("allow", "calico.yaml"), 0, id="a side for Calico makes the other one for Calico too"),
        pytest.param(("allow", "calico.yaml", "--cni-left", "kubernetes"), 1, id="unless a plugin is named"),
        pytest.param(("policy.yaml", "deny.yaml", "--allow-empty"), 0, id="nobody, allowed"),
    ],
)
def test_the_exit_code_of_an_answer(two, capsys, arguments, code):
    """0 equivalent, 1 different; an answer is on standard output."""
    assert run(("equiv", *arguments)) == code
    assert bool(capsys.readouterr().out) is (code != 2)


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        pytest.param((), "NPV300", ("left", "right"), id="no path at all"),
        pytest.param(("allow",), "NPV300", ("--right",), id="one side alone"),
        pytest.param(("--right", "allow"), "NPV300", ("--left",), id="the other side alone"),
        pytest.param(("--with", "allow"), "NPV300", ("left", "right"), id="a common path alone"),
        pytest.param(("allow.yaml", "deny.yaml"), "NPV301", ("--with", "--allow-empty"), id="no pods on either side"),
        pytest.param(("gone", "alsogone"), "NPV001", ("gone", "alsogone"), id="missing paths, both told"),
        pytest.param(("allow", "deny", "--cni-right", "calcio"), "NPV080", ("calico",), id="an unknown plugin"),
        pytest.param(("allow", "deny", "--assume-left", "x"), "NPV145", ("SWITCH=VALUE",), id="half a switch"),
        pytest.param(("allow", "deny", "--budget", "larg"), "NPV145", ("large",), id="an unknown budget"),
        pytest.param(("allow", "deny", "--timeout", "0"), "NPV145", ("--timeout",), id="a timeout of nothing"),
        pytest.param(("allow", "deny", "--format", "xml"), "NPV145", ("text, json, sarif",), id="an unknown format"),
    ],
)
def test_bad_usage(two, capsys, arguments, code, parts):
    """One clear message, nothing on standard output, exit code 2."""
    assert run(("equiv", *arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert code in err
    assert [part for part in parts if part not in err] == []


def test_the_text_names_the_rules_of_both_sides(two, capsys):
    """The witness with both verdicts, and the positions of what decided in the files of each side."""
    run(("equiv", "allow", "deny"))
    out = capsys.readouterr().out
    assert "shop/web -> shop/postgres  TCP 5432" in out
    assert "left   allowed by allow/all.yaml:" in out
    assert "right  denied: shop/postgres is isolated by NetworkPolicy shop/postgres" in out
    assert "deny/all.yaml:" in out
    assert "✗ different · 1 pair of source and destination · left (allow): 1 policy" in out


def test_the_json(two, capsys):
    """`equivalent` and the witness, with regions where they are asked for; the same bytes twice."""
    shown = []
    for _ in range(2):
        assert run(("equiv", "allow", "deny", "--all", "--format", "json")) == 1
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    report = json.loads(shown[0])
    assert (report["schema"], report["equivalent"]) == ("npverify/1", False)
    assert report["witness"]["allowed_by"] == "left"
    assert report["regions"] == [
        {
            "src": [{"kind": "Deployment", "namespace": "shop", "name": "web"}],
            "dst": [{"kind": "Pod", "namespace": "shop", "name": "postgres"}],
            "traffic": [{"protocol": "TCP", "ports": [[5432, 5432]]}],
            "allowed_by": "left",
        }
    ]
    assert report["left"]["paths"] == ["allow"]


def test_a_set_of_calico_beside_a_native_one_is_about_calico(two, capsys):
    """Without a plugin named both sides are judged under Calico, and a note says so; with one each is what was said."""
    assert run(("equiv", "allow.yaml", "calico.yaml", "--with", "pods.yaml")) == 0
    out = capsys.readouterr().out
    assert out.count("profile calico 3.32") == 2
    assert "both sides are judged under Calico" in out
    assert run(("equiv", "allow.yaml", "calico.yaml", "--with", "pods.yaml", "--cni-left", "kubernetes")) == 1
    assert "both sides are judged" not in capsys.readouterr().out


def test_undecided_is_3(two, capsys, monkeypatch):
    """A spent budget is neither equivalent nor different, where the solver has to be asked."""
    monkeypatch.setattr("npverify.analyses.answers.by_cases", lambda *_, **__: None)
    label = "podSelector: {matchExpressions: [{key: pod-template-hash, operator: %s, values: [a]}]}"
    few = POLICY.replace("podSelector: {matchLabels: {app: postgres}}", "podSelector: {}")
    with_hash, without = (few.replace("podSelector: {}", label % operator) for operator in ("In", "NotIn"))
    many = f"{with_hash}---\n{without.replace('name: postgres', 'name: others')}"
    write(two, many_yaml=many, few_yaml=few)
    options = ("--with", "pods.yaml", "--format", "json")
    assert run(("equiv", "many.yaml", "few.yaml", *options)) == 0
    capsys.readouterr()
    from npverify.smt import solver

    small = solver.BUDGETS["small"]
    object.__setattr__(small, "rlimit", 1)
    try:
        code = run(("equiv", "many.yaml", "few.yaml", *options, "--budget", "small"))
    finally:
        object.__setattr__(small, "rlimit", 2_000_000)
    assert code == 3
    report = json.loads(capsys.readouterr().out)
    assert (report["equivalent"], report["undecided"]) == (False, True)


def test_standard_input_may_be_read_into_both_sides(two, capsys, monkeypatch):
    """`-` is read once, for whoever asks."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MANIFESTS.encode())))
    assert run(("equiv", "allow.yaml", "allow.yaml", "--with", "-")) == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{MANIFESTS}---\n{POLICY}".encode())))
    assert run(("equiv", "-", "allow")) == 0


def test_warnings_are_told_once(two, capsys):
    """What both sides have in common is said once, on standard error."""
    mesh = "---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a, namespace: shop}\n"
    write(two, mesh_yaml=MANIFESTS + mesh)
    assert run(("equiv", "allow.yaml", "allow.yaml", "--with", "mesh.yaml")) == 0
    out, err = capsys.readouterr()
    assert err.count("NPV055") == 1
    assert "mesh policies on the left may restrict traffic further" in out


def test_a_pipe_gets_no_progress_and_no_colour(two):
    """In a log there is the answer alone."""
    done = npverify(two, "equiv", "allow", "deny", env={"PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout
    assert done.stderr == b""


def test_an_answer_in_a_file(two, capsys):
    """`--output` takes the report."""
    assert run(("equiv", "allow", "allow", "--output", "answer.txt")) == 0
    assert capsys.readouterr().out == ""
    assert (two / "answer.txt").read_text(encoding="utf-8").startswith("✓ equivalent")
