"""One generated set of policies for each dialect and seed, and what those who read it do not agree on.

A set is a small cluster with a few policies. Its flows are judged by the oracle, by the formulas of the encoder and of the
reduction, which also have to be the same formula for every packet between those ends, and by a second telling that shares no
code with them: a reference that reads the manifests (Kubernetes, Calico), a walk over them (Cilium, cluster-wide policies),
packets that are followed from node to node (entries). Plugins have only the first three.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import calico_worlds
import cilium_worlds
import plugin_worlds
import worlds
from against_calico_reference import calico_disagreements, mixed_calico_disagreements
from against_reference import kubernetes_disagreements
from agreement import Readers
from cilium_agreement import cilium_disagreements, mixed_cilium_disagreements
from cluster_agreement import cluster_disagreements
from entry_agreement import entry_disagreements


def plugins(seed: int) -> list[str]:
    """Under a plugin with ways of its own, perhaps with cluster-wide policies."""
    rng = Random(seed)
    world = plugin_worlds.random_plugin_world(rng)
    return Readers(world).disagreements([worlds.random_case(rng, world) for _ in range(3)])


def mixed(seed: int) -> list[str]:
    """NetworkPolicies and cluster-wide policies beside those of Calico, or of Cilium."""
    return (mixed_calico_disagreements if seed % 2 else mixed_cilium_disagreements)(seed)


READ_BY = (worlds, calico_worlds, cilium_worlds, plugin_worlds)
"""The modules that have their manifests read."""

DIALECTS: dict[str, Callable[[int], list[str]]] = {
    "kubernetes": kubernetes_disagreements,
    "calico": calico_disagreements,
    "cilium": cilium_disagreements,
    "plugins": plugins,
    "entries": entry_disagreements,
    "cluster": cluster_disagreements,
    "mixed": mixed,
}
"""What is not agreed on in the set of one seed; nothing if all is well."""
