"""Reads tiers, network sets and host endpoints.

Checks: projectcalico/calico libcalico-go/lib/validator/v3/validator.go and api/pkg/apis/projectcalico/v3.
"""

from __future__ import annotations

import re

from npverify.dialects.calico.fields import children
from npverify.dialects.calico.read_nets import check_set, set_nets
from npverify.dialects.calico.read_object import Object
from npverify.dialects.calico.read_policy import order
from npverify.dialects.calico.read_ports import WITH_PORTS, protocol
from npverify.dialects.calico.resources import HostEndpoint, HostPort, NetworkSet, Tier
from npverify.dialects.calico.way import Way
from npverify.ingest.fields import Fields, nearest
from npverify.inventory.addresses import Address
from npverify.inventory.syntax import is_port_name, is_subdomain
from npverify.normal.policy import Action

DEFAULT_ACTIONS = {"Deny": Action.DENY, "Pass": Action.PASS}
RESERVED_LABEL = "projectcalico.org/namespace"
_INTERFACE = re.compile(r"[a-zA-Z0-9_.-]{1,15}")

BUILT_IN: dict[str, tuple[float, Action | None]] = {
    "default": (1_000_000, Action.DENY),
    "kube-admin": (1_000, Action.PASS),
    "kube-baseline": (10_000_000, Action.PASS),
}
"""Order and default action of the tiers that are there by themselves and cannot be changed, from 3.32 on."""

BUILT_IN_BEFORE: dict[str, tuple[float, Action | None]] = {
    "default": (1_000_000, None),
    "adminnetworkpolicy": (1_000, None),
    "baselineadminnetworkpolicy": (10_000_000, None),
}
"""The same from 3.29 to 3.31, when the action was free."""


def tier(found: Object) -> Tier:
    """A tier."""
    spec, version = found.spec, found.way.version
    if version < (3, 29):
        message = f"Calico {version[0]}.{version[1]} has no resource Tier"
        Fields.of(spec.doc, spec.problems).error("NPV208", message, "kind", fix="remove it, or judge a newer version")
    place = order(spec)
    text = spec.text("defaultAction") or "Deny"
    if text not in DEFAULT_ACTIONS:
        fix = nearest(text, DEFAULT_ACTIONS) or "use Deny or Pass"
        spec.error("NPV217", f"`{text}` is not a default action of a tier", "defaultAction", fix=fix)
    action = DEFAULT_ACTIONS.get(text, Action.DENY)
    built_in = (BUILT_IN if version >= (3, 32) else BUILT_IN_BEFORE).get(found.id.name)
    if built_in and place != built_in[0]:
        message = f"the order of the tier `{found.id.name}` is {built_in[0]:.0f}"
        spec.error(
            "NPV218", message, *(("order",) if spec.has("order") else ()), fix=f"write `order: {built_in[0]:.0f}`"
        )
    if built_in and built_in[1] not in (None, action):
        message = f"the default action of the tier `{found.id.name}` is {str(built_in[1]).capitalize()}"
        at = ("defaultAction",) if spec.has("defaultAction") else ()
        spec.error("NPV218", message, *at, fix=f"write `defaultAction: {str(built_in[1]).capitalize()}`")
    return Tier(found.id.name, place, action, found.span)


def network_set(found: Object) -> NetworkSet:
    """A NetworkSet or a GlobalNetworkSet."""
    spec = found.spec
    if RESERVED_LABEL in found.labels:
        top = Fields.of(spec.doc, spec.problems)
        message = f"a {found.id.kind} cannot have the label `{RESERVED_LABEL}`, which Calico sets"
        top.error("NPV206", message, "metadata", "labels", RESERVED_LABEL, key=True, fix="remove the label")
    domains = tuple(spec.texts("allowedEgressDomains"))
    if domains:
        message = "`allowedEgressDomains` belongs to the commercial editions; which addresses it adds is not known"
        spec.warn("NPV236", message, "allowedEgressDomains", key=True, fix="give the addresses as `nets`")
    return NetworkSet(found.id, found.labels, set_nets(spec, "nets", found.way), domains, found.span)


def host_endpoint(found: Object) -> HostEndpoint:
    """A HostEndpoint."""
    spec, way = found.spec, found.way
    node, interface = spec.text("node") or "", spec.text("interfaceName") or ""
    if not spec.value.get("node"):
        spec.error("NPV240", "`node` of a host endpoint is missing", fix="name the node that it belongs to")
    elif node and not is_subdomain(node):
        fix = "use at most 253 of `a-z`, `0-9`, `-` and `.`"
        spec.error("NPV245", f"`{node}` is not a name of a node", "node", fix=fix)
    if interface not in ("", "*") and not _INTERFACE.fullmatch(interface):
        message = f"`{interface}` is not a name of an interface"
        fix = "use `*`, or at most 15 letters, digits, `_`, `.` and `-`"
        spec.error("NPV242", message, "interfaceName", fix=fix)
    if not spec.value.get("interfaceName") and not spec.value.get("expectedIPs"):
        message = "a host endpoint has neither `interfaceName` nor `expectedIPs`"
        spec.error("NPV241", message, fix='write one of them; `interfaceName: "*"` means all of the node')
    profiles = tuple(spec.texts("profiles"))
    check_set(spec, "profiles", way)
    for index, name in enumerate(spec.items("profiles")):
        if isinstance(name, str) and not is_subdomain(name):
            fix = "use at most 253 of `a-z`, `0-9`, `-` and `.`"
            spec.error("NPV245", f"`{name}` is not a name of a profile", "profiles", index, fix=fix)
    ports = tuple(port for _, item in spec.maps("ports") if (port := _host_port(item, way)))
    return HostEndpoint(
        found.id.name, node, interface, _addresses(spec, way), profiles, ports, found.labels, found.span
    )


def _addresses(spec: Fields, way: Way) -> tuple[Address, ...]:
    spec.texts("expectedIPs")
    check_set(spec, "expectedIPs", way)
    found = []
    for index, text in enumerate(spec.items("expectedIPs")):
        if not isinstance(text, str):
            continue
        try:
            if "%" in text:
                raise ValueError
            found.append(Address.parse(text))
        except ValueError:
            tell = spec.warn if way.raw else spec.error
            message = f"`{text}` is not an IP address" + ("; Calico leaves it out" if way.raw else "")
            tell("NPV243", message, "expectedIPs", index, fix="write an address such as 10.0.0.1 or fd00::1")
    return tuple(found)


def _host_port(item: Fields, way: Way) -> HostPort | None:
    item.only(children("HostEndpoint", "spec.ports[]"), "port of a host endpoint")
    name, number = item.text("name"), item.integer("port")
    named = protocol(item, "protocol", way)
    for key in ("name", "protocol", "port"):
        if not item.has(key):
            item.error("NPV244", f"`{key}` of a port is missing", fix="write `name`, `protocol` and `port`")
    if name is not None and not is_port_name(name):
        fix = "use at most 15 of `a-z`, `0-9` and single `-` inside, with at least one letter"
        item.error("NPV244", f"`{name}` is not a name of a port", "name", fix=fix)
    if named is not None and named not in WITH_PORTS:
        item.error("NPV244", f"protocol {named} has no ports", "protocol", fix="use TCP, UDP or SCTP")
    if number is not None and not 1 <= number <= 65535:
        fix = "use a number from 1 to 65535"
        item.error("NPV244", f"port {number} is not between 1 and 65535", "port", fix=fix)
    return HostPort(name, named, number) if name and named and number else None
