"""From obligations that can be broken to the one counterexample that is shown, confirmed by the oracle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npverify.analyses.engine import Engine
from npverify.analyses.results import Counterexample
from npverify.ingest.source import InternalError
from npverify.normal.predicates import FALSE, Pred
from npverify.reduction.obligations import Obligation
from npverify.reduction.readings import under
from npverify.smt.solver import UndecidedError


def violated(engine: Engine, obligations: Iterable[Obligation]) -> tuple[list[Obligation], UndecidedError | None]:
    """The obligations that can be broken, in order, and why one could not be decided, if so."""
    broken: list[Obligation] = []
    gave_up: UndecidedError | None = None
    for obligation in obligations:
        try:
            if engine.broken(obligation):
                broken.append(obligation)
        except UndecidedError as error:
            gave_up = error
    return broken, gave_up


def first_counterexample(engine: Engine, broken: Sequence[Obligation], *, expected: bool) -> Counterexample:
    """The preferred flow of the first obligation that breaks under the default reading, else of the first.

    `expected` is whether the flow must pass; InternalError if the oracle says otherwise.
    """
    obligation, formula = prefer_default(engine, broken, with_request=not expected)
    shown, flow, reading = engine.counterexample(formula, obligation)
    if shown.verdict.allowed is not expected:
        raise InternalError(f"the oracle does not confirm a counterexample: {flow} under {dict(reading)}")
    return shown


def prefer_default(
    engine: Engine, broken: Sequence[Obligation], *, with_request: bool = False
) -> tuple[Obligation, Pred]:
    """The first obligation that is broken with every unknown at its default, with that formula; else the first as it is.

    With `with_request` one that a flow breaks over which a request is sent goes before: it tells more than a bare connection.
    """
    if with_request and engine.residuals.requests.clauses:
        for obligation in broken:
            formula = engine.residuals.requests.sent(obligation.broken)
            if formula is not FALSE and engine.possible(
                formula, obligation.src, obligation.dst, same=obligation.how.same
            ):
                return obligation, formula
    for obligation in broken:
        formula = under(obligation.broken, {})
        if engine.possible(formula, obligation.src, obligation.dst, same=obligation.how.same):
            return obligation, formula
    return broken[0], broken[0].broken
