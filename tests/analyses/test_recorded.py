"""Logs of Hubble and Calico: how a line is read, what the policies say of it now, and whether that agrees. One row per fact."""

from __future__ import annotations

import pytest

from npverify.analyses.flows import FlowReader
from npverify.analyses.recorded.ends import UnknownEndError, find_end
from npverify.analyses.recorded.lines import check_flows_format, read_line
from npverify.analyses.recorded.record import Record, RecordedEnd
from npverify.analyses.recorded.replay import Replay
from npverify.ingest.source import InputError
from npverify.normal.flow import KafkaRequest, Request
from npverify.normal.policy import Direction
from recorded_samples import CACHE, DB, SHOP, WEB, WORLD, felix, goldmane, hubble, line, world

IT = world()
REPLAY = Replay(IT)


def _record(value: object) -> Record:
    found = read_line(line(value))
    assert isinstance(found, Record)
    return found


# What a line says now (allowed, denied; "" if it is not judged), whether that agrees, and a part of what is told beside it
ANSWERS = [
    # of Hubble, the verdicts
    ("allowed and recorded so", hubble(), "allowed", True, ""),
    ("bare flow without its wrapper", hubble()["flow"], "allowed", True, ""),
    ("dropped for want of a rule", hubble(verdict="DROPPED", drop_reason=133, drop_reason_desc="POLICY_DENIED"), "allowed", False, ""),
    ("dropped by a rule", hubble(verdict="DROPPED", drop_reason_desc="POLICY_DENY"), "allowed", False, ""),
    ("a drop reason by its number alone", hubble(verdict="DROPPED", drop_reason=181), "allowed", False, ""),
    ("a drop that policy did not cause", hubble(verdict="DROPPED", drop_reason_desc="CT_MAP_INSERTION_FAILED"), "", None, "CT_MAP_INSERTION_FAILED"),
    ("another drop reason by its number", hubble(verdict="DROPPED", drop_reason=155), "", None, "drop reason 155"),
    ("audit mode tells what policy would deny", hubble(verdict="AUDIT", l4={"TCP": {"destination_port": 80}}), "denied", True, ""),
    ("sent to the proxy is allowed", hubble(verdict="REDIRECTED"), "allowed", True, ""),
    ("no verdict", hubble(verdict=None), "", None, "no verdict"),
    ("an error", hubble(verdict="ERROR"), "", None, "no verdict"),
    ("denied now, allowed then", hubble(l4={"TCP": {"destination_port": 5433}}), "denied", False, ""),
    ("another protocol", hubble(l4={"UDP": {"destination_port": 5432}}), "denied", False, ""),
    ("SCTP", hubble(l4={"SCTP": {"destination_port": 5432}}, verdict="DROPPED", drop_reason_desc="POLICY_DENIED"), "denied", True, ""),
    ("an echo request has a type", hubble(l4={"ICMPv4": {"type": 8}}, destination=WEB), "allowed", True, ""),
    ("zero values are left out", hubble(l4={"ICMPv4": {}}, destination=WEB), "allowed", True, ""),
    # of Hubble, what is no new flow
    ("a reply", hubble(is_reply=True), "", None, "a reply"),
    ("a reply in the older field", hubble(is_reply=None, reply=True), "", None, "a reply"),
    ("a response", hubble(Type="L7", l7={"type": "RESPONSE", "http": {"code": 200}}), "", None, "a reply"),
    ("a socket that is translated", hubble(Type="SOCK", verdict="TRANSLATED"), "", None, "at the socket"),
    ("before policy", hubble(event_type={"type": 4}, trace_observation_point="FROM_ENDPOINT"), "", None, "before a policy"),
    ("a trace that may be a reply", hubble(event_type={"type": 4}, is_reply=None, l4={"UDP": {"destination_port": 53}}), "", None, "whether it is a reply"),
    ("a trace of the first packet", hubble(event_type={"type": 4, "sub_type": 3}, is_reply=None), "allowed", True, ""),
    ("a trace that answers the first packet", hubble(event_type={"type": 4}, is_reply=None, l4={"TCP": {"destination_port": 5432, "flags": {"SYN": True, "ACK": True}}}), "", None, "whether it is a reply"),
    ("a verdict event says nothing of replies", hubble(is_reply=None), "allowed", True, ""),
    ("events that were lost", {"lost_events": {"source": "HUBBLE_RING_BUFFER", "num_events_lost": "7"}, "node_name": "n1"}, "", None, "lost_events"),
    ("no transport", hubble(l4=None), "", None, "transport"),
    # of Hubble, the ends
    ("a pod that is gone, by its workload", hubble(source={**WEB, "pod_name": "web-0000000000-zzzzz"}), "allowed", True, ""),
    ("a pod that is gone, by its name alone", hubble(source={**WEB, "workloads": None}), "allowed", True, ""),
    ("a pod that nothing makes", hubble(source={"namespace": "shop", "pod_name": "old-1"}), "", None, "pod shop/old-1 is not in the inventory"),
    ("a namespace that is gone", hubble(source={"namespace": "gone", "pod_name": "web-1"}), "", None, "no namespace gone"),
    ("from outside", hubble(source=WORLD, IP={"source": "198.51.100.7", "destination": "10.1.0.22"}), "denied", False, ""),
    ("to an outside address that is allowed", hubble(source=DB, destination=WORLD, traffic_direction="EGRESS", IP={"source": "10.1.0.22", "destination": "203.0.113.5"}, l4={"TCP": {"destination_port": 443}}), "allowed", True, ""),
    ("to one that is not", hubble(source=DB, destination=WORLD, traffic_direction="EGRESS", IP={"source": "10.1.0.22", "destination": "198.51.100.7"}, l4={"TCP": {"destination_port": 443}}), "denied", False, ""),
    ("from the node of the pod", hubble(source={"identity": 1, "labels": ["reserved:host"]}, destination=CACHE, IP={"source": "10.0.0.1", "destination": "10.1.0.7"}), "allowed", True, ""),
    ("from another node that is not known", hubble(source={"labels": ["reserved:remote-node"]}, IP={"source": "192.168.0.9", "destination": "10.1.0.22"}), "", None, "node 192.168.0.9"),
    ("from the health endpoint", hubble(source={"labels": ["reserved:health"]}), "", None, "health endpoint"),
    ("to a virtual address: its backends", hubble(source=WEB, destination={"labels": ["reserved:world"]}, IP={"source": "10.1.0.21", "destination": "10.96.0.9"}, l4={"TCP": {"destination_port": 80}}), "allowed", True, ""),
    ("a pod of other labels now", hubble(source={**WEB, "labels": ["k8s:app=old"]}, verdict="DROPPED", drop_reason_desc="POLICY_DENIED"), "allowed", None, "had other labels then: app=old"),
    ("a pod that had no such label then", hubble(source={**WEB, "labels": ["k8s:v=1"]}, verdict="DROPPED", drop_reason_desc="POLICY_DENIED"), "allowed", None, "had other labels then: no app"),
    ("pods that were counted together share not all labels", felix(source_labels={"labels": ["v=1"]}, action="deny"), "allowed", False, ""),
    ("a pod of another cluster of the same name", hubble(source={**WEB, "cluster_name": "west"}), "", None, "cluster west is not given with --remote"),
    ("the cluster that reports is the own one, whatever it is called", hubble(source={**WEB, "cluster_name": "west"}, destination={**DB, "cluster_name": "west"}), "allowed", True, ""),
    ("labels that no policy looks at", hubble(source={**WEB, "labels": ["k8s:app=web", "k8s:v=1"]}, l4={"TCP": {"destination_port": 1}}), "denied", False, ""),
    # which end reported
    ("allowed at the source says nothing of the destination", hubble(traffic_direction="EGRESS", l4={"TCP": {"destination_port": 1}}), "denied", True, ""),
    ("allowed at the destination had left the source", hubble(source=DB, destination=WEB), "denied", False, ""),
    ("denied at the source", hubble(source=DB, destination=WEB, traffic_direction="EGRESS", verdict="DROPPED", drop_reason_desc="POLICY_DENIED"), "denied", True, ""),
    ("denied at the destination, which allows it", hubble(source=DB, destination=WEB, verdict="DROPPED", drop_reason_desc="POLICY_DENIED"), "denied", False, ""),
    ("denied at an end that is not told", hubble(traffic_direction=None, verdict="DROPPED", drop_reason_desc="POLICY_DENIED", l4={"TCP": {"destination_port": 1}}), "denied", True, ""),
    # Calico
    ("Felix", felix(), "allowed", True, ""),
    ("Felix in Elasticsearch", {"_index": "tigera_secure_ee_flows", "_source": felix()}, "allowed", True, ""),
    ("Whisker", goldmane(), "allowed", True, ""),
    ("denied then", felix(action="deny"), "allowed", False, ""),
    ("denied then, in Whisker", goldmane(action="Deny"), "allowed", False, ""),
    ("denied now", felix(dest_port=80), "denied", False, ""),
    ("reported at the source", felix(dest_port=80, reporter="src"), "denied", True, ""),
    ("a pod by its name", felix(source_name="web-7c9f8d-x2k4p", source_ip="10.1.0.21", source_port=40912), "allowed", True, ""),
    ("the pod of a StatefulSet", felix(dest_name="db-0", dest_ip="10.1.0.22"), "allowed", True, ""),
    ("the pods of a CronJob", felix(source_name_aggr="report-29392920-*", source_labels=None), "denied", False, ""),
    ("a pod that nobody generated", felix(dest_name_aggr="cache", dest_port=6379, dest_labels=None), "allowed", True, ""),
    ("pods of a workload that is gone", felix(source_name_aggr="gone-7c9f-*"), "", None, "pods shop/gone-7c9f-* is not in the inventory"),
    ("a word is no hash", felix(source_name_aggr="web-api-*"), "", None, "not in the inventory"),
    ("any public address", felix(source_name_aggr="pub", source_namespace="-", source_type="net", source_labels=None, action="deny"), "denied", True, ""),
    ("any private address", felix(source_name_aggr="pvt", source_namespace="-", source_type="net", source_labels=None), "denied", False, ""),
    ("public addresses that fare differently", felix(source_name_aggr="db-*", dest_name_aggr="pub", dest_namespace="-", dest_type="net", dest_port=443, reporter="src"), "", None, "policies tell such addresses apart"),
    ("private addresses that all fare alike", felix(source_name_aggr="db-*", dest_name_aggr="pvt", dest_namespace="-", dest_type="net", dest_port=443, reporter="src", action="deny"), "denied", True, ""),
    ("an outside address", felix(source_type="net", source_name_aggr="pub", source_namespace="-", source_ip="198.51.100.7", action="deny"), "denied", True, ""),
    ("a network set with the address", felix(source_type="ns", source_name_aggr="partners", source_namespace="-", source_ip="198.51.100.7", action="deny"), "denied", True, ""),
    ("a network set without it", felix(source_type="ns", source_name_aggr="partners", source_namespace="-"), "", None, "network set partners"),
    ("a node", felix(source_type="hep", source_name_aggr="n1", source_namespace="-", dest_name_aggr="cache", dest_labels=None), "allowed", True, ""),
    ("a node that is not known", felix(source_type="hep", source_name_aggr="n7", source_namespace="-"), "", None, "node n7"),
    ("ICMP has no port", felix(proto="icmp", dest_port=None, source_port=None, action="deny"), "denied", True, ""),
    ("a protocol by its number", felix(proto="47", dest_port=None, action="deny"), "denied", True, ""),
]  # fmt: skip


@pytest.mark.parametrize(("value", "verdict", "agrees", "told"), [pytest.param(*row[1:], id=row[0]) for row in ANSWERS])
def test_what_a_record_is_answered(value, verdict, agrees, told) -> None:
    """A line gets the verdict of the policies; what is no new flow, or has an end that nobody knows, is told as such."""
    found = REPLAY.answer(_record(value))
    said = found.evaluation
    assert ("" if said is None else "allowed" if said.verdict.allowed else "denied") == verdict
    assert found.agrees is agrees
    assert told in (found.unknown or found.record.skip or found.because)
    assert bool(told) == bool(found.unknown or found.record.skip or found.because)


MALFORMED = [
    ("no JSON", b"{", "not JSON"),
    ("not UTF-8", b'{"src": "\xff"}', "UTF-8"),
    ("nothing that is known", line({"a": 1}), ""),
    ("a verdict that is none", line(hubble(verdict="MAYBE")), "verdict"),
    ("a verdict of another type", line(hubble(verdict=7)), "`verdict` is a number"),
    ("IP that is no map", line(hubble(IP="10.0.0.1")), "`IP` is text, not a map"),
    (
        "an address that is none",
        line(hubble(IP={"source": "300.1.1.1", "destination": "10.1.0.7"})),
        "`IP.source` `300.1.1.1`",
    ),
    ("a flow that is no map", line({"flow": None, "node_name": "n1"}), "`flow` is not a map"),
    ("an address of Calico that is none", line(felix(source_ip="web")), "`source_ip` `web`"),
    ("a port that is text", line(hubble(l4={"TCP": {"destination_port": "80"}})), "l4.TCP.destination_port"),
    ("no port", line(hubble(l4={"TCP": {"source_port": 80}})), "l4.TCP.destination_port"),
    ("a port beyond the last", line(hubble(l4={"TCP": {"destination_port": 65536}})), "65536"),
    ("two transports", line(hubble(l4={"TCP": {}, "UDP": {}})), "TCP, UDP"),
    ("labels that are no list", line(hubble(source={**WEB, "labels": "app=web"})), "source.labels"),
    ("a pod without a namespace", line(hubble(source={"pod_name": "web"})), "source.namespace"),
    ("an end without anything", line(hubble(source={}, IP={"destination": "10.1.0.7"})), "source"),
    ("is_reply of another type", line(hubble(is_reply="no")), "is_reply"),
    ("workloads of another type", line(hubble(source={**WEB, "workloads": {"name": "web"}})), "workloads"),
    ("a Calico action that is none", line(felix(action="maybe")), "`action` is `maybe`"),
    ("no reporter", line(felix(reporter=None)), "`reporter` is missing"),
    ("no protocol", line(felix(proto=None)), "`protocol` is missing"),
    ("a protocol that is none", line(felix(proto="tcpp")), "tcpp"),
    ("no destination port", line(felix(dest_port=None)), "dest_port"),
    ("a type that is none", line(felix(dest_type="pod")), "dest_type"),
    ("a pod without a name", line(felix(dest_name_aggr="-")), "destination"),
    ("a port of another type", line(felix(dest_port=True)), "dest_port"),
]


@pytest.mark.parametrize(("text", "told"), [pytest.param(*row[1:], id=row[0]) for row in MALFORMED])
def test_a_malformed_line_is_told(text, told) -> None:
    """What cannot be read is an error of that line, which names the field."""
    reader = FlowReader(IT.inventory)
    with pytest.raises(InputError) as caught:
        reader.read(read_line(text))
    assert told in caught.value.diagnostics[0].message


@pytest.mark.parametrize("format_", ["hubble", "calico"])
@pytest.mark.parametrize("text", [b"1", b"[]", b'{"src": {}}'])
def test_a_format_that_was_named_is_held_to(format_, text) -> None:
    """With a format named, a line of another one is malformed."""
    with pytest.raises(InputError):
        read_line(text, format_)


def test_native_lines_are_left_to_their_reader() -> None:
    """Lines that are flows in npverify's own form are given on as they are, also if they are named so."""
    flow = {"src": {"pod": "shop/cache"}, "dst": {"ip": "203.0.113.9"}, "port": 1}
    assert read_line(line(flow)) == flow
    assert read_line(line(hubble()), "npverify") == hubble()
    with pytest.raises(InputError, match="twice"):
        read_line(b'{"src": 1, "src": 2}')


def test_a_format_is_one_of_four() -> None:
    """A near miss is told."""
    assert check_flows_format("hubble") == "hubble"
    with pytest.raises(InputError) as caught:
        check_flows_format("huble")
    assert "hubble" in caught.value.diagnostics[0].fix


URLS = [
    ("http://shop.example/a/b?c=d", Request("GET", "/a/b?c=d", "shop.example")),
    ("http://shop.example:8080", Request("GET", "/", "shop.example:8080")),
    ("/a b", Request("GET", "/a%20b", "")),
    ("*", None),
    ("", None),
]


@pytest.mark.parametrize(("url", "request_"), URLS)
def test_a_request_is_read_from_its_url(url, request_) -> None:
    """Hubble writes the whole URL; policies look at method and path."""
    l7 = {"type": "REQUEST", "http": {"method": "GET", "url": url, "protocol": "HTTP/1.1"}}
    found = _record(hubble(Type="L7", verdict="FORWARDED", l7=l7))
    assert found.flow is not None
    assert found.flow.http == request_


KAFKAS = [
    ({"api_key": "produce", "topic": "orders", "api_version": 3}, KafkaRequest("produce", "orders", None, 3)),
    ({"api_key": "heartbeat", "topic": "orders"}, KafkaRequest("heartbeat")),
    ({"api_key": "37"}, KafkaRequest("createpartitions")),
    ({"api_key": "60"}, KafkaRequest("createdelegationtoken")),
    ({"api_key": "other"}, None),
    ({}, None),
]


@pytest.mark.parametrize(("kafka", "request_"), KAFKAS)
def test_a_request_of_kafka_is_read(kafka, request_) -> None:
    """Hubble writes the key by its name, or by its number where it has none, and one topic."""
    found = _record(hubble(Type="L7", verdict="DROPPED", l7={"type": "REQUEST", "kafka": kafka}))
    assert found.flow is not None
    assert found.flow.kafka == request_


def test_what_is_read_of_a_line() -> None:
    """Direction, ports and what names the ends."""
    found = _record(hubble())
    assert (found.direction, found.allowed) == (Direction.INGRESS, True)
    assert found.flow is not None
    assert (found.flow.protocol, found.flow.port, found.flow.src_port) == ("TCP", 5432, 40912)
    assert found.flow.dst == RecordedEnd(
        "shop", "db-0", "", ("db", "StatefulSet"), "10.1.0.22", cluster="default", labels=("app=db",)
    )


def test_source_ports_matter_only_where_a_policy_looks_at_them() -> None:
    """Flows that differ in a source port that nobody looks at are one; where a rule asks for it, it is judged."""
    replay = Replay(IT)
    lines = [_record(hubble(l4={"TCP": {"source_port": n, "destination_port": 5432}})) for n in (1, 2, 3)]
    assert len({id(replay.answer(record)) for record in lines}) == 1
    calico = """\
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: from-port, namespace: shop}
spec:
  selector: app == 'web'
  types: [Ingress]
  ingress: [{action: Allow, protocol: TCP, source: {ports: [2]}}]
"""
    replay = Replay(world(SHOP + calico))
    lines = [
        _record(hubble(source=CACHE, destination=WEB, l4={"TCP": {"source_port": n, "destination_port": 80}}))
        for n in (1, 2)
    ]
    assert [replay.answer(record).agrees for record in lines] == [False, True]


TWO = (
    SHOP
    + """\
---
apiVersion: batch/v1
kind: Job
metadata: {name: db, namespace: shop}
spec: {template: {metadata: {labels: {app: job}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}
"""
)


def test_a_name_that_two_workloads_may_have_made_is_not_guessed() -> None:
    """A Job and a StatefulSet of one name make pods whose names begin alike."""
    directory = FlowReader(world(TWO).inventory).directory
    with pytest.raises(UnknownEndError, match="several workloads: Job db, StatefulSet db"):
        find_end(directory, RecordedEnd("shop", prefix="db-"))
    found = find_end(directory, RecordedEnd("shop", "db-9", workload=("db", "Job")))
    assert found.members[0].workload is not None
    assert found.members[0].workload.kind == "Job"


DUAL = (
    SHOP
    + """\
---
apiVersion: v1
kind: Pod
metadata: {name: dual, namespace: shop, labels: {app: dual}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIPs: [{ip: 10.4.0.1}, {ip: "fd00::4"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: shop, labels: {app: other}}
spec: {containers: [{name: c, image: i}]}
status: {phase: Running, podIPs: [{ip: 10.4.0.2}, {ip: "fd00::5"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: six, namespace: shop}
spec:
  podSelector: {matchLabels: {app: other}}
  ingress: [{from: [{ipBlock: {cidr: "fd00::/8"}}]}]
"""
)


@pytest.mark.parametrize(
    ("source", "destination", "verdict"), [("10.4.0.1", "10.4.0.2", False), ("fd00::4", "fd00::5", True)]
)
def test_a_pod_of_two_families_is_judged_by_the_recorded_one(source, destination, verdict) -> None:
    """The policy lets in IPv6 addresses alone, and the log tells over which family the packet came."""
    replay = Replay(world(DUAL, cni="calico"))
    dual, other = ({"namespace": "shop", "pod_name": name} for name in ("dual", "other"))
    ip = {"source": source, "destination": destination}
    found = replay.answer(_record(hubble(source=dual, destination=other, IP=ip)))
    assert found.evaluation is not None
    assert found.evaluation.verdict.allowed is verdict
