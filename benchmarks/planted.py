"""What is known by construction: namespaces that the random policies stay out of, and a hundred assertions about them.

The random policies select pods of their own namespace only, and what they name of others are the random namespaces, which
alone have the labels `env` and `team`. So the ingress of planted pods is exactly what is written here, and so is the egress of
those of the cells; `vault`, `leak`, `web` and `kube-system` send what they want. Every answer below follows from that.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from itertools import islice

from benchmarks.objects import (
    Addresses,
    Change,
    Cluster,
    Fact,
    Object,
    connection,
    named,
    namespace,
    pod,
    policy,
    selector,
)

CELLS = ("cell-0", "cell-1")
NAMESPACES = 4 + len(CELLS)
ENVS = ("prod", "staging", "dev")
TIERS = ("frontend", "backend", "data", "batch")
DB_PORTS = range(5432, 5441)
"""Listed one by one: whether a range means something depends on the plugin (the switch `endport_supported`)."""
MOST = 20
"""How many there are at most of what is planted k times."""


def planted_count(policies: int) -> int:
    """How many shadowed rules, redundant excepts, … are planted among so many policies."""
    return max(1, min(MOST, policies // 100))


def plant(cluster: Cluster, addresses: Addresses, nodes: int, k: int) -> int:
    """The planted namespaces with what is known about them; gives back how many pods they have."""
    grower = _Grower(cluster, addresses, nodes)
    _vault(grower, k)
    _leak(grower)
    _web(grower, k)
    for cell in CELLS:
        grower.namespace(cell, "cell")
        grower.workload(cell, "one", "planted-cell", 8080)
        grower.workload(cell, "two", "planted-cell", 8080)
        inside: list[Object] = [{"podSelector": {}}]
        both = {"policyTypes": ["Ingress", "Egress"], "ingress": [{"from": inside}], "egress": [{"to": inside}]}
        grower.policy("inside", cell, {"podSelector": {}, **both})
    cluster.objects.append(namespace("kube-system"))
    grower.workload("kube-system", "coredns", "planted-dns", 53, ("UDP", "TCP"))
    ports = [{"name": f"dns-{p.lower()}", "port": 53, "protocol": p} for p in ("UDP", "TCP")]
    cluster.objects.append(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kube-dns", "namespace": "kube-system"},
         "spec": {"clusterIP": "10.96.0.10", "selector": {"app": "coredns"}, "ports": ports}}
    )  # fmt: skip
    many = range(k)
    cluster.policies = {
        "vacuous": [f"vault/nobody-{i}" for i in many],
        "redundant": [f"vault/{name}-{i}" for name in ("nobody", "deny-in-again", "db-narrow") for i in many],
        "shadowed": [f"vault/db-narrow-{i}" for i in many],
        "needed": ["vault/db", "leak/metrics", "web/edge", *(f"{cell}/inside" for cell in CELLS)],
    }
    cluster.leak = "leak/metrics"
    cluster.connections = [
        connection("vault/vault-api", "vault/vault-db", 5432, True),
        connection("vault/vault-api", "vault/vault-db", 5441, False),
        connection("web/web-front", "vault/vault-db", 5432, False),
        connection("web/web-front", "leak/leak-db", 5432, True),
        connection("web/web-front", "leak/leak-db", 5433, False),
        connection("cell-0/one", "cell-0/two", 8080, True),
        connection("cell-0/one", "cell-1/one", 8080, False),
        connection("kube-system/coredns", "web/web-front", 8080, True),
    ]
    return grower.pods


class _Grower:
    """Adds planted objects to a cluster. Guards the count of pods, which spreads them over the nodes."""

    def __init__(self, cluster: Cluster, addresses: Addresses, nodes: int) -> None:
        self.cluster = cluster
        self.addresses = addresses
        self.nodes = nodes
        self.pods = 0

    def namespace(self, name: str, kind: str) -> None:
        self.cluster.objects.append(namespace(name, {"planted": kind}))

    def workload(self, space: str, app: str, tier: str, port: int, protocols: tuple[str, ...] = ("TCP",)) -> None:
        ports = [{"name": f"p-{p.lower()}", "containerPort": port, "protocol": p} for p in protocols]
        for i in range(2):
            labels = {"app": app, "tier": tier}
            address, place = self.addresses.take(), (self.pods * 7) % self.nodes
            self.cluster.objects.append(
                pod(f"{app}-{i}", space, labels, address, ports=ports, node=place, owner=app)
            )  # fmt: skip
            self.pods += 1

    def policy(self, name: str, space: str, spec: Object) -> None:
        self.cluster.objects.append(policy(name, space, spec))


DENY_IN: Object = {"podSelector": {}, "policyTypes": ["Ingress"]}


def _ports(*numbers: int) -> list[Object]:
    return [{"protocol": "TCP", "port": number} for number in numbers]


def _let_in(app: str, rules: list[Object]) -> Object:
    return {"podSelector": selector(app=app), "policyTypes": ["Ingress"], "ingress": rules}


def _vault(grower: _Grower, k: int) -> None:
    """A database that its API alone reaches, beside policies that change nothing."""
    grower.namespace("vault", "vault")
    grower.workload("vault", "vault-api", "planted-backend", 8080)
    grower.workload("vault", "vault-db", "planted-data", 5432)
    grower.policy("deny-in", "vault", DENY_IN)
    api = [{"podSelector": selector(app="vault-api")}]
    grower.policy("db", "vault", _let_in("vault-db", [{"from": api, "ports": _ports(*DB_PORTS)}]))
    rules: list[Object] = [{"from": [{"podSelector": {}}]}]
    rules += [{"from": [{"podSelector": selector(app="vault-db")}], "ports": _ports(8080 + i)} for i in range(k)]
    grower.policy("api", "vault", _let_in("vault-api", rules))
    for i in range(k):
        grower.policy(f"nobody-{i}", "vault", {"podSelector": selector(app=f"gone-{i}"), "policyTypes": ["Ingress"]})
        grower.policy(f"deny-in-again-{i}", "vault", DENY_IN)
        port = DB_PORTS[0] + i % 4
        grower.policy(f"db-narrow-{i}", "vault", _let_in("vault-db", [{"from": api, "ports": _ports(port)}]))
        grower.cluster.rules.append({"policy": "vault/api", "direction": "ingress", "rule": i + 1})


def _leak(grower: _Grower) -> None:
    """The same with one policy too many: it opens the database to every pod."""
    grower.namespace("leak", "leak")
    grower.workload("leak", "leak-api", "planted-backend", 8080)
    grower.workload("leak", "leak-db", "planted-data", 5432)
    grower.policy("deny-in", "leak", DENY_IN)
    api = [{"podSelector": selector(app="leak-api")}]
    grower.policy("db", "leak", _let_in("leak-db", [{"from": api, "ports": _ports(5432)}]))
    everyone: list[Object] = [{"namespaceSelector": {}}]
    grower.policy("metrics", "leak", _let_in("leak-db", [{"from": everyone, "ports": _ports(5432)}]))


def _web(grower: _Grower, k: int) -> None:
    """A front end that no policy selects, and one that half a block of outside addresses reaches."""
    grower.namespace("web", "web")
    grower.workload("web", "web-front", "frontend", 8080)
    grower.workload("web", "web-edge", "planted-backend", 8443)
    excepts = ["203.0.113.128/25", *(f"203.0.113.{128 + 4 * i}/30" for i in range(k))]
    block = {"ipBlock": {"cidr": "203.0.113.0/24", "except": excepts}}
    grower.policy("edge", "web", _let_in("web-edge", [{"from": [block], "ports": _ports(8443)}]))
    place = {"policy": "web/edge", "direction": "ingress", "rule": 0, "peer": 0}
    grower.cluster.excepts += [{**place, "except": i + 1} for i in range(k)]


# --- assertions --------------------------------------------------------------------------------------------------------

Rows = list[tuple[str, str]]
P, R = "proved", "refuted"

VAULT_DB = 'pods where app == "vault-db"'
VAULT_API = 'pods where app == "vault-api"'
LEAK_DB = 'pods where app == "leak-db"'
FRONT = 'pods where app == "web-front"'
EDGE = 'pods where app == "web-edge"'


def ask(cluster: Cluster, rng: random.Random, spaces: list[str], teams: int) -> None:
    """A hundred assertions, half of them true: 40 no X reaches Y:port, 20 must reach, 20 isolation, 10 external, 10 about
    policies. `spaces` are the random namespaces, `teams` how many values their label `team` has."""
    kinds = ((_no_reaches(rng, spaces), 20), (_must_reach(rng, spaces), 10), (_isolation(teams), 10),
             (_external(), 5), (_about_policies(), 5))  # fmt: skip
    for rows, half in kinds:
        for status in (P, R):
            chosen = list(islice((a for a, s in rows if s == status), half))
            if len(chosen) != half or len(set(chosen)) != half:
                raise ValueError(f"{len(set(chosen))} assertions that are {status}, not {half}: {chosen[:1]}")
            cluster.facts.extend(Fact(assertion, status) for assertion in chosen)


def _no_reaches(rng: random.Random, spaces: list[str]) -> Rows:
    def strangers() -> Iterator[str]:
        for i in range(8):
            yield f"pods in namespace {rng.choice(spaces)} reaches {VAULT_DB} on tcp/{5432 + i}"
        for tier in TIERS:
            yield f'pods where tier == "{tier}" reaches {VAULT_DB} on tcp/5432'
        for env in ENVS:
            yield f'pods in namespace where env == "{env}" reaches pods in namespace vault on tcp/5432'
        yield f"pods in namespace cell-0 reaches {VAULT_DB} on tcp/5432"
        yield f"pods in namespace cell-1 reaches {LEAK_DB} on tcp/5432"
        yield f"pods reaches {LEAK_DB} on tcp/5433"
        yield f"{FRONT} reaches {LEAK_DB} on tcp/5431"
        yield f"pods except pods in namespace vault reaches {VAULT_DB} on tcp/5433"

    def leaks() -> Iterator[str]:
        yield f'pods where tier == "frontend" reaches {LEAK_DB} on tcp/5432'
        yield f"{FRONT} reaches {LEAK_DB} on tcp/5432"
        yield f"pods reaches {LEAK_DB} on tcp/5432"
        yield f"pods in namespace vault reaches {LEAK_DB} on tcp/5432"
        yield f"pods in namespace kube-system reaches {FRONT} on tcp/8080"
        for i in range(9):
            yield f"{VAULT_API} reaches {VAULT_DB} on tcp/{5432 + i}"
        for i in range(6):
            yield f"pods in namespace cell-0 reaches pods in namespace cell-0 on tcp/{8080 + i}"

    return [(f"no {a}", P) for a in strangers()] + [(f"no {a}", R) for a in leaks()]


def _must_reach(rng: random.Random, spaces: list[str]) -> Rows:
    true = [f"{VAULT_API} reaches {VAULT_DB} on tcp/{5432 + i}" for i in range(4)]
    true += [f"pods in namespace {cell} reaches pods in namespace {cell} on tcp/8080" for cell in CELLS]
    true += [f"{FRONT} reaches {LEAK_DB} on tcp/5432", f"{VAULT_API} reaches {LEAK_DB} on tcp/5432",
             f"{VAULT_API} reaches {FRONT} on tcp/8080", f"{FRONT} reaches service kube-system/kube-dns on udp/53"]  # fmt: skip
    false = ["pod reaches service kube-system/kube-dns on udp/53", f"{FRONT} reaches {VAULT_DB} on tcp/5432",
             f"{FRONT} reaches {LEAK_DB} on tcp/5433", f"{VAULT_API} reaches {VAULT_DB} on tcp/5441",
             f"pods in namespace cell-0 reaches {FRONT} on tcp/8080",
             "pods in namespace cell-0 reaches pods in namespace cell-1 on tcp/8080"]  # fmt: skip
    false += [f"pods in namespace {rng.choice(spaces)} reaches {VAULT_DB} on tcp/{5432 + i}" for i in range(4)]
    return [(f"every {a}", P) for a in true] + [(f"every {a}", R) for a in false]


def _isolation(teams: int) -> Rows:
    cell = "pods in namespace cell-0"
    true = [f"{cell} isolated from pods in namespace {x}" for x in ("cell-1", "vault", "leak", "web", "kube-system")]
    true += [f'{cell} isolated from pods in namespace where env == "{env}"' for env in ENVS]
    true += [f'pods in namespace cell-1 isolated from pods in namespace where team == "team-{teams - 1}"',
             "every pod in namespace cell-0 is isolated for ingress and egress"]  # fmt: skip
    false = [f"pods in namespace {x} isolated from pods in namespace leak" for x in ("vault", "web", "kube-system")]
    false += [f"pods in namespace {x} isolated from pods in namespace web" for x in ("vault", "leak", "kube-system")]
    false += [f"{VAULT_API} isolated from {VAULT_DB}", f"every {FRONT} is isolated for ingress",
              "every pod in namespace kube-system is isolated for ingress",
              'pods where app == "one" in namespace cell-0 isolated from pods where app == "two" in namespace cell-0']  # fmt: skip
    return [(a, P) for a in true] + [(a, R) for a in false]


def _external() -> Rows:
    true = ["no internet reaches pods in namespace vault", "no internet reaches pods in namespace leak",
            "no pods in namespace cell-1 reaches internet", f"no 203.0.113.128/25 reaches {EDGE}",
            f"no 198.51.100.0/24 reaches {EDGE}"]  # fmt: skip
    false = [f"no internet reaches {EDGE} on tcp/8443", f"no {FRONT} reaches internet",
             f"no 203.0.113.0/25 reaches {EDGE}", "no pod reaches 169.254.169.254:80",
             f"no internet reaches {FRONT}"]  # fmt: skip
    return [(a, P) for a in true] + [(a, R) for a in false]


def _about_policies() -> Rows:
    true = ["nobody-0 is vacuous", "nobody-0 is redundant", "deny-in-again-0 is redundant", "db-narrow-0 is redundant",
            "db-narrow-0 is shadowed"]  # fmt: skip
    false = ["vault/db is vacuous", "vault/db is redundant", "vault/db is shadowed", "leak/metrics is redundant",
             "leak/metrics is shadowed"]  # fmt: skip
    return [(f"policy vault/{a}", P) for a in true] + [(f"policy {a}", R) for a in false]


def err(cluster: Cluster, rewritten: list[Object]) -> list[Object]:
    """The rewritten policies with one bit flipped: the last port of the vault's database is also the end of its interval,
    which 5441 becomes instead. Notes it in `cluster.change`."""
    last = DB_PORTS[-1]
    wrong = copy.deepcopy(rewritten)
    for thing in wrong:
        if thing["metadata"]["name"] == "db-ingress-0" and thing["metadata"]["namespace"] == "vault":
            for at, port in enumerate(thing["spec"]["ingress"][0]["ports"]):
                if port["endPort"] == last:
                    port["endPort"] = last ^ 1
                    flow = {"src": "vault/vault-api", "dst": "vault/vault-db", "protocol": "TCP", "port": last ^ 1}
                    where = f"spec.ingress[0].ports[{at}].endPort"
                    cluster.change = Change(named(thing), where, last, last ^ 1, flow)
                    return wrong
    raise ValueError("the rewritten policies have no port of the vault's database to change")
