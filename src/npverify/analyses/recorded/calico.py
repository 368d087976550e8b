"""Reads the flow logs of Calico, one JSON object on each line.

Two spellings of the same fields: what Felix writes for files and Elasticsearch (projectcalico/calico
felix/collector/flowlog JSONOutput: `source_name_aggr`, `proto`, `reporter: src`), and what Goldmane and Whisker give
(goldmane/proto/api.proto FlowKey: `source_name` is the aggregated one, `protocol`, `reporter: Src`, `action: Allow`).
A log is written at one end: `src` tells what egress policy said, `dst` what ingress policy said.
"""

from __future__ import annotations

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
)
from npverify.normal.policy import Direction

_REPORTERS = {"src": Direction.EGRESS, "dst": Direction.INGRESS}
_ACTIONS = {"allow": True, "deny": False}
# felix/collector/flowlog protoNames; others are numbers as text
_PROTOCOLS = {
    "tcp": "TCP", "udp": "UDP", "sctp": "SCTP", "icmp": "ICMP", "icmp6": "ICMP", "icmpv6": "ICMP", "ipip": "4", "esp": "50",
}  # fmt: skip
_TYPES = {
    "workloadendpoint": "wep", "hostendpoint": "hep", "networkset": "ns", "network": "net",
    "wep": "wep", "hep": "hep", "ns": "ns", "net": "net",
}  # fmt: skip
_OUTSIDE = {"pub": "public", "pvt": "private"}
_MARKS = ("source_name_aggr", "dest_name_aggr", "source_name", "dest_name", "source_namespace", "dest_namespace")


def is_calico(value: Json) -> bool:
    """Whether a line looks like one of Calico."""
    value = _inside(value)
    return ("action" in value or "reporter" in value) and any(key in value for key in _MARKS)


def _inside(value: Json) -> Json:
    """The log itself, where Elasticsearch has wrapped it."""
    wrapped = value.get("_source")
    return wrapped if isinstance(wrapped, dict) else value


def read_calico(value: Json) -> Record:
    """A line as a record; InputError where it does not say what it must."""
    value = _inside(value)
    action, reporter = text(value, "action"), text(value, "reporter")
    if action.lower() not in _ACTIONS:
        shown = f"is `{action}`" if action else "is missing"
        raise malformed(f"`action` {shown}", fix="`allow` or `deny`")
    if reporter.lower() not in _REPORTERS:
        shown = f"is `{reporter}`" if reporter else "is missing"
        raise malformed(f"`reporter` {shown}", fix="`src` or `dst`")
    field = "proto" if value.get("proto") is not None else "protocol"
    protocol = _protocol(text(value, field), field)
    sent = RecordedFlow(
        _end(value, "source"),
        _end(value, "dest"),
        protocol,
        src_port=number(value, "source_port") or None,
    )
    if protocol in ("TCP", "UDP", "SCTP"):
        port = number(value, "dest_port")
        if not port:
            raise malformed(f"`dest_port` is missing, and {protocol} has ports")
        sent = sent._replace(port=port)
    else:
        sent = sent._replace(src_port=None)
    return Record("calico", action, _ACTIONS[action.lower()], _REPORTERS[reporter.lower()], sent)


def _protocol(name: str, field: str) -> str:
    found = _PROTOCOLS.get(name.lower(), name)
    if found in _PROTOCOLS.values() or (found.isascii() and found.isdigit() and int(found) <= 255):
        return {"6": "TCP", "17": "UDP", "132": "SCTP", "1": "ICMP", "58": "ICMP"}.get(found, found)
    raise malformed(f"`{field}` {f'`{name}` is no protocol' if name else 'is missing'}", fix="such as `tcp`")


def _said(value: Json, key: str) -> str:
    """A text; `-` stands for none."""
    found = text(value, key)
    return "" if found == "-" else found


def _end(value: Json, side: str) -> RecordedEnd:
    given = text(value, f"{side}_type").lower().replace(" ", "")
    name, together = _said(value, f"{side}_name"), _said(value, f"{side}_name_aggr")
    namespace, address = _said(value, f"{side}_namespace"), ip(value, f"{side}_ip")
    if name.endswith("*") or (name in _OUTSIDE and not together):
        name, together = "", name
    kind = _TYPES.get(given, "")
    if given and not kind:
        raise malformed(f"`{side}_type` is `{given}`", fix="wep, hep, ns or net")
    if not kind:
        kind = "net" if together in _OUTSIDE else "wep" if namespace else "net" if address else "hep"
    match kind:
        case "wep":
            if not namespace or not (name or together):
                raise malformed(f"the {_WORDS[side]} is a pod without name or namespace", fix=f"`{side}_name_aggr`")
            pod = name or ("" if together.endswith("*") else together)
            prefix = "" if pod else together.removesuffix("*")
            return RecordedEnd(namespace, pod, prefix, address=address, labels=_labels(value, side))
        case "hep":
            return RecordedEnd(address=address, node=(name or together).removesuffix("*"), host=True)
        case _ if address:
            return RecordedEnd(address=address)
        case "ns":
            shown = name or together or "without a name"
            return RecordedEnd(nobody=f"an address of network set {shown}, which was not recorded")
        case _:
            return RecordedEnd(outside=_OUTSIDE.get(together, "public" if not together else "private"))


_WORDS = {"source": "source", "dest": "destination"}


def _labels(value: Json, side: str) -> tuple[str, ...]:
    """`key=value` of the pods: a list in a map (Felix), or one text with bars between (Whisker)."""
    found = value.get(f"{side}_labels")
    if isinstance(found, str):
        return tuple(part.strip() for part in found.split("|") if "=" in part)
    if isinstance(found, list):
        return tuple(item for item in found if isinstance(item, str) and "=" in item)
    listed = inner(value, f"{side}_labels").get("labels") if found is not None else None
    return tuple(item for item in listed if isinstance(item, str) and "=" in item) if isinstance(listed, list) else ()
