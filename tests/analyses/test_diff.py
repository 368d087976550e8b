"""What `diff` tells a reviewer: one row for each fact about groups, causes, one-sided ends and assertions."""

from __future__ import annotations

from typing import NamedTuple

import pytest

import npverify
from npverify.analyses.diff import replay
from npverify.analyses.diff.results import Change, DiffResult, Opening
from npverify.analyses.diff.run import diff
from npverify.analyses.results import Status
from npverify.ingest.read import SpecText
from npverify.ingest.source import InputError, InternalError
from npverify.report.diff_text import render_diff
from npverify.report.diff_words import cause_text, change_traffic, ends_text, sign
from npverify.report.prove_text import View

PODS = """
- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}
- {apiVersion: v1, kind: Namespace, metadata: {name: batch}}
- {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{name: c, image: i}]}, status: {podIP: 10.1.0.1, phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}, status: {podIP: 10.1.0.2, phase: Running}}
- {apiVersion: v1, kind: Pod, metadata: {name: report, namespace: batch, labels: {app: report}}, spec: {containers: [{name: c, image: i}]}, status: {podIP: 10.1.0.3, phase: Running}}
"""
DENY = """
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: deny, namespace: shop}
  spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
"""


def allow(name: str = "allow", peer: str = "{podSelector: {matchLabels: {app: web}}}", port: int = 5432) -> str:
    """A policy that lets a peer reach the database."""
    return f"""
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {{name: {name}, namespace: shop}}
  spec:
    podSelector: {{matchLabels: {{app: db}}}}
    ingress:
    - from: [{peer}]
      ports: [{{port: {port}}}]
"""


def world(*parts: str) -> npverify.World:
    """The world of a list of objects; pods are there unless parts name their own."""
    text = "apiVersion: v1\nkind: List\nitems:\n" + "".join(parts).lstrip("\n")
    return npverify.load(["-"], stdin=text.encode, with_assertions=False).world


def compare(old: tuple[str, ...], new: tuple[str, ...], spec: str = "") -> DiffResult:
    """Two versions, each the usual pods with some policies."""
    specs = [SpecText("t.npv", spec)] if spec else []
    return diff(world(PODS, *old), world(PODS, *new), specs=specs)


def told(changes: tuple[Change, ...]) -> list[str]:
    """Each change on one line, with what did it."""
    return [
        f"{sign(c)} {ends_text(c.sources)} -> {ends_text(c.destinations)}: {change_traffic(c)}"
        f" [{', '.join(map(cause_text, c.causes))}]"
        for c in changes
    ]


class Row(NamedTuple):
    """Two sets of policies and the lines that tell what is different."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    lines: list[str]


ANYWHERE = "{ipBlock: {cidr: 0.0.0.0/0}}"
ROWS = {
    "nothing was edited": Row((DENY,), (DENY,), []),
    "a rule that lets pods in": Row(
        (DENY,), (DENY, allow()), ["+ shop/web (Pod) -> shop/db (Pod): TCP 5432 [NetworkPolicy shop/allow (new)]"]
    ),
    "the policy with that rule is gone": Row(
        (DENY, allow()), (DENY,), ["- shop/web (Pod) -> shop/db (Pod): TCP 5432 [NetworkPolicy shop/allow (removed)]"]
    ),
    "another port": Row(
        (DENY, allow(port=5432)),
        (DENY, allow(port=5433)),
        ["~ shop/web (Pod) -> shop/db (Pod): + TCP 5433 - TCP 5432 [NetworkPolicy shop/allow (changed)]"],
    ),
    "the rule moved to a policy of another name": Row((DENY, allow("a")), (DENY, allow("b")), []),
    "pods that are isolated now": Row(
        (),
        (DENY,),
        [
            "- batch/report (Pod), shop/web (Pod) -> shop/db (Pod): everything [NetworkPolicy shop/deny (new)]",
            "- any IPv4 address -> shop/db (Pod): everything [NetworkPolicy shop/deny (new)]",
        ],
    ),
    "a second policy that isolates does nothing": Row((DENY,), (DENY, DENY.replace("name: deny", "name: twice")), []),
    "an outside block": Row(
        (DENY, allow(peer="{ipBlock: {cidr: 203.0.113.0/24}}")),
        (DENY, allow(peer="{ipBlock: {cidr: 203.0.113.0/25}}")),
        ["- 203.0.113.128/25 -> shop/db (Pod): TCP 5432 [NetworkPolicy shop/allow (changed)]"],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_is_different(name: str) -> None:
    """Who may reach whom by what now, and which policy did it."""
    row = ROWS[name]
    assert told(compare(row.old, row.new).changes) == row.lines


def test_an_edit_says_where_it_is() -> None:
    """A new rule at its line; one that is gone at the policy as it is now, and where it stood before."""
    (added,) = compare((DENY,), (DENY, allow())).changes[0].causes
    assert (str(added.span), added.before) == ("<stdin>:21:7", None)
    (gone,) = compare((DENY, allow()), (DENY, allow(port=1))).changes[0].causes
    assert (str(gone.span), str(gone.before)) == ("<stdin>:21:7", "<stdin>:21:7")
    (removed,) = compare((DENY, allow()), (DENY,)).changes[0].causes
    assert (str(removed.span), removed.before) == ("<stdin>:21:7", None)


@pytest.mark.parametrize(
    ("before", "after", "opening"),
    [
        ((DENY,), (DENY, allow()), Opening.OPENED),
        ((DENY, allow()), (DENY,), Opening.CLOSED),
        ((DENY, allow()), (DENY, allow(), allow("more", port=80)), Opening.CHANGED),
        ((DENY, allow(), allow("more", port=80)), (DENY, allow()), Opening.CHANGED),
    ],
)
def test_openings(before: tuple[str, ...], after: tuple[str, ...], opening: Opening) -> None:
    """Whether anything passed before, and whether anything passes still."""
    (change,) = compare(before, after).changes
    assert change.opening is opening
    assert change.connections == 1


def test_what_comes_from_outside_is_marked() -> None:
    """And so is what goes there."""
    result = compare((DENY,), (DENY, allow(peer=ANYWHERE)))
    assert [change.from_outside for change in result.changes] == [False, True]
    assert not any(change.to_outside for change in result.changes)


def relabelled(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_a_relabelled_pod() -> None:
    """The policies are as they were; the pod has lost what it had by its label."""
    old, new = (world(pods, DENY, allow()) for pods in (PODS, relabelled(PODS, "app: web", "app: web2")))
    assert told(diff(old, new).changes) == [
        "- shop/web (Pod) -> shop/db (Pod): TCP 5432 [Pod shop/web (relabelled: app=web → web2)]"
    ]


def test_a_rule_that_stayed_did_not_do_it() -> None:
    """A policy that was changed elsewhere is no reason for what another edit did."""
    more = allow() + "    - from: [{podSelector: {matchLabels: {app: none}}}]\n      ports: [{port: %d}]\n"
    result = diff(world(PODS, more % 80), world(relabelled(PODS, "app: web", "app: web2"), more % 81))
    assert told(result.changes) == [
        "- shop/web (Pod) -> shop/db (Pod): TCP 5432 [Pod shop/web (relabelled: app=web → web2)]"
    ]


def test_a_relabelled_namespace() -> None:
    """The same for a rule that asks for the namespace."""
    peer = "{namespaceSelector: {matchLabels: {team: shop}}}"
    old, new = (world(pods, DENY, allow(peer=peer)) for pods in (PODS, relabelled(PODS, "team: shop", "team: sales")))
    assert told(diff(old, new).changes) == [
        "- shop/web (Pod) -> shop/db (Pod): TCP 5432 [namespace shop (relabelled: team=shop → sales)]"
    ]


def test_another_address() -> None:
    """Each version judges the address that the pod has there."""
    peer = "{ipBlock: {cidr: 10.1.0.1/32}}"
    old, new = (world(pods, DENY, allow(peer=peer)) for pods in (PODS, relabelled(PODS, "10.1.0.1,", "10.1.0.9,")))
    result = diff(old, new)
    assert "- shop/web (Pod) -> shop/db (Pod): TCP 5432 [Pod shop/web (another address)]" in told(result.changes)


def test_a_pod_that_one_version_lacks() -> None:
    """Its flows are apart from those of pods that both have, and count."""
    cache = PODS + "".join(line for line in PODS.splitlines(keepends=True) if "name: web" in line).replace(
        "name: web", "name: cache"
    ).replace("10.1.0.1,", "10.1.0.4,")
    old, new = world(PODS, DENY, allow()), world(cache, DENY, allow())
    there, back = diff(old, new), diff(new, old)
    assert there.changes == back.changes == ()
    assert [end.name for end in there.only_new] == [end.name for end in back.only_old] == ["cache"]
    assert {change.only for change in there.one_sided} == {"new"}
    assert "+ shop/cache (Pod) -> shop/db (Pod): TCP 5432 [Pod shop/cache (new)]" in told(there.one_sided)
    assert "- shop/cache (Pod) -> shop/db (Pod): TCP 5432 [Pod shop/cache (removed)]" in told(back.one_sided)


def test_pods_of_a_workload_that_were_started_again() -> None:
    """They have other names and addresses, and are the same workload."""

    def pods(suffix: str, number: int) -> str:
        owner = (
            f"ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: job, controller: true, uid: u{suffix}}}]"
        )
        return PODS + "".join(
            f"- {{apiVersion: v1, kind: Pod, metadata: {{name: job-{suffix}{n}, namespace: batch, labels: {{app: job}}, {owner}}},"
            f" spec: {{containers: [{{name: c, image: i}}]}}, status: {{podIP: 10.1.1.{number + n}, phase: Running}}}}\n"
            for n in (1, 2)
        )

    peer = "{namespaceSelector: {}, podSelector: {matchLabels: {app: job}}}"
    same = diff(world(pods("x", 1), DENY, allow(peer=peer)), world(pods("y", 5), DENY, allow(peer=peer)))
    assert (same.every, same.only_old, same.only_new) == ((), (), ())
    gone = diff(world(pods("x", 1), DENY, allow(peer=peer)), world(pods("y", 5), DENY))
    assert told(gone.changes) == [
        "- batch/job (ReplicaSet) -> shop/db (Pod): TCP 5432 [NetworkPolicy shop/allow (removed)]"
    ]


def test_a_removed_namespace() -> None:
    """Nothing that both have is different, and what went with it is told."""
    rest = "".join(line for line in PODS.splitlines(keepends=True) if "batch" not in line)
    result = diff(world(PODS, DENY), world(rest, DENY))
    assert result.changes == ()
    assert [str(end) for end in result.only_old] == ["batch/report"]
    assert all(change.removed and not change.added for change in result.one_sided)


def test_whole_namespaces_have_short_names() -> None:
    """All pods, all workloads of a namespace, all but a few."""
    many = "".join(
        f"- {{apiVersion: v1, kind: Pod, metadata: {{name: p{n}, namespace: batch, labels: {{app: p{n}}}}},"
        f" spec: {{containers: [{{name: c, image: i}}]}}, status: {{podIP: 10.1.2.{n}, phase: Running}}}}\n"
        for n in range(1, 8)
    )
    deny_all = DENY.replace("{matchLabels: {app: db}}", "{}")
    in_batch = deny_all.replace("namespace: shop", "namespace: batch")
    one = diff(world(PODS, many), world(PODS, many, DENY))
    assert ends_text(one.changes[0].sources) == "every pod except shop/db (Pod) (9 workloads)"
    whole = diff(world(PODS, many), world(PODS, many, in_batch))
    assert ends_text(whole.changes[0].destinations) == "namespace batch (8 workloads)"


def test_what_hangs_on_a_reading() -> None:
    """A group names the unknowns that would make a difference; what differs under other readings alone is apart."""
    peer = "{ipBlock: {cidr: 10.1.0.0/24}}"
    result = compare((DENY,), (DENY, allow(peer=peer)))
    pods = next(change for change in result.changes if not change.from_outside)
    assert pods.depends == ("ipblock_matches_pods",)
    assumed = diff(
        *(
            npverify.load(
                ["-"],
                stdin=f"apiVersion: v1\nkind: List\nitems:{''.join((PODS, *parts))}".encode,
                with_assertions=False,
                assume={"ipblock_matches_pods": "never"},
            ).world
            for parts in ((DENY,), (DENY, allow(peer=peer)))
        )
    )
    assert [change.from_outside for change in assumed.changes] == [True]
    portless = allow(peer="{podSelector: {matchLabels: {app: web}}}").replace("ports: [{port: 5432}]", "ports: []")
    elsewhere = compare((DENY, portless), (DENY, allow(), allow("b", port=1)))
    assert elsewhere.changes
    other = compare((DENY, portless.replace("shop/", "")), (DENY, portless))
    assert other.every == ()


def test_what_differs_under_other_readings_alone() -> None:
    """Is no change of the default reading, and names what it needs."""
    peer = "{ipBlock: {cidr: 10.1.0.0/24}}"
    both = "{podSelector: {}}, {namespaceSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}"
    result = compare((DENY, allow(peer=both)), (DENY, allow(peer=f"{both}, {peer}")))
    assert result.every == ()
    result = compare(
        (DENY, allow(peer="{podSelector: {}}, {namespaceSelector: {}}")),
        (DENY, allow(peer="{ipBlock: {cidr: 10.1.0.0/24}}")),
    )
    conditional = [change for change in result.conditional if not change.from_outside]
    assert [needed.name for change in conditional for needed in change.reading] == ["ipblock_matches_pods"]
    assert told(tuple(conditional)) == [
        "- batch/report (Pod), shop/web (Pod) -> shop/db (Pod): TCP 5432 [NetworkPolicy shop/allow (changed)]"
    ]


CLAIMS = {
    "a new flow to where none may be": ("no new flow reaches db", (DENY,), (DENY, allow()), Status.REFUTED),
    "a new flow to another end": ("no new flow reaches web", (DENY,), (DENY, allow()), Status.PROVED),
    "a new flow by another port": ("no new flow reaches db:80", (DENY,), (DENY, allow()), Status.PROVED),
    "what is lost is not new": ("no new flow reaches db", (DENY, allow()), (DENY,), Status.PROVED),
    "a lost flow": ("no lost flow from web to db", (DENY, allow()), (DENY,), Status.REFUTED),
    "a lost flow by another port": (
        "no lost flow from web to db on tcp/80",
        (DENY, allow()),
        (DENY,),
        Status.PROVED,
    ),
    "what is new is not lost": ("no lost flow from web to db", (DENY,), (DENY, allow()), Status.PROVED),
    "a lost flow of somebody else": ("no lost flow from report to db", (DENY, allow()), (DENY,), Status.PROVED),
    "a new flow from outside": (
        "no new flow from internet to db",
        (DENY,),
        (DENY, allow(peer="{ipBlock: {cidr: 203.0.113.0/24}}")),
        Status.REFUTED,
    ),
    "a new flow from another block": (
        "no new flow from 198.51.100.0/24 to db",
        (DENY,),
        (DENY, allow(peer="{ipBlock: {cidr: 203.0.113.0/24}}")),
        Status.PROVED,
    ),
    "nobody is meant": ('no new flow reaches pods where app == "none"', (DENY,), (DENY, allow()), Status.VACUOUS),
    "a flow that another reading alone adds": (
        "no new flow from web to db",
        (DENY,),
        (DENY, allow(peer="{ipBlock: {cidr: 10.9.0.0/16}}"), allow("b", peer="{ipBlock: {cidr: 10.1.0.1/32}}")),
        Status.REFUTED,
    ),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_on_change(name: str) -> None:
    """An assertion about a change is proved, or refuted by a flow that both oracles have confirmed."""
    claim, old, new, status = CLAIMS[name]
    (answer,) = compare(old, new, f"assert on change: {claim}\n").claims
    assert answer.status is status
    assert (answer.counterexample is not None) is (status is Status.REFUTED)
    if answer.counterexample is not None:
        is_new = answer.assertion.which == "new"
        assert answer.counterexample.allowed_by == ("right" if is_new else "left")


def test_on_change_of_what_one_version_lacks() -> None:
    """Ends that the other version has are enough for an assertion to mean something; unknown ones are errors."""
    rest = "".join(line for line in PODS.splitlines(keepends=True) if "batch" not in line)
    old, new = world(PODS, DENY), world(rest, DENY)
    specs = [SpecText("t.npv", "assert on change: no new flow reaches report\n")]
    (answer,) = diff(old, new, specs=specs).claims
    assert (answer.status, answer.because) == (Status.PROVED, "the new version has no such ends")
    lost = [SpecText("t.npv", "assert on change: no lost flow from report to web\n")]
    assert diff(old, new, specs=lost).claims[0].status is Status.REFUTED
    with pytest.raises(InputError, match="nobody"):
        diff(old, new, specs=[SpecText("t.npv", "assert on change: no new flow reaches nobody\n")])


def test_promises() -> None:
    """What held in the old version and does not hold in the new one is broken."""
    spec = 'assert "closed": no web reaches db\nassert "open": every web reaches report\nassert no report reaches db\n'
    kept = compare((DENY,), (DENY,), spec).promises
    assert [promise.kept for promise in kept] == [True, True, True]
    broken = compare((DENY,), (DENY, allow()), spec).promises
    assert broken[0].after.assertion.title == "closed"
    assert [promise.broken for promise in broken] == [True, False, False]
    mended = compare((DENY, allow()), (DENY,), spec).promises
    assert (mended[0].kept, mended[0].broken, mended[0].fails) == (False, False, False)


def test_every_group_has_a_flow_that_both_oracles_confirm() -> None:
    """The sample of a group is allowed by one version alone, as its sign says."""
    result = compare((), (DENY, allow()))
    assert result.changes
    for change in result.changes:
        passes = [seen is not None and seen.verdict.allowed for seen in (change.sample.left, change.sample.right)]
        assert passes == [bool(change.removed), bool(change.added)]


def test_a_group_that_the_oracles_deny_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a result."""
    monkeypatch.setattr(replay.Replay, "passes", lambda *_: (True, True))
    with pytest.raises(InternalError, match="do not confirm"):
        compare((DENY,), (DENY, allow()))


def test_a_neighbour_that_the_oracles_judge_otherwise_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that is too small is found by the flows beside it."""
    passes = replay.Replay._passes
    monkeypatch.setattr(
        replay.Replay,
        "_passes",
        lambda self, w, flow, seen: w == 1 if flow is not None and flow.port == 5433 else passes(self, w, flow, seen),
    )
    with pytest.raises(InternalError, match="beside a change"):
        compare((DENY,), (DENY, allow()))


def test_nobody_in_either_version_is_an_error() -> None:
    """Unless that is accepted."""
    with pytest.raises(InputError, match="in either version"):
        diff(world(DENY), world(DENY))
    assert diff(world(DENY), world(DENY), allow_empty=True).every == ()


def test_an_interrupted_run_is_undecided() -> None:
    """And says so."""
    result = diff(world(PODS), world(PODS, DENY), stop=lambda: True)
    assert (result.interrupted, result.undecided) == (True, "the run was interrupted")


def test_a_host_pod_whose_node_is_gone() -> None:
    """A pod on the network of no known node has the address of any node of its version, and of no other one."""
    node = '- {{apiVersion: v1, kind: Node, metadata: {{name: {0}}}, status: {{addresses: [{{type: InternalIP, address: "{1}"}}]}}}}\n'
    agent = (
        "- {apiVersion: batch/v1, kind: Job, metadata: {name: agent, namespace: batch}, spec: {template: "
        "{spec: {hostNetwork: true, containers: [{name: c, image: i}]}}}}\n"
    )
    one = allow("one", "{ipBlock: {cidr: 192.168.0.1/32}}", 81).replace("port: 81", "port: 81, protocol: UDP")
    rest = allow("rest", "{ipBlock: {cidr: 192.168.0.0/24, except: [192.168.0.1/32]}}", 80)
    old = (agent, node.format("n1", "192.168.0.1"), node.format("n2", "192.168.0.2"), one, rest)
    new = (agent, node.format("n2", "192.168.0.2"), rest)
    result = compare(old, new)
    assert told(result.changes) == []  # at the usual address of each version nothing changes
    (found,) = [c for c in result.conditional if [a.name for a in c.reading] == ["address of batch/agent on the left"]]
    assert found.reading[0].value == "192.168.0.1"
    assert told((found,)) == [
        "~ batch/agent (Job) -> shop/db (Pod): + TCP 80 - UDP 81 [NetworkPolicy shop/one (removed)]"
    ]


def test_a_node_of_unknown_address_has_not_that_of_another_node() -> None:
    """A block that holds one node alone is not opened to another one, whose own address nobody knows: two nodes have two. The
    other addresses of a block may be its own."""
    agent = (
        "- {apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: batch}, spec: {hostNetwork: true, nodeName: n1, "
        "containers: [{name: c, image: i}]}, status: {podIP: 192.168.0.1, hostIP: 192.168.0.1, phase: Running}}\n"
        "- {apiVersion: v1, kind: Node, metadata: {name: n2}}\n"
    )
    out = """
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: out, namespace: batch}
  spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.168.0.%s}}]}]}
"""
    for cidr, nodes in (("1/32", ["n1"]), ("0/30", ["n1", "n2"])):
        result = compare((agent, out % cidr), (agent, out % "8/32"))
        closed = [line.split(":")[0] for line in told(result.conditional) if line.startswith("- batch/agent")]
        assert [line for line in closed if "node" in line] == [
            f"- batch/agent (Pod) -> node {node} at 192.168.0.{cidr.removesuffix('/32')}" for node in nodes
        ]


def test_a_block_of_one_family_is_opened_whatever_passes_by_the_other() -> None:
    """Nothing passed from these addresses before; those of the other family are other addresses."""
    both = PODS.replace("podIP: 10.1.0.2,", 'podIP: 10.1.0.2, podIPs: [{ip: 10.1.0.2}, {ip: "fd00::2"}],')
    six, four = '{ipBlock: {cidr: "::/0"}}', "{ipBlock: {cidr: 198.51.100.0/24}}"
    old, new = (world(both, DENY, allow(peer=six), *more) for more in ((), (allow("more", peer=four),)))
    (change,) = diff(old, new).changes
    assert (ends_text(change.sources), change.opening) == ("198.51.100.0/24", Opening.OPENED)
    (back,) = diff(new, old).changes
    assert back.opening is Opening.CLOSED


def calico(kind: str, name: str, spec: str) -> str:
    return f"\n- apiVersion: projectcalico.org/v3\n  kind: {kind}\n  metadata: {{name: {name}}}\n  spec: {spec}\n"


def passed_and_denied(deny: int) -> tuple[str, ...]:
    """Of a tier, a policy of order 1 that passes the front end on, and one that denies everybody."""
    spec = "{{tier: t, selector: app == 'db', order: {0}, types: [Ingress], ingress: [{1}]}}"
    return (
        TIER,
        calico("GlobalNetworkPolicy", "pass-web", spec.format(1, "{action: Pass, source: {selector: app == 'web'}}")),
        calico("GlobalNetworkPolicy", "deny-all", spec.format(deny, "{action: Deny}")),
    )


TIER = calico("Tier", "t", "{order: 5}")
NODE = """
- {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.9.0.1}]}}
"""
HOST = calico("HostEndpoint", "h", "{node: n1, interfaceName: '*', expectedIPs: [10.9.0.1]}")
BESIDE = {
    "a policy that is asked before another now": (
        passed_and_denied(2),
        passed_and_denied(0),
        "GlobalNetworkPolicy deny-all (changed)",
    ),
    "a host endpoint": ((NODE, TIER), (NODE, TIER, HOST), "the host endpoints (changed)"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_what_did_it_where_no_rule_was_edited(name: str) -> None:
    """Every change has a cause: another order, host endpoints."""
    old, new, cause = BESIDE[name]
    changes = compare(old, new).changes
    assert changes
    assert all([*map(cause_text, change.causes)] == [cause] for change in changes)


def test_a_pod_that_is_missing_is_said_to_be_so_by_version() -> None:
    """A lost flow of a pod that is gone: there is no left and no right here."""
    rest = "".join(line for line in PODS.splitlines(keepends=True) if "batch" not in line)
    specs = [SpecText("t.npv", "assert on change: no lost flow from report to web\n")]
    told = render_diff(diff(world(PODS), world(rest), specs=specs), View())
    assert "missing   batch/report is not there in the new version" in told


def test_messages_about_large_packets_keep_nothing_open() -> None:
    """Cilium lets them pass whatever the policies say, so what else is closed is told as closed."""
    text = "apiVersion: v1\nkind: List\nitems:" + PODS
    old, new = (
        npverify.load(["-"], stdin=(text + more.lstrip("\n")).encode, with_assertions=False, cni="cilium").world
        for more in ("", DENY)
    )
    there, back = diff(old, new), diff(new, old)
    assert {change.opening for change in there.changes} == {Opening.CLOSED}
    assert {change.opening for change in back.changes} == {Opening.OPENED}


def test_families_that_fare_alike_are_one_change() -> None:
    """The address of a pod that nobody knows may matter to one family alone; the two pods are one connection all the same."""
    pods = "".join(
        line.partition(", status")[0] + "}\n" if "status" in line else line for line in PODS.splitlines(keepends=True)
    )
    rule = allow(peer="{ipBlock: {cidr: 203.0.113.0/24}}")
    peers = "{podSelector: {matchLabels: {app: web}}}"
    old, new = world(pods, DENY, rule, allow("web", peers)), world(pods, DENY, rule)
    (change,) = diff(old, new).changes
    assert (change.family, change.connections, change.depends) == (0, 1, ("address of the source",))
    again = world(pods, DENY, rule, allow("web", peers, 80))
    assert told(diff(old, again).changes) == [
        "~ shop/web (Pod) -> shop/db (Pod): + TCP 80 - TCP 5432 [NetworkPolicy shop/web (changed)]"
    ]
