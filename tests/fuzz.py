"""The agreement of all who read policies, on as many generated sets as there is time for.

    python tests/fuzz.py --dialect cilium --cases 50000 --jobs 2
    python tests/fuzz.py --dialect mixed --seed 7
    python tests/fuzz.py --dialect diff --cases 1000

A case is a whole set of policies with a few flows (`tests/sets.py`: kubernetes, calico, cilium, plugins, entries, cluster,
mixed). One of `proofs` is a set of each dialect in turn, with answers that are held against random flows. One of `diff` is a
pair of versions with every class of flow between them (where there are more than 1,500, so many at random), Kubernetes and
Calico in turn. One of `connectivity` is a world of one dialect after the other, of which who may talk to whom is held against
all pairs. One of `equiv` is a set of each dialect in turn, the same in other words, and that with one place changed, compared
by subjects and endpoint by endpoint. Prints what does not agree with the seed of its set, and exits with 1 if there is anything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from random import Random

import proof_agreement
import sets
import two_calico_worlds
import two_worlds
from connectivity_agreement import connectivity_disagreements
from diff_flows import disagreements as diff_disagreements
from equiv_agreement import equiv_disagreements

MOST_FLOWS = 1500


def diff(seed: int) -> list[str]:
    """Flows about which the changes of one pair and the oracles of both versions do not agree."""
    rng = Random(seed)
    pair = (two_worlds, two_calico_worlds)[seed % 2].random_pair
    return diff_disagreements(*pair(rng, two_worlds.MANY), rng, MOST_FLOWS)


def proofs(seed: int) -> list[str]:
    """Answers to assertions that some random flow breaks, in a set of one dialect after the other."""
    names = list(proof_agreement.WORLDS)
    return proof_agreement.proof_disagreements(names[seed % len(names)], seed)


DIALECTS: dict[str, Callable[[int], list[str]]] = {
    **sets.DIALECTS,
    "proofs": proofs,
    "diff": diff,
    "connectivity": connectivity_disagreements,
    "equiv": equiv_disagreements,
}


def disagreements(dialect: str, seed: int) -> list[str]:
    """What does not agree in the set of one seed, with the seed."""
    return [f"seed {seed}: {line}" for line in DIALECTS[dialect](seed)]


def seeds(first: int, cases: int) -> range:
    """One seed for every case; seeds of different runs do not meet."""
    return range(first * 10_000_000, first * 10_000_000 + cases)


def main() -> int:
    """Run the cases and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialect", choices=DIALECTS, default="kubernetes")
    parser.add_argument("--cases", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    found = 0
    with ProcessPoolExecutor(args.jobs) as pool:
        of = seeds(args.seed, args.cases)
        for lines in pool.map(partial(disagreements, args.dialect), of, chunksize=20):
            found += len(lines)
            for line in lines:
                print(line)
    print(f"{args.cases} cases, {found} disagreements")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
