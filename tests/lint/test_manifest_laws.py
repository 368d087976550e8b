"""On small random clusters the rules about default denies, names and the metadata address agree with the oracle, flow by flow."""

from __future__ import annotations

import json
import string
from dataclasses import replace
from functools import cache
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import npverify
from npverify.analyses.lint.run import lint
from npverify.analyses.world import World
from npverify.dialects import kubernetes, kubernetes_read
from npverify.dialects.manifest_lint import Case
from npverify.dialects.manifest_lint.names import one_slip, slipped
from npverify.dialects.manifest_lint.port_numbers import RULES as NUMBERS
from npverify.dialects.profiles import profile
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.normal.flow import Flow
from npverify.normal.policy import Action, Direction, Half, Policy, PolicySet, Rule
from npverify.oracle import Oracle
from worlds import document

WORLDS = 80
SPACES = {"a": {"env": "prod"}, "b": {"env": "dev"}, "kube-system": {}}
PODS = (("a", "web"), ("a", "db"), ("b", "web"), ("b", "job"), ("kube-system", "dns"))
METADATA = "169.254.169.254"


def objects(rng: Random) -> list[dict[str, Any]]:
    """Namespaces that are declared, pods with addresses, a name server, and up to five NetworkPolicies."""
    made: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        for name, labels in SPACES.items()
    ]
    for number, (namespace, app) in enumerate(PODS, start=1):
        labels = {"app": app} if app != "dns" else {"k8s-app": "kube-dns"}
        made.append(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": app, "namespace": namespace, "labels": labels},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
                "status": {"phase": "Running", "podIPs": [{"ip": f"10.0.0.{number}"}]},
            }
        )
    return made + [policy(rng, n) for n in range(rng.randint(1, 5))]


def policy(rng: Random, number: int) -> dict[str, Any]:
    """A NetworkPolicy over few names."""
    types = rng.choice((["Ingress"], ["Egress"], ["Egress"], ["Ingress", "Egress"]))
    spec: dict[str, Any] = {"podSelector": _pods(rng), "policyTypes": types}
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        if direction.capitalize() in types:
            spec[direction] = [_rule(rng, peers) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
    meta = {"name": f"p{number}", "namespace": rng.choice(("a", "a", "b", "kube-system"))}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _pods(rng: Random) -> dict[str, Any]:
    app = rng.choice(("web", "db", "job"))
    return rng.choice(
        (
            {},
            {"matchLabels": {"app": app}},
            {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": [app]}]},
            {"matchExpressions": [{"key": "k8s-app", "operator": rng.choice(("Exists", "DoesNotExist"))}]},
            {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", app]}]},
        )
    )


def _rule(rng: Random, peers: str) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if rng.random() < 0.8:
        rule[peers] = [_peer(rng) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.6:
        numbers = [{"port": n, "protocol": p} for n, p in ((53, "UDP"), (53, "TCP"), (80, "TCP"), (443, "TCP"))]
        rule["ports"] = rng.sample(numbers, rng.randint(1, 2))
    return rule


def _peer(rng: Random) -> dict[str, Any]:
    space = rng.choice(
        ({}, {"matchLabels": {"env": "dev"}}, {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}})
    )
    block = rng.choice(
        ("0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0", "10.0.0.0/8", "10.0.0.5/32", "169.254.0.0/16", "8.8.8.8/32")
    )
    holes = [hole for hole in ("169.254.169.254/32", "10.0.0.0/8") if block == "0.0.0.0/0" and rng.random() < 0.3]
    return rng.choice(
        (
            {"podSelector": _pods(rng)},
            {"ipBlock": {"cidr": block}},
            {"namespaceSelector": space},
            {"namespaceSelector": space, "podSelector": _pods(rng)},
            {"ipBlock": {"cidr": block, **({"except": holes} if holes else {})}},
        )
    )


@cache
def world(seed: int) -> World:
    """The world of a seed, for Calico, which leaves nothing open about NetworkPolicies."""
    text = "\n---\n".join(json.dumps(each) for each in objects(Random(seed)))
    return npverify.load(["-"], cni="calico", stdin=text.encode, for_lint=True).world


@cache
def found(seed: int, code: str) -> tuple[npverify.Finding, ...]:
    """What a rule finds in it."""
    return lint(world(seed), select=[code]).findings


def let_out(loaded: World, pod: Endpoint, to: Endpoint, protocol: str, port: int, ip: str = "") -> bool:
    """Whether egress of a pod lets a packet pass."""
    address = Address.parse(ip) if ip else to.addresses[0]
    flow = Flow(pod, to, protocol, port, pod.addresses[0], address)
    return Oracle(loaded.policies, loaded.inventory).side(Direction.EGRESS, flow).allowed


def without_allowing(policies: PolicySet, direction: Direction) -> PolicySet:
    """The set without the rules of a direction that allow."""
    stages = [
        replace(
            stage,
            tiers=tuple(
                replace(
                    tier,
                    policies=tuple(
                        replace(p, rules=tuple(r for r in p.rules if r.action is not Action.ALLOW))
                        for p in tier.policies
                    ),
                )
                for tier in stage.tiers
            ),
        )
        for stage in policies.half(direction).stages
    ]
    return policies.with_half(direction, Half(tuple(stages)))


@pytest.mark.parametrize("seed", range(WORLDS))
@pytest.mark.parametrize(("code", "direction"), [("NPL160", Direction.INGRESS), ("NPL161", Direction.EGRESS)])
def test_a_namespace_has_no_default_deny_exactly_where_a_flow_needs_no_rule(seed, code, direction):
    """Of the oracle's verdicts without the rules that allow, some pod's flow passes in each namespace that is told, and in
    no other one."""
    loaded = world(seed)
    oracle = Oracle(without_allowing(loaded.policies, direction), loaded.inventory)
    pods = loaded.inventory.pods
    open_ = {
        pod.namespace
        for pod, peer in product(pods, pods)
        if pod is not peer
        and oracle.side(
            direction,
            Flow(pod, peer, "TCP", 7, pod.addresses[0], peer.addresses[0])
            if direction is Direction.EGRESS
            else Flow(peer, pod, "TCP", 7, peer.addresses[0], pod.addresses[0]),
        ).allowed
    }
    told = {finding.policy.name for finding in found(seed, code)}
    assert told == (open_ - {"kube-system"} if _anybody_isolated(loaded, oracle, direction) else set())


def _anybody_isolated(loaded: World, oracle: Oracle, direction: Direction) -> bool:
    pods = [pod for pod in loaded.inventory.pods if pod.namespace != "kube-system"]

    def flow(pod: Endpoint, peer: Endpoint) -> Flow:
        src, dst = (pod, peer) if direction is Direction.EGRESS else (peer, pod)
        return Flow(src, dst, "TCP", 7, src.addresses[0], dst.addresses[0])

    return any(not oracle.side(direction, flow(pod, peer)).allowed for pod in pods for peer in pods if pod is not peer)


def _askers(loaded: World) -> dict[str, tuple[bool, bool, bool]]:
    """Of each pod that a policy selects for egress: whether it reaches the name server by UDP, by TCP, and anybody at all."""
    policies = [policy for tier in loaded.policies.egress.tiers for policy in tier.policies]
    (server,) = (pod for pod in loaded.inventory.pods if pod.name == "dns")
    oracle = Oracle(loaded.policies, loaded.inventory)
    answers = {}
    for pod in loaded.inventory.pods:
        flow = Flow(pod, EXTERNAL, "TCP", 7, pod.addresses[0], Address.parse("1.1.1.1"))
        if pod is not server and any(oracle.holds(p.subject, flow, {}, Direction.EGRESS) for p in policies):
            others = [(p, "") for p in loaded.inventory.pods if p is not pod]
            others += [(EXTERNAL, ip) for ip in ("1.1.1.1", "8.8.8.8", METADATA, "10.9.9.9")]
            ports = [("TCP", n) for n in (53, 80, 443, 7)] + [("UDP", 53), ("UDP", 7)]
            reached = any(let_out(loaded, pod, end, *by, ip) for (end, ip), by in product(others, ports))
            by_udp, by_tcp = (
                let_out(loaded, pod, server, protocol, 53) or _outside(loaded, pod, protocol)
                for protocol in ("UDP", "TCP")
            )
            answers[str(pod)] = (by_udp, by_tcp, reached)
    return answers


def _says(loaded: World, pod: Endpoint, policy: Policy, rule: Rule, ip: str, protocol: str, port: int) -> bool:
    """Whether a rule for a pod is about a packet to an outside address."""
    oracle = Oracle(loaded.policies, loaded.inventory)
    flow = Flow(pod, EXTERNAL, protocol, port, pod.addresses[0], Address.parse(ip))
    return all(oracle.holds(pred, flow, {}, Direction.EGRESS) for pred in (policy.subject, rule.match))


def _egress_rules(loaded: World) -> list[tuple[Policy, Rule]]:
    """Every egress rule that names a block."""
    policies = (policy for tier in loaded.policies.egress.tiers for policy in tier.policies)
    return [(policy, rule) for policy in policies for rule in policy.rules if "AddressIn" in repr(rule.peer)]


def _outside(loaded: World, pod: Endpoint, protocol: str) -> bool:
    """Whether a rule with a block that is for names alone lets the pod ask outside: to no other port, or to link-local
    addresses alone."""
    anywhere, by, elsewhere = ("8.8.8.8", "1.1.1.1", "10.9.9.9", "169.254.20.10"), ("TCP", "UDP"), (80, 443, 7)
    for policy, rule in _egress_rules(loaded):
        asks = any(_says(loaded, pod, policy, rule, ip, protocol, 53) for ip in anywhere)
        others = any(_says(loaded, pod, policy, rule, *packet) for packet in product(anywhere, by, elsewhere))
        far = any(_says(loaded, pod, policy, rule, *packet) for packet in product(anywhere[:3], by, (53, *elsewhere)))
        if asks and not (others and far):
            return True
    return False


@pytest.mark.parametrize("seed", range(WORLDS))
def test_pods_are_told_to_have_no_names_exactly_where_the_oracle_lets_none_through(seed):
    """NPL162 is about the pods that reach somebody and no name server by UDP, NPL163 about those that reach one by UDP alone."""
    answers = _askers(world(seed))
    none = {pod for pod, (udp, _, anything) in answers.items() if anything and not udp}
    udp_alone = {pod for pod, (udp, tcp, _) in answers.items() if udp and not tcp}
    for code, wanted in (("NPL162", none), ("NPL163", udp_alone)):
        said = " ".join(finding.message for finding in found(seed, code))
        assert {pod for pod in answers if f" {pod} " in said.replace(",", " ")} == wanted


@pytest.mark.parametrize("seed", range(WORLDS))
def test_the_metadata_address_is_told_exactly_where_a_block_lets_a_pod_reach_it(seed):
    """Each rule that is told matches a packet to it which egress lets out, and each such rule is told unless it is about
    link-local addresses alone."""
    loaded = world(seed)
    wanted = set()
    for pod, (each, rule) in product(loaded.inventory.pods, _egress_rules(loaded)):
        others = product(("1.1.1.1", "10.9.9.9", "8.8.8.8"), ("TCP",), (80, 53, 443))
        if _says(loaded, pod, each, rule, METADATA, "TCP", 80) and any(
            _says(loaded, pod, each, rule, *packet) for packet in others
        ):
            wanted |= {(each.id, rule.label)} if let_out(loaded, pod, EXTERNAL, "TCP", 80, METADATA) else set()
    assert {(f.policy, f.message.split(", ")[1]) for f in found(seed, "NPL167")} == wanted


def test_the_worlds_are_of_every_kind():
    """Each rule finds something in many of them, and nothing in many."""
    for code in ("NPL160", "NPL161", "NPL162", "NPL163", "NPL167"):
        assert 5 < sum(bool(found(seed, code)) for seed in range(WORLDS)) < WORLDS - 5, code


@pytest.mark.parametrize("seed", range(WORLDS))
def test_whom_selectors_match_is_what_the_normal_form_says(seed):
    """The pods that a policy selects, and those that a peer is, are those of which the oracle says so."""
    loaded = world(seed)
    plugin = profile("calico", {})
    read = [
        kubernetes_read.read(document(each), Problems(), strict_cidr=True)
        for each in objects(Random(seed))
        if each["kind"] == "NetworkPolicy"
    ]
    case = Case(tuple(read), {}, loaded.inventory, plugin)
    oracle = Oracle(loaded.policies, loaded.inventory)

    def selected(pred: object, side_is_source: bool) -> set[str]:
        names = set()
        for pod in loaded.inventory.pods:
            other = next(p for p in loaded.inventory.pods if p is not pod)
            src, dst = (pod, other) if side_is_source else (other, pod)
            if oracle.holds(pred, Flow(src, dst, "TCP", 7, src.addresses[0], dst.addresses[0])):  # type: ignore[arg-type]
                names.add(str(pod))
        return names

    for policy_ in read:
        for direction, rules in policy_.rules.items():
            (lowered,) = kubernetes.lowered([policy_], direction, plugin)
            egress = direction is Direction.EGRESS
            assert {str(p) for p in case.selected(policy_)} == selected(lowered.subject, egress)
            for text, rule in zip(rules, lowered.rules, strict=True):
                if text.peers and not any(peer.block for peer in text.peers):
                    pods = {str(p) for peer in text.peers for p in case.peers(policy_, peer)}
                    assert pods == selected(rule.peer, not egress)


WORDS = st.text(string.ascii_lowercase, min_size=4, max_size=8)


@given(WORDS, st.data())
def test_one_edit_of_a_word_is_one_slip(word, data):
    """A letter left out, added or another one, and two neighbours that changed places; there and back."""
    at = data.draw(st.integers(0, len(word) - 2))
    letter = data.draw(st.sampled_from(string.ascii_lowercase))
    edited = data.draw(
        st.sampled_from(
            (
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at:],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                word.upper(),
                f"{word[:2]}-{word[2:]}",
            )
        )
    )
    assert one_slip(word, edited) is one_slip(edited, word) is (word != edited)


@given(WORDS, WORDS)
def test_a_slip_is_never_more_than_one_edit(word, other):
    """Lengths differ by one at most, and of the letters in order all but two are shared."""
    if one_slip(word, other):
        assert abs(len(word) - len(other)) <= 1
        assert sum(a != b for a, b in zip(sorted(word), sorted(other), strict=False)) <= max(len(word), len(other))
        assert len(set(word) ^ set(other)) <= 2


@pytest.mark.parametrize(
    ("word", "other", "is_one"),
    [
        ("db1", "db2", False),
        ("db", "db2", False),
        ("web1", "web", False),
        ("v10", "v01", False),
        ("api-gateway", "apigateway", True),
        ("kube_dns", "kube-dns", True),
        ("ab", "ac", False),
        ("web", "web", False),
        ("storefront", "backoffice", False),
    ],
)
def test_digits_short_names_and_separators(word, other, is_one):
    """What tells names apart on purpose is no slip."""
    assert one_slip(word, other) is is_one


def test_the_first_of_several_near_names_is_meant():
    """By the alphabet, whatever the order in which they are known; a name that is known needs none."""
    assert slipped("webb", ["webs", "web", "weba"]) == "web"
    assert slipped("web", ["web", "webb"]) is None


def test_every_rule_about_numbers_needs_pods():
    """Without them nobody declares a port, and every number would be told."""
    assert all(rule.about.needs_pods for rule in NUMBERS)
