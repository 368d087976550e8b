"""Another cluster end to end: its pods are reached by address alone, and what is known of it decides what is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

import npverify
from npverify.ingest.source import InputError

HERE = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {env: prod}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: frontend, namespace: shop, labels: {app: frontend}},
  spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIP: 10.1.0.5}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: shop}, spec: {selector: {matchLabels: {app: api}},
  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: c}]}}}}
"""
WEST = """
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {env: prod}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db-0, namespace: shop, labels: {app: db}},
  spec: {nodeName: n1, containers: [{name: c, ports: [{name: sql, containerPort: 5432}]}]}, status: {phase: Running, podIP: 10.8.0.5}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db-1, namespace: shop, labels: {app: db}},
  spec: {nodeName: n1, containers: [{name: c}]}, status: {phase: Running, podIP: 10.8.0.6}}
---
{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: shop, labels: {app: agent}},
  spec: {nodeName: n1, hostNetwork: true, containers: [{name: c}]}, status: {phase: Running, podIP: 198.51.100.1}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: gateway, namespace: edge}, spec: {selector: {matchLabels: {app: gateway}},
  template: {metadata: {labels: {app: gateway}}, spec: {containers: [{name: c}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}}}
"""


def policy(app: str, rules: str) -> str:
    """A policy on the pods of an app."""
    spec = f"{{podSelector: {{matchLabels: {{app: {app}}}}}, {rules}}}"
    return f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: shop}}, spec: {spec}}}"


def to(*peers: str) -> str:
    """Egress to these peers alone, to nobody if there are none."""
    return f"policyTypes: [Egress], egress: [{', '.join(f'{{to: [{peer}]}}' for peer in peers)}]"


def come(*peers: str) -> str:
    """Ingress from these peers alone, from nobody if there are none."""
    return f"policyTypes: [Ingress], ingress: [{', '.join(f'{{from: [{peer}]}}' for peer in peers)}]"


def block(cidr: str) -> str:
    """A peer by addresses."""
    return f"{{ipBlock: {{cidr: {cidr}}}}}"


def load(folder: Path, rules: str, spec: str = "", *, pod_cidrs: Sequence[str] = (), **others: str) -> npverify.Loaded:
    """The world of a frontend under a policy, beside other clusters."""
    (folder / "here").mkdir()
    (folder / "here" / "m.yaml").write_text(f"{HERE}\n---\n{policy('frontend', rules)}")
    (folder / "here" / "s.npv").write_text(spec)
    remotes = {}
    for name, text in others.items():
        (folder / name).mkdir()
        (folder / name / "m.yaml").write_text(text)
        remotes[name] = [str(folder / name)]
    return npverify.load([str(folder / "here")], remotes=remotes, pod_cidrs=pod_cidrs)


def answer(folder: Path, rules: str, claim: str, **options: object) -> npverify.AssertionResult:
    """The answer to one assertion about it."""
    loaded = load(folder, rules, f"assert {claim}\n", **{"west": WEST, **options})  # type: ignore[arg-type]
    return npverify.prove(loaded.world, loaded.assertions).results[0]


SELECTORS = ("{namespaceSelector: {}}", "{podSelector: {matchLabels: {app: db}}}")
DB = "pod shop/db-0 in cluster west"
ANSWERS = {
    "a block of addresses opens a pod": (to(block("10.8.0.5/32")), f"every frontend reaches {DB}", "proved"),
    "and no other": (to(block("10.8.0.5/32")), "no frontend reaches pod shop/db-1 in cluster west", "proved"),
    "both are in a larger block": (
        to(block("10.8.0.0/16")), "every frontend reaches pods where app == \"db\" in cluster west", "proved",
    ),
    "but for an exception": (
        to("{ipBlock: {cidr: 10.8.0.0/16, except: [10.8.0.6/32]}}"), 'no frontend reaches pods where app == "db" in cluster west',
        "refuted",
    ),
    "no selector matches a pod elsewhere, whatever its labels": (
        to(*SELECTORS), "no frontend reaches pods in cluster west", "proved",
    ),
    "no selector lets it in": (come(*SELECTORS), "no pods in cluster west reach frontend", "proved"),
    "its address lets it in": (come(block("10.8.0.5/32")), f"every {DB} reaches frontend", "proved"),
    "its own policies are not judged": (to(block("0.0.0.0/0")), f"every frontend reaches {DB}", "proved"),
    "a pod that no policy selects is open": (to(), f"every api reaches {DB}", "proved"),
    "it is not the internet": (to(block("10.8.0.5/32")), "no frontend reaches internet", "proved"),
    "the block beside it is": (to(block("10.8.0.4/31")), "no frontend reaches internet", "refuted"),
    "it is part of anything": (to(block("10.8.0.5/32")), "no frontend reaches anything", "refuted"),
    "it is not among pods": (to(block("10.8.0.5/32")), "no frontend reaches pods", "proved"),
    "nobody else means nobody elsewhere": (come(block("10.8.0.5/32")), "only pods reach frontend", "refuted"),
    "it may be the only one": (come(block("10.8.0.5/32")), f"only {DB} reaches frontend", "proved"),
    "nothing else means nothing elsewhere": (to(block("10.8.0.5/32")), "frontend reaches only pods", "refuted"),
    "it may be the only destination": (to(block("10.8.0.5/32")), f"frontend reaches only {DB}", "proved"),
    "an unknown address may lie in a block": (
        to(block("10.9.0.0/16")), "no frontend reaches deployment edge/gateway in cluster west", "refuted",
    ),
    "or beside it": (to(block("10.9.0.0/16")), "every frontend reaches deployment edge/gateway in cluster west", "refuted"),
    "but is none that somebody has": (
        to(block("10.8.0.5/32")), "no frontend reaches deployment edge/gateway in cluster west", "proved",
    ),
    "a node of unknown address may have that of a pod on its network": (
        to(block("198.51.100.1/32")), "no frontend reaches node n1 in cluster west", "refuted",
    ),
    "but not that of a pod with its own": (
        to(block("10.8.0.5/32")), "no frontend reaches node n1 in cluster west", "proved",
    ),
    "a node elsewhere of the same name is not the pod's own": (
        come(), "no node n1 in cluster west reaches frontend", "proved",
    ),
    "there is a flow to one of them": (to(block("10.8.0.6/32")), "some frontend reaches pods in cluster west", "proved"),
    "each has one that it reaches": (
        to(block("10.8.0.6/32")), 'every frontend reaches some pods where app == "db" in cluster west', "proved",
    ),
    "none of them": (to(block("10.8.0.7/32")), 'some frontend reaches pods where app == "db" in cluster west', "refuted"),
    "a named port is what the pod declares": (
        to(block("10.8.0.5/32")), "every frontend reaches pods in cluster west on port sql", "proved",
    ),
    "no policy selects what is elsewhere": (to(), "every pods in cluster west is isolated for ingress", "refuted"),
    "nothing is between two of another cluster": (
        to(), "no pods in cluster west reach pods in cluster west", "vacuous",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "claim", "status"), ANSWERS.values(), ids=ANSWERS)
def test_policies_know_what_is_elsewhere_by_its_address(tmp_path: Path, rules: str, claim: str, status: str) -> None:
    """Each claim has this answer, and a counterexample is one that the oracle confirms."""
    result = answer(tmp_path, rules, claim)
    assert result.status.value == status
    if status == "refuted" and result.counterexample is not None:
        assert result.counterexample.flow.src.is_pod or result.counterexample.flow.dst.is_pod


def test_a_counterexample_names_the_pod_elsewhere(tmp_path: Path) -> None:
    """The flow goes to its address, and nothing is assumed where that is known."""
    claim = 'no frontend reaches pods where app == "db" in cluster west'
    shown = answer(tmp_path, to(block("10.8.0.0/16")), claim).counterexample
    assert shown is not None
    assert (str(shown.flow.dst), str(shown.flow.dst_ip), shown.flow.port) == ("west:shop/db-0", "10.8.0.5", 5432)
    assert shown.reading == ()
    assert shown.verdict.ingress.because == "no pod"


def test_a_counterexample_says_which_address_it_needs(tmp_path: Path) -> None:
    """An unknown address is named."""
    rules = to(block("10.9.0.0/16"))
    shown = answer(tmp_path, rules, "no frontend reaches deployment edge/gateway in cluster west").counterexample
    assert shown is not None
    (needed,) = shown.reading
    assert needed.name == "address of west:edge/gateway"
    assert needed.value.startswith("10.9.")


@pytest.mark.parametrize(
    ("cidr", "status"),
    [
        pytest.param("10.1.0.0/16", "proved", id="where pods of this cluster live"),
        pytest.param("10.0.0.0/8", "refuted", id="around it"),
    ],
)
def test_clusters_share_no_addresses(tmp_path: Path, cidr: str, status: str) -> None:
    """A pod of unknown address elsewhere has none of the range that is said to be that of the pods here."""
    claim = "no frontend reaches deployment edge/gateway in cluster west"
    assert answer(tmp_path, to(block(cidr)), claim, pod_cidrs=["10.1.0.0/16"]).status.value == status


GATEWAY, NODE = "deployment edge/gateway in cluster west", "node n1 in cluster west"
OF_A_NODE = "198.51.100.1/32"


@pytest.mark.parametrize(
    ("rules", "claim"),
    [
        pytest.param(to(block(OF_A_NODE)), f"no frontend reaches {GATEWAY} or {NODE}", id="as destinations"),
        pytest.param(
            come(f"{{ipBlock: {{cidr: 0.0.0.0/0, except: [{OF_A_NODE}]}}}}"),
            "every (pod edge/bare in cluster west or pod edge/hosted in cluster west) reaches some frontend",
            id="as sources",
        ),
    ],
)
def test_who_is_on_the_host_network_does_not_hide_behind_a_pod(tmp_path: Path, rules: str, claim: str) -> None:
    """Neither address is known, but only that of a node, or of a pod on its network, may be another such pod's."""
    head = "apiVersion: v1, kind: Pod, metadata:"
    bare = f"{{{head} {{name: bare, namespace: edge}}, spec: {{containers: [{{name: c}}]}}}}"
    hosted = f"{{{head} {{name: hosted, namespace: edge}}, spec: {{hostNetwork: true, containers: [{{name: c}}]}}}}"
    assert answer(tmp_path, rules, claim, west=f"{WEST}\n---\n{bare}\n---\n{hosted}").status.value == "refuted"


def test_what_is_found_of_a_pod_is_not_taken_for_a_node(tmp_path: Path) -> None:
    """Two questions with one formula differ where other addresses are somebody else's."""
    spec = f"assert no frontend reaches {GATEWAY}\nassert no frontend reaches {NODE}\n"
    loaded = load(tmp_path, to(block(OF_A_NODE)), spec, west=WEST)
    results = npverify.prove(loaded.world, loaded.assertions).results
    assert [r.status.value for r in results] == ["proved", "refuted"]


def test_two_clusters_beside_this_one(tmp_path: Path) -> None:
    """Each is asked about by its name."""
    spec = "assert no frontend reaches pods in cluster east\nassert no frontend reaches pods in clusters east, west\n"
    east = WEST.replace("10.8.0.", "10.7.0.").replace("198.51.100.1", "198.51.100.2")
    loaded = load(tmp_path, to(block("10.8.0.5/32")), spec, west=WEST, east=east)
    results = npverify.prove(loaded.world, loaded.assertions).results
    assert [r.status.value for r in results] == ["proved", "refuted"]


def test_what_is_not_read_elsewhere_is_told(tmp_path: Path) -> None:
    """Policies and specs of another cluster are counted, other objects are skipped as they are here."""
    more = f"{WEST}\n---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c, namespace: shop}}}}"
    (tmp_path / "west").mkdir()
    (tmp_path / "west" / "its.npv").write_text("assert no pod reaches internet\n")
    (tmp_path / "west" / "m.yaml").write_text(more)
    (tmp_path / "here.yaml").write_text(HERE)
    loaded = npverify.load([str(tmp_path / "here.yaml")], remotes={"west": [str(tmp_path / "west")]})
    notes = [note for note in loaded.world.inventory.notes if note.startswith("cluster west: its")]
    assert notes[0] == "cluster west: its policies are not judged: 1 NetworkPolicy"
    assert notes[1].startswith("cluster west: its specs are not read: ")
    assert loaded.world.skipped == {"ConfigMap": 1}
    assert loaded.assertions == ()
    assert len(loaded.world.defined) == 0


@pytest.mark.parametrize(
    ("remotes", "codes"),
    [
        pytest.param({"West!": ["west"]}, ["NPV296"], id="a name that a cluster cannot have"),
        pytest.param({"west": ["nowhere"]}, ["NPV001"], id="a path that is not there"),
        pytest.param({"west": ["bad.yaml"]}, ["NPV037"], id="a mistake in its manifests"),
    ],
)
def test_what_is_wrong_elsewhere_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, remotes: dict[str, list[str]], codes: list[str]
) -> None:
    """Manifests of other clusters are read as strictly as those of this one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "west").write_text(WEST)
    (tmp_path / "bad.yaml").write_text(WEST.replace("10.8.0.6", "10.8.0"))
    (tmp_path / "here.yaml").write_text(HERE)
    with pytest.raises(InputError) as caught:
        npverify.load(["here.yaml"], remotes=remotes)
    assert [d.code for d in caught.value.diagnostics] == codes


def test_a_service_that_leads_elsewhere_is_judged_at_the_pod_there(tmp_path: Path) -> None:
    """Endpoints made by hand with the address of a pod of another cluster are that pod, not an outside address."""
    service = (
        "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {ports: [{port: 80, targetPort: 5432}]}}"
        "\n---\n{apiVersion: v1, kind: Endpoints, metadata: {name: db, namespace: shop},"
        " subsets: [{addresses: [{ip: 10.8.0.5}], ports: [{port: 5432}]}]}"
    )
    spec = "assert every frontend reaches service shop/db\nassert no frontend reaches service shop/db\n"
    (tmp_path / "m.yaml").write_text(f"{HERE}\n---\n{policy('frontend', to(block('10.8.0.5/32')))}\n---\n{service}")
    (tmp_path / "s.npv").write_text(spec)
    (tmp_path / "west").mkdir()
    (tmp_path / "west" / "w.yaml").write_text(WEST)
    paths = [str(tmp_path / "m.yaml")]
    loaded = npverify.load(
        paths,
        specs=[str(tmp_path / "s.npv")],
        remotes={"west": [str(tmp_path / "west")]},
        assume={"service_translation": "before_policy"},
    )
    results = npverify.prove(loaded.world, loaded.assertions).results
    assert [r.status.value for r in results] == ["proved", "refuted"]
    shown = results[1].counterexample
    assert shown is not None
    assert str(shown.flow.dst) == "west:shop/db-0"


SETS = """
{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {name: west, labels: {role: db}}, spec: {nets: [10.8.0.5/32]}}
"""


def calico(*rules: str) -> str:
    """A Calico policy on the frontend that allows this and denies all else."""
    egress = ", ".join(f"{{action: Allow, {rule}}}" for rule in rules)
    spec = f"{{selector: app == 'frontend', types: [Egress], egress: [{egress}]}}"
    return f"{{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {{name: p, namespace: shop}}, spec: {spec}}}"


EVERY_DB = f"every frontend reaches {DB} on tcp/5432"
IN_SETS = "destination: {selector: role == 'db', namespaceSelector: global()}"
BY_CALICO = {
    "nets open the pod that has the address": (["destination: {nets: [10.8.0.5/32]}"], EVERY_DB, "proved"),
    "and no other": (
        ["destination: {nets: [10.8.0.5/32]}"], "no frontend reaches pod shop/db-1 in cluster west", "proved",
    ),
    "notNets close it": (
        ["destination: {nets: [10.8.0.0/16], notNets: [10.8.0.5/32]}"], f"no frontend reaches {DB}", "proved",
    ),
    "selectors do not match a pod elsewhere": (
        ["destination: {selector: app == 'db'}", "destination: {namespaceSelector: all()}"],
        "no frontend reaches pods in cluster west", "proved",
    ),
    "the set that holds its address does": ([IN_SETS], EVERY_DB, "proved"),
    "and lets in no other": ([IN_SETS], "no frontend reaches pod shop/db-1 in cluster west", "proved"),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "claim", "status"), BY_CALICO.values(), ids=BY_CALICO)
def test_calico_knows_what_is_elsewhere_by_its_address(
    tmp_path: Path, rules: list[str], claim: str, status: str
) -> None:
    """5.1: open-source Calico has no endpoints of other clusters; addresses and network sets stand for them."""
    (tmp_path / "here.yaml").write_text(f"{HERE}\n---\n{SETS}\n---\n{calico(*rules)}")
    (tmp_path / "west.yaml").write_text(WEST)
    (tmp_path / "s.npv").write_text(f"assert {claim}\n")
    loaded = npverify.load(
        [str(tmp_path / "here.yaml")], specs=[str(tmp_path / "s.npv")], remotes={"west": [str(tmp_path / "west.yaml")]}
    )
    (result,) = npverify.prove(loaded.world, loaded.assertions).results
    assert result.status.value == status
