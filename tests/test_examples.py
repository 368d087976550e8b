"""The examples prove and refute what their comments say, and so do the packs that they use."""

from __future__ import annotations

from pathlib import Path

import pytest

import npverify

EXAMPLES = Path(__file__).parents[1] / "examples"


def statuses(*paths: str, spec: str = "") -> dict[str, str]:
    """The answer to each assertion, by title."""
    specs = [str(EXAMPLES / spec)] if spec else []
    loaded = npverify.load([str(EXAMPLES / p) for p in paths], specs=specs)
    return {r.assertion.title: str(r.status) for r in npverify.prove(loaded.world, loaded.assertions).results}


def test_the_shop_has_exactly_one_hole() -> None:
    """The monitoring policy opens the database to everybody, and one assertion finds it; the other ten are proved."""
    found = statuses("shop")
    assert [title for title, status in found.items() if status != "proved"] == ["only the API talks to the database"]
    assert found["only the API talks to the database"] == "refuted"
    assert len(found) >= 12


def test_the_hole_is_the_neighbours_way_in() -> None:
    """The counterexample comes from another team's pod, through the rule of the monitoring policy."""
    loaded = npverify.load([str(EXAMPLES / "shop")])
    result = npverify.prove(loaded.world, loaded.assertions)
    (refuted,) = [r for r in result.results if r.status is npverify.Status.REFUTED]
    assert refuted.counterexample is not None
    flow, verdict = refuted.counterexample.flow, refuted.counterexample.verdict
    assert (str(flow.src), str(flow.dst), flow.protocol, flow.port) == ("blog/wordpress", "shop/db-0", "TCP", 5432)
    assert refuted.counterexample.reading == ()
    (decider,) = verdict.ingress.by
    assert decider.policy.id.name == "db-metrics"
    assert decider.rule is not None
    assert decider.rule.span is not None
    assert decider.rule.span.file.endswith("shop/monitoring/db-metrics.yaml")


def test_the_mended_shop_is_proved() -> None:
    """With the corrected monitoring policy in place of the broken one, every assertion is proved."""
    found = statuses("shop/cluster", "shop/policies", "shop-fixed", spec="shop/shop.npv")
    assert set(found.values()) == {"proved"}
    assert found.keys() == statuses("shop").keys()


@pytest.mark.parametrize(
    ("paths", "dns"),
    [(("outage",), "refuted"), (("outage", "outage-recovered"), "proved")],
    ids=["outage", "recovered"],
)
def test_the_outage_is_about_dns_alone(paths: tuple[str, ...], dns: str) -> None:
    """Without the rule for DNS both assertions about names are refuted and the calls proved; with it all are proved."""
    assert statuses(*paths) == {
        "every pod can resolve names": dns,
        "also when answers are long": dns,
        "the storefront calls the cart": "proved",
        "nobody else calls the cart": "proved",
    }


@pytest.mark.parametrize(
    ("paths", "status", "codes"),
    [
        (("equal-order",), "refuted", ["NPL101"]),
        (("equal-order/cluster.yaml", "equal-order/partner-access.yaml", "equal-order-mended"), "proved", []),
    ],
    ids=["equal order", "mended"],
)
def test_of_two_policies_of_one_order_the_allow_disarms_the_deny(
    paths: tuple[str, ...], status: str, codes: list[str]
) -> None:
    """Lint names the two, and nothing else; with an order that says which comes first the assertion is proved."""
    assert set(statuses(*paths, spec="equal-order/egress.npv").values()) == {status}
    world = npverify.load([str(EXAMPLES / p) for p in paths], for_lint=True).world
    findings = npverify.lint(world).findings
    assert [finding.rule.code for finding in findings] == codes
    for finding in findings:
        assert (finding.policy.name, finding.others[0].name) == ("security-block-external", "partner-access")
        assert finding.shown is not None
        assert finding.shown.verdict.allowed
        assert finding.because[0].text.startswith("Calico 3.32 asks GlobalNetworkPolicy partner-access first")
