"""The table of edge cases of cluster-wide policies, run through the lowering, the oracle, the encoder and the reduction."""

from __future__ import annotations

from pathlib import Path

import pytest

import npverify
from agreement import encoded
from dialects.calico.edge_queries import directions_of, flow_of
from dialects.cilium.edge_case import WORLD, knp
from dialects.cluster_edge_cases import CASES, NOT_DECIDABLE, Case, base, into
from dialects.edge_cases import joined
from dialects.plugins.test_plugin_rows import facts
from dialects.queries import readings_of
from npverify.analyses.world import World
from npverify.oracle import Oracle
from npverify.reduction.residuals import Residuals

EVERY = "subject: {namespaces: {}}"
LEGAL = [pytest.param(case, id=case.id) for case in CASES if case.queries]
REFUSED = [pytest.param(case, id=case.id) for case in CASES if case.refused]


def world_of(case: Case) -> World:
    """The world of a case; InputError where its manifests are refused."""
    return npverify.load(["-"], cni=case.cni, assume=case.assume, stdin=case.manifests.encode).world


@pytest.mark.parametrize("case", LEGAL)
def test_a_flow_is_worth_what_the_table_says(case: Case) -> None:
    """Each query of each legal case has the verdict of the table, in the oracle, the encoder and the reduction."""
    world = world_of(case)
    assert set(case.warned) <= {d.code for d in world.warnings}
    oracle = Oracle(world.policies, world.inventory)
    residuals = Residuals(world.inventory, world.policies)
    for query in case.queries:
        flow = flow_of(query, world.inventory)
        readings = list(readings_of(query, world.policies.switches))  # type: ignore[arg-type]  # it has `want`
        if isinstance(query.want, str):
            readings += [({name: "true"}, query.want == "A") for name in facts(oracle, flow)]
        for reading, want in readings:
            verdict = oracle.decide(flow, reading)
            assert verdict.allowed is want, (query, reading, verdict)
        written = readings[:1] if isinstance(query.want, str) else readings
        said = encoded(flow, (reading for reading, _ in written), world, residuals, directions_of(query))
        for (reading, want), by_others in zip(written, said, strict=True):
            assert by_others == (want, want), (query, reading)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_invalid_is_an_error(case: Case) -> None:
    """Each refused case ends in exactly the errors of the table."""
    with pytest.raises(npverify.InputError) as raised:
        world_of(case)
    assert [d.code for d in raised.value.diagnostics if d.severity == "error"] == list(case.refused)


_OPEN = knp("podSelector: {}, ingress: [{}]")
_NARROW = knp("podSelector: {}, ingress: [{from: [{podSelector: {}}]}]").replace("name: native", "name: narrow")
_BASE = base(into(("Deny", "{namespaces: {}}")), subject=EVERY)


@pytest.mark.parametrize(("cni", "assume"), [("kubernetes", {}), ("cilium", {"cluster_policies": "on"})])
@pytest.mark.parametrize(
    ("policies", "claim", "status"),
    [
        pytest.param((_OPEN,), "policy a/native is redundant", "refuted", id="one that hides the baseline"),
        pytest.param(
            (_OPEN, _NARROW), "policy a/narrow is redundant", "proved", id="one behind another that opens more"
        ),
        pytest.param((_OPEN, _NARROW), "policy a/narrow is not redundant", "refuted", id="and that is not denied"),
        pytest.param((_OPEN, _NARROW), "policy a/native is redundant", "refuted", id="the one that opens more"),
        pytest.param((_OPEN, _NARROW), "no policy is redundant in namespace a", "refuted", id="some is"),
    ],
)
def test_what_hides_the_baseline_is_compared_as_a_whole(
    cni: str, assume: dict[str, str], policies: tuple[str, ...], claim: str, status: str, tmp_path: Path
) -> None:
    """On a NetworkPolicy hangs whether the baseline is asked, so that the sets with and without it are compared."""
    spec = tmp_path / "spec.npv"
    spec.write_text(f"assert {claim}\n", encoding="utf-8")
    text = joined(WORLD, *policies, _BASE)
    loaded = npverify.load(["-"], specs=[str(spec)], cni=cni, assume=assume, stdin=text.encode)
    (result,) = npverify.prove(loaded.world, loaded.assertions).results
    assert result.status == status, result.because
    if claim == "policy a/native is redundant":
        assert result.counterexample is not None
        assert result.because.endswith("without it")


def test_every_number_has_a_place() -> None:
    """Each of the numbers 107 to 150 has a case, or a reason why files do not decide it."""
    covered = {case.number for case in CASES}
    assert sorted(covered | set(NOT_DECIDABLE)) == list(range(107, 151))
    assert not covered & set(NOT_DECIDABLE)


def test_every_case_asks_something() -> None:
    """A case has a query, or says why it is refused, names its source, and is told apart by its text."""
    assert all(bool(case.queries) != bool(case.refused) and case.source for case in CASES)
    assert len({case.id for case in CASES}) == len(CASES)
