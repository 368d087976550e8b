"""Reads what a flow carries that a user asks about: a request of HTTP, the name of a DNS query, or a request of Kafka."""

from __future__ import annotations

from collections.abc import Mapping

from npverify.analyses.ends import UNREADABLE
from npverify.ingest.fields import nearest, type_name
from npverify.ingest.source import Problems
from npverify.normal.flow import KafkaRequest, Request
from npverify.normal.kafka import KEYS, WITH_TOPIC, is_topic, key_of
from npverify.normal.requests import as_name

__all__ = ["check_carried", "read_dns", "read_http", "read_kafka"]

_PROTOCOLS = {"http": ("TCP",), "dns": ("TCP", "UDP"), "kafka": ("TCP",)}


def check_carried(value: Mapping[str, object], protocol: str, problems: Problems) -> None:
    """Whether what a flow carries goes with its protocol, and is one thing."""
    given = [key for key in _PROTOCOLS if value.get(key) is not None]
    for n, key in enumerate(given):
        if n or protocol not in _PROTOCOLS[key]:
            what = f"`{given[0]}`" if n else protocol
            problems.error(UNREADABLE, f"`{key}` does not go with {what}", fix="drop one of them")


def read_http(value: object, problems: Problems) -> Request | None:
    """The request of HTTP; None where there is none, or after an error."""
    if value is None:
        return None
    given = {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else {}
    if not {"method", "path"} <= set(given) <= set(Request._fields):
        message = '`http` must be a map {"method": …, "path": …}, perhaps with "host" and "headers"'
        problems.error(UNREADABLE, message)
        return None
    headers = given.pop("headers", None)
    if headers is not None and not _is_headers(headers):
        message = '`headers` of `http` must be a map of names to texts, such as {"X-Token": "abc"}'
        problems.error(UNREADABLE, message)
        return None
    for key, text in given.items():
        if not isinstance(text, str) or not text or any(sign.isspace() for sign in text):
            problems.error(UNREADABLE, f"`{key}` of `http` is not a text without blanks", fix="write a blank as %20")
            return None
    if not given["path"].startswith("/"):
        message = f"the path `{given['path']}` of `http` does not begin with `/`"
        problems.error(UNREADABLE, message, fix=f"write `/{given['path']}`")
        return None
    return Request(**given, headers=None if headers is None else tuple(headers.items()))


def read_dns(value: object, problems: Problems) -> str | None:
    """The name that DNS is asked for; None where there is none, or after an error."""
    if value is None:
        return None
    name = as_name(value) if isinstance(value, str) else None
    if name is None:
        shown = f"`{value}`" if isinstance(value, str) else type_name(value)
        problems.error(
            UNREADABLE, f"`dns` is {shown}, which is no name of domains", fix="write a name such as api.example.com"
        )
    return name


def read_kafka(value: object, problems: Problems) -> KafkaRequest | None:
    """The request of Kafka; None where there is none, or after an error."""
    if value is None:
        return None
    given = {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else {}
    if not {"key"} <= set(given) <= set(KafkaRequest._fields) or not isinstance(given["key"], str):
        message = '`kafka` must be a map {"key": "produce", "topic": …}, perhaps with "client" and "version"'
        problems.error(UNREADABLE, message)
        return None
    key = given["key"]
    topic, client, version = (given.get(field) for field in KafkaRequest._fields[1:])
    known = key_of(key)
    if known is None:
        fix = nearest(key, KEYS) or f"write one such as {', '.join(WITH_TOPIC)}"
        problems.error(UNREADABLE, f"`{key}` is no request of Kafka", fix=fix)
    elif topic is not None and known not in WITH_TOPIC:
        message = f"no topic is read of requests of Kafka of the key `{key}`"
        problems.error(UNREADABLE, message, fix="leave the topic out")
    elif topic is not None and not (isinstance(topic, str) and is_topic(topic)):
        message = "`topic` of `kafka` is no name of a topic"
        problems.error(UNREADABLE, message, fix="use at most 255 letters, digits, `.`, `_` and `-`")
    elif not isinstance(client, str | None):
        problems.error(UNREADABLE, f"`client` of `kafka` is {type_name(client)}, not text", fix='write "" for none')
    elif isinstance(version, bool) or not isinstance(version, int | None) or not 0 <= (version or 0) < 1 << 15:
        problems.error(UNREADABLE, "`version` of `kafka` is not a whole number from 0 to 32767")
    else:
        return KafkaRequest(known, topic, client, version)
    return None


def _is_headers(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(k, str) and k and isinstance(v, str) for k, v in value.items())
