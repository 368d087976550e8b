"""Reads the flows that a user asks about: a `Query` is every concrete flow that the words can mean.

A workload with several pods and a Service with several backends mean several flows; `evaluate` judges all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from npverify.analyses.carried import check_carried, read_dns, read_http, read_kafka
from npverify.analyses.ends import UNREADABLE, Directory, Ends
from npverify.analyses.world import World
from npverify.ingest.fields import nearest, type_name
from npverify.ingest.source import InputError, Problems
from npverify.inventory.addresses import FAMILIES, Address, Family
from npverify.inventory.model import Backend, Endpoint, EndpointKind, Inventory, Service, ServicePort
from npverify.inventory.placement import serves
from npverify.normal.flow import ICMPV6, PORT_PROTOCOLS, PROTOCOLS, Flow, KafkaRequest, Request, Via, protocol_name

NO_SUCH_FLOW = "NPV164"

OTHER_FAMILY = "which address family: this is over IPv4"

FLOW_KEYS = ("src", "dst", "protocol", "port", "src_port", "icmp", "http", "dns", "kafka", "via")
_HOST = (EndpointKind.NODE, EndpointKind.HOST_POD)


@dataclass(frozen=True, slots=True)
class Query:
    """Every flow that was meant: a row for each source, in it one for each destination; never empty.

    `sources` and `destinations` complete "which …" where there are several. `otherwise` holds the flows that were meant if a
    switch had another value than its default, with its name; and those over IPv6 where nothing says that IPv4 was meant.
    """

    flows: tuple[tuple[Flow, ...], ...]
    sources: str = ""
    destinations: str = ""
    all_destinations: bool = False  # a Service may pick any of them, so the flow passes only if it passes to each
    otherwise: tuple[tuple[str, tuple[Flow, ...]], ...] = ()

    @property
    def flow(self) -> Flow:
        """The first of them."""
        return self.flows[0][0]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is sent; `port` is that which the source addresses."""

    protocol: str = "TCP"
    port: int | None = None
    icmp: tuple[int, int] | None = None
    src_port: int | None = None
    http: Request | None = None
    dns: str | None = None
    kafka: KafkaRequest | None = None


class FlowReader:
    """Reads flows over one inventory, many of them quickly. Guards the directory of names."""

    def __init__(self, inventory: Inventory, world: World | None = None) -> None:
        """`world` has that inventory, and its policies say what becomes of flows with `via`; None: these are refused."""
        self.directory = Directory(inventory)
        self._world = world

    def read(self, value: object) -> Query:
        """A flow as JSON (`eval --flows`); InputError with everything that is wrong with it."""
        problems = Problems()
        if not isinstance(value, dict):
            raise InputError.one(UNREADABLE, f"a flow is a map, this is {type_name(value)}")
        for key in value:
            if key not in FLOW_KEYS:
                problems.error(UNREADABLE, f"unknown field `{key}`", fix=nearest(str(key), FLOW_KEYS))
        src, dst = (self._end(value, key, problems) for key in ("src", "dst"))
        traffic = _traffic(value, problems)
        via = value.get("via")
        if not isinstance(via, str | None):
            message = f"`via` is {type_name(via)}, not a way in"
            problems.error(UNREADABLE, message, fix='write it as in `"via": "nodeport"` or `"via": "ingress/shop/web"`')
        problems.raise_errors()
        if src is None or dst is None:
            raise InputError.one(UNREADABLE, "a flow needs `src` and `dst`")
        if isinstance(via, str):
            if self._world is None:
                raise InputError.one(UNREADABLE, "`via` is not followed here", fix="leave it out")
            from npverify.analyses.entered import entered  # which is made of what stands here

            return entered(self._world, src, dst, traffic, via)
        return self.query(src, dst, traffic)

    def query(self, src: Ends, dst: Ends, traffic: Traffic) -> Query:
        """The flows between two ends; InputError where there can be none."""
        if src.service is not None:
            raise InputError.one(
                NO_SUCH_FLOW, f"`{src.text}` cannot be a source", fix="name its pods or their workload"
            )
        if src.name is not None:
            fix = "policies know names of destinations alone"
            raise InputError.one(NO_SUCH_FLOW, f"the name `{src.text}` cannot be a source", fix=fix)
        targets = _targets(dst, traffic)
        families = self.directory.inventory.families
        rows = tuple(
            tuple(_flow(src, s, t, traffic, families) for t in reached)
            for s in src.members
            if (reached := tuple(t for t in targets if dst.service is None or serves(dst.service, s, t.end)))
        )
        if not rows:
            message = f"`{dst.text}` has no backend on the node of `{src.text}`, and traffic to it stays there"
            raise InputError.one(NO_SUCH_FLOW, message, fix="see `internalTrafficPolicy` of the Service")
        other = tuple(
            flow
            for s in src.members
            for t in targets
            if dst.service is None or serves(dst.service, s, t.end)
            for flow in _in_ipv6(src, s, t, traffic, families)
        )
        return Query(
            rows,
            f"replica of {src.text}" if len(rows) > 1 else "",
            "" if max(map(len, rows)) == 1 else f"backend of {dst.text}" if dst.service else f"replica of {dst.text}",
            dst.service is not None,
            ((OTHER_FAMILY, other),) if other else (),
        )

    def _end(self, value: dict[str, object], key: str, problems: Problems) -> Ends | None:
        if value.get(key) is None:
            problems.error(UNREADABLE, f"`{key}` is missing", fix=f'add "{key}": {{"pod": "namespace/name"}}')
            return None
        try:
            return self.directory.read(value[key], key, service=key == "dst")
        except InputError as error:
            problems.extend(error.diagnostics)
            return None


def read_flow(value: object, inventory: Inventory) -> Query:
    """One flow as JSON; `FlowReader` is quicker for many."""
    return FlowReader(inventory).read(value)


def make_traffic(
    protocol: str = "TCP",
    port: int | None = None,
    icmp: tuple[int, int] | None = None,
    http: Mapping[str, object] | None = None,
    dns: str | None = None,
    kafka: Mapping[str, object] | None = None,
) -> Traffic:
    """What the options of the command line say is sent; InputError with everything that is wrong with it."""
    problems = Problems()
    value = {
        "protocol": protocol,
        "port": port,
        "icmp": {"type": icmp[0], "code": icmp[1]} if icmp else None,
        "http": http,
        "dns": dns,
        "kafka": kafka,
    }
    traffic = _traffic(value, problems)
    problems.raise_errors()
    return traffic


def _traffic(value: Mapping[str, object], problems: Problems) -> Traffic:
    icmp = _icmp(value.get("icmp"), problems)
    http = read_http(value.get("http"), problems)
    dns = read_dns(value.get("dns"), problems)
    kafka = read_kafka(value.get("kafka"), problems)
    given = value.get("protocol")
    protocol = ("TCP" if value.get("icmp") is None else "ICMP") if given is None else given
    named = _protocol(protocol)
    if named is None:
        shown = f"`{protocol}`" if isinstance(protocol, str | int) else type_name(protocol)
        fix = f"write one of {', '.join(PROTOCOLS)}, or a number from 0 to 255"
        problems.error(UNREADABLE, f"`protocol` is {shown}", fix=fix)
        return Traffic()
    protocol = named
    check_carried(value, protocol, problems)
    port = _port(value.get("port"), "port", problems)
    src_port = _port(value.get("src_port"), "src_port", problems)
    if protocol not in PORT_PROTOCOLS:
        for field in ("port", "src_port"):
            if value.get(field) is not None:
                shown = f"protocol {protocol}" if protocol.isdigit() else protocol
                problems.error(UNREADABLE, f"{shown} has no `{field}`", fix="drop it")
        if icmp is not None and protocol != "ICMP":
            problems.error(UNREADABLE, f"`icmp` does not go with {protocol}", fix="drop one of them")
        return Traffic(protocol, None, icmp)
    if value.get("port") is None:
        problems.error(
            UNREADABLE, "`port` is missing", fix=f'say which {protocol} port, as in `--port 443` or `"port": 443`'
        )
    if value.get("icmp") is not None:
        problems.error(UNREADABLE, f"`icmp` does not go with {protocol}", fix="drop one of them")
    return Traffic(protocol, port, src_port=src_port, http=http, dns=dns, kafka=kafka)


def _protocol(value: object) -> str | None:
    """The protocol of a name in any case or of a number; None if it is none. ICMPv6 is the ICMP of IPv6 addresses."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        return None
    if text.isascii() and text.isdigit():
        return _protocol_of(int(text)) if int(text) <= 255 else None
    known = {name.lower(): name for name in PROTOCOLS} | {"icmpv6": "ICMP"}
    return known.get(text.lower())


def _protocol_of(number: int) -> str:
    return "ICMP" if number == ICMPV6 else protocol_name(number)


def _port(value: object, field: str, problems: Problems) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        problems.error(UNREADABLE, f"`{field}` is {type_name(value)}, not a whole number", fix="write 1 to 65535")
    elif not 1 <= value <= 65535:
        problems.error(UNREADABLE, f"`{field}` {value} is no port", fix="write 1 to 65535")
    else:
        return value
    return None


def _icmp(value: object, problems: Problems) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("type") is None or set(value) - {"type", "code"}:
        problems.error(UNREADABLE, '`icmp` must be a map {"type": …, "code": …}')
        return None
    type_, code = value["type"], value.get("code", 0)
    for name, number in (("type", type_), ("code", code)):
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 255:
            problems.error(UNREADABLE, f"`{name}` of `icmp` is not a whole number from 0 to 255")
            return None
    return type_, code


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the traffic arrives."""

    end: Endpoint
    port: int | None
    address: Address | None = None
    service: Service | None = None
    name: str | None = None


def _targets(dst: Ends, traffic: Traffic) -> tuple[_Target, ...]:
    service = dst.service
    if service is None:
        return tuple(_Target(end, traffic.port, dst.address, name=dst.name) for end in dst.members)
    if service.problem:
        raise InputError.one(NO_SUCH_FLOW, f"`{dst.text}` cannot be a destination: {service.problem}")
    asked = (traffic.protocol, traffic.port)
    index = next((i for i, p in enumerate(service.ports) if (p.protocol, p.number) == asked), None)
    if index is None:
        known = ", ".join(_port_name(p) for p in service.ports) or "none"
        what = traffic.protocol if traffic.port is None else f"{traffic.protocol} port {traffic.port}"
        raise InputError.one(NO_SUCH_FLOW, f"`{dst.text}` has no {what}", fix=f"its ports are {known}")
    backends = service.backends.get(index, ())
    if not backends:
        raise InputError.one(NO_SUCH_FLOW, f"`{dst.text}` has no backend for port {traffic.port}: no pod is behind it")
    return tuple(_backend(service, b, traffic) for b in backends)


def _backend(service: Service, backend: Backend, traffic: Traffic) -> _Target:
    # a headless Service is only a DNS name: nothing rewrites address or port
    if service.headless:
        return _Target(backend.endpoint, traffic.port, backend.address)
    return _Target(backend.endpoint, backend.port, backend.address, service)


def _port_name(port: ServicePort) -> str:
    return f"{port.protocol} {port.number}" + (f" ({port.name})" if port.name else "")


def _flow(src: Ends, source: Endpoint, target: _Target, traffic: Traffic, families: frozenset[Family]) -> Flow:
    common = _common(src, source, target, families)
    if not common:
        raise InputError.one(NO_SUCH_FLOW, f"`{src.text}` and `{target.end}` have no addresses of one family")
    return _flow_over(common[0], src, source, target, traffic)


def _in_ipv6(
    src: Ends, source: Endpoint, target: _Target, traffic: Traffic, families: frozenset[Family]
) -> Iterator[Flow]:
    """The flow over IPv6, where both families can be meant and IPv4 is taken."""
    usual = target.service is None or any(vip.family == 6 for vip in target.service.vips)
    if usual and traffic.icmp is None and len(_common(src, source, target, families)) > 1:
        yield _flow_over(6, src, source, target, traffic)


def _common(src: Ends, source: Endpoint, target: _Target, families: frozenset[Family]) -> list[Family]:
    """The families over which two ends can meet, IPv4 first."""
    both = _families(source, src.address, families) & _families(target.end, target.address, families)
    return [f for f in FAMILIES if f in both]


def _flow_over(family: Family, src: Ends, source: Endpoint, target: _Target, traffic: Traffic) -> Flow:
    dst, given = target.end, (src.address, target.address)
    src_ip, dst_ip = given[0] or known_address(source, family), given[1] or known_address(dst, family)
    icmp = traffic.icmp
    if traffic.protocol == "ICMP" and icmp is None:
        icmp = (8, 0) if family == 4 else (128, 0)  # echo request: RFC 792, RFC 4443
    via = None
    if (service := target.service) is not None:
        vip = next((v for v in service.vips if v.family == family), None)
        via = Via(service.namespace, service.name, vip, traffic.port or 0)
    same = source is dst and source.is_pod and not source.replicated
    near = same_node(source, dst) is True
    return Flow(
        source, dst, traffic.protocol, target.port, src_ip, dst_ip, icmp, traffic.src_port, same, near, via, traffic.http,
        dns=traffic.dns, name=target.name, kafka=traffic.kafka,
    )  # fmt: skip


def known_address(end: Endpoint, family: Family) -> Address | None:
    """The first known address of a family."""
    return next((a for a in end.addresses if a.family == family), None) if end.address_known else None


def _families(end: Endpoint, given: Address | None, cluster: frozenset[Family]) -> set[Family]:
    if given is not None:
        return {given.family}
    return families_of(end, cluster)


def families_of(end: Endpoint, cluster: frozenset[Family]) -> set[Family]:
    """The address families that an endpoint can use."""
    if end.kind is EndpointKind.EXTERNAL:
        return set(FAMILIES)
    return {a.family for a in end.addresses} if end.address_known else set(cluster)


def same_node(src: Endpoint, dst: Endpoint) -> bool | None:
    """Whether one end is the node, or on the host network of the node, that the other runs on; None: nobody knows."""
    if not (src.is_pod or dst.is_pod) or not _ends_on_host(src, dst):
        return False
    if {EndpointKind.REMOTE, EndpointKind.EXTERNAL} & {src.kind, dst.kind}:
        return False
    if src is dst and not src.replicated:
        return True
    return src.node == dst.node if src.node and dst.node else None


def _ends_on_host(*ends: Endpoint) -> bool:
    return any(end.kind in _HOST for end in ends)
