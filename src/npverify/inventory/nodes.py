"""Nodes: those that are declared, and those that some pod names."""

from __future__ import annotations

from collections.abc import Iterable

from npverify.ingest.document import Path
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address, Family, Prefix
from npverify.inventory.model import Endpoint, EndpointKind
from npverify.inventory.objects import Item, entries, part
from npverify.inventory.syntax import check_labels

_IP_TYPES = ("InternalIP", "ExternalIP")


def read_address(item: Item, text: str, problems: Problems, *path: str | int) -> Address | None:
    """The address at `path`; None if it is none, which is reported."""
    try:
        return Address.parse(text)
    except ValueError:
        fix = "write an IPv4 or IPv6 address such as `10.0.0.1` or `fd00::1`"
        Fields.of(item.doc, problems).error("NPV037", f"`{text}` is not an IP address", *path, fix=fix)
        return None


def read_nodes(items: Iterable[Item], problems: Problems) -> dict[str, Endpoint]:
    """The declared nodes by name. Names and other types in status.addresses are no IP addresses."""
    nodes = {}
    for item in items:
        check_labels(item.doc, item.labels, problems, "metadata", "labels")
        addresses: dict[Address, None] = {}
        for index, entry in enumerate(entries(part(item.doc.value, "status"), "addresses")):
            if entry.get("type") in _IP_TYPES:
                path = ("status", "addresses", index, "address")
                address = read_address(item, entry.get("address") or "", problems, *path)
                if address is not None:
                    addresses[address] = None
        nodes[item.name] = Endpoint(
            EndpointKind.NODE,
            name=item.name,
            labels=item.labels,
            node=item.name,
            addresses=tuple(addresses),
            address_known=bool(addresses),
            span=item.span,
        )
    return nodes


ANY_NODE = "any"
"""The name of the node that stands for those that have to be there where the input has none."""


def implied_nodes(pods: Iterable[Endpoint], declared: Iterable[str], services: Iterable[Item]) -> list[Endpoint]:
    """The nodes that pods run on and that nobody declares, by name; their addresses are unknown.

    Where there are none at all, but traffic comes in by ports of nodes, one node stands for all of them.
    """
    pods = list(pods)
    named = set(declared)
    names = {pod.node for pod in pods if pod.node is not None} - named
    if (
        not names
        and not named
        and (any(map(_opens_nodes, services)) or any(p.host_port for e in pods for p in e.ports))
    ):
        names = {ANY_NODE}
    return [Endpoint(EndpointKind.NODE, name=name, node=name) for name in sorted(names)]


def _opens_nodes(service: Item) -> bool:
    spec = part(service.doc.value, "spec")
    return spec.get("type") in ("NodePort", "LoadBalancer") or bool(spec.get("externalIPs"))


def pod_block_families(items: Iterable[Item], problems: Problems) -> set[Family]:
    """The families of the address blocks that nodes hand out to their pods."""
    families: set[Family] = set()
    for item in items:
        spec = part(item.doc.value, "spec")
        blocks: list[tuple[Path, str]] = [
            (("podCIDRs", index), text or "") for index, text in enumerate(spec.get("podCIDRs") or ())
        ]
        if not blocks and spec.get("podCIDR"):
            blocks = [(("podCIDR",), spec["podCIDR"])]
        for path, text in blocks:
            try:
                families.add(Prefix.parse(text, strict=False).family)
            except ValueError:
                fix = "write an address and a prefix length, such as `10.244.1.0/24`"
                message = f"`{text}` is not a block of addresses"
                Fields.of(item.doc, problems).error("NPV037", message, "spec", *path, fix=fix)
    return families
