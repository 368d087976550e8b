"""Assertions about small manifests that are proved only if what nobody knows is taken at its worst."""

from __future__ import annotations

from pathlib import Path

import pytest

from npverify.analyses.load import load
from npverify.analyses.prove import prove
from npverify.analyses.results import AssertionResult, Status
from npverify.ingest.source import InputError
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import unknown_in
from npverify.smt.solver import satisfiable

FIXED = {"ipblock_matches_pods": "literal", "hostnetwork_pods": "as_node"}


def pod(name: str, app: str, ip: str = "", more: str = "", ns: str = "x") -> str:
    """A pod manifest; without an address it is one that a file describes."""
    status = f", status: {{phase: Running, podIPs: [{{ip: {ip}}}]}}" if ip else ""
    spec = f"containers: [{{name: c, image: i}}]{more}"
    meta = f"{{name: {name}, namespace: {ns}, labels: {{app: {app}}}}}"
    return f"{{apiVersion: v1, kind: Pod, metadata: {meta}, spec: {{{spec}}}{status}}}"


def policy(name: str, app: str, rules: str) -> str:
    """A NetworkPolicy on the pods of an app in namespace x."""
    spec = f"{{podSelector: {{matchLabels: {{app: {app}}}}}, {rules}}}"
    return f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: x}}, spec: {spec}}}"


def node(name: str) -> str:
    """A node whose address is not known."""
    return f"{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}}}"


def blocks(*cidrs: str) -> str:
    """An ingress from blocks of addresses."""
    return f"ingress: [{{from: [{', '.join(f'{{ipBlock: {{cidr: {c}}}}}' for c in cidrs)}]}}]"


def status_of(folder: Path, manifests: list[str], assertion: str, assume: dict[str, str]) -> str:
    """The status of one assertion."""
    return answer(folder, manifests, assertion, assume).status.value


def answer(folder: Path, manifests: list[str], assertion: str, assume: dict[str, str]) -> AssertionResult:
    """The answer to one assertion."""
    (folder / "m.yaml").write_text("\n---\n".join(manifests))
    (folder / "s.npv").write_text(f"assert {assertion}\n")
    loaded = load([str(folder)], assume=assume)
    return prove(loaded.world, loaded.assertions).results[0]


DENIED = "ingress: [], policyTypes: [Ingress]"
FROM_C = "ingress: [{from: [{podSelector: {matchLabels: {app: c}}}]}]"
TWINS = [pod("a", "a", "10.1.0.1"), pod("b", "a", "10.1.0.2"), pod("c", "c", "10.1.0.3"), policy("p", "a", FROM_C)]
ON_N1 = [node("n1"), node("n2"), policy("p", "a", DENIED)]
AGENT = (
    "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: x}, spec: {selector: {matchLabels: "
    "{app: agent}}, template: {metadata: {labels: {app: agent}}, "
    "spec: {hostNetwork: true, containers: [{name: c, image: i}]}}}}"
)
HALVES = [
    pod("a", "a"),
    pod("b1", "b1", "10.1.0.2"),
    pod("b2", "b2", "10.1.0.3"),
    policy("p1", "b1", blocks("0.0.0.0/1")),
]
TO_Y = "egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: why}}}]}], policyTypes: [Egress]"
UNDECLARED = [
    pod("a", "a", "10.1.0.1"),
    pod("b", "b", "10.1.0.2", ns="why"),
    pod("c", "c", "10.1.0.3", ns="zed"),
    policy("p", "a", TO_Y),
]

EXISTENCE = [
    ("a twin of a destination is asked for itself", TWINS, "every pod reaches some pod x/a", "refuted"),
    ("who may reach it is proved", TWINS, "every pod x/c reaches some (pod x/a or pod x/b)", "proved"),
    (
        "of two nodes only the pod's own reaches it",
        [*ON_N1, pod("a", "a", "10.1.0.1", ", nodeName: n1")],
        "every node reaches some pod x/a",
        "refuted",
    ),
    (
        "the pod's own node reaches it",
        [*ON_N1, pod("a", "a", "10.1.0.1", ", nodeName: n1")],
        "every node n1 reaches some pod x/a",
        "proved",
    ),
    (
        "of a DaemonSet only the pod on the same node reaches it",
        [*ON_N1, AGENT, pod("a", "a", "10.1.0.1", ", nodeName: n1")],
        "every (daemonset x/agent or node n1) reaches some pod x/a",
        "refuted",
    ),
    (
        "a node may not be the one where the pod runs",
        [*ON_N1, pod("a", "a", "10.1.0.1")],
        "some node n2 reaches pod x/a",
        "refuted",
    ),
    (
        "an unknown address may be in none of the blocks of two destinations",
        [*HALVES, policy("p2", "b2", blocks("64.0.0.0/2", "128.0.0.0/9"))],
        "every pod x/a reaches some (pod x/b1 or pod x/b2) on tcp/80",
        "refuted",
    ),
    (
        "so that no flow need exist",
        [*HALVES, policy("p2", "b2", blocks("64.0.0.0/2", "128.0.0.0/9"))],
        "some pod x/a reaches (pod x/b1 or pod x/b2) on tcp/80",
        "refuted",
    ),
    (
        "an unknown address is in one of the blocks of two destinations",
        [*HALVES, policy("p2", "b2", blocks("64.0.0.0/2", "128.0.0.0/1"))],
        "every pod x/a reaches some (pod x/b1 or pod x/b2) on tcp/80",
        "proved",
    ),
    (
        "a pod that is no destination under a reading takes nothing there",
        UNDECLARED,
        'every pod x/a reaches some pods in namespace where env == "prod"',
        "refuted",
    ),
    (
        "the pod that is reached is a destination under every reading",
        UNDECLARED,
        'every pod x/a reaches some (pod why/b or pods in namespace where env == "prod")',
        "proved",
    ),
]


@pytest.mark.parametrize(
    ("manifests", "text", "status"), [row[1:] for row in EXISTENCE], ids=[row[0] for row in EXISTENCE]
)
def test_what_exists_exists_under_every_reading(tmp_path: Path, manifests: list[str], text: str, status: str) -> None:
    """An existential statement is proved only if addresses, nodes and labels that nobody knows leave something."""
    assert status_of(tmp_path, manifests, text, FIXED) == status


VIP = "10.96.0.10"
DB_SERVICE = (
    "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: x}, "
    f"spec: {{selector: {{app: db}}, ports: [{{port: 5432}}], clusterIP: {VIP}}}}}"
)
TO_VIP = f"egress: [{{to: [{{ipBlock: {{cidr: {VIP}/32}}}}]}}], policyTypes: [Egress]"
CLOSED = "egress: [], policyTypes: [Egress]"
SHOP = [pod("web", "web", "10.1.0.1"), pod("db", "db", "10.1.0.2"), DB_SERVICE, policy("to-vip", "web", TO_VIP)]
TWICE = [*SHOP, policy("closed", "web", CLOSED)]
SOLO = [
    pod("db", "db", "10.1.0.2"),
    DB_SERVICE,
    policy("own", "db", "ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}]"),
    policy("closed", "db", DENIED),
]
ON_ONE_NODE = [pod(name, "h", more=", hostNetwork: true, nodeName: n1") for name in ("h1", "h2")]
BEFORE = {"service_translation": "before_policy"}
POLICED = {"self_via_service": "policed"}

WAYS = [
    ("nobody reaches it by way of a Service either", SHOP, "no pod x/web reaches pod x/db", {}, "refuted"),
    (
        "two on the host network of a node have one address",
        ON_ONE_NODE,
        "no (pod x/h1 and 10.0.0.1/32) reaches (pod x/h2 and 10.0.0.1/32)",
        {},
        "refuted",
    ),
    ("not on other ports", SHOP, "no pod x/web reaches pod x/db:80", {}, "proved"),
    ("nor where the backend's address is seen", SHOP, "no pod x/web reaches pod x/db", BEFORE, "proved"),
    ("only others count these ways in", SHOP, "only (internet or nodes) reaches pod x/db", {}, "refuted"),
    ("what it reaches besides includes them", SHOP, "pod x/web reaches only internet", {}, "refuted"),
    ("isolation is from these ways too", SHOP, "pod x/db is isolated from pod x/web", {}, "refuted"),
    ("every direct flow is meant by every", SHOP, "every pod x/db reaches pod x/web", {}, "proved"),
    ("a policy that opens a Service matters", TWICE, "policy x/to-vip is redundant", {}, "refuted"),
    ("unless its address is never seen", TWICE, "policy x/to-vip is redundant", BEFORE, "proved"),
    ("a policy beside one that isolates is redundant", TWICE, "policy x/closed is redundant", {}, "proved"),
    ("a policy that lets a pod come back to itself matters", SOLO, "policy x/own is shadowed", POLICED, "refuted"),
    (
        "it matters not where the plugin lets it anyhow",
        SOLO,
        "policy x/own is shadowed",
        {"self_via_service": "allowed"},
        "proved",
    ),
]


@pytest.mark.parametrize(
    ("manifests", "text", "assume", "status"), [row[1:] for row in WAYS], ids=[row[0] for row in WAYS]
)
def test_no_way_is_overlooked(
    tmp_path: Path, manifests: list[str], text: str, assume: dict[str, str], status: str
) -> None:
    """Claims that something cannot be count flows through Services, whose address egress policies may see, and within a
    node."""
    assert status_of(tmp_path, manifests, text, assume) == status


HOST = [pod("a", "a", "10.1.0.1"), pod("h", "h", more=", hostNetwork: true"), policy("p", "h", DENIED)]
HASHED = [
    "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, namespace: x}, spec: {selector: {matchLabels: {app: a}}, "
    "template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i}]}}}}",
    pod("b", "b", "10.1.0.1"),
    policy("p", "a, pod-template-hash: abc", DENIED),
]
AS_POD, AS_NODE = {"hostnetwork_pods": "as_pod"}, {"hostnetwork_pods": "as_node"}

PROPERTIES = [
    ("may select nobody", HOST, "policy x/p is not vacuous", {}, "refuted"),
    ("may select somebody", HOST, "policy x/p is vacuous", {}, "refuted"),
    ("selects somebody", HOST, "no policy is vacuous", AS_POD, "proved"),
    ("selects nobody", HOST, "policy x/p is vacuous", AS_NODE, "proved"),
    ("may change nothing", HOST, "no policy is redundant", {}, "refuted"),
    ("changes something", HOST, "no policy is redundant", AS_POD, "proved"),
    ("may select by a label that nobody knows", HASHED, "policy x/p is not vacuous", {}, "refuted"),
    ("may isolate by a label that nobody knows", HASHED, "policy x/p is redundant", {}, "refuted"),
    ("may isolate nobody by that label", HASHED, "policy x/p is not redundant", {}, "refuted"),
    ("may open nothing", TWICE, "policy x/to-vip is not shadowed", {"ipblock_matches_pods": "never"}, "refuted"),
    ("opens something", TWICE, "policy x/to-vip is not shadowed", {"service_translation": "after_policy"}, "proved"),
]


@pytest.mark.parametrize(
    ("manifests", "text", "assume", "status"), [row[1:] for row in PROPERTIES], ids=[row[0] for row in PROPERTIES]
)
def test_a_policy_has_a_property_or_has_it_not_under_every_reading(
    tmp_path: Path, manifests: list[str], text: str, assume: dict[str, str], status: str
) -> None:
    """Both a property and its absence are proved only if they hold whatever the plugin does and labels are."""
    assert status_of(tmp_path, manifests, text, assume) == status


def test_a_refuted_isolation_names_the_reading_that_it_needs(tmp_path: Path) -> None:
    """Who is not isolated under the default reading, because the set is empty there, is so under the reading that is named."""
    undeclared = [pod("a", "a", "10.1.0.1")]
    result = answer(tmp_path, undeclared, 'every pod in namespace where env == "prod" is isolated for ingress', {})
    assert result.status is Status.REFUTED
    assert result.because.endswith("(only if the label env of namespace x is `prod`)")


@pytest.mark.parametrize("count", [255, 256, 257, 300])
def test_every_value_of_a_closed_unknown_is_possible(count: int) -> None:
    """The last of many values is as possible as the first, and nothing else is."""
    unknown = Unknown("place", tuple(f"v{n}" for n in range(count)))
    assert satisfiable(unknown_in(unknown, f"v{count - 1}"))


@pytest.mark.parametrize(
    ("assertion", "told"),
    [
        pytest.param("no pod reaches 2001:db8::/32", True, id="the other family"),
        pytest.param("no pod reaches 2001:db8::/32 or 203.0.113.7", None, id="both families: not vacuous"),
        pytest.param('no pods where app == "c" reach pods', False, id="another reason"),
    ],
)
def test_a_vacuous_assertion_about_the_other_family_says_so(tmp_path: Path, assertion: str, told: bool | None) -> None:
    """In a cluster that shows IPv4 alone an assertion about IPv6 speaks about no flow, and the reason names the option."""
    found = answer(tmp_path, [pod("a", "a", "10.1.0.1"), pod("b", "b", "10.1.0.2")], assertion, {})
    assert (found.status is Status.VACUOUS) is (told is not None)
    assert ("IPv6 addresses, and the cluster has IPv4 alone" in found.because) is bool(told)


def test_a_workload_without_pods_is_said_to_have_none(tmp_path: Path) -> None:
    """A name that exists, but with 0 replicas, is refused for that reason and not as a misspelling."""
    idle = (
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: old, namespace: x}, spec: {replicas: 0, selector: "
        "{matchLabels: {app: old}}, template: {metadata: {labels: {app: old}}, spec: {containers: [{name: c, image: i}]}}}}"
    )
    with pytest.raises(InputError) as refused:
        answer(tmp_path, [idle, pod("a", "a", "10.1.0.1")], "no deployment x/old reaches pod x/a", {})
    assert [d.fix for d in refused.value.diagnostics] == ["Deployment x/old has 0 replicas: no pods"]


def test_a_pair_that_one_direction_settles_is_a_flow_all_the_same(tmp_path: Path) -> None:
    """A pod that may send nothing reaches no pod of a node; that it is asked about a flow at all hangs on the nodes alone."""
    host = pod("h", "h", "192.168.0.1", ", nodeName: n1, hostNetwork: true")
    shut = policy("p", "a", "egress: [], policyTypes: [Egress]")
    away, home = (pod("a", "a", "10.1.0.1", f", nodeName: {name}") for name in ("n2", "n1"))
    assert status_of(tmp_path, [host, away, shut], "no pod x/a reaches pod x/h", FIXED) == "proved"
    claim, exempt = "no pod x/a reaches pod x/h", {**FIXED, "pod_to_own_node": "always_allow"}
    assert status_of(tmp_path, [host, home, shut], claim, exempt) == "vacuous"


@pytest.mark.parametrize(
    ("switch", "because"),
    [
        pytest.param("always_allow", "under some reading no flow is allowed", id="it may run on that node"),
        pytest.param("policed", "no flow is allowed", id="not even then"),
    ],
)
def test_nothing_is_said_to_pass_only_where_nothing_does(tmp_path: Path, switch: str, because: str) -> None:
    """A pod of which nobody knows where it runs may reach its own node, if that is the one asked about."""
    manifests = [node("n1"), node("n2"), pod("web", "web"), policy("p", "web", "policyTypes: [Egress]")]
    found = answer(tmp_path, manifests, 'some pods where app == "web" reaches node n2', {"pod_to_own_node": switch})
    assert (found.status, found.because) == (Status.REFUTED, because)
