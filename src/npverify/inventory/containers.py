"""Pods and templates that list no container: the API takes none of them, and trimmed snapshots are full of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npverify.ingest.source import Problems
from npverify.inventory.brief_pods import containers_of
from npverify.inventory.objects import Item, part
from npverify.inventory.workloads import WORKLOAD_KINDS, template_path


def warn_without_containers(items: Mapping[str, Sequence[Item]], problems: Problems) -> None:
    """One warning for all of them: they are read as pods that declare no port."""
    bare = [item for item in items["Pod"] if not containers_of(item.doc)]
    for kind in WORKLOAD_KINDS:
        for item in items[kind]:
            template = part(item.doc.value, *template_path(kind))
            if template and not part(template, "spec").get("containers"):
                bare.append(item)
    if not bare:
        return
    first = bare[0].doc
    others = f", and so it is with {len(bare) - 1} more" if len(bare) > 1 else ""
    span = first.span("metadata", "name")
    problems.warn(
        "NPV046",
        f"{first.kind} `{bare[0].namespace}/{bare[0].name}` lists no container{others}: taken to declare no port",
        span,
        "list the containers; the API takes no pod without one",
        first.excerpt(span),
    )
