"""Reads the rows of the table from the form in which they are written: one line for each cell.

    column | value | mark | source
    column >= version | value | mark | source

The mark is empty (read), D (derived) or ? (open). The first word of a source is a key of `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Mapping

from npverify.dialects.plugins.model import Cell, Mark

__all__ = ["SOURCES", "cells"]

SOURCES: Mapping[str, tuple[str, str]] = {
    "API": (
        "kubernetes-sigs/network-policy-api",
        "apis/v1alpha2 and site-src/implementations.md at 0eec1b0, 2026-07-01",
    ),
    "ANT": ("antrea-io/antrea", "fc70f2bb7, 2026-08-21"),
    "AWA": ("aws/aws-network-policy-agent", "c8619c0, 2026-08-21"),
    "AWC": ("aws/amazon-network-policy-controller-k8s", "ecc7e6a, 2026-05-18"),
    "CAL": ("projectcalico/calico", "87c15906f2, 2026-08-22"),
    "CIL": ("cilium/cilium", "Documentation and bpf, several releases"),
    "FLN": ("flannel-io/flannel", "Documentation/netpol.md"),
    "GKE": ("Google Kubernetes Engine documentation", 'concept page "GKE Dataplane V2", read in excerpts'),
    "KAPI": ("kubernetes/api", "networking/v1/types.go at 10b39a39b, 2026-07-24"),
    "KDOC": (
        "kubernetes/website",
        "content/en/docs/concepts/services-networking/network-policies.md, 2024-01 or later",
    ),
    "KNP": ("kubernetes-sigs/kube-network-policies", "5f81cc3, 2026-08-03"),
    "KR": ("cloudnativelabs/kube-router", "7c2c2779, 2026-08-16"),
    "MSC": ("MicrosoftDocs/azure-aks-docs", "articles/aks/azure-cni-powered-by-cilium.md, 2026-06-26"),
    "MSM": ("MicrosoftDocs/azure-aks-docs", "articles/aks/migrate-from-npm-to-cilium-network-policy.md, 2025"),
    "MSU": ("MicrosoftDocs/azure-aks-docs", "articles/aks/use-network-policies.md, 2025"),
    "NPM": ("Azure/azure-container-networking", "npm/ at cbd7560cf, 2026-08-20"),
    "OVN": ("ovn-org/ovn-kubernetes", "6c366bb49, 2024-12-20"),
    "ROM": ("romana/core", "2018-02-22"),
    "WV": ("weaveworks/weave", "8c847638, 2022-11-23"),
}
"""Key to a repository or site, and to what of it was read in which state."""

_MARKS: Mapping[str, Mark] = {"": "read", "D": "derived", "?": "open"}


def cells(text: str) -> dict[str, tuple[Cell, ...]]:
    """The cells of a row by their column; KeyError and ValueError where the text is not of this form."""
    found: dict[str, tuple[Cell, ...]] = {}
    for line in text.strip().splitlines():
        where, value, mark, source = (part.strip() for part in line.split("|"))
        column, _, since = (part.strip() for part in where.partition(">="))
        found[column] = (*found.get(column, ()), Cell(value, source, _MARKS[mark], since))
    return found
