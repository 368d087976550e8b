"""Tells of which format a line is, and reads it: a record of a plugin, or the JSON of a flow as `eval --flows` has it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from npverify.analyses.recorded.calico import is_calico, read_calico
from npverify.analyses.recorded.hubble import is_hubble, read_hubble
from npverify.analyses.recorded.record import Record, malformed
from npverify.ingest.fields import nearest, type_name
from npverify.ingest.source import InputError

FORMATS = ("auto", "npverify", "hubble", "calico")
NOT_JSON = "NPV152"
UNKNOWN_FORMAT = "NPV451"

_decode = msgspec.json.Decoder().decode


def check_flows_format(name: str) -> str:
    """The name of a format; InputError if there is none of that name."""
    if name not in FORMATS:
        fix = nearest(name, FORMATS) or f"choose one of {', '.join(FORMATS)}"
        raise InputError.one(UNKNOWN_FORMAT, f"`--flows-format` cannot be `{name}`", fix=fix)
    return name


def read_line(line: bytes, format_: str = "auto") -> Record | object:
    """What a line says: a `Record`, or the value of a flow for `FlowReader.read`; InputError where it cannot be read."""
    if format_ == "npverify":
        return strict_json(line)
    try:
        value = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        value = strict_json(line)  # which says what is wrong with it
    if not isinstance(value, dict):
        if format_ == "auto":
            return strict_json(line)
        raise malformed(f"a flow is a map, this is {type_name(value)}")
    if format_ != "calico" and is_hubble(value):
        return read_hubble(value)
    if format_ != "hubble" and is_calico(value):
        return read_calico(value)
    if format_ != "auto":
        raise malformed(
            f"it is no line of {format_.capitalize()}", fix="leave `--flows-format` out to tell it of each line"
        )
    return strict_json(line)


def strict_json(line: bytes) -> object:
    """The value of a JSON line in which no key stands twice; InputError with the column of what is wrong."""
    if not line.strip():
        raise InputError.one(NOT_JSON, "the line is empty")
    try:
        return json.loads(line.decode("utf-8"), object_pairs_hook=_no_repetition)
    except json.JSONDecodeError as error:
        raise InputError.one(NOT_JSON, f"not JSON: {error.msg.lower()} at column {error.colno}") from None
    except UnicodeDecodeError:
        raise InputError.one(NOT_JSON, "it is not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise InputError.one(NOT_JSON, "not JSON that describes a flow") from None


def _no_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError.one(NOT_JSON, f"key `{twice}` appears twice")
    return found
