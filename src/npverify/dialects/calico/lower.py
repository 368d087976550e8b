"""Lowers Calico's resources, and the native policies among them, to the normal form.

Source of the walk: projectcalico/calico felix/rules/endpoints.go (a tier that no policy of the endpoint is in is skipped; the
first rule that matches decides; without one the tier's default action; behind the last tier the profiles).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from npverify.dialects.calico import hosts as h
from npverify.dialects.calico import resources as r
from npverify.dialects.calico.order import DEFAULT, NATIVE_ORDER, Place, place, tiers_in_order
from npverify.dialects.calico.rules import RuleLowering
from npverify.dialects.calico.selection import Objects
from npverify.dialects.calico.settings import Settings
from npverify.dialects.calico.subjects import subject_selector
from npverify.ingest.source import Problems, Span
from npverify.inventory.model import EndpointKind, Inventory
from npverify.normal.policy import (
    Action,
    Direction,
    Exemption,
    Half,
    Policy,
    PolicyId,
    Rule,
    Stage,
    Tier,
)
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    and_,
    const,
    kind_is,
    mirrored,
    not_,
    or_,
    own_node,
    port_in,
    protocol_is,
    self_traffic,
)


class Native(NamedTuple):
    """A policy of the Kubernetes API, lowered by its own dialect, that Calico enforces in its default tier."""

    direction: Direction
    policy: Policy


class _Entry(NamedTuple):
    """A policy of one direction with its place, for each stage that asks it."""

    tier: str
    place: Place
    policy: Policy


class CalicoLowering:
    """Lowers one input. Guards the parts that every policy needs."""

    def __init__(self, resources: r.Resources, inventory: Inventory, settings: Settings, problems: Problems) -> None:
        self.felix = resources.felix or r.Felix()
        self.resources = resources
        self.settings = settings = settings.completed(self.felix)
        self.problems = problems
        profiles = {profile.name: profile for profile in resources.profiles}
        profiles.setdefault(ALLOW_ALL.name, ALLOW_ALL)
        self.objects = Objects.of(inventory, resources.sets, resources.hosts, profiles)
        self.rules = RuleLowering(self.objects, settings, problems)
        self.hosts = h.Hosts(resources.hosts, profiles)

    def halves(
        self, native: Sequence[Native], exemptions: Callable[[Direction], tuple[Exemption, ...]]
    ) -> tuple[Half, Half]:
        """Egress and ingress. `exemptions` are those of pods that the plugin's profile has."""
        policies = [*self.resources.policies]
        named = [(p.tier, p.span) for p in policies]
        tiers = tiers_in_order(self.resources.tiers, named, self.settings.version, self.problems)
        egress = self._egress(policies, tiers, native, exemptions(Direction.EGRESS))
        ingress = self._ingress(policies, tiers, native, exemptions(Direction.INGRESS))
        return Half(egress), Half(ingress)

    def _egress(
        self,
        policies: list[r.Policy],
        tiers: tuple[r.Tier, ...],
        native: Sequence[Native],
        exempt: tuple[Exemption, ...],
    ) -> tuple[Stage, ...]:
        out = Direction.EGRESS
        return _kept(
            self._untracked(out, policies, tiers),
            self._untracked_replies(out, policies, tiers),
            self._host(out, policies, tiers),
            self._encapsulated(),
            self._pods(out, policies, tiers, native, exempt),
            self._own_host(),
            self._forwarded(out, policies, tiers),
        )

    def _ingress(
        self,
        policies: list[r.Policy],
        tiers: tuple[r.Tier, ...],
        native: Sequence[Native],
        exempt: tuple[Exemption, ...],
    ) -> tuple[Stage, ...]:
        into = Direction.INGRESS
        return _kept(
            self._untracked(into, policies, tiers),
            self._untracked_replies(into, policies, tiers),
            self._before_translation(policies, tiers),
            self._host(into, policies, tiers),
            self._forwarded(into, policies, tiers),
            self._pods(into, policies, tiers, native, exempt),
        )

    # The stages

    def _pods(
        self,
        direction: Direction,
        policies: list[r.Policy],
        tiers: tuple[r.Tier, ...],
        native: Sequence[Native],
        exempt: tuple[Exemption, ...],
    ) -> Stage:
        """Pods: every profile `kns.NAMESPACE` allows everything, so what no tier decides is allowed."""
        side = direction.subject
        found = [self._entry(p, direction, self._selects_pods(p, side)) for p in policies if _normal(p)]
        for of, policy in native:
            if of is direction:
                placed = place(policy.id, NATIVE_ORDER, DEFAULT, self.settings.version)
                found.append(_Entry(DEFAULT, placed, replace(policy, order=NATIVE_ORDER)))
        return Stage("pods", kind_is(side, EndpointKind.POD), _tiers(tiers, found), exempt)

    def _host(self, direction: Direction, policies: list[r.Policy], tiers: tuple[r.Tier, ...]) -> Stage:
        """What a node sends or receives itself: normal policy, then profiles, then nothing is allowed."""
        found = self._of_hosts(direction, [p for p in policies if _normal(p)])
        side = direction.subject
        return Stage(
            "host",
            self.hosts.judge(side),
            (*_tiers(tiers, found), *self._profiles(direction)),
            (h.failsafe(direction, self._failsafes(direction)),),
            Action.DENY,
            hosts=True,
            reason="a host endpoint denies what no policy and no profile allows",
        )

    def _forwarded(self, direction: Direction, policies: list[r.Policy], tiers: tuple[r.Tier, ...]) -> Stage:
        found = self._of_hosts(direction, [p for p in policies if _normal(p) and p.apply_on_forward])
        applies = self.hosts.forward(direction.subject) if found else FALSE
        return Stage("forwarded", applies, _tiers(tiers, found), where="where the node forwards it")

    def _before_translation(self, policies: list[r.Policy], tiers: tuple[r.Tier, ...]) -> Stage:
        into = Direction.INGRESS
        found = self._of_hosts(into, [p for p in policies if p.pre_dnat])
        applies = or_(self.hosts.judge(Side.DST), self.hosts.forward(Side.DST), self._own_pods_on_all_interfaces())
        return Stage(
            "before translation",
            applies if found else FALSE,
            _tiers(_passing(tiers), found),
            (h.failsafe(into, self._failsafes(into)),),
            skips=("host", "forwarded"),
            before_translation=True,
            where="before addresses are translated",
            hosts=True,
        )

    def _untracked(self, direction: Direction, policies: list[r.Policy], tiers: tuple[r.Tier, ...]) -> Stage:
        found = self._of_hosts(direction, [p for p in policies if p.do_not_track])
        side = direction.subject
        applies = or_(self.hosts.judge(side), self.hosts.forward(side))
        return Stage(
            _untracked_name(direction),
            applies if found else FALSE,
            _tiers(_passing(tiers), found),
            (h.failsafe(direction, self._failsafes(direction)),),
            skips=("before translation", "host", "forwarded"),
            where="before connections are tracked",
            before_translation=direction is Direction.INGRESS,
            hosts=True,
        )

    def _untracked_replies(self, direction: Direction, policies: list[r.Policy], tiers: tuple[r.Tier, ...]) -> Stage:
        """Replies to what was accepted untracked: no connection is known, so they need a rule of the other direction."""
        found = self._of_hosts(direction.opposite, [p for p in policies if p.do_not_track])
        replies = _tiers(_passing(tiers), [e._replace(policy=_mirrored(e.policy)) for e in found])
        return Stage(
            "untracked replies",
            TRUE,
            replies,
            final=Action.DENY,
            after=_untracked_name(direction),
            before_translation=direction is Direction.INGRESS,
            hosts=True,
            reason="the flow is not tracked, and no untracked policy of the host endpoint allows its replies",
        )

    def _own_host(self) -> Stage:
        """What a pod sends to its own node, behind its egress policy: DefaultEndpointToHostAction."""
        drops = const(self.settings.endpoint_to_host == "drop")
        applies = and_(kind_is(Side.SRC, EndpointKind.POD), own_node(Side.DST), drops)
        reason = "Felix drops what pods send to their own node (DefaultEndpointToHostAction)"
        return Stage("endpoint to host", applies, final=Action.DENY, reason=reason)

    def _own_pods_on_all_interfaces(self) -> Pred:
        """What a pod sends to its own node meets policy before translation if all interfaces have it."""
        every = [host for host in self.hosts.hosts if host.endpoint.interface == h.ALL_INTERFACES]
        to_node = kind_is(Side.DST, EndpointKind.NODE, EndpointKind.HOST_POD)
        from_pod = kind_is(Side.SRC, EndpointKind.POD)
        return and_(to_node, from_pod, own_node(Side.DST), or_(*(host.is_at(Side.DST) for host in every)))

    def _encapsulated(self) -> Stage:
        """Pods must not send what looks like the cluster's own tunnels: felix/rules/endpoints.go."""
        found = []
        if not self.felix.vxlan_from_pods:
            port = self.felix.vxlan_port or VXLAN
            found.append(and_(protocol_is("UDP"), port_in(port, port)))
        if not self.felix.ipip_from_pods:
            found.append(protocol_is("4"))
        applies = and_(kind_is(Side.SRC, EndpointKind.POD), not_(self_traffic(via_service=False)), or_(*found))
        reason = "Felix drops what pods send as VXLAN (UDP 4789) or IPIP, unless its configuration allows it"
        return Stage("encapsulation", applies, final=Action.DENY, reason=reason)

    # Their parts

    def _selects_pods(self, policy: r.Policy, side: Side) -> Pred:
        return and_(kind_is(side, EndpointKind.POD), self.objects.pods(subject_selector(policy), side))

    def _of_hosts(self, direction: Direction, policies: Iterable[r.Policy]) -> list[_Entry]:
        side = direction.subject
        chosen = ((p, self.hosts.selected(subject_selector(p), side)) for p in policies if not p.id.namespace)
        return [
            self._entry(p, direction, subject) for p, subject in chosen if direction in p.types and subject is not FALSE
        ]

    def _entry(self, policy: r.Policy, direction: Direction, subject: Pred) -> _Entry:
        rules = self.rules.lower(policy.rules.get(direction, ()), policy.id.namespace, direction, str(policy.id))
        lowered = Policy(policy.id, subject if direction in policy.types else FALSE, rules, policy.span, policy.order)
        return _Entry(policy.tier, place(policy.id, policy.order, policy.tier, self.settings.version), lowered)

    def _failsafes(self, direction: Direction) -> tuple[r.Failsafe, ...] | None:
        return self.felix.failsafe_out if direction is Direction.EGRESS else self.felix.failsafe_in

    def _profiles(self, direction: Direction) -> tuple[Tier, ...]:
        """The profiles of each host endpoint, in its order; one that is missing drops everything
        (felix/calc/active_rules_calculator.go)."""
        found = []
        for host in self.hosts.hosts:
            subject = host.is_at(direction.subject)
            for name in host.endpoint.profiles:
                profile = self.hosts.profiles.get(name)
                policy_id = PolicyId("calico", "Profile", "", name)
                if profile is None:
                    message = f"host endpoint `{host.endpoint.name}` names profile `{name}`, which does not exist"
                    fix = "add the Profile; a missing one drops everything"
                    self.problems.warn("NPV285", message, host.endpoint.span, fix)
                    drop = Rule(Action.DENY, TRUE, TRUE, "missing", host.endpoint.span)
                    found.append(Policy(policy_id, subject, (drop,), host.endpoint.span))
                    break
                rules = profile.egress if direction is Direction.EGRESS else profile.ingress
                lowered = self.rules.lower(rules, "", direction, str(policy_id))
                found.append(Policy(policy_id, subject, _of_profile(lowered, self.settings), profile.span))
        return (Tier("profiles", tuple(found), Action.DENY),) if found else ()


VXLAN = 4789
"""The port of VXLAN packets: felix/config/config_params.go VXLANPort."""


def _allow_everything() -> r.Profile:
    anything = r.Entity()
    rules = {
        d: r.Rule(Action.ALLOW, None, None, None, None, None, anything, anything, None, f"{d}[0]", Span("built in"))
        for d in Direction
    }
    name = "projectcalico-default-allow"
    return r.Profile(name, {}, (rules[Direction.INGRESS],), (rules[Direction.EGRESS],), Span("built in"))


ALLOW_ALL = _allow_everything()
"""The profile of automatic host endpoints: libcalico-go/lib/resources."""


def _normal(policy: r.Policy) -> bool:
    """Neither for untracked traffic nor before translation: such policies have no effect on pods and on local traffic."""
    return not (policy.do_not_track or policy.pre_dnat)


def _tiers(tiers: Iterable[r.Tier], entries: list[_Entry]) -> tuple[Tier, ...]:
    """The tiers that have policies, with these in order."""
    found = []
    for tier in tiers:
        own = sorted(
            (e for e in entries if e.tier == tier.name and e.policy.subject is not FALSE), key=lambda e: e.place
        )
        if own:
            found.append(Tier(tier.name, tuple(e.policy for e in own), tier.default_action))
    return tuple(found)


def _passing(tiers: Iterable[r.Tier]) -> tuple[r.Tier, ...]:
    """The tiers of policies that are asked beside the normal ones: what they do not match goes on."""
    return tuple(tier._replace(default_action=Action.PASS) for tier in tiers)


def _untracked_name(direction: Direction) -> str:
    return f"untracked {direction}"


def _kept(*stages: Stage) -> tuple[Stage, ...]:
    """The stages that may see a flow."""
    names = {"", *(stage.name for stage in stages if stage.applies is not FALSE)}
    return tuple(stage for stage in stages if stage.name in names and stage.after in names)


def _of_profile(rules: tuple[Rule, ...], settings: Settings) -> tuple[Rule, ...]:
    """The rules of a profile: `Pass` goes on to the next profile and not to the next tier, and with BPF it denies
    (felix/bpf/polprog/pol_prog_builder.go)."""
    found: list[Rule] = []
    passed: Pred = FALSE
    for rule in rules:
        if rule.action is Action.PASS and settings.dataplane == "bpf":
            found.append(replace(rule, action=Action.DENY, traffic=and_(rule.traffic, not_(passed))))
        elif rule.action is Action.PASS:
            passed = or_(passed, rule.match)
        else:
            found.append(replace(rule, traffic=and_(rule.traffic, not_(passed))))
    return tuple(found)


def _mirrored(policy: Policy) -> Policy:
    """A policy about replies, as one about the flow that they answer: its two sides change places."""
    rules = tuple(replace(r, peer=mirrored(r.peer), traffic=mirrored(r.traffic)) for r in policy.rules)
    return replace(policy, subject=mirrored(policy.subject), rules=rules)
