"""The template of a workload in one version, told apart into the pods of it that the other version lists.

A template (a Deployment in a manifest) stands for any number of alike pods, whose names, nodes and addresses it leaves open. Where
the other version lists the pods of that workload, the template is put at these very pods: one copy for each, with the labels,
ports and account of the template, and the name, node and address that the listed pod has. So each pod is compared as both
versions have it, and so is every pair of them. A version that tells of no nodes at all has those of the other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace

from npverify.analyses.equiv_notes import Names
from npverify.analyses.world import World
from npverify.inventory.model import Backend, Endpoint, Inventory, WorkloadRef
from npverify.inventory.unknowns import Unknown

_SHOWN = 3


def told_apart(old: World, new: World, names: Names) -> tuple[World, World, tuple[str, ...]]:
    """Both worlds with each template that stands against listed pods as these pods, and a sentence that says so."""
    worlds = [old, new]
    told: list[str] = []
    for side in (0, 1):
        here, there = (world.inventory for world in (worlds[side], (old, new)[1 - side]))
        copies = _copies(here, there)
        if not copies:
            continue
        lacks_nodes = bool(there.nodes) and not (here.nodes or here.nodes_declared)
        if lacks_nodes:
            told.append(f"{names[side].it} has no nodes, so those of {names[1 - side].it} count")
            ends = tuple(sorted((*here.endpoints, *there.nodes), key=lambda end: end.key))
            here = replace(here, endpoints=ends, nodes_declared=there.nodes_declared)
        worlds[side] = _over(worlds[side], _with_copies(here, copies))
        told.append(
            f"the template of {_listed(copies)} {names[side].there} is compared at the pods that are listed "
            f"{names[1 - side].there}, with their addresses and nodes"
        )
        single = [end for end, pods in copies.items() if len(pods) == 1]
        if single:
            told.append(f"of {_listed(single)} one pod is listed, so no flow between two of its pods is compared")
    return worlds[0], worlds[1], tuple(told)


def _listed(templates: Iterable[Endpoint]) -> str:
    names = [f"{end.workload.kind} {end}" for end in templates if end.workload]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if names[_SHOWN:] else "")


def _copies(here: Inventory, there: Inventory) -> dict[Endpoint, tuple[Endpoint, ...]]:
    """For each template that the other side lists the pods of, and has no template for, one copy for each of these."""
    templates = _alone(end for end in here.endpoints if end.is_pod and end.replicated)
    if not templates:
        return {}
    also = {_group(end) for end in there.endpoints if end.replicated}
    taken = {end.key for end in here.endpoints if not end.replicated}
    used = {address for end in here.endpoints if end.address_known for address in end.addresses}
    found: dict[Endpoint, list[Endpoint]] = {}
    for pod in there.endpoints:
        group = _group(pod)
        template = templates.get(group)
        if template is not None and not pod.replicated and group not in also and pod.key not in taken:
            found.setdefault(template, []).append(_at(template, pod, known=used.isdisjoint(pod.addresses)))
    return {template: tuple(pods) for template, pods in found.items()}


def _alone(ends: Iterable[Endpoint]) -> dict[Hashable, Endpoint]:
    """The templates by workload. Of a workload with two (sets of replicas of one Deployment) nobody knows whose a pod is."""
    found: dict[Hashable, list[Endpoint]] = {}
    for end in ends:
        found.setdefault(_group(end), []).append(end)
    return {group: same[0] for group, same in found.items() if len(same) == 1}


def _group(end: Endpoint) -> Hashable:
    workload: WorkloadRef | None = end.workload
    return end.kind, end.cluster, workload


def _at(template: Endpoint, pod: Endpoint, *, known: bool) -> Endpoint:
    """The template as one pod. What its controller sets at run time may differ from one pod to the next."""
    labels: dict[str, str | Unknown] = {
        key: replace(value, name=f"{value.name} ({pod.name})") if isinstance(value, Unknown) else value
        for key, value in template.labels.items()
    }
    placed = replace(template, name=pod.name, labels=labels, replicated=False)
    if template.node is None:
        placed = replace(placed, node=pod.node, on_every_node=pod.on_every_node)
    if known and pod.address_known and not template.address_known:
        placed = replace(placed, addresses=pod.addresses, address_known=True)
    return placed


def _with_copies(inventory: Inventory, copies: Mapping[Endpoint, tuple[Endpoint, ...]]) -> Inventory:
    """The inventory with copies for templates, behind its Services and what sends to these too."""

    def behind(backends: Iterable[Backend]) -> tuple[Backend, ...]:
        return tuple(b._replace(endpoint=end) for b in backends for end in copies.get(b.endpoint, (b.endpoint,)))

    ends = [each for end in inventory.endpoints for each in copies.get(end, (end,))]
    services = {
        name: replace(service, backends={port: behind(found) for port, found in service.backends.items()})
        for name, service in inventory.services.items()
    }
    fronts = tuple(front._replace(behind=behind(front.behind)) for front in inventory.fronts)
    return replace(inventory, endpoints=tuple(sorted(ends, key=lambda end: end.key)), services=services, fronts=fronts)


def _over(world: World, inventory: Inventory) -> World:
    return world.over(inventory) if world.over is not None else replace(world, inventory=inventory)
