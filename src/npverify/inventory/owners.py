"""Which controller a listed pod belongs to: the chain of `ownerReferences` up to the workload that a user wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from npverify.inventory.model import WorkloadRef
from npverify.inventory.objects import Item, entries, part

_HASH = "pod-template-hash"
_PASSED_ON = ("ReplicaSet", "Job")  # controllers that another controller makes


def owner_of(value: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and name of the controller of an object; a Node (of a static pod's mirror) is none."""
    return _owner(entries(part(value, "metadata"), "ownerReferences"))


def _owner(listed: Iterable[dict[str, Any] | None]) -> tuple[str, str] | None:
    references = [reference or {} for reference in listed]
    if len(references) > 1:
        references = sorted(references, key=lambda reference: reference.get("controller") is not True)
    for reference in references:
        kind, name = reference.get("kind"), reference.get("name")
        if kind and name and kind != "Node":
            return kind, name
    return None


class Owners:
    """Finds the chain of controllers of a pod. Guards the owner references of the ReplicaSets and Jobs of one input, and the
    chains that were found, which alike pods share."""

    def __init__(self, items: Mapping[str, Iterable[Item]]) -> None:
        self._above = {item.ref: owner_of(item.doc.value) for kind in _PASSED_ON for item in items[kind]}
        self._cron_jobs = {(item.namespace, item.name) for item in items["CronJob"]}
        self._chains: dict[tuple[str, int, str | None], tuple[WorkloadRef, ...]] = {}

    def chain(self, item: Item) -> tuple[WorkloadRef, ...]:
        """The controllers of a pod, a ReplicaSet or a Job, nearest first; () if it has none."""
        return self.chain_of(item.namespace, item.doc.value.get("metadata") or {})

    def chain_of(self, namespace: str, metadata: Mapping[str, Any]) -> tuple[WorkloadRef, ...]:
        """The same of an object with these fields of `metadata`, which must live as long as the documents do."""
        references = metadata.get("ownerReferences")
        if not references:
            return ()
        template = (metadata.get("labels") or {}).get(_HASH)
        at = (namespace, id(references), template)
        if (known := self._chains.get(at)) is None:
            known = self._chains[at] = self._find(namespace, _owner(references), template)
        return known

    def _find(self, namespace: str, owner: tuple[str, str] | None, template: str | None) -> tuple[WorkloadRef, ...]:
        found: list[WorkloadRef] = []
        while owner is not None:
            ref = WorkloadRef(owner[0], namespace, owner[1])
            if ref in found:
                break
            found.append(ref)
            owner = self._next(ref, template) if ref.kind in _PASSED_ON else None
        return tuple(found)

    def _next(self, ref: WorkloadRef, template: str | None) -> tuple[str, str] | None:
        if (at := (ref.kind, ref.namespace, ref.name)) in self._above:
            return self._above[at]
        # The generated names of kubernetes/kubernetes pkg/controller/deployment/sync.go and pkg/controller/cronjob/utils.go
        stem, _, suffix = ref.name.rpartition("-")
        if ref.kind == "ReplicaSet" and stem and suffix == template:
            return "Deployment", stem
        if ref.kind == "Job" and suffix.isdigit() and (ref.namespace, stem) in self._cron_jobs:
            return "CronJob", stem
        return None
