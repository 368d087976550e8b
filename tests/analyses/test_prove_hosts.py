"""Claims about nodes where Calico's host endpoints judge them."""

from __future__ import annotations

from pathlib import Path

import pytest

import npverify
from dialects.calico.edge_case import WORLD, gnp, host
from dialects.edge_cases import joined
from npverify.assertions.legs import NO_POD
from npverify.report.assumed import assumptions

CLAIM = "assert no internet reaches node oak on tcp/80\n"


@pytest.mark.parametrize(("hosts", "status"), [(host("oak"), "proved"), ("", "vacuous")])
def test_nodes_are_judged_where_they_are_host_endpoints(hosts: str, status: str, tmp_path: Path) -> None:
    """Then they need no policy to be closed, and nothing between them and outside is left out."""
    spec = tmp_path / "s.npv"
    spec.write_text(CLAIM)
    loaded = npverify.load(["-"], cni="calico", stdin=joined(WORLD, hosts).encode, specs=[str(spec)])
    result = npverify.prove(loaded.world, loaded.assertions)
    assert [r.status.value for r in result.results] == [status]
    assert ("NPV147" in {d.code for d in loaded.world.warnings}) is (not hosts)
    assert (NO_POD in assumptions(result, loaded.world)) is (not hosts)


TWO_WAYS = joined(
    WORLD,
    host("oak", "eth0", labels="machine: zero", name="zero"),
    host("oak", "eth1", labels="machine: one", name="one"),
    *(
        gnp(
            f"selector: machine == '{label}', applyOnForward: true, types: [Egress], "
            f"egress: [{{action: Deny, destination: {{nets: [{net}]}}}}, {{action: Allow}}]",
            label,
        )
        for label, net in (("zero", "203.0.113.0/24"), ("one", "198.51.100.0/24"))
    ),
)


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        ("every pod orchard/apple reaches some (203.0.113.9 or 198.51.100.9) on tcp/80", "refuted"),
        ("some pod orchard/apple reaches (203.0.113.9 or 198.51.100.9) on tcp/80", "refuted"),
        ("some pod orchard/apple reaches (203.0.113.9 or 192.0.2.1) on tcp/80", "proved"),
        ("every pod orchard/apple reaches some (203.0.113.9 or 192.0.2.1) on tcp/80", "proved"),
    ],
)
def test_two_flows_may_leave_by_two_interfaces(claim: str, status: str, tmp_path: Path) -> None:
    """What one interface closes and another opens is not counted on, since each flow may pass that which stops it."""
    spec = tmp_path / "s.npv"
    spec.write_text(f"assert {claim}\n")
    loaded = npverify.load(["-"], stdin=TWO_WAYS.encode, specs=[str(spec)])
    result = npverify.prove(loaded.world, loaded.assertions)
    assert [r.status.value for r in result.results] == [status]


SHIFTING = joined(
    WORLD,
    host("oak", "eth0", labels="machine: one", name="one", profiles="projectcalico-default-allow"),
    host("oak", labels="machine: all", name="all", profiles="projectcalico-default-allow"),
    gnp("selector: machine == 'one', preDNAT: true, applyOnForward: true, ingress: [{action: Allow}]", "opens"),
    gnp(
        "selector: machine == 'all', preDNAT: true, applyOnForward: true, "
        "ingress: [{action: Deny, protocol: TCP, destination: {ports: [8088]}}]",
        "closes",
    ),
)


@pytest.mark.parametrize(
    ("claim", "status"), [("policy opens is redundant", "refuted"), ("no policy is redundant", "undecided")]
)
def test_a_policy_on_which_it_hangs_who_judges_is_not_called_redundant(claim: str, status: str, tmp_path: Path) -> None:
    """Without `opens` the host endpoint of all interfaces judges eth0 before translation (endpoint_mgr.go
    updateHostEndpoints), so `closes` denies there what `opens` had allowed."""
    spec = tmp_path / "s.npv"
    spec.write_text(f"assert {claim}\n")
    loaded = npverify.load(["-"], stdin=SHIFTING.encode, specs=[str(spec)])
    result = npverify.prove(loaded.world, loaded.assertions)
    assert [r.status.value for r in result.results] == [status]
