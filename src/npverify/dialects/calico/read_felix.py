"""Reads the FelixConfiguration: what is closed and open beside the policies.

Source: projectcalico/calico api/pkg/apis/projectcalico/v3/felixconfig.go and felix/config/config_params.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from npverify.dialects.calico.fields import children
from npverify.dialects.calico.fields_felix import OTHERWISE
from npverify.dialects.calico.read_nets import one_net
from npverify.dialects.calico.read_object import Object
from npverify.dialects.calico.read_ports import WITH_PORTS
from npverify.dialects.calico.resources import Failsafe, Felix
from npverify.dialects.calico.way import Way
from npverify.ingest.fields import Fields, nearest
from npverify.inventory.addresses import Family

_WIREGUARD: tuple[tuple[Family, str], ...] = ((4, ""), (6, "V6"))
WIREGUARD_PORTS: Mapping[Family, int] = {4: 51820, 6: 51821}
"""The ports where none is configured: felix/config/config_params.go."""

HOST_ACTIONS = ("Drop", "Accept", "Return")


def felix(found: Object) -> Felix | None:
    """The configuration of all nodes; one of some nodes is told and left out."""
    spec = found.spec
    if found.id.name != "default":
        message = f"the FelixConfiguration `{found.id.name}`, which is for some of the nodes, is not read"
        top = Fields.of(spec.doc, spec.problems)
        top.warn("NPV248", message, "metadata", "name", fix="read the answers as those for nodes without it")
        return None
    _tell_of_others(spec)
    return Felix(
        _failsafe(spec, "failsafeInboundHostPorts", found.way),
        _failsafe(spec, "failsafeOutboundHostPorts", found.way),
        _host_action(spec),
        spec.boolean("allowVXLANPacketsFromWorkloads"),
        spec.boolean("allowIPIPPacketsFromWorkloads"),
        _port(spec, "vxlanPort"),
        spec.boolean("bpfEnabled"),
        spec.boolean("vxlanEnabled"),
        spec.boolean("ipipEnabled"),
        tuple(_wireguard(spec)),
        found.span,
    )


def _port(spec: Fields, key: str) -> int | None:
    port = spec.integer(key)
    if port is not None and not 1 <= port <= 65535:
        fix = "use a number from 1 to 65535"
        spec.error("NPV246", f"port {port} is not between 1 and 65535", key, fix=fix)
        return None
    return port


def _wireguard(spec: Fields) -> Iterator[tuple[Family, int]]:
    """The ports by which nodes talk over WireGuard; where it is off, the port does not matter."""
    for family, suffix in _WIREGUARD:
        on, port = spec.boolean(f"wireguardEnabled{suffix}"), _port(spec, f"wireguardListeningPort{suffix}")
        if on:
            yield family, port or WIREGUARD_PORTS[family]


def _tell_of_others(spec: Fields) -> None:
    known = children("FelixConfiguration", "spec")
    for key, value in spec.value.items():
        if key not in known:
            fix = nearest(str(key), known) or "read the answers as those without it"
            spec.warn("NPV247", f"unknown parameter `{key}` of Felix", key, key=True, fix=fix)
        elif key in OTHERWISE and value is not None:
            read = value.lower() if isinstance(value, str) else value
            if read not in OTHERWISE[key]:
                message = f"`{key}` can change what passes and is not modelled"
                spec.warn("NPV247", message, key, key=True, fix="read the answers as those for its default")


def _host_action(spec: Fields) -> str | None:
    text = spec.text("defaultEndpointToHostAction")
    if not text:
        return None
    known = {action.lower(): action for action in HOST_ACTIONS}
    if text.lower() not in known:
        fix = nearest(text, HOST_ACTIONS) or f"use one of {', '.join(HOST_ACTIONS)}"
        spec.error("NPV246", f"`{text}` is not what can be done with packets", "defaultEndpointToHostAction", fix=fix)
    return known.get(text.lower())


def _failsafe(spec: Fields, key: str, way: Way) -> tuple[Failsafe, ...] | None:
    if not spec.has(key):
        return None
    return tuple(found for _, item in spec.maps(key) if (found := _failsafe_port(item, f"spec.{key}[]", way)))


def _failsafe_port(item: Fields, path: str, way: Way) -> Failsafe | None:
    item.only(children("FelixConfiguration", path), "failsafe port")
    protocol, port = item.text("protocol"), item.integer("port")
    if way.raw:
        protocol = (protocol or "TCP").upper()
    if protocol not in WITH_PORTS and (protocol or not item.has("protocol")):
        at = ("protocol",) if protocol else ()
        message = (
            f"`{protocol}` is not a protocol of a failsafe port" if protocol else "a failsafe port has no protocol"
        )
        item.error("NPV246", message, *at, fix="use TCP, UDP or SCTP")
    if port is None and not item.has("port"):
        item.error("NPV246", "a failsafe port has no `port`", fix="write its number")
    elif port is not None and not 0 <= port <= 65535:
        item.error("NPV246", f"port {port} is not between 0 and 65535", "port", fix="use a number from 0 to 65535")
    net = one_net(item, "net")
    return Failsafe(protocol, port, net) if protocol and port is not None else None
