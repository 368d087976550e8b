"""Whether an HTTP request is one that a clause asks for, by Python's `re`: `normal.patterns` lets no expression through that
Python would read otherwise than RE2.

Source: cilium/cilium pkg/envoy/xds_server.go getHTTPRule (regular expressions of the whole text, headers by name in any case);
projectcalico/calico app-policy/checker/match.go, matchHTTPMethods and matchHTTPPaths: v3.32.0 with paths as servers read them,
v3.31.0 letter by letter.
"""

from __future__ import annotations

import re
from functools import cache

from npverify.normal.flow import KafkaRequest, Request
from npverify.normal.predicates import DnsIs, HttpIs, KafkaIs, RequestTest, Wanted
from npverify.normal.requests import as_served, name_pattern, without_query


def asks_for(request: Request, at: HttpIs) -> bool | None:
    """Whether a request has one of the methods, paths and hosts and all of the headers; None where that hangs on its host or
    on its headers and nothing is known of these."""
    parts = (
        _one_of(request.method, at.methods),
        not at.paths or _at_path(request.path, at),
        _one_of(request.host or None, at.hosts),
        *(_has_header(request.headers, *header) for header in at.headers),
    )
    if False in parts:
        return False
    return None if None in parts else True


def is_name(name: str, at: DnsIs) -> bool:
    """Whether a name is one of those that a clause asks for."""
    return not at.names or any(_is(name, *one) for one in at.names)


def asks_kafka(request: KafkaRequest, at: KafkaIs) -> bool | None:
    """Whether a request of Kafka has one of the keys and the version, client and topic that a clause asks for; None where that
    hangs on what is not known of it. Source: cilium/proxy proxylib/kafka/kafkalib, Rule.Matches and extractClientID."""
    client = "" if request.version == 0 else request.client
    parts = (
        not at.keys or request.key in at.keys,
        at.version is None or _same(request.version, at.version),
        not at.client or _same(client, at.client),
        not at.topic or _same(request.topic, at.topic),
    )
    if False in parts:
        return False
    return None if None in parts else True


def _same(given: str | int | None, wanted: str | int) -> bool | None:
    return None if given is None else given == wanted


def is_meant(name: str, text: str) -> bool:
    """Whether a name is the one of a text, or one that its stars mean for certain: each a piece of a label, `**.` in front one
    label or more."""
    return name == text or ("*" in text and _compiled(name_pattern(text)).fullmatch(name) is not None)


def _one_of(text: str | None, wanted: Wanted) -> bool | None:
    if not wanted:
        return True
    return None if text is None else any(_is(text, *one) for one in wanted)


def _is(text: str, test: RequestTest, wanted: str) -> bool:
    if test == "regex":
        return _compiled(wanted).fullmatch(text) is not None
    return text == wanted if test == "exact" else text.startswith(wanted)


@cache
def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.ASCII)


def _has_header(headers: tuple[tuple[str, str], ...] | None, name: str, value: str | None) -> bool | None:
    if headers is None:
        return None
    return any(key.lower() == name and value in (None, text) for key, text in headers)


def _at_path(asked: str, at: HttpIs) -> bool:
    if at.reads in ("sent", "asked"):
        return any(_is(asked, *one) for one in at.paths)
    if at.reads == "plain":
        return any(_is(without_query(asked), *one) for one in at.paths)
    here = as_served(asked)
    return here is not None and any(_under(here, *one) for one in at.paths)


def _under(here: bytes, test: RequestTest, path: str) -> bool:
    there = as_served(path)
    if there is None:
        return False
    return here == there or (test == "prefix" and here.startswith(there.rstrip(b"/") + b"/"))
