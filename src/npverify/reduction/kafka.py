"""Requests of Kafka as finitely many kinds: which keys, versions, clients and topics some clauses tell apart.

A kind is named by one that is of it. So a clause is left as a predicate over a few unknowns, exact for every question.
Not trusted: every counterexample is a request that the oracle reads by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from npverify.inventory.unknowns import ABSENT, FACT, Reading, Unknown
from npverify.normal.flow import KafkaRequest
from npverify.normal.kafka import KEYS, WITH_TOPIC
from npverify.normal.predicates import KafkaIs, Pred, and_, not_, unknown_in

__all__ = ["STREAMED", "KafkaKinds"]

STREAMED = Unknown("a Kafka request is sent", FACT, of_flow=True)
"""False in the default reading: a connection, of which it is not looked at what is sent over it."""

_TOPICS = ("events", "orders", "logs")
"""Topics that read well, for those that no clause names."""


class KafkaKinds:
    """The kinds of requests that some clauses tell apart. Guards nothing: it is a function of them."""

    def __init__(self, clauses: Iterable[KafkaIs]) -> None:
        given = frozenset(clauses)
        sets = sorted({at.keys for at in given if at.keys})
        self._kind_of: dict[str, str] = {}
        first: dict[tuple[bool, ...], str] = {}
        for key in KEYS if sets else ():
            looks = tuple(key in keys for keys in sets)
            self._kind_of[key] = first.setdefault(looks, key)
        self._key = _unknown("key", tuple(first.values()))
        versions = sorted({at.version for at in given if at.version is not None})
        other = next(n for n in range(1, len(versions) + 2) if n not in versions)
        self._version = _unknown("version", tuple(map(str, (other, *versions))) if versions else ())
        clients = sorted({at.client for at in given if at.client})
        self._client = _unknown("client", (ABSENT, *clients) if clients else ())
        topics = sorted({at.topic for at in given if at.topic})
        spare = next(text for text in (*_TOPICS, *(f"t{n}" for n in range(len(topics) + 1))) if text not in topics)
        self._topic = _unknown("topic", (*topics, spare) if topics else ())

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """What a request is made of."""
        return tuple(each for each in (self._key, self._version, self._client, self._topic) if each.values)

    def residual(self, at: KafkaIs) -> Pred:
        """What is left of one of the clauses, of a request that is sent."""
        parts = []
        if at.keys:
            parts.append(unknown_in(self._key, *{self._kind_of[key] for key in at.keys}))
        if at.version is not None:
            parts.append(unknown_in(self._version, str(at.version)))
        if at.client:
            parts.append(unknown_in(self._client, at.client))
            if "0" in self._version.values:  # a request of that version has no client
                parts.append(not_(unknown_in(self._version, "0")))
        if at.topic:
            parts.append(unknown_in(self._topic, at.topic))
        return and_(*parts)

    def of(self, reading: Reading) -> KafkaRequest:
        """A request that is what a reading says; what no clause looks at stays out."""
        key = self._key.value_in(reading) if self._key.values else KEYS[0]
        version = int(self._version.value_in(reading)) if self._version.values else None
        client = self._client.value_in(reading) if self._client.values else None
        topic = self._topic.value_in(reading) if self._topic.values and key in WITH_TOPIC else None
        return KafkaRequest(key, topic, "" if client == ABSENT or (client and version == 0) else client, version)

    def reading(self, request: KafkaRequest) -> dict[str, str]:
        """What a request is in a reading. What is not known of it stays out."""
        client = "" if request.version == 0 else request.client
        found: list[tuple[Unknown, str | None]] = [
            (self._key, self._kind_of.get(request.key)),
            (self._version, _kind(self._version.values, request.version, 0)),
            (self._client, _kind(self._client.values, client, 0)),
            (self._topic, _kind(self._topic.values, request.topic, -1)),
        ]
        return {unknown.name: value for unknown, value in found if unknown.values and value is not None}


def _kind(values: Sequence[str], given: str | int | None, other: int) -> str | None:
    """The value that stands for what is given: itself, or the one that stands for all others."""
    if given is None or not values:
        return None
    return str(given) if str(given) in values else values[other]


def _unknown(part: str, values: tuple[str, ...]) -> Unknown:
    name = f"the {part} of the Kafka request"
    return Unknown(name, values, phrase=f"{name} is like `{{value}}`", of_flow=True)
