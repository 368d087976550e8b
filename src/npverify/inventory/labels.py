"""The labels of a pod as one side of a flow sees them.

A replicated endpoint stands for several pods, and a label that is set when a pod is created may differ between two of them
(job-name of two runs of a CronJob, pod-template-hash during a rollout). In a flow between two replicas such a label is one
unknown on the source's side and another on the destination's; where one pod talks to itself it is the source's on both.
"""

from __future__ import annotations

from dataclasses import replace

from npverify.inventory.model import Endpoint
from npverify.inventory.unknowns import Unknown

_SIDES = {"src": " (source)", "dst": " (destination)"}


def pod_label(end: Endpoint, key: str, side: str) -> str | Unknown | None:
    """The value of a pod's label on a side (`src` or `dst`) of a flow; None if it is absent."""
    value = end.labels.get(key)
    return of_replica(value, end, side) if isinstance(value, Unknown) else value


def of_replica(unknown: Unknown, end: Endpoint, side: str) -> Unknown:
    """The unknown that stands for a run-time label of `end` on one side of a flow."""
    if not end.replicated:
        return unknown
    return replace(unknown, name=unknown.name + _SIDES[side])


def of_one_pod(unknown: Unknown) -> Unknown:
    """What an unknown of `of_replica` is where source and destination are one pod."""
    if unknown.kind != "label" or not unknown.name.endswith(_SIDES["dst"]):
        return unknown
    return replace(unknown, name=unknown.name.removesuffix(_SIDES["dst"]) + _SIDES["src"])
