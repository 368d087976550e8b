"""The agreement of oracle, encoder, reduction and reference on as many random flows as there is time for.

    python tests/fuzz.py --cases 100000 --seed 1 --jobs 2
    python tests/fuzz.py --dialect calico --cases 50000
    python tests/fuzz.py --dialect diff --cases 1000

A case of `entries` is a small cluster with Services and hostPorts. A case of Kubernetes is a flow; one of Calico is a whole set of policies with a few flows; one of `diff` is a pair of versions with
every class of flow between them (where there are more than 1,500, so many at random), Kubernetes and Calico in turn. Prints what does not agree with
the seed of its world, and exits with 1 if there is anything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from random import Random

import two_calico_worlds
import two_worlds
from against_calico_reference import calico_disagreements
from against_reference import reference_disagreements
from agreement import disagreements, obligation_disagreements
from cilium_agreement import cilium_disagreements
from diff_flows import disagreements as diff_disagreements
from entry_agreement import entry_disagreements
from plugin_worlds import random_plugin_world

MOST_FLOWS = 1500
PER_WORLD = {"kubernetes": 20, "calico": 1, "cilium": 1, "plugins": 20, "diff": 1, "entries": 1}


def kubernetes(seed: int) -> list[str]:
    """What does not agree in the world of one seed."""
    among_themselves = disagreements if seed % 2 else obligation_disagreements
    checks = (among_themselves, reference_disagreements)
    return [f"seed {seed}: {line}" for check in checks for line in check(Random(seed), PER_WORLD["kubernetes"])]


def calico(seed: int) -> list[str]:
    """The same of Calico."""
    return [f"seed {seed}: {line}" for line in calico_disagreements(seed)]


def cilium(seed: int) -> list[str]:
    """The same of Cilium."""
    return [f"seed {seed}: {line}" for line in cilium_disagreements(seed)]


def plugins(seed: int) -> list[str]:
    """What does not agree in the world of one seed, under a plugin with ways of its own."""
    return [f"seed {seed}: {line}" for line in disagreements(Random(seed), PER_WORLD["plugins"], random_plugin_world)]


def diff(seed: int) -> list[str]:
    """Flows about which the changes of one pair and the oracles of both versions do not agree."""
    rng = Random(seed)
    pair = (two_worlds, two_calico_worlds)[seed % 2].random_pair
    return [f"seed {seed}: {line}" for line in diff_disagreements(*pair(rng, two_worlds.MANY), rng, MOST_FLOWS)]


def entries(seed: int) -> list[str]:
    """What the prover and a second telling of ways in do not agree on in the world of one seed."""
    return [f"seed {seed}: {line}" for line in entry_disagreements(seed)]


WORLDS: dict[str, Callable[[int], list[str]]] = {
    "kubernetes": kubernetes,
    "calico": calico,
    "cilium": cilium,
    "plugins": plugins,
    "diff": diff,
    "entries": entries,
}


def seeds(first: int, cases: int, per_world: int) -> Iterator[int]:
    """One seed for every `per_world` cases; seeds of different runs do not meet."""
    return (first * 10_000_000 + n for n in range((cases + per_world - 1) // per_world))


def main() -> int:
    """Run the cases and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialect", choices=WORLDS, default="kubernetes")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    found = 0
    with ProcessPoolExecutor(args.jobs) as pool:
        of = seeds(args.seed, args.cases, PER_WORLD[args.dialect])
        for lines in pool.map(WORLDS[args.dialect], of, chunksize=20):
            found += len(lines)
            for line in lines:
                print(line)
    print(f"{args.cases} cases, {found} disagreements")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
