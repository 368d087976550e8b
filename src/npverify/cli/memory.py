"""Keeps memory that was freed, on systems where giving it back is what takes the time.

Every question to the solver has a context of its own, of about 12 MB. glibc maps such blocks anew for each question, and the
system has to fill them with zeros: measured at 10,000 pods, 640,000 page faults and 1.4 of 2.4 s. Only the program may set
this, not the library, because it holds for the whole process.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from npverify.ingest.collector import MANY, keep, without_gc

_M_MMAP_THRESHOLD = -3  # malloc.h of glibc: blocks from this size on are mapped and unmapped one by one
_LARGEST = 32 << 20  # the largest value that glibc takes
_M_TRIM_THRESHOLD = -1  # free memory at the end of the heap from this size on is given back
_KEPT = 64 << 20  # that of a few contexts; with a threshold of our own glibc does not adapt this one any more


def keep_freed_memory() -> None:
    """Ask the allocator to serve large blocks from memory that it has already; nothing happens where it cannot be asked."""
    if sys.platform.startswith("linux"):
        try:
            allocator = ctypes.CDLL(None)
            allocator.mallopt(_M_MMAP_THRESHOLD, _LARGEST)
            allocator.mallopt(_M_TRIM_THRESHOLD, _KEPT)
        except (OSError, AttributeError):
            return  # another C library, which has no such setting


_held: list[object] = []
"""What a large run has made; never read."""


@contextmanager
def to_the_end(size: int) -> Iterator[list[object]]:
    """The collector of cycles rests, for what a command makes of `size` policies and endpoints is needed to its end.

    If they are many, the collector is spared it afterwards as well, and what is put into the list that is given is not freed
    before the process ends: walking through a comparison of 10,000 policies takes a second, taking it apart half of one.
    """
    made: list[object] = []
    with without_gc():
        try:
            yield made
        finally:
            if size >= MANY:
                _held[:] = made
            keep(size)
