"""The shape of a row about a translation that somebody might write by hand, and the small shop in which all of them are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

NATIVE, NAIVE = "native", "naive"

P = "projectcalico.org/orchestrator == 'k8s'"
DB = f"\"{P} && app == 'db'\""
"""The selector of Kubernetes pods, and of those that are db, as YAML."""


class Seen(NamedTuple):
    """A flow that shows the difference: who allows it, and what of it is told; "" and None: whatever it is.

    Ends are told as reports tell them: `shop/db`, `node n1`, `outside 4` or `outside 6`.
    """

    only: Literal["native", "naive"]
    src: str = ""
    dst: str = ""
    protocol: str = ""
    port: int | None = None


@dataclass(frozen=True)
class Row:
    """One way to get an item of the recipe wrong.

    item     which of the 38 ways in which a translation by hand goes wrong
    why      one sentence
    native   the policies that are translated, naive: what somebody made of them, around: what else is in the cluster
    seen     flows that show the difference, each good as a witness; () where the naive text is refused
    refused  the code of the message with which the naive text (or the native one) is refused
    left     what is assumed of the plugin that the native policies are for
    same     the translator's own text is proved equal in the same place
    """

    item: int
    why: str
    native: str
    naive: str
    seen: tuple[Seen, ...] = ()
    around: str = ""
    refused: str = ""
    native_refused: str = ""
    version: str = "3.32"
    assume: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)
    same: bool = True

    @property
    def title(self) -> str:
        """The id of the test."""
        return f"{self.item}: {self.why}"


SHOP = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {env: prod}}
---
apiVersion: v1
kind: Namespace
metadata: {name: blog, labels: {env: dev}}
---
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.io/os: linux}}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {kubernetes.io/os: linux}}
status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db, store: sql}}
spec:
  nodeName: n1
  containers: [{name: c, image: i, ports: [{name: sql, containerPort: 5432}, {name: dns, containerPort: 53}, {name: dns-udp, containerPort: 53, protocol: UDP}]}]
status: {phase: Running, podIP: 10.1.0.1, podIPs: [{ip: 10.1.0.1}, {ip: 'fd00::1'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api, role: good}}
spec: {nodeName: n1, serviceAccountName: api, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.1.0.2, podIPs: [{ip: 10.1.0.2}, {ip: 'fd00::2'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n2, serviceAccountName: api, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.1.0.3, podIPs: [{ip: 10.1.0.3}, {ip: 'fd00::3'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: blog, labels: {app: api}}
spec: {nodeName: n2, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.1.0.4, podIPs: [{ip: 10.1.0.4}, {ip: 'fd00::4'}]}
"""


def native(name: str, spec: str, namespace: str = "shop") -> str:
    """A NetworkPolicy of the Kubernetes API."""
    return _document("networking.k8s.io/v1", "NetworkPolicy", f"name: {name}, namespace: {namespace}", spec)


def calico(name: str, spec: str, kind: str = "NetworkPolicy", namespace: str = "shop") -> str:
    """An object of Calico; `namespace` "" for those that have none."""
    where = f", namespace: {namespace}" if namespace else ""
    return _document("projectcalico.org/v3", kind, f"name: {name}{where}", spec)


def documents(*texts: str) -> str:
    """One file of several."""
    return "---\n".join(text for text in texts if text)


def _document(version: str, kind: str, meta: str, spec: str) -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{{meta}}}\nspec: {spec}\n"
