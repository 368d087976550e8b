"""What a running cluster has, read with the user's own `kubectl`: versions, contexts and ways to log in are then what they use.

Only kinds that matter to network policies are asked for, never Secrets or ConfigMaps. What may not be read is an error: a verdict
over half a cluster would be none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from npverify.ingest.programs import find, output
from npverify.ingest.source import Problems, Span

CLUSTER = "cluster:"

PLAIN = ("namespaces", "nodes", "pods", "replicationcontrollers", "serviceaccounts", "services")
"""Resources of the core group. Pods stand for themselves; controllers of pods are asked for only to name their owners."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "apps": ("replicasets",),
    "batch": ("cronjobs", "jobs"),
    "discovery.k8s.io": ("endpointslices",),
    "gateway.networking.k8s.io": (
        "gateways", "grpcroutes", "httproutes", "referencegrants", "tcproutes", "tlsroutes", "udproutes",
    ),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "policy.networking.k8s.io": ("adminnetworkpolicies", "baselineadminnetworkpolicies", "clusternetworkpolicies"),
    "projectcalico.org": (),
    "crd.projectcalico.org": (),
    "cilium.io": (
        "ciliumcidrgroups", "ciliumclusterwidenetworkpolicies", "ciliumlocalredirectpolicies", "ciliumnetworkpolicies",
    ),
    "crd.antrea.io": ("clustergroups", "clusternetworkpolicies", "groups", "networkpolicies", "tiers"),
    "k8s.cni.cncf.io": ("multi-networkpolicies",),
    "k8s.ovn.org": ("adminpolicybasedexternalroutes", "egressfirewalls"),
    "network.openshift.io": ("egressnetworkpolicies",),
    "networking.gke.io": ("fqdnnetworkpolicies",),
    "networking.k8s.aws": ("applicationnetworkpolicies", "clusternetworkpolicies"),
    "security.istio.io": ("authorizationpolicies", "peerauthentications", "requestauthentications"),
    "policy.linkerd.io": ("authorizationpolicies", "serverauthorizations", "servers"),
    "consul.hashicorp.com": ("serviceintentions",),
    "kuma.io": ("meshtrafficpermissions", "trafficpermissions"),
}  # fmt: skip
"""API group to its resources that matter."""

CALICO = (
    "felixconfigurations", "globalnetworkpolicies", "globalnetworksets", "hostendpoints", "networkpolicies", "networksets",
    "profiles", "stagedglobalnetworkpolicies", "stagedkubernetesnetworkpolicies", "stagednetworkpolicies", "tiers",
)  # fmt: skip
"""The same of Calico, whose objects are in one of two groups: its API server's, or the one in which they are stored."""

_FIX = "list access to these resources is needed: `npverify doctor --rbac` prints a role; or read files from `kubectl get … -o json`"


def cluster_files(
    path: str, context: str, namespaces: Sequence[str], problems: Problems
) -> Iterator[tuple[str, bytes]]:
    """A JSON list for each resource, with a name that tells where it is from; all namespaces where none is named."""
    if find("kubectl") is None:
        fix = "install kubectl, or name files with what `kubectl get … -o json` prints"
        problems.error("NPV414", f"`{path}` needs the program kubectl, which is not there", Span(path), fix)
        return
    base = ["kubectl", *(["--context", context] if context else []), "--request-timeout", "120s"]
    for resource, namespaced in _resources(base, path, problems).items():
        for scope in _scopes(namespaces, namespaced=namespaced):
            command = [*base, "get", resource, *scope, "-o", "json"]
            data = output(command, Span(path), problems, code="NPV413", fix=_FIX)
            if data is not None:
                yield "/".join((CLUSTER + context, *scope[1:], resource)), data


def _scopes(namespaces: Sequence[str], *, namespaced: bool) -> list[list[str]]:
    if not namespaced:
        return [[]]
    return [["--namespace", name] for name in namespaces] or [["--all-namespaces"]]


def _resources(base: Sequence[str], path: str, problems: Problems) -> dict[str, bool]:
    """The resources of the cluster that matter, and whether they are in namespaces."""
    found: dict[str, bool] = {}
    for namespaced in (False, True):
        command = [*base, "api-resources", "--verbs=list", "-o", "name", f"--namespaced={str(namespaced).lower()}"]
        fix = "check the context with `kubectl config get-contexts`, and that the cluster answers: `kubectl version`"
        data = output(command, Span(path), problems, code="NPV413", fix=fix)
        if data is None:
            return {}
        found |= dict.fromkeys(data.decode("utf-8", "replace").split(), namespaced)
    api_server = any(name.endswith(".projectcalico.org") and ".crd." not in name for name in found)
    calico = "projectcalico.org" if api_server else "crd.projectcalico.org"
    wanted = set(PLAIN)
    for group, names in GROUPS.items():
        wanted |= {f"{name}.{group}" for name in names}
    wanted |= {f"{name}.{calico}" for name in CALICO}
    return {name: found[name] for name in sorted(found) if name in wanted}


def snapshot_items(path: str, context: str, namespaces: Sequence[str], problems: Problems) -> list[dict[str, Any]]:
    """The objects of a cluster by kind, namespace and name, each with its kind and version."""
    found = []
    for name, data in cluster_files(path, context, namespaces, problems):
        try:
            items = json.loads(data)["items"]
        except (ValueError, KeyError, TypeError):
            problems.error(
                "NPV413", f"kubectl gives no list of `{name}`", Span(path), "check it with `kubectl get … -o json`"
            )
            continue
        found += items
    return sorted(found, key=_identity)


def _identity(item: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = item.get("metadata", {})
    parts = (item.get("kind"), item.get("apiVersion"), metadata.get("namespace"), metadata.get("name"))
    return tuple(str(part or "") for part in parts)
