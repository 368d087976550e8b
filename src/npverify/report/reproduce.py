"""A command that sends a counterexample's flow in the cluster, so that a reader can see it with their own eyes.

Application images rarely carry a network tool, so the command starts one in an ephemeral container of the source pod, which
shares the pod's network (Kubernetes documentation, Debug Running Pods: `kubectl debug`). SCTP is tried with the program
that the Kubernetes network policy tests use for it (kubernetes/kubernetes test/images/agnhost, `connect`).
"""

from __future__ import annotations

import shlex

from npverify.inventory.model import Endpoint, EndpointKind
from npverify.normal.flow import EPHEMERAL, FRONTS, PORT_PROTOCOLS, Entry, Flow, Request, protocol_number

IMAGE = "busybox:1.36"
HTTP_IMAGE = "curlimages/curl:8.11.0"
SCTP_IMAGE = "AGNHOST"  # stands for the image, which clusters pull from different places
SCTP_NOTE = "AGNHOST: the image of kubernetes/kubernetes test/images/agnhost"

_ECHO_REQUESTS = (None, (8, 0), (128, 0))


def reproduce(flow: Flow) -> str:
    """A shell command on one line, perhaps with a comment behind it, that attempts the flow."""
    proxied = EndpointKind.PROXY in (flow.src.kind, flow.dst.kind)
    if flow.entry is not None and (
        proxied or flow.entry.way not in FRONTS
    ):  # what a controller sends is a flow of its own
        return _from_outside(flow, flow.entry)
    attempt, notes = _attempt(flow)
    image = (
        SCTP_IMAGE
        if flow.protocol == "SCTP" or flow.dns is not None
        else HTTP_IMAGE
        if flow.http is not None
        else IMAGE
    )
    src = flow.src
    if src.kind is EndpointKind.EXTERNAL:
        notes.insert(0, f"from {flow.src_ip}" if flow.src_ip else "from a host outside the cluster")
        command = attempt
    elif src.is_node:
        command = f"{_kubectl(src)} debug node/{shlex.quote(src.name)} -it --image={image} -- {attempt}"
    else:
        pod, unnamed = _pod(src)
        notes += unnamed
        command = f"{_kubectl(src)} -n {shlex.quote(src.namespace)} debug -it {pod} --image={image} -- {attempt}"
    return f"{command}  # {'; '.join(dict.fromkeys(notes))}" if notes else command


def _attempt(flow: Flow) -> tuple[str, list[str]]:
    """What to run at the source, and notes about it."""
    target, notes = _target(flow)
    port = flow.via.port if flow.via is not None else flow.port
    if flow.protocol == "ICMP":
        if flow.icmp not in _ECHO_REQUESTS:
            notes.append("ping sends an echo request, not this type")
        return f"ping -c 1 -W 3 {target}", notes
    if flow.protocol not in PORT_PROTOCOLS:
        what = f"IP protocol {protocol_number(flow.protocol)}"
        return f"SEND {target}", [*notes, f"SEND: a program that sends {what}; watch for the packet at the receiver"]
    bound = ""
    if flow.src_port not in (None, EPHEMERAL):
        bound = f" -p {flow.src_port}"
        if flow.protocol == "SCTP":
            notes.append(f"it must come from port {flow.src_port}")
    if flow.protocol == "SCTP":
        host = f"[{target}]" if ":" in target and "$" not in target else target
        return f"/agnhost connect {host}:{port} --protocol=sctp --timeout=3s", [*notes, SCTP_NOTE]
    if flow.dns is not None:
        return _dig(flow, flow.dns, target, port), [*notes, SCTP_NOTE]
    if flow.protocol == "UDP":
        return f"nc -u -w 3{bound} {target} {port}", [*notes, "UDP: watch for the packet at the receiver"]
    if flow.http is not None:
        return _curl(flow.http, target, port), notes
    if flow.kafka is not None:
        notes.append(f"then send, as a client of Kafka: {flow.kafka}")
    return f"nc -vz -w 3{bound} {target} {port}", notes


def _curl(request: Request, target: str, port: int | str | None) -> str:
    """A request as it is, of which dots and host are not changed."""
    method = "-I" if request.method == "HEAD" else f"-X {shlex.quote(request.method)}"
    given = [*([("Host", request.host)] if request.host else []), *(request.headers or ())]
    headers = "".join(f" -H {shlex.quote(f'{name}: {value}' if value else f'{name};')}" for name, value in given)
    host = f"[{target}]" if ":" in target and "$" not in target else target
    return f'curl -i -m 3 --path-as-is {method}{headers} "http://{host}:{port}"{shlex.quote(request.path)}'


def _dig(flow: Flow, name: str, target: str, port: int | str | None) -> str:
    """A query as it is: no other names are tried."""
    by = "+tcp " if flow.protocol == "TCP" else ""
    return f"dig {by}+nosearch +time=3 +tries=1 -p {port} @{target} {shlex.quote(name)}"


def _from_outside(flow: Flow, entry: Entry) -> str:
    """What a client outside runs, whose traffic comes in by a port of the cluster."""
    number, front = str(entry.port) if entry.port else "PORT", entry.way in FRONTS
    notes = [] if flow.src.is_node or entry.rewritten or flow.src_ip is None else [f"from {flow.src_ip}"]
    notes = notes or ["from a host outside the cluster"]
    if entry.way in ("NodePort", "hostPort"):
        near = flow.own_node or entry.way == "hostPort" or not entry.rewritten
        target = str(flow.src_ip) if flow.src.is_node and flow.src.address_known else "NODE"
        if target == "NODE":
            notes.append(f"NODE: {'the' if near else 'a node other than the'} one on which {flow.dst} runs")
    else:
        target = "ADDRESS"
        notes.append(f"ADDRESS: {f'that of {entry.owner}' if front else f'the {entry.way} of {entry.owner}'}")
    if not entry.port:
        notes.append("PORT: 80, or 443 with TLS" if front else f"PORT: the nodePort of {entry.owner}")
    if flow.http is not None:
        return f"{_curl(flow.http, target, number)}  # {'; '.join(notes)}"
    if flow.kafka is not None:
        notes.append(f"then send, as a client of Kafka: {flow.kafka}")
    if flow.dns is not None:
        return f"{_dig(flow, flow.dns, target, number)}  # {'; '.join(notes)}"
    option = {"UDP": "nc -u", "SCTP": "/agnhost connect"}.get(flow.protocol, "nc -vz")
    if flow.protocol == "SCTP":
        return f"{option} {target}:{number} --protocol=sctp --timeout=3s  # {'; '.join([*notes, SCTP_NOTE])}"
    return f"{option} -w 3 {target} {number}  # {'; '.join(notes)}"


def _target(flow: Flow) -> tuple[str, list[str]]:
    """What to connect to: a Service's name, a known address, or a command that looks the address up."""
    dst = flow.dst
    if flow.via is not None:
        return f"{flow.via.name}.{flow.via.namespace}.svc", []
    if flow.name is not None:
        return flow.name, []
    if flow.dst_ip is not None and (dst.address_known or dst.kind is EndpointKind.EXTERNAL):
        return str(flow.dst_ip), []
    if dst.kind is EndpointKind.EXTERNAL:
        return "ADDRESS", ["ADDRESS: any outside address"]
    if dst.is_node:
        path = '{.status.addresses[?(@.type=="InternalIP")].address}'
        return f"$({_kubectl(dst)} get node {shlex.quote(dst.name)} -o jsonpath='{path}')", []
    second = dst is flow.src and not flow.same
    ip = ".status.podIP" if flow.dst_ip is None or flow.dst_ip.family == 4 else ".status.podIPs[1].ip"
    get = f"{_kubectl(dst)} -n {shlex.quote(dst.namespace)} get pod"
    if not _is_template(dst):
        return f"$({get} {shlex.quote(dst.name)} -o jsonpath='{{{ip}}}')", []
    labels = _labels(dst)
    if not labels:
        return "ADDRESS", [f"ADDRESS: the IP of a pod of {dst}"]
    return f"$({get} -l {labels} -o jsonpath='{{.items[{int(second)}]{ip}}}')", []


def _pod(end: Endpoint) -> tuple[str, list[str]]:
    """The name of the source pod, or a command that looks up one pod of a workload; and notes."""
    if not _is_template(end):
        return shlex.quote(end.name), []
    labels = _labels(end)
    if not labels:
        return "POD", [f"POD: a pod of {end}"]
    # the first by name, as `.items[0]` is
    return f"$({_kubectl(end)} -n {shlex.quote(end.namespace)} get pod -l {labels} -o name | head -n 1)", []


def _kubectl(end: Endpoint) -> str:
    """The program that asks the cluster of an endpoint; another cluster's name stands for the context of that cluster."""
    return f"kubectl --context {shlex.quote(end.cluster)}" if end.cluster else "kubectl"


def _is_template(end: Endpoint) -> bool:
    """Whether the endpoint stands for pods whose names only the cluster knows."""
    return end.replicated or end.on_every_node


def _labels(end: Endpoint) -> str:
    """The labels that the files give the pods of a workload, as an argument of `-l`."""
    pairs = [f"{k}={v}" for k, v in sorted(end.labels.items()) if isinstance(v, str)]
    return shlex.quote(",".join(pairs)) if pairs else ""
