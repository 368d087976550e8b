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
from functools import cached_property

from npverify.dialects.calico import resources as r
from npverify.dialects.calico.entries import Entries, Entry, in_tiers, normal, passing
from npverify.dialects.calico.host_profiles import profile_tier
from npverify.dialects.calico.hosts import Host, Hosts, failsafe
from npverify.dialects.calico.selector import Node
from npverify.dialects.calico.subjects import subject_selector
from npverify.dialects.calico.tunnels import between_nodes
from npverify.ingest.source import Problems
from npverify.inventory.model import EndpointKind
from npverify.inventory.unknowns import fact
from npverify.normal.policy import Action, Direction, Exemption, Policy, Rule, Stage
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Pred,
    Side,
    address_owned_by,
    and_,
    kind_is,
    mirrored,
    not_,
    or_,
    own_node,
    protocol_is,
    substitute,
    unknown_in,
)
from npverify.normal.syntax import KindIs, LabelIn, LabelText, NamespaceIs, NodeIs, ServiceAccountIs

OUT, INTO = Direction.EGRESS, Direction.INGRESS

_TRANSLATED_HERE = kind_is(Side.SRC, EndpointKind.EXTERNAL, EndpointKind.REMOTE)
"""What comes to a node before the address of a Service is translated; else the node of the source has done that."""

_ABOUT_AN_END = (KindIs, LabelIn, LabelText, NamespaceIs, NodeIs, ServiceAccountIs)

_BEFORE_TRANSLATION = "before addresses are translated"
_UNTRACKED = "before connections are tracked"
_ITSELF = "host to itself"


@dataclass(frozen=True)
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
        yield self._untracked_services(OUT)
        yield self._untracked_replies(OUT)
        yield self._host("host", OUT, self.hosts, self.hosts.judge(Side.SRC))
        yield self._host(_ITSELF, OUT, self._loopback, self._loops(Side.SRC))
        at_pods = self.hosts.at_pods(Side.SRC)
        yield self._before_translation(OUT, at_pods, self._translating.selected_at_pods, ("entering",))
        onward = and_(at_pods, not_(own_node(Side.DST)))
        yield self._forwarded("entering", OUT, INTO, onward, self.hosts.selected_at_pods)
        yield self._forwarded("leaving", OUT, OUT, self.hosts.crossed(Side.SRC), self.hosts.selected)

    def ingress(self) -> Iterator[Stage]:
        """What is met on the way to the destination, if the source is not on the same node."""
        arrives = or_(self.hosts.judge(Side.DST), self.hosts.crossed(Side.DST))
        yield self._untracked(INTO, arrives, ("before translation", "host", "entering"))
        yield self._untracked_services(INTO)
        yield self._untracked_replies(INTO)
        yield self._replies_of_pods()
        yield self._before_translation(INTO, arrives, self._translating.selected, ("host", "entering"))
        yield self._host("host", INTO, self.hosts, self.hosts.judge(Side.DST))
        yield self._before_translation(INTO, self._loops(Side.DST), self._loopback.selected, (_ITSELF,))
        yield self._host(_ITSELF, INTO, self._loopback, self._loops(Side.DST))
        yield self._forwarded("entering", INTO, INTO, self.hosts.crossed(Side.DST), self.hosts.selected)
        leaves = and_(self.hosts.at_pods(Side.DST), not_(own_node(Side.SRC)))
        yield self._forwarded("leaving", INTO, OUT, leaves, self.hosts.selected_at_pods)

    def tell_of_untracked(self) -> None:
        """Warns of untracked policies that Felix does not enforce where they select."""
        for policy in filter(_is_untracked, self.policies):
            selector = subject_selector(policy)
            for host in self.hosts.hosts:
                about = [d for d in policy.types if host not in self._untracking(d).hosts]
                if about and host.matches(selector) is not FALSE:
                    what = " and ".join(str(d) for d in about)
                    why = "is of all interfaces" if host.for_all else "has untracked policies of several tiers"
                    message = (
                        f"{policy.id} is not enforced for {what} at host endpoint `{host.endpoint.name}`, which {why}"
                    )
                    fix = "write a host endpoint that names the interface" if host.for_all else "move them to one tier"
                    self.problems.warn("NPV289", message, policy.span, fix)
                    break

    @cached_property
    def _loopback(self) -> Hosts:
        return self.hosts.on_loopback

    def _loops(self, side: Side) -> Pred:
        """What passes the loopback interface of a node under a host endpoint of all interfaces; whether BPF has it so is
        not known."""
        judged = fact("host endpoints of all interfaces judge what a node sends itself")
        return and_(self._loopback.loops(side), unknown_in(judged, "true") if self._bpf else TRUE)

    # Which host endpoints a table of the kernel knows

    @property
    def _bpf(self) -> bool:
        return self.entries.rules.settings.dataplane == "bpf"

    @cached_property
    def _translating(self) -> Hosts:
        """Those that are met before translation: where that of an interface has no such policy the kernel's table knows
        only that of all interfaces (felix/dataplane/linux/endpoint_mgr.go updateHostEndpoints)."""
        policies = [p for p in self.policies if p.pre_dnat]
        return self.hosts if self._bpf else self.hosts.among(lambda h: bool(self._tiers(policies, h)), instead=True)

    def _untracking(self, about: Direction) -> Hosts:
        """Those where untracked policies of a direction are enforced: not those of all interfaces, but for what comes in
        with BPF, where in turn the policies must be in one tier (felix/dataplane/linux/bpf_ep_mgr.go attachXDPProgram)."""
        if self._bpf and about is INTO:
            policies = [p for p in self.policies if _is_untracked(p)]
            return self.hosts.among(lambda h: len(self._tiers(policies, h)) == 1)
        return self.hosts.among(lambda h: not h.for_all)

    def _tiers(self, policies: Iterable[r.Policy], host: Host) -> set[str]:
        """The tiers of those of the policies that select a host endpoint."""
        return {p.tier for p in policies if host.matches(subject_selector(p)) is not FALSE}

    # The stages

    def _host(self, name: str, half: Direction, hosts: Hosts, applies: Pred) -> Stage:
        """What a node sends or receives itself: normal policy, then profiles, then nothing is allowed."""
        if applies is FALSE:
            return Stage(name, FALSE)
        found = self._of_hosts(half, half, filter(normal, self.policies), hosts.selected)
        profiles = profile_tier(hosts, half, self.entries.rules, self.problems)
        return Stage(
            name,
            applies,
            (*in_tiers(self.tiers, found), *profiles),
            (failsafe(half, self.felix), between_nodes(self.felix, half)),
            Action.DENY,
            hosts=True,
            reason="the host endpoint of {who} denies what no policy and no profile allows",
        )

    def _forwarded(
        self, name: str, half: Direction, about: Direction, applies: Pred, met: Callable[[Node, Side], Pred]
    ) -> Stage:
        forwarding = (p for p in self.policies if normal(p) and p.apply_on_forward)
        found = self._of_hosts(half, about, forwarding, met)
        where = "where it enters a node" if name == "entering" else "where it leaves a node"
        return Stage(name, applies if found else FALSE, in_tiers(self.tiers, found), where=where)

    def _before_translation(
        self, half: Direction, applies: Pred, met: Callable[[Node, Side], Pred], skips: tuple[str, ...]
    ) -> Stage:
        found = self._of_hosts(half, INTO, (p for p in self.policies if p.pre_dnat), met)
        return Stage(
            "before translation",
            applies if found else FALSE,
            in_tiers(passing(self.tiers), _testing_what_is_there(found)),
            self._failsafe_before_translation(half),
            skips=skips,
            before_translation=TRUE if half is OUT else _TRANSLATED_HERE,
            where=_BEFORE_TRANSLATION,
            hosts=half is INTO,
            shifts=not self._bpf and len({host.for_all for host in self.hosts.hosts}) > 1,
        )

    def _failsafe_before_translation(self, half: Direction) -> tuple[Exemption, ...]:
        """With BPF those are for what a host receives from other nodes: felix/bpf-gpl/tc.c."""
        ports = failsafe(INTO, self.felix)
        if not self._bpf:
            return (ports,)
        at_host = kind_is(Side.DST, EndpointKind.NODE, EndpointKind.HOST_POD)
        return (replace(ports, match=and_(ports.match, at_host)),) if half is INTO else ()

    def _untracked(self, half: Direction, applies: Pred, skips: tuple[str, ...]) -> Stage:
        found = self._of_hosts(half, half, filter(_is_untracked, self.policies), self._untracking(half).selected)
        return Stage(
            _untracked(half),
            applies if found else FALSE,
            in_tiers(passing(self.tiers), _testing_what_is_there(found)),
            (failsafe(half, self.felix, replies=True),),
            skips=skips,
            before_translation=self._untranslated(half),
            where=_UNTRACKED,
            hosts=True,
            shifts=self._bpf and half is INTO,
        )

    def _untracked_replies(self, half: Direction) -> Stage:
        """Replies to what was accepted untracked: no connection is known, so they need a rule of the other direction. Without
        one no connection of TCP begins; other protocols may do without replies, and what BPF does is not known from files."""
        back = half.opposite
        found = self._of_hosts(back, back, filter(_is_untracked, self.policies), self._untracking(back).selected)
        replies = [entry._replace(policy=_mirrored(entry.policy)) for entry in found]
        passes = unknown_in(fact("replies of hosts to untracked flows get through without a rule"), "true")
        surely = FALSE if self._bpf else protocol_is("TCP")
        return Stage(
            "untracked replies",
            and_(self.hosts.judge(half.subject), or_(surely, not_(passes))),
            in_tiers(passing(self.tiers), replies),
            final=Action.DENY,
            after=_untracked(half),
            before_translation=self._untranslated(half),
            hosts=True,
            reason="the flow is not tracked, and no untracked policy of the host endpoint allows its replies",
        )

    def _untracked_services(self, half: Direction) -> Stage:
        """What is accepted untracked while it still has the address of a Service: without a connection none is translated."""
        return Stage(
            f"untracked {half} to services",
            address_owned_by(Side.DST, "service"),
            final=Action.DENY,
            after=_untracked(half),
            before_translation=self._untranslated(half),
            hosts=True,
            reason="the flow is not tracked, so the address of the Service is not translated to that of a backend",
        )

    def _untranslated(self, half: Direction) -> Pred:
        """Which flows the raw table sees before translation; with BPF a node translates what it sends where it begins."""
        if half is INTO:
            return _TRANSLATED_HERE
        return FALSE if self._bpf else TRUE

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
        namespaces = self.hosts.namespaces
        own = (p for p in policies if about in p.types and p.id.namespace in namespaces)
        chosen = ((p, met(subject_selector(p), side)) for p in own)
        return [self.entries.of(p, about, half, subject) for p, subject in chosen if subject is not FALSE]


def _testing_what_is_there(entries: Iterable[Entry]) -> list[Entry]:
    """Entries of a stage that may see a flow before translation: the address that selectors test there is then the
    Service's, which no endpoint has (sets of addresses are atoms of their own)."""
    return [
        e._replace(policy=replace(e.policy, rules=tuple(map(_rule_before_translation, e.policy.rules))))
        for e in entries
    ]


def _rule_before_translation(rule: Rule) -> Rule:
    return replace(
        rule, peer=substitute(rule.peer, _no_end_at_a_service), traffic=substitute(rule.traffic, _no_end_at_a_service)
    )


def _no_end_at_a_service(atom: Pred) -> Pred:
    if isinstance(atom, _ABOUT_AN_END) and atom.side is Side.DST:
        return and_(atom, not_(address_owned_by(Side.DST, "service")))
    return atom


def _is_untracked(policy: r.Policy) -> bool:
    return policy.do_not_track


def _untracked(half: Direction) -> str:
    return f"untracked {half}"


def _mirrored(policy: Policy) -> Policy:
    """A policy about replies, as one about the flow that they answer: its two sides change places."""
    rules = tuple(replace(rule, peer=mirrored(rule.peer), traffic=mirrored(rule.traffic)) for rule in policy.rules)
    return replace(policy, subject=mirrored(policy.subject), rules=rules)
