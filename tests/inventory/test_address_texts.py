"""An address is read as Python's standard library reads it."""

from __future__ import annotations

import ipaddress

from hypothesis import example, given
from hypothesis import strategies as st

from npverify.inventory.addresses import Address

OCTETS = st.integers(0, 300).map(str) | st.sampled_from(
    ["", "00", "01", "-1", "+1", " 1", "1 ", "1\n", "١", "0x1", "1_0", "256", "1e1"]
)
quads = st.lists(OCTETS, min_size=3, max_size=5).map(".".join)


@given(quads | st.sampled_from(["::1", "fd00::1%eth0", "::ffff:10.0.0.1", "10.0.0.1/32", "10.0.0.1\n", ""]))
@example("10.0.0.1")
def test_on_every_spelling(text: str) -> None:
    """The same number of the same family, or no address for both; also when what it begins with was read before."""
    try:
        known = ipaddress.ip_address(text)
    except ValueError:
        known = None
    for _ in range(2):
        try:
            read = Address.parse(text)
        except ValueError:
            read = None
        assert read == (None if known is None else (known.version, int(known)))
