"""What a policy says and the chosen plugin does not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.blocks import held_by
from npverify.dialects.manifest_lint.case import At, Case, LintRule
from npverify.dialects.plugins import Feature, Gap, gaps
from npverify.ingest.source import Span
from npverify.inventory.addresses import EVERYTHING
from npverify.normal.policy import Direction, PolicyId

_MENDS: Mapping[Feature, str] = {
    Feature.ANY: "choose the plugin of the cluster with --cni; for policies to count it needs one that enforces them",
    Feature.END_PORT: "list the ports one by one",
    Feature.NAMED_PORT: "write the number of the port",
    Feature.NAMED_PORT_ANYWHERE: "write the number of the port, or name the peers",
    Feature.EXCEPT: "list the blocks that are left instead of the exception",
    Feature.EXCEPT_IN_RULE: "make two rules of the blocks, or list the blocks that are left instead of the exception",
    Feature.EXCEPT_ANYWHERE: "list the blocks that are left instead of the exception",
    Feature.BLOCK_OF_PODS: "select the pods by their labels",
    Feature.MANY_PORTS: "join neighbours to ranges with `endPort`",
}
_ELSE = "say it in another way that the plugin knows, or choose another plugin"
_LIMIT = 24


def find(case: Case) -> Iterator[Suspicion]:
    """Each feature of each rule that the plugin does not have; of a plugin that enforces nothing, the first policy."""
    plugin = case.plugin
    for gap in gaps(plugin):
        if gap.feature is Feature.ANY:
            if case.policies:
                first = min(case.policies, key=lambda policy: policy.span)
                count = len(case.policies)
                told = "has no effect" if count == 1 else f"and {count - 1} more have no effect"
                yield _suspicion(first.id, first.span, f"{first.id} {told}: the plugin `{plugin}` {gap.effect}", gap)
            continue
        for at in case.rules:
            path = _USES[gap.feature](at)
            if path is not None:
                message = f"{at.name}: `{plugin}` does not do {gap.feature} as it is written: it {gap.effect}"
                yield _suspicion(at.policy.id, at.span(*path), message, gap)


def _suspicion(policy: PolicyId, span: Span, message: str, gap: Gap) -> Suspicion:
    return Suspicion(policy, span, message, _MENDS.get(gap.feature, _ELSE), (Reason(f"read in {gap.source}"),))


_Path = tuple[str | int, ...]


def _port(test: Callable[[int | str | None, int | None, str], bool], key: str) -> Callable[[At], _Path | None]:
    def path(at: At) -> _Path | None:
        found = (n for n, entry in enumerate(at.rule.ports) if test(entry.port, entry.end, entry.protocol))
        return next((("ports", n, key) for n in found), None)

    return path


def _named_anywhere(at: At) -> _Path | None:
    egress = at.direction is Direction.EGRESS and not at.rule.peers
    return _port(lambda port, _end, _protocol: isinstance(port, str), "port")(at) if egress else None


def _block(at: At) -> _Path | None:
    return next(((at.peers_key, n, "ipBlock") for n, p in enumerate(at.rule.peers) if p.block), None)


def _block_of_pods(at: At) -> _Path | None:
    peers = enumerate(at.rule.peers)
    found = (n for n, peer in peers if peer.block and held_by(at.case, peer.block, peer.excepts))
    return next(((at.peers_key, n, "ipBlock", "cidr") for n in found), None)


def _ipv6(at: At) -> _Path | None:
    found = (n for n, peer in enumerate(at.rule.peers) if peer.block and peer.block.family == 6)
    return next(((at.peers_key, n, "ipBlock", "cidr") for n in found), None)


def _every_ipv6(at: At) -> _Path | None:
    found = (n for n, peer in enumerate(at.rule.peers) if peer.block == EVERYTHING[6])
    return next(((at.peers_key, n, "ipBlock", "cidr") for n in found), None)


def _except(at: At) -> _Path | None:
    found = (n for n, peer in enumerate(at.rule.peers) if peer.excepts)
    return next(((at.peers_key, n, "ipBlock", "except") for n in found), None)


def _except_in_rule(at: At) -> _Path | None:
    return _except(at) if sum(peer.block is not None for peer in at.rule.peers) > 1 else None


def _except_anywhere(at: At) -> _Path | None:
    """Where another block of the direction in the namespace has addresses that an exception takes out."""
    others = [
        peer.block
        for each in at.case.rules
        if (each.policy.id.namespace, each.direction) == (at.policy.id.namespace, at.direction)
        for peer in each.rule.peers
        if peer.block is not None
    ]
    for n, peer in enumerate(at.rule.peers):
        rest = list(others)
        if peer.excepts and peer.block is not None:
            rest.remove(peer.block)
            if any(hole.overlaps(block) for hole in peer.excepts for block in rest):
                return (at.peers_key, n, "ipBlock", "except")
    return None


_USES: Mapping[Feature, Callable[[At], _Path | None]] = {
    Feature.EGRESS: lambda at: () if at.direction is Direction.EGRESS else None,
    Feature.END_PORT: _port(lambda _port, end, _protocol: end is not None, "endPort"),
    Feature.NAMED_PORT: _port(lambda port, _end, _protocol: isinstance(port, str), "port"),
    Feature.NAMED_PORT_ANYWHERE: _named_anywhere,
    Feature.SCTP: _port(lambda _port, _end, protocol: protocol == "SCTP", "protocol"),
    Feature.EXCEPT: _except,
    Feature.EXCEPT_IN_RULE: _except_in_rule,
    Feature.EXCEPT_ANYWHERE: _except_anywhere,
    Feature.BLOCK: _block,
    Feature.BLOCK_OF_PODS: _block_of_pods,
    Feature.IPV6: _ipv6,
    Feature.EVERY_IPV6: _every_ipv6,
    Feature.MANY_PORTS: lambda at: ("ports",) if len(at.rule.ports) > _LIMIT and _block(at) else None,
}
"""Where a rule uses a feature: the path of the field; None where it does not."""


_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: %s}]
"""

RULE = LintRule(
    About(
        "NPL176",
        "not-supported",
        "error",
        "A policy uses what the chosen plugin does not do, or does otherwise.",
        "The plugin is the one of `--cni`; the table is in docs/profiles.md, with the place where each fact was read. Where what "
        "the plugin does instead is known, the other rules and all other commands judge by that. Without `--cni` nothing is told.",
        fires=_POLICY % "sql",
        silent=_POLICY % "5432",
        options=("--cni", "weave"),
    ),
    find,
)
