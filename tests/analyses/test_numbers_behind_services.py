"""A Service whose `targetPort` is a name stands for another number at each pod that gives the name another one."""

from __future__ import annotations

import pytest

from helpers import answer

PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: one, namespace: shop, labels: {app: api}}
spec: {containers: [{name: c, image: i, ports: [{name: web, containerPort: 8080}, {name: admin, containerPort: 9080}]}]}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: two, namespace: shop, labels: {app: api}}
spec: {containers: [{name: c, image: i, ports: [{name: web, containerPort: 8081}, {name: admin, containerPort: 9081}]}]}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
status: {podIP: 10.0.0.3}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  type: NodePort
  clusterIP: 10.96.0.1
  externalTrafficPolicy: Local
  selector: {app: api}
  ports: [{name: web, port: 80, targetPort: web, nodePort: 30080}, {name: admin, port: 90, targetPort: admin, nodePort: 30090}]
---
"""


def lets_in(*ports: int) -> str:
    """The pods, of which each takes TCP on these ports alone."""
    entries = ", ".join(f"{{port: {number}}}" for number in ports)
    return PODS + (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: in, namespace: shop}\n"
        f"spec: {{podSelector: {{matchLabels: {{app: api}}}}, ingress: [{{ports: [{entries}]}}]}}\n"
    )


SOME, EVERY = (
    "every (pod shop/client) reaches some service shop/api",
    "every (pod shop/client) reaches service shop/api",
)
OUTSIDE = "every 203.0.113.7 reaches some service shop/api"
ROWS = [
    ("one of two takes its number", (8080,), f"{SOME} on tcp/80", "proved"),
    ("so does the other", (8081,), f"{SOME} on tcp/80", "proved"),
    ("neither of them", (80,), f"{SOME} on tcp/80", "refuted"),
    ("not each", (8080,), f"{EVERY} on tcp/80", "refuted"),
    ("each takes its own", (8080, 8081), f"{EVERY} on tcp/80", "proved"),
    ("each port needs one", (8080,), SOME, "refuted"),
    ("which may be another for each", (8080, 9081), SOME, "proved"),
    ("two numbers of one port", (8080, 8081), SOME, "refuted"),
    ("by a port of the nodes", (8081,), f"{OUTSIDE} on tcp/80 through nodeport", "proved"),
    ("by which neither is reached", (80,), f"{OUTSIDE} on tcp/80 through nodeport", "refuted"),
]


@pytest.mark.parametrize(("ports", "claim", "status"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_one_backend_is_enough_whatever_its_number(ports: tuple[int, ...], claim: str, status: str) -> None:
    """`some` asks for one pod behind each port of the Service, not for one of each number."""
    assert str(answer(lets_in(*ports), claim).status) == status
