"""Pods that may send to others and may not ask for their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from npverify.analyses.lint.findings import Finding
from npverify.analyses.lint.name_server import Asker, names_of
from npverify.analyses.lint.rule import Context, Rule
from npverify.dialects.lint import About, Reason
from npverify.ingest.source import Span
from npverify.inventory.model import Endpoint
from npverify.normal.policy import PolicyId

_NAMED = 3


def find_none(context: Context, about: About) -> Iterator[Finding]:
    """Each group of pods that reach something by rules and no name server by UDP; where a rule is about names, that is
    told of the rule."""
    for asker in _groups(context, about, lambda asker: not asker.answer.udp and not asker.by_name):
        but = ", though they may by tcp/53" if asker.answer.tcp else ""
        rest = f"and no rule lets them ask for names (udp/53){but}: what they may reach they do not find"
        yield _finding(context, about, asker, rest)


def find_udp_alone(context: Context, about: About) -> Iterator[Finding]:
    """Each group of pods that may ask by UDP and not by TCP."""
    for asker in _groups(context, about, lambda asker: asker.answer.udp and not asker.answer.tcp):
        yield _finding(
            context, about, asker, "and lets them ask for names by udp/53 alone: long answers come by tcp/53"
        )


def find_by_name(context: Context, about: About) -> Iterator[Finding]:
    """Each policy with a rule about a domain name for pods that cannot ask for it."""
    policies = _spans(context)
    told: set[PolicyId] = set()
    for asker in _asked(context, about):
        for policy, rule in asker.by_name if not asker.answer.udp else ():
            if policy in told:
                continue
            told.add(policy)
            name = names_of(rule)[0].partition(" ")[0]
            message = f"{policy}, {rule.label}, allows `{name}` by its name, and no rule lets {_workloads(asker.pods)} ask for it"
            because = (
                Reason(
                    "the plugin learns the addresses of a name from the answers of the name server, and there are none"
                ),
                *_isolating(asker, policies),
            )
            fix = _fix(context)
            yield Finding(about, policy, rule.span or policies.get(policy), message, fix, because)


def _asked(context: Context, about: About) -> Iterator[Asker]:
    with context.deciding(about, "whether pods may ask for names"):
        for asker in context.name_server.askers():
            context.go_on()
            yield asker


def _groups(context: Context, about: About, wanted: Callable[[Asker], bool]) -> Iterator[Asker]:
    """Those who are wanted, by namespace: together where one policy isolates all of them, else by their policies."""
    by_namespace: dict[str, list[Asker]] = {}
    for asker in _asked(context, about):
        if asker.answer.anything and wanted(asker):
            by_namespace.setdefault(asker.pods[0].namespace, []).append(asker)
    for askers in by_namespace.values():
        shared = frozenset.intersection(*(frozenset(asker.policies) for asker in askers))
        by_policies: dict[tuple[PolicyId, ...], list[Asker]] = {}
        for asker in askers:
            by_policies.setdefault(tuple(sorted(shared)) or asker.policies, []).append(asker)
        for policies, some in by_policies.items():
            pods = tuple(dict.fromkeys(pod for asker in some for pod in asker.pods))
            rules = tuple(dict.fromkeys(rule for asker in some for rule in asker.rules))
            yield Asker(pods, policies, rules, some[0].answer)


def _finding(context: Context, about: About, asker: Asker, rest: str) -> Finding:
    spans = _spans(context)
    first = asker.policies[0]
    message = f"{first} isolates {_workloads(asker.pods)} for egress, {rest}"
    because = [*_isolating(asker, spans)]
    letting = [policy for policy in dict.fromkeys(policy for policy, _ in asker.rules) if policy not in asker.policies]
    because += [Reason(f"{policy} lets some of them out", policy, spans.get(policy)) for policy in letting[:_NAMED]]
    if context.name_server.assumed:
        because.append(
            Reason("there is no name server in the input; pods with `k8s-app: kube-dns` in `kube-system` stand for it")
        )
    return Finding(about, first, spans.get(first), message, _fix(context), tuple(because), asker.policies[1:])


def _fix(context: Context) -> str:
    servers = context.name_server.servers
    where = servers[0].namespace if servers else "kube-system"
    return (
        "add an egress rule with `ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]` to the pods of the name server "
        f"in `{where}`, as a policy of its own for all pods that are isolated"
    )


def _isolating(asker: Asker, spans: Mapping[PolicyId, Span]) -> Iterator[Reason]:
    """The policies that select the pods, and whether they let them out; the first few."""
    letting = {policy for policy, _ in asker.rules}
    for policy in asker.policies[:_NAMED]:
        what = (
            "selects them for egress, and lets them out to something else"
            if policy in letting
            else "isolates them for egress"
        )
        yield Reason(f"{policy} {what}", policy, spans.get(policy))


def _spans(context: Context) -> Mapping[PolicyId, Span]:
    return context.world.defined


def _workloads(pods: Sequence[Endpoint]) -> str:
    names = list(dict.fromkeys(str(pod.workload or pod) for pod in pods))
    more = len(names) - _NAMED
    return f"{', '.join(names[:_NAMED])} and {more} more" if more > 0 else " and ".join(names)


_WEB = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: api}}}]
    ports: [{port: 8080}]
"""

_NAMES = """\
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
    ports: [%s]
"""

_UDP, _BOTH = "{port: 53, protocol: UDP}", "{port: 53, protocol: UDP}, {port: 53, protocol: TCP}"

_DOMAIN = """\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Allow
    protocol: TCP
    destination: {domains: [api.example.com], ports: [443]}
"""

_DOMAIN_NAMES = """\
  - action: Allow
    protocol: UDP
    destination: {namespaceSelector: projectcalico.org/name == 'kube-system', ports: [53]}
"""

_WHO = (
    "Name servers are the pods with the labels of CoreDNS, kube-dns, the cache of a node, or OpenShift's; input without any is "
    "judged as if there were one in `kube-system`. A rule for outside addresses counts if it is there for names: to port 53 "
    "alone, or to link-local addresses, where the cache of a node listens. `0.0.0.0/0` with exceptions for private ranges does not."
)

RULES = (
    Rule(
        About(
            "NPL162",
            "egress-without-dns",
            "warning",
            "Pods may reach something by egress rules, and may not ask for any name.",
            "A default deny without a rule for names is the usual way to an outage: every connection by name fails, and that is "
            f"nearly every one. The solver decides it over all policies of the pods. {_WHO} Pods that may reach nothing at all "
            "are cut off on purpose, and nothing is told of them.",
            fires=_WEB,
            silent=_WEB + _NAMES % _UDP,
            needs_pods=True,
        ),
        find_none,
    ),
    Rule(
        About(
            "NPL163",
            "dns-over-udp-alone",
            "info",
            "Pods may ask for names by UDP and not by TCP.",
            f"An answer that does not fit into a packet is asked for again by TCP (RFC 7766), and fails then. {_WHO}",
            fires=_WEB + _NAMES % _UDP,
            silent=_WEB + _NAMES % _BOTH,
            needs_pods=True,
        ),
        find_udp_alone,
    ),
    Rule(
        About(
            "NPL164",
            "domain-without-dns",
            "warning",
            "A rule allows a destination by its name, and the pods may not ask for it.",
            "The plugin learns which addresses a name stands for from the answers that the pods get, so without a rule for names "
            f"the rule matches nothing. {_WHO}",
            fires=_DOMAIN,
            silent=_DOMAIN + _DOMAIN_NAMES,
            needs_pods=True,
        ),
        find_by_name,
    ),
)
