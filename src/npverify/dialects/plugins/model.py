"""The table of network plugins: its columns, and what a cell holds.

A plugin is a row; a column is a behaviour (`Property`) with the values that it can have. Every cell says where it was read.
Nothing of it was observed on a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal, NamedTuple

__all__ = ["OPEN", "Cell", "Feature", "Gap", "Mark", "Plugin", "Property"]

Mark = Literal["read", "derived", "open"]
"""read: in the code or documentation that the cell names; derived: concluded from code, no test of the plugin holds it;
open: nobody knows, so that proofs hold for every value."""

OPEN = ""
"""The value of a cell that is open."""


class Feature(StrEnum):
    """Something that a NetworkPolicy can say, in words."""

    ANY = "a NetworkPolicy"
    EGRESS = "egress rules"
    END_PORT = "`endPort`"
    NAMED_PORT = "a named port"
    NAMED_PORT_ANYWHERE = "a named port in an egress rule without `to`"
    SCTP = "SCTP"
    EXCEPT = "`except`"
    EXCEPT_IN_RULE = "`except` beside another block of the rule"
    EXCEPT_ANYWHERE = "`except` of what another block allows"
    BLOCK = "`ipBlock`"
    BLOCK_OF_PODS = "`ipBlock` for pods"
    IPV6 = "IPv6 blocks"
    EVERY_IPV6 = "the block `::/0`"
    MANY_PORTS = "more than 24 ports for a block"


class Gap(NamedTuple):
    """A feature that a plugin does not have as the API means it: what it does instead, and where that can be read."""

    feature: Feature
    effect: str
    source: str


class Property(NamedTuple):
    """A column: what it is about, and what each of its values means. `switch` maps the values to those of the switch of
    `profiles.SWITCHES` that they fix; empty where the column is no switch. `api` is the value that the API text has."""

    name: str
    title: str
    values: Mapping[str, str]
    api: str = OPEN
    switch: tuple[str, Mapping[str, str]] = ("", {})
    gaps: Mapping[str, tuple[Feature, str]] = {}


class Cell(NamedTuple):
    """What a plugin does, where that was read, and from which version on."""

    value: str
    source: str
    mark: Mark = "read"
    since: str = ""


class Plugin(NamedTuple):
    """One row.

    `name`      what `--cni` takes
    `title`     what people call it
    `engine`    how its policies are lowered: kubernetes, calico, cilium, none; "" where proofs are refused
    `versions`  what `--cni NAME@VERSION` takes, oldest first; the last one is meant where none is named
    `cells`     column to its cells, oldest first
    `notes`     what else a reader should know
    `also`      gaps that no column tells
    `refusal`   why proofs are refused, "" where they are not
    """

    name: str
    title: str
    engine: str
    cells: Mapping[str, tuple[Cell, ...]]
    versions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    also: tuple[Gap, ...] = ()
    refusal: str = ""

    @property
    def newest(self) -> str:
        """The version that is meant where none is named; "" where versions do not matter."""
        return self.versions[-1] if self.versions else ""

    def cell(self, column: str, version: str = "") -> Cell | None:
        """The cell of a column in a version; None where the table has none, and the plugin does as the API says."""
        at = rank(self.versions, version or self.newest)
        known = [cell for cell in self.cells.get(column, ()) if rank(self.versions, cell.since) <= at]
        return known[-1] if known else None


def rank(versions: Sequence[str], version: str) -> int:
    """The place of a version; "" is before all of them, one that is not listed behind them."""
    if not version:
        return -1
    return versions.index(version) if version in versions else len(versions)
