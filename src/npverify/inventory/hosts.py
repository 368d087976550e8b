"""What Calico's HostEndpoints tell about nodes: that they exist, and addresses of theirs.

A HostEndpoint is a policy object as well: its dialect reads it in full and reports what is wrong with it. Here whatever
cannot be read is passed over, so that nothing is reported twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from npverify.ingest.document import Document
from npverify.inventory.addresses import Address
from npverify.inventory.model import Endpoint, EndpointKind

CALICO_GROUPS = ("projectcalico.org", "crd.projectcalico.org")


def with_host_endpoints(
    nodes: Mapping[str, Endpoint], documents: Iterable[Document], notes: list[str]
) -> dict[str, Endpoint]:
    """The declared nodes and those that HostEndpoints name, by name, with the addresses of both: `status.addresses` first.

    Of a node without a Node object the expected addresses are taken to be all that it has; the notes say so.
    """
    found = dict(nodes)
    silent: set[str] = set()
    for name, addresses in _named(documents):
        node = found.get(name) or Endpoint(EndpointKind.NODE, name=name, node=name)
        if not node.addresses and addresses:
            silent.add(name)
        merged = tuple(dict.fromkeys((*node.addresses, *addresses)))
        found[name] = replace(node, addresses=merged, address_known=bool(merged))
    if silent:
        who = "their HostEndpoints: nodes" if len(silent) > 1 else "its HostEndpoints: node"
        notes.append(f"taken to have no addresses but those of {who} {', '.join(sorted(silent))}")
    return found


def _named(documents: Iterable[Document]) -> Iterator[tuple[str, list[Address]]]:
    """The node of each HostEndpoint that names one, and the addresses that it expects there."""
    for doc in documents:
        if doc.kind != "HostEndpoint" or doc.group not in CALICO_GROUPS:
            continue
        spec = doc.value.get("spec")
        if isinstance(spec, dict) and isinstance(node := spec.get("node"), str) and node:
            yield node, list(_addresses(spec.get("expectedIPs")))


def _addresses(texts: object) -> Iterator[Address]:
    for text in texts if isinstance(texts, list) else ():
        try:
            if isinstance(text, str):
                yield Address.parse(text)
        except ValueError:
            continue
