"""Real manifests of public projects give the answers that were worked out by hand; skipped where they are absent.

The reasons stand in the spec files beside the assertions (examples/online-boutique, examples/argo-cd).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import npverify
from npverify.cli.app import run

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not beside this repository"),
]

BOUTIQUE = {
    "default deny": "proved",
    "customers reach the shop": "proved",
    "load arrives": "proved",
    "only the front end faces the internet": "proved",
    "the cart's store has one client": "proved",
    "the cart's store serves it": "proved",
    "cards are charged by checkout alone": "proved",
    "checkout charges cards": "proved",
    "checkout sends mail": "proved",
    "three read the catalog": "proved",
    "load and money are apart": "proved",
    "deny-all earns its place": "proved",
    "the front end charges cards": "refuted",
    "mail by the pod's address and the Service's port": "refuted",
    "card data stays inside": "refuted",
    "cloud metadata is out of reach": "refuted",
    "ads are apart": "refuted",
    "the load generator's policy is a leftover": "refuted",
}
ARGO_CD = {
    "the cache has three clients": "proved",
    "the server reads repositories": "proved",
    "the cache is not on the internet": "proved",
    "everybody can open the server": "proved",
    "single sign-on is for the server": "proved",
    "repositories are read by Argo CD's own only": "refuted",
}
CASES = [
    pytest.param("online-boutique", "online-boutique/boutique.npv", BOUTIQUE, id="online-boutique"),
    pytest.param("argo-cd/install.yaml", "argo-cd/argo-cd.npv", ARGO_CD, id="argo-cd"),
]


@pytest.mark.parametrize(("manifests", "spec", "expected"), CASES)
def test_real_manifests_get_the_answers_worked_out_by_hand(manifests: str, spec: str, expected: dict[str, str]) -> None:
    """Each assertion has the status that its comment argues for."""
    loaded = npverify.load([str(CORPUS / manifests)], specs=[str(ROOT / "examples" / spec)])
    result = npverify.prove(loaded.world, loaded.assertions)
    assert {r.assertion.title: str(r.status) for r in result.results} == expected


def test_connectivity_of_the_boutique_is_what_its_policies_open(capfd: pytest.CaptureFixture[str]) -> None:
    """The store of the cart has one client on one port, and the front end is open to every address."""
    assert run(["connectivity", str(CORPUS / "online-boutique"), "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)["connections"]
    ports = {"TCP 6379": [{"protocol": "TCP", "ports": [[6379, 6379]]}]}
    to_redis = [c for c in found if c["dst"].get("name") == "redis-cart"]
    assert [(c["src"]["name"], c["allowed"]) for c in to_redis] == [("cartservice", ports["TCP 6379"])]
    outside = {c["dst"]["name"] for c in found if "cidr" in c["src"]}
    assert outside == {"frontend"}
    everything = {
        (p["protocol"], tuple(map(tuple, p["ports"]))) for c in found if "cidr" in c["src"] for p in c["allowed"]
    }
    assert everything == {(protocol, ((1, 65535),)) for protocol in ("TCP", "UDP", "SCTP")}


def test_connectivity_of_argo_cd_runs(capfd: pytest.CaptureFixture[str]) -> None:
    """34,000 lines, nearly all of them definitions of resources, give the connections of seven workloads."""
    assert run(["connectivity", str(CORPUS / "argo-cd" / "install.yaml"), "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)["connections"]
    to_redis = {c["src"]["name"] for c in found if c["dst"].get("name") == "argocd-redis"}
    assert to_redis == {"argocd-application-controller", "argocd-repo-server", "argocd-server"}
