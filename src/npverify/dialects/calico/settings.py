"""What Calico's answer depends on besides its resources: its version, how objects were written, and a few options.

Values and defaults: docs/calico.md. None of them is ever quantified over: each has one value in a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from npverify.dialects.calico.way import Mode

if TYPE_CHECKING:
    from npverify.dialects.calico.resources import Felix

VERSIONS = ("3.26", "3.27", "3.28", "3.29", "3.30", "3.31", "3.32")
"""The releases that are told apart; the last one is the default."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "calico_input": ("validated", "native", "raw"),
    "dataplane": ("iptables", "bpf"),
    "l7": ("off", "on"),
    "staged": ("ignore", "pending"),
    "endpoint_to_host": ("accept", "drop"),
}
"""Name of a setting to its values, the default first."""


class Settings(NamedTuple):
    """One way to run Calico.

    input             what was checked when objects were written, and how `types` was filled in
    dataplane         iptables stands for nftables too
    l7                whether `http` clauses are enforced (Envoy with Dikastes) or ignored
    staged            whether staged policies are taken as if they were enforced
    endpoint_to_host  what happens to a pod's traffic to its own node after its egress policy

    `dataplane` and `endpoint_to_host` are "" where the user does not say: then Felix's configuration decides.
    """

    version: tuple[int, int] = (3, 32)
    input: Mode = "validated"
    dataplane: Literal["iptables", "bpf", ""] = ""
    l7: Literal["off", "on"] = "off"
    staged: Literal["ignore", "pending"] = "ignore"
    endpoint_to_host: Literal["accept", "drop", ""] = ""

    @classmethod
    def of(cls, version: str, given: dict[str, str]) -> Settings:
        """The settings of a version and of `--assume`; both must be known."""
        major, minor = version.split(".")
        fields: dict[str, Any] = {name.removeprefix("calico_"): value for name, value in given.items()}
        return cls((int(major), int(minor)))._replace(**fields)

    def completed(self, felix: Felix) -> Settings:
        """With what the user did not say: what Felix's configuration has, else what the manifests of an installation set.

        `Return` leaves a pod's traffic to its node to the host's own rules, which are taken to accept.
        """
        to_host: Literal["accept", "drop"] = "drop" if felix.endpoint_to_host == "Drop" else "accept"
        return self._replace(
            dataplane=self.dataplane or ("bpf" if felix.bpf else "iptables"),
            endpoint_to_host=self.endpoint_to_host or to_host,
        )

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """Every setting with its value, as reports name them."""
        values = {name: getattr(self, name.removeprefix("calico_")) for name in SETTINGS}
        return (("calico_version", self.version_text), *values.items())

    @property
    def version_text(self) -> str:
        """The version as it is written."""
        return f"{self.version[0]}.{self.version[1]}"


DEFAULTS = Settings()
"""The newest version, as it is installed."""
