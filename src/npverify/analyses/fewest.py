"""As few of some reasons as are enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def fewest(found: Sequence[T], enough: Callable[[Sequence[T]], bool]) -> list[T]:
    """As few of some things that are enough that they are not once any of them is left out; the last ones are kept where
    there is a choice."""
    left, size = list(found), len(found)
    while size:
        at, left_out = 0, False
        while at < len(left):
            fewer = left[:at] + left[at + size :]
            if enough(fewer):
                left, left_out = fewer, True
            else:
                at += size
        # what was needed may not be any more where others are gone that overruled it
        size = size // 2 if size > 1 or not left_out else 1
    return left
