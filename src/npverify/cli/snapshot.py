"""`npverify snapshot`: what a cluster has that matters to network policies, as one JSON file."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from npverify.cli import options as o
from npverify.cli.guard import OK
from npverify.cli.output import emit, say
from npverify.report.paint import count


def snapshot(
    context: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="The context of kubectl; the current one by default."),
    ] = None,
    namespace: Annotated[
        list[str] | None,
        typer.Option("--namespace", "-n", metavar="NS", help="Only objects of this namespace; may be repeated."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Objects of all namespaces, which is the default.")
    ] = False,
    output: o.Output = None,
    quiet: o.Quiet = False,
) -> int:
    """Read a cluster with kubectl into one JSON file: pods, namespaces, nodes, services, policies, and nothing secret."""
    from npverify.ingest.cluster import CLUSTER, snapshot_items
    from npverify.ingest.source import Problems
    from npverify.inventory.trimmed import trimmed
    from npverify.report.json_values import dumps

    problems = Problems()
    if every and namespace:
        problems.error("NPV145", "`--all-namespaces` and `--namespace` exclude each other", fix="drop one of them")
    problems.raise_errors()
    items = [
        trimmed(item) for item in snapshot_items(f"{CLUSTER}{context or ''}", context or "", namespace or (), problems)
    ]
    problems.raise_errors()
    emit(dumps({"apiVersion": "v1", "kind": "List", "items": items}), output)
    if output is not None and not quiet:
        kinds = Counter(item["kind"] for item in items)
        told = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
        say(f"wrote {output}: {count(len(items), 'object')} ({told})\n")
    return OK
