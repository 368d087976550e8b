"""Policies of Calico: defaults by the way of input, names, staged kinds, and what the API server refuses of them."""

from __future__ import annotations

import json

import pytest

from dialects.calico.manifests_of_calico import STORED, V3, Bad, check_only, manifest, policy, read, resources
from npverify.dialects.calico.read import Mode, is_calico
from npverify.dialects.calico.selector import All, Equals, Has
from npverify.normal.policy import Direction, PolicyId

IN, OUT = Direction.INGRESS, Direction.EGRESS
BOTH = (OUT, IN)
ALLOW = "[{action: Allow}]"
NAMESPACED, GLOBAL = "NetworkPolicy", "GlobalNetworkPolicy"


def spec(text: str, kind: str = GLOBAL, **also: str) -> str:
    """A policy with this spec, in flow style without braces."""
    return manifest(kind, f"spec: {{{text}}}", **also)


def test_an_empty_policy() -> None:
    """Everything has a default; the tier is `default`, the order is last."""
    found = policy(manifest(NAMESPACED, "spec: {}", namespace="shop"))
    assert found.id == PolicyId("calico", NAMESPACED, "shop", "p")
    assert (found.tier, found.order, found.selector, found.types) == ("default", None, All(), (IN,))
    assert (found.namespace_selector, found.account_selector, found.staged) == (None, None, "")
    assert (found.rules[IN], found.rules[OUT], found.types_given, found.selector_given) == ((), (), False, False)
    assert str(found.span) == "<stdin>:3:18"
    assert policy("apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}").types == (IN,)


def test_every_field_of_a_policy() -> None:
    """Each field of the spec has its place."""
    found = policy(
        spec(
            "tier: t, order: -1.5, selector: a == 'b', namespaceSelector: has(n), serviceAccountSelector: has(s), "
            f"types: [Egress, Ingress], ingress: {ALLOW}, egress: {ALLOW}, doNotTrack: true, applyOnForward: true, "
            "performanceHints: [AssumeNeededOnEveryNode]"
        )
    )
    assert (found.id, found.tier, found.order) == (PolicyId("calico", GLOBAL, "", "p"), "t", -1.5)
    assert (found.selector, found.namespace_selector, found.account_selector) == (Equals("a", "b"), Has("n"), Has("s"))
    assert (found.types, found.types_given, found.selector_given) == (BOTH, True, True)
    assert [(d, [rule.label for rule in found.rules[d]]) for d in BOTH] == [(OUT, ["egress[0]"]), (IN, ["ingress[0]"])]
    assert (found.do_not_track, found.pre_dnat, found.apply_on_forward) == (True, False, True)
    assert policy(spec(f"preDNAT: true, applyOnForward: true, ingress: {ALLOW}")).pre_dnat


def test_all_is_told_from_no_selector() -> None:
    """`selector: all()` and no selector give one tree, but Calico rewrites only the first beside a namespaceSelector."""
    assert policy(spec("selector: all()")).selector_given
    assert not policy(spec("selector: ''")).selector_given


DEFAULTS = [
    # the rules of the policy; types where validated, with native resources, and stored unchecked
    ("", (IN,), (IN,), BOTH),
    ("ingress: []", (IN,), (IN,), BOTH),
    (f"ingress: {ALLOW}", (IN,), (IN,), BOTH),
    ("egress: []", (IN,), (OUT,), BOTH),
    (f"egress: {ALLOW}", (OUT,), (OUT,), BOTH),
    ("ingress: [], egress: []", (IN,), BOTH, BOTH),
    (f"ingress: {ALLOW}, egress: []", (IN,), BOTH, BOTH),
    (f"ingress: [], egress: {ALLOW}", (OUT,), BOTH, BOTH),
    (f"ingress: {ALLOW}, egress: {ALLOW}", BOTH, BOTH, BOTH),
    (f"ingress: null, egress: {ALLOW}", (OUT,), (OUT,), BOTH),
]


@pytest.mark.parametrize("kind", [NAMESPACED, GLOBAL, "StagedNetworkPolicy", "StagedGlobalNetworkPolicy"])
@pytest.mark.parametrize(
    ("text", "validated", "native", "raw"), DEFAULTS, ids=[row[0] or "nothing" for row in DEFAULTS]
)
def test_types_by_default(
    kind: str, text: str, validated: tuple[Direction, ...], native: tuple[Direction, ...], raw: tuple[Direction, ...]
) -> None:
    """By length where the API server fills them in, by presence with native resources, both where nobody does."""
    assert policy(spec(text, kind)).types == validated
    assert policy(spec(text, kind), mode="native").types == native
    assert policy(spec(text, kind), mode="raw").types == raw
    for mode in ("validated", "native", "raw"):
        assert policy(spec(text, kind, api=STORED), mode=mode).types == raw  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["validated", "native", "raw"])
def test_types_that_are_given_stand(mode: Mode) -> None:
    """Nothing is filled in where there are types, and rules of other directions are kept all the same."""
    found = policy(spec(f"types: [Egress], ingress: {ALLOW}"), mode=mode)
    assert (found.types, found.types_given, len(found.rules[IN])) == ((OUT,), True, 1)


def test_an_empty_list_of_types() -> None:
    """It is as good as none for calicoctl, refused by native resources, and by those of 3.32 that store them."""
    text = spec(f"types: [], egress: {ALLOW}")
    assert policy(text).types == (OUT,)
    _, problems = read(text, mode="native")
    check_only(text, problems.errors, Bad("", text, "NPV211", "[]", "`types` is empty", "Ingress"))
    assert policy(spec("types: []", api=STORED), mode="raw", version=(3, 31)).types == BOTH
    found, problems = read(spec("types: []", api=STORED), mode="raw")
    assert (found.policies, [problem.code for problem in problems.warnings]) == ((), ["NPV204", "NPV211"])


REFUSED = [
    Bad("a field is misspelt", spec("oder: 1"), "NPV021", "oder", "`oder`", "`order`"),
    Bad("a field of the other kind", spec("doNotTrack: true", NAMESPACED), "NPV021", "doNotTrack", "`doNotTrack`"),
    Bad("a namespaceSelector in a NetworkPolicy", spec("namespaceSelector: all()", NAMESPACED), "NPV021", "namespaceSelector", "`namespaceSelector`"),
    Bad("a podSelector", spec("podSelector: {}", NAMESPACED), "NPV021", "podSelector", "`podSelector`"),
    Bad("policyTypes", spec("policyTypes: [Ingress]", NAMESPACED), "NPV021", "policyTypes", "`policyTypes`"),
    Bad("a misspelt spec", manifest(NAMESPACED, "specs: {}"), "NPV021", "specs", "`specs`", "`spec`"),
    Bad("a spec that is a list", manifest(NAMESPACED, "spec: []"), "NPV020", "[]", "a map"),
    Bad("an unknown type", spec("types: [Inbound]"), "NPV211", "Inbound", "`Inbound`", "`Ingress` or `Egress`"),
    Bad("a type in lower case", spec("types: [ingress]"), "NPV211", "ingress", "`ingress`", "`Ingress`"),
    Bad("a type twice", spec("types: [Egress, Egress]"), "NPV211", "Egress]", "twice", "remove"),
    Bad("a type that is a number", spec("types: [1]"), "NPV211", "1]", "a number"),
    Bad("doNotTrack and preDNAT", spec("doNotTrack: true, preDNAT: true, applyOnForward: true"), "NPV212", "preDNAT", "both", "two policies"),
    Bad("doNotTrack alone", spec("doNotTrack: true"), "NPV212", "doNotTrack", "needs `applyOnForward`", "applyOnForward: true"),
    Bad("preDNAT without applyOnForward", spec("preDNAT: true, applyOnForward: false"), "NPV212", "preDNAT", "needs `applyOnForward`"),
    Bad("preDNAT with egress rules", spec(f"preDNAT: true, applyOnForward: true, egress: {ALLOW}, types: [Ingress]"), "NPV212", "egress", "no egress rules"),
    Bad("preDNAT about egress", spec("preDNAT: true, applyOnForward: true, types: [Ingress, Egress]"), "NPV212", "[Ingress", "not about egress", "types: [Ingress]"),
    Bad("a flag in quotes", spec('applyOnForward: "true"'), "NPV020", '"true"', "true or false"),
    Bad("an order in quotes", spec('order: "1000"'), "NPV215", '"1000"', "`1000`", "without quotes"),
    Bad("an order that is no number", spec("order: .nan"), "NPV215", ".nan", "a number"),
    Bad("an infinite order", spec("order: .inf"), "NPV215", ".inf", "a number"),
    Bad("an order that is a boolean", spec("order: true"), "NPV215", "true", "a number"),
    Bad("a tier in upper case", spec("tier: Top"), "NPV216", "Top", "`Top`"),
    Bad("an unknown hint", spec("performanceHints: [Fast]"), "NPV219", "Fast", "`Fast`", "AssumeNeededOnEveryNode"),
    Bad("a namespace of a global policy", manifest(GLOBAL, "spec: {}", namespace="shop"), "NPV201", "namespace", "no namespace", "remove"),
    Bad("a namespace with a dot", manifest(NAMESPACED, "spec: {}", namespace="a.b"), "NPV201", "a.b", "`a.b`"),
    Bad("a name in upper case", manifest(NAMESPACED, "spec: {}", name="Web"), "NPV200", "Web", "`Web`"),
    Bad("a name with two dots", manifest(NAMESPACED, "spec: {}", name="a.b.c"), "NPV200", "a.b.c", "`a.b.c`", "one dot"),
    Bad("a global name with two dots", manifest(GLOBAL, "spec: {}", name="knp.default.c"), "NPV200", "knp.default.c", "`knp.default.c`", "one dot"),
    Bad("a name of 254 characters", manifest(GLOBAL, "spec: {}", name="x" * 254), "NPV200", "xxx", "253", "253"),
    Bad("no name", f"apiVersion: {V3}\nkind: {GLOBAL}\nmetadata: {{generateName: a-}}", "NPV200", "{generateName", "missing", "a name"),
    Bad("a label value that is a number", f"apiVersion: {V3}\nkind: {GLOBAL}\nmetadata: {{name: p, labels: {{a: 1}}}}", "NPV020", "1}", "text", "quotes"),
    Bad("a malformed label", f"apiVersion: {V3}\nkind: {GLOBAL}\nmetadata: {{name: p, labels: {{a b: c}}}}", "NPV205", "a b", "`a b`"),
    Bad("an unknown staged action", spec("stagedAction: Add", "StagedNetworkPolicy"), "NPV213", "Add", "`Add`", "Set, Delete"),
    Bad("a staged action of an enforced policy", spec("stagedAction: Set", NAMESPACED), "NPV021", "stagedAction", "`stagedAction`"),
    Bad("a deletion with rules", spec(f"stagedAction: Delete, ingress: {ALLOW}", "StagedNetworkPolicy"), "NPV214", "ingress", "no `ingress`", "remove"),
    Bad("a deletion with an empty list", spec("stagedAction: Delete, egress: []", "StagedGlobalNetworkPolicy"), "NPV214", "egress", "no `egress`"),
    Bad("a deletion with order 0", spec("stagedAction: Delete, order: 0", "StagedGlobalNetworkPolicy"), "NPV214", "order", "no `order`"),
    Bad("a deletion in Kubernetes form with a type", spec("stagedAction: Delete, policyTypes: [Ingress]", "StagedKubernetesNetworkPolicy"), "NPV214", "policyTypes", "no `policyTypes`"),
    Bad("a wrong policy in Kubernetes form", spec("podSelector: {}, ingress: [{ports: [{port: 0}]}]", "StagedKubernetesNetworkPolicy"), "NPV072", "0}", "port 0"),
    Bad("an unknown field in Kubernetes form", spec("selector: all()", "StagedKubernetesNetworkPolicy"), "NPV021", "selector", "`selector`", "`podSelector`"),
]  # fmt: skip


@pytest.mark.parametrize(
    "row", [row for row in REFUSED if row.fact != "a name of 254 characters"], ids=lambda row: row.fact
)
def test_a_policy_is_refused(row: Bad) -> None:
    """One error, at its place, with a mend; and the policy is left out."""
    found, problems = read(row.text)
    check_only(row.text, problems.errors, row)
    assert found.policies + found.staged + found.staged_kubernetes == ()


NAMES = [
    ("a name without dots", NAMESPACED, "a-1", (3, 32)),
    ("a name with one dot", NAMESPACED, "default.a", (3, 32)),
    ("a global name with one dot", GLOBAL, "a.b", (3, 32)),
    ("a name that Calico generates", NAMESPACED, "knp.default.a.b.c", (3, 32)),
    ("a name of OpenStack", NAMESPACED, "ossg.default.a.b", (3, 32)),
    ("a part longer than a DNS label", NAMESPACED, "x" * 64, (3, 32)),
    ("a name without dots in 3.28", GLOBAL, "a", (3, 28)),
    ("a name with the tier in 3.31", GLOBAL, "default.a", (3, 31)),
]


@pytest.mark.parametrize(("fact", "kind", "name", "version"), NAMES, ids=[row[0] for row in NAMES])
def test_names_that_are_taken(fact: str, kind: str, name: str, version: tuple[int, int]) -> None:
    """Names keep their dots, and the tier is never read from them."""
    found = policy(manifest(kind, "spec: {}", name=name), version=version)
    assert (found.id.name, found.tier) == (name, "default")


BY_VERSION = [
    (Bad("tier x.", spec("tier: top"), "NPV200", "top", "begins with `top.`", "`top.p`"), (3, 31)),
    (Bad("other tier", manifest(GLOBAL, "spec: {}", name="top.p"), "NPV200", "{name", "begins with `default.`", "`default.p`"), (3, 30)),
    (Bad("no tiers", spec("tier: top"), "NPV208", "top", "no tier but `default`", "newer version"), (3, 28)),
    (Bad("no dots", manifest(GLOBAL, "spec: {}", name="a.b"), "NPV200", "a.b", "`a.b`", "since 3.29"), (3, 28)),
]  # fmt: skip


@pytest.mark.parametrize(("row", "version"), BY_VERSION, ids=[row.fact for row, _ in BY_VERSION])
def test_earlier_versions_read_names_and_tiers(row: Bad, version: tuple[int, int]) -> None:
    """Until 3.31 the name of a policy says its tier, and until 3.28 there is one tier."""
    _, problems = read(row.text, version=version)
    assert [problem.code for problem in problems.errors] == [row.code]
    assert row.says in problems.errors[0].message
    assert row.fix in problems.errors[0].fix
    assert read(row.text)[1].errors == ()


def test_a_policy_cannot_be_defined_twice() -> None:
    """Not even as two API groups; the second is told."""
    text = (
        manifest(NAMESPACED, "spec: {}", namespace="default") + "---\n" + manifest(NAMESPACED, "spec: {}", api=STORED)
    )
    found, problems = read(text)
    row = Bad(
        "", text, "NPV202", "p}", "NetworkPolicy default/p is defined twice; the first time at <stdin>:3:18", "rename"
    )
    check_only(text, problems.errors, row)
    assert len(found.policies) == 1


def test_one_name_can_be_of_several_kinds_and_namespaces() -> None:
    """Kind and namespace tell policies apart."""
    texts = [manifest(kind, "spec: {}") for kind in (NAMESPACED, GLOBAL, "StagedNetworkPolicy")]
    found = resources(*texts, manifest(NAMESPACED, "spec: {}", namespace="shop"))
    assert [str(one.id) for one in found.policies] == [
        "NetworkPolicy default/p", "GlobalNetworkPolicy p", "NetworkPolicy shop/p",
    ]  # fmt: skip
    assert len(found.staged) == 1


STAGED = ["StagedNetworkPolicy", "StagedGlobalNetworkPolicy"]


@pytest.mark.parametrize("kind", STAGED)
@pytest.mark.parametrize("action", ["Set", "Learn", "Ignore"])
def test_staged_policies(kind: str, action: str) -> None:
    """They are read like enforced ones and kept apart; the action is Set by default."""
    found = resources(spec(f"stagedAction: {action}, order: 5, egress: {ALLOW}", kind))
    assert found.policies == ()
    assert [(one.staged, one.order, one.types, len(one.rules[OUT])) for one in found.staged] == [(action, 5, (OUT,), 1)]
    assert policy(spec("order: 5", kind)).staged == "Set"


@pytest.mark.parametrize("kind", STAGED)
def test_a_staged_deletion(kind: str) -> None:
    """It names the policy and its tier, and nothing else that is not empty."""
    found = policy(spec("stagedAction: Delete, tier: t, selector: '', order: null", kind))
    assert (found.staged, found.tier, found.types, found.rules) == ("Delete", "t", (), {})


def test_staged_policies_in_kubernetes_form() -> None:
    """They hold the NetworkPolicy that they would be, with the defaults of the Kubernetes API."""
    text = spec("podSelector: {matchLabels: {a: b}}, egress: [{}]", "StagedKubernetesNetworkPolicy", namespace="shop")
    (found,) = resources(text).staged_kubernetes
    assert (found.id.namespace, found.id.kind, found.action) == ("shop", "StagedKubernetesNetworkPolicy", "Set")
    assert found.policy is not None
    assert found.policy.id == PolicyId("kubernetes", "NetworkPolicy", "shop", "p")
    assert set(found.policy.rules) == {IN, OUT}
    assert found.policy.subject[0].key == "a"


def test_types_of_staged_policies_in_kubernetes_form() -> None:
    """An empty list of egress rules counts with native resources only."""
    text = spec("podSelector: {}, egress: []", "StagedKubernetesNetworkPolicy")
    for mode, wanted in (("validated", {IN}), ("native", {IN, OUT}), ("raw", {IN})):
        (found,) = resources(text, mode=mode).staged_kubernetes  # type: ignore[arg-type]
        assert found.policy is not None
        assert set(found.policy.rules) == wanted


def test_a_staged_deletion_in_kubernetes_form() -> None:
    """It holds no policy; an empty podSelector says nothing."""
    (found,) = resources(
        spec("stagedAction: Delete, podSelector: {}", "StagedKubernetesNetworkPolicy")
    ).staged_kubernetes
    assert (found.action, found.policy) == ("Delete", None)


def stored(annotation: object, *, name: str = "default.p", tier: str = "default", labels: str = "") -> str:
    """A policy as the datastore holds it, with the metadata of the API in an annotation."""
    text = annotation if isinstance(annotation, str) else json.dumps(annotation)
    return (
        f"apiVersion: {STORED}\nkind: GlobalNetworkPolicy\nmetadata:\n  name: {name}\n  labels: {{{labels}}}\n"
        f"  annotations:\n    projectcalico.org/metadata: '{text}'\nspec: {{tier: {tier}}}\n"
    )


STORED_NAMES = [
    ("the annotation says the name", stored({"name": "p"}), "p"),
    ("the annotation keeps a prefix", stored({"name": "default.p"}), "default.p"),
    ("an annotation without name drops the prefix", stored({}), "p"),
    ("an empty name is none", stored({"name": ""}), "p"),
    ("the prefix of another tier stays", stored({}, name="top.p", tier="top"), "top.p"),
    ("the default prefix in another tier stays", stored({}, tier="top"), "default.p"),
    ("without the annotation nothing changes", manifest(GLOBAL, "spec: {}", name="default.p", api=STORED), "default.p"),
    ("the API does not read the annotation", stored({"name": "x"}).replace(STORED, V3), "default.p"),
]


@pytest.mark.parametrize(("fact", "text", "name"), STORED_NAMES, ids=[row[0] for row in STORED_NAMES])
def test_names_of_stored_policies(fact: str, text: str, name: str) -> None:
    """The name that breaks ties is that of the API: resources.go ConvertK8sResourceToCalicoResource."""
    assert policy(text).id.name == name


@pytest.mark.parametrize("text", ["{", "[]", '{"name": 5}', '{"labels": {"a": 1}}', '{"labels": []}', ""])
def test_a_malformed_annotation_is_refused(text: str) -> None:
    """Calico cannot read such an object either."""
    _, problems = read(stored(text))
    assert [problem.code for problem in problems.errors] == ["NPV203"]
    assert problems.errors[0].span is not None
    assert (problems.errors[0].span.line, problems.errors[0].fix != "") == (7, True)


def test_kinds_that_are_read() -> None:
    """Two API groups, each with one version; endpoints of pods are read elsewhere."""
    for kind in ("NetworkPolicy", "Tier", "FelixConfiguration", "Profile", "StagedKubernetesNetworkPolicy"):
        assert is_calico(V3, kind)
        assert is_calico(STORED, kind)
        assert not is_calico("projectcalico.org/v1", kind)
        assert not is_calico("networking.k8s.io/v1", kind)
    assert not is_calico(V3, "WorkloadEndpoint")
    assert not is_calico(V3, "IPPool")
    assert resources("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}") == resources()
