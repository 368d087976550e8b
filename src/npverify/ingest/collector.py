"""Loading makes millions of objects and no garbage; the collector of cycles would walk all of them again and again."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 1_000


@contextmanager
def without_gc() -> Iterator[None]:
    """The collector rests inside, if it was at work."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def keep(count: int) -> None:
    """Spare the collector what there is, if `count` says that it is much: what was loaded is needed to the end.

    One walk over the documents of 100,000 pods takes a second. They are still freed once nothing refers to them; only
    cycles among the objects of this moment would stay, and documents have none.
    """
    if count >= MANY:
        gc.freeze()


def look_through() -> None:
    """Free the cycles among what was spared, if there are any."""
    gc.unfreeze()
    gc.collect()
