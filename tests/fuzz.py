"""The agreement of oracle, encoder, reduction and reference on as many random flows as there is time for.

    python tests/fuzz.py --cases 100000 --seed 1 --jobs 2

Prints what does not agree with the seed of its world, and exits with 1 if there is anything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from random import Random

from against_reference import reference_disagreements
from agreement import disagreements, obligation_disagreements

PER_WORLD = 20


def world(seed: int) -> list[str]:
    """What does not agree in the world of one seed."""
    among_themselves = disagreements if seed % 2 else obligation_disagreements
    checks = (among_themselves, reference_disagreements)
    return [f"seed {seed}: {line}" for check in checks for line in check(Random(seed), PER_WORLD)]


def seeds(first: int, cases: int) -> Iterator[int]:
    """One seed for every `PER_WORLD` cases; seeds of different runs do not meet."""
    return (first * 10_000_000 + n for n in range((cases + PER_WORLD - 1) // PER_WORLD))


def main() -> int:
    """Run the cases and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    found = 0
    with ProcessPoolExecutor(args.jobs) as pool:
        for lines in pool.map(world, seeds(args.seed, args.cases), chunksize=20):
            found += len(lines)
            for line in lines:
                print(line)
    print(f"{args.cases} cases, {found} disagreements")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
