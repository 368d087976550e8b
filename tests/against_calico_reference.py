"""The program against the Calico reference: what a generated flow is under a reading, said in the words of the reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

import yaml

from agreement import Readers
from calico_generate import NODES
from calico_reference import Cluster, End, Facts, Flow
from calico_worlds import MadeCalico, random_calico, random_calico_case
from npverify.inventory.addresses import Address
from npverify.inventory.labels import pod_label
from npverify.inventory.model import EXTERNAL, Endpoint
from npverify.inventory.placement import node_of
from npverify.inventory.unknowns import ABSENT, Unknown
from npverify.normal.policy import Direction, PolicySet
from npverify.oracle import Oracle
from reference import RUNTIME_LABELS
from worlds import Case

FLOWS, ENCODED = 5, 2  # for the reference; those of them that the solver's side is asked about


def calico_disagreements(seed: int) -> list[str]:
    """What does not agree in the world of one seed: program and reference, and oracle, encoder and reduction.

    Every second world has host endpoints; the others' directions are compared one by one.
    """
    rng = Random(seed)
    made = random_calico(rng, hosts=seed % 2 == 1, proxied=seed % 4 == 2)
    return _disagreements(rng, made, hosts=seed % 2 == 1, of_obligations=seed % 8 > 5)


def mixed_calico_disagreements(seed: int) -> list[str]:
    """The same where there are NetworkPolicies and cluster-wide policies beside those of Calico."""
    rng = Random(seed)
    return _disagreements(rng, random_calico(rng, mixed=True, proxied=seed % 8 == 1), hosts=False)


def _disagreements(rng: Random, made: MadeCalico, *, hosts: bool, of_obligations: bool = False) -> list[str]:
    readers = Readers(made.world)
    cases = [random_calico_case(rng, made.world) for _ in range(FLOWS)]
    among_themselves = readers.obligation_disagreements if of_obligations else readers.disagreements
    return reference_disagreements(made, cases, hosts=hosts) + among_themselves(cases[:ENCODED])


def reference_disagreements(made: MadeCalico, cases: Iterable[Case], *, hosts: bool) -> list[str]:
    """Where oracle and reference give a flow different verdicts; empty if they agree."""
    oracle = Oracle(_without_replies(made.world.policies), made.world.inventory)
    cluster = Cluster(made.objects, made.version)
    found = []
    for case in cases:
        said = oracle.decide(case.flow, case.reading)
        flow, facts = flow_of(case, made), facts_of(case, made)
        expected = cluster.directions(flow, facts)
        same = all(expected) is said.allowed if hosts else expected == (said.egress.allowed, said.ingress.allowed)
        if not same:
            verdicts = {d.value: getattr(said, d.value).allowed for d in Direction}
            manifests = yaml.safe_dump_all(made.objects, sort_keys=False)
            found.append(
                f"the oracle says {verdicts}, the reference {expected}, of {flow}\nunder {facts}, {made.version}\n{manifests}"
            )
    return found


def _without_replies(policies: PolicySet) -> PolicySet:
    """The same policies where nobody asks whether replies come back: the reference speaks of one packet."""
    halves = {
        d.value: replace(half, stages=tuple(s for s in half.stages if not s.name.startswith("untracked replies")))
        for d, half in ((d, policies.half(d)) for d in Direction)
    }
    return replace(policies, **halves)


def flow_of(case: Case, made: MadeCalico) -> Flow:
    """The flow in the words of the reference."""
    flow = case.flow
    assert flow.src_ip is not None
    assert flow.dst_ip is not None
    return Flow(
        _end(flow.src, str(flow.src_ip), "src", case, made),
        _end(flow.dst, str(flow.dst_ip), "src" if flow.same else "dst", case, made),
        flow.protocol,
        flow.port,
        flow.src_port,
        flow.icmp,
        flow.same,
        flow.own_node,
        None if flow.via is None else (str(flow.via.vip), flow.via.port),
        None if flow.http is None else (flow.http.method, flow.http.path),
        "" if not made.proxied else "as served" if made.version == "3.32" else "as sent",
    )


def _end(end: Endpoint, ip: str, side: str, case: Case, made: MadeCalico) -> End:
    if end is EXTERNAL:
        return End("outside", ip)
    if not end.is_pod:
        return End("node", ip, ("Node", "", end.name), node=end.name)
    assert end.workload is not None
    values = {}
    for key in RUNTIME_LABELS[end.workload.kind]:
        value = pod_label(end, key, side)
        assert value is not None
        values[key] = value.value_in(case.reading) if isinstance(value, Unknown) else value
    runtime = {key: value for key, value in values.items() if value != ABSENT}
    return End("pod", ip, tuple(end.workload), runtime, _node(end, side, case, made))


def _node(end: Endpoint, side: str, case: Case, made: MadeCalico) -> str:
    """The node of a pod: that of the host at the other end if they share it, else what is known or read."""
    other = case.flow.dst if side == "src" else case.flow.src
    if end.node is not None:
        return end.node
    if case.flow.own_node and other.node is not None:
        return other.node
    known = node_of(case.flow.src, "src", made.world.inventory) if case.flow.own_node else None
    return (known or node_of(end, side, made.world.inventory)).value_in(case.reading)


def facts_of(case: Case, made: MadeCalico) -> Facts:
    """What the reading says of labels that no manifest declares, and of interfaces."""
    namespaces: dict[str, dict[str, str]] = {}
    accounts: dict[tuple[str, str], dict[str, str]] = {}
    for name, value in case.reading.items():
        key, of, owner = name.removeprefix("label ").partition(" of ")
        if value == ABSENT or not of or not name.startswith("label "):
            continue
        if owner.startswith("namespace "):
            namespaces.setdefault(owner.removeprefix("namespace "), {})[key] = value
        elif owner.startswith("service account "):
            namespace, account = owner.removeprefix("service account ").split("/")
            accounts.setdefault((namespace, account), {})[key] = value
    interfaces = {
        n: _host_at(n, case.reading[f"interface of node {n}"], made)
        for n in NODES
        if f"interface of node {n}" in case.reading
    }
    to_own_host = "Drop" if case.reading.get("endpoint_to_host") == "drop" else "Accept"
    tunnels = frozenset(name for name in ("IPIP", "VXLAN") if case.reading.get(f"nodes use {name}") == "true")
    shares = (name for name, value in case.reading.items() if " has the address of the " in name and value == "true")
    sharing = (name.removeprefix("a pod behind ").split(" has the address of the ") for name in shares)
    there = (name.removeprefix("there is a namespace ") for name, value in case.reading.items() if value == "true")
    return Facts(
        namespaces,
        accounts,
        interfaces,
        to_own_host,
        tunnels,
        frozenset((service, side) for service, side in sharing),
        frozenset(there),
    )


def _host_at(node: str, interface: str, made: MadeCalico) -> str:
    """The first host endpoint of an interface, which is known by its name or by the addresses that are expected there."""
    hosts = [m for m in made.objects if m["kind"] == "HostEndpoint" and m["spec"]["node"] == node]
    named = {}
    for host in sorted(hosts, key=lambda m: m["metadata"]["name"], reverse=True):
        spec = host["spec"]
        addresses = sorted(map(Address.parse, spec.get("expectedIPs", [])))
        own = f"the interface of {', '.join(map(str, addresses))}"
        here = f"interface {name}" if (name := spec.get("interfaceName")) else own
        named[here] = host["metadata"]["name"]
    return named.get(interface, "")
