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


@pytest.mark.parametrize(("cni", "assume"), [("kubernetes", {}), ("cilium", {"cluster_policies": "on"})])
def test_what_hides_the_baseline_is_not_redundant(cni: str, assume: dict[str, str], tmp_path: Path) -> None:
    """A NetworkPolicy that allows everything keeps the baseline away; nobody calls it redundant."""
    spec = tmp_path / "spec.npv"
    spec.write_text("assert policy a/native is redundant\n", encoding="utf-8")
    text = joined(WORLD, knp("podSelector: {}, ingress: [{}]"), base(into(("Deny", "{namespaces: {}}")), subject=EVERY))
    loaded = npverify.load(["-"], specs=[str(spec)], cni=cni, assume=assume, stdin=text.encode)
    (result,) = npverify.prove(loaded.world, loaded.assertions).results
    assert str(result.status) in ("undecided", "refuted")


def test_every_number_has_a_place() -> None:
    """Each of the numbers 107 to 150 has a case, or a reason why files do not decide it."""
    covered = {case.number for case in CASES}
    assert sorted(covered | set(NOT_DECIDABLE)) == list(range(107, 151))
    assert not covered & set(NOT_DECIDABLE)


def test_every_case_asks_something() -> None:
    """A case has a query, or says why it is refused, names its source, and is told apart by its text."""
    assert all(bool(case.queries) != bool(case.refused) and case.source for case in CASES)
    assert len({case.id for case in CASES}) == len(CASES)
