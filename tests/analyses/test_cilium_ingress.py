"""What Cilium's own Ingress and Gateway bring in: policies judge it on its way to their proxy and from there.

Sources: cilium/cilium Documentation/network/servicemesh/ingress-reference.rst (two points of enforcement, the identity `ingress`),
external-ingress-policy.rst and default-deny-ingress-policy.rst (the policies of these pages), operator/pkg/ingress/helpers.go (the
class by its name); cilium/proxy#351 (the port of the backend counts on the way to the proxy).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, product
from pathlib import Path
from random import Random

import pytest

import npverify
from analyses.test_controllers import BY, BY_GATEWAY, EVERY, FRONT, GATEWAY_CLASS, NO, ROUTED, edge, ingress
from analyses.test_entries import CLIENT, NODES, asked, db
from npverify.analyses.entered import entered
from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader, make_traffic
from npverify.analyses.load import load
from npverify.analyses.prove import prove
from npverify.analyses.session import Session
from npverify.analyses.world import World
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import EXTERNAL
from npverify.inventory.model import PROXY as proxy
from npverify.normal.flow import Flow, Request
from npverify.normal.policy import Direction
from npverify.normal.predicates import UnknownIn, atoms_of
from npverify.oracle import Oracle


def rule(spec: str, name: str = "c", namespace: str = "") -> str:
    """A policy of the whole cluster, or one of a namespace."""
    kind = "CiliumNetworkPolicy" if namespace else "CiliumClusterwideNetworkPolicy"
    of = f", namespace: {namespace}" if namespace else ""
    return f"{{apiVersion: cilium.io/v2, kind: {kind}, metadata: {{name: {name}{of}}}, spec: {{{spec}}}}}"


DB = "endpointSelector: {matchLabels: {app: db}}"
PROXY = "endpointSelector: {matchExpressions: [{key: 'reserved:ingress', operator: Exists}]}"
PLAIN = [NODES, db(), edge(), FRONT, ingress("cilium")]
TO_DB = rule(f"{DB}, ingress: [{{fromEntities: [ingress]}}]", "to-db", "x")
LOCKDOWN = rule("endpointSelector: {}, ingress: [{fromEntities: [cluster]}]", "lockdown")
FROM_BLOCK = rule(f"{PROXY}, ingress: [{{fromCIDR: [203.0.113.0/24]}}, {{fromEntities: [cluster]}}]", "block")
DENY_EGRESS = rule(f"{PROXY}, egress: [{{toEntities: [host]}}]", "silent")
NATIVE = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: all, namespace: x}, spec: {podSelector: {}, ingress: [%s]}}"
SERVER = (
    "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: kubernetes, namespace: default, labels:"
    " {kubernetes.io/service-name: kubernetes}}, addressType: IPv4, endpoints: [{addresses: [192.168.0.1]}], ports: [{port: 6443}]}"
)
GETS = rule(
    f"{DB}, ingress: [{{fromEntities: [ingress], toPorts: [{{ports: [{{port: '5432', protocol: TCP}}],"
    " rules: {http: [{method: GET}]}}]}]", "gets", "x"
)  # fmt: skip
CILIUM_CLASS = GATEWAY_CLASS.replace("b.io/c", "io.cilium/gateway-controller")

ROWS: list[tuple[str, list[str], str, Mapping[str, str], str]] = [
    # who is let in at the pod
    ("without policies everybody comes in", PLAIN, f"{EVERY} {BY}", {}, "proved"),
    ("the entity `ingress` is let in", [*PLAIN, TO_DB], f"{EVERY} {BY}", {}, "proved"),
    ("so nobody is kept out", [*PLAIN, TO_DB], f"{NO} {BY}", {}, "refuted"),
    ("the entity `world` is another", [*PLAIN, rule(f"{DB}, ingress: [{{fromEntities: [world]}}]", "w", "x")], f"{NO} {BY}", {}, "proved"),
    ("the entity `cluster` holds it", [*PLAIN, rule(f"{DB}, ingress: [{{fromEntities: [cluster]}}]", "w", "x")], f"{EVERY} {BY}", {}, "proved"),
    ("and `all` does", [*PLAIN, rule(f"{DB}, ingress: [{{fromEntities: [all]}}]", "w", "x")], f"{EVERY} {BY}", {}, "proved"),
    ("a block of clients is not it", [*PLAIN, rule(f"{DB}, ingress: [{{fromCIDR: [0.0.0.0/0]}}]", "w", "x")], f"{NO} {BY}", {}, "proved"),
    ("nor are hosts", [*PLAIN, rule(f"{DB}, ingress: [{{fromEntities: [host, remote-node]}}]", "w", "x")], f"{NO} {BY}", {}, "proved"),
    ("its label", [*PLAIN, rule(f"{DB}, ingress: [{{fromEndpoints: [{{matchLabels: {{'reserved:ingress': ''}}}}]}}]", "w")], f"{EVERY} {BY}", {}, "proved"),
    ("pods of every namespace are not it", [*PLAIN, NATIVE % "{from: [{namespaceSelector: {}}]}"], f"{NO} {BY}", {}, "proved"),
    ("nor is an ipBlock", [*PLAIN, NATIVE % "{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}"], f"{NO} {BY}", {}, "proved"),
    ("a NetworkPolicy without peers lets it in", [*PLAIN, NATIVE % "{}"], f"{EVERY} {BY}", {}, "proved"),
    ("a port that is not open", [*PLAIN, rule(f"{DB}, ingress: [{{fromEntities: [ingress], toPorts: [{{ports: [{{port: '80', protocol: TCP}}]}}]}}]", "w", "x")], f"{NO} {BY}", {}, "proved"),
    ("what denies it", [*PLAIN, TO_DB, rule(f"{DB}, ingressDeny: [{{fromEntities: [ingress]}}]", "d", "x")], f"{NO} {BY}", {}, "proved"),
    # from the proxy
    ("its egress counts", [*PLAIN, DENY_EGRESS], f"{NO} {BY}", {}, "proved"),
    ("that of a namespace is not about it", [*PLAIN, rule("endpointSelector: {}, egress: [{toEntities: [host]}]", "s", "kube-system")], f"{EVERY} {BY}", {}, "proved"),
    # to the proxy
    ("outside traffic is locked out", [*PLAIN, SERVER, LOCKDOWN], f"{NO} {BY}", {}, "proved"),
    ("unless it is the API server that sends it", [*PLAIN, LOCKDOWN], f"{NO} {BY}", {}, "refuted"),
    ("so no client comes in", [*PLAIN, LOCKDOWN], f"{EVERY} {BY}", {}, "refuted"),
    ("not even one", [*PLAIN, SERVER, LOCKDOWN], f"some internet reaches pod x/db {BY}", {}, "refuted"),
    ("a block is let in again", [*PLAIN, LOCKDOWN, FROM_BLOCK], f"{EVERY} {BY}", {}, "proved"),
    ("others are not", [*PLAIN, SERVER, LOCKDOWN, FROM_BLOCK], f"only 203.0.113.0/24 reaches pod x/db {BY}", {}, "proved"),
    ("and the block is", [*PLAIN, LOCKDOWN, FROM_BLOCK], f"no 203.0.113.0/24 reaches pod x/db {BY}", {}, "refuted"),
    ("so some are", [*PLAIN, SERVER, LOCKDOWN, FROM_BLOCK], f"{NO} {BY}", {}, "refuted"),
    ("some go on where no other may", [*PLAIN, SERVER, FROM_BLOCK, GETS], f"{NO} {BY}", {}, "undecided"),
    ("clients that come to it are not enough", [*PLAIN, SERVER, LOCKDOWN, FROM_BLOCK, DENY_EGRESS], f"{NO} {BY}", {}, "proved"),
    ("by the port of the backend", [*PLAIN, rule(f"{PROXY}, ingress: [{{fromEntities: [world], toPorts: [{{ports: [{{port: '5432', protocol: TCP}}]}}]}}]")], f"{EVERY} {BY}", {}, "proved"),
    ("not by that of the Service", [*PLAIN, rule(f"{PROXY}, ingress: [{{fromEntities: [world], toPorts: [{{ports: [{{port: '80', protocol: TCP}}]}}]}}]")], f"{NO} {BY}", {}, "proved"),
    ("everything is closed by the agent", PLAIN, f"{NO} {BY}", {"enable_policy": "always"}, "proved"),
    ("each comes in to some pod", [*PLAIN, TO_DB], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", {}, "proved"),
    ("or to none, as the pod lets it not in", [*PLAIN, NATIVE % "{from: [{podSelector: {}}]}"], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", {}, "refuted"),
    ("or as it does not come to the proxy", [*PLAIN, LOCKDOWN, FROM_BLOCK], f"every internet reaches some pod in namespace x on tcp/5432 {BY}", {}, "refuted"),
    ("those of the block do", [*PLAIN, LOCKDOWN, FROM_BLOCK], f"every {CLIENT} reaches some pod in namespace x on tcp/5432 {BY}", {}, "proved"),
    # whose class it is
    ("of another class nobody knows", [NODES, db(), FRONT, ingress("nginx"), TO_DB], f"{NO} {BY}", {}, "undecided"),
    ("a setting of the class goes first", [*PLAIN, TO_DB], f"{NO} {BY}", {"ingress_controller.cilium": "e"}, "proved"),
    ("one of every class does not", [*PLAIN, TO_DB], f"{NO} {BY}", {"ingress_controller": "e"}, "refuted"),
    ("a Gateway by its controller", [NODES, db(), FRONT, *ROUTED, CILIUM_CLASS, TO_DB], f"{EVERY} {BY_GATEWAY}", {}, "proved"),
    ("not by that of another", [NODES, db(), FRONT, *ROUTED, GATEWAY_CLASS.replace("name: c", "name: cilium"), TO_DB], f"{EVERY} {BY_GATEWAY}", {}, "undecided"),
    ("by the name that Cilium gives", [NODES, db(), FRONT, ROUTED[0].replace("Name: c,", "Name: cilium,"), ROUTED[1], TO_DB], f"{EVERY} {BY_GATEWAY}", {}, "proved"),
    # what is not asked by name
    ("it is no pod, node or outside address", [*PLAIN, TO_DB], "only nodes reaches pod x/db", {}, "proved"),
]  # fmt: skip


@pytest.mark.parametrize(("manifests", "claim", "assume", "status"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_is_proved_of_what_cilium_passes_on(
    manifests: list[str], claim: str, assume: Mapping[str, str], status: str, tmp_path: Path
) -> None:
    """Both ways have to be open, that to the proxy and that from there."""
    assert asked(tmp_path, manifests, claim, assume, "cilium").results[0].status == status


@pytest.mark.parametrize(
    ("cni", "status", "said"), [("cilium", "undecided", True), ("kubernetes", "equivalent", False)]
)
def test_a_comparison_says_that_the_proxy_is_left_out(cni: str, status: str, said: bool, tmp_path: Path) -> None:
    """Policies that are about it alone are no difference between pods, nodes and outside addresses, and may be one to it."""
    for name, more in (("old", []), ("new", [FROM_BLOCK] if cni == "cilium" else [])):
        (tmp_path / f"{name}.yaml").write_text("\n---\n".join([*PLAIN, *more]))
    worlds = [load([str(tmp_path / f"{name}.yaml")], cni=cni).world for name in ("old", "new")]
    found = npverify.equiv(*worlds, allow_empty=True)
    assert found.status == status
    assert any("Cilium's own Ingress" in note for note in found.notes) is said


def test_other_plugins_have_no_such_proxy(tmp_path: Path) -> None:
    """There the class is one like others."""
    assert asked(tmp_path, PLAIN, f"{EVERY} {BY}", {}, "calico").results[0].status == "undecided"


@pytest.mark.parametrize(
    ("manifests", "allowed"),
    [
        ([*PLAIN, TO_DB], True),
        ([*PLAIN, LOCKDOWN], False),
        ([*PLAIN, LOCKDOWN, FROM_BLOCK], True),
        ([*PLAIN, TO_DB, DENY_EGRESS], False),
    ],
    ids=["let in", "not to the proxy", "of its block", "not from the proxy"],
)
def test_the_verdict_of_a_client(manifests: list[str], allowed: bool, tmp_path: Path) -> None:
    """What `eval --via ingress` says."""
    (tmp_path / "m.yaml").write_text("\n---\n".join(manifests))
    world = load([str(tmp_path)], cni="cilium").world
    directory = FlowReader(world.inventory).directory
    ends = directory.resolve(CLIENT.partition("/")[0]), directory.resolve("service/x/front")
    found = evaluate_query(world, entered(world, *ends, make_traffic("TCP", 80), "ingress"))
    assert found.verdict.allowed is allowed


STEPS = [
    ("a policy of the proxy comes", PLAIN, [LOCKDOWN]),
    ("and goes", [*PLAIN, SERVER, LOCKDOWN], []),
    ("its egress", [*PLAIN, TO_DB], [DENY_EGRESS]),
    ("one that lets a block in", [*PLAIN, SERVER, LOCKDOWN], [FROM_BLOCK]),
]


@pytest.mark.parametrize(("before", "new"), [r[1:] for r in STEPS], ids=[r[0] for r in STEPS])
def test_a_session_answers_anew_where_the_proxy_is_touched(before: list[str], new: list[str], tmp_path: Path) -> None:
    """As a fresh run does."""
    spec = f"assert {NO} {BY}\nassert {EVERY} {BY}\nassert some internet reaches pod x/db {BY}\n"
    (tmp_path / "m.yaml").write_text("\n---\n".join(before))
    (tmp_path / "s.npv").write_text(spec)
    session = Session([str(tmp_path)], cni="cilium")
    session.prove()
    kept = before if new else [one for one in before if one != LOCKDOWN]
    (tmp_path / "m.yaml").write_text("\n---\n".join([*kept, *new]))
    session.refresh()
    found = [(r.status, r.depends_on) for r in session.prove().results]
    fresh = load([str(tmp_path)], cni="cilium")
    assert found == [(r.status, r.depends_on) for r in prove(fresh.world, fresh.assertions).results]


def test_a_proof_names_the_policies_of_both_ways(tmp_path: Path) -> None:
    """Also where one of the two decides alone."""
    proved = asked(tmp_path, [*PLAIN, TO_DB, FROM_BLOCK], f"{EVERY} {BY}", {}, "cilium").results[0]
    assert [policy.name for policy in proved.depends_on] == ["block", "to-db"]


def test_a_rollout_judges_the_way_to_the_proxy(tmp_path: Path) -> None:
    """What keeps others out comes behind what lets a block in."""
    for name, more in (("old", [TO_DB]), ("new", [TO_DB, LOCKDOWN, FROM_BLOCK])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "m.yaml").write_text("\n---\n".join([*PLAIN, SERVER, *more]))
    (tmp_path / "s.npv").write_text(f"assert {EVERY} {BY}\n")
    sides = [[str(tmp_path / name)] for name in ("old", "new")]
    found = npverify.rollout(*sides, specs=[str(tmp_path / "s.npv")], cni="cilium")
    steps = [str(edit) for step in found.steps for edit in step.edits]
    assert [step.rpartition(" ")[2] for step in steps] == ["block", "lockdown"]


KEPT = [
    TO_DB, LOCKDOWN, FROM_BLOCK, DENY_EGRESS, GETS,
    rule(f"{PROXY}, egress: [{{toEndpoints: [{{matchLabels: {{'k8s:io.kubernetes.pod.namespace': x}}}}]}}]", "to-x"),
    rule(f"{PROXY}, ingressDeny: [{{fromCIDR: [203.0.113.128/25]}}]", "deny"),
    rule(f"{PROXY}, ingress: [{{fromEntities: [world], toPorts: [{{ports: [{{port: '5432', protocol: TCP}}]}}]}}]", "port"),
    rule(f"{DB}, ingressDeny: [{{fromEntities: [cluster]}}]", "closed", "x"),
    rule(f"{DB}, ingress: [{{fromEntities: [kube-apiserver]}}]", "server", "x"),
    NATIVE % "{from: [{podSelector: {}}]}",
]  # fmt: skip
CLIENTS = tuple(map(Address.parse, ("203.0.113.1", "203.0.113.200", "198.51.100.9", "2001:db8::1")))
BLOCKS = ("internet", CLIENT, "203.0.113.128/25", "198.51.100.0/24")


@pytest.mark.parametrize("seed", range(24))
def test_the_chain_is_judged_hop_by_hop(seed: int, tmp_path: Path) -> None:
    """What is proved no client breaks under any reading, and what is refuted some client does: followed to the proxy, and from
    there to the pod."""
    rng = Random(seed)
    block, server = rng.choice(BLOCKS), rng.choice(([], [SERVER]))
    manifests = [*PLAIN, *server, *rng.sample(KEPT, rng.randint(0, 4))]
    (tmp_path / "m.yaml").write_text("\n---\n".join(manifests))
    (tmp_path / "s.npv").write_text(
        f"assert no {block} reaches pod x/db {BY}\nassert every {block} reaches pod x/db:5432 {BY}\n"
        f"assert some {block} reaches pod x/db {BY}\n"
    )
    loaded = load([str(tmp_path)], cni="cilium")
    world = loaded.world
    no, every, some = (result.status for result in prove(world, loaded.assertions).results)
    of = {
        tuple(_comes_in(world, client, method, reading) for client in _of(block) for method in ("GET", "POST"))
        for reading in _readings(world)
    }
    passes = set(chain.from_iterable(of))
    found = (no, every, some)
    if no == "proved":
        assert passes == {False}, found
    if some != "undecided":
        assert (some == "proved") is all(map(any, of)), found
    if every == "proved":
        assert passes == {True}, found
    if no == "refuted":
        assert True in passes, found
    if every == "refuted":
        assert False in passes, found
    if "undecided" in found:
        assert passes == {True, False}, found


def _of(block: str) -> list[Address]:
    return [c for c in CLIENTS if block == "internet" or (c.family == 4 and Prefix.parse(block).contains(c))]


def _readings(world: World) -> list[dict[str, str]]:
    """Every value of every fact that policies hang on."""
    halves = (world.policies.half(direction) for direction in Direction)
    atoms = {a for half in halves for pred in half.predicates for a in atoms_of(pred) if isinstance(a, UnknownIn)}
    unknowns = sorted({a.unknown for a in atoms}, key=lambda u: u.name)[:5]
    return [
        dict(zip((u.name for u in unknowns), values, strict=True)) for values in product(*(u.values for u in unknowns))
    ]


def _comes_in(world: World, client: Address, method: str, reading: dict[str, str]) -> bool:
    """Whether a request of a client is let through at both points."""
    oracle = Oracle(world.policies, world.inventory)
    pod = next(end for end in world.inventory.pods if end.name == "db")
    there = Flow(EXTERNAL, proxy, "TCP", 5432, src_ip=client, http=Request(method, "/"))
    on = Flow(proxy, pod, "TCP", 5432, http=Request(method, "/"))
    return oracle.decide(there, reading).allowed and oracle.decide(on, reading).allowed


TWICE = NATIVE % "{from: [{podSelector: {}}]}"


@pytest.mark.parametrize(
    ("manifests", "claim", "status"),
    [
        ([*PLAIN, TO_DB, DENY_EGRESS], "policy silent is redundant", "refuted"),
        ([*PLAIN, TO_DB, TO_DB.replace("name: to-db", "name: more")], "policy x/to-db is redundant", "undecided"),
        ([*PLAIN, TWICE, TWICE.replace("name: all", "name: more")], "policy x/all is redundant", "proved"),
        ([*PLAIN, TWICE, TWICE.replace("name: all", "name: more")], "policy x/all is shadowed", "proved"),
    ],
)  # fmt: skip
def test_a_policy_that_speaks_of_the_proxy_is_not_called_redundant(
    manifests: list[str], claim: str, status: str, tmp_path: Path
) -> None:
    """It may matter to what the proxy passes on alone; that it does is seen where it selects the proxy."""
    (result,) = asked(tmp_path, manifests, claim, {}, "cilium").results
    assert result.status == status


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ([TO_DB], "equivalent"),
        ([TO_DB.replace("name: to-db", "name: other")], "equivalent"),
        ([TO_DB, DENY_EGRESS], "undecided"),
    ],
)
def test_sets_are_equivalent_only_if_they_say_the_same_of_the_proxy(more: list[str], status: str) -> None:
    left, right = (
        npverify.load(["-"], stdin="\n---\n".join(parts).encode, with_assertions=False, cni="cilium").world
        for parts in ([*PLAIN, TO_DB], [*PLAIN, *more])
    )
    assert npverify.equiv(left, right).status == status
