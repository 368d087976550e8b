"""Which objects the dialects look at, and what becomes of those that they cannot read."""

from __future__ import annotations

import pytest

from helpers import documents
from npverify.dialects import Lowered, is_policy, lower, profile
from npverify.ingest.source import Problems
from npverify.inventory.build import build

MODELLED = [
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
]
UNMODELLED = [
    ("projectcalico.org/v3", "NetworkPolicy"),
    ("projectcalico.org/v3", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org/v1", "GlobalNetworkPolicy"),
    ("crd.projectcalico.org/v1", "Tier"),
    ("projectcalico.org/v3", "NetworkSet"),
    ("projectcalico.org/v3", "GlobalNetworkSet"),
    ("projectcalico.org/v3", "HostEndpoint"),
    ("projectcalico.org/v3", "FelixConfiguration"),
    ("cilium.io/v2", "CiliumNetworkPolicy"),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy"),
    ("cilium.io/v2alpha1", "CiliumCIDRGroup"),
    ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy"),
    ("crd.antrea.io/v1beta1", "NetworkPolicy"),
    ("crd.antrea.io/v1beta1", "ClusterGroup"),
    ("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy"),
    ("networking.k8s.aws/v1alpha1", "ClusterNetworkPolicy"),
    ("networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy"),
    ("k8s.ovn.org/v1", "EgressFirewall"),
    ("k8s.ovn.org/v1", "AdminPolicyBasedExternalRoute"),
    ("network.openshift.io/v1", "EgressNetworkPolicy"),
    ("networking.gke.io/v1alpha1", "FQDNNetworkPolicy"),
    ("example.com/v1", "SomeNetworkPolicy"),
]
MESH = [
    ("security.istio.io/v1", "AuthorizationPolicy"),
    ("security.istio.io/v1beta1", "PeerAuthentication"),
    ("policy.linkerd.io/v1alpha1", "AuthorizationPolicy"),
    ("policy.linkerd.io/v1beta1", "ServerAuthorization"),
    ("consul.hashicorp.com/v1alpha1", "ServiceIntentions"),
    ("kuma.io/v1alpha1", "MeshTrafficPermission"),
]
NO_POLICIES = [
    ("v1", "Pod"),
    ("v1", "ConfigMap"),
    ("apps/v1", "Deployment"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("networking.k8s.io/v1", "ServiceCIDR"),
    ("policy/v1", "PodDisruptionBudget"),
    ("projectcalico.org/v3", "IPPool"),
    ("crd.projectcalico.org/v1", "BGPConfiguration"),
    ("cilium.io/v2", "CiliumNode"),
    ("cilium.io/v2", "CiliumEndpoint"),
    ("networking.istio.io/v1", "VirtualService"),
]
MISTAKES = [
    ("extensions/v1beta1", "NetworkPolicy", "NPV053"),
    ("networking.k8s.io/v1beta1", "NetworkPolicy", "NPV053"),
    ("networking/v1", "NetworkPolicy", "NPV053"),
    ("networking.k8s.oi/v1", "NetworkPolicy", "NPV053"),
    ("extensions/v1beta1", "networkpolicy", "NPV054"),
    ("networking.k8s.io/v1", "NetworkPolicies", "NPV056"),
    ("networking.k8s.io/v1", "networkpolicy", "NPV056"),
]


def lowered(text: str, problems: Problems, *ignore: str) -> Lowered:
    """Lower the objects of a text under the profile of every plugin."""
    found = documents(text)
    return lower(found, profile("kubernetes", {}), problems, build(found, Problems()), ignore_kinds=ignore)


def run(api_version: str, kind: str, *ignore: str) -> tuple[Lowered, Problems]:
    """Lower one object of a kind."""
    problems = Problems()
    text = f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: thing}}\n"
    return lowered(text, problems, *ignore), problems


@pytest.mark.parametrize(("api_version", "kind"), MODELLED + UNMODELLED + MESH, ids=lambda text: text)
def test_policies_are_kept(api_version: str, kind: str) -> None:
    """Every kind that can decide about packets is looked at, whether it is modelled or not."""
    assert is_policy(api_version, kind)


@pytest.mark.parametrize(("api_version", "kind"), NO_POLICIES, ids=lambda text: text)
def test_other_kinds_are_not_looked_at(api_version: str, kind: str) -> None:
    """Kinds that cannot change a verdict are no policies, and give no message."""
    found, problems = run(api_version, kind)
    assert not is_policy(api_version, kind)
    assert not problems.errors + problems.warnings
    assert not found.ids


@pytest.mark.parametrize(("api_version", "kind"), UNMODELLED, ids=lambda text: text)
def test_what_is_not_modelled_is_an_error(api_version: str, kind: str) -> None:
    """A policy of another language is an error that names its kind, its place and the option that leaves it out."""
    _, problems = run(api_version, kind)
    (found,) = problems.errors
    of_a_plugin = "projectcalico.org" in api_version or "cilium.io" in api_version
    assert found.code == ("NPV085" if of_a_plugin else "NPV054")
    assert f"`{kind}`" in found.message
    assert f"--ignore-kind {kind}" in found.fix
    assert (found.span.line, found.span.column) == (2, 7)


@pytest.mark.parametrize("spelling", ["Tier", "Tier.crd.projectcalico.org"])
def test_ignored_kinds_are_counted(spelling: str) -> None:
    """A kind that the user ignores, by its name or with its group, is counted and gives no message."""
    found, problems = run("crd.projectcalico.org/v1", "Tier", spelling)
    assert not problems.errors + problems.warnings
    assert found.ignored == {"Tier": 1}


def test_a_modelled_kind_is_never_ignored() -> None:
    """Ignoring `NetworkPolicy` leaves out those of other groups, not those that are understood."""
    found, _ = run("networking.k8s.io/v1", "NetworkPolicy", "NetworkPolicy")
    assert len(found.ids) == 1
    assert not found.ignored
    assert run("projectcalico.org/v3", "NetworkPolicy", "NetworkPolicy")[0].ignored == {"NetworkPolicy": 1}


@pytest.mark.parametrize(("api_version", "kind"), MESH, ids=lambda text: text)
def test_mesh_policies_are_worth_a_warning(api_version: str, kind: str) -> None:
    """A policy of a service mesh is no error: it can only restrict further, which a warning says."""
    found, problems = run(api_version, kind)
    assert found.mesh
    assert not problems.errors
    assert [d.code for d in problems.warnings] == ["NPV055"]


def test_there_is_one_warning_for_the_whole_mesh() -> None:
    """However many mesh policies there are, one warning counts them."""
    problems = Problems()
    text = "---\n".join(
        f"apiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: a{n}}}\n"
        for n, kind in enumerate(["PeerAuthentication", "AuthorizationPolicy", "AuthorizationPolicy"])
    )
    lowered(text, problems)
    (found,) = problems.warnings
    assert "2 AuthorizationPolicy, 1 PeerAuthentication" in found.message


@pytest.mark.parametrize(("api_version", "kind", "code"), MISTAKES, ids=lambda text: text)
def test_a_misspelt_policy_is_not_skipped(api_version: str, kind: str, code: str) -> None:
    """A NetworkPolicy of another API version, or a kind that the API group does not have, is an error."""
    assert is_policy(api_version, kind)
    assert [d.code for d in run(api_version, kind)[1].errors] == [code]


@pytest.mark.parametrize("kind", ["NetworkPolicy", "NetworkPolicy.networking.k8s.io"])
def test_a_modelled_kind_is_not_left_out_and_that_is_said(kind: str) -> None:
    """Who asks for it is told once that the kind counts, where the first of its objects stands."""
    text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: NAME, namespace: shop}\nspec: {podSelector: {}}\n"
    problems = Problems()
    found = lowered("---\n".join(text.replace("NAME", name) for name in ("a", "b")), problems, kind)
    assert len(found.ids) == 2
    assert [(d.code, d.span.line) for d in problems.warnings if d.span] == [("NPV086", 2)]
