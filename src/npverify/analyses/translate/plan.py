"""How to bring a migration about without a moment in which a pod is open.

Everything new is there before anything old goes: with both present the verdicts are those of either alone (which is proved),
and so they are at every moment in between, since each new policy isolates the pods of its source and can only allow more.
Without its policy a pod would be open: deleting first is never right.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from shlex import quote

from npverify.analyses.translate.results import Became, Step
from npverify.ingest.files import STDIN

NATIVE = "networkpolicies.networking.k8s.io"
"""The full name of the resource: Calico's has the same short one, and `kubectl delete networkpolicy` may mean either."""

_NAMES = 10  # of policies in one command
_SECONDS = 60


def saving(name: str) -> Step:
    """The first step where the policies were printed and not written."""
    return Step(f"save the policies that were printed as {name}; --output {name} does it", ())


def plan(became: Sequence[Became], files: Sequence[str]) -> tuple[Step, ...]:
    """The commands, for new policies that stand in `files` (files or folders)."""
    given = _arguments(files)
    steps = (
        Step("ask the cluster whether it takes the new policies", (f"kubectl apply --dry-run=server {given}",)),
        Step("create all of them, while the native ones are still there", (f"kubectl apply {given}",)),
        Step(
            "make sure that all are there, and give every node time to take them",
            (f"kubectl get {given} -o name", f"sleep {_SECONDS}"),
        ),
        Step("only now delete the native ones", tuple(_deletions(became))),
    )
    if sources := _files(became):
        return (*steps, Step(f"take them out of {', '.join(sources)}, so that nobody applies them again", ()))
    return steps


def undo(became: Sequence[Became], files: Sequence[str]) -> Step:
    """The way back, on which again nothing goes before the other is there."""
    sources = _files(became)
    again = (f"kubectl apply {_arguments(sources)}",) if sources else ()
    return Step("to go back, create the native ones first", (*again, f"kubectl delete {_arguments(files)}"))


def _arguments(files: Sequence[str]) -> str:
    """Files for kubectl, which looks into the folders of a folder only if it is told."""
    deep = "-R " if any(os.path.isdir(name) or name.endswith("/") for name in files) else ""
    return deep + " ".join(f"-f {quote(name)}" for name in files)


def _files(became: Iterable[Became]) -> list[str]:
    """The files of the native policies."""
    return sorted({b.span.file for b in became} - {STDIN})


def _deletions(became: Iterable[Became]) -> Iterable[str]:
    for namespace, group in groupby(became, key=lambda b: b.source.namespace):
        names = [b.source.name for b in group]
        for start in range(0, len(names), _NAMES):
            yield f"kubectl -n {quote(namespace)} delete {NATIVE} {' '.join(map(quote, names[start : start + _NAMES]))}"
