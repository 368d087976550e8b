"""Endpoints, flows and verdicts in words, shared by every text report."""

from __future__ import annotations

from collections.abc import Collection

from npverify.inventory.model import Endpoint, EndpointKind
from npverify.normal.flow import EPHEMERAL, Decider, Entry, Flow, SideVerdict
from npverify.normal.policy import Direction, PolicySet, Tier
from npverify.normal.predicates import LabelIn, Side, atoms_among
from npverify.report.paint import printable

VERSIONS = ("calico_version", "cilium_version")
"""The settings that name the release of a plugin."""

USUAL_LABELS = ("app", "app.kubernetes.io/name", "k8s-app", "name", "role", "tier")


def kind_of(end: Endpoint) -> str:
    """`Deployment`, `Pod`, `node`, … as a reader calls it; "" for an outside address."""
    if end.kind is EndpointKind.EXTERNAL:
        return ""
    if end.kind is EndpointKind.PROXY:
        return "proxy"
    if end.is_node:
        return "node"
    kind = end.workload.kind if end.workload else "Pod"
    return f"{kind}, hostNetwork" if end.shares_address else kind


def end_name(flow: Flow, side: Side) -> str:
    """The short name of one end: `shop/web`, `node n1`, or the outside address."""
    end, address = (flow.src, flow.src_ip) if side is Side.SRC else (flow.dst, flow.dst_ip)
    if end.kind is EndpointKind.EXTERNAL:
        if flow.name and side is Side.DST:
            return flow.name
        return str(address) if address else "any outside address"
    return printable(str(end))


def end_line(flow: Flow, side: Side, mattering: Collection[str], any_: Collection[str] = ()) -> str:
    """One end in full: name, kind, the labels that matter, address."""
    end, address = (flow.src, flow.src_ip) if side is Side.SRC else (flow.dst, flow.dst_ip)
    if end.kind is EndpointKind.EXTERNAL and flow.name and side is Side.DST:
        return f"what {flow.name} resolves to (outside)"
    if end.kind is EndpointKind.EXTERNAL:
        return "any outside address" if address is None or f"{side}_ip" in any_ else f"{address} (outside)"
    if end.kind is EndpointKind.PROXY:
        return f"{end} (the identity reserved:ingress)"
    parts = [str(end)]
    if not end.is_node:
        parts.append(kind_of(end))
    keys = [k for k in sorted(end.labels) if k in mattering] or [k for k in USUAL_LABELS if k in end.labels]
    shown = [f"{k}={value}" for k in keys if isinstance(value := end.labels[k], str)]
    if shown:
        parts.append(" ".join(shown))
    if address is not None and f"{side}_ip" not in any_:
        parts.append(str(address))
    return printable("  ".join(parts))


def traffic(flow: Flow, any_: Collection[str] = ()) -> str:
    """`TCP 5432`, `TCP 5432 from port 20`, `ICMP type 8 code 0`, `UDP any port`, `protocol 253`, `TCP 80, HTTP GET /pub`, `UDP 53, DNS a.example`, `TCP 9092, Kafka produce orders`."""
    asked = printable(f", HTTP {flow.http}") if flow.http else f", DNS {flow.dns}" if flow.dns else ""
    asked = asked or (printable(f", Kafka {flow.kafka}") if flow.kafka else "")
    usual = flow.src_port in (None, EPHEMERAL) or "src_port" in any_
    return _packet(flow, any_) + ("" if usual else f" from port {flow.src_port}") + asked


def _packet(flow: Flow, any_: Collection[str]) -> str:
    protocol = f"protocol {flow.protocol}" if flow.protocol.isdigit() else flow.protocol
    if "protocol" in any_:
        protocol = "any protocol"
    if flow.icmp is not None:
        return f"{protocol} type {flow.icmp[0]} code {flow.icmp[1]}"
    if "port" in any_:
        return f"{protocol}, any port"
    return protocol if flow.port is None else f"{protocol} {flow.port}"


def via(flow: Flow) -> str:
    """`, through service shop/api port 80`, `, in through NodePort 30080 of shop/api`, or "" for a direct flow."""
    if flow.entry is not None:
        return printable(f", in through {_way(flow.entry)}")
    if flow.via is None:
        return ""
    return printable(f", through service {flow.via.namespace}/{flow.via.name} port {flow.via.port}")


def _way(entry: Entry) -> str:
    number = f" {entry.port}" if entry.port else ""
    match entry.way:
        case "Ingress":
            return entry.owner
        case "Gateway":
            return f"a Gateway{f', port{number},' if number else ''} by {entry.owner}"
        case _:
            return f"{entry.way}{number} of {entry.owner}"


def decider(by: Decider) -> str:
    """`policies/db.yaml:22:7  NetworkPolicy shop/db, ingress[1]`."""
    span = by.rule.span if by.rule is not None and by.rule.span else by.policy.span
    what = f"{by.policy.id}, {by.rule.label}" if by.rule is not None else str(by.policy.id)
    return printable(f"{span}  {what}" if span else what)


def judged(flow: Flow, direction: Direction) -> str:
    """The end that policies of a direction judge: the source for egress, the destination for ingress."""
    return end_name(flow, direction.subject)


def verdict(side: SideVerdict, flow: Flow, policies: PolicySet) -> str:
    """`allowed: shop/web is not isolated for egress`, `denied by …`: one direction on one line."""
    return _verdict(side, flow, policies) + _where(side, policies)


def _where(side: SideVerdict, policies: PolicySet) -> str:
    stages = policies.half(side.direction).stages
    where = next((stage.where for stage in stages if stage.name == side.stage), "")
    return f", {where}" if where and side.by else ""


def _verdict(side: SideVerdict, flow: Flow, policies: PolicySet) -> str:
    word = side.word
    who = judged(flow, side.direction)
    match side.because:
        case "rule":
            return f"{word} by {decider(side.by[0])}"
        case "no rule":
            names = ", ".join(dict.fromkeys(str(by.policy.id) for by in side.by[:3]))
            more = f" and {len(side.by) - 3} more" if len(side.by) > 3 else ""
            return printable(f"{word}: {who} is isolated by {names}{more}, and no {side.direction} rule matches")
        case "not isolated" if policies.profile in ("none", "flannel"):
            return f"{word}: the network plugin enforces no policy"
        case "not isolated" if side.by:
            names = ", ".join(dict.fromkeys(str(by.policy.id) for by in side.by[:3]))
            return printable(f"{word}: {names} let it pass on, and no later policy decides")
        case "not isolated":
            return f"{word}: {who} is not isolated, no policy selects it for {side.direction}"
        case "default":
            stages = policies.half(side.direction).stages
            reason = next(stage.reason for stage in stages if stage.name == side.stage)
            return printable(f"{word}: {reason.replace('{who}', who)}")
        case "no pod" if (flow.src if side.direction is Direction.EGRESS else flow.dst).cluster:
            return f"{word}: {who} is in another cluster, whose policies are not judged"
        case "no pod":
            return f"{word}: {who} is no pod, no policy applies"
        case _:
            return printable(f"{word}: {exemption_reason(side, policies)}")


def exemption_reason(side: SideVerdict, policies: PolicySet) -> str:
    """Why no policy judges an exempt flow."""
    known = {e.name: e.reason for e in policies.half(side.direction).exemptions}
    return known.get(side.exemption) or side.exemption or side.because


def tiers_of(policies: PolicySet) -> tuple[Tier, ...]:
    """The tiers of both directions."""
    return (*policies.egress.tiers, *policies.ingress.tiers)


def mattering_labels(policies: PolicySet) -> frozenset[str]:
    """The keys of the pod labels that some policy looks at."""
    of = (policy for tier in tiers_of(policies) for policy in tier.policies)
    preds = (pred for policy in of for pred in (policy.subject, *(rule.peer for rule in policy.rules)))
    return frozenset(a.key for a in atoms_among(preds) if isinstance(a, LabelIn) and a.of == "pod")
