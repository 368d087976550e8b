"""The two files that `npverify init` writes: a config, and a spec whose proposals are made from what the manifests hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

from npverify.inventory.model import Endpoint, EndpointKind, Inventory, Service, WorkloadRef
from npverify.report.paint import count

SPEC_NAME = "npverify.npv"
CONFIG_NAME = ".npverify.yaml"

_STORES = (
    "cassandra", "couch", "database", "db", "elastic", "etcd", "kafka", "maria", "mongo", "mysql", "postgres", "rabbit",
    "redis", "sql", "vault",
)  # fmt: skip
_STORE_PORTS = frozenset({1433, 1521, 2379, 3306, 5432, 5672, 6379, 9042, 9200, 27017})
_SHOWN = 40


def config_text(paths: Sequence[str]) -> str:
    """The config: the given paths, the starter spec, and every other setting as a comment."""
    listed = "".join(f"  - {json.dumps(p, ensure_ascii=False)}\n" for p in paths)
    return f"""\
# Settings of npverify. `npverify prove` finds this file from its own folder and from every folder below.
# An option on the command line wins over what stands here; paths are relative to this file.

paths:
{listed}
specs:
  - {SPEC_NAME}

# The network plugin: kubernetes (proofs hold for every plugin that keeps to the specification), calico, cilium and others,
# with a version if you like: calico@3.30. `npverify profiles` lists them.
cni: kubernetes

# Behaviours that the specification leaves to the plugin (docs/switches.md). What is not fixed is proved for every choice.
# assume:
#   icmp: always_allow

# Where pods live, if the manifests do not tell.
# pod_cidrs: [10.244.0.0/16]
# ip_families: [4]

# Other clusters, whose pods are peers of those here; assertions name them with `in cluster west`.
# remotes: {{west: [clusters/west]}}

# Policy kinds that npverify does not know yet but that may be left out at your own risk.
# ignore_kinds: [ClusterNetworkPolicy.crd.antrea.io]

# allow_vacuous: false
# budget: normal      # small, normal, large: how much work one obligation may take
# timeout: 60         # seconds for one obligation, only a backstop
"""


def spec_text(inventory: Inventory) -> str:
    """The spec: one assertion to begin with, and proposals as comments."""
    return "".join(f"{line}\n" for line in _spec(inventory))


def _spec(inventory: Inventory) -> Iterator[str]:
    yield "# What must hold of the network of this cluster. Check it with `npverify prove`; the language: docs/language.md."
    yield "# Lines that begin with `# assert` or `# use` are proposals: take the sign away from those that you want."
    yield ""
    yield from _found(inventory)
    yield ""
    yield "# A pack of ready-made assertions: no pod reaches the address at which clouds hand out credentials."
    yield "use kubernetes/metadata"
    yield ""
    yield "# More packs: every pod is isolated in both directions; every pod reaches cluster DNS."
    yield "# use kubernetes/default-deny"
    yield "# use kubernetes/dns"
    yield from _stores(inventory)
    yield from _services(inventory)
    yield from _namespaces(inventory)


def _found(inventory: Inventory) -> Iterator[str]:
    yield "# Found in the manifests:"
    for name in sorted(inventory.namespaces):
        workloads = _workloads(inventory, name)
        shown = ", ".join(_expression(ref) for ref, _ in workloads[:_SHOWN]) or "no workloads"
        more = f" and {len(workloads) - _SHOWN} more" if len(workloads) > _SHOWN else ""
        yield f"#   namespace {name}: {shown}{more}"
    yield f"#   {count(len(inventory.services), 'service')}"


def _stores(inventory: Inventory) -> Iterator[str]:
    for name in sorted(inventory.namespaces):
        workloads = _workloads(inventory, name)
        others = [ref for ref, end in workloads if not _is_store(ref, end)]
        for ref, end in [w for w in workloads if _is_store(*w)][:_SHOWN]:
            ports = sorted({p.number for p in end.ports if p.protocol == "TCP"})
            on = f" on tcp/{ports[0]}" if ports else ""
            who = _expression(others[0]) if others else f"pods in namespace {name}"
            yield ""
            yield f"# {ref} looks like a data store."
            yield f"# assert only {who} reaches {_expression(ref)}{on}"
            yield f"# assert no internet reaches {_expression(ref)}"


def _services(inventory: Inventory) -> Iterator[str]:
    services = [s for _, s in sorted(inventory.services.items()) if _has_backend(s)][:_SHOWN]
    if services:
        yield ""
        yield "# What must keep working."
    for service in services:
        yield f"# assert every pod in namespace {service.namespace} reaches service {service}"


def _namespaces(inventory: Inventory) -> Iterator[str]:
    names = [n for n in sorted(inventory.namespaces) if _workloads(inventory, n)][:_SHOWN]
    if len(names) > 1:
        yield ""
        yield "# Namespaces that have nothing to do with each other."
        for left, right in pairwise(names):
            yield f"# assert no pod in namespace {left} reaches pods in namespace {right}"


def _has_backend(service: Service) -> bool:
    return not service.problem and any(service.backends.values())


def _workloads(inventory: Inventory, namespace: str) -> list[tuple[WorkloadRef, Endpoint]]:
    """The workloads of a namespace with one of their pods each; those on the host network are left out."""
    found: dict[WorkloadRef, Endpoint] = {}
    for end in inventory.pods:
        if end.namespace == namespace and end.kind is EndpointKind.POD:
            found.setdefault(end.workload or WorkloadRef("Pod", end.namespace, end.name), end)
    return sorted(found.items(), key=lambda pair: pair[0])


def _is_store(ref: WorkloadRef, end: Endpoint) -> bool:
    named = any(word in ref.name.lower() for word in _STORES)
    return named or any(p.number in _STORE_PORTS for p in end.ports)


def _expression(ref: WorkloadRef) -> str:
    return f"{ref.kind.lower()} {ref.namespace}/{ref.name}"
