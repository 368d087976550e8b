"""Which labels of a pod are part of its identity in Cilium, so that selectors can see them.

Source: cilium/cilium pkg/labelsfilter/filter.go defaultLabelPrefixCfg and Filter: a pattern matches at the start of the key;
the longest including match beats the shortest excluding one; what nothing excludes is kept.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["is_seen"]

_INCLUDED = (r"app\.kubernetes\.io",)
_EXCLUDED = (
    r"io\.kubernetes",
    r"kubernetes\.io",
    r"statefulset\.kubernetes\.io/pod-name",
    r"apps\.kubernetes\.io/pod-index",
    r"batch\.kubernetes\.io/job-completion-index",
    r"batch\.kubernetes\.io/controller-uid",
    r".*beta\.kubernetes\.io",
    r"k8s\.io",
    "pod-template-generation",
    "pod-template-hash",
    "controller-revision-hash",
    "controller-uid",
    "annotation.*",
    "etcd_node",
)
_EXCLUDED_LATER = (r"topology\.kubernetes\.io",)  # behind 1.17


@cache
def is_seen(key: str, version: tuple[int, int]) -> bool:
    """Whether a pod's label of that key is part of its identity, with the filter that an agent has by itself.

    Keys that begin with `io.cilium.k8s` are taken from pods altogether (pkg/k8s/apis/cilium.io/utils/utils.go
    SanitizePodLabels).
    """
    if key.startswith("io.cilium.k8s"):
        return False
    excluded = (*_EXCLUDED, *(_EXCLUDED_LATER if version > (1, 17) else ()))
    inside = max((len(found[0]) for p in _INCLUDED if (found := re.match(p, key))), default=0)
    outside = min((len(found[0]) for p in excluded if (found := re.match(p, key))), default=0)
    return not outside or inside > outside
