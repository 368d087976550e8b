"""What a change does to recorded flows: one row per fate, and the law that a tally is what two replays give."""

from __future__ import annotations

import pytest

from npverify.analyses.evaluate import evaluate
from npverify.analyses.flows import read_flow
from npverify.analyses.recorded.change import recorded_change
from recorded_samples import DB, SHOP, WEB, felix, goldmane, hubble, line, world

OLD = world()
CLOSED = world(SHOP.replace("port: 5432", "port: 5433"))
WITHOUT_DB = world("---\n".join(part for part in SHOP.split("---\n") if "name: db" not in part))
ELSEWHERE = hubble(l4={"TCP": {"source_port": 9, "destination_port": 5433}})
ANY_ADDRESS = world(SHOP.replace("  - to: [{ipBlock: {cidr: 203.0.113.0/24}}]\n    ports", "  - ports"))
PUBLIC = felix(source_name_aggr="db-*", dest_name_aggr="pub", dest_namespace="-", dest_type="net", dest_port=443)

FATES = [
    ("broken", OLD, CLOSED, hubble(), "broken"),
    ("opened", OLD, CLOSED, ELSEWHERE, "opened"),
    ("allowed as before", OLD, CLOSED, hubble(source=DB, destination=WEB, IP={"source": "10.1.0.22", "destination": "203.0.113.1"}), "denied"),
    ("a pod that goes", OLD, WITHOUT_DB, hubble(), "gone"),
    ("a pod that comes", WITHOUT_DB, OLD, hubble(), "new"),
    ("a pod that nobody knows", OLD, CLOSED, felix(source_name_aggr="gone-7c9f-*"), "unknown"),
    ("an address that was not recorded, where one version looks at it", ANY_ADDRESS, OLD, PUBLIC, "untold"),
    ("likewise in the other version", OLD, ANY_ADDRESS, PUBLIC, "untold"),
    ("an address that was not recorded, where nobody looks at it", ANY_ADDRESS, ANY_ADDRESS, PUBLIC, "allowed"),
    ("Felix", OLD, CLOSED, felix(), "broken"),
    ("Whisker", OLD, CLOSED, goldmane(), "broken"),
    ("a native line", OLD, CLOSED, {"src": {"workload": "shop/web"}, "dst": {"workload": "shop/db"}, "port": 5432}, "broken"),
    ("nothing changes", OLD, OLD, hubble(), "allowed"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "value", "fate"), [pytest.param(*row[1:], id=row[0]) for row in FATES])
def test_what_becomes_of_a_flow(old, new, value, fate) -> None:
    """A flow has one fate, whatever log it stands in and whatever verdict was recorded."""
    assert recorded_change(old, new, [line(value)]).counts == {fate: 1}


def test_a_log_is_told_by_kinds_of_flows() -> None:
    """Flows between two workloads of one port are one kind with their number; the most frequent first, broken ones before."""
    ports = [{"TCP": {"source_port": n, "destination_port": 5432}} for n in (1, 2, 3)]
    lines = [
        *(line(ELSEWHERE) for _ in range(5)),
        *(line(hubble(l4=l4)) for l4 in ports),
        line(hubble(is_reply=True)),
        b"{",
        line(felix()),
        line(felix(dest_port=1)),
    ]
    found = recorded_change(OLD, CLOSED, lines)
    assert [(a.fate, a.count) for a in found.affected] == [("broken", 4), ("opened", 5)]
    assert found.counts == {"broken": 4, "opened": 5, "denied": 1}
    assert sum(found.skipped.values()) == 1
    assert [number for number, _ in found.unreadable] == [10]
    first = found.affected[0]
    assert first.old is not None
    assert first.new is not None
    assert (first.old.verdict.allowed, first.new.verdict.allowed) == (True, False)


def test_ports_are_told_apart() -> None:
    """Of two ports that break, each is a kind of its own."""
    everything = world(SHOP.replace("    ports: [{port: 5432}]\n", ""))
    lines = [line(hubble(l4={"TCP": {"destination_port": port}})) for port in (1, 2, 2)]
    found = recorded_change(everything, OLD, lines)
    assert [(a.count, a.new.flow.port) for a in found.affected if a.new is not None] == [(2, 2), (1, 1)]


def test_a_tally_is_what_two_evaluations_give() -> None:
    """Over every pair of workloads and some ports, the fate of a flow is that of its two verdicts."""
    ends = [{"workload": f"shop/{name}"} for name in ("web", "db", "report")] + [{"ip": "203.0.113.9"}]
    flows = [
        {"src": s, "dst": d, "port": p} for s in ends for d in ends for p in (443, 5432, 5433) if "workload" in {*s, *d}
    ]
    expected: dict[str, int] = {}
    for flow in flows:
        before, after = (evaluate(w, read_flow(flow, w.inventory).flow).verdict.allowed for w in (OLD, CLOSED))
        fate = "broken" if before > after else "opened" if after > before else "allowed" if before else "denied"
        expected[fate] = expected.get(fate, 0) + 1
    assert expected["broken"] == expected["opened"] == 1
    assert recorded_change(OLD, CLOSED, map(line, flows)).counts == expected
