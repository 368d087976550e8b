"""Service accounts: those that are declared tell their labels, those that are only used do not."""

from __future__ import annotations

import pytest

from inventory.manifests import inventory, problems_of
from npverify.inventory.model import ServiceAccount
from npverify.inventory.unknowns import ABSENT, account_label, namespace_label

POD = "{kind: Pod, metadata: {name: a, namespace: x}, spec: {serviceAccountName: api, containers: [{}]}}"


@pytest.mark.parametrize(
    ("text", "accounts"),
    [
        pytest.param(
            "{kind: ServiceAccount, metadata: {name: api, namespace: x, labels: {role: reader}}}",
            [ServiceAccount("x", "api", {"role": "reader"})],
            id="declared, with its labels",
        ),
        pytest.param(
            "{kind: ServiceAccount, metadata: {name: api, namespace: x}}",
            [ServiceAccount("x", "api", {})],
            id="declared, and so without labels",
        ),
        pytest.param(
            "{kind: ServiceAccount, metadata: {name: api}}",
            [ServiceAccount("default", "api", {})],
            id="0.4: in default where no namespace is given",
        ),
        pytest.param(POD, [], id="used by a pod, its labels are unknown"),
        pytest.param(
            "{kind: Namespace, metadata: {name: x}}", [], id="the account default exists, its labels are unknown"
        ),
        pytest.param(
            "{kind: ServiceAccount, metadata: {name: z, namespace: x}}\n---\n"
            "{kind: ServiceAccount, metadata: {name: a, namespace: x}}",
            [ServiceAccount("x", "a", {}), ServiceAccount("x", "z", {})],
            id="in the order of names",
        ),
    ],
)
def test_declared_accounts_tell_their_labels(text, accounts):
    """The inventory holds the declared accounts by namespace and name, and no other."""
    found = inventory(text).service_accounts
    assert list(found.values()) == accounts
    assert list(found) == [(account.namespace, account.name) for account in accounts]


def test_malformed_labels_of_an_account_are_errors():
    """The API refuses the key and the value, and so both are reported."""
    text = "{kind: ServiceAccount, metadata: {name: a, namespace: x, labels: {'-k': v, k: '-v'}}}"
    assert [error.code for error in problems_of(text).errors] == ["NPV032", "NPV033"]


def test_a_label_of_an_undeclared_account_is_a_variable_of_its_own():
    """It is absent in the default reading, open, and no label of the namespace or of an account elsewhere."""
    label = account_label("x", "api", "role")
    assert label.name == "label role of service account x/api"
    assert (label.default, label.kind, label.open) == (ABSENT, "label", True)
    assert label not in (
        account_label("y", "api", "role"),
        account_label("x", "b", "role"),
        namespace_label("x", "role"),
    )
