"""What lint says of policies whose rules hang on those of others."""

from __future__ import annotations

import pytest

import npverify
from dialects.cilium.edge_case import joined_world, on_a
from dialects.edge_cases import joined

_B = "fromEndpoints: [{matchLabels: {app: fe}}]"
_HTTP = "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]"
_OWN = "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {l7proto: own}}]"
_PLAIN = "toPorts: [{ports: [{port: '80', protocol: TCP}]}]"


@pytest.mark.parametrize(
    ("one", "two", "version", "told"),
    [
        pytest.param(f"{_B}, {_PLAIN}", f"{_B}, {_PLAIN}", "1.18", ["one"], id="two policies that say the same"),
        pytest.param(f"{_B}, {_HTTP}", f"{_B}, {_OWN}", "1.19", [], id="two that cannot be joined"),
        pytest.param(f"{_B}, {_PLAIN}", "fromRequires: [{matchLabels: {app: fe}}]", "1.18", [], id="a requirement"),
    ],
)
def test_a_policy_is_redundant_only_where_the_rest_means_the_same_without_it(
    one: str, two: str, version: str, told: list[str]
) -> None:
    """NPL133 is not told of a policy on which hangs what others mean."""
    text = joined_world(joined(on_a(f"ingress: [{{{one}}}]", "one"), on_a(f"ingress: [{{{two}}}]", "two")))
    assume = {"cilium_version": version}
    loaded = npverify.load(["-"], cni="cilium", assume=assume, stdin=text.encode, for_lint=True, with_assertions=False)
    found = npverify.lint(loaded.world)
    assert [f.policy.name for f in found.findings if f.rule.code == "NPL133"] == told
