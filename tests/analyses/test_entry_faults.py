"""Deliberate faults in how traffic from outside is followed through ports of the cluster: each turns the row red that is about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyses.test_entries import ROWS
from analyses.test_entries import test_what_is_proved_of_traffic_that_comes_in as judge
from dialects.faults import Fault, caught, instead, rows
from npverify.analyses import doors, entries
from npverify.analyses.entries import Entries
from npverify.normal.predicates import FALSE, TRUE


def _doors(name: str, change: Any) -> Any:
    """The doors of one sort, each changed."""
    return instead(doors, name, lambda real: lambda inventory: (change(door) for door in real(inventory)))


FAULTS = [
    Fault(
        "nothing is passed on by nodes",
        instead(Entries, "_passed_on", lambda real: lambda *_, **__: iter(())),
        "who lets nodes in lets the internet in",
    ),
    Fault(
        "the pod's own node passes nothing on",
        instead(Entries, "_near", lambda real: lambda *_: iter(())),
        "CNI-06: at the pod's own node nothing is judged",
    ),
    Fault(
        "the pod's own node is one among others",
        instead(
            Entries,
            "_passed_on",
            lambda real: (
                lambda self, *given, **known: (
                    replace(leg, near=None) if leg.near is False else leg for leg in real(self, *given, **known)
                )
            ),
        ),
        "the pod's own node does not count there",
    ),
    Fault(
        "what a node passes on to its own pods is judged",
        instead(
            Entries,
            "_near",
            lambda real: lambda self, *given: (replace(leg, leave_out_own_node=True) for leg in real(self, *given)),
        ),
        "and is the pod's own",
    ),
    Fault(
        "the client is never kept",
        _doors("_of_services", lambda door: door._replace(local=False)),
        "with Local the client is seen",
    ),
    Fault(
        "the client is always kept",
        _doors("_of_services", lambda door: door._replace(local=True)),
        "CNI-06: so it is left open unless it is said",
    ),
    Fault(
        "every Service has node ports",
        instead(doors, "ways_of", lambda real: lambda service: tuple(dict.fromkeys((*real(service), "NodePort")))),
        "a ClusterIP opens no node",
    ),
    Fault(
        "a load balancer always has node ports",
        instead(
            doors,
            "ways_of",
            lambda real: (
                lambda service: real(service) if service.type != "LoadBalancer" else ("LoadBalancer", "NodePort")
            ),
        ),
        "unless it goes without",
    ),
    Fault(
        "external IPs are no way in",
        instead(doors, "ways_of", lambda real: lambda service: tuple(w for w in real(service) if w != "external IP")),
        "an external IP is taken by nodes",
    ),
    Fault(
        "hostPorts are no way in",
        instead(doors, "_of_pods", lambda real: lambda inventory: iter(())),
        "or the pod's own node, which nothing stops",
    ),
    Fault(
        "what comes in reaches every port of the pod",
        _doors("_of_services", lambda door: door._replace(behind=dict.fromkeys(door.behind, TRUE))),
        "only the port that is open counts",
    ),
    Fault(
        "one node alone has another beside it",
        instead(
            Entries,
            "_passed_on",
            lambda real: lambda self, *given, **known: real(_with_undeclared_nodes(self), *given, **known),
        ),
        "one node alone has no other",
    ),
    Fault(
        "a node passes on what is of any family",
        instead(entries, "_of_families", lambda real: lambda sources: TRUE),
        "addresses of another family do not",
    ),
    Fault(
        "the client is seen wherever a way is named",
        instead(Entries, "_kept", lambda real: lambda self, door: TRUE),
        "a client that no policy sees need not be let in",
    ),
    Fault(
        "the client is seen nowhere that a way is named",
        instead(Entries, "_kept", lambda real: lambda self, door: FALSE),
        "85: for those in the block",
    ),
]


def _with_undeclared_nodes(given: Entries) -> Entries:
    return Entries(replace(given._inventory, nodes_declared=False), given._policies)


@pytest.mark.parametrize("fault", rows(FAULTS))
def test_a_fault_is_caught(fault: Fault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fault the row does not hold any more."""
    given = next(row[1:] for row in ROWS if row[0] == fault.fact)
    caught(lambda: judge(*given, tmp_path), fault.plant, monkeypatch)
