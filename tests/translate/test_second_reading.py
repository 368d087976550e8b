"""The literal reading of Calico (tests/calico_reference) finds the same faults, and none in the translator's own text."""

from __future__ import annotations

from random import Random

import pytest
import yaml
from by_reference import Both, Manifest, flows
from naive_orders import ROWS as ORDERS
from naive_peers import ROWS as PEERS
from naive_ports import ROWS as PORTS
from naive_row import NATIVE, SHOP, Row
from naive_shapes import ROWS as SHAPES
from translated import read_policy, translated

from calico_reference import Cluster

# the reference knows one plugin, and manifests as the API server takes them
ROWS = [r for r in (*ORDERS, *PEERS, *PORTS, *SHAPES) if not (r.left or r.assume or r.refused or r.native_refused)]
SAMPLE = 150


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_the_reference_sees_the_difference(row: Row) -> None:
    """One of the flows that the row expects differs in the way it expects."""
    around = [*manifests(SHOP), *manifests(row.around)]
    both = Both(*(Cluster([*around, *manifests(text)], row.version) for text in (row.native, row.naive)))
    wanted = [((seen.only == NATIVE, seen.only != NATIVE), flow) for seen in row.seen for flow in flows(around, seen)]
    assert any(both.verdicts(flow) == verdicts for verdicts, flow in wanted)


@pytest.mark.parametrize("row", [r for r in ROWS if r.same], ids=lambda row: row.title)
def test_the_reference_sees_no_difference_to_the_translation(row: Row) -> None:
    """Of any flow that was tried."""
    around = [*manifests(SHOP), *manifests(row.around)]
    native = manifests(row.native)
    written, _ = translated(*map(read_policy, native), version=tuple(map(int, row.version.split("."))))
    both = Both(*(Cluster([*around, *new], row.version) for new in (native, [w.value for w in written])))
    every = list(flows(around))
    tried = [*(f for seen in row.seen for f in flows(around, seen)), *Random(1).sample(every, SAMPLE)]
    for flow in tried:
        native_verdict, new_verdict = both.verdicts(flow)
        assert native_verdict is new_verdict, flow


def manifests(text: str) -> list[Manifest]:
    """The objects of a text."""
    return [value for value in yaml.load_all(text, yaml.CSafeLoader) if value]
