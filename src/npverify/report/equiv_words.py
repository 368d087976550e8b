"""What text and JSON say alike about a difference."""

from __future__ import annotations

from npverify.analyses.equiv_results import Difference, EquivResult
from npverify.analyses.results import Assumed
from npverify.report.assumed import mend

NOTHING = "nothing in the files settles this"
_MARKS = (" on the left", " on the right")


def mend_either(needed: Assumed, result: EquivResult) -> str:
    """How the user can settle what a difference needs, on whichever side it is open."""
    name = needed.name
    for mark in _MARKS:
        name = name.removesuffix(mark)
    fixes = [mend(needed._replace(name=name), world) for world in (result.left, result.right)]
    return next((fix for fix in fixes if fix != NOTHING), NOTHING)


def missing(result: EquivResult, shown: Difference, names: tuple[str, str] = ("left", "right")) -> str:
    """Why one side has no such flow. `names` are what the sides are called."""
    lacking = "left" if shown.left is None else "right"
    where = f"on the {lacking}" if lacking in names else f"in the {names[lacking == 'right']} version"
    only = result.only_right if shown.left is None else result.only_left
    ends = dict.fromkeys(end for end in (shown.flow.src, shown.flow.dst) if end in only)
    if not ends:
        return f"the ends have no addresses of that family {where}"
    return f"{' and '.join(map(str, ends))} {'is' if len(ends) == 1 else 'are'} not there {where}"
