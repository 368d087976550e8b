"""Gives back what functions of predicates remember, so that a session of days does not hold every predicate that it ever saw.

These functions are pure, so nothing changes but the time of their next call.
"""

from __future__ import annotations

import sys
from functools import _lru_cache_wrapper

_ABOUT_PREDICATES = ("npverify.normal.", "npverify.reduction.", "npverify.oracle.", "npverify.dialects.")


def forget() -> None:
    """Empty the caches of the functions of all modules that handle predicates."""
    for name in [name for name in sys.modules if name.startswith(_ABOUT_PREDICATES)]:
        for value in list(vars(sys.modules[name]).values()):
            if isinstance(value, _lru_cache_wrapper):
                value.cache_clear()
