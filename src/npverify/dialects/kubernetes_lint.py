"""What lint says of NetworkPolicies beside their meaning: peers that are nobody, lists that are empty, items twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from npverify.dialects import kubernetes
from npverify.dialects.kubernetes_read import NetworkPolicy, Peer, PortEntry, RuleText
from npverify.dialects.lint import About, Suspicion
from npverify.dialects.lists import COVERED_ITEM, block_covers, covered
from npverify.dialects.profiles import Profile
from npverify.dialects.selectors import Requirement, Selector
from npverify.ingest.document import Document
from npverify.ingest.source import Span
from npverify.inventory.addresses import Prefix
from npverify.normal.policy import Direction, PolicyId
from npverify.normal.predicates import TRUE

_SIDE = {Direction.INGRESS: "from", Direction.EGRESS: "to"}


class _At(NamedTuple):
    """A rule of a policy, with its document."""

    policy: NetworkPolicy
    direction: Direction
    rule: RuleText
    document: Document | None

    @property
    def name(self) -> str:
        return f"{self.policy.id}, {self.rule.label}"

    @property
    def side(self) -> str:
        """The field that holds its peers."""
        return _SIDE[self.direction]

    @property
    def number(self) -> int:
        return int(self.rule.label.rpartition("[")[2].rstrip("]"))

    def span(self, *path: str | int) -> Span:
        """Where a field of the rule stands."""
        if self.document is None:
            return self.rule.span
        return self.document.span("spec", str(self.direction), self.number, *path)

    def field(self, key: str) -> object:
        """What the user wrote there."""
        at: object = self.document.value.get("spec") if self.document is not None else None
        for step in (str(self.direction), self.number, key):
            if isinstance(at, dict):
                at = at.get(step)
            elif isinstance(at, list) and isinstance(step, int):
                at = at[step]
        return at


def suspicions(
    policies: Iterable[NetworkPolicy], documents: Mapping[PolicyId, Document], profile: Profile
) -> dict[str, tuple[Suspicion, ...]]:
    """What the rules of this module find, by their codes."""
    rules = [
        _At(policy, direction, rule, documents.get(policy.id))
        for policy in policies
        for direction, texts in policy.rules.items()
        for rule in texts
    ]
    return {
        COVERED_ITEM.code: tuple(s for at in rules for s in _covered(at, profile)),
        NOBODY.code: tuple(s for at in rules for s in _nobody(at, profile)),
        EMPTY_LIST.code: tuple(s for at in rules for s in _empty(at)),
    }


def _nobody(at: _At, profile: Profile) -> Iterator[Suspicion]:
    """Each peer with selectors, unless some pod matches."""
    for n, peer in enumerate(at.rule.peers):
        if peer.block is not None:
            continue
        where = f"namespace `{at.policy.id.namespace}`" if peer.namespaces is None else "the input"
        wider = (
            "add a `namespaceSelector` if pods of other namespaces are meant, "
            if peer.namespaces is None
            else "give the manifests of those pods too, "
        )
        rest = "the rule is about nobody" if len(at.rule.peers) == 1 else "that item of the rule is about nobody"
        yield Suspicion(
            at.policy.id,
            at.span(at.side, n),
            f"{at.name}: no pod of {where} matches `{at.side}[{n}]`, so {rest}",
            f"correct its selectors, {wider}or remove it",
            unless=kubernetes.peer_matches(peer, at.policy.id.namespace, at.direction.peer, profile),
            side=at.direction.peer,
        )


def _empty(at: _At) -> Iterator[Suspicion]:
    """Each list of peers or ports that is there and empty."""
    for key, meaning, whom in ((at.side, "every peer", "nobody"), ("ports", "every port", "no port")):
        if at.field(key) == []:
            yield Suspicion(
                at.policy.id,
                at.span(key),
                f"{at.name}: an empty list `{key}` means {meaning}, not {whom}",
                f"remove the key if {meaning} is meant; to allow nothing, remove the rule",
            )


def _covered(at: _At, profile: Profile) -> Iterator[Suspicion]:
    """Each item that another one of its list covers."""
    ranges = profile.pred("endport_supported", "true") is TRUE
    lists = [
        (at.side, covered(at.rule.peers, _peer_covers)),
        ("ports", covered(at.rule.ports, lambda one, other: _port_covers(one, other, ranges=ranges))),
    ]
    for key, found in lists:
        for n, m in found:
            yield _told(at, (key, n), f"`{key}[{n}]`", f"`{key}[{m}]`")
    for k, peer in enumerate(at.rule.peers):
        for n, m in covered(peer.excepts, block_covers):
            path = (at.side, k, "ipBlock", "except", n)
            yield _told(at, path, f"`except` {peer.excepts[n]} of `{at.side}[{k}]`", str(peer.excepts[m]))


def _told(at: _At, path: tuple[str | int, ...], item: str, other: str) -> Suspicion:
    message = f"{at.name}: {item} is covered by {other}, so it adds nothing"
    return Suspicion(at.policy.id, at.span(*path), message, f"remove it, or correct {other} if that is too wide")


def _port_covers(one: PortEntry, other: PortEntry, *, ranges: bool) -> bool:
    if one.protocol != other.protocol:
        return False
    if one.port is None or one == other:
        return True
    if not isinstance(one.port, int) or not isinstance(other.port, int):
        return False
    first, last = (one.end or one.port), (other.end or other.port)
    # a plugin that does not know endPort reads the first port of both alone
    return one.port <= other.port and last <= first and (ranges or one.port == other.port)


def _peer_covers(one: Peer, other: Peer) -> bool:
    if one.block is not None or other.block is not None:
        return one.block is not None and other.block is not None and _block_covers(one, other, one.block, other.block)
    if one.namespaces is None:
        if other.namespaces is not None:
            return False
    elif other.namespaces is None:
        if one.namespaces:
            return False  # it hangs on the labels of the namespace
    elif not _selects_more(one.namespaces, other.namespaces):
        return False
    return _selects_more(one.pods or (), other.pods or ())


def _block_covers(one: Peer, other: Peer, block: Prefix, inner: Prefix) -> bool:
    def left_in(hole: Prefix) -> bool:
        return hole.family == inner.family and hole.overlaps(inner) and not any(h.covers(hole) for h in other.excepts)

    return block_covers(block, inner) and not any(map(left_in, one.excepts))


def _selects_more(one: Selector, other: Selector) -> bool:
    """Whether each requirement of one follows from one of the other."""
    return all(any(_follows(wanted, given) for given in other) for wanted in one)


def _follows(wanted: Requirement, given: Requirement) -> bool:
    if wanted == given:
        return True
    if wanted.key != given.key or given.operator != "In":
        return False
    return wanted.operator == "Exists" or (wanted.operator == "In" and set(given.values) <= set(wanted.values))


_API = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [%s]
"""

NOBODY = About(
    "NPL146",
    "peer-is-nobody",
    "warning",
    "A peer of a rule is nobody: its selectors match no pod of the input.",
    "A `podSelector` alone means pods of the policy's own namespace, which is the usual reason; a misspelled label is "
    "another. Labels that are not known count as any. Where the manifests of some workloads are not given, it says only that.",
    fires=_API % "{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {app: monitor}}}",
    silent=_API
    % "{podSelector: {matchLabels: {app: web}}}, {podSelector: {matchLabels: {app: monitor}}, namespaceSelector: {}}",
    needs_pods=True,
)

EMPTY_LIST = About(
    "NPL147",
    "empty-list",
    "warning",
    "A list of peers or ports is empty, which means every one, not none.",
    "An empty `from`, `to` or `ports` is like a missing one: it restricts nothing. A rule with `from: []` lets everybody in, "
    "although it reads as if it let nobody in; nobody is let in by `ingress: []`.",
    fires=_API % "",
    silent=_API % "{podSelector: {matchLabels: {app: web}}}",
)

ABOUTS = (COVERED_ITEM, NOBODY, EMPTY_LIST)
