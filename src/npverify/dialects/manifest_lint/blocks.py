"""Address blocks that hold pods, nodes or Services of the cluster: plugins differ in what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.case import At, Case, LintRule, listed
from npverify.ingest.source import Span
from npverify.inventory.addresses import Address, Prefix
from npverify.inventory.model import EndpointKind, Service

_WIDEST = {4: 8, 6: 16}
"""Blocks that are wider mean the outside as a whole: `0.0.0.0/0` with exceptions is what a rule about it looks like."""


class _Block(NamedTuple):
    """A block of a rule with its exceptions, and where it stands."""

    at: At
    number: int
    prefix: Prefix
    holes: tuple[Prefix, ...]

    def holds(self, address: Address) -> bool:
        """Whether an address is in the block and in none of its exceptions."""
        return self.prefix.contains(address) and not any(hole.contains(address) for hole in self.holes)


def _blocks(case: Case) -> Iterator[_Block]:
    for at in case.rules:
        for n, peer in enumerate(at.rule.peers):
            if peer.block is not None and peer.block.length >= _WIDEST[peer.block.family]:
                yield _Block(at, n, peer.block, peer.excepts)


_OF_PODS = Reason(
    "Calico, Antrea, kube-router, OVN-Kubernetes, AWS VPC CNI, Azure NPM and kube-network-policies compare the block with the "
    "addresses of pods; Cilium never does (cilium/cilium#9209)"
)
_OF_NODES = Reason(
    "Cilium does not compare blocks with the addresses of nodes either, unless `policy-cidr-match-mode` has `nodes`; the others do"
)
_OF_SERVICES = Reason(
    "most plugins judge a packet to a Service with the address of the pod that gets it; AWS VPC CNI judges it before "
    "(aws/amazon-network-policy-controller-k8s#210)"
)


def of_pods(case: Case) -> Iterator[Suspicion]:
    """Each block that holds addresses of pods or nodes, or of the range of pods."""
    for block in _blocks(case):
        pods, nodes = _held(case, block)
        ranges = [str(space) for space in case.inventory.pod_space if block.prefix.overlaps(space)]
        of_pods_is, of_nodes_is = (case.profile.fixed.get(f"ipblock_matches_{them}") for them in ("pods", "nodes"))
        if of_nodes_is == "literal":
            nodes = []  # the plugin is known to mean them, and nodes keep their addresses
        if not (pods or nodes or ranges):
            continue
        parts = []
        if pods:
            parts.append(f"of pods ({listed(pods)})")
        elif ranges:
            parts.append(f"of pods (range {listed(ranges)})")
        if nodes:
            parts.append(f"of nodes ({listed(nodes)})")
        because = [_OF_PODS] if pods or ranges else []
        because += [_OF_NODES] if nodes else []
        means = {
            None: "whether it means them hangs on the plugin",
            "literal": f"{case.profile.name} takes it for them, until they are made anew with other addresses",
            "never": f"{case.profile.name} never takes it for them",
        }[of_pods_is if pods or ranges else of_nodes_is]
        message = f"{block.at.name}: the block `{block.prefix}` holds addresses {' and '.join(parts)}; {means}"
        fix = "name pods by selectors; blocks are for addresses outside the cluster"
        yield Suspicion(block.at.policy.id, _span(block), message, fix, tuple(because))


def of_services(case: Case) -> Iterator[Suspicion]:
    """Each block of an egress rule that holds virtual addresses of Services and of nobody else in the cluster."""
    for block in _blocks(case):
        held = [s for s in case.inventory.services.values() if any(map(block.holds, s.vips))]
        if block.at.peers_key == "to" and held and not any(_held(case, block)):
            message = f"{block.at.name}: the block `{block.prefix}` holds the address of {_services(held)}; most plugins never see it"
            fix = "select the pods behind the Service, with their own port"
            yield Suspicion(block.at.policy.id, _span(block), message, fix, (_OF_SERVICES,))


def held_by(case: Case, prefix: Prefix, holes: tuple[Prefix, ...]) -> bool:
    """Whether a block that does not mean the outside as a whole holds the address of a pod, or part of their range."""
    if prefix.length < _WIDEST[prefix.family]:
        return False
    return bool(case.owners(EndpointKind.POD, prefix, holes)) or any(map(prefix.overlaps, case.inventory.pod_space))


def _held(case: Case, block: _Block) -> tuple[list[str], list[str]]:
    pods, nodes = (case.owners(k, block.prefix, block.holes) for k in (EndpointKind.POD, EndpointKind.NODE))
    return list(dict.fromkeys(str(e.workload or e) for e in pods)), [e.name for e in nodes]


def _services(held: list[Service]) -> str:
    return f"Service {held[0]}" if len(held) == 1 else f"Services {listed(map(str, held))}"


def _span(block: _Block) -> Span:
    return block.at.span(block.at.peers_key, block.number, "ipBlock", "cidr")


_TO = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{ipBlock: {cidr: %s}}]
"""

RULES = (
    LintRule(
        About(
            "NPL165",
            "block-holds-pods",
            "warning",
            "An address block holds addresses of pods or nodes, and plugins differ in whether it means them.",
            "The API says that blocks are for addresses outside the cluster and does not forbid others. What each plugin does is "
            "the switch `ipblock_matches_pods` (docs/switches.md). Pods get other addresses when they are made anew. It is told "
            "where addresses are known, or a range of them (`--pod-cidr`); blocks wider than /8 mean the outside.",
            fires=_TO % "10.244.0.13/32",
            silent=_TO % "10.243.0.13/32",
        ),
        of_pods,
    ),
    LintRule(
        About(
            "NPL166",
            "block-holds-services",
            "warning",
            "An address block holds the virtual address of a Service, which most plugins replace before they judge a packet.",
            "The packet has the address of a pod by then, so the rule allows nothing (projectcalico/calico#5129). Which plugin does "
            "otherwise is the switch `service_translation` (docs/switches.md). Of Calico's own policies NPL127 tells the same.",
            fires=_TO % "10.96.0.20/32",
            silent=_TO % "10.97.0.20/32",
        ),
        of_services,
    ),
)
