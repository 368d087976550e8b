"""Whether patterns of names of domains meet, held against the names themselves.

Source: cilium/cilium pkg/fqdn/matchpattern; Documentation/security/dns.rst.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npverify.dialects.cilium.domains import may_be_known, means
from npverify.dialects.cilium.values import Domain

ROWS = [
    ("equal ones", "*.a.com", "*.a.com", True),
    ("another domain", "*.a.com", "*.b.com", False),
    ("a star inside a label on either side", "*x.a", "y*.a", True),
    ("letters that no text has both", "x*.a", "y*.a", False),
    ("a star is no dot", "*.a", "*.*.a", False),
    ("two stars in front are more than one label", "**.a", "*.*.a", True),
    ("of any length", "**.a", "xyz.u*.a", True),
    ("and never none", "**.a", "a*", False),
    ("every name", "*", "*.a", True),
    ("names of one label beside those of two", "a*", "*.a", False),
    ("a name below the pattern", "x.a", "*.a", True),
    ("a name beside it", "x.b", "*.a", False),
]


def domain(text: str) -> Domain:
    """A name, or a pattern where there is a star."""
    return Domain(text, "*" in text)


@pytest.mark.parametrize(("one", "two", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_meets(one: str, two: str, expected: bool) -> None:
    """In whatever order."""
    assert may_be_known(domain(one), [domain(two)], (1, 19)) is expected
    assert may_be_known(domain(two), [domain(one)], (1, 19)) is expected


def test_two_stars_in_front_are_one_label_before_1_19() -> None:
    """As two stars are there."""
    assert not may_be_known(domain("**.a"), [domain("*.*.a")], (1, 18))
    assert may_be_known(domain("**.a"), [domain("x*.a")], (1, 18))


NAMES = ["".join(letters) for length in range(1, 7) for letters in product("ab.", repeat=length)]


@given(
    st.text("ab.*", min_size=1, max_size=3).filter(lambda text: "*" in text),
    st.text("ab.*", min_size=1, max_size=3).filter(lambda text: "*" in text),
    st.sampled_from([(1, 18), (1, 19)]),
)
def test_patterns_meet_exactly_where_they_share_a_text(one: str, two: str, version: tuple[int, int]) -> None:
    """Short ones share a short one."""
    first, second = domain(one), domain(two)
    shared = any(means(first, name, version) and means(second, name, version) for name in ("", *NAMES))
    assert may_be_known(first, [second], version) is shared
