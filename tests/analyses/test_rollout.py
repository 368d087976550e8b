"""`rollout`: the order that keeps what holds, or the states that no order avoids; one story for each fact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import npverify
from npverify.analyses.results import AssertionResult, Status
from npverify.analyses.rollout import states as states_module
from npverify.analyses.rollout.edits import change_set
from npverify.analyses.rollout.results import Outcome
from npverify.ingest.files import File
from npverify.ingest.read import read
from npverify.ingest.source import Problems

EXAMPLES = Path(__file__).parents[2] / "examples" / "rollout"

Manifest = dict[str, Any]


def pod(name: str, namespace: str = "x", **labels: str) -> Manifest:
    meta = {"name": name, "namespace": namespace, "labels": {"app": name, **labels}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "c"}]}}


def policy(name: str, subject: str = "", **spec: Any) -> Manifest:
    selector = {"matchLabels": {"app": subject}} if subject else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "x"},
        "spec": {"podSelector": selector, **spec},
    }


def ingress(name: str, subject: str, *peers: str) -> Manifest:
    """A policy that lets these pods in, and nobody else."""
    rules = [{"from": [{"podSelector": {"matchLabels": {"app": peer}}} for peer in peers]}] if peers else []
    return policy(name, subject, policyTypes=["Ingress"], ingress=rules)


def egress(name: str, subject: str, *peers: str) -> Manifest:
    """A policy that lets a pod out to these, and to nobody else."""
    rules = [{"to": [{"podSelector": {"matchLabels": {"app": peer}}} for peer in peers]}] if peers else []
    return policy(name, subject, policyTypes=["Egress"], egress=rules)


def calico(kind: str, name: str, **spec: Any) -> Manifest:
    return {"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": {"name": name}, "spec": spec}


def file(name: str, objects: list[Manifest]) -> File:
    return File(name, json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), True)


PODS = [pod("a"), pod("b"), pod("c")]


def ask(
    old: list[Manifest], new: list[Manifest], *claims: str, pods: Any = None, **options: Any
) -> npverify.RolloutResult:
    """The rollout of one file that becomes another; `pods`: of both, or of each."""
    before, after = pods if pods is not None else (PODS, PODS)
    spec = File("facts.npv", "".join(f"assert {claim}\n" for claim in claims), True)
    return npverify.rollout(
        [file("old.json", [*before, *old])], [file("new.json", [*after, *new])], specs=[spec], **options
    )


def told(result: npverify.RolloutResult) -> list[str]:
    """The steps, one line each."""
    return [" + ".join(map(str, step.edits)) for step in result.steps]


def example(new: str) -> npverify.RolloutResult:
    return npverify.rollout([str(EXAMPLES / "old")], [str(EXAMPLES / new)], specs=[str(EXAMPLES / "rollout.npv")])


def test_what_lets_pods_talk_comes_first_and_default_deny_behind_it() -> None:
    """The story of the example: policies for the calls, then names for all, then default deny; each state is proved."""
    result = example("new")
    assert told(result) == [
        "create NetworkPolicy orders/gateway-calls",
        "create NetworkPolicy orders/order-service",
        "create NetworkPolicy orders/stock",
        "create NetworkPolicy orders/look-names-up",
        "create NetworkPolicy orders/default-deny",
        "delete NetworkPolicy orders/stock-from-the-namespace",
    ]
    assert [step.proved for step in result.steps] == [5] * 6
    assert [a.title for a in result.reached] == ["the stock is asked by the order service alone"]


def test_dns_goes_before_default_deny_whatever_the_files_are_called() -> None:
    """Names alone are at stake: the rule for them is applied first though default deny is the first document."""
    dns = {
        "to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "dns"}}}],
        "ports": [{"port": 53, "protocol": "UDP"}],
    }
    deny = policy("default-deny-all", policyTypes=["Ingress", "Egress"])
    allow = policy("allow-dns-egress", policyTypes=["Egress"], egress=[dns])
    pods = [*PODS, pod("dns", "kube-system")]
    result = ask(
        [], [deny, allow], "every pods in namespace x reaches pod kube-system/dns on udp/53", pods=(pods, pods)
    )
    assert told(result) == ["create NetworkPolicy x/allow-dns-egress", "create NetworkPolicy x/default-deny-all"]


def test_where_nothing_is_at_stake_denials_are_made_late_and_go_early() -> None:
    """The order in which people expect it: allow, change, deny; then denials go before what allows."""
    old = [ingress("change", "a"), ingress("old-allow", "c", "a"), ingress("old-deny", "c")]
    new = [ingress("deny", "c"), ingress("change", "a", "c"), ingress("allow", "c", "b")]
    assert [line.split("/")[1] for line in told(ask(old, new, "every pod x/a reaches pod x/b:80"))] == [
        "allow",
        "change",
        "deny",
        "old-deny",
        "old-allow",
    ]


def test_two_policies_that_each_cut_off_what_the_other_allows_have_no_order() -> None:
    """Where the rule for names stands apart from the calls, the gateway loses one of the two in every order."""
    result = example("new-dns-apart")
    assert result.outcome is Outcome.NONE
    assert result.order is None
    found = []
    for bad in result.bad:
        assert bad.broken is not None
        shown = bad.broken.answer.counterexample
        assert shown is not None
        assert not shown.verdict.allowed
        found.append(([e.document.name for e in bad.done], [e.document.name for e in bad.open], shown.flow.port))
    assert found == [(["gateway-calls"], ["look-names-up"], 53), (["look-names-up"], ["gateway-calls"], 9000)]


def test_one_packet_may_be_what_every_order_breaks() -> None:
    """Two policies change places: one lets out and the other in. Whichever is changed first, nobody does one of the two."""

    def lets(name: str, way: str) -> Manifest:
        rules = {"egress": [{}] if way == "out" else [], "ingress": [{}] if way == "in" else []}
        return policy(name, policyTypes=["Ingress", "Egress"], **rules)

    result = ask(
        [lets("p", "out"), lets("q", "in")], [lets("p", "in"), lets("q", "out")], "every pod x/a reaches pod x/b:80"
    )
    assert result.packet is not None
    assert (str(result.packet.flow.src), str(result.packet.flow.dst), result.packet.flow.port) == ("x/a", "x/b", 80)
    shown = [bad.broken.answer.counterexample for bad in result.bad if bad.broken]
    assert [s is not None and (s.flow == result.packet.flow, s.verdict.allowed) for s in shown] == [(True, False)] * 2
    assert [(s.verdict.egress.allowed, s.verdict.ingress.allowed) for s in shown if s] == [(False, True), (True, False)]


def test_what_the_change_itself_breaks_is_no_matter_of_order() -> None:
    """An assertion that does not hold after the change is told as such, and does not stand in the way of an order."""
    result = ask([], [ingress("p", "b")], "every pod x/a reaches pod x/b:80", "every pod x/b reaches pod x/a:80")
    assert result.outcome is Outcome.FOUND
    assert [b.answer.assertion.text for b in result.broken] == ["every pod x/a reaches pod x/b:80"]
    assert [a.text for a in result.kept] == ["every pod x/b reaches pod x/a:80"]


def test_what_is_said_of_requests_is_kept() -> None:
    """A policy on requests gives way to another: what the assertions say of two requests holds all the way."""

    def requests(name: str, *paths: str) -> Manifest:
        ports = {"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [{"path": path} for path in paths]}}
        rule = {"fromEndpoints": [{}], "toPorts": [ports]}
        spec = {"endpointSelector": {"matchLabels": {"app": "b"}}, "ingress": [rule]}
        metadata = {"name": name, "namespace": "x"}
        return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata, "spec": spec}

    kept = ["every pod x/a reaches pod x/b on http/80 GET /p", "no pod x/a reaches pod x/b on http GET /z"]
    result = ask([requests("one", "/p")], [requests("two", "/p", "/q")], *kept)
    assert [a.text for a in result.kept] == kept
    assert told(result) == ["create CiliumNetworkPolicy x/two", "delete CiliumNetworkPolicy x/one"]
    none = ask([requests("one", "/p")], [requests("one", "/q")], kept[0])
    assert [b.answer.assertion.text for b in none.broken] == kept[:1]


def test_what_holds_only_after_is_told_at_the_step_that_reaches_it() -> None:
    """From the last of the two policies on, and not before, both pods are closed."""
    closed = "no pod x/c reaches pod x/a or pod x/b"
    result = ask([], [ingress("p", "a"), ingress("q", "b")], closed, "every pod x/a reaches pod x/c:80")
    assert [[a.text for a in step.reached] for step in result.steps] == [[], [closed]]
    assert [r and r.status for r in result.why_not_kept] == [Status.REFUTED]


def test_nothing_is_done_where_nothing_differs() -> None:
    """What the API server writes into an object is no edit of it, and neither is where a policy stands."""
    live = ingress("p", "b", "a")
    live["metadata"] |= {
        "uid": "1",
        "resourceVersion": "7",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    }
    live["status"] = {}
    result = ask(
        [live, ingress("q", "c")], [ingress("q", "c"), ingress("p", "b", "a")], "every pod x/a reaches pod x/b:80"
    )
    assert (result.outcome, result.steps, result.edits) == (Outcome.FOUND, (), ())


def test_a_state_counts_over_the_old_workloads_and_over_the_new() -> None:
    """The pod that calls has another name in each version: whichever policy is for it must be there, whenever it changes."""
    old, new = [ingress("p", "b", "a")], [ingress("p", "b", "d"), ingress("q", "b", "a", "d")]
    claim = 'every pods where app in ("a", "d") reaches pod x/b:80'
    pods = ([pod("a"), pod("b")], [pod("d"), pod("b")])
    result = ask(old, new, claim, pods=pods)
    assert told(result) == ["create NetworkPolicy x/q", "change NetworkPolicy x/p"]
    assert any("other workloads" in note for note in result.notes)
    alone = ask(old, [ingress("p", "b", "d"), ingress("q", "c")], claim, pods=pods)
    assert alone.outcome is Outcome.NONE
    assert {bad.over for bad in alone.bad} == {"old", "new"}


def test_the_workloads_of_one_version_do_for_both() -> None:
    """Where one folder holds policies alone, the pods of the other are meant."""
    result = ask([], [ingress("p", "b", "a")], "every pod x/a reaches pod x/b:80", pods=([], PODS))
    assert [len(a) for a in (result.kept, result.steps)] == [1, 1]
    assert result.notes == ("the old version has no workloads, so those of the new one are taken for both",)


@pytest.mark.parametrize("way", ["made", "gone"])
def test_a_tier_is_there_as_long_as_policies_stand_in_it(way: str) -> None:
    """It is made before the policy in it and goes after it, although nothing that is asserted hangs on the order."""
    tier = calico("Tier", "front", order=10)
    inside = calico(
        "GlobalNetworkPolicy",
        "front.a",
        tier="front",
        selector="app == 'c'",
        types=["Ingress"],
        ingress=[{"action": "Allow"}],
    )
    claim = "every pod x/a reaches pod x/b:80"
    if way == "made":
        assert told(ask([], [inside, tier], claim)) == ["create Tier front", "create GlobalNetworkPolicy front.a"]
    else:
        assert told(ask([tier, inside], [], claim)) == ["delete GlobalNetworkPolicy front.a", "delete Tier front"]


def test_what_stands_in_a_tier_needs_it_in_both_directions() -> None:
    """In the change set: the tier before its policy where both are made, behind it where both go; a built-in tier is there."""

    def read_all(*objects: Manifest) -> list[Any]:
        problems = Problems()
        found = read([file("f.json", list(objects))], problems, wanted=lambda _version, _kind: True).documents
        problems.raise_errors()
        return list(found)

    tier = calico("Tier", "front", order=10)
    inside, usual = (calico("GlobalNetworkPolicy", f"{t}.a", tier=t, selector="all()") for t in ("front", "default"))
    both = read_all(tier, inside, usual)
    made = change_set([], both, Problems(), by_file=False)
    assert str(made.steps[0][0]) == "create Tier front"
    assert made.before == ((0, 1),)
    gone = change_set(both, [], Problems(), by_file=False)
    assert [[str(gone.steps[n][0]) for n in pair] for pair in gone.before] == [
        ["delete GlobalNetworkPolicy front.a", "delete Tier front"]
    ]


def test_a_tier_that_moves_has_a_say_in_everything() -> None:
    """The tier that allows moves behind the one that denies: first the other one has to let the flow pass."""

    def allow(name: str, tier: str, action: str) -> Manifest:
        rule = [{"action": action, "source": {"selector": "app == 'a'"}}]
        return calico("GlobalNetworkPolicy", name, tier=tier, selector="app == 'b'", types=["Ingress"], ingress=rule)

    def tiers(front: int) -> list[Manifest]:
        return [
            calico("Tier", "front", order=front),
            calico("Tier", "back", order=20),
            allow("front.a", "front", "Allow"),
        ]

    old = [*tiers(10), allow("back.a", "back", "Deny")]
    new = [*tiers(30), allow("back.a", "back", "Pass")]
    assert told(ask(old, new, "every pod x/a reaches pod x/b:80")) == [
        "change GlobalNetworkPolicy back.a",
        "change Tier front",
    ]


def test_a_tier_that_denies_waits_for_what_lets_through_before_it() -> None:
    """In the new tier, the policy that passes traffic on stands before the one that denies: both need the tier."""
    tier = calico("Tier", "front", order=10)
    deny = calico(
        "GlobalNetworkPolicy", "front.deny", tier="front", order=20, types=["Ingress"], ingress=[{"action": "Deny"}]
    )
    on = [{"action": "Pass", "source": {"selector": "app == 'a'"}}]
    passes = calico("GlobalNetworkPolicy", "front.pass", tier="front", order=10, types=["Ingress"], ingress=on)
    result = ask([], [deny, passes, tier], "every pod x/a reaches pod x/b:80")
    assert told(result) == [
        "create Tier front",
        "create GlobalNetworkPolicy front.pass",
        "create GlobalNetworkPolicy front.deny",
    ]


def test_a_set_of_addresses_is_changed_before_the_policy_that_relies_on_it() -> None:
    """A set has no say of its own; what it does to the policy that names it decides the order."""
    old_set, new_set = (
        calico("GlobalNetworkSet", "partners", nets=[net]) for net in ("203.0.113.0/24", "198.51.100.0/24")
    )
    for made, net in ((old_set, "old"), (new_set, "new")):
        made["metadata"]["labels"] = {"set": "partners", "is": net}

    def allow(selector: str) -> Manifest:
        rule = {"action": "Allow", "source": {"selector": selector}}
        return calico("GlobalNetworkPolicy", "partners", selector="app == 'b'", types=["Ingress"], ingress=[rule])

    fixed = calico(
        "GlobalNetworkPolicy",
        "office",
        selector="app == 'b'",
        types=["Ingress"],
        ingress=[{"action": "Allow", "source": {"nets": ["192.0.2.0/24"]}}],
    )
    result = ask(
        [old_set, allow("is == 'old'"), fixed],
        [new_set, allow("set == 'partners'"), fixed],
        "every 192.0.2.0/24 reaches pod x/b:80",
        "no 10.9.0.0/16 reaches pod x/b:80",
    )
    assert told(result) == ["change GlobalNetworkSet partners", "change GlobalNetworkPolicy partners"]


def test_files_may_be_applied_whole() -> None:
    """What no order of single objects can do, one file at once can."""
    old, new = [], [egress("p", "a", "b"), egress("q", "a", "c")]
    claims = ("every pod x/a reaches pod x/b:80", "every pod x/a reaches pod x/c:80")
    assert ask(old, new, *claims).outcome is Outcome.NONE
    result = ask(old, new, *claims, by_file=True)
    assert told(result) == ["create NetworkPolicy x/p + create NetworkPolicy x/q"]


def test_statements_about_policies_are_left_out() -> None:
    """`no policy is redundant` is nothing that a state could break for a flow; it is told that nobody judged it."""
    result = ask([], [ingress("p", "b", "a")], "no policy is redundant", "every pod x/a reaches pod x/b:80")
    assert [a.text for a in result.left_out] == ["no policy is redundant"]
    assert len(result.kept) == 1


def test_a_warning_does_not_stand_in_the_way_of_an_order() -> None:
    """It is told at each step behind which it does not hold."""
    soft = "every pod x/a reaches pod x/c:80"
    claims = ("every pod x/a reaches pod x/b:80", f"severity warning {soft}")
    result = ask([], [egress("p", "a", "b"), egress("q", "a", "c")], *claims)
    assert told(result) == ["create NetworkPolicy x/p", "create NetworkPolicy x/q"]
    assert [[w.answer.assertion.text for w in step.warned] for step in result.steps] == [[soft], []]


def test_what_is_undecided_is_neither_kept_nor_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the solver gives up on the states in between, there is no order and no refutation."""
    real = states_module.prove_one

    def gives_up(engine: Any, assertion: Any) -> AssertionResult:
        names = {policy.name for policy in engine.world.defined}
        if len(names) == 1:
            return AssertionResult(assertion, Status.UNDECIDED, because="the budget was spent")
        return real(engine, assertion)

    monkeypatch.setattr(states_module, "prove_one", gives_up)
    result = ask([], [egress("p", "a", "b"), egress("q", "a", "b")], "every pod x/a reaches pod x/b:80")
    assert result.outcome is Outcome.UNDECIDED
    assert result.order is None
    assert {bad.broken.answer.status for bad in result.bad if bad.broken} == {Status.UNDECIDED}


def test_a_run_that_is_stopped_is_undecided() -> None:
    """Ctrl-C leaves no order behind."""
    result = ask([], [ingress("p", "b", "a")], "every pod x/a reaches pod x/b:80", stop=lambda: True)
    assert (result.outcome, result.interrupted) == (Outcome.UNDECIDED, True)


@pytest.mark.parametrize(
    ("old", "new", "claims", "pods", "code"),
    [
        ([], [ingress("p", "b")], (), PODS, "NPV431"),
        ([], [ingress("p", "b")], ("no policy is redundant",), PODS, "NPV431"),
        ([], [{**ingress("p", "b"), "metadata": {"generateName": "p-", "namespace": "x"}}], ("no pod x/a reaches pod x/b",), PODS, "NPV432"),
        ([], [ingress("p", "b")], ("no internet reaches 203.0.113.0/24",), [], "NPV433"),
        ([], [ingress("p", "b"), ingress("p", "c")], ("no pod x/a reaches pod x/b",), PODS, "NPV434"),
        ([], [ingress("p", "b")], ("no pod x/z reaches pod x/b",), PODS, "NPV104"),
    ],
    ids=["no assertion", "none about flows", "no name", "no pods", "twice", "unknown name"],
)  # fmt: skip
def test_input_that_no_order_can_be_found_for(old: Any, new: Any, claims: Any, pods: Any, code: str) -> None:
    """Each is one error with its code."""
    with pytest.raises(npverify.InputError) as caught:
        ask(old, new, *claims, pods=(pods, pods))
    assert [d.code for d in caught.value.diagnostics] == [code]
