"""Domain values as JSON values, shared by every command: endpoints, flows, verdicts, policies.

Keys keep the order in which they are written here; docs/json.md describes them.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import Endpoint, EndpointKind, WorkloadRef
from npverify.normal.flow import Decider, Flow, SideVerdict
from npverify.normal.policy import PolicyId, PolicySet
from npverify.report.words import exemption_reason

SCHEMA = "npverify/1"

Json = dict[str, Any]


def dumps(value: object) -> str:
    """A document for a person to read as well: indented, with a line break at its end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def dump_line(value: object) -> str:
    """One JSON line."""
    return json.dumps(value, ensure_ascii=False) + "\n"


def policy(id_: PolicyId) -> Json:
    """Which API object a policy is."""
    return {"kind": id_.kind, "namespace": id_.namespace, "name": id_.name}


def endpoint(end: Endpoint, address: Address | None, *, any_address: bool = False) -> Json:
    """One end of a flow, in the form that `eval --flows` reads."""
    if end.kind is EndpointKind.EXTERNAL:
        return {"ip": "any" if address is None or any_address else str(address)}
    if end.kind is EndpointKind.PROXY:
        return {"entity": "ingress"}
    cluster = {"cluster": end.cluster} if end.cluster else {}
    if end.is_node:
        return {"node": end.name, **cluster}
    if (end.replicated or end.on_every_node) and end.workload is not None:
        return {"workload": str(end.workload), "kind": end.workload.kind, **cluster}
    return {"pod": f"{end.namespace}/{end.name}", **cluster}


def flow(value: Flow, any_: Collection[str] = ()) -> Json:
    """A flow; fields whose value does not matter are "any"."""
    out: Json = {
        "src": endpoint(value.src, value.src_ip, any_address="src_ip" in any_),
        "dst": {"name": value.name} if value.name else endpoint(value.dst, value.dst_ip, any_address="dst_ip" in any_),
        "protocol": "any" if "protocol" in any_ else value.protocol,
    }
    if value.icmp is not None:
        out["icmp"] = {"type": value.icmp[0], "code": value.icmp[1]}
    elif value.port is not None:
        out["port"] = "any" if "port" in any_ else value.port
        out["src_port"] = "any" if value.src_port is None or "src_port" in any_ else value.src_port
    for side, end, address in (("src_ip", value.src, value.src_ip), ("dst_ip", value.dst, value.dst_ip)):
        if end.kind is not EndpointKind.EXTERNAL and address is not None:
            out[side] = "any" if side in any_ else str(address)
    if value.same:
        out["same_pod"] = True
    if value.own_node:
        out["own_node"] = True
    if value.via is not None:
        vip = str(value.via.vip) if value.via.vip else None
        out["via"] = {"service": f"{value.via.namespace}/{value.via.name}", "port": value.via.port, "ip": vip}
    if value.entry is not None:
        way, owner, number, rewritten = value.entry
        out["entry"] = {"way": way, "of": owner, "port": number or None, "source_rewritten": rewritten}
    if value.http is not None:
        out["http"] = {key: text for key, text in value.http._asdict().items() if text and key != "headers"}
        if value.http.headers is not None:
            out["http"]["headers"] = dict(value.http.headers)
    if value.dns is not None:
        out["dns"] = value.dns
    if value.kafka is not None:
        out["kafka"] = {key: given for key, given in value.kafka._asdict().items() if given is not None}
    return out


def side(value: SideVerdict, policies: PolicySet) -> Json:
    """The verdict of one direction with what decided it."""
    because = exemption_reason(value, policies) if value.because == "exempt" else value.because
    return {
        "verdict": value.word,
        "by": [decider(by) for by in value.by],
        "because": because,
    }


def decider(by: Decider) -> Json:
    """A policy, and the rule of it that decided (null where it decided by selecting without a match)."""
    span = by.rule.span if by.rule is not None and by.rule.span else by.policy.span
    return {
        "policy": policy(by.policy.id),
        "rule": by.rule.label if by.rule is not None else None,
        "source": str(span) if span and span.line else None,
    }


def end(value: WorkloadRef | Prefix) -> Json:
    """One end of a connection: a workload or a block of outside addresses."""
    if isinstance(value, Prefix):
        return {"cidr": str(value)}
    return {"kind": value.kind, "namespace": value.namespace, "name": value.name}
