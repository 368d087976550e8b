"""Reads the flows of Hubble: the lines of `hubble observe -o jsonpb`, or of an export file.

Fields are those of cilium/cilium api/v1/flow/flow.proto, written with their proto names; zero values are left out, and
enums are texts. A line is `{"flow": {…}, "node_name": …, "time": …}`, or the flow alone.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from npverify.analyses.recorded.record import (
    Json,
    Record,
    RecordedEnd,
    RecordedFlow,
    inner,
    ip,
    malformed,
    number,
    text,
    texts,
)
from npverify.normal.flow import KafkaRequest, Request
from npverify.normal.kafka import WITH_TOPIC, key_of
from npverify.normal.policy import Direction
from npverify.normal.requests import as_name

# what may stand in the place of `flow`: observer.proto GetFlowsResponse and ExportEvent
_NO_FLOWS = ("node_status", "lost_events", "agent_event", "debug_event")

_ALLOWED = ("FORWARDED", "REDIRECTED")
_VERDICTS = (*_ALLOWED, "DROPPED", "ERROR", "AUDIT", "TRACED", "TRANSLATED", "VERDICT_UNKNOWN")
# pkg/monitor/api/drop.go: no rule allows it, a rule denies it, a rule wants authentication that was not there
_BY_POLICY = {"POLICY_DENIED": 133, "POLICY_DENY": 181, "AUTH_REQUIRED": 189}
_DIRECTIONS = {"EGRESS": Direction.EGRESS, "INGRESS": Direction.INGRESS}
_PROTOCOLS = {
    "TCP": "TCP",
    "UDP": "UDP",
    "SCTP": "SCTP",
    "ICMPv4": "ICMP",
    "ICMPv6": "ICMP",
    "VRRP": "112",
    "IGMP": "2",
}
# keys without a name in pkg/policy/api/kafka ReverseAPIKeyMap
_LATER_KEYS = {"34": "alterreplicalogdirs", "35": "describelogdirs", "36": "saslauthenticate", "37": "createpartitions"}
_TRACE = 4  # pkg/monitor/api MessageTypeTrace: a packet was seen, established or not
# what has an identity but is no pod that a policy here selects or names
_NOBODY = {
    "reserved:health": "the health endpoint of a node",
    "reserved:init": "an endpoint that has no labels yet",
    "reserved:unmanaged": "an endpoint that the plugin does not manage",
    "reserved:ingress": "the ingress proxy",
    "reserved:unknown": "an endpoint of unknown identity",
}


def is_hubble(value: Json) -> bool:
    """Whether a line looks like one of Hubble."""
    if any(key in value for key in ("flow", *_NO_FLOWS)):
        return True
    return "verdict" in value and any(key in value for key in ("IP", "l4", "l7", "source", "destination"))


def read_hubble(value: Json) -> Record:
    """A line as a record; InputError where it does not say what it must."""
    if "flow" not in value and (other := next((key for key in _NO_FLOWS if key in value), None)):
        return Record("hubble", "", skip=f"no flow but `{other}`")
    if "flow" in value and not isinstance(value["flow"], dict):
        raise malformed("`flow` is not a map")
    flow = inner(value, "flow") or value
    verdict = text(flow, "verdict")
    if verdict not in ("", *_VERDICTS):
        raise malformed(f"`verdict` `{verdict}` is none of Hubble", fix=f"one of {', '.join(_VERDICTS)}")
    way = text(flow, "traffic_direction")
    direction = _DIRECTIONS.get(way)
    if skip := _why_skipped(flow, verdict):
        return Record("hubble", verdict, None, direction, skip=skip)
    node = text(flow, "node_name") or text(value, "node_name")
    sent = _flow(flow, node.rpartition("/")[2], direction)
    if sent is None:
        return Record("hubble", verdict, None, direction, skip="its transport protocol is not recorded")
    return Record("hubble", verdict, verdict in _ALLOWED, direction, sent)


def _why_skipped(flow: Json, verdict: str) -> str:
    """Why a line is no new flow that policies judge; "" if it is one."""
    l7, is_reply = inner(flow, "l7"), flow.get("is_reply")
    if is_reply not in (None, True, False):
        raise malformed("`is_reply` is not true or false")
    if (
        is_reply
        or (is_reply is None and flow.get("reply") is True)
        or text(l7, "type", "l7.") in ("RESPONSE", "SAMPLE")
    ):
        return "a reply: allowed with the flow that it answers"
    if text(flow, "Type") == "SOCK" or verdict in ("TRACED", "TRANSLATED"):
        return "traced at the socket, where no policy judges it"
    if verdict in ("", "VERDICT_UNKNOWN", "ERROR"):
        return "no verdict is recorded"
    if verdict == "DROPPED" and not l7 and (reason := _other_reason(flow)):
        return f"dropped for another reason than policy: {reason}"
    if number(inner(flow, "event_type"), "type", "event_type.", 1 << 31) == _TRACE:
        if text(flow, "trace_observation_point").startswith("FROM_"):
            return "seen before a policy judged it"
        if is_reply is None and not _opens(flow):
            return "whether it is a reply is not recorded"
    return ""


def _other_reason(flow: Json) -> str:
    reason = text(flow, "drop_reason_desc")
    code = number(flow, "drop_reason", most=1 << 31)
    if reason:
        return "" if reason in _BY_POLICY else reason
    return "" if code in (None, *_BY_POLICY.values()) else f"drop reason {code}"


def _opens(flow: Json) -> bool:
    """Whether it is the first packet of a TCP connection."""
    flags = inner(inner(inner(flow, "l4"), "TCP"), "flags")
    return flags.get("SYN") is True and flags.get("ACK") is not True


def _flow(flow: Json, node: str, direction: Direction | None) -> RecordedFlow | None:
    addresses, l4 = inner(flow, "IP"), inner(flow, "l4")
    src, dst = (_end(flow, side, ip(addresses, side, "IP."), node) for side in ("source", "destination"))
    if direction is not None and src.cluster and dst.cluster and src.cluster != dst.cluster:
        # the end that reports is of the own cluster, whatever that is called
        if direction is Direction.INGRESS:
            src = src._replace(elsewhere=True)
        else:
            dst = dst._replace(elsewhere=True)
    known = [key for key in l4 if key in _PROTOCOLS]
    if len(known) != 1:
        if l4:
            raise malformed(f"`l4` names {', '.join(sorted(l4))}", fix=f"one of {', '.join(_PROTOCOLS)}")
        return None
    name = known[0]
    sent, where = inner(l4, name, "l4."), f"l4.{name}."
    protocol = _PROTOCOLS[name]
    if protocol == "ICMP":
        # zero values are left out: an echo reply has type 0
        message = (number(sent, "type", where, 255) or 0, number(sent, "code", where, 255) or 0)
        return RecordedFlow(src, dst, protocol, icmp=message)
    if protocol not in ("TCP", "UDP", "SCTP"):
        return RecordedFlow(src, dst, protocol)
    port = number(sent, "destination_port", where)
    if not port:
        raise malformed(f"`{where}destination_port` is missing")
    src_port = number(sent, "source_port", where) or None
    asked = as_name(text(inner(inner(flow, "l7"), "dns", "l7."), "query", "l7.dns."))
    return RecordedFlow(src, dst, protocol, port, None, src_port, _request(flow), dns=asked, kafka=_kafka(flow))


def _request(flow: Json) -> Request | None:
    http = inner(inner(flow, "l7"), "http", "l7.")
    method, url = text(http, "method", "l7.http."), text(http, "url", "l7.http.")
    if not method or not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        raise malformed(f"`l7.http.url` `{url}` is no URL") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Request(method, path.replace(" ", "%20"), parts.netloc) if path.startswith("/") else None


def _kafka(flow: Json) -> KafkaRequest | None:
    """The request of Kafka, of which neither the client nor, where it is 0, the version is recorded."""
    kafka = inner(inner(flow, "l7"), "kafka", "l7.")
    key = text(kafka, "api_key", "l7.kafka.")
    known = _LATER_KEYS.get(key) or key_of(key)
    if known is None and key.isdigit() and int(key) > 37:
        known = "createdelegationtoken"
    if known is None:
        return None
    topic = text(kafka, "topic", "l7.kafka.") if known in WITH_TOPIC else ""
    return KafkaRequest(known, topic or None, None, number(kafka, "api_version", "l7.kafka.") or None)


def _end(flow: Json, side: str, address: str, node: str) -> RecordedEnd:
    where = f"{side}."
    end = inner(flow, side)
    labels = texts(end, "labels", where)
    namespace, pod, cluster = (
        text(end, "namespace", where),
        text(end, "pod_name", where),
        text(end, "cluster_name", where),
    )
    if pod:
        if not namespace:
            raise malformed(f"`{where}pod_name` is `{pod}`, but `{where}namespace` is missing")
        own = tuple(label.removeprefix("k8s:") for label in labels if label.startswith("k8s:") and "=" in label)
        return RecordedEnd(namespace, pod, workload=_workload(end, where), address=address, cluster=cluster, labels=own)
    if "reserved:host" in labels:
        return RecordedEnd(address=address, node=node, host=True, cluster=cluster)
    if "reserved:remote-node" in labels:
        return RecordedEnd(address=address, host=True, cluster=cluster)
    if nobody := next((_NOBODY[label] for label in labels if label in _NOBODY), ""):
        return RecordedEnd(address=address, nobody=nobody)
    if not address:
        raise malformed(f"the {side} has neither `{where}pod_name` nor `IP.{side}`")
    service = inner(flow, f"{side}_service")
    name, space = text(service, "name", f"{side}_service."), text(service, "namespace", f"{side}_service.")
    return RecordedEnd(address=address, service=f"{space}/{name}" if name and space else "")


def _workload(end: Json, where: str) -> tuple[str, str]:
    found = end.get("workloads")
    if found is None:
        return ("", "")
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise malformed(f"`{where}workloads` is not a list of maps")
    return next(((text(w, "name", where), text(w, "kind", where)) for w in found if w.get("name")), ("", ""))
