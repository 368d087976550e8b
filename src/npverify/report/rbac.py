"""The role by which `npverify` may read what it needs of a cluster, as a manifest."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.ingest.cluster import CALICO, GROUPS, PLAIN

NAME = "npverify-reader"


def role() -> str:
    """A ClusterRole with `list` on every resource that is asked for; ends with a line break. It reads no Secret."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    yield "# kubectl create clusterrolebinding npverify-reader --clusterrole=npverify-reader --serviceaccount=NAMESPACE:NAME"
    yield "apiVersion: rbac.authorization.k8s.io/v1"
    yield "kind: ClusterRole"
    yield f"metadata: {{name: {NAME}}}"
    yield "rules:"
    yield from _rule("", PLAIN)
    for group, names in sorted(GROUPS.items()):
        yield from _rule(group, names or CALICO)


def _rule(group: str, resources: tuple[str, ...]) -> Iterator[str]:
    yield f'- apiGroups: ["{group}"]'
    yield f"  resources: [{', '.join(resources)}]"
    yield "  verbs: [get, list]"
