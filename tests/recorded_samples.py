"""A small shop, and lines of logs about it in the field layout of their sources: Hubble's flow.proto, Felix, Goldmane."""

from __future__ import annotations

import json
from typing import Any

from npverify.analyses.load import load
from npverify.analyses.world import World
from npverify.ingest.files import File

SHOP = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop}
spec:
  schedule: "* * * * *"
  jobTemplate: {spec: {template: {metadata: {labels: {app: report}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: cache, namespace: shop, labels: {app: cache}}
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {podIP: 10.1.0.7, phase: Running}
---
apiVersion: v1
kind: Service
metadata: {name: cache, namespace: shop}
spec: {clusterIP: 10.96.0.9, selector: {app: cache}, ports: [{port: 80, targetPort: 6379}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 5432}]
  egress:
  - to: [{ipBlock: {cidr: 203.0.113.0/24}}]
    ports: [{port: 443}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cache, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cache}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 6379}]
"""


def world(manifests: str = SHOP, **options: Any) -> World:
    """What a text of manifests says."""
    return load([File("shop.yaml", manifests, named=True)], **options).world


WEB = {"ID": 12, "identity": 5001, "cluster_name": "default", "namespace": "shop", "labels": ["k8s:app=web", "k8s:io.kubernetes.pod.namespace=shop"], "pod_name": "web-7c9f8d-x2k4p", "workloads": [{"name": "web", "kind": "Deployment"}]}  # fmt: skip
DB = {"ID": 13, "identity": 5002, "cluster_name": "default", "namespace": "shop", "labels": ["k8s:app=db"], "pod_name": "db-0", "workloads": [{"name": "db", "kind": "StatefulSet"}]}  # fmt: skip
CACHE = {"ID": 14, "identity": 5003, "namespace": "shop", "labels": ["k8s:app=cache"], "pod_name": "cache"}
WORLD = {"identity": 2, "labels": ["reserved:world"]}


def hubble(**fields: Any) -> dict[str, Any]:
    """A policy verdict of Hubble: web opens a connection to db on TCP 5432, seen at db; fields replace those of the flow."""
    flow = {
        "time": "2026-11-20T10:00:00.000Z",
        "uuid": "5f4cf1f1-8a4c-4f0b-9f0e-0c0a9e6f7f1a",
        "verdict": "FORWARDED",
        "ethernet": {"source": "0a:00:00:00:00:01", "destination": "0a:00:00:00:00:02"},
        "IP": {"source": "10.1.0.21", "destination": "10.1.0.22", "ipVersion": "IPv4"},
        "l4": {"TCP": {"source_port": 40912, "destination_port": 5432, "flags": {"SYN": True}}},
        "source": WEB,
        "destination": DB,
        "Type": "L3_L4",
        "node_name": "default/n1",
        "event_type": {"type": 5},
        "traffic_direction": "INGRESS",
        "policy_match_type": 2,
        "is_reply": False,
        "Summary": "TCP Flags: SYN",
    }
    flow = {key: value for key, value in {**flow, **fields}.items() if value is not None}
    return {"flow": flow, "node_name": "default/n1", "time": "2026-11-20T10:00:00.000Z"}


def felix(**fields: Any) -> dict[str, Any]:
    """A flow log of Felix: web's pods opened connections to db's on TCP 5432, reported at db; fields replace others."""
    return {
        "start_time": 1763632800,
        "end_time": 1763633100,
        "source_ip": None,
        "source_name": "-",
        "source_name_aggr": "web-7c9f-*",
        "source_namespace": "shop",
        "nat_outgoing_ports": None,
        "source_port": None,
        "source_type": "wep",
        "source_labels": {"labels": ["app=web", "pod-template-hash=7c9f"]},
        "dest_ip": None,
        "dest_name": "-",
        "dest_name_aggr": "db-*",
        "dest_namespace": "shop",
        "dest_port": 5432,
        "dest_type": "wep",
        "dest_labels": {"labels": ["app=db"]},
        "dest_service_namespace": "-",
        "dest_service_name": "-",
        "dest_service_port": "-",
        "dest_service_port_num": None,
        "dest_domains": None,
        "proto": "tcp",
        "action": "allow",
        "reporter": "dst",
        "policies": {"enforced_policies": ["0|default|shop/knp.default.db|allow|0"], "pending_policies": [], "transit_policies": []},
        "bytes_in": 1200,
        "bytes_out": 900,
        "num_flows": 3,
        "num_flows_started": 3,
        "num_flows_completed": 2,
        "packets_in": 12,
        "packets_out": 9,
        **fields,
    }  # fmt: skip


def goldmane(**fields: Any) -> dict[str, Any]:
    """The same as Whisker shows it: the names are the aggregated ones, and the words are capitalised."""
    return {
        "start_time": "2026-11-20T10:00:00Z",
        "end_time": "2026-11-20T10:00:15Z",
        "action": "Allow",
        "source_name": "web-7c9f-*",
        "source_namespace": "shop",
        "source_labels": "app=web | pod-template-hash=7c9f",
        "dest_name": "db-*",
        "dest_namespace": "shop",
        "dest_labels": "app=db",
        "protocol": "tcp",
        "dest_port": 5432,
        "reporter": "Dst",
        "policies": {"enforced": [], "pending": []},
        "packets_in": 12,
        "packets_out": 9,
        "bytes_in": 1200,
        "bytes_out": 900,
        **fields,
    }


def line(value: object) -> bytes:
    """A value as a line of a log."""
    return json.dumps(value).encode()
