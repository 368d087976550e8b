"""Lowers Calico's resources, and the native policies among them, to the normal form.

Source of the walk: projectcalico/calico felix/rules/endpoints.go (a tier that no policy of the endpoint is in is skipped; the
first rule that matches decides; without one the tier's default action; behind the last tier the profiles).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from npverify.dialects.calico import resources as r
from npverify.dialects.calico.entries import Entries, Entry, in_tiers, normal
from npverify.dialects.calico.host_profiles import known_profiles, otherwise
from npverify.dialects.calico.host_stages import HostStages
from npverify.dialects.calico.hosts import Hosts
from npverify.dialects.calico.order import tiers_in_order
from npverify.dialects.calico.remembered import Remembered
from npverify.dialects.calico.rules import RuleLowering
from npverify.dialects.calico.selection import Objects
from npverify.dialects.calico.settings import Settings
from npverify.dialects.calico.subjects import subject_selector
from npverify.dialects.calico.tunnels import from_pods
from npverify.dialects.kubernetes_read import NetworkPolicy
from npverify.ingest.source import Problems
from npverify.inventory.addresses import EVERYTHING
from npverify.inventory.model import EndpointKind, Inventory
from npverify.normal.policy import (
    Action,
    Direction,
    Exemption,
    Half,
    Policy,
    Stage,
)
from npverify.normal.predicates import (
    FALSE,
    Pred,
    Side,
    address_in,
    and_,
    const,
    icmp_is,
    kind_is,
    or_,
    own_node,
    protocol_is,
)

LowerNative = Callable[[NetworkPolicy, Direction], Policy]
"""Lowers a part of a policy of the Kubernetes API as its own dialect does; Calico enforces it in its default tier."""


class CalicoLowering:
    """Lowers one input. Guards the parts that every policy needs, and what is `known` of policies that were lowered before."""

    def __init__(
        self,
        resources: r.Resources,
        inventory: Inventory,
        settings: Settings,
        problems: Problems,
        known: Remembered | None = None,
    ) -> None:
        self.felix = resources.felix or r.Felix()
        self.resources = resources
        self.settings = settings = settings.completed(self.felix)
        self.problems = problems
        self.profiles = known_profiles(resources.profiles, resources.hosts, inventory)
        self.objects = Objects.of(inventory, resources.sets, resources.hosts, self.profiles)
        self._known = known or Remembered()
        self._known.over(inventory, (resources.sets, resources.hosts, resources.profiles, settings))
        self._refuse_unusual(inventory)
        self.entries, self.host_entries = (
            Entries(RuleLowering(self.objects, settings, problems, for_hosts), settings.version)
            for for_hosts in (False, True)
        )

    def halves(
        self,
        native: Sequence[NetworkPolicy],
        lower_native: LowerNative,
        exemptions: Callable[[Direction], tuple[Exemption, ...]],
    ) -> tuple[Half, Half]:
        """Egress and ingress. `exemptions` are those of pods that the plugin's profile has."""
        policies = self.resources.policies
        named = [(p.tier, p.span) for p in policies]
        tiers = tiers_in_order(self.resources.tiers, named, self.settings.version, self.problems)
        hosts = Hosts.of(self.resources.hosts, self.profiles)
        at_hosts = HostStages(policies, tiers, hosts, self.host_entries, self.felix, self.problems)
        at_hosts.tell_of_untracked()
        egress, ingress = (
            self._pods(d, policies, tiers, native, lower_native, exemptions(d))
            for d in (Direction.EGRESS, Direction.INGRESS)
        )
        return (
            Half(
                _kept(
                    *at_hosts.egress(),
                    from_pods(self.felix, bpf=self.settings.dataplane == "bpf"),
                    egress,
                    self._own_host(),
                )
            ),
            Half(_kept(*at_hosts.ingress(), ingress)),
        )

    def _pods(
        self,
        direction: Direction,
        policies: tuple[r.Policy, ...],
        tiers: tuple[r.Tier, ...],
        native: Sequence[NetworkPolicy],
        lower_native: LowerNative,
        exempt: tuple[Exemption, ...],
    ) -> Stage:
        """Pods: every profile `kns.NAMESPACE` allows everything, so what no tier decides is allowed."""
        own = (p for p in policies if normal(p) and direction in p.types)
        found = [self._known.entry(p, direction, self.problems, partial(self._entry, p, direction)) for p in own]
        found += [
            self._known.entry(p, direction, self.problems, partial(self._native_entry, p, direction, lower_native))
            for p in native
            if direction in p.rules
        ]
        if direction is Direction.EGRESS:
            exempt = (*exempt, _NEIGHBOURS)
        return Stage("pods", kind_is(direction.subject, EndpointKind.POD), in_tiers(tiers, found), exempt)

    def _entry(self, policy: r.Policy, direction: Direction) -> Entry:
        return self.entries.of(policy, direction, direction, self._selects_pods(policy, direction.subject))

    def _native_entry(self, policy: NetworkPolicy, direction: Direction, lower_native: LowerNative) -> Entry:
        return self.entries.of_native(self._as_found(lower_native(policy, direction)))

    def _as_found(self, policy: Policy) -> Policy:
        """A native policy whose selectors see what labels pods have in Calico."""
        rules = tuple(replace(rule, peer=self.objects.implied(rule.peer)) for rule in policy.rules)
        return replace(policy, subject=self.objects.implied(policy.subject), rules=rules)

    def _own_host(self) -> Stage:
        """What a pod sends to its own node, behind its egress policy: DefaultEndpointToHostAction."""
        drops = const(self.settings.endpoint_to_host == "drop")
        applies = and_(kind_is(Side.SRC, EndpointKind.POD), own_node(Side.DST), drops)
        reason = "Felix drops what pods send to their own node (DefaultEndpointToHostAction)"
        return Stage("endpoint to host", applies, exemptions=(_NEIGHBOURS,), final=Action.DENY, reason=reason)

    def _refuse_unusual(self, inventory: Inventory) -> None:
        """Endpoints without the profiles of their namespace and account, or of other orchestrators, are not modelled; neither
        are such profiles that say something else than what Calico makes of the two."""
        for pod in inventory.pods:
            if pod.profiles is not None or pod.orchestrator != "k8s":
                what = "profiles of its own" if pod.orchestrator == "k8s" else f"orchestrator `{pod.orchestrator}`"
                message = f"workload endpoint `{pod}` has {what}, which is not modelled"
                fix = f"leave the WorkloadEndpoint out, or give it the profiles kns.{pod.namespace} and ksa.{pod.namespace}.…"
                self.problems.error("NPV288", message, pod.span, fix)
        for profile in self.resources.profiles:
            if otherwise(profile, inventory):
                message = f"profile `{profile.name}` is not as Calico makes it, which is not modelled"
                fix = "leave the Profile out: Calico makes those of namespaces and service accounts by itself"
                self.problems.error("NPV288", message, profile.span, fix)

    def _selects_pods(self, policy: r.Policy, side: Side) -> Pred:
        return and_(kind_is(side, EndpointKind.POD), self.objects.pods(subject_selector(policy), side))


_NEIGHBOURS = Exemption(
    "neighbours",
    and_(
        own_node(Side.DST),
        protocol_is("ICMP"),
        address_in(Side.SRC, EVERYTHING[6]),
        or_(*(icmp_is(kind) for kind in (130, 131, 132, 133, 135, 136))),
    ),
    False,
    "by this ICMPv6 a pod finds its neighbours, and its node always hears it",
)
"""What the node of a pod accepts before policy: felix/rules/static.go ICMPv6Filter."""


def _kept(*stages: Stage) -> tuple[Stage, ...]:
    """The stages that may see a flow."""
    names = {"", *(stage.name for stage in stages if stage.applies is not FALSE)}
    return tuple(stage for stage in stages if stage.name in names and stage.after in names)
