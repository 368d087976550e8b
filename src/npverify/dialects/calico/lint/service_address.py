"""Blocks with the virtual addresses of Services, which policy for pods never sees."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule, listed
from npverify.dialects.lint import About, Reason, Suspicion
from npverify.inventory.addresses import BITS, Prefix
from npverify.inventory.model import Inventory, Service


def find(case: Case) -> Iterator[Suspicion]:
    """The blocks that hold the virtual address of a Service and, as far as can be told, no pod and no node."""
    for at in case.rules:
        if at.policy.pre_dnat or at.policy.do_not_track:
            continue
        for field, _, entity in at.sides:
            for key, nets in (("nets", entity.nets), ("notNets", entity.not_nets)):
                for net in nets:
                    services = [s for s in case.inventory.services.values() if any(map(net.contains, s.vips))]
                    if services and _apart(net, case.inventory):
                        names = listed(str(service) for service in services)
                        message = (
                            f"{at.name}: `{net}` holds the address of Service {names}; a flow through a Service is judged by "
                            f"the address of the pod behind it, so this part of `{key}` matches none"
                        )
                        fix = "select the pods behind it, or write `services` in the destination of an egress rule"
                        yield Suspicion(at.policy.id, at.span(field, key), message, fix, _reasons(services))


def _apart(net: Prefix, inventory: Inventory) -> bool:
    """Whether nothing that has an address of its own lives in the block; if addresses are not known, one address is."""
    known = [a for end in inventory.endpoints if end.address_known for a in end.addresses]
    if any(map(net.contains, known)) or any(net.overlaps(space) for space in inventory.pod_space):
        return False
    told = inventory.pod_space or all(pod.address_known for pod in inventory.pods)
    return bool(told) or net.length == BITS[net.family]


def _reasons(services: list[Service]) -> tuple[Reason, ...]:
    return tuple(
        Reason(f"Service {service} has {', '.join(map(str, service.vips))}", None, service.span) for service in services
    )


RULE = LintRule(
    About(
        "NPL127",
        "service-address",
        "warning",
        "A rule names the virtual address of a Service, which policy for pods never sees.",
        "The address is translated before policy is asked: what a pod sends to a Service has the address and the port of a pod "
        "behind it. Only policy with `preDNAT` or `doNotTrack` sees the address of the Service.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: app == 'api'
  types: [Egress]
  egress:
  - action: Allow
    protocol: TCP
    destination: {nets: [10.96.0.20/32], ports: [5432]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: app == 'api'
  types: [Egress]
  egress:
  - action: Allow
    protocol: TCP
    destination: {services: {namespace: shop, name: db}}
""",
    ),
    find,
)
