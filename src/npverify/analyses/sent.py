"""From a reading to the flow that it is about: what it says of the HTTP request becomes a request."""

from __future__ import annotations

from dataclasses import replace

from npverify.inventory.unknowns import Reading
from npverify.normal.flow import Flow
from npverify.normal.requests import FACT
from npverify.reduction.requests import SENT, Requests
from npverify.smt.solver import UndecidedError

__all__ = ["carrying", "of_requests"]


def carrying(flow: Flow, reading: Reading, requests: Requests) -> tuple[Flow, dict[str, str]]:
    """The flow with the request that a reading makes of it, and what is left of the reading.

    Raises UndecidedError where no request is known that is what the reading says: then there may be none.
    """
    if not requests.clauses:
        return flow, dict(reading)
    if any(name.startswith(FACT) and value == "true" for name, value in reading.items()) and not requests.exact:
        raise UndecidedError("the clauses about HTTP tell more kinds of requests apart than can be looked at")
    found = requests.of(reading)
    if found is None and SENT.value_in(reading) == "true":
        raise UndecidedError("no HTTP request was found that is what every clause asks for, and there may be none")
    own = of_requests(requests)
    return replace(flow, http=found), {name: value for name, value in reading.items() if name not in own}


def of_requests(requests: Requests) -> frozenset[str]:
    """The names of unknowns that a request gives a value."""
    return frozenset(unknown.name for unknown in requests.unknowns) if requests.clauses else frozenset()

