"""npverify proves statements about Kubernetes network policies with an SMT solver.

The public interface, described in docs/api.md; the command line is built on the same functions:

    loaded = npverify.load(["manifests/"], specs=["shop.npv"])
    result = npverify.prove(loaded.world, loaded.assertions)

Everything else in the package is internal and may change with any version.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from npverify.analyses.connectivity import connectivity as connectivity
    from npverify.analyses.diff.results import Change as Change
    from npverify.analyses.diff.results import DiffResult as DiffResult
    from npverify.analyses.diff.run import diff as diff
    from npverify.analyses.equiv import equiv as equiv
    from npverify.analyses.equiv_results import Difference as Difference
    from npverify.analyses.equiv_results import Equivalence as Equivalence
    from npverify.analyses.equiv_results import EquivResult as EquivResult
    from npverify.analyses.equiv_results import Region as Region
    from npverify.analyses.evaluate import evaluate as evaluate
    from npverify.analyses.explain import explain as explain
    from npverify.analyses.flows import read_flow as read_flow
    from npverify.analyses.lint.findings import Finding as Finding
    from npverify.analyses.lint.findings import LintResult as LintResult
    from npverify.analyses.lint.run import lint as lint
    from npverify.analyses.load import Loaded as Loaded
    from npverify.analyses.load import load as load
    from npverify.analyses.prove import prove as prove
    from npverify.analyses.results import AssertionResult as AssertionResult
    from npverify.analyses.results import Connection as Connection
    from npverify.analyses.results import Connectivity as Connectivity
    from npverify.analyses.results import Counterexample as Counterexample
    from npverify.analyses.results import Evaluation as Evaluation
    from npverify.analyses.results import ProveResult as ProveResult
    from npverify.analyses.results import Status as Status
    from npverify.analyses.rollout.results import BadStates as BadStates
    from npverify.analyses.rollout.results import Outcome as Outcome
    from npverify.analyses.rollout.results import RolloutResult as RolloutResult
    from npverify.analyses.rollout.results import StepResult as StepResult
    from npverify.analyses.rollout.run import rollout as rollout
    from npverify.analyses.session import Session as Session
    from npverify.analyses.world import World as World
    from npverify.ingest.source import Diagnostic as Diagnostic
    from npverify.ingest.source import InputError as InputError
    from npverify.ingest.source import InternalError as InternalError
    from npverify.ingest.source import Span as Span
    from npverify.normal.flow import Flow as Flow
    from npverify.normal.flow import Verdict as Verdict
    from npverify.smt.solver import BUDGETS as BUDGETS
    from npverify.smt.solver import Budget as Budget

__version__ = "0.1.0"

# imported on first use: `import npverify` costs nothing, and z3 is loaded only by who proves
_PUBLIC = {
    "AssertionResult": "analyses.results",
    "BUDGETS": "smt.solver",
    "BadStates": "analyses.rollout.results",
    "Budget": "smt.solver",
    "Change": "analyses.diff.results",
    "Connection": "analyses.results",
    "Connectivity": "analyses.results",
    "Counterexample": "analyses.results",
    "Diagnostic": "ingest.source",
    "DiffResult": "analyses.diff.results",
    "Difference": "analyses.equiv_results",
    "EquivResult": "analyses.equiv_results",
    "Equivalence": "analyses.equiv_results",
    "Evaluation": "analyses.results",
    "Finding": "analyses.lint.findings",
    "Flow": "normal.flow",
    "InputError": "ingest.source",
    "InternalError": "ingest.source",
    "LintResult": "analyses.lint.findings",
    "Loaded": "analyses.load",
    "Outcome": "analyses.rollout.results",
    "ProveResult": "analyses.results",
    "Region": "analyses.equiv_results",
    "RolloutResult": "analyses.rollout.results",
    "Session": "analyses.session",
    "Span": "ingest.source",
    "Status": "analyses.results",
    "StepResult": "analyses.rollout.results",
    "Verdict": "normal.flow",
    "World": "analyses.world",
    "connectivity": "analyses.connectivity",
    "diff": "analyses.diff.run",
    "equiv": "analyses.equiv",
    "evaluate": "analyses.evaluate",
    "explain": "analyses.explain",
    "lint": "analyses.lint.run",
    "load": "analyses.load",
    "prove": "analyses.prove",
    "read_flow": "analyses.flows",
    "rollout": "analyses.rollout.run",
}

__all__ = sorted(["__version__", *_PUBLIC])


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'npverify' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"npverify.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
