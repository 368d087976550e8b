"""As few reasons as are enough: none of them can be left out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from npverify.analyses.fewest import fewest


def with_key(found: Sequence[str]) -> bool:
    """`key` is needed, and `allow` where `deny` would overrule it."""
    return "key" in found and ("allow" in found or "deny" not in found)


ROWS = [
    ("what is not needed goes", ["x", "key", "y"], ["key"]),
    ("what is needed only for another goes with it", ["allow", "deny", "key"], ["key"]),
    ("also among many", [*"abcd", "allow", *"efgh", "deny", "key", *"ijkl"], ["key"]),
    ("nothing is left of nothing that is needed", ["key"], ["key"]),
]


@pytest.mark.parametrize(("found", "left"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_none_can_be_left_out(found: list[str], left: list[str]) -> None:
    """What is left is enough, and is not without any one of it."""
    assert fewest(found, with_key) == left
