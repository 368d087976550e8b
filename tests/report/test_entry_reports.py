"""How traffic that came in by a port of the cluster is shown, and tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from npverify.analyses.connectivity import connectivity
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Backend, Service, ServicePort
from npverify.normal.flow import Entry, Flow, Request
from npverify.report import json_values, words
from npverify.report.counterexample_text import remark
from npverify.report.reproduce import reproduce
from smallworld import node, pod, world

DB = pod("db", ip="10.1.0.1")
N1 = node("n1", ip="192.168.0.1")
CLIENT = Address.parse("203.0.113.7")
NODE_PORT = Entry("NodePort", "shop/front", 30080, True)
PASSED_ON = Flow(N1, DB, "TCP", 5432, Address.parse("192.168.0.1"), Address.parse("10.1.0.1"), entry=NODE_PORT)
SEEN = replace(PASSED_ON, src=EXTERNAL, src_ip=CLIENT, entry=NODE_PORT._replace(rewritten=False))
BALANCED = replace(SEEN, entry=Entry("LoadBalancer", "shop/front", 80, True))

SAID = [
    (PASSED_ON, "a client outside sent it; policies see the node that passed it on"),
    (
        replace(PASSED_ON, own_node=True),
        "a client outside sent it; policies see the node that passed it on, which is the pod's own",
    ),
    (BALANCED, "a client outside sent it; policies see the load balancer"),
    (SEEN, ""),
]


@pytest.mark.parametrize(("flow", "said"), SAID)
def test_what_policies_see_of_it_is_said(flow: Flow, said: str) -> None:
    """Where the source of the flow is not the client."""
    assert remark(flow) == said


def test_the_way_stands_behind_the_traffic() -> None:
    """With the port that the client dials, if the input has it."""
    assert words.via(PASSED_ON) == ", in through NodePort 30080 of shop/front"
    assert words.via(replace(SEEN, entry=NODE_PORT._replace(port=0))) == ", in through NodePort of shop/front"
    assert json_values.flow(PASSED_ON)["entry"] == {
        "way": "NodePort",
        "of": "shop/front",
        "port": 30080,
        "source_rewritten": True,
    }
    assert json_values.flow(replace(SEEN, entry=NODE_PORT._replace(port=0)))["entry"]["port"] is None


TRIED = [
    (
        replace(SEEN, http=Request("GET", "/a", "shop")),
        """curl -i -m 3 --path-as-is -X GET -H 'Host: shop' "http://NODE:30080"/a  # from 203.0.113.7; """
        "NODE: the one on which shop/db runs",
    ),
    (PASSED_ON, "nc -vz -w 3 192.168.0.1 30080  # from a host outside the cluster"),
    (SEEN, "nc -vz -w 3 NODE 30080  # from 203.0.113.7; NODE: the one on which shop/db runs"),
    (
        replace(PASSED_ON, src=node("n2"), entry=NODE_PORT._replace(port=0)),
        "nc -vz -w 3 NODE PORT  # from a host outside the cluster; NODE: a node other than the one on which shop/db runs;"
        " PORT: the nodePort of shop/front",
    ),
    (
        BALANCED,
        "nc -vz -w 3 ADDRESS 80  # from a host outside the cluster; ADDRESS: the LoadBalancer of shop/front",
    ),
    (
        replace(SEEN, protocol="UDP", entry=Entry("hostPort", "shop/db", 8443, False)),
        "nc -u -w 3 NODE 8443  # from 203.0.113.7; NODE: the one on which shop/db runs",
    ),
]


@pytest.mark.parametrize(("flow", "command"), TRIED)
def test_it_is_tried_from_outside(flow: Flow, command: str) -> None:
    """The command dials what a client dials."""
    assert reproduce(flow) == command


@pytest.mark.parametrize(("kind", "said"), [("NodePort", True), ("ClusterIP", False)])
def test_a_list_of_flows_says_whose_addresses_its_blocks_are(kind: str, said: bool) -> None:
    """Where a Service lets traffic in through nodes."""
    front = Service("shop", "front", kind, (ServicePort("", "TCP", 80, 5432),), {0: (Backend(DB, 5432),)})  # type: ignore[arg-type]  # a row
    assert any("Service shop/front" in note for note in connectivity(world(DB, services=[front])).notes) is said
