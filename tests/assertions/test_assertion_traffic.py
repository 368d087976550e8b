"""What stands behind `on`, at a destination and at a Service: one row per fact."""

from __future__ import annotations

import pytest

from npverify.assertions.syntax import NamedPort, Ports, Traffic
from npverify.assertions.traffic import DEFAULT, Filter, selects
from npverify.ingest.source import Span
from npverify.inventory.model import EXTERNAL, ContainerPort, Endpoint, PortOrigin, ServicePort
from npverify.normal.predicates import FALSE, Pred, or_, protocol_is
from smallworld import on, pod

HERE = Span("t.npv", 1, 1)
DECLARED = (
    ContainerPort("http", "TCP", 80),
    ContainerPort("http", "UDP", 81),
    ContainerPort("side", "TCP", 82, PortOrigin.SIDECAR),
    ContainerPort("init", "TCP", 83, PortOrigin.INIT),
)
WEB = pod("web", ports=DECLARED)


def ports(protocol: str, *numbers: int) -> Ports:
    """`tcp/80`, `tcp/80-90` or `tcp`."""
    return Ports(protocol, (numbers[0], numbers[-1]) if numbers else None, HERE)


def named(name: str, protocol: str = "") -> NamedPort:
    """`port http`."""
    return NamedPort(name, protocol, HERE)


AT: list[tuple[str, tuple[Traffic, ...], Endpoint, Pred]] = [
    ("nothing written is TCP, UDP and SCTP", (), WEB, DEFAULT),
    ("a protocol alone is all of its ports", (ports("UDP"),), WEB, protocol_is("UDP")),
    ("one port", (ports("TCP", 80),), WEB, on("TCP", 80)),
    ("a range", (ports("TCP", 80, 90),), WEB, on("TCP", 80, 90)),
    ("several items", (ports("TCP", 80), ports("UDP", 53)), WEB, or_(on("TCP", 80), on("UDP", 53))),
    ("a name is every number that has it", (named("http"),), WEB, or_(on("TCP", 80), on("UDP", 81))),
    ("a name of one protocol", (named("http", "UDP"),), WEB, on("UDP", 81)),
    ("a sidecar serves", (named("side"),), WEB, on("TCP", 82)),
    ("an init container has ended", (named("init"),), WEB, FALSE),
    ("a name that the pod lacks", (named("dns"),), WEB, FALSE),
    ("outside there are no names", (named("http"),), EXTERNAL, FALSE),
]  # fmt: skip


@pytest.mark.parametrize(("items", "end", "want"), [r[1:] for r in AT], ids=[r[0] for r in AT])
def test_traffic_at_a_destination(items: tuple[Traffic, ...], end: Endpoint, want: Pred) -> None:
    """The condition that the items put on flows to an endpoint."""
    assert Filter(items).at(end) is want


PORT = ServicePort("web", "TCP", 90, 8080)
SELECTS: list[tuple[str, Traffic, bool]] = [
    ("its own number", ports("TCP", 90), True),
    ("the number of the pod", ports("TCP", 8080), False),
    ("the last of a range", ports("TCP", 80, 90), True),
    ("the first of a range", ports("TCP", 90, 99), True),
    ("before a range", ports("TCP", 91, 99), False),
    ("behind a range", ports("TCP", 80, 89), False),
    ("its protocol", ports("TCP"), True),
    ("another protocol", ports("UDP"), False),
    ("the number of another protocol", ports("UDP", 90), False),
    ("its name", named("web"), True),
    ("its name and protocol", named("web", "TCP"), True),
    ("its name for another protocol", named("web", "UDP"), False),
    ("another name", named("http"), False),
]


@pytest.mark.parametrize(("item", "want"), [r[1:] for r in SELECTS], ids=[r[0] for r in SELECTS])
def test_traffic_that_means_a_port_of_a_service(item: Traffic, want: bool) -> None:
    """An item means a port of a Service by the Service's own number or name."""
    assert selects(item, PORT) is want
