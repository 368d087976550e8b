"""Namespaces that are declared, used, spoofed or left out."""

from __future__ import annotations

import pytest

from inventory.manifests import inventory, problems_of
from npverify.inventory.model import METADATA_NAME


@pytest.mark.parametrize(
    ("text", "name", "labels", "declared"),
    [
        pytest.param("{kind: Namespace, metadata: {name: y}}", "y", {}, True, id="row 40: a file without labels"),
        pytest.param(
            "{kind: Namespace, metadata: {name: y, labels: {kubernetes.io/metadata.name: prod, env: dev}}}",
            "y",
            {"env": "dev"},
            True,
            id="row 41: the server restores a spoofed name",
        ),
        pytest.param(
            "{kind: Pod, metadata: {name: a, namespace: y}}", "y", {}, False, id="1.14: exists by being used by a pod"
        ),
        pytest.param(
            "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: y}}",
            "y",
            {},
            False,
            id="1.14: exists by being used by a policy",
        ),
        pytest.param("{kind: Pod, metadata: {name: a}}", "default", {}, False, id="0.4: default where none is given"),
    ],
)
def test_a_namespace_carries_its_name_as_a_label(text, name, labels, declared):
    """Every namespace has kubernetes.io/metadata.name with its own name, whatever its file says."""
    namespaces = inventory(text).namespaces
    assert list(namespaces) == [name]
    assert namespaces[name].labels == {METADATA_NAME: name, **labels}
    assert namespaces[name].declared is declared


def test_namespaces_that_nobody_uses_are_not_listed():
    """A cluster-scoped object uses no namespace, so that even `default` is not there."""
    assert inventory("{kind: Node, metadata: {name: n}}").namespaces == {}


def test_a_spoofed_name_is_a_warning():
    """Row 41: the user learns that the label will not be what the file says."""
    (warning,) = problems_of(
        "{kind: Namespace, metadata: {name: y, labels: {kubernetes.io/metadata.name: prod}}}"
    ).warnings
    assert (warning.code, warning.span.file) == ("NPV036", "metadata.labels.kubernetes.io/metadata.name")
    assert "`prod`" in warning.message


def test_a_label_that_repeats_the_name_is_fine():
    """Row 41: a snapshot has the label as the server wrote it."""
    assert (
        problems_of("{kind: Namespace, metadata: {name: y, labels: {kubernetes.io/metadata.name: y}}}").warnings == ()
    )


def test_missing_namespaces_are_one_warning():
    """0.4: the warning counts the objects, policies too, and points at the first."""
    (warning,) = problems_of(
        """
        {kind: Pod, metadata: {name: elsewhere, namespace: shop}, spec: {containers: [{}]}}
        ---
        {kind: Pod, metadata: {name: a}, spec: {containers: [{}]}}
        ---
        {kind: Node, metadata: {name: n}}
        ---
        {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}}
        ---
        {apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: q}}
        """
    ).warnings
    assert (warning.code, warning.span.line) == ("NPV035", 2)
    assert warning.message.startswith("2 objects have no `metadata.namespace`")


def test_undeclared_namespaces_are_noted_once():
    """1.14: the reader learns whose labels are unknown."""
    found = inventory(
        """
        {kind: Pod, metadata: {name: a, namespace: y}}
        ---
        {kind: Pod, metadata: {name: a, namespace: x}}
        ---
        {kind: Namespace, metadata: {name: z}}
        """
    )
    assert found.notes == ("used but not declared, so that their labels are unknown: namespaces x, y",)


CALICO = [
    pytest.param("projectcalico.org/v3", "NetworkPolicy", {"y"}, id="a policy of Calico"),
    pytest.param("crd.projectcalico.org/v1", "NetworkPolicy", {"y"}, id="in its stored form"),
    pytest.param("projectcalico.org/v3", "NetworkSet", {"y"}, id="a set of addresses"),
    pytest.param("projectcalico.org/v3", "StagedNetworkPolicy", {"y"}, id="a staged policy"),
    pytest.param("projectcalico.org/v3", "StagedKubernetesNetworkPolicy", {"y"}, id="a staged native policy"),
    pytest.param("projectcalico.org/v3", "GlobalNetworkPolicy", set(), id="a global policy"),
    pytest.param("projectcalico.org/v3", "StagedGlobalNetworkPolicy", set(), id="a staged global policy"),
    pytest.param("projectcalico.org/v3", "GlobalNetworkSet", set(), id="a global set"),
    pytest.param("projectcalico.org/v3", "HostEndpoint", set(), id="a host endpoint"),
    pytest.param("projectcalico.org/v3", "Tier", set(), id="a tier"),
    pytest.param("projectcalico.org/v3", "Profile", set(), id="a profile"),
    pytest.param("projectcalico.org/v3", "FelixConfiguration", set(), id="a configuration"),
]


@pytest.mark.parametrize(("api_version", "kind", "used"), CALICO)
def test_calico_objects_use_their_namespace(api_version, kind, used):
    """A namespaced object of Calico makes its namespace exist; a global one does not, whatever it says, nor has it to say."""
    text = f"{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: a, namespace: y}}}}"
    assert inventory(text).namespaces.keys() == used
    codes = [warning.code for warning in problems_of(text.replace(", namespace: y", "")).warnings]
    assert codes == ["NPV035"] * len(used)
