"""Requests of Kafka: what entries of rules let through, told a second time from the numbers of the protocol.

Source of the second telling: cilium/cilium pkg/policy/api/kafka/kafka.go, cilium/proxy proxylib/kafka/kafkalib policy.go, request.go.
"""

from __future__ import annotations

from itertools import chain, product
from random import Random
from typing import NamedTuple

import pytest

from npverify.normal.flow import KafkaRequest
from npverify.normal.kafka import KEYS, ROLES
from npverify.normal.predicates import (
    FALSE,
    KafkaIs,
    Pred,
    atoms_of,
    dns_query,
    http_request,
    kafka_is,
    kafka_request,
    protocol_is,
)
from npverify.normal.requests import kafka_in_words
from npverify.oracle.requests import asks_kafka
from npverify.reduction.kafka import STREAMED
from npverify.reduction.readings import under
from npverify.reduction.requests import ASKED, SENT, Requests, of_clauses

NUMBERS = {
    "produce": 0, "fetch": 1, "offsets": 2, "metadata": 3, "leaderandisr": 4, "stopreplica": 5, "updatemetadata": 6,
    "controlledshutdown": 7, "offsetcommit": 8, "offsetfetch": 9, "findcoordinator": 10, "joingroup": 11, "heartbeat": 12,
    "leavegroup": 13, "syncgroup": 14, "describegroups": 15, "listgroups": 16, "saslhandshake": 17, "apiversions": 18,
    "createtopics": 19, "deletetopics": 20, "deleterecords": 21, "initproducerid": 22, "offsetforleaderepoch": 23,
    "addpartitionstotxn": 24, "addoffsetstotxn": 25, "endtxn": 26, "writetxnmarkers": 27, "txnoffsetcommit": 28,
    "describeacls": 29, "createacls": 30, "deleteacls": 31, "describeconfigs": 32, "alterconfigs": 33,
    "alterreplicalogdirs": 34, "describelogdirs": 35, "saslauthenticate": 36, "createpartitions": 37,
    "createdelegationtoken": 38,
}  # fmt: skip
TOPIC_KEYS = {0, 1, 2, 3, 4, 5, 6, 8, 9, 19, 20, 21, 23, 24, 27, 28, 34, 35, 37}
READ = {0, 1, 2, 3, 8, 9}
EXPANDED = {"produce": {0, 3, 18}, "consume": {1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18}}
TOPICS, CLIENTS, VERSIONS = ("a", "b", "c.d"), ("cart", "x"), (0, 1, 2, 7)


class Entry(NamedTuple):
    """An entry as it is written."""

    role: str = ""
    key: str = ""
    version: int | None = None
    client: str = ""
    topic: str = ""

    @property
    def meant(self) -> Pred:
        """It as a predicate."""
        return kafka_is(ROLES[self.role] if self.role else [self.key] * bool(self.key), *self[2:])

    def lets(self, request: KafkaRequest) -> bool:
        """Whether it lets a request through, of which everything is known: Rule.Matches."""
        number = NUMBERS[request.key]
        keys = EXPANDED[self.role] if self.role else {NUMBERS[self.key]} if self.key else set()
        topics = {request.topic} if number in READ else set()
        client = request.client if request.version else ""
        if keys and number not in keys:
            return False
        if self.version not in (None, request.version) or self.client not in ("", client):
            return False
        return not self.topic or number not in TOPIC_KEYS or self.topic in topics


def random_entry(rng: Random) -> Entry:
    """An entry, most of them with a key or a role."""
    role = rng.choice(("", "", "produce", "consume"))
    key = "" if role else rng.choice(("", "produce", "fetch", "metadata", "heartbeat", "deletetopics", "alterconfigs"))
    return Entry(
        role, key, rng.choice((None, None, 0, 1, 2)), rng.choice(("", "", *CLIENTS)), rng.choice(("", *TOPICS[:2]))
    )


REQUESTS = [
    KafkaRequest(key, topic if NUMBERS[key] in READ else None, client, version)
    for key, topic, client, version in product(KEYS, TOPICS, ("", *CLIENTS, "y"), VERSIONS)
]


def clauses_of(pred: Pred) -> list[KafkaIs]:
    """The clauses of an entry, any of which will do."""
    return [atom for atom in atoms_of(pred) if isinstance(atom, KafkaIs)]


@pytest.mark.parametrize("seed", range(12))
def test_what_entries_let_through(seed: int) -> None:
    """The oracle, and what is left of the clauses for a solver, say what the proxy does; so does the request that stands for all of
    its kind."""
    rng = Random(seed)
    entries = [random_entry(rng) for _ in range(rng.randint(1, 4))]
    beside = [kafka_request(), *([http_request()] if rng.random() < 0.5 else [])]
    kinds = of_clauses(frozenset(chain(beside, *(clauses_of(entry.meant) for entry in entries))))  # type: ignore[arg-type]
    for request in rng.sample(REQUESTS, 150):
        reading = kinds.reading_of_kafka(request)
        made = kinds.kafka(reading)
        assert made is not None
        for entry in entries:
            wanted = entry.lets(request)
            clauses = clauses_of(entry.meant)
            said = any(asks_kafka(request, at) for at in clauses)
            stood_for = any(asks_kafka(made, at) for at in clauses)
            left = any(under(kinds.residual(at), reading) is not FALSE for at in clauses)
            assert (said, stood_for, left) == (wanted, wanted, wanted), (entry, request, made)


def test_what_is_not_known_is_left_open() -> None:
    """Of a request without a topic, a client or a version an entry that asks for it says nothing, unless all else tells."""
    (at,) = clauses_of(kafka_is(("produce",), 3, "cart", "a"))
    assert asks_kafka(KafkaRequest("produce", "a", "cart"), at) is None
    assert asks_kafka(KafkaRequest("produce", None, "cart", 3), at) is None
    assert asks_kafka(KafkaRequest("produce", "a", None, 3), at) is None
    assert asks_kafka(KafkaRequest("produce", "b"), at) is False
    assert asks_kafka(KafkaRequest("fetch"), at) is False
    assert asks_kafka(KafkaRequest("produce", "a", "cart", 3), at) is True


def test_version_0_has_no_client() -> None:
    """An entry that asks for both lets nothing through, and no reading has both."""
    assert kafka_is(("produce",), 0, "cart") is FALSE
    (at,), (other,) = clauses_of(kafka_is(client="cart")), clauses_of(kafka_is(version=0))
    kinds = of_clauses(frozenset((at, other)))
    both = {
        **kinds.reading_of_kafka(KafkaRequest("fetch", None, "cart", 3)),
        **kinds.kafka_kinds.reading(KafkaRequest("fetch", version=0)),
    }
    assert under(kinds.residual(other), both) is not FALSE
    assert under(kinds.residual(at), {**both, "the client of the Kafka request": "cart"}) is FALSE


def test_a_flow_carries_one_thing() -> None:
    """No reading is a request of Kafka and one of HTTP, or a query, at once; by default nothing is looked at."""
    kinds: Requests = of_clauses(frozenset((kafka_request(), http_request(), dns_query())))  # type: ignore[arg-type]
    left = kinds.residual(kafka_request())  # type: ignore[arg-type]
    assert under(left, {}) is FALSE
    assert under(left, {STREAMED.name: "true"}) is protocol_is("TCP")
    for other in (SENT, ASKED):
        reading = {STREAMED.name: "true", other.name: "true"}
        assert under(left, reading) is FALSE
        assert kinds.kafka(reading) is None


def test_every_clause_has_a_name_of_its_own() -> None:
    """Facts of clauses are told apart by their words."""
    rng = Random(1)
    clauses = {at for _ in range(300) for at in clauses_of(random_entry(rng).meant)}
    assert len({kafka_in_words(at) for at in clauses}) == len(clauses)


def test_the_keys_are_those_of_the_protocol() -> None:
    """Each once, with one for all that came later."""
    assert sorted(KEYS) == sorted(NUMBERS)
    assert {role: {NUMBERS[key] for key in keys} for role, keys in ROLES.items()} == EXPANDED
