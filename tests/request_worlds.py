"""Regular expressions of requests with what they mean, told by hand, and requests that meet them or just miss them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from npverify.normal.flow import KafkaRequest, Request
from npverify.normal.predicates import HttpIs
from npverify.oracle.requests import asks_for

METHODS: dict[str, Callable[[str], bool]] = {
    "GET": lambda sent: sent == "GET",
    "PUT": lambda sent: sent == "PUT",
    "GET|POST": lambda sent: sent in ("GET", "POST"),
    "P.*": lambda sent: sent[:1] == "P",
    "^[^G].*$": lambda sent: sent[:1] != "G",
}
"""Regular expressions of methods, and which methods they mean. The same for paths and hosts below."""
PATHS: dict[str, Callable[[str], bool]] = {
    "/": lambda sent: sent == "/",
    "/a": lambda sent: sent == "/a",
    "/a.*": lambda sent: sent.startswith("/a"),
    "/a(/.*)?": lambda sent: sent == "/a" or sent.startswith("/a/"),
    "/.*": lambda sent: sent.startswith("/"),
    "/[a-c]/[0-9]+": lambda sent: sent[1:2] in "abc" and sent[2:3] == "/" and sent[3:].isdigit(),
    "/[^/?]*": lambda sent: sent.count("/") == 1 and "?" not in sent,
    "(?i)/A/X": lambda sent: sent.lower() == "/a/x",
    r"/a\?x=\d{2,3}": lambda sent: sent.startswith("/a?x=") and sent[5:].isdigit() and 2 <= len(sent[5:]) <= 3,
    "/(a|b)?x": lambda sent: sent in ("/x", "/ax", "/bx"),
}
HOSTS: dict[str, Callable[[str], bool]] = {
    "shop": lambda sent: sent == "shop",
    r"shop(:\d+)?": lambda sent: sent == "shop" or (sent.startswith("shop:") and sent[5:].isdigit()),
    "a.b": lambda sent: len(sent) == 3 and sent[0] == "a" and sent[2] == "b",
}
HEADERS: dict[str, Callable[[dict[str, str]], bool]] = {
    "X-A": lambda sent: "x-a" in sent,
    "X-A: 1": lambda sent: sent.get("x-a") == "1",
    "x-a 2": lambda sent: sent.get("x-a") == "2",
    "X-B: ": lambda sent: "x-b" in sent,
}
SENT: dict[str, tuple[str, ...]] = {
    "method": ("GET", "PUT", "POST", "get", "DELETE"),
    "path": (
        "/", "/a", "/ab", "/a/", "/a/x", "/A/X", "/a/7", "/c/12", "/d/1", "/a?x=1", "/a?x=12", "/a?x=1234", "/x", "/bx", "/abx", "/b?y",
    ),
    "host": ("shop", "shop:80", "shop:", "a.b", "axb", "b"),
}  # fmt: skip
"""Of requests what meets these, and what just misses them."""


KEYS = ("produce", "fetch", "metadata", "heartbeat", "apiversions", "deletetopics")
TOPICS, CLIENTS = ("orders", "events"), ("app", "job")


def random_kafka(rng: Random) -> KafkaRequest:
    """A request of Kafka of which all is known; a topic where it has one that the proxy reads."""
    key, version = rng.choice(KEYS), rng.choice((0, 2, 3))
    topic = rng.choice(TOPICS) if key in KEYS[:3] else None
    return KafkaRequest(key, topic, rng.choice((*CLIENTS, "")), version)


def random_request(rng: Random, aims: Sequence[HttpIs] = ()) -> Request:
    """A request of which all is known; of a few that are tried the first that one of the clauses asks for."""
    aim = rng.choice(aims) if aims and rng.random() < 0.7 else None
    for _ in range(12):
        headers = [(name, rng.choice(("1", "2", "3"))) for name in ("X-A", "x-b") if rng.random() < 0.5]
        request = Request(*(rng.choice(texts) for texts in SENT.values()), tuple(headers))
        if aim is None or asks_for(request, aim):
            break
    return request


def random_entry(rng: Random) -> dict[str, Any]:
    """An entry of `http` of Cilium, which is never empty."""
    entry: dict[str, Any] = {}
    for key, known, likely in (("method", METHODS, 0.6), ("path", PATHS, 0.8), ("host", HOSTS, 0.2)):
        if rng.random() < likely:
            entry[key] = rng.choice(list(known))
    if rng.random() < 0.2:
        entry["headers"] = rng.sample(list(HEADERS), rng.randint(1, 2))
    return entry or {"path": "/.*"}
