"""What the rules of lint for Calico look at: the resources as they were read, where they stand, and what they come down to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from npverify.dialects.calico.order import built_in
from npverify.dialects.calico.resources import Entity, HostEndpoint, Policy, Resources, Rule, Tier
from npverify.dialects.calico.selection import label_of_host, of_labels
from npverify.dialects.calico.selector import Node
from npverify.dialects.calico.settings import Settings
from npverify.dialects.calico.way import Way
from npverify.dialects.lint import About, Suspicion
from npverify.ingest.document import Document
from npverify.ingest.source import Diagnostic, Span
from npverify.inventory.model import Inventory
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import FALSE, Side

if TYPE_CHECKING:  # who asks about no object of Calico does not wait for what reads them
    from npverify.dialects.calico.hosts import Hosts
    from npverify.dialects.calico.lower import CalicoLowering
    from npverify.dialects.calico.read import Read


class LintRule(NamedTuple):
    """A rule of lint: what it tells of itself, and what it finds."""

    about: About
    find: Callable[[Case], Iterable[Suspicion]]


class At(NamedTuple):
    """A rule of a policy, which is in force in its direction, and its place in the document."""

    case: Case
    policy: Policy
    direction: Direction
    rule: Rule

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.policy.id}, {self.rule.label}"

    @property
    def sides(self) -> tuple[tuple[str, Side, Entity], ...]:
        """Its two ends: the field, the side, and what stands there."""
        return (("source", Side.SRC, self.rule.source), ("destination", Side.DST, self.rule.destination))

    def span(self, *path: str) -> Span:
        """Where the key of a field of the rule stands; the rule itself, if it is not known better."""
        document = self.case.documents.get(self.policy.id)
        if document is None:
            return self.rule.span
        index = int(self.rule.label.rpartition("[")[2].rstrip("]"))
        return document.span("spec", str(self.direction), index, *path, key=bool(path))


@dataclass(frozen=True)
class Case:
    """One input for Calico.

    `reads`       every document of Calico, also those that are refused
    `unenforced`  cluster-wide policies that this version does not enforce
    `told`        the warnings of the lowering
    """

    reads: tuple[Read, ...]
    unenforced: tuple[tuple[PolicyId, Span], ...]
    lowering: CalicoLowering
    policies: tuple[Policy, ...]
    told: tuple[Diagnostic, ...] = ()

    @property
    def resources(self) -> Resources:
        """Everything that is in force."""
        return self.lowering.resources

    @property
    def inventory(self) -> Inventory:
        """What exists."""
        return self.lowering.objects.inventory

    @property
    def settings(self) -> Settings:
        """The way in which Calico runs."""
        return self.lowering.settings

    @property
    def way(self) -> Way:
        """How objects got into the cluster, those of `crd.projectcalico.org/v1` aside."""
        return Way(self.settings.input, self.settings.version)

    @property
    def built_in(self) -> tuple[Tier, ...]:
        """The tiers that every cluster of the version has."""
        return built_in(self.settings.version)

    @cached_property
    def tiers(self) -> dict[str, Tier]:
        """Every tier that exists, by its name."""
        return {tier.name: tier for tier in (*self.built_in, *self.resources.tiers)}

    @cached_property
    def hosts(self) -> Hosts:
        """The host endpoints."""
        from npverify.dialects.calico.hosts import Hosts

        return Hosts.of(self.resources.hosts, self.lowering.profiles)

    @cached_property
    def documents(self) -> dict[PolicyId, Document]:
        """The document of each object; of several with one name, the first."""
        return {read.id: read.document for read in reversed(self.reads)}

    @cached_property
    def rules(self) -> tuple[At, ...]:
        """Every rule that is in force."""
        return tuple(
            At(self, policy, direction, rule)
            for policy in self.policies
            for direction in policy.types
            for rule in policy.rules.get(direction, ())
        )

    def span(self, policy: Policy, *path: str) -> Span:
        """Where the key of a field of a policy stands; the nearest place before it, where it is absent."""
        document = self.documents.get(policy.id)
        return policy.span if document is None else document.span("spec", *path, key=True)

    def hosts_of(self, selector: Node) -> list[HostEndpoint]:
        """The host endpoints that a selector matches."""
        profiles = self.lowering.profiles
        return [h for h in self.resources.hosts if of_labels(selector, label_of_host(h, profiles)) is not FALSE]

    def said(self, *codes: str) -> Iterator[tuple[Read, Diagnostic]]:
        """The warnings of these codes that reading gave."""
        for read in self.reads:
            yield from ((read, warning) for warning in read.said.warnings if warning.code in codes)


def retold(case: Case, *codes: str) -> Iterator[Suspicion]:
    """Warnings of the reader as what a rule finds; each tells what is wrong and how to mend it."""
    for read, warning in case.said(*codes):
        yield Suspicion(read.id, warning.span or read.span, f"{read.id}: {warning.message}", warning.fix)


def listed(names: Iterable[str], most: int = 3) -> str:
    """`a, b and 3 more`."""
    found = list(names)
    shown = ", ".join(found[:most])
    return f"{shown} and {len(found) - most} more" if len(found) > most else shown
