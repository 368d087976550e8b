"""Logs that nobody wrote: whatever stands in a line, it is answered or told as malformed, and never ends the run."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from npverify.analyses.evaluate import evaluate_query
from npverify.analyses.flows import FlowReader, Traffic
from npverify.analyses.recorded.change import recorded_change
from npverify.analyses.recorded.ends import find_end
from npverify.analyses.recorded.lines import read_line
from npverify.analyses.recorded.record import Record
from npverify.analyses.recorded.replay import Replay, Replayed
from npverify.ingest.source import InputError
from npverify.report.recorded_report import Summary, replayed_json, summary_text
from recorded_samples import SHOP, WORLD, felix, goldmane, hubble, line, world

IT = world()
OTHER = world(SHOP.replace("port: 5432", "port: 5433"))
REPLAY = Replay(IT)
L7 = {"type": "REQUEST", "http": {"method": "GET", "url": "http://a.b/c?d"}}
SAMPLES = [
    hubble(),
    hubble()["flow"],
    hubble(verdict="DROPPED", drop_reason_desc="POLICY_DENIED"),
    hubble(Type="L7", l7=L7),
    hubble(source=WORLD, IP={"source": "198.51.100.7", "destination": "10.1.0.22"}),
    felix(),
    felix(source_type="net", source_name_aggr="pub", source_namespace="-"),
    goldmane(),
]
STRANGE: list[Any] = [
    None, True, False, 0, -1, 1, 80, 65536, 1.5, "", "-", "*", "x", "shop", "db-0", "10.1.0.7", "fd00::1", "999.1.1.1", "TCP", "🙂",
    [], {}, [None], [1], ["a"], ["k8s:app=web"], {"a": 1}, {"labels": 3}, [[]], "a" * 300, 10**30,
]  # fmt: skip


def _strange(rng: Random, value: Any, left: list[int]) -> Any:
    """The value with a few things in it replaced, taken away or added."""
    if left[0] and rng.random() < 0.08:
        left[0] -= 1
        return copy.deepcopy(rng.choice(STRANGE))
    if isinstance(value, dict):
        kept = {k: _strange(rng, v, left) for k, v in value.items() if not (left[0] and rng.random() < 0.04)}
        if left[0] and rng.random() < 0.05:
            kept[rng.choice(["flow", "reply", "l7", "source", "dest_name", "_source", "src"])] = rng.choice(STRANGE)
        return kept
    return [_strange(rng, item, left) for item in value] if isinstance(value, list) else value


@settings(max_examples=400, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_every_line_is_answered_or_told(rng) -> None:
    """A line with strange values is an InputError with a message, or an answer that every report can show."""
    text = line(_strange(rng, rng.choice(SAMPLES), [rng.choice((1, 2, 4))]))
    try:
        value = read_line(text)
        if not isinstance(value, Record):
            FlowReader(IT.inventory).read(value)
            return
    except InputError:  # with the message of that line
        return
    found = REPLAY.answer(value)
    assert isinstance(found, Replayed)
    assert (found.evaluation is None) == bool(found.unknown or value.skip)
    assert (found.agrees is None) >= (found.evaluation is None)
    replayed_json(found, IT.policies)
    summary = Summary(IT.policies)
    summary.add(found)
    assert summary_text(summary).startswith("1 recorded flow: ")


@settings(max_examples=60, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_a_tally_counts_every_line_once(rng) -> None:
    """Whatever the lines are, each has a fate, is skipped, or cannot be read."""
    lines = [line(_strange(rng, rng.choice(SAMPLES), [rng.choice((0, 1, 3))])) for _ in range(20)]
    found = recorded_change(IT, OTHER, lines)
    assert sum(found.counts.values()) + sum(found.skipped.values()) + len(found.unreadable) == 20
    told = [a for a in found.affected if a.fate in ("broken", "opened")]
    assert sum(a.count for a in told) == found.count("broken") + found.count("opened")
    for affected in told:
        assert affected.old is not None
        assert affected.new is not None
        assert affected.old.verdict.allowed == (affected.fate == "broken") != affected.new.verdict.allowed


BLOCKS = (
    SHOP
    + """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: blocks, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{ipBlock: {cidr: 10.2.0.0/16, except: [10.2.3.0/24]}}, {ipBlock: {cidr: "fd00::/8"}}]
    ports: [{port: 80}]
"""
)


@settings(max_examples=150, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_what_stands_for_a_flow_fares_as_it(rng) -> None:
    """Replaying the log with its memory gives what each line gives alone, with the very address that was recorded."""
    pods = ["web-7c9f8d-x2k4p", "report-29392920-abcde"]
    addresses = ["10.1.0.7", "10.2.0.0", "10.2.2.255", "10.2.3.0", "10.2.3.9", "10.2.4.0", "10.3.0.0", "0.0.0.1"]
    source = {"namespace": "shop", "pod_name": rng.choice(pods)}
    ip = {"source": rng.choice(addresses), "destination": "10.9.0.1"}
    record = read_line(
        line(hubble(source=source, IP=ip, l4={"TCP": {"source_port": 7, "destination_port": rng.choice((80, 5432))}}))
    )
    assert isinstance(record, Record)
    assert record.flow is not None
    plain = BY_BLOCKS.answer(record).evaluation
    query = FlowReader(BY_BLOCKS.world.inventory).query(
        find_end(DIRECTORY, record.flow.src), find_end(DIRECTORY, record.flow.dst), Traffic("TCP", record.flow.port)
    )
    exact = evaluate_query(BY_BLOCKS.world, query)
    assert plain is not None
    assert (plain.verdict, plain.depends) == (exact.verdict, exact.depends)


BY_BLOCKS = Replay(world(BLOCKS, cni="calico"))
DIRECTORY = FlowReader(BY_BLOCKS.world.inventory).directory
