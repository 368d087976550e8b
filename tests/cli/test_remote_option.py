"""Other clusters on the command line and in the config file."""

from __future__ import annotations

import json

import pytest
from cli_worlds import write

from npverify.cli.app import run

WEST = """\
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: data, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
status: {podIP: 10.8.0.5, phase: Running}
"""
EGRESS = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: 10.8.0.0/24}}]
"""
SPEC = 'assert every web reaches pods where app == "db" in cluster west on tcp/5432\nassert no web reaches internet\n'


@pytest.fixture
def two(shop, capsys):
    """A shop whose web may send to the addresses of another cluster, in a folder beside it."""
    (shop / "clusters" / "west").mkdir(parents=True)
    write(shop, egress_yaml=EGRESS, west_npv=SPEC)
    write(shop / "clusters" / "west", db_yaml=WEST)
    return shop


HERE = ("pods.yaml", "egress.yaml")
REMOTE = ("--remote", "west=clusters/west")


def answers(capsys):
    """What a run in JSON said of each assertion."""
    return [a["status"] for a in json.loads(capsys.readouterr().out)["assertions"]]


def test_the_manifests_of_another_cluster_come_with_an_option(two, capsys):
    """Its pods are peers, and what is left of the block around their addresses is the internet."""
    assert run(("prove", *HERE, "--spec", "west.npv", *REMOTE, "--format", "json")) == 1
    assert answers(capsys) == ["proved", "refuted"]


def test_the_report_says_what_it_takes_for_granted(two, capsys):
    """The line of assumptions names both."""
    run(("prove", *HERE, "--spec", "west.npv", *REMOTE))
    out = capsys.readouterr().out
    assert "policies of other clusters are not judged; " in out
    assert "no address belongs to two clusters." in out


def test_an_option_may_be_repeated_for_one_cluster_and_for_others(two, capsys):
    """Paths of one name belong together."""
    write(two, more_yaml=WEST.replace("name: db", "name: db2").replace("10.8.0.5", "10.8.0.6"))
    write(two, east_yaml=WEST.replace("10.8.0.5", "10.9.0.5"))
    write(two, west_npv="assert every web reaches pods in cluster west\nassert no web reaches pods in cluster east\n")
    more = ("--remote", "west=more.yaml", "--remote", "east=east.yaml")
    assert run(("prove", *HERE, "--spec", "west.npv", *REMOTE, *more, "--format", "json")) == 0
    assert answers(capsys) == ["proved", "proved"]


def test_the_config_names_other_clusters_too(two, capsys, monkeypatch):
    """Its paths are relative to it; an option says otherwise of the same cluster."""
    config = "paths: [pods.yaml, egress.yaml]\nspecs: [west.npv]\nremotes: {west: [clusters/west]}\n"
    (two / ".npverify.yaml").write_text(config)
    (two / "below").mkdir()
    monkeypatch.chdir(two / "below")
    run(("prove", "--format", "json"))
    assert answers(capsys) == ["proved", "refuted"]
    write(two, other_yaml=WEST.replace("10.8.0.5", "10.9.0.5"))
    run(("prove", "--format", "json", "--remote", "west=../other.yaml"))
    assert answers(capsys) == ["refuted", "refuted"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("remotes: [clusters/west]", "NPV020", id="no map"),
        pytest.param("remotes: {west: clusters/west}", "NPV020", id="no list of paths"),
        pytest.param("remote: {west: [clusters/west]}", "NPV021", id="a misspelt key"),
        pytest.param("remotes: {West: [clusters/west]}", "NPV296", id="no name of a cluster"),
    ],
)
def test_a_config_that_cannot_be_read_is_an_error(two, capsys, text, code):
    """Every mistake has its code."""
    (two / ".npverify.yaml").write_text(f"paths: [pods.yaml, egress.yaml]\nspecs: [west.npv]\n{text}\n")
    assert run(("prove",)) == 2
    assert f"error[{code}]" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["west", "=clusters/west", "west="])
def test_an_option_that_names_no_cluster_or_path_is_an_error(two, capsys, value):
    """The message shows an example."""
    assert run(("prove", *HERE, "--spec", "west.npv", "--remote", value)) == 2
    err = capsys.readouterr().err
    assert "NPV145" in err
    assert "--remote west=clusters/west" in err


def test_an_unknown_cluster_in_a_spec_is_an_error_with_a_suggestion(two, capsys):
    """The message points at the name."""
    write(two, west_npv="assert no web reaches pods in cluster wets\n")
    assert run(("prove", *HERE, "--spec", "west.npv", *REMOTE)) == 2
    err = capsys.readouterr().err
    assert "west.npv:1:39: error[NPV104]: there is no other cluster `wets`" in err
    assert "did you mean `west`?" in err


def test_shared_addresses_are_a_warning(two, capsys):
    """It stands on standard error and does not change the exit code."""
    write(two / "clusters" / "west", db_yaml=WEST.replace("10.8.0.5", "10.1.0.7"))
    write(two, west_npv="assert no web reaches pods in cluster west\n")
    assert run(("prove", *HERE, "--spec", "west.npv", *REMOTE)) == 0
    err = capsys.readouterr().err
    assert "warning[NPV295]: `west:data/db` has the address 10.1.0.7, which `shop/postgres` has as well" in err


def test_a_flow_to_another_cluster_is_judged(two, capsys):
    """Its end is named with the cluster, in text and in JSON."""
    assert run(("eval", *HERE, *REMOTE, "--from", "web", "--to", "west:data/db", "--port", "5432")) == 0
    assert capsys.readouterr().out.startswith("allowed  shop/web -> west:data/db  TCP 5432")
    flows = two / "flows.jsonl"
    dst = {"pod": "data/db", "cluster": "west"}
    flows.write_text(json.dumps({"src": {"workload": "shop/web"}, "dst": dst, "port": 5432}) + "\n")
    assert run(("eval", *HERE, *REMOTE, "--flows", "flows.jsonl", "--format", "json")) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "allowed"
    run(("eval", *HERE, *REMOTE, "--from", "west:data/db", "--to", "web", "--port", "1", "--format", "json"))
    assert json.loads(capsys.readouterr().out)["flow"]["src"] == dst


def test_why_a_flow_to_another_cluster_passes(two, capsys):
    """The side that is not judged says so."""
    assert run(("explain", *HERE, *REMOTE, "--from", "web", "--to", "west:data/db", "--port", "5432")) == 0
    assert "west:data/db is in another cluster, whose policies are not judged" in capsys.readouterr().out


def test_connectivity_says_where_other_clusters_are(two, capsys):
    """They are among the blocks of addresses."""
    assert run(("connectivity", *HERE, *REMOTE, "--format", "json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"cidr": "10.8.0.0/24"} in [c["dst"] for c in found["connections"]]
    assert any("other clusters" in note for note in found["notes"])


def test_verbose_tells_what_was_not_read(two, capsys):
    """Policies elsewhere are counted."""
    write(two / "clusters" / "west", p_yaml=EGRESS)
    run(("prove", *HERE, "--spec", "west.npv", *REMOTE, "--verbose"))
    assert "note: cluster west: its policies are not judged: 1 NetworkPolicy" in capsys.readouterr().err
