"""Questions about requests of Kafka from manifest to answer: proved for all of them, or refuted by one that the oracle reads."""

from __future__ import annotations

import json

import pytest

import npverify
from helpers import answer
from npverify.analyses.results import AssertionResult
from npverify.cli.app import run
from npverify.ingest.files import File
from npverify.ingest.source import InputError
from npverify.normal.flow import KafkaRequest

WORLD = """
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: queue, namespace: shop, labels: {app: queue}}
spec: {containers: [{name: c, image: x, ports: [{name: kafka, containerPort: 9092}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: broker, namespace: shop}
spec: {clusterIP: 10.96.0.10, selector: {app: queue}, ports: [{name: k, port: 9093, targetPort: 9092}]}
"""


def policy(*entries: str, name: str = "topics", rules: str = "kafka") -> str:
    """What web may send to the queue."""
    asked = f", rules: {{{rules}: [{', '.join(f'{{{entry}}}' for entry in entries)}]}}" if rules else ""
    return f"""
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  endpointSelector: {{matchLabels: {{app: queue}}}}
  ingress:
  - fromEndpoints: [{{matchLabels: {{app: web}}}}]
    toPorts: [{{ports: [{{port: '9092', protocol: TCP}}]{asked}}}]
"""


PRODUCE = policy("role: produce, topic: orders")
CONSUME = policy("role: Consume, topic: orders")
FETCH = policy("apiKey: Fetch, topic: orders")
TOPIC = policy("topic: orders")
CLIENT = policy("role: produce, topic: orders, clientID: cart")
VERSION = policy("apiKey: produce, apiVersion: '3'")
ALL = policy("")
POD, SERVICE = "pod shop/queue", "service shop/broker"

ROWS = [
    ("what a role is for", PRODUCE, f"every web reaches {POD} on kafka/9092 produce orders", "proved"),
    ("in any case, in quotes", PRODUCE, f'every web reaches {POD} on kafka/9092 Produce "orders"', "proved"),
    ("through a Service, by its port", PRODUCE, f"every web reaches {SERVICE} on kafka/9093 produce orders", "proved"),
    ("another topic", PRODUCE, f'no web reaches {POD} on kafka produce "events"', "proved"),
    ("topics tell cases apart", PRODUCE, f"no web reaches {POD} on kafka produce Orders", "proved"),
    ("that topic", PRODUCE, f"no web reaches {POD} on kafka produce orders", "refuted"),
    ("any topic", PRODUCE, f"every web reaches {POD} on kafka/9092 produce", "refuted"),
    ("another role", PRODUCE, f"no web reaches {POD} on kafka consume orders", "proved"),
    ("producers ask about their topic", PRODUCE, f"every web reaches {POD} on kafka/9092 metadata orders", "proved"),
    ("but about no other", PRODUCE, f"no web reaches {POD} on kafka metadata events", "proved"),
    ("and for versions, which have no topic", PRODUCE, f"every web reaches {POD} on kafka/9092 apiversions", "proved"),
    ("producers join no group", PRODUCE, f"no web reaches {POD} on kafka joingroup", "proved"),
    ("consumers join one", CONSUME, f"every web reaches {POD} on kafka/9092 joingroup, kafka/9092 heartbeat, kafka/9092 syncgroup, kafka/9092 leavegroup", "proved"),
    ("consumers read", CONSUME, f"every web reaches {POD} on kafka/9092 consume orders, kafka/9092 fetch orders", "proved"),
    ("consumers keep their place", CONSUME, f"every web reaches {POD} on kafka/9092 offsets orders, kafka/9092 offsetcommit orders, kafka/9092 offsetfetch orders", "proved"),
    ("consumers do not write", CONSUME, f"no web reaches {POD} on kafka produce", "proved"),
    ("one key is that alone", FETCH, f"no web reaches {POD} on kafka offsets orders, kafka joingroup, kafka apiversions", "proved"),
    ("and it", FETCH, f"every web reaches {POD} on kafka/9092 consume orders", "proved"),
    ("a topic without a key is every request about it", TOPIC, f"every web reaches {POD} on kafka/9092 produce orders, kafka/9092 fetch orders", "proved"),
    ("and every one that has none", TOPIC, f"every web reaches {POD} on kafka/9092 describegroups, kafka/9092 createacls", "proved"),
    ("but none of which the topic is not read", TOPIC, f"no web reaches {POD} on kafka deletetopics, kafka createtopics", "proved"),
    ("a key of which the topic is not read, without one", policy("apiKey: deletetopics"), f"every web reaches {POD} on kafka/9092 deletetopics", "proved"),
    ("whoever the client says that it is", CLIENT, f"every web reaches {POD} on kafka/9092 produce orders", "refuted"),
    ("some client may", CLIENT, f"no web reaches {POD} on kafka produce orders", "refuted"),
    ("version 0 has no client", policy("apiKey: produce, clientID: cart, apiVersion: '0'"), f"no web reaches {POD} on kafka", "proved"),
    ("of every version", VERSION, f"every web reaches {POD} on kafka/9092 produce orders", "refuted"),
    ("of some version", VERSION, f"some web reaches {POD} on kafka/9092 produce orders", "proved"),
    ("an entry that asks for nothing", ALL, f"every web reaches {POD} on kafka/9092", "proved"),
    ("no entry", policy(rules=""), f"every web reaches {POD} on kafka/9092 createtopics", "proved"),
    ("another port", ALL, f"no web reaches {POD} on kafka/9093", "proved"),
    ("a connection, whatever is sent over it", PRODUCE, f"every web reaches {POD} on tcp/9092", "proved"),
    ("no connection", PRODUCE, f"no web reaches {POD} on tcp/9092", "refuted"),
    ("a connection and a request", PRODUCE, f"every web reaches {POD} on tcp/9092, kafka/9092 produce orders", "proved"),
    ("a connection and another request", PRODUCE, f"every web reaches {POD} on tcp/9092, kafka/9092 produce events", "refuted"),
    ("nobody else", PRODUCE, f"only web reaches {POD} on kafka produce orders", "proved"),
    ("entries add up", policy("role: produce, topic: orders", "role: consume, topic: events"), f"every web reaches {POD} on kafka/9092 produce orders, kafka/9092 consume events", "proved"),
    ("and are not mixed", policy("role: produce, topic: orders", "role: consume, topic: events"), f"no web reaches {POD} on kafka produce events, kafka consume orders", "proved"),
    ("policies add up", PRODUCE + policy("apiKey: fetch", name="more"), f"every web reaches {POD} on kafka/9092 consume events", "proved"),
    ("a rule without requests opens all", PRODUCE + policy(name="more", rules=""), f"every web reaches {POD} on kafka/9092 deletetopics", "proved"),
    ("a role is its keys", policy("role: produce") + policy("apiKey: apiversions", name="more"), "policy shop/more is redundant", "proved"),
    ("and no more", policy("role: produce") + policy("apiKey: fetch", name="more"), "policy shop/more is redundant", "refuted"),
    ("no request of HTTP asks for Kafka", policy("method: GET", rules="http"), f"no web reaches {POD} on kafka produce", "proved"),
]  # fmt: skip


def asked(manifests: str, claim: str) -> AssertionResult:
    """The answer to one assertion under a version of Cilium that knows Kafka."""
    return answer(WORLD + manifests, claim, cni="cilium", assume={"cilium_version": "1.19"})


@pytest.mark.parametrize(("manifests", "claim", "status"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_proved_of_requests_of_kafka(manifests: str, claim: str, status: str) -> None:
    """Each claim has the answer that follows from the requests that rules let through."""
    assert asked(manifests, claim).status == status


@pytest.mark.parametrize(
    ("manifests", "claim", "want"),
    [
        (PRODUCE, "no web reaches pod shop/queue on kafka produce orders", KafkaRequest("produce", "orders")),
        (PRODUCE, "every web reaches pod shop/queue on kafka/9092 produce", KafkaRequest("produce", "events")),
        (PRODUCE, "no web reaches pod shop/queue on kafka", KafkaRequest("produce", "orders")),
        (CLIENT, "no web reaches pod shop/queue on kafka produce", KafkaRequest("produce", "orders", "cart")),
        (
            CLIENT,
            "every web reaches pod shop/queue on kafka/9092 produce orders",
            KafkaRequest("produce", "orders", ""),
        ),
        (VERSION, "no web reaches pod shop/queue on kafka", KafkaRequest("produce", None, None, 3)),
        (PRODUCE, "no web reaches pod shop/queue on tcp/9092", None),
    ],
)
def test_a_counterexample_shows_what_matters_of_the_request(
    manifests: str, claim: str, want: KafkaRequest | None
) -> None:
    """The key, the topic, and the client or version where the verdict hangs on them; no request where none is asked about."""
    shown = asked(manifests, claim).counterexample
    assert shown is not None
    assert (shown.flow.kafka, shown.flow.port) == (want, 9092)


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (("role: produce, topic: a",), ("role: PRODUCE, topic: a",), None),
        (("role: produce",), ("apiKey: produce", "apiKey: metadata", "apiKey: ApiVersions"), None),
        (("",), ("topic: a", ""), None),
        (("apiKey: fetch", "apiKey: fetch, topic: a"), ("apiKey: fetch",), None),
        (("apiKey: heartbeat, topic: a",), ("apiKey: heartbeat",), None),
        (("apiVersion: '0'", "clientID: c"), ("apiVersion: '0'", "clientID: c", "clientID: c, apiVersion: '0'"), None),
        (("topic: a",), ("topic: b",), KafkaRequest("produce", "a")),
        (("apiKey: fetch",), ("apiKey: fetch, topic: a",), KafkaRequest("fetch", "events")),
        (("apiKey: fetch",), ("apiKey: fetch, clientID: c",), KafkaRequest("fetch", None, "")),
        (("apiKey: fetch",), ("apiKey: fetch, apiVersion: '1'",), KafkaRequest("fetch", None, None, 2)),
    ],
)
def test_sets_that_let_other_requests_through_are_told_apart(
    one: tuple[str, ...], other: tuple[str, ...], differs: KafkaRequest | None
) -> None:
    """`equiv` finds a request that only one of them lets through, and knows entries that mean the same."""
    worlds = (
        npverify.load(
            [File("m.yaml", WORLD + policy(*entries), True)], cni="cilium", assume={"cilium_version": "1.19"}
        ).world
        for entries in (one, other)
    )
    result = npverify.equiv(*worlds)
    assert (result.witness and result.witness.flow.kafka) == differs
    assert (result.status == "equivalent") is (differs is None)


@pytest.mark.parametrize(
    ("claim", "code"),
    [
        ("on kafka prodce orders", "NPV668"),
        ('on kafka produce "a b"', "NPV665"),
        ('on kafka produce "ord*"', "NPV665"),
        ("on kafka heartbeat orders", "NPV665"),
        ("on kafka deletetopics orders", "NPV665"),
        ("on kafka/x", "NPV110"),
    ],
)
def test_what_is_no_request_is_an_error(claim: str, code: str) -> None:
    """A request has a key that Kafka knows, and a topic only where one is read; a topic is no pattern."""
    with pytest.raises(InputError) as raised:
        asked(PRODUCE, f"no web reaches pod shop/queue {claim}")
    assert [d.code for d in raised.value.diagnostics] == [code]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("role: produce, apiKey: fetch", "NPV666"),
        ("role: producer", "NPV666"),
        ("apiKey: createpartitions", "NPV666"),
        ("apiKey: consume", "NPV666"),
        ("topic: 'a*'", "NPV667"),
        (f"topic: {'a' * 256}", "NPV667"),
        ("apiVersion: '-1'", "NPV667"),
        ("apiVersion: '32768'", "NPV667"),
        ("apiVersion: v1", "NPV667"),
    ],
)
def test_entries_that_the_agent_refuses_are_errors(entry: str, code: str) -> None:
    """Cilium checks roles, keys, versions and topics."""
    with pytest.raises(InputError) as raised:
        asked(policy(entry), "no web reaches pod shop/queue")
    assert [d.code for d in raised.value.diagnostics] == [code]


def test_flows_with_a_request_are_judged(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    """`eval` and `explain` take a request, on the command line and in lines of JSON, and tell what they need to know of it."""
    (tmp_path / "m.yaml").write_text(WORLD + CLIENT)
    sent: list[tuple[dict[str, object], str]] = [
        ({"key": "produce", "topic": "orders", "client": "cart"}, "allowed"),
        ({"key": "produce", "topic": "orders", "client": "cart", "version": 0}, "denied"),
        ({"key": "produce", "topic": "orders"}, "denied"),
        ({"key": "produce", "topic": "events", "client": "cart"}, "denied"),
        ({"key": "Consume"}, "denied"),
        ({"key": "other"}, "error"),
        ({"key": "heartbeat", "topic": "orders"}, "error"),
        ({"key": "fetch", "topic": "a b"}, "error"),
        ({"key": "fetch", "version": -1}, "error"),
        ({"key": "fetch", "client": 1}, "error"),
        ({"topic": "orders"}, "error"),
    ]
    ends = {"src": {"pod": "shop/web"}, "dst": {"pod": "shop/queue"}, "port": 9092}
    lines = [{**ends, "kafka": kafka} for kafka, _ in sent]
    lines += [{**ends, "kafka": {"key": "fetch"}, "protocol": "UDP"}, {**ends, "kafka": {"key": "fetch"}, "dns": "a.x"}]
    (tmp_path / "flows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    folder = str(tmp_path / "m.yaml")
    under = ["--cni", "cilium", "--assume", "cilium_version=1.19"]
    assert run(["eval", folder, *under, "--flows", str(tmp_path / "flows.jsonl"), "--format", "json"]) == 2
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [a.get("verdict", "error") for a in answers] == [*(want for _, want in sent), "error", "error"]
    unknown = "the Kafka request is metadata or produce of the topic orders of the client cart"
    assert [a.get("depends") for a in answers[:5]] == [[], [], [unknown], [], []]
    given = [*under, "--from", "shop/web", "--to", "service/shop/broker", "--port", "9093", "--no-color", "--kafka"]
    run(["eval", folder, *given, "produce orders"])
    assert "TCP 9092, Kafka produce orders, through service" in capsys.readouterr().out
    run(["explain", folder, *under, "--from", "shop/web", "--to", "shop/queue", "--no-color", "--kafka", "fetch a"])
    told = capsys.readouterr().out
    assert (
        "the Kafka request is fetch a, not metadata or produce of the topic orders of the client cart, nor api" in told
    )
    assert "opens nothing else" not in told  # but all other requests
    assert run(["eval", folder, *given, "produce two topics"]) == 2
