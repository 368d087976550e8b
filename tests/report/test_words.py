"""Lines that several reports share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.normal.flow import EPHEMERAL, Flow, SideVerdict
from npverify.normal.policy import Action, Direction
from npverify.report.words import traffic, verdict
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


@pytest.mark.parametrize(
    ("flow", "any_", "text"),
    [
        (Flow(pod("web"), pod("db"), "TCP", 80, src_port=20), (), "TCP 80 from port 20"),
        (Flow(pod("web"), pod("db"), "TCP", 80, src_port=EPHEMERAL), (), "TCP 80"),
        (Flow(pod("web"), pod("db"), "TCP", 80, src_port=20), ("src_port", "port"), "TCP, any port"),
        (Flow(pod("web"), pod("db"), "253", None), (), "protocol 253"),
        (Flow(pod("web"), pod("db"), "253", None), ("protocol",), "any protocol"),
        (Flow(pod("web"), pod("db"), "UDPLite", None), (), "UDPLite"),
    ],
)
def test_what_is_sent(flow: Flow, any_: tuple[str, ...], text: str) -> None:
    """A source port is told where it is one that a client is not given by itself."""
    assert traffic(flow, any_) == text
