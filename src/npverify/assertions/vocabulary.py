"""Words that have a meaning of their own in the assertion language."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from npverify.normal.flow import WayIn

_KINDS = (
    "deployment",
    "statefulset",
    "daemonset",
    "replicaset",
    "replicationcontroller",
    "cronjob",
    "job",
    "service",
    "serviceaccount",
)
RESERVED = frozenset(
    ("not", "pod", "pods", "node", "nodes", "internet", "anything", "hostnetwork", "possible", "in", "no", "every", "some", "only",
     "policy", "on", "severity", "tag", "tags", *_KINDS, *(f"{kind}s" for kind in _KINDS))
)  # fmt: skip
"""Words that begin something else where an endpoint can stand: a `let` of that name could never be used."""

KEY_WORDS = frozenset(("not", "has", "no"))
"""Words that begin a test on labels; a label key of that name is written in quotes."""

WAYS: Mapping[str, WayIn] = {
    "nodeport": "NodePort",
    "loadbalancer": "LoadBalancer",
    "externalip": "external IP",
    "hostport": "hostPort",
    "ingress": "Ingress",
    "gateway": "Gateway",
}
"""What may stand behind `through`, in capitals or not: by which ports of the cluster traffic from outside comes in."""


def instead_of(word: str) -> str:
    """What to write instead of a word that is no way in."""
    near = get_close_matches(word.lower(), WAYS, n=1)
    known = ", ".join(f"`{name}`" for name in WAYS)
    return f"did you mean `{near[0]}`?" if near else f"write one of {known}, or `through any path`"
