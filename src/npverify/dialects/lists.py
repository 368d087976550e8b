"""Items of a list of which another one says as much: ports, address blocks. For the rules of lint about lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from npverify.dialects.lint import About
from npverify.inventory.addresses import Prefix

T = TypeVar("T")


def covered(items: Sequence[T], covers: Callable[[T, T], bool]) -> Iterator[tuple[int, int]]:
    """The number of each item that another one covers, with that one's; of two that cover each other the later one."""
    for n, item in enumerate(items):
        for m, other in enumerate(items):
            if m != n and covers(other, item) and (m < n or not covers(item, other)):
                yield n, m
                break


def block_covers(block: Prefix, other: Prefix) -> bool:
    """Whether a block has all addresses of another."""
    return block.family == other.family and block.covers(other)


COVERED_ITEM = About(
    "NPL145",
    "covered-item",
    "info",
    "An item of a list is covered by another item of the same list.",
    "Items of `from`, `to`, `ports`, `nets` and the like are alternatives, and every exception is taken away: an item inside "
    "another adds nothing, for any pods and packets whatever. A port inside a range counts where the plugin is known to read "
    "`endPort`.",
    fires="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from:
    - ipBlock: {cidr: 203.0.0.0/16}
    - ipBlock: {cidr: 203.0.113.0/24}
""",
    silent="""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from:
    - ipBlock: {cidr: 203.0.0.0/16, except: [203.0.113.0/28]}
    - ipBlock: {cidr: 203.0.113.0/24}
""",
)
