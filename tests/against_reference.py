"""The program against the reference: what a generated flow is under a reading, said in the words of `reference`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from random import Random

import yaml

import reference
from agreement import Readers
from npverify.inventory.labels import pod_label
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.unknowns import ABSENT, Unknown
from npverify.oracle import Oracle
from reference import RUNTIME_LABELS
from worlds import Case, Made, random_case, random_manifests

# docs/switches.md, "Profiles": what a plugin fixes; everything else is free there
FIXED: dict[str, dict[str, str]] = {
    "kubernetes": {},
    "calico": {
        "ipblock_matches_pods": "literal",
        "ipblock_matches_nodes": "literal",
        "self_via_service": "policed",
        "pod_to_own_node": "policed",
        "hostnetwork_pods": "as_node",
        "service_translation": "before_policy",
        "named_port_containers": "all",
        "named_port_duplicates": "union",
        "endport_supported": "true",
        "icmp": "portless_rules_only",
    },
    "cilium": {
        "ipblock_matches_pods": "never",
        "ipblock_matches_nodes": "never",
        "self_via_service": "allowed",
        "pod_to_own_node": "policed",
        "hostnetwork_pods": "as_node",
        "service_translation": "before_policy",
        "endport_supported": "true",
        "icmp": "portless_rules_only",
    },
}


FLOWS, ENCODED = 6, 3  # for the reference; those of them that the solver's side is asked about


def kubernetes_disagreements(seed: int) -> list[str]:
    """What program and reference, and oracle, encoder and reduction, do not agree on in the world of one seed."""
    rng = Random(seed)
    made = random_manifests(rng)
    readers = Readers(made.world)
    cases = [random_case(rng, made.world) for _ in range(FLOWS)]
    by_reference = reference_disagreements(made, readers.oracle, cases)
    among_themselves = readers.obligation_disagreements if seed % 4 == 0 else readers.disagreements
    return by_reference + among_themselves(cases[:ENCODED])


def reference_disagreements(made: Made, oracle: Oracle, cases: Iterable[Case]) -> list[str]:
    """Where oracle and reference give a flow different verdicts; empty if they agree."""
    found, objects = [], reference.decoded(made.objects)
    for case in cases:
        flow, reading = flow_of(case), reading_of(case, made)
        said = oracle.decide(case.flow, case.reading).allowed
        if reference.allowed_by(objects, flow, reading) is not said:
            manifests = yaml.safe_dump_all(made.objects, sort_keys=False)
            found.append(f"the oracle says {said}, the reference not, of {flow}\nunder {reading}\n{manifests}")
    return found


def flow_of(case: Case) -> reference.Flow:
    """The flow in the words of the reference."""
    flow = case.flow
    assert flow.src_ip is not None
    assert flow.dst_ip is not None
    return reference.Flow(
        _end(flow.src, str(flow.src_ip), "src", case),
        _end(flow.dst, str(flow.dst_ip), "src" if flow.same else "dst", case),
        flow.protocol,
        flow.port,
        flow.same,
        flow.own_node,
        None if flow.via is None else str(flow.via.vip),
        flow.icmp,
    )


def _end(end: Endpoint, ip: str, side: str, case: Case) -> reference.End:
    if end is EXTERNAL:
        return reference.End("outside", ip)
    if not end.is_pod:
        return reference.End("node", ip, ("Node", "", end.name))
    assert end.workload is not None
    added = RUNTIME_LABELS[end.workload.kind]
    assert {key for key, value in end.labels.items() if isinstance(value, Unknown)} <= set(added)
    values = {}
    for key in added:
        value = pod_label(end, key, side)
        assert value is not None
        values[key] = value.value_in(case.reading) if isinstance(value, Unknown) else value
    runtime = {key: value for key, value in values.items() if value != ABSENT}
    return reference.End("pod", ip, tuple(end.workload), runtime)


def reading_of(case: Case, made: Made) -> reference.Reading:
    """The reading in the words of the reference: what the profile fixes, and what the case chose."""
    names = {f.name for f in fields(reference.Reading)} - {"namespace_labels"}
    free = {name: value for name, value in case.reading.items() if name in names}
    fixed = FIXED[made.profile]
    unknown: dict[str, dict[str, str]] = {}
    for name, value in case.reading.items():
        if " of namespace " in name and value != ABSENT:
            key, namespace = name.removeprefix("label ").split(" of namespace ")
            unknown.setdefault(namespace, {})[key] = value
    # projectcalico/calico felix/rules/endpoints.go: what looks like the cluster's own tunnels is dropped
    tunnels = made.profile != "calico"
    cilium = made.profile == "cilium"
    beside = case.reading.get("an ipBlock of an ingress rule lets in the pods of the policy's namespace") == "true"
    return reference.Reading(
        **(free | fixed),
        tunnels_from_pods=tunnels,
        cilium=cilium,
        namespace_beside_block=beside,
        namespace_labels=unknown,
    )
