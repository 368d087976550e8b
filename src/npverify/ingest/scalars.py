"""Says which value a YAML scalar stands for, as kubectl reads it.

kubectl goes through sigs.k8s.io/yaml, which is go-yaml v2 (goyaml.v2/resolve.go): YAML 1.1 Booleans including `y` and
`n`, Go's spellings of numbers, and text for timestamps and sexagesimal numbers. Checked by running kubectl 1.32.
"""

from __future__ import annotations

import base64
import binascii
import math
import re

Scalar = str | int | float | bool | None

TAG_PREFIX = "tag:yaml.org,2002:"

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_PERHAPS_NOT_TEXT = frozenset("+-.0123456789")
# strconv.ParseInt with base 0, after the underscores are gone
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]{0,30}|0))\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
# go-yaml hands a scalar that starts with a dot to strconv.ParseFloat, which wants no underscore at either end
_DOT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)?\Z")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]")


class ScalarError(ValueError):
    """The scalar does not fit its explicit tag; the text says how."""


def plain(text: str) -> Scalar:
    """The value of a scalar without quotes and without a tag."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _PERHAPS_NOT_TEXT:
        return text
    return _number(text)


def tagged(tag: str, text: str) -> Scalar:
    """The value of a scalar with the explicit tag `tag` (in full); ScalarError where it does not fit."""
    short = tag.removeprefix(TAG_PREFIX)
    if short == "str":
        return text
    if short == "binary":
        return _binary(text)
    value = plain(text)
    fits = {
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "bool": isinstance(value, bool),
        "null": value is None,
    }
    if short not in fits:
        raise ScalarError(f"the tag `{shown(tag)}` has no meaning in Kubernetes manifests")
    if not fits[short]:
        raise ScalarError(f"`{text}` is not what its tag `{shown(tag)}` says")
    return float(value) if short == "float" and isinstance(value, int) else value


def shown(tag: str) -> str:
    """A tag as a user writes it: `!!str`."""
    return "!!" + tag.removeprefix(TAG_PREFIX) if tag.startswith(TAG_PREFIX) else tag


def _number(text: str) -> Scalar:
    if text[0] == ".":
        return _finite(text) if _DOT_FLOAT.match(text) else text
    if _TIMESTAMP.match(text):
        return text
    digits = text.replace("_", "")
    value = _integer(digits)
    if value is not None:
        return value
    return _finite(digits, text) if _FLOAT.match(digits) else text


def _integer(digits: str) -> int | None:
    match = _INTEGER.match(digits)
    if not match:
        return None
    sign, *written = match.groups()
    value = next(int(number, base) for number, base in zip(written, (16, 2, 8, 10), strict=True) if number is not None)
    value = -value if sign == "-" else value
    return value if -(2**63) <= value < 2**64 else None


def _finite(digits: str, text: str = "") -> float | str:
    # strconv.ParseFloat reports numbers that are out of range, and go-yaml then keeps the text
    value = float(digits)
    return (text or digits) if math.isinf(value) else value


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise ScalarError("the value of `!!binary` is not base64 of UTF-8 text") from None
