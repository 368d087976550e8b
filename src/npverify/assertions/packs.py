"""Packs: ready-made assertions that travel with the program, `use kubernetes/dns` for proofs/kubernetes/dns.npv."""

from __future__ import annotations

from functools import cache

from npverify.ingest.resources import data_path


@cache
def packs() -> dict[str, str]:
    """The name of every pack, sorted, and its text."""
    root = data_path("proofs")
    found = {path.relative_to(root).with_suffix("").as_posix(): path for path in root.rglob("*.npv")}
    return {name: found[name].read_text(encoding="utf-8") for name in sorted(found)}


def file_name(pack: str) -> str:
    """How the file of a pack is called in messages."""
    return f"proofs/{pack}.npv"
