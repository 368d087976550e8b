"""The config file `.npverify.yaml`: what to read and under which assumptions when the command line does not say.

It is looked for in the working folder and above it, up to the root of the repository. Its paths are relative to itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from npverify.ingest.document import Document
from npverify.ingest.fields import Fields, nearest
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Family

NAMES = (".npverify.yaml", "npverify.yaml")
KEYS = (
    "paths",
    "specs",
    "cni",
    "assume",
    "pod_cidrs",
    "ip_families",
    "ignore_kinds",
    "allow_vacuous",
    "timeout",
    "budget",
)
_FAMILIES: Mapping[int, Family] = {4: 4, 6: 6}


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a config file; what it does not say is empty or None. `file` is "" without one."""

    file: str = ""
    paths: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    cni: str | None = None
    assume: Mapping[str, str] = field(default_factory=dict)
    pod_cidrs: tuple[str, ...] = ()
    families: frozenset[Family] | None = None
    ignore_kinds: tuple[str, ...] = ()
    allow_vacuous: bool = False
    timeout: float | None = None
    budget: str | None = None


def find_config(start: Path) -> Path | None:
    """The nearest config file at or above a folder; the root of a repository is the last place to look."""
    for folder in (start, *start.parents):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
        if (folder / ".git").exists():
            return None
    return None
