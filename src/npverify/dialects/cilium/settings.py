"""What Cilium's answer depends on besides its objects: its version and a few options of the agent.

Values and defaults: docs/cilium.md. None of them is ever quantified over: each has one value in a run.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

VERSIONS = ("1.15", "1.16", "1.17", "1.18", "1.19", "1.20")
"""The releases that are told apart; the last one is the default."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "enable_policy": ("default", "always", "never"),
    "host_firewall": ("off", "on"),
    "cidr_match_mode": ("none", "nodes", "pods"),
    "node_selector_labels": ("off", "on"),
    "cilium_sctp": ("off", "on"),
    "audit_mode": ("annotated", "on", "off"),
    "cluster_mesh": ("off", "on"),
}
"""Name of a setting to its values, the default first."""


class Settings(NamedTuple):
    """One way to run Cilium.

    enable_policy         whether endpoints that no policy selects are closed (always), or policies are not looked at (never)
    host_firewall         whether policies with `nodeSelector` are enforced
    cidr_match_mode       whether CIDRs also mean the addresses of nodes, or of pods (1.20)
    node_selector_labels  whether `fromNodes` and `toNodes` may be used
    cilium_sctp           whether SCTP passes the datapath at all
    cluster_mesh          whether Cluster Mesh connects the other clusters that are given
    audit_mode            whether what policies deny is only reported: everywhere, or for policies with the annotation for it
    """

    version: tuple[int, int] = (1, 20)
    enable_policy: Literal["default", "always", "never"] = "default"
    host_firewall: Literal["off", "on"] = "off"
    cidr_match_mode: Literal["none", "nodes", "pods"] = "none"
    node_selector_labels: Literal["off", "on"] = "off"
    cilium_sctp: Literal["off", "on"] = "off"
    audit_mode: Literal["annotated", "on", "off"] = "annotated"
    cluster_mesh: Literal["off", "on"] = "off"

    @classmethod
    def of(cls, version: str, given: dict[str, str]) -> Settings:
        """The settings of a version and of `--assume`; both must be known."""
        major, minor = version.split(".")
        fields: dict[str, Any] = dict(given)
        return cls((int(major), int(minor)))._replace(**fields)

    @property
    def local_cluster(self) -> bool:
        """Whether peers are of the own cluster unless they say otherwise (policy-default-local-cluster, on since 1.19)."""
        return self.version >= (1, 19)

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """Every setting with its value, as reports name them."""
        version = f"{self.version[0]}.{self.version[1]}"
        return (("cilium_version", version), *((name, getattr(self, name)) for name in SETTINGS))


DEFAULTS = Settings()
"""The newest version, as it is installed."""
