"""Random manifests of Calico: tiers, policies of every kind, network sets, profiles and host endpoints on a small cluster.

Everything is accepted by the API. The worlds are dense on purpose, and the names of policies, their orders and those of
tiers are few, so that ties are common.
"""

from __future__ import annotations

from random import Random
from typing import Any

import calico_rules
from calico_rules import chance, selector
from generate import APPS, Manifest, cluster, policies

NAMESPACES = ("red", "blue", "green")
NODES = ("n1", "n2")
ACCOUNTS = ("default", "robot", "reader")
POLICY_NAMES = ("allow", "allow-dns", "allow1", "a", "a.b")
ORDERS = (None, None, 1, 10, 999.5, 1000, 1000, 1001)
TIERS = (None, None, None, "default", "sec", "sec", "app", "kube-admin", "kube-baseline", "ghost", "phantom")
SET_NETS = (
    "0.0.0.0/0", "10.1.0.0/16", "10.1.0.0/30", "10.1.0.1/32", "10.1.0.1", "10.1.0.2", "203.0.113.0/24", "192.168.0.1", "::/0",
    "fd00::/126", "fd00::1", "192.168.0.0/24",
)  # fmt: skip
HOST_IPS = {"n1": ("192.168.0.1", "fd00:1::1"), "n2": ("192.168.0.2", "fd00:2::1")}
OLD_VERSIONS = ("3.31", "3.30", "3.29")


def calico(
    rng: Random, *, hosts: bool = False, old: bool = False, asking: bool = False, mixed: bool = False
) -> list[Manifest]:
    """A cluster with policies; with `hosts`, its nodes have host endpoints. `old`: without what came with version 3.32. `asking`: many rules are about requests.
    `mixed`: there are policies of every kind."""
    services = _services(rng)
    made = [*_with_accounts(rng, cluster(rng), hosts), *services, *_tiers(rng), *_sets(rng)]
    if hosts:
        made += [
            *_profiles(rng),
            *_host_endpoints(rng, {m["metadata"]["name"] for m in made if m["kind"] == "Namespace"}),
        ]
    if hosts and chance(rng, 0.3):
        made.append(_felix(rng))
    known = [(m["metadata"]["namespace"], m["metadata"]["name"]) for m in services if m["kind"] == "Service"]
    made += _calico_policies(rng, known, hosts, old, asking)
    native = policies(rng)[: rng.choice((0, 0, 0, 1, 2))]
    while mixed and not native:
        native = policies(rng)[: rng.choice((1, 2))]
    for policy, name in zip(native, rng.sample(POLICY_NAMES, len(native)), strict=True):
        policy["metadata"]["name"] = name
    made += native
    if not old:
        made += [_cluster_policy(rng, n) for n in range(rng.choice((1, 2) if mixed else (0, 0, 1, 2)))]
    rng.shuffle(made)
    return made


def _object(api: str, kind: str, name: str, namespace: str = "", labels: dict[str, str] | None = None) -> Manifest:
    meta: Manifest = {
        "name": name,
        **({"namespace": namespace} if namespace else {}),
        **({"labels": labels} if labels else {}),
    }
    return {"apiVersion": api, "kind": kind, "metadata": meta}


def _api(rng: Random) -> str:
    return "crd.projectcalico.org/v1" if chance(rng, 0.1) else "projectcalico.org/v3"


def _with_accounts(rng: Random, made: list[Manifest], hosts: bool) -> list[Manifest]:
    """Give pods service accounts, and where there are host endpoints every node an address and most pods a node."""
    made = [m for m in made if m["kind"] != "Node"] if hosts else made
    for manifest in made:
        spec = manifest.get("spec") or {}
        if manifest["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        spec = spec if manifest["kind"] == "Pod" else (spec.get("template") or {}).get("spec")
        if spec is None:
            continue
        if chance(rng, 0.5):
            spec["serviceAccountName"] = rng.choice(ACCOUNTS)
        if hosts and chance(rng, 0.8):
            spec["nodeName"] = rng.choice(NODES)
    for account in ACCOUNTS:
        for namespace in NAMESPACES:
            if chance(rng, 0.4):
                labels = {"team": rng.choice(("core", "edge"))} if chance(rng, 0.7) else {}
                made.append(_object("v1", "ServiceAccount", account, namespace, labels))
    for node in NODES if hosts else ():
        addresses = [{"type": "InternalIP", "address": ip} for ip in HOST_IPS[node]]
        made.append({**_object("v1", "Node", node), "status": {"addresses": addresses}})
    return made


def _services(rng: Random) -> list[Manifest]:
    """Perhaps a Service with a selector, and one whose endpoints are written by hand."""
    made = []
    if chance(rng, 0.5):
        port = {"port": 80, "targetPort": rng.choice((80, 8080, "http", "http"))}
        spec = {"selector": {"app": rng.choice(APPS)}, "ports": [port]}
        made.append({**_object("v1", "Service", "svc", rng.choice(("red", "red", "blue"))), "spec": spec})
    if chance(rng, 0.5):
        namespace = rng.choice(NAMESPACES[:2])
        made.append({**_object("v1", "Service", "ext", namespace), "spec": {"ports": [{"port": 80}]}})
        made.append(
            {
                **_object(
                    "discovery.k8s.io/v1", "EndpointSlice", "ext-1", namespace, {"kubernetes.io/service-name": "ext"}
                ),
                "addressType": "IPv4",
                "endpoints": [{"addresses": [rng.choice(("203.0.113.7", "10.1.0.1", "10.1.0.2"))]}],
                "ports": [{"port": rng.choice((80, 443)), "protocol": "TCP"}],
            }
        )
    return made


def _tiers(rng: Random) -> list[Manifest]:
    made = []
    for name in ("sec", "app"):
        spec: Manifest = {}
        if chance(rng, 0.8):
            spec["order"] = rng.choice((-1, 100, 100, 1000, 1_000_000, 2_000_000, 20_000_000))
        if chance(rng, 0.8):
            spec["defaultAction"] = rng.choice(("Pass", "Deny"))
        made.append({**_object("projectcalico.org/v3", "Tier", name), "spec": spec})
    return made


def _sets(rng: Random) -> list[Manifest]:
    made = []
    for number in range(rng.choice((0, 1, 2, 3))):
        kind = rng.choice(("NetworkSet", "GlobalNetworkSet"))
        namespace = rng.choice(NAMESPACES) if kind == "NetworkSet" else ""
        nets = rng.sample(SET_NETS[1:] if chance(rng, 0.9) else SET_NETS, rng.choice((0, 1, 1, 2)))
        made.append({**_object(_api(rng), kind, f"set-{number}", namespace, _labels(rng)), "spec": {"nets": nets}})
    return made


def _labels(rng: Random) -> dict[str, str]:
    values = {"app": APPS, "kind": ("ext", "own"), "tier": ("a", "b", ""), "pcns.env": ("prod", "dev")}
    return {key: rng.choice(of) for key, of in values.items() if chance(rng, 0.05 if key == "pcns.env" else 0.4)}


def _profiles(rng: Random) -> list[Manifest]:
    rules = calico_rules.Rules(rng, "", http=False)
    spec: Manifest = {"labelsToApply": _labels(rng)}
    for direction in ("ingress", "egress"):
        spec[direction] = [rules.rule(direction) for _ in range(rng.choice((0, 1, 2)))]
    return [{**_object("projectcalico.org/v3", "Profile", "pr"), "spec": spec}]


def _host_endpoints(rng: Random, declared: set[str]) -> list[Manifest]:
    made = []
    for node in NODES:
        for number in range(rng.choice((0, 1, 1, 1, 2))):
            spec: Manifest = {"node": node}
            interface = rng.choice(("*", "*", "*", "eth0", ""))
            if interface:
                spec["interfaceName"] = interface
            if not interface or chance(rng, 0.7):
                spec["expectedIPs"] = rng.sample(HOST_IPS[node], rng.randint(1, 2))
            if chance(rng, 0.6):
                # the labels that a host endpoint inherits from a namespace that nobody declares are not told
                red = "kns.red" if "red" in declared else "kns.nowhere"
                known = ("projectcalico-default-allow", "projectcalico-default-allow", "pr", "ghost", red)
                spec["profiles"] = rng.sample(known, rng.choice((1, 1, 2)))
                spec["profiles"] = list(dict.fromkeys(spec["profiles"]))  # a set: the API refuses repetitions
            if chance(rng, 0.3):
                spec["ports"] = [
                    {"name": "http", "protocol": rng.choice(("TCP", "UDP")), "port": rng.choice((80, 443))}
                ]
            name = f"{rng.choice('xyz')}-{node}-{number}"
            made.append({**_object("projectcalico.org/v3", "HostEndpoint", name, labels=_labels(rng)), "spec": spec})
    return made


def _felix(rng: Random) -> Manifest:
    ports = [{"protocol": rng.choice(("TCP", "UDP")), "port": rng.choice((80, 443, 8080))} for _ in range(2)]
    for port in ports:
        if chance(rng, 0.5):
            port["net"] = rng.choice(("192.168.0.0/24", "10.1.0.0/16", "fd00::/8"))
    options: Manifest = {
        "failsafeInboundHostPorts": rng.choice(([], ports)),
        "failsafeOutboundHostPorts": rng.choice(([], ports)),
        "defaultEndpointToHostAction": rng.choice(("Accept", "Drop")),
        "allowVXLANPacketsFromWorkloads": True,
        "allowIPIPPacketsFromWorkloads": True,
        "vxlanPort": rng.choice((80, 8080)),
    }
    spec = {key: value for key, value in options.items() if chance(rng, 0.4)}
    return {**_object("projectcalico.org/v3", "FelixConfiguration", "default"), "spec": spec}


def _calico_policies(
    rng: Random, services: list[tuple[str, str]], hosts: bool, old: bool, asking: bool
) -> list[Manifest]:
    made = {}
    for _ in range(rng.choice((1, 2, 3, 4, 5))):
        kind = rng.choice(("NetworkPolicy", "GlobalNetworkPolicy"))
        namespace = rng.choices(NAMESPACES, (3, 2, 1))[0] if kind == "NetworkPolicy" else ""
        staged = "Staged" if chance(rng, 0.08) else ""
        spec = _spec(rng, calico_rules.Rules(rng, namespace, services, asking=asking), hosts, old)
        tier = spec.get("tier", "default")
        # up to 3.31 the name held the tier, and of a namespaced policy it has at most one dot
        name = rng.choice(POLICY_NAMES[:-1] if old else POLICY_NAMES)
        name = f"{tier}.{name}" if old and tier != "default" else name
        if staged and chance(rng, 0.5):
            spec["stagedAction"] = rng.choice(("Set", "Learn", "Ignore"))
        made[kind, staged, namespace, name] = {**_object(_api(rng), staged + kind, name, namespace), "spec": spec}
    return list(made.values())


def _spec(rng: Random, rules: calico_rules.Rules, hosts: bool, old: bool) -> Manifest:
    spec: Manifest = {}
    namespace = rules.namespace
    tier = rng.choice(TIERS)
    if tier is not None and not (old and tier.startswith("kube-")):
        spec["tier"] = tier
    order = rng.choice(ORDERS)
    if order is not None:
        spec["order"] = order
    if chance(rng, 0.6):
        spec["selector"] = "all()" if chance(rng, 0.3) else selector(rng, "endpoint")
    if chance(rng, 0.2):
        spec["serviceAccountSelector"] = selector(rng, "account")
    if not namespace and chance(rng, 0.35):
        spec["namespaceSelector"] = selector(rng, "namespace")
    types: list[str] = rng.choice(([], [], ["Ingress"], ["Egress"], ["Ingress", "Egress"], ["Egress", "Ingress"]))
    if not namespace and chance(rng, 0.5 if hosts else 0.1):
        kind = rng.choice(("applyOnForward", "applyOnForward", "preDNAT", "doNotTrack"))
        spec |= {kind: True, "applyOnForward": True}
        if kind == "preDNAT":
            types = ["Ingress"]
        if chance(rng, 0.7):  # else few of them would select a host endpoint
            for field in ("selector", "serviceAccountSelector", "namespaceSelector"):
                spec.pop(field, None)
    if types:
        spec["types"] = types
    for direction in ("ingress", "egress"):
        if spec.get("preDNAT") and direction == "egress":
            continue
        count = rng.choice((0, 1, 1, 2, 3))
        if count or chance(rng, 0.2):
            spec[direction] = [rules.rule(direction) for _ in range(count)]
    return spec


def _cluster_policy(rng: Random, number: int) -> Manifest:
    spec: Manifest = {"tier": rng.choice(("Admin", "Baseline")), "priority": rng.choice((0, 1, 10, 1000))}
    spec["subject"] = _cluster_peer(rng, {"namespaces", "pods"})
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        kinds = {"namespaces", "pods"} | ({"networks", "nodes"} if direction == "egress" else set())
        rules = []
        for _ in range(rng.choice((0, 1, 2))):
            rule: Manifest = {"action": rng.choice(("Accept", "Deny", "Pass"))}
            rule[peers] = [_cluster_peer(rng, kinds) for _ in range(rng.choice((1, 1, 2)))]
            if chance(rng, 0.5):
                named = not any("nodes" in peer or "networks" in peer for peer in rule[peers])
                rule["protocols"] = [_cluster_port(rng, named) for _ in range(rng.choice((1, 2)))]
            rules.append(rule)
        if rules:
            spec[direction] = rules
    name = (*POLICY_NAMES, "z")[number]
    return {**_object("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", name), "spec": spec}


def _cluster_peer(rng: Random, kinds: set[str]) -> Manifest:
    kind = rng.choice(sorted(kinds))
    if kind == "nodes":
        kind = rng.choice(("nodes", "networks"))
    if kind == "networks":
        return {"networks": rng.sample(("0.0.0.0/0", "10.1.0.0/30", "203.0.113.0/24", "fd00::/126"), rng.randint(1, 2))}
    if kind == "nodes":
        return {"nodes": {}}
    namespaces = _label_selector(rng, {"env": ("prod", "dev"), "kubernetes.io/metadata.name": NAMESPACES})
    if kind == "namespaces":
        return {"namespaces": namespaces}
    pods = _label_selector(rng, {"app": APPS, "tier": ("a", "b")})
    return {"pods": {"namespaceSelector": namespaces, "podSelector": pods}}


def _label_selector(rng: Random, values: dict[str, tuple[str, ...]]) -> Manifest:
    key = rng.choice(sorted(values))
    made: dict[str, Any] = {
        "all": {},
        "is": {"matchLabels": {key: rng.choice(values[key])}},
        "In": {"matchExpressions": [{"key": key, "operator": "In", "values": rng.sample(values[key], 2)}]},
        "NotIn": {"matchExpressions": [{"key": key, "operator": "NotIn", "values": [rng.choice(values[key])]}]},
        "Exists": {"matchExpressions": [{"key": key, "operator": "Exists"}]},
        "DoesNotExist": {"matchExpressions": [{"key": key, "operator": "DoesNotExist"}]},
    }
    return made[rng.choice(sorted(made))]


def _cluster_port(rng: Random, named: bool) -> Manifest:
    protocol = rng.choice(("tcp", "tcp", "udp", "sctp", *(("named",) if named else ())))
    if protocol == "named":
        return {"destinationNamedPort": rng.choice(calico_rules.NAMES)}
    first = rng.choice(calico_rules.PORTS)
    port = rng.choice(({"number": first}, {"range": {"start": 1, "end": first}}, {"range": {"start": 1, "end": 65535}}))
    return {protocol: {"destinationPort": port}}
