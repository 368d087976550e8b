"""A shop of two workloads with one policy, which is all that the tests of the editor need."""

from __future__ import annotations

from pathlib import Path

CLUSTER = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: retail}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
status: {podIP: 10.1.2.3}
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {clusterIP: 10.96.0.7, selector: {app: db}, ports: [{port: 5432}]}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - podSelector: {matchLabels: {app: web}}
"""
SHUT = POLICY.replace("app: web", "app: nobody")
SPEC = """\
# what must be true
let store = pods where app == "db" in namespace shop   # the database
assert "the web reaches the store": every web reaches store on tcp/5432
assert "nobody else does": no internet reaches store
assert policy shop/db is not vacuous
"""


def write(root: Path) -> Path:
    """The folder with all of it."""
    for name, text in (("cluster.yaml", CLUSTER), ("policy.yaml", POLICY), ("shop.npv", SPEC)):
        (root / name).write_text(text, encoding="utf-8")
    return root
