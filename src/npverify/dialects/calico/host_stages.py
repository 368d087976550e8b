"""The stages at which the host endpoints of nodes judge a flow.

A node judges what it sends and receives itself (stage `host`), and with policies that apply on forward what it forwards: where
a packet comes in (`entering`) and where it goes out (`leaving`). What comes in meets policies before addresses are translated
(`before translation`), and at interfaces other than those of pods untracked ones.

Source: projectcalico/calico felix/rules/static.go (the chains of raw, mangle and filter), felix/rules/dispatch.go,
felix/rules/endpoints.go, felix/calc/event_sequencer.go. The failsafe ports of raw and mangle accept there alone, an Allow of
their policies marks the packet, which skips the policies that it would meet next where it comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from npverify.dialects.calico import resources as r
from npverify.dialects.calico.entries import Entries, Entry, in_tiers, normal, passing
from npverify.dialects.calico.host_profiles import profile_tier
from npverify.dialects.calico.hosts import Hosts, failsafe
from npverify.dialects.calico.selector import Node
from npverify.dialects.calico.subjects import subject_selector
from npverify.ingest.source import Problems
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import fact
from npverify.normal.policy import Action, Direction, Exemption, Policy, Stage
from npverify.normal.predicates import FALSE, Pred, Side, and_, kind_is, mirrored, not_, or_, own_node, unknown_in

OUT, INTO = Direction.EGRESS, Direction.INGRESS

_BEFORE_TRANSLATION = "before addresses are translated"
_UNTRACKED = "before connections are tracked"


@dataclass(frozen=True, slots=True)
class HostStages:
    """Makes the stages of one input."""

    policies: tuple[r.Policy, ...]
    tiers: tuple[r.Tier, ...]
    hosts: Hosts
    entries: Entries
    felix: r.Felix
    problems: Problems

    def egress(self) -> Iterator[Stage]:
        """What is met on the way out of the source: its node's own policies, and those of the interfaces of its pods."""
        yield self._untracked(OUT, self.hosts.judge(Side.SRC), ("host",))
        yield self._untracked_replies(OUT)
        yield self._host(OUT)
        yield self._before_translation(OUT, self.hosts.at_pods(Side.SRC), self._at_pods)
        onward = not_(own_node(Side.DST))
        yield self._forwarded("entering", OUT, INTO, and_(self.hosts.at_pods(Side.SRC), onward), self._at_pods)
        leaves = or_(self.hosts.crossed(Side.SRC), and_(self.hosts.at_pods(Side.SRC), onward))
        yield self._forwarded("leaving", OUT, OUT, leaves, self._anywhere)

    def ingress(self) -> Iterator[Stage]:
        """What is met on the way to the destination, if the source is not on the same node."""
        yield self._untracked(
            INTO,
            or_(self.hosts.judge(Side.DST), self.hosts.crossed(Side.DST)),
            ("before translation", "host", "entering"),
        )
        yield self._untracked_replies(INTO)
        yield self._replies_of_pods()
        arrives = or_(self.hosts.judge(Side.DST), self.hosts.crossed(Side.DST))
        yield self._before_translation(INTO, arrives, self._at_interfaces)
        yield self._host(INTO)
        yield self._forwarded("entering", INTO, INTO, self.hosts.crossed(Side.DST), self._at_interfaces)
        leaves = and_(self.hosts.at_pods(Side.DST), not_(own_node(Side.SRC)))
        yield self._forwarded("leaving", INTO, OUT, leaves, self._at_pods)

    # Which host endpoint is met: that of the interface to other nodes, that of the pods' interfaces, or either

    def _at_interfaces(self, selector: Node, side: Side) -> Pred:
        return self.hosts.selected(selector, side)

    def _at_pods(self, selector: Node, side: Side) -> Pred:
        return self.hosts.selected_at_pods(selector, side)

    def _anywhere(self, selector: Node, side: Side) -> Pred:
        return or_(self.hosts.selected(selector, side), self.hosts.selected_at_pods(selector, side))

    # The stages

    def _host(self, half: Direction) -> Stage:
        """What a node sends or receives itself: normal policy, then profiles, then nothing is allowed."""
        applies = self.hosts.judge(half.subject)
        if applies is FALSE:
            return Stage("host", FALSE)
        found = self._of_hosts(half, half, filter(normal, self.policies), self._at_interfaces)
        profiles = profile_tier(self.hosts, half, self.entries.rules, self.problems)
        return Stage(
            "host",
            applies,
            (*in_tiers(self.tiers, found), *profiles),
            (self._failsafe(half),),
            Action.DENY,
            hosts=True,
            reason="a host endpoint denies what no policy and no profile allows",
        )

    def _forwarded(
        self, name: str, half: Direction, about: Direction, applies: Pred, met: Callable[[Node, Side], Pred]
    ) -> Stage:
        forwarding = (p for p in self.policies if normal(p) and p.apply_on_forward)
        found = self._of_hosts(half, about, forwarding, met)
        where = "where it enters a node" if name == "entering" else "where it leaves a node"
        return Stage(name, applies if found else FALSE, in_tiers(self.tiers, found), where=where)

    def _before_translation(self, half: Direction, applies: Pred, met: Callable[[Node, Side], Pred]) -> Stage:
        found = self._of_hosts(half, INTO, (p for p in self.policies if p.pre_dnat), met)
        return Stage(
            "before translation",
            applies if found else FALSE,
            in_tiers(passing(self.tiers), found),
            (self._failsafe(INTO),),
            skips=("host", "entering"),
            before_translation=True,
            where=_BEFORE_TRANSLATION,
            hosts=half is INTO,
        )

    def _untracked(self, half: Direction, applies: Pred, skips: tuple[str, ...]) -> Stage:
        found = self._of_hosts(half, half, self._untracking(), self._at_interfaces)
        return Stage(
            _untracked(half),
            applies if found else FALSE,
            in_tiers(passing(self.tiers), found),
            (self._failsafe(half),),
            skips=skips,
            before_translation=half is INTO,
            where=_UNTRACKED,
            hosts=True,
        )

    def _untracked_replies(self, half: Direction) -> Stage:
        """Replies to what was accepted untracked: no connection is known, so they need a rule of the other direction."""
        found = self._of_hosts(half.opposite, half.opposite, self._untracking(), self._at_interfaces)
        replies = [entry._replace(policy=_mirrored(entry.policy)) for entry in found]
        return Stage(
            "untracked replies",
            self.hosts.judge(half.subject),
            in_tiers(passing(self.tiers), replies),
            final=Action.DENY,
            after=_untracked(half),
            before_translation=half is INTO,
            hosts=True,
            reason="the flow is not tracked, and no untracked policy of the host endpoint allows its replies",
        )

    def _replies_of_pods(self) -> Stage:
        """What a pod answers to a flow that came to it untracked: nothing accepts that untracked (raw leaves out the
        interfaces of pods), and what connection tracking makes of it is not known from files."""
        passes = unknown_in(fact("replies of pods to untracked flows get through"), "true")
        return Stage(
            "untracked replies of pods",
            and_(kind_is(Side.DST, EndpointKind.POD), not_(passes)),
            final=Action.DENY,
            after=_untracked(INTO),
            reason="the flow is not tracked, so the replies of the pod belong to no connection",
        )

    # Their parts

    def _of_hosts(
        self, half: Direction, about: Direction, policies: Iterable[r.Policy], met: Callable[[Node, Side], Pred]
    ) -> list[Entry]:
        side = half.subject
        chosen = ((p, met(subject_selector(p), side)) for p in policies if not p.id.namespace and about in p.types)
        return [self.entries.of(p, about, half, subject) for p, subject in chosen if subject is not FALSE]

    def _untracking(self) -> Iterator[r.Policy]:
        return (policy for policy in self.policies if policy.do_not_track)

    def _failsafe(self, about: Direction) -> Exemption:
        given = self.felix.failsafe_out if about is OUT else self.felix.failsafe_in
        return failsafe(about, given)


def _untracked(half: Direction) -> str:
    return f"untracked {half}"


def _mirrored(policy: Policy) -> Policy:
    """A policy about replies, as one about the flow that they answer: its two sides change places."""
    rules = tuple(replace(rule, peer=mirrored(rule.peer), traffic=mirrored(rule.traffic)) for rule in policy.rules)
    return replace(policy, subject=mirrored(policy.subject), rules=rules)
