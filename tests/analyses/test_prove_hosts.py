"""Claims about nodes where Calico's host endpoints judge them."""

from __future__ import annotations

from pathlib import Path

import pytest

import npverify
from dialects.calico.edge_case import WORLD, host
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
