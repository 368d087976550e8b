"""Service accounts that are declared. Pods may use others, such as the `default` of each namespace: their labels are unknown."""

from __future__ import annotations

from collections.abc import Iterable

from npverify.ingest.source import Problems
from npverify.inventory.model import ServiceAccount
from npverify.inventory.objects import Item
from npverify.inventory.syntax import check_labels


def read_accounts(items: Iterable[Item], problems: Problems) -> dict[tuple[str, str], ServiceAccount]:
    """The declared service accounts by namespace and name, in that order."""
    found = {}
    for item in items:
        check_labels(item.doc, item.labels, problems, "metadata", "labels")
        found[item.namespace, item.name] = ServiceAccount(item.namespace, item.name, item.labels)
    return dict(sorted(found.items()))
