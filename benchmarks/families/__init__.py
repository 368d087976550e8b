"""Every family of clusters and the sizes at which they are measured.

    make("M", seed=1)      10,000 pods as realistic ones are
    make("A1"), make("KB"), make("Z5k"), make("W-blocks")

benchmarks/README.md says what each is for.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.families.antrea import FAMILIES as ANTREA
from benchmarks.families.antrea import antrea
from benchmarks.families.kano import kano
from benchmarks.families.openshift import openshift
from benchmarks.families.realistic import generate
from benchmarks.families.worst import FAMILIES as WORST
from benchmarks.families.worst import worst
from benchmarks.families.zen import zen
from benchmarks.objects import Cluster, Size

REALISTIC = {
    "XS": Size(120, 40, 9),
    "S": Size(1_000, 100, 10),
    "M": Size(10_000, 1_000, 50),
    "L": Size(100_000, 10_000, 200),
    "XL": Size(150_000, 10_000, 500),
    "X1": Size(1_000, 10_000, 10),
    "X2": Size(10_000, 10_000, 50),
    "X3": Size(100_000, 100, 200),
}
"""The sizes of G, the first one to try things out, with the cross points at which pods and policies grow apart."""

PEERS = {
    "P1": Size(100, 10, 5),
    "P2": Size(200, 20, 10),
    "P3": Size(500, 50, 10),
    "P4": Size(2_000, 200, 20),
    "P5": Size(5_000, 500, 30),
}
"""Sizes of G that other tools do; the smallest without what is planted, for which it has no room."""

ZEN = {"Z100": 100, "Z1k": 1_000, "Z5k": 5_000, "Z15k": 15_000}
OPENSHIFT = {"KB": (240, 10, 20, 5), "KB-default": (10, 10, 10, 2)}
KANO = {"K": (1_000, 50), "K1k": (1_000, 1_000), "K10k": (10_000, 1_000)}


def _g(size: Size, **options: bool) -> Callable[[int], Cluster]:
    return lambda seed: generate(size, seed, **options)


def _antrea(name: str) -> Callable[[int], Cluster]:
    return lambda seed: antrea(name, seed)


def _openshift(namespaces: int, pods: int, policies: int, wide: int) -> Callable[[int], Cluster]:
    return lambda seed: openshift(namespaces, pods, policies, wide=wide)


def _kano(pods: int, policies: int) -> Callable[[int], Cluster]:
    return lambda seed: kano(pods, policies, seed)


def _zen(lines: int) -> Callable[[int], Cluster]:
    return lambda seed: zen(lines, seed)


def _worst(name: str) -> Callable[[int], Cluster]:
    return lambda seed: worst(name)


FAMILIES: dict[str, Callable[[int], Cluster]] = {
    **{name: _g(size) for name, size in REALISTIC.items()},
    **{f"{name}-tiers": _g(REALISTIC[name], tiers=True) for name in ("S", "M")},
    **{f"{name}-labels": _g(REALISTIC[name], labels_only=True) for name in ("S", "M", "L")},
    **{name: _g(size, planted=name != "P1") for name, size in PEERS.items()},
    **{name: _antrea(name) for name in ANTREA},
    "A1-10": lambda seed: antrea("A1", seed, scale=10),
    **{name: _openshift(*given) for name, given in OPENSHIFT.items()},
    **{name: _kano(*given) for name, given in KANO.items()},
    **{name: _zen(lines) for name, lines in ZEN.items()},
    **{name: _worst(name) for name in WORST},
}
"""Name to generator, from a seed."""


GROUPS: dict[str, tuple[str, ...]] = {
    "families": (
        *("K", "K1k", "K10k", "KB", "KB-default", "Z100", "Z1k", "Z5k", "Z15k"),
        *WORST,
        *("X1", "X2", "X3", "XL"),
        *("A4", "A3", "A5", "A2", "A1-10", "A1"),
    ),
}
"""Names for several at once: all but the sizes of the realistic one that are measured on their own, the quick ones first."""


def make(name: str, seed: int = 1) -> Cluster:
    """The cluster of that name. KeyError for a name that there is not."""
    return FAMILIES[name](seed)
