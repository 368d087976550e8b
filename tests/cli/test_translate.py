"""`npverify translate`: what goes where, with which exit code."""

from __future__ import annotations

import json

import pytest
import yaml
from cli_worlds import MANIFESTS, POLICY, write

from npverify.cli.app import run
from npverify.smt.solver import Budget

CALICO = """\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: postgres, namespace: shop}
spec:
  order: 1000
  selector: app == 'postgres'
  types: [Ingress]
  ingress:
  - action: Allow
    protocol: TCP
    source: {selector: app == 'web'}
    destination: {ports: [5432]}
"""
BLOCKS = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: postgres, namespace: shop}
spec:
  podSelector: {matchLabels: {app: postgres}}
  ingress:
  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.1.2.0/24]}}]
    ports: [{port: 5432}, {port: 5433}]
"""
TO = ("--to", "calico")


@pytest.fixture(autouse=True)
def _migration(shop):
    """A migration made by hand, right and wrong."""
    other = "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n"
    write(shop, right_yaml=CALICO, wrong_yaml=CALICO.replace("5432", "5433"), other_yaml=other)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("all.yaml", *TO), 0, id="proved"),
        pytest.param(("all.yaml", *TO, "--check", "right.yaml"), 0, id="a right migration"),
        pytest.param(("all.yaml", *TO, "--check", "wrong.yaml"), 1, id="a wrong migration"),
        pytest.param(("policy.yaml", *TO, "--allow-empty"), 0, id="no pods, allowed"),
        pytest.param(("all.yaml", *TO, "--format", "json"), 0, id="json"),
        pytest.param(("all.yaml", *TO, "--calico-version", "3.26"), 0, id="an old version"),
        pytest.param(("all.yaml", *TO, "--assume", "calico_input=raw"), 0, id="raw input"),
    ],
)
def test_the_exit_code_of_an_answer(capsys, arguments, code):
    """The answer is on standard output."""
    assert run(("translate", *arguments)) == code
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("all.yaml",), "NPV321", id="no target"),
        pytest.param(("all.yaml", "--to", "cilium"), "NPV321", id="an unknown target"),
        pytest.param(("all.yaml", "--to", "kubernetes"), "not translated back", id="the way back"),
        pytest.param(("policy.yaml", *TO), "NPV144", id="no pods"),
        pytest.param(("pods.yaml", *TO), "NPV320", id="no policies"),
        pytest.param(("all.yaml", *TO, "--check", "other.yaml"), "NPV322", id="nothing of Calico's to check"),
        pytest.param(("all.yaml", *TO, "--check", "gone.yaml"), "NPV001", id="a missing file to check"),
        pytest.param(("all.yaml", *TO, "--output", "a", "--output-dir", "b"), "NPV323", id="two places to write"),
        pytest.param(("all.yaml", *TO, "--check", "right.yaml", "--output-dir", "b"), "NPV323", id="check and folder"),
        pytest.param(("all.yaml", *TO, "--calico-version", "2.0"), "NPV083", id="an unknown version"),
        pytest.param(("all.yaml", *TO, "--output", "folder"), "NPV142", id="a file that cannot be"),
        pytest.param(("all.yaml", *TO, "--output-dir", "all.yaml/new"), "NPV327", id="a folder that cannot be"),
    ],
)
def test_bad_input_is_told(capsys, arguments, told):
    """Exit code 2, with the code of the message, and nothing on standard output."""
    assert run(("translate", *arguments)) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.out == ""


def test_the_policies_are_on_standard_output_and_the_report_beside_them(capsys):
    """So that they can be kept or piped."""
    assert run(("translate", "all.yaml", *TO)) == 0
    captured = capsys.readouterr()
    (policy,) = yaml.safe_load_all(captured.out)
    assert (policy["kind"], policy["apiVersion"]) == ("NetworkPolicy", "projectcalico.org/v3")
    assert captured.out.startswith("# from NetworkPolicy shop/postgres, all.yaml:")
    assert "✓ proved" in captured.err
    assert "kubectl apply -f calico.yaml" in captured.err


def test_written_to_a_file_the_report_is_on_standard_output(shop, capsys):
    """The plan names the file."""
    assert run(("translate", "all.yaml", *TO, "--output", "new/calico.yaml")) == 0
    captured = capsys.readouterr()
    assert len(list(yaml.safe_load_all((shop / "new" / "calico.yaml").read_text()))) == 1
    assert "kubectl apply -f new/calico.yaml" in captured.out
    assert "kubectl -n shop delete networkpolicies.networking.k8s.io postgres" in captured.out


def test_written_to_a_folder_each_policy_has_a_file(shop, capsys):
    """By namespace and name."""
    assert run(("translate", "all.yaml", *TO, "--output-dir", "new")) == 0
    assert (shop / "new" / "shop" / "postgres.yaml").is_file()
    assert "kubectl apply -R -f new/" in capsys.readouterr().out


def test_a_folder_with_other_manifests_is_refused(shop, capsys):
    """They would be applied with the new policies, and are not what was proved."""
    (shop / "new").mkdir()
    write(shop / "new", old_yaml=CALICO)
    assert run(("translate", "all.yaml", *TO, "--output-dir", "new")) == 2
    assert "`new/old.yaml`, which this run does not write" in capsys.readouterr().err
    assert not (shop / "new" / "shop").exists()
    (shop / "new" / "old.yaml").unlink()
    for _ in range(2):
        assert run(("translate", "all.yaml", *TO, "--output-dir", "new")) == 0


def test_what_was_written_is_what_is_proved_again(capsys):
    """The file passes --check, and so does the folder."""
    run(("translate", "all.yaml", *TO, "--output", "new.yaml"))
    run(("translate", "all.yaml", *TO, "--output-dir", "new"))
    capsys.readouterr()
    for name in ("new.yaml", "new"):
        assert run(("translate", "all.yaml", *TO, "--check", name)) == 0


def test_equal_runs_write_equal_bytes(shop, capsys):
    """Also where the output of the first run lies among the manifests of the second."""
    assert run(("translate", "folder", *TO, "--output", "folder/new.yaml")) == 0
    first = (shop / "folder" / "new.yaml").read_bytes()
    assert run(("translate", "folder", *TO, "--output", "folder/new.yaml")) == 0
    assert (shop / "folder" / "new.yaml").read_bytes() == first
    assert "NPV328" in capsys.readouterr().err


def test_a_migration_may_lie_among_the_manifests(shop):
    """What --check names is no part of the native side."""
    write(shop / "folder", right_yaml=CALICO)
    assert run(("translate", "folder", *TO, "--check", "folder/right.yaml")) == 0


def test_what_is_not_proved_is_not_written(shop, capsys):
    """Up to 3.31 a policy of order 1000 in its namespace came first; now the translated one would."""
    guard = CALICO.replace("name: postgres", "name: z-guard").replace("Allow", "Deny")
    write(shop, both_yaml=f"{MANIFESTS}---\n{POLICY}---\n{guard}")
    arguments = ("translate", "both.yaml", *TO, "--calico-version", "3.31", "--output", "new.yaml")
    assert run(arguments) == 1
    captured = capsys.readouterr()
    assert "the new side lets this flow pass" in captured.out
    assert "nothing was written" in captured.out
    assert not (shop / "new.yaml").exists()
    assert "NPV325" in captured.err
    assert run((*arguments, "--unproved")) == 1
    assert (shop / "new.yaml").exists()
    assert run(("translate", "both.yaml", *TO, "--output", "new.yaml")) == 0  # from 3.32 the name alone decides


def test_a_migration_that_does_not_bear_both_sets_is_equal_and_has_no_plan(shop, capsys):
    """The native set stops web at the database, the new one where web sends; together nothing does."""
    deny_in = "{podSelector: {matchLabels: {app: postgres}}, policyTypes: [Ingress]}"
    allow_out = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{}]}"
    allow_in = (
        "{selector: app == 'postgres', types: [Ingress], ingress: [{action: Allow, source: {selector: app == 'web'}}]}"
    )
    deny_out = "{selector: app == 'web', types: [Egress], egress: [{action: Deny, destination: {selector: app == 'postgres'}}, {action: Allow}]}"
    made = {
        "old.yaml": ("networking.k8s.io/v1", deny_in, allow_out),
        "new.yaml": ("projectcalico.org/v3", allow_in, deny_out),
    }
    for name, (version, *specs) in made.items():
        documents = (
            f"apiVersion: {version}\nkind: NetworkPolicy\nmetadata: {{name: p{n}, namespace: shop}}\nspec: {spec}\n"
            for n, spec in enumerate(specs)
        )
        (shop / name).write_text("---\n".join(documents))
    assert run(("translate", "pods.yaml", "old.yaml", *TO, "--check", "new.yaml")) == 0
    told = capsys.readouterr().out
    assert "✓ proved" in told
    assert "✗ different  while both sets are there they do not" in told
    assert "shop/web -> shop/postgres" in told
    assert "Plan" not in told


def test_json_holds_the_report_and_the_text(capsys):
    """On standard output, also where the policies go to a file."""
    assert run(("translate", "all.yaml", *TO, "--format", "json", "--output", "new.yaml")) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == "npverify/1"
    assert report["proved"] is True
    assert [proof["status"] for proof in report["proofs"]] == ["equivalent", "equivalent"]
    assert report["policies"][0]["became"] == ["postgres"]
    assert report["files"][0]["name"] == "new.yaml"
    assert report["plan"][-1]["commands"] == ["kubectl apply -f all.yaml", "kubectl delete -f new.yaml"]


def test_json_of_a_wrong_migration_holds_the_witness(shop, capsys):
    """With the verdict of each side; --output takes the report here."""
    assert run(("translate", "all.yaml", *TO, "--check", "wrong.yaml", "--format", "json", "--output", "r.json")) == 1
    assert capsys.readouterr().out == ""
    report = json.loads((shop / "r.json").read_text())
    (proof,) = report["proofs"]
    assert proof["witness"]["allowed_by"] in ("left", "right")
    assert {proof["witness"][side]["verdict"] for side in ("left", "right")} == {"allowed", "denied"}
    assert (report["proved"], report["written"], report["plan"], report["files"]) == (False, False, [], [])


def test_another_plugin_in_the_config_file_is_told(shop, capsys):
    """The proof is about Calico alone."""
    (shop / ".npverify.yaml").write_text("cni: cilium\n")
    assert run(("translate", "all.yaml", *TO)) == 0
    assert "NPV324" in capsys.readouterr().err


def test_without_pods_nothing_is_called_proved(capsys):
    """There is nobody to prove it about, and no plan."""
    assert run(("translate", "policy.yaml", *TO, "--allow-empty")) == 0
    captured = capsys.readouterr()
    assert "∅ vacuous" in captured.err
    assert "proved:" not in captured.err
    assert "Plan" not in captured.err
    assert "kind: NetworkPolicy" in captured.out


def test_a_budget_that_is_spent_is_no_proof(shop, capsys, monkeypatch):
    """Exit code 3, and nothing is written, where the solver has to be asked."""
    monkeypatch.setattr("npverify.analyses.equiv.agreement_of", lambda *_: None)
    monkeypatch.setattr("npverify.reduction.compare.Comparison._means_one", lambda *_: False)
    monkeypatch.setattr("npverify.smt.solver.BUDGETS", {"normal": Budget(rlimit=1, seconds=None)})
    monkeypatch.setattr("npverify.analyses.answers.by_cases", lambda *_, **__: None)
    write(shop, blocks_yaml=f"{MANIFESTS}---\n{BLOCKS}")
    assert run(("translate", "blocks.yaml", *TO, "--output", "new.yaml")) == 3
    assert "? undecided" in capsys.readouterr().out
    assert not (shop / "new.yaml").exists()
