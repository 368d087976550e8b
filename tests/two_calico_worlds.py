"""Pairs of random Calico worlds that differ a little."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

import npverify
from calico_generate import calico
from calico_worlds import MadeCalico, random_calico
from npverify.analyses.world import World
from npverify.ingest.source import InputError

Manifest = dict[str, Any]
USUAL, MANY = (0, 1, 1, 2), (4, 5, 6)
"""How many changes there may be, each as likely as the others."""

_POLICIES = ("NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy", "StagedGlobalNetworkPolicy")


def remade(made: MadeCalico, objects: list[Manifest], version: str = "") -> World:
    """The world of other objects, under the same version unless another is named."""
    text = "\n---\n".join(json.dumps(manifest) for manifest in objects)
    space = [str(prefix) for prefix in made.world.inventory.pod_space]
    loaded = npverify.load(
        ["-"], cni="calico", calico_version=version or made.version, pod_cidrs=space, stdin=text.encode
    )
    return loaded.world


def random_pair(rng: Random, counts: tuple[int, ...] = USUAL) -> tuple[World, World]:
    """A random world, and what becomes of it by a change or two: of policies, sets, tiers, pods or the version."""
    made = random_calico(rng, hosts=rng.random() < 0.4)
    while True:
        version = rng.choice(("3.26", "3.31", "3.32")) if rng.random() < 0.1 else ""
        try:
            return made.world, remade(made, _changed(rng, made.objects, counts), version)
        except InputError:
            continue  # such as a tier that a policy names and nobody defines any more


def _changed(rng: Random, objects: list[Manifest], counts: tuple[int, ...]) -> list[Manifest]:
    changed = deepcopy(objects)
    for _ in range(rng.choice(counts)):
        rng.choice((_drop_one, _other_rules, _other_order, _other_policies, _other_labels))(rng, changed)
    return rng.sample(changed, len(changed))


def _of_kind(objects: list[Manifest], *kinds: str) -> list[Manifest]:
    return [one for one in objects if one["kind"] in kinds]


def _drop_one(rng: Random, objects: list[Manifest]) -> None:
    kinds = (*_POLICIES, "NetworkSet", "GlobalNetworkSet", "HostEndpoint", "Pod", "Tier", "Profile")
    if found := _of_kind(objects, *kinds):
        objects.remove(rng.choice(found))


def _other_rules(rng: Random, objects: list[Manifest]) -> None:
    new = _of_kind(calico(rng), "GlobalNetworkPolicy")
    old = _of_kind(objects, "GlobalNetworkPolicy")
    if new and old:
        for field in ("ingress", "egress"):
            rng.choice(old)["spec"].pop(field, None)
            if rules := rng.choice(new)["spec"].get(field):
                rng.choice(old)["spec"][field] = rules


def _other_order(rng: Random, objects: list[Manifest]) -> None:
    if found := _of_kind(objects, *_POLICIES, "Tier"):
        spec = rng.choice(found).get("spec")
        if spec is not None and "podSelector" not in spec:
            spec["order"] = rng.choice((1, 100, 1000, 2000))


def _other_policies(rng: Random, objects: list[Manifest]) -> None:
    names = {one["metadata"]["name"] for one in objects}
    new = [one for one in _of_kind(calico(rng), *_POLICIES) if one["metadata"]["name"] not in names]
    objects += new[:1]


def _other_labels(rng: Random, objects: list[Manifest]) -> None:
    if found := _of_kind(objects, "Pod", "Namespace"):
        one = rng.choice(found)
        one["metadata"]["labels"] = (
            {"app": rng.choice(("web", "api", "db"))} if one["kind"] == "Pod" else {"env": "prod"}
        )
