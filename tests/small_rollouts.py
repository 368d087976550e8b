"""Small changes whose every state is judged by a few lines of Python: three pods, policies of one rule, claims about one port.

Nothing of the program has a part in `allowed`: it is the text of the API, for policies as narrow as these.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from random import Random
from typing import Any

import npverify
from npverify.ingest.files import File

PODS = ("a", "b", "c")
PORTS = (80, 443)
State = frozenset[int]


@dataclass(frozen=True)
class Policy:
    """Pods that are selected ("": all) for a direction, with one rule: these peers, on this port (0: any)."""

    subject: str
    direction: str
    peers: tuple[str, ...]
    port: int

    def manifest(self, name: str) -> dict[str, Any]:
        way, ends = ("ingress", "from") if self.direction == "Ingress" else ("egress", "to")
        rule: dict[str, Any] = {ends: [{"podSelector": {"matchLabels": {"app": peer}}} for peer in self.peers]}
        if self.port:
            rule["ports"] = [{"port": self.port}]
        chosen = {"matchLabels": {"app": self.subject}} if self.subject else {}
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": "x"},
            "spec": {
                "podSelector": chosen,
                "policyTypes": [self.direction],
                way: [rule] if self.peers else [],
            },
        }


@dataclass(frozen=True)
class Claim:
    """Every flow from one pod to another on a port is allowed, or none; or a pod is isolated (`dst` a direction)."""

    src: str
    dst: str
    port: int
    want: bool

    @property
    def text(self) -> str:
        if self.dst in ("ingress", "egress"):
            return f"every pod x/{self.src} is isolated for {self.dst}"
        word = "every" if self.want else "no"
        return f"{word} pod x/{self.src} reaches pod x/{self.dst}:{self.port}"

    def holds(self, policies: list[Policy]) -> bool:
        if self.dst in ("ingress", "egress"):
            return any(p.direction.lower() == self.dst and p.subject in ("", self.src) for p in policies)
        return allowed(policies, self.src, self.dst, self.port) is self.want


def allowed(policies: list[Policy], src: str, dst: str, port: int) -> bool:
    """A pod that some policy selects in a direction is isolated there; what any rule of any such policy matches passes."""
    for direction, own, other in (("Egress", src, dst), ("Ingress", dst, src)):
        selecting = [p for p in policies if p.direction == direction and p.subject in ("", own)]
        if selecting and not any(other in p.peers and p.port in (0, port) for p in selecting):
            return False
    return True


CLAIMS = tuple(
    [Claim(a, b, port, want) for a in PODS for b in PODS if a != b for port in PORTS for want in (True, False)]
    + [Claim(a, way, 0, True) for a in PODS for way in ("ingress", "egress")]
)


@dataclass(frozen=True)
class Small:
    """By name, what each policy says before and after (None: it is not there); and the claims that hold at both ends."""

    versions: tuple[tuple[Policy | None, Policy | None], ...]
    claims: tuple[Claim, ...]

    @property
    def count(self) -> int:
        return len(self.versions)

    def policies(self, state: State) -> list[Policy]:
        chosen = (pair[number in state] for number, pair in enumerate(self.versions))
        return [policy for policy in chosen if policy is not None]

    def keeps(self, state: State) -> bool:
        return all(claim.holds(self.policies(state)) for claim in self.claims)

    @staticmethod
    def pods() -> list[dict[str, Any]]:
        return [
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": pod, "namespace": "x", "labels": {"app": pod}},
                "spec": {"containers": [{"name": "c"}]},
            }
            for pod in PODS
        ]

    def file(self, which: int) -> File:
        made = [pair[which].manifest(f"p{n}") for n, pair in enumerate(self.versions) if pair[which] is not None]  # type: ignore[union-attr]
        name = ("old.json", "new.json")[which]
        return File(name, json.dumps({"apiVersion": "v1", "kind": "List", "items": [*self.pods(), *made]}), True)

    def rollout(self, **options: Any) -> npverify.RolloutResult:
        spec = File("facts.npv", "".join(f"assert {claim.text}\n" for claim in self.claims), True)
        return npverify.rollout([self.file(0)], [self.file(1)], specs=[spec], **options)

    def numbers(self, result: npverify.RolloutResult) -> list[int]:
        """The number of each edit of the program's list."""
        return [int(edit.document.name[1:]) for edit in result.edits]

    def first_order(self, numbers: list[int]) -> list[int] | None:
        """The least order, by the place in `numbers`, whose states all keep the claims: all states are looked at."""
        everything = frozenset(range(self.count))
        leads = {everything: True}
        for size in range(self.count - 1, -1, -1):
            for state in map(frozenset, combinations(range(self.count), size)):
                leads[state] = self.keeps(state) and any(leads[state | {n}] for n in everything - state)
        if not leads[frozenset()]:
            return None
        order: list[int] = []
        while len(order) < self.count:
            done = frozenset(order)
            order.append(next(n for n in numbers if n not in done and leads[done | {n}]))
        return order


def small(rng: Random, most: int = 6) -> Small:
    """A random change in which something is at stake."""
    while True:
        versions = tuple(_pair(rng) for _ in range(rng.randint(min(3, most), most)))
        made = Small(versions, ())
        ends = (made.policies(frozenset()), made.policies(frozenset(range(len(versions)))))
        both = [claim for claim in CLAIMS if all(claim.holds(policies) for policies in ends)]
        if both:
            return Small(versions, tuple(sorted(rng.sample(both, min(len(both), rng.randint(2, 9))), key=CLAIMS.index)))


def _pair(rng: Random) -> tuple[Policy | None, Policy | None]:
    kind = rng.random()
    old, new = _policy(rng), _policy(rng)
    if kind < 0.4:
        return (None, new)
    if kind < 0.7:
        return (old, None)
    return (old, new) if old != new else (old, None)


def _policy(rng: Random) -> Policy:
    peers = tuple(pod for pod in PODS if rng.random() < 0.6)
    return Policy(rng.choice(("", *PODS)), rng.choice(("Ingress", "Egress")), peers, rng.choice((0, 0, 80)))


def states(count: int) -> Iterator[State]:
    """Every state between the first and the last."""
    for size in range(1, count):
        yield from map(frozenset, combinations(range(count), size))


@dataclass(frozen=True)
class Tiered:
    """A change of Calico objects, each with what it says before and after; what is true of a state is asked of a fresh run."""

    versions: tuple[tuple[dict[str, Any] | None, dict[str, Any] | None], ...]
    claims: tuple[Claim, ...]

    @property
    def spec(self) -> File:
        return File("facts.npv", "".join(f"assert {claim.text}\n" for claim in self.claims), True)

    def file(self, name: str, state: State) -> File:
        """The pods and the objects of a state."""
        chosen = [pair[number in state] for number, pair in enumerate(self.versions)]
        items = [*Small((), ()).pods(), *(made for made in chosen if made is not None)]
        return File(name, json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), True)

    def proved(self, state: State) -> frozenset[str]:
        """The claims that a fresh run proves in a state."""
        loaded = npverify.load([self.file("all.json", state)], specs=[self.spec], cni="calico")
        answers = npverify.prove(loaded.world, loaded.assertions).results
        return frozenset(a.assertion.text for a in answers if a.status is npverify.Status.PROVED)

    def rollout(self) -> npverify.RolloutResult:
        old, new = frozenset[int](), frozenset(range(len(self.versions)))
        return npverify.rollout(
            [self.file("old.json", old)], [self.file("new.json", new)], specs=[self.spec], cni="calico"
        )

    def number(self, edit: Any) -> int:
        """Which of the versions an edit of the program is."""
        doc = edit.document
        names = [
            (made["kind"], made["metadata"]["name"]) for pair in self.versions for made in [pair[0] or pair[1] or {}]
        ]
        return names.index((doc.kind, doc.name))

    def refused(self, state: State) -> bool:
        """Whether a policy stands in a tier that is not there."""
        chosen = [made for n, pair in enumerate(self.versions) if (made := pair[n in state]) is not None]
        there = {made["metadata"]["name"] for made in chosen if made["kind"] == "Tier"} | {"default"}
        return any(made["spec"].get("tier", "default") not in there for made in chosen)


def tiered(rng: Random, most: int) -> Tiered:
    """A random change of up to two tiers, a set, and policies in them."""
    versions: list[tuple[Any, Any]] = []
    for name in ("t0", "t1"):
        old, new = (_calico("Tier", name, order=rng.choice((10, 20, 30))) for _ in range(2))
        versions.append(rng.choice(((old, old), (old, new), (old, new))))
    for number in range(rng.randint(2, most)):
        pair = tuple(_tiered_policy(rng, f"p{number}") for _ in range(2))
        versions.append(rng.choice((pair, pair, (None, pair[1]), (pair[0], None))))
    distinct = tuple(pair for pair in versions if pair[0] != pair[1])
    fixed = tuple((pair[0], pair[0]) for pair in versions if pair[0] == pair[1])
    made = Tiered((*distinct, *fixed), CLAIMS[:24:2] + CLAIMS[1:24:2])
    return Tiered(made.versions, tuple(rng.sample(made.claims, 8)))


def _tiered_policy(rng: Random, name: str) -> dict[str, Any]:
    way = rng.choice(("Ingress", "Egress"))
    side = "source" if way == "Ingress" else "destination"
    rules = [
        {
            "action": rng.choice(("Allow", "Allow", "Deny", "Pass")),
            "protocol": "TCP",
            side: {"selector": f"app == '{rng.choice(PODS)}'"},
        }
        for _ in range(rng.randint(0, 2))
    ]
    subject = rng.choice(("all()", *(f"app == '{pod}'" for pod in PODS)))
    spec = {
        "tier": rng.choice(("t0", "t1", "default")),
        "order": rng.choice((1, 2, 3)),
        "selector": subject,
        "types": [way],
    }
    return _calico("GlobalNetworkPolicy", name, **spec, **{way.lower(): rules})


def _calico(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "projectcalico.org/v3", "kind": kind, "metadata": {"name": name}, "spec": spec}
