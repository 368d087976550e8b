"""The scenarios hold: each assertion gets the answer that stands behind it, and the order of documents is of no matter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from scenarios import Expected, FlowLine, Scenario, scenarios

import npverify
from npverify.ingest.files import File

ALL = list(scenarios())
ANSWERED = [s for s in ALL if not s.errors]


def load(scenario: Scenario, folder: Path, documents: Sequence[str]) -> npverify.Loaded:
    """The scenario's world, with its documents in the given order."""
    manifests = folder / "manifests.yaml"
    manifests.write_text("---\n".join(documents), encoding="utf-8")
    spec = folder / "spec.npv"
    spec.write_text(scenario.spec, encoding="utf-8")
    return npverify.load(
        [str(manifests)],
        specs=[str(spec)],
        cni=scenario.cni,
        calico_version=scenario.calico_version,
        assume=scenario.assume,
        remotes={name: [File(f"{name}.yaml", text, True)] for name, text in scenario.remotes.items()},
    )


@cache
def proved(scenario_id: str, folder: Path) -> tuple[npverify.AssertionResult, ...]:
    """The answers of a scenario, worked out once for all of its assertions."""
    scenario = next(s for s in ALL if s.id == scenario_id)
    loaded = load(scenario, folder, scenario.documents)
    return npverify.prove(loaded.world, loaded.assertions).results


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of its own for each scenario."""
    return {s.id: tmp_path_factory.mktemp("scenario") for s in ALL}


def answers(results: Sequence[npverify.AssertionResult], expected: Expected) -> tuple[str, ...]:
    """The answers to the statement that `expected` speaks of."""
    if expected.pack:
        return tuple(str(r.status) for r in results if expected.pack in r.assertion.span.file)
    here = [r for r in results if r.assertion.span.file.endswith("spec.npv")]
    return tuple(str(r.status) for r in here if r.assertion.span.line == expected.line)


STATEMENTS = [
    pytest.param(s, e, id=f"{s.id}: {e.text}") for s in ANSWERED for e in s.expected
]  # fmt: skip


@pytest.mark.parametrize(("scenario", "expected"), STATEMENTS)
def test_assertions_get_the_answer_that_is_written_behind_them(
    scenario: Scenario, expected: Expected, folder_of: dict[str, Path]
) -> None:
    """An assertion of a scenario is proved, refuted or vacuous as the scenario says."""
    assert answers(proved(scenario.id, folder_of[scenario.id]), expected) == expected.statuses


@pytest.mark.parametrize(
    ("scenario", "flow"), [pytest.param(s, f, id=f"{s.id}: {f.text}") for s in ANSWERED for f in s.flows]
)
def test_flows_get_the_verdict_that_is_written_behind_them(scenario: Scenario, flow: FlowLine, tmp_path: Path) -> None:
    """A concrete flow of a scenario is allowed or denied, or would be denied, as the scenario says."""
    world = load(scenario, tmp_path, scenario.documents).world
    query = npverify.read_flow(
        {"src": flow.src, "dst": flow.dst, "protocol": flow.protocol, "port": flow.port}, world.inventory
    )
    assert npverify.evaluate(world, query.flow).verdict.word == flow.verdict


@pytest.mark.parametrize("scenario", [pytest.param(s, id=s.id) for s in ANSWERED if s.spec])
def test_the_order_of_documents_changes_no_answer(
    scenario: Scenario, folder_of: dict[str, Path], tmp_path: Path
) -> None:
    """Shuffled documents give the same answers and the same counterexamples."""
    documents = list(scenario.documents)
    random.Random(scenario.id).shuffle(documents)
    loaded = load(scenario, tmp_path, documents)
    shuffled = npverify.prove(loaded.world, loaded.assertions).results
    plain = proved(scenario.id, folder_of[scenario.id])

    def told(results: Sequence[npverify.AssertionResult]) -> list[tuple[str, str, str]]:
        flows = [r.counterexample.flow if r.counterexample else None for r in results]
        return [
            (
                r.assertion.text,
                str(r.status),
                f"{f.src} {f.dst} {f.protocol} {f.port} {f.src_ip} {f.dst_ip}" if f else "",
            )
            for r, f in zip(results, flows, strict=True)
        ]

    assert told(shuffled) == told(plain)


@pytest.mark.parametrize("scenario", [pytest.param(s, id=s.id) for s in ALL if s.errors])
def test_refused_manifests_name_the_place(scenario: Scenario, tmp_path: Path) -> None:
    """A manifest that the Kubernetes API would refuse is an error where the scenario says, one for each defect."""
    with pytest.raises(npverify.InputError) as raised:
        load(scenario, tmp_path, scenario.documents)
    found = raised.value.diagnostics
    assert [f"{d.span.line}:{d.span.column}" for d in found if d.span] == [position for position, _ in scenario.errors]
    for diagnostic, (_, words) in zip(found, scenario.errors, strict=True):
        assert all(word in diagnostic.message + diagnostic.fix for word in words)


def test_every_scenario_has_a_source() -> None:
    """Each file says where its facts come from, so that a reader can argue with the source."""
    folder = Path(__file__).parent
    assert [p.name for p in sorted(folder.rglob("*.md")) if "Source: " not in p.read_text(encoding="utf-8")] == []


def test_no_scenario_is_without_consequence() -> None:
    """The reader finds every file and at least one statement in each scenario."""
    assert len(ALL) > 20
    assert [s.id for s in ALL if not (s.expected or s.flows or s.errors)] == []
