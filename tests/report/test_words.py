"""Lines that several reports share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.normal.flow import Flow, SideVerdict
from npverify.normal.policy import Action, Direction
from npverify.report.words import verdict
from smallworld import pod, world


@pytest.mark.parametrize(
    ("profile", "line"),
    [
        ("kubernetes", "allowed: shop/web is not isolated, no policy selects it for egress"),
        ("none", "allowed: the network plugin enforces no policy"),
    ],
)
def test_why_a_pod_is_open(profile: str, line: str) -> None:
    """Where the plugin enforces nothing it is not the policies that leave a pod open."""
    web, db = pod("web"), pod("db")
    policies = replace(world(web, db).policies, profile=profile)
    side = SideVerdict(Direction.EGRESS, Action.ALLOW, "not isolated")
    assert verdict(side, Flow(web, db, "TCP", 80), policies) == line
