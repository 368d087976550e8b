"""Native policies in tests: read from YAML, translated, and the text that is written."""

from __future__ import annotations

from typing import Any

import yaml

from npverify.dialects.calico.translate import Facts, Written, translate
from npverify.dialects.kubernetes_read import NetworkPolicy, read
from npverify.ingest.source import Diagnostic, Problems
from worlds import document

VERSIONS = ((3, 26), (3, 29), (3, 31), (3, 32))


def native(spec: str, name: str = "p", namespace: str = "shop") -> NetworkPolicy:
    """The NetworkPolicy with that spec (YAML)."""
    value = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": yaml.safe_load(spec),
    }
    return read_policy(value)


def read_policy(value: dict[str, Any]) -> NetworkPolicy:
    """A manifest that must be right."""
    problems = Problems()
    policy = read(document(value), problems, strict_cidr=True)
    problems.raise_errors()
    return policy


def translated(*policies: NetworkPolicy, **facts: Any) -> tuple[tuple[Written, ...], tuple[Diagnostic, ...]]:
    """What they become, and the warnings."""
    problems = Problems()
    written = translate(policies, Facts(**facts), problems)
    assert problems.errors == ()
    return written, problems.warnings


def spec_of(spec: str, **facts: Any) -> dict[str, Any]:
    """The spec that one native spec becomes."""
    ((written,), _) = translated(native(spec), **facts)
    return dict(written.value["spec"])
