"""Whatever stands in a field, the inventory is built or the field is reported; and positions are those of the file."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from inventory.manifests import PathLocator
from npverify.ingest.document import Document, Path
from npverify.ingest.read import read
from npverify.ingest.source import Problems
from npverify.inventory.build import INVENTORY_KINDS, build, is_inventory
from npverify.inventory.fronts import ROUTES

JUNK: tuple[Any, ...] = (
    None,
    0,
    -1,
    70000,
    1.5,
    True,
    "",
    "é",
    "-A",
    "None",
    [],
    {},
    [None],
    [1],
    {"a": 1},
    {"a": None},
)

POD_SPEC = """
  hostNetwork: true
  nodeName: n
  serviceAccountName: s
  containers: [{ports: [{name: http, containerPort: 80, protocol: TCP}]}]
  initContainers: [{restartPolicy: Always, ports: [{containerPort: 81}]}]
"""
TEMPLATE = {"metadata": {"labels": {"app": "w"}}, "spec": yaml.safe_load(POD_SPEC)}
SCALED = {"spec": {"replicas": 2, "ordinals": {"start": 1}, "selector": {"matchLabels": {"app": "w"}}}}
JOB = {"parallelism": 1, "completions": 2, "completionMode": "Indexed", "template": TEMPLATE}
BODIES: dict[str, dict[str, Any]] = {
    "CiliumEndpointSlice": {
        "namespace": "x",
        "endpoints": [
            {
                "name": "w",
                "id": 7,
                "networking": {"addressing": [{"ipv4": "10.0.0.1"}], "node": "10.0.1.1"},
                "named-ports": [{"name": "h", "protocol": "TCP", "port": 80}],
            }
        ],
    },
    "CiliumEndpoint": {
        "status": {
            "identity": {"id": 7, "labels": ["k8s:app=w"]},
            "networking": {"addressing": [{"ipv4": "10.0.0.1"}], "node": "10.0.1.1"},
            "named-ports": [{"name": "http", "protocol": "TCP", "port": 80}],
        }
    },
    "Pod": {"spec": TEMPLATE["spec"], "status": {"phase": "Running", "podIPs": [{"ip": "10.0.0.1"}]}},
    "ReplicationController": {"spec": {"replicas": 2, "selector": {"app": "w"}, "template": TEMPLATE}},
    "Job": {"spec": JOB, "status": {"conditions": [{"type": "Complete", "status": "False"}]}},
    "CronJob": {"spec": {"jobTemplate": {"spec": JOB}}},
    "Node": {
        "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"]},
        "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]},
    },
    "Service": {
        "spec": {
            "type": "NodePort",
            "clusterIP": "10.0.0.9",
            "clusterIPs": ["10.0.0.9"],
            "selector": {"app": "w"},
            "externalTrafficPolicy": "Local",
            "ports": [{"name": "h", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        }
    },
    "Endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80, "name": "h"}]}]},
    "EndpointSlice": {
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True, "serving": True}}],
        "ports": [{"name": "h", "port": 80}],
    },
    "Namespace": {},
    "ServiceAccount": {},
    "WorkloadEndpoint": {
        "spec": {
            "orchestrator": "k8s",
            "node": "n",
            "pod": "a",
            "endpoint": "eth0",
            "workload": "w",
            "containerID": "c",
            "serviceAccountName": "s",
            "ipNetworks": ["10.0.0.1/32"],
            "ipNATs": [{"internalIP": "10.0.0.1", "externalIP": "192.0.2.1"}],
            "profiles": ["kns.x", "ksa.x.s"],
            "ports": [{"name": "h", "protocol": "TCP", "port": 80, "hostPort": 8080}],
            "allowSpoofedSourcePrefixes": ["192.0.2.0/24"],
        }
    },
}
TO_SERVICE = {"group": "", "kind": "Service", "namespace": "x", "name": "a", "port": 80}
PARENT = {"group": "g", "kind": "Gateway", "namespace": "x", "name": "a", "sectionName": "h", "port": 80}
FILTERS = [
    {"type": "RequestMirror", "requestMirror": {"backendRef": TO_SERVICE}},
    {"type": "ExternalAuth", "externalAuth": {"backendRef": TO_SERVICE}},
]
TEXT = {"type": "Exact", "name": "a", "value": "b"}
HTTP_MATCH = {"path": {"type": "Exact", "value": "/a"}, "headers": [TEXT], "queryParams": [TEXT], "method": "GET"}
GRPC_MATCH = {"method": {"type": "Exact", "service": "a.B", "method": "C"}, "headers": [TEXT]}
INGRESS_PATHS = [
    {"path": "/a", "pathType": "Prefix", "backend": {"service": {"name": "a", "port": {"name": "h"}}}},
    {"pathType": "ImplementationSpecific", "backend": {"resource": {"apiGroup": "g", "kind": "K", "name": "a"}}},
]
BODIES |= {
    "Ingress": {
        "spec": {
            "ingressClassName": "c",
            "defaultBackend": {"service": {"name": "a", "port": {"number": 80}}},
            "rules": [{"host": "*.a", "http": {"paths": INGRESS_PATHS}}],
        }
    },
    "IngressClass": {"spec": {"controller": "a.b/c"}},
    "GatewayClass": {"spec": {"controllerName": "a.b/c"}},
    "Gateway": {
        "spec": {
            "gatewayClassName": "c",
            "listeners": [
                {
                    "name": "h",
                    "port": 80,
                    "protocol": "HTTP",
                    "hostname": "*.a",
                    "allowedRoutes": {
                        "namespaces": {
                            "from": "Selector",
                            "selector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
                        },
                        "kinds": [{"group": "g", "kind": "HTTPRoute"}],
                    },
                }
            ],
        }
    },
    "HTTPRoute": {
        "spec": {
            "parentRefs": [PARENT],
            "hostnames": ["b.a"],
            "useDefaultGateways": "All",
            "rules": [
                {
                    "matches": [HTTP_MATCH],
                    "filters": FILTERS,
                    "backendRefs": [{**TO_SERVICE, "weight": 1, "filters": FILTERS}],
                }
            ],
        }
    },
    "GRPCRoute": {"spec": {"parentRefs": [PARENT], "rules": [{"matches": [GRPC_MATCH], "filters": FILTERS[:1]}]}},
    **{
        kind: {"spec": {"parentRefs": [PARENT], "rules": [{"backendRefs": [{**TO_SERVICE, "weight": 1}]}]}}
        for kind in ("TLSRoute", "TCPRoute", "UDPRoute")
    },
    "ReferenceGrant": {
        "spec": {
            "from": [{"group": "g", "kind": "HTTPRoute", "namespace": "y"}],
            "to": [{"group": "", "kind": "Service", "name": "a"}],
        }
    },
}
META = {
    "name": "a",
    "namespace": "x",
    "labels": {"app": "w", "kubernetes.io/service-name": "a"},
    "ownerReferences": [{"kind": "ReplicaSet", "name": "b", "controller": True}],
}
WITHOUT_SELECTOR = {"metadata": META, "spec": {"ports": [{"name": "h", "port": 80}]}}


WITH_A_SERVICE = ("Endpoints", "EndpointSlice", "Ingress", "Gateway", "ReferenceGrant", *ROUTES)


def whole(kind: str) -> dict[str, Any]:
    """An object with every field that is read."""
    body = copy.deepcopy(BODIES.get(kind, SCALED))
    if kind not in BODIES:
        body["spec"]["template"] = copy.deepcopy(TEMPLATE)
    meta = copy.deepcopy(META)
    if kind == "WorkloadEndpoint":
        meta["name"] = "n-k8s-a-eth0"
    return {"metadata": meta, **body}


def document(group: str, kind: str, value: dict[str, Any]) -> Document:
    """A document of that kind, identified as the reader does."""
    meta = value.get("metadata")
    named = {key: text for key, text in meta.items() if isinstance(text, str)} if isinstance(meta, dict) else {}
    version = f"{group}/v1" if group else "v1"
    return Document(version, kind, named.get("namespace"), named.get("name", ""), value, PathLocator(1))


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every place inside a value."""
    steps = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        yield (*at, step)
        yield from paths(value[step], (*at, step))


@pytest.mark.parametrize(("group", "kind"), sorted(INVENTORY_KINDS))
def test_no_value_of_a_field_is_too_much(group, kind):
    """Anything in the place of any field gives an inventory or errors, never an exception."""
    service = document("", "Service", copy.deepcopy(WITHOUT_SELECTOR))
    for path in paths(whole(kind)):
        for junk in JUNK:
            value = whole(kind)
            parent: Any = value
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]] = copy.deepcopy(junk)
            objects = [document(group, kind, value), *([service] if kind in WITH_A_SERVICE else [])]
            if kind in ("Gateway", "ReferenceGrant"):
                objects.append(document(group, "HTTPRoute", whole("HTTPRoute")))
            problems = Problems()
            found = build(objects, problems)
            keys = [endpoint.key for endpoint in found.endpoints]
            assert keys == sorted(set(keys))
            assert all(pod.namespace in found.namespaces for pod in found.pods)


@pytest.mark.parametrize(("group", "kind"), sorted(INVENTORY_KINDS))
def test_the_whole_object_is_fine(group, kind):
    """The objects that the junk is put into have no error themselves."""
    problems = Problems()
    named = {"metadata": {"name": "7"}, "security-labels": {"k8s:app": "w"}}  # which the slices of Cilium name
    build([document(group, kind, whole(kind)), document("cilium.io", "CiliumIdentity", named)], problems)
    assert problems.errors == ()


MANIFEST = b"""\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  containers:
  - name: c
    ports:
    - containerPort: 80
      protocol: tcp
"""


def test_a_message_points_into_the_file():
    """With the real reader, an error carries line, column and the text of the line."""
    problems = Problems()
    found = build(read(["-"], problems, wanted=is_inventory, stdin=lambda: MANIFEST).documents, problems)
    (error,) = problems.errors
    assert (error.code, error.span.line, error.span.column) == ("NPV039", 16, 17)
    assert error.excerpt == "      protocol: tcp"
    assert [(str(pod), pod.span.line, pod.span.column) for pod in found.pods] == [("shop/web", 9, 9)]
    assert found.namespaces["shop"].span.line == 4
