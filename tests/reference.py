"""A second meaning of NetworkPolicy: one flow judged straight from manifests, by brute force, with nothing of npverify.

It follows the upstream texts section by section and is slow and plain on purpose, so that it can be read beside them and
held against the program. Sources: kubernetes/api networking/v1 types.go, kubernetes/kubernetes
pkg/apis/networking/v1/defaults.go, kubernetes/apimachinery pkg/labels/selector.go, and
kubernetes/website network-policies.md. What these leave to the network plugin is a field of `Reading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Literal

Manifest = dict[str, Any]
Labels = Mapping[str, str]

_JOB = ("batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name")
RUNTIME_LABELS: dict[str, tuple[str, ...]] = {
    # kubernetes/api apps/v1/types.go, batch/v1/types.go: what a controller adds to the labels of its template
    "Pod": (),
    "ReplicaSet": (),
    "ReplicationController": (),
    "Deployment": ("pod-template-hash",),
    "StatefulSet": ("apps.kubernetes.io/pod-index", "controller-revision-hash", "statefulset.kubernetes.io/pod-name"),
    "DaemonSet": ("controller-revision-hash", "pod-template-generation"),
    "Job": _JOB,
    "CronJob": _JOB,
}


@dataclass(frozen=True)
class End:
    """One end of a flow: a pod of the object `owner` (kind, namespace, name), a node, or an address outside.

    `runtime` holds the labels that the controller gave this very pod; a key that is not in it is absent.
    """

    kind: Literal["pod", "node", "outside"]
    ip: str
    owner: tuple[str, str, str] = ("", "", "")
    runtime: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class Flow:
    """A new connection. `port` is the destination's; `protocol` is TCP, UDP, SCTP, or one without ports.

    `same_pod`: both ends are one and the same pod. `same_node`: one end is the node (or shares the host network of the
    node) on which the other end runs. `vip`: the virtual address of the Service through which the source asked, if any.
    """

    src: End
    dst: End
    protocol: str
    port: int | None
    same_pod: bool = False
    same_node: bool = False
    vip: str | None = None
    icmp: tuple[int, int] | None = None


@dataclass(frozen=True)
class Reading:
    """How the plugin behaves where the API leaves it open, and the labels of namespaces that no manifest declares.

    `cilium`: rules count whatever `policyTypes` says (cilium/cilium#48703), some labels are no part of identities
    (pkg/labelsfilter/filter.go), SCTP is dropped, and that a packet is too large may always be told (bpf/lib/policy.h). `namespace_beside_block`: an
    ipBlock of an ingress rule lets in the policy's namespace (pkg/k8s/network_policy.go of 1.19; not seen on a cluster).
    """

    ipblock_matches_pods: str = "literal"
    ipblock_matches_nodes: str = "literal"
    hostnetwork_pods: str = "as_node"
    pod_to_own_node: str = "policed"
    self_via_service: str = "policed"
    service_translation: str = "before_policy"
    endport_supported: str = "true"
    icmp: str = "portless_rules_only"
    named_port_containers: str = "regular+sidecar"
    named_port_duplicates: str = "union"
    tunnels_from_pods: bool = True
    cilium: bool = False
    namespace_beside_block: bool = False
    namespace_labels: Mapping[str, Labels] = field(default_factory=dict)


NO_IDENTITY = {
    "pod-template-hash", "controller-revision-hash", "controller-uid", "pod-template-generation",
    "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/controller-uid",
}  # fmt: skip
"""Labels that Cilium's identities do not hold, of those that pods have here."""


def decoded(value: Any) -> Any:
    """The value without nulls, as the API server decodes it: a null field is a missing one, a null item an empty struct."""
    if isinstance(value, dict):
        return {k: decoded(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [{} if v is None else decoded(v) for v in value]
    return value


def allowed(objects: list[Manifest], flow: Flow, reading: Reading) -> bool:
    """Whether the egress of the source and the ingress of the destination both let the flow pass."""
    return allowed_by(decoded(objects), flow, reading)


def allowed_by(objects: list[Manifest], flow: Flow, reading: Reading) -> bool:
    """The same of objects that are decoded already."""
    cluster = _Cluster(objects, reading)
    return cluster.passes("Egress", flow) and cluster.passes("Ingress", flow)


def matches(selector: Manifest, labels: Labels) -> bool:
    """Whether every requirement of a label selector holds; one without requirements matches everything."""
    for key, value in selector.get("matchLabels", {}).items():
        if key not in labels or labels[key] != value:
            return False
    for requirement in selector.get("matchExpressions", []):
        key, operator, values = requirement["key"], requirement["operator"], requirement.get("values", [])
        holds = {
            "In": key in labels and labels[key] in values,
            "NotIn": key not in labels or labels[key] not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds[operator]:
            return False
    return True


def policy_types(spec: Manifest) -> set[str]:
    """The directions in which a policy isolates: as written, else Ingress, and Egress where it has an egress rule."""
    written = spec.get("policyTypes", [])
    if written:
        return set(written)
    return {"Ingress", "Egress"} if spec.get("egress", []) else {"Ingress"}


@dataclass(frozen=True)
class _Cluster:
    """The objects of one cluster, under one reading."""

    objects: list[Manifest]
    reading: Reading

    def passes(self, direction: str, flow: Flow) -> bool:
        """One direction: the flow passes an exempt or unpoliced end, one that nothing isolates, or by some rule."""
        subject = flow.src if direction == "Egress" else flow.dst
        tunnel = (flow.protocol, flow.port) == ("UDP", 4789) or flow.protocol == "4"
        leaves = direction == "Egress" and flow.src.kind == "pod" and not (flow.same_pod and flow.vip is None)
        if tunnel and leaves and not self.reading.tunnels_from_pods and not self.is_host(flow.src):
            return False
        loopback = flow.same_pod and flow.vip is None
        if self.reading.cilium and flow.protocol == "SCTP" and self.is_pod(subject) and not loopback:
            return False
        if not self.is_pod(subject) or self.exempt(direction, flow):
            return True
        if self.reading.cilium and flow.icmp == (3, 4) and ip_address(subject.ip).version == 4:
            return True
        selecting = [p for p in self.objects if self.selects(p, subject, direction)]
        if not selecting:
            return True
        if flow.protocol not in ("TCP", "UDP", "SCTP") and self.reading.icmp != "portless_rules_only":
            return self.reading.icmp == "always_allow"
        rules = [(r, p) for p in selecting for r in p.get("spec", {}).get(direction.lower(), [])]
        return any(self.rule_matches(rule, policy, direction, flow) for rule, policy in rules)

    def exempt(self, direction: str, flow: Flow) -> bool:
        """Traffic that no policy stops: a pod's own, that of its node, and perhaps that to its node."""
        if flow.same_pod:
            return flow.vip is None or self.reading.self_via_service == "allowed"
        peer = flow.dst if direction == "Egress" else flow.src
        # "just like … pod-network pods": kubernetes/website, "NetworkPolicy and hostNetwork pods", of the reading as_pod
        if flow.same_node and self.is_host(peer) and not self.is_pod(peer):
            return direction == "Ingress" or self.reading.pod_to_own_node == "always_allow"
        return False

    def selects(self, policy: Manifest, pod: End, direction: str) -> bool:
        """Whether the object is a policy that isolates the pod in this direction."""
        spec = policy.get("spec", {})
        return (
            policy["kind"] == "NetworkPolicy"
            and pod.owner[1] == policy["metadata"].get("namespace", "default")
            and (direction in policy_types(spec) or (self.reading.cilium and bool(spec.get(direction.lower()))))
            and matches(spec.get("podSelector", {}), self.labels(pod))
        )

    def rule_matches(self, rule: Manifest, policy: Manifest, direction: str, flow: Flow) -> bool:
        """A rule matches if one of its peers does and one of its ports does; an empty list of either is no condition."""
        peers = rule.get("to" if direction == "Egress" else "from", [])
        ports = rule.get("ports", [])
        namespace = policy["metadata"].get("namespace", "default")
        some_peer = not peers or any(self.peer_matches(p, namespace, direction, flow) for p in peers)
        return some_peer and (not ports or any(self.port_matches(p, flow) for p in ports))

    def peer_matches(self, peer: Manifest, namespace: str, direction: str, flow: Flow) -> bool:
        """Whether the other end is the pods of a selector, or in a block."""
        end = flow.dst if direction == "Egress" else flow.src
        if direction == "Ingress" and flow.same_pod and self.reading.self_via_service == "source_hidden":
            return False  # what arrives is the proxy's: neither this pod nor its address
        beside = self.reading.namespace_beside_block and direction == "Ingress"
        if "ipBlock" in peer and beside and self.is_pod(end) and end.owner[1] == namespace:
            return True
        if "ipBlock" in peer:
            return self.block_matches(peer["ipBlock"], end, flow.vip if direction == "Egress" else None)
        if not self.is_pod(end):
            return False
        if "namespaceSelector" not in peer:
            return end.owner[1] == namespace and matches(peer["podSelector"], self.labels(end))
        there = matches(peer["namespaceSelector"], self.namespace_labels(end.owner[1]))
        return there and matches(peer.get("podSelector", {}), self.labels(end))

    def block_matches(self, block: Manifest, end: End, vip: str | None) -> bool:
        """Whether the address that the policy sees is in the block and in none of its exceptions."""
        seen, reading = end.ip, self.reading
        owners = reading.ipblock_matches_nodes if self.is_host(end) else reading.ipblock_matches_pods
        if vip is not None and reading.service_translation == "after_policy":
            seen = vip  # the address of no pod and of no node
        elif end.kind != "outside" and owners == "never":
            return False
        address = ip_address(seen)
        inside, *outside = [address in ip_network(c) for c in (block["cidr"], *block.get("except", []))]
        return inside and not any(outside)

    def port_matches(self, entry: Manifest, flow: Flow) -> bool:
        """Whether protocol and destination port are those of an entry of `ports`."""
        protocol = entry.get("protocol", "TCP")
        if flow.protocol != protocol:
            return False
        port = entry.get("port")
        if port is None:
            return True
        if isinstance(port, str):
            return flow.port in self.named(port, protocol, flow.dst)
        ranged = "endPort" in entry and self.reading.endport_supported == "true"
        return port <= flow.port <= (entry["endPort"] if ranged else port)

    def named(self, name: str, protocol: str, end: End) -> list[int]:
        """The numbers that a name means at a destination: those of the pod's container ports."""
        if not self.is_pod(end):
            return []
        spec = self.template(end)["spec"]
        inits = spec.get("initContainers", [])
        sidecars = [c for c in inits if c.get("restartPolicy") == "Always"]
        others = [c for c in inits if c.get("restartPolicy") != "Always"]
        counted = {"regular": [], "regular+sidecar": sidecars, "all": sidecars + others}
        containers = spec["containers"] + counted[self.reading.named_port_containers]
        ports = [p for c in containers for p in c.get("ports", []) if p.get("name") == name]
        found = [p["containerPort"] for p in ports if p.get("protocol", "TCP") == protocol]
        return found if self.reading.named_port_duplicates == "union" else found[:1]

    def template(self, pod: End) -> Manifest:
        """The pod itself, or the template of the controller that made it: something with labels and a pod's spec."""
        kind, namespace, name = pod.owner
        named = [o for o in self.objects if (o["kind"], o["metadata"]["name"]) == (kind, name)]
        (found,) = [o for o in named if o["metadata"].get("namespace", "default") == namespace]
        spec = found["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else found["spec"]
        return found if kind == "Pod" else spec["template"]

    def labels(self, pod: End) -> dict[str, str]:
        """The labels of a pod: those of its template, and over them those of its controller."""
        written = self.template(pod).get("metadata", {}).get("labels", {})
        added = RUNTIME_LABELS[pod.owner[0]]
        kept = {key: value for key, value in written.items() if key not in added}
        found = kept | {key: value for key, value in pod.runtime.items() if key in added}
        return {key: value for key, value in found.items() if not (self.reading.cilium and key in NO_IDENTITY)}

    def namespace_labels(self, name: str) -> dict[str, str]:
        """The labels of a namespace; its name is always one of them and cannot be forged."""
        declared = [o for o in self.objects if o["kind"] == "Namespace" and o["metadata"]["name"] == name]
        written = declared[0]["metadata"].get("labels", {}) if declared else self.reading.namespace_labels.get(name, {})
        return {**written, "kubernetes.io/metadata.name": name}

    def is_host(self, end: End) -> bool:
        """Whether the end has the address of a node."""
        return end.kind == "node" or (end.kind == "pod" and bool(self.template(end)["spec"].get("hostNetwork")))

    def is_pod(self, end: End) -> bool:
        """Whether policies see a pod in the end."""
        as_pod = self.reading.hostnetwork_pods == "as_pod"
        return end.kind == "pod" and (as_pod or not self.is_host(end))
