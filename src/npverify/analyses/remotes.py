"""Reads the manifests of other clusters: what exists there. Their policies are only counted, their specs are not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from npverify.dialects import is_policy
from npverify.ingest.read import Bundle, read
from npverify.ingest.source import Problems
from npverify.inventory.build import build, is_inventory
from npverify.inventory.model import Inventory
from npverify.inventory.slim import Slim
from npverify.inventory.syntax import is_dns_label


@dataclass(frozen=True, slots=True)
class Remotes:
    """Other clusters by name, and how many objects of each kind were skipped in all of them."""

    inventories: Mapping[str, Inventory] = field(default_factory=dict)
    skipped: Mapping[str, int] = field(default_factory=dict)


def wanted(api_version: str, kind: str) -> bool:
    """Whether objects of this kind are read at all."""
    return is_inventory(api_version, kind) or is_policy(api_version, kind)


def read_remotes(
    remotes: Mapping[str, Sequence[str]], problems: Problems, stdin: Callable[[], bytes] | None
) -> Remotes:
    """What the paths of each cluster lead to."""
    inventories = {}
    skipped: Counter[str] = Counter()
    for name, paths in sorted(remotes.items()):
        if not is_dns_label(name):
            fix = "use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends"
            problems.error("NPV296", f"`{name}` cannot be the name of a cluster", fix=fix)
        bundle = read(paths, problems, wanted=wanted, stdin=stdin, tidy=Slim())
        skipped.update(bundle.skipped)
        inventory = build(bundle.documents, problems)
        inventories[name] = replace(inventory, notes=(*inventory.notes, *_not_read(bundle)))
    return Remotes(inventories, skipped)


def _not_read(bundle: Bundle) -> Iterator[str]:
    policies = Counter(doc.kind for doc in bundle.documents if is_policy(doc.api_version, doc.kind))
    if policies:
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(policies.items()))
        yield f"its policies are not judged: {kinds}"
    if bundle.specs:
        yield f"its specs are not read: {', '.join(spec.name for spec in bundle.specs)}"
