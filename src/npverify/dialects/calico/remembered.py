"""What objects of Calico were read as, and policies lowered to, the last time: most of them are the same the next time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from npverify.dialects.kubernetes_read import NetworkPolicy, Parts
from npverify.ingest.document import Document
from npverify.ingest.source import Problems
from npverify.inventory.model import Inventory
from npverify.normal.policy import Direction

if TYPE_CHECKING:
    from npverify.dialects.calico.entries import Entry
    from npverify.dialects.calico.read import Read
    from npverify.dialects.calico.resources import Policy


class Remembered:
    """What is asked of it and was found before, under one profile. Guards both; it is `closed` when all was asked."""

    def __init__(self, before: Remembered | None = None) -> None:
        self._reads: dict[Document, Read] = {}
        # by the id of what was lowered, which is held, so that its id stays its own
        self._entries: dict[tuple[int, Direction], tuple[Policy | NetworkPolicy, Entry]] = {}
        self._inventory: Inventory | None = None
        self._beside: object = None
        self.parts: Parts = before.parts if before is not None else Parts()
        self._before = before

    def read(self, doc: Document, read: Callable[[], Read]) -> Read:
        """What a document is read as."""
        known = self._before._reads.get(doc) if self._before is not None else None
        found = self._reads[doc] = known or read()
        return found

    def over(self, inventory: Inventory, beside: object) -> None:
        """Tell what entries hang on besides their policies; those that were made over something else are forgotten."""
        self._inventory, self._beside = inventory, beside
        before = self._before
        if before is not None and not (before._inventory is inventory and before._beside == beside):
            self._before = None

    def entry(
        self, policy: Policy | NetworkPolicy, direction: Direction, problems: Problems, make: Callable[[], Entry]
    ) -> Entry:
        """What a policy says about pods in a direction; where something is said of it, it is made each time."""
        key = (id(policy), direction)
        known = self._before._entries.get(key) if self._before is not None else None
        if known is None:
            count = problems.count
            known = policy, make()
            if problems.count > count:
                return known[1]
        self._entries[key] = known
        return known[1]

    def closed(self) -> Remembered:
        """This, without what nobody asked for."""
        self._before = None
        return self
