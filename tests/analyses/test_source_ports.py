"""Rules about source ports, which Calico has: what is shown of a flow that one of them decides."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

import npverify
from dialects.calico.edge_case import WORLD, np
from dialects.edge_cases import joined
from npverify.analyses.results import Counterexample
from npverify.report import json_values

OPEN = "{action: Allow, protocol: TCP, source: {ports: [1000]}, destination: {ports: [80]}}"
WORDS = "pods where app == 'apple' in namespace orchard reaches pods where app == 'pear' on tcp/80".replace("'", '"')


def answers(spec: Sequence[str], tmp_path: object) -> list[tuple[str, Counterexample | None]]:
    """The status of each claim, with its counterexample or witness."""
    file = f"{tmp_path}/s.npv"
    with open(file, "w", encoding="utf-8") as out:
        out.write("".join(f"assert {line}\n" for line in spec))
    text = joined(WORLD, np(f"selector: app == 'pear', types: [Ingress], ingress: [{OPEN}]"))
    loaded = npverify.load(["-"], stdin=text.encode, specs=[file])
    results = npverify.prove(loaded.world, loaded.assertions).results
    return [(r.status.value, r.counterexample or r.witness) for r in results]


@pytest.mark.parametrize(
    ("claim", "status", "src_port"),
    [
        (f"no {WORDS}", "refuted", 1000),
        (f"some {WORDS}", "proved", 1000),
        (f"every {WORDS}", "refuted", 49152),
        (f"every {WORDS.replace('reaches', 'reaches some')}", "refuted", 49152),
        ('some pod reaches pods where app == "ox" on tcp/80', "proved", "any"),
    ],
)
def test_the_source_port_is_told(claim: str, status: str, src_port: object, tmp_path: object) -> None:
    """A flow that needs a source port has it, and where none matters it is any."""
    ((said, shown),) = answers([claim], tmp_path)
    assert said == status
    assert shown is not None
    assert json_values.flow(shown.flow, shown.any)["src_port"] == src_port
