"""A recorded flow in the words of no log in particular, and the typed access to a line that its readers share.

A log names an end by pod, by what the names of several pods begin with, by address, or as something that policies cannot
name; `ends` finds what the inventory has of it. Everything here is a value, so that equal records are judged once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from npverify.ingest.fields import type_name
from npverify.ingest.source import InputError
from npverify.inventory.addresses import Address
from npverify.normal.flow import KafkaRequest, Request
from npverify.normal.policy import Direction

MALFORMED = "NPV450"

Format = Literal["hubble", "calico"]
Json = Mapping[str, Any]


class RecordedEnd(NamedTuple):
    """One end as a log names it; "" where the log does not say.

    pod        name of the pod, in `namespace`
    prefix     what the names of the pods begin with that were counted together: `web-7c9f-`
    workload   name and kind of what the pod belongs to
    address    the address of the packet
    node       name of the node that this end is
    host       it is a node, whose name may not be told
    service    `namespace/name` of the Service whose virtual address was called, not translated yet
    cluster    the cluster that it belongs to, as the log calls it
    elsewhere  it is of another cluster than the end that reported
    outside    `public` or `private`: outside addresses that were counted together
    nobody     what it is, where it is nothing that policies of pods can name
    labels     `key=value` of the pod at that time
    """

    namespace: str = ""
    pod: str = ""
    prefix: str = ""
    workload: tuple[str, str] = ("", "")
    address: str = ""
    node: str = ""
    host: bool = False
    service: str = ""
    cluster: str = ""
    outside: str = ""
    nobody: str = ""
    labels: tuple[str, ...] = ()
    elsewhere: bool = False


class RecordedFlow(NamedTuple):
    """What was sent between two ends; `protocol`, `port`, … as in `Traffic`."""

    src: RecordedEnd
    dst: RecordedEnd
    protocol: str
    port: int | None = None
    icmp: tuple[int, int] | None = None
    src_port: int | None = None
    http: Request | None = None
    dns: str | None = None
    kafka: KafkaRequest | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a log.

    verdict    as it is written there: `FORWARDED`, `deny`
    allowed    what that says; None where it says nothing
    direction  the end that reported: egress of the source, ingress of the destination; None: not told
    flow       None where `skip` says why the line is no new flow that policies judge
    """

    format: Format
    verdict: str
    allowed: bool | None = None
    direction: Direction | None = None
    flow: RecordedFlow | None = None
    skip: str = ""


def malformed(message: str, fix: str = "") -> InputError:
    """The answer to a line that cannot be read."""
    return InputError.one(MALFORMED, message, fix=fix)


def text(of: Json, key: str, where: str = "") -> str:
    """A text of a map, "" where it is missing or null; InputError if it is no text."""
    value = of.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise malformed(f"`{where}{key}` is {type_name(value)}, not text")
    return value


def ip(of: Json, key: str, where: str = "") -> str:
    """An address of a map, "" where it is missing, null or `-`; InputError if it is none."""
    value = text(of, key, where)
    if value in ("", "-"):
        return ""
    if not _is_address(value):
        raise malformed(f"`{where}{key}` `{value}` is not an IP address")
    return value


@lru_cache(maxsize=10_000)
def _is_address(value: str) -> bool:
    try:
        Address.parse(value)
    except ValueError:
        return False
    return True


def number(of: Json, key: str, where: str = "", most: int = 65535) -> int | None:
    """A whole number of a map from 0 to `most`, None where it is missing or null; InputError if it is none."""
    value = of.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise malformed(f"`{where}{key}` is {type_name(value)}, not a whole number")
    if not 0 <= value <= most:
        raise malformed(f"`{where}{key}` {value} is not from 0 to {most}")
    return value


def inner(of: Json, key: str, where: str = "") -> Json:
    """A map inside a map, empty where it is missing or null; InputError if it is none."""
    value = of.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise malformed(f"`{where}{key}` is {type_name(value)}, not a map")
    return value


def texts(of: Json, key: str, where: str = "") -> tuple[str, ...]:
    """A list of texts, empty where it is missing or null; InputError if it is none."""
    value = of.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise malformed(f"`{where}{key}` is not a list of texts")
    return tuple(value)
