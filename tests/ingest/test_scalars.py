"""Which value a YAML scalar stands for: goyaml.v2/resolve.go, each row checked with `kubectl annotate --local` 1.32."""

from __future__ import annotations

import math

import pytest

from npverify.ingest.scalars import TAG_PREFIX, ScalarError, plain, tagged

PLAIN = [
    *[(text, True) for text in ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE")],
    *[(text, False) for text in ("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE")],
    *[(text, None) for text in ("", "~", "null", "Null", "NULL")],
    *[(text, text) for text in ("yEs", "nULL", "tRUE", "oN", "yep", "http", "TCP", "10.0.0.0/8", "10.0.0.1", "::1")],
    *[(text, text) for text in ("2024-01-01", "2024-1-1", "1:20", "190:20:30", "-", "+", ".", "..5", "=")],
    *[
        (text, text)
        for text in ("_1", "0x", "0b", "0xg", "0o8", "0b12", ".inF", ".0x1", ".1e_5", "1e400", "2024-01-01T00:00:00Z")
    ],
    *[("0", 0), ("00", 0), ("-0", 0), ("80", 80), ("+5", 5), ("-3", -3), ("1_000", 1000), ("1__0", 10), ("-_1", -1)],
    *[("0x1F", 31), ("0X1f", 31), ("-0x1F", -31), ("0b11", 3), ("0B11", 3), ("-0b11", -3), ("0b1_0", 2)],
    *[("0o17", 15), ("0O17", 15), ("-0o17", -15), ("0777", 511), ("-0777", -511), ("0_7", 7)],
    *[("18446744073709551615", 2**64 - 1), ("-9223372036854775808", -(2**63))],
    *[("08", 8.0), ("089", 89.0), ("09.5", 9.5), ("1e3", 1000.0), ("12e03", 12000.0), ("1e+3", 1000.0), ("1.", 1.0)],
    *[(".5", 0.5), ("+.5", 0.5), ("-.5", -0.5), (".5e3", 500.0), (".1_0", 0.1), ("5_0.0", 50.0), ("8080.0", 8080.0)],
    *[("99999999999999999999", 1e20), (".inf", math.inf), ("-.Inf", -math.inf), ("+.INF", math.inf)],
    ("0xFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFF"),
]

TAGGED = [
    ("str", "5", "5"),
    ("str", "yes", "yes"),
    ("str", "", ""),
    ("int", "5", 5),
    ("int", "0x10", 16),
    ("float", "5", 5.0),
    ("float", "5.5", 5.5),
    ("bool", "yes", True),
    ("bool", "false", False),
    ("null", "~", None),
    ("null", "", None),
    ("binary", "aGk=", "hi"),
]


@pytest.mark.parametrize(("text", "value"), PLAIN, ids=[f"plain {text!r}" for text, _ in PLAIN])
def test_a_plain_scalar_is_what_kubectl_reads(text: str, value: object) -> None:
    """Value and type agree; 1 is neither 1.0 nor true."""
    assert (type(plain(text)), plain(text)) == (type(value), value)


def test_not_a_number_is_a_number() -> None:
    """`.nan` is a float, so that a label of that value is refused."""
    assert isinstance(plain(".nan"), float)


@pytest.mark.parametrize(("tag", "text", "value"), TAGGED, ids=[f"!!{tag} {text!r}" for tag, text, _ in TAGGED])
def test_an_explicit_tag_decides(tag: str, text: str, value: object) -> None:
    """A tag that fits gives the value of its type."""
    found = tagged(TAG_PREFIX + tag, text)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (TAG_PREFIX + "int", "5.0"),
        (TAG_PREFIX + "int", "yes"),
        (TAG_PREFIX + "bool", "1"),
        (TAG_PREFIX + "null", "x"),
        (TAG_PREFIX + "float", "x"),
        (TAG_PREFIX + "binary", "?"),
        (TAG_PREFIX + "binary", "/w=="),
        (TAG_PREFIX + "python/object/apply:os.system", "id"),
        ("!mine", "5"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(tag: str, text: str) -> None:
    """A scalar is never read against its tag, and unknown tags have no meaning."""
    with pytest.raises(ScalarError):
        tagged(tag, text)
