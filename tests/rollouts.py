"""Changes of policies to try an order on, and the answer by looking at every state: no solver searches, nothing is shared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from random import Random
from typing import Any

import calico_generate
import generate
import npverify
from npverify.analyses.rollout.edits import Edit
from npverify.ingest.document import Document
from npverify.ingest.files import File

Manifest = dict[str, Any]
State = frozenset[int]

_ENDS = [f'pods where app == "{app}"' for app in generate.APPS]
_PORTS = ("tcp/80", "udp/53", "tcp/443")
POOL = (
    *(f"no {a} reaches {b} on {port}" for a in _ENDS for b in _ENDS for port in _PORTS if a != b),
    *(f"every {a} reaches {b} on {port}" for a in _ENDS for b in _ENDS for port in _PORTS if a != b),
    *(f"no internet reaches {b}" for b in _ENDS),
    *(f"every {a} reaches internet on tcp/443" for a in _ENDS),
    *(f"only {a} reaches {b}" for a in _ENDS for b in _ENDS if a != b),
    *(f"every {a} reaches some {b} on tcp/80" for a in _ENDS for b in _ENDS if a != b),
    *(f"some {a} reaches {b}" for a in _ENDS for b in _ENDS if a != b),
    *(f"every {a} is isolated for {d}" for a in _ENDS for d in ("ingress", "egress")),
)


class Change:
    """Two versions over one cluster, and what is asserted of them."""

    def __init__(self, cluster: list[Manifest], old: list[Manifest], new: list[Manifest], claims: Sequence[str]) -> None:
        self.cluster, self.old, self.new = cluster, old, new
        self.spec = File("facts.npv", "".join(f"assert {claim}\n" for claim in claims), True)

    @property
    def edits(self) -> int:
        """How many objects are others in the new version."""
        before, after = ({key(m): m for m in version} for version in (self.old, self.new))
        return sum(before.get(k) != after.get(k) for k in {**before, **after})

    def rollout(self, **options: Any) -> npverify.RolloutResult:
        """What the program says."""
        return npverify.rollout(
            [file("old.json", [*self.cluster, *self.old])],
            [file("new.json", [*self.cluster, *self.new])],
            specs=[self.spec],
            **options,
        )


def file(name: str, objects: list[Manifest]) -> File:
    """A file that nobody wrote."""
    return File(name, json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), True)


def key(manifest: Manifest) -> tuple[str, str, str]:
    """Which object a manifest is."""
    return (manifest["kind"], manifest["metadata"].get("namespace") or "default", manifest["metadata"]["name"])


def change(rng: Random, most: int, dialect: str = "kubernetes") -> Change:
    """A random change of 1 to `most` edits."""
    while True:
        cluster, old = generate.cluster(rng), _policies(rng, dialect)
        spare = {key(m): m for m in _policies(rng, dialect)}
        new = [spare.pop(key(m), m) if rng.random() < 0.5 else m for m in old if rng.random() < 0.7]
        there = {key(m) for m in new}
        new += [m for k, m in spare.items() if k not in there and rng.random() < 0.7]
        made = Change(cluster, old, new, rng.sample(POOL, 12))
        if 1 <= made.edits <= most and _usable(made):
            return made


def _policies(rng: Random, dialect: str) -> list[Manifest]:
    if dialect == "kubernetes":
        return generate.policies(rng)
    return [*generate.policies(rng)[:2], *calico_generate.calico(rng, hosts=False)]


def _usable(made: Change) -> bool:
    for version in (made.old, made.new):
        try:
            npverify.load([file("all.json", [*made.cluster, *version])], specs=[made.spec], cni="calico")
        except npverify.InputError:
            return False
    return True


class EveryState:
    """What is true of every assertion in every state, each asked of a fresh run."""

    def __init__(self, made: Change, edits: Sequence[Edit], **options: Any) -> None:
        self.count = len(edits)
        self.made = made
        self.options = options
        touched = {_key(edit.document) for edit in edits}
        fixed = [m for m in made.new if key(m) not in touched]
        self.good: dict[State, dict[str, bool]] = {}
        for state in _subsets(range(self.count)):
            chosen = [e.new if n in state else e.old for n, e in enumerate(edits)]
            policies = [*fixed, *(doc.value for doc in chosen if doc is not None)]
            self.good[state] = self._ask(policies)
        nothing, everything = self.good[frozenset()], self.good[frozenset(range(self.count))]
        self.kept = {text for text, holds in nothing.items() if holds and everything[text]}

    def _ask(self, policies: list[Manifest]) -> dict[str, bool]:
        try:
            loaded = npverify.load(
                [file("all.json", [*self.made.cluster, *policies])], specs=[self.made.spec], **self.options
            )
        except npverify.InputError:
            return {}
        result = npverify.prove(loaded.world, loaded.assertions)
        return {r.assertion.text: r.status is npverify.Status.PROVED for r in result.results}

    def keeps(self, state: State) -> bool:
        """Whether a state keeps what holds before and after."""
        return all(self.good[state].get(text, False) for text in self.kept)

    def first_order(self, refused: Callable[[State], bool] = lambda _state: False) -> tuple[int, ...] | None:
        """The least order whose states all keep it, found by walking all states from the end to the beginning."""
        everything = frozenset(range(self.count))
        leads: dict[State, bool] = {everything: True}
        for state in sorted(self.good, key=len, reverse=True):
            if state != everything:
                fine = not state or (self.keeps(state) and not refused(state))
                leads[state] = fine and any(leads[state | {n}] for n in everything - state)
        if not leads[frozenset()]:
            return None
        order: list[int] = []
        while len(order) < self.count:
            done = frozenset(order)
            order.append(next(n for n in sorted(everything - done) if leads[done | {n}]))
        return tuple(order)


def _key(doc: Document) -> tuple[str, str, str]:
    return (doc.kind, doc.namespace or "default", doc.name)


def _subsets(numbers: Sequence[int]) -> Iterator[State]:
    for size in range(len(numbers) + 1):
        yield from map(frozenset, combinations(numbers, size))
