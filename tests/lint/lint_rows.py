"""Facts about the rules of lint: one row each, with the codes that the manifests get beside the shared inventory.

`E…` names an edge case of Calico, a page its issue or file (projectcalico/calico).
"""

from __future__ import annotations

from typing import NamedTuple

from lint.lint_worlds import ABOUT_RULES, IDLE, OF_EVERY_KIND

V3, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"


class Row(NamedTuple):
    """`want` are the codes of all findings, those of `select` alone if it is given; `says` is in the first message or mend.
    `reasons` are the rules that the first finding names as its reasons, if they are looked at."""

    fact: str
    manifests: str
    want: tuple[str, ...]
    says: str = ""
    select: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    version: str = "3.32"
    reasons: tuple[str, ...] = ()


def np(spec: str, name: str = "p", *, api: str = V3, also: str = "") -> str:
    """A NetworkPolicy of Calico in the namespace shop."""
    return f"apiVersion: {api}\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop{also}}}\nspec: {{{spec}}}\n---\n"


def gnp(spec: str, name: str = "p", *, api: str = V3, also: str = "") -> str:
    """A GlobalNetworkPolicy."""
    return f"apiVersion: {api}\nkind: GlobalNetworkPolicy\nmetadata: {{name: {name}{also}}}\nspec: {{{spec}}}\n---\n"


def knp(spec: str, name: str = "k", also: str = "") -> str:
    """A NetworkPolicy of Kubernetes in the namespace shop."""
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop{also}}}\n"
        f"spec: {{{spec}}}\n---\n"
    )


def other(kind: str, spec: str, name: str = "x", also: str = "") -> str:
    """Another object of Calico that is in no namespace."""
    return f"apiVersion: {V3}\nkind: {kind}\nmetadata: {{name: {name}{also}}}\nspec: {{{spec}}}\n---\n"


def rule(inside: str) -> str:
    """The spec of a policy for the API with one rule that lets in."""
    return f"selector: app == 'api', types: [Ingress], ingress: [{{action: Allow, {inside}}}]"


def out(inside: str) -> str:
    """The spec of a policy for the API with one rule that lets out."""
    return f"selector: app == 'api', types: [Egress], egress: [{{action: Allow, {inside}}}]"


WEB = "podSelector: {matchLabels: {app: web}}"
WEB_80 = f"{WEB}, ingress: [{{ports: [{{port: 80}}]}}]"
DENY_80 = "types: [Ingress], ingress: [{action: Deny, protocol: TCP, destination: {ports: [80]}}]"
ALL_IN = "selector: all(), types: [Ingress], ingress: [{action: %s}]"
WEB_IN = "selector: app == 'web', types: [Ingress], ingress: [{action: %s}]"
HOST = other(
    "HostEndpoint", "node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1]", "n1-eth0", ", labels: {role: node}"
)
ADMIN = (
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: a}\nspec:\n  tier: Admin\n"
    "  priority: 10\n  subject: {namespaces: {}}\n  ingress:\n  - {name: one, action: Pass, from: [{namespaces: {}}]}\n---\n"
)


def both(first: str, second: str) -> str:
    """A policy of Kubernetes for the pod web with two rules that let in."""
    return knp(f"{WEB}, ingress: [{{{first}}}, {{{second}}}]")


FROM_API = "from: [{podSelector: {matchLabels: {app: api}}}]"
FROM_SHOP = "from: [{podSelector: {}}]"
FROM_PROD = "from: [{namespaceSelector: {matchLabels: {env: prod}}}]"
DENY_THEN = (
    "selector: app == 'web', types: [Ingress], "
    "ingress: [{action: %s, protocol: TCP}, {action: %s, protocol: TCP%s}, {action: Allow, protocol: UDP}]"
)


def of_rules(fact: str, manifests: str, *want: str, says: str = "") -> Row:
    """A row for the rules about rules and their items."""
    return Row(fact, manifests, want, says, ABOUT_RULES)


def cnp(spec: str, name: str) -> str:
    """A CiliumNetworkPolicy of the API."""
    kind = f"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\n"
    return f"{kind}spec: {{endpointSelector: {{matchLabels: {{app: api}}}}, {spec}}}\n---\n"


def of_web(ports: str) -> str:
    """An element of Cilium about what comes from web."""
    return f"{{fromEndpoints: [{{matchLabels: {{app: web}}}}], toPorts: [{{ports: [{{{ports}, protocol: TCP}}]}}]}}"


_EIGHTY, _TLS, _PORTS = 'port: "80"', 'port: "443"', 'port: "%d", endPort: %d'

_CILIUM = ("--cni", "cilium")

ABOUT_ONE_RULE = [
    of_rules(
        "what it denies in part, and another rule allows in part",
        cnp(f"ingress: [{of_web(_PORTS % (70, 85))}, {of_web(_TLS)}]", "two")
        + cnp(f"ingress: [{of_web(_PORTS % (75, 100))}]", "wide")
        + cnp(f"ingressDeny: [{of_web(_PORTS % (60, 75))}]", "denies"),
        "NPL141",
        says="allow or deny without it",
    )._replace(options=_CILIUM),
    of_rules(
        "and not where a port is left over",
        cnp(f"ingress: [{of_web(_PORTS % (70, 101))}, {of_web(_TLS)}]", "two")
        + cnp(f"ingress: [{of_web(_PORTS % (75, 100))}]", "wide")
        + cnp(f"ingressDeny: [{of_web(_PORTS % (60, 75))}]", "denies"),
    )._replace(options=_CILIUM),
    of_rules(
        "what Cilium denies leaves an Allow nothing",
        cnp(f"ingress: [{of_web(_EIGHTY)}, {of_web(_TLS)}]", "allows")
        + cnp(f"ingressDeny: [{of_web(_EIGHTY)}]", "denies"),
        "NPL140",
        says="`Allow` never decides: CiliumNetworkPolicy shop/denies, ingressDeny[0] is asked before it, and denies",
    )._replace(options=_CILIUM),
    # NPL140 to NPL147: rules, and items of their lists, that do nothing
    of_rules(
        "a Deny before it swallows an Allow", np(DENY_THEN % ("Deny", "Allow", "")), "NPL140", says="`Allow` never"
    ),
    of_rules(
        "an Allow before it leaves a Deny nothing", np(DENY_THEN % ("Allow", "Deny", "")), "NPL140", says="`Deny` never"
    ),
    of_rules(
        "a Deny that takes away a part of an Allow is how one writes exceptions",
        np((DENY_THEN % ("Deny", "Allow", "")).replace("Deny, protocol: TCP", "Deny, source: {selector: app == 'db'}")),
    ),
    of_rules(
        "an Allow behind an Allow that is as wide", np(DENY_THEN % ("Allow", "Allow", "")), "NPL142", says="ingress[0]"
    ),
    of_rules(
        "a last Deny that says what the tier says anyway is no finding",
        np("selector: app == 'web', types: [Ingress], ingress: [{action: Allow, protocol: TCP}, {action: Deny}]"),
    ),
    Row(
        "what an earlier tier denies by a rule a later one cannot deny, though the earlier one has an Allow behind that rule",
        other("Tier", "order: 5", "first")
        + gnp(
            "tier: first, selector: app == 'web', types: [Ingress], ingress: [{action: Pass, source: {selector: app == 'api'}}, "
            "{action: Deny, protocol: TCP, destination: {ports: [8080]}}, {action: Allow}]",
            "first.some",
        )
        + np(
            "selector: app == 'web', types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {selector: app == 'api'}, "
            "destination: {ports: [8080]}}, {action: Deny, protocol: TCP, source: {selector: app == 'db'}, destination: {ports: [8080]}}]",
            "late",
        ),
        ("NPL140",),
        "lets none of these flows pass",
        ("NPL140",),
    ),
    of_rules(
        "a tier that denies the rest leaves nothing to a later one",
        other("Tier", "order: 5", "first")
        + np("tier: first, selector: app == 'web', types: [Ingress], ingress: []", "bare")
        + np(WEB_IN % "Allow", "late"),
        # the policy by itself changes nothing: NPL133 tells it
    ),
    of_rules(
        "a rule within another of its policy", both(FROM_API, FROM_SHOP), "NPL142", says="k, ingress[0] is covered"
    ),
    of_rules(
        "of two rules that say the same the later one is told",
        both(FROM_API, FROM_API),
        "NPL142",
        says="k, ingress[1] is",
    ),
    of_rules(
        "two rules with other ports", both(f"{FROM_API}, ports: [{{port: 80}}]", f"{FROM_API}, ports: [{{port: 81}}]")
    ),
    of_rules(
        "what hangs on the labels of namespaces holds here alone",
        both(FROM_API, FROM_PROD),
        "NPL141",
        says="that are to come",
    ),
    of_rules(
        "two rules may make up for one together",
        knp(
            f"{WEB}, ingress: [{{{FROM_API}, ports: [{{port: 80}}, {{port: 81}}]}}, {{{FROM_API}, ports: [{{port: 80}}]}}, "
            f"{{{FROM_SHOP}, ports: [{{port: 81}}]}}]"
        ),
        "NPL142",
        says="k, ingress[1] is covered by NetworkPolicy shop/k, ingress[0]",
    ),
    of_rules(
        "what the receiver does not let in need not be let out",
        knp(
            f"{WEB}, policyTypes: [Egress], egress: [{{to: [{{podSelector: {{matchLabels: {{app: db}}}}}}]}}, {{ports: [{{port: 53}}]}}]",
            "out",
        )
        + knp("podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]", "in"),
        "NPL143",
        says="NetworkPolicy shop/in isolates what it selects",
    ),
    of_rules(
        "a port twice",
        both("ports: [{port: 80}, {port: 80}]", "ports: [{port: 81}]"),
        "NPL145",
        says="`ports[1]` is covered",
    ),
    of_rules("a port of another protocol is another", both("ports: [{port: 80}, {port: 80, protocol: UDP}]", FROM_API)),
    of_rules(
        "a port in a range", both("ports: [{port: 81}, {port: 80, endPort: 90}]", FROM_API), "NPL145", says="`ports[0]`"
    ),
    of_rules(
        "a port in a range where `endPort` may not be read",
        both("ports: [{port: 81}, {port: 80, endPort: 90}]", FROM_API),
    )._replace(options=("--assume", "endport_supported=free")),
    of_rules(
        "a peer within another, and one that only seems to be",
        both(
            "from: [{podSelector: {}}, {podSelector: {matchLabels: {app: api}}}], ports: [{port: 1}]",
            f"{FROM_API}, ports: [{{port: 2}}]",
        ),
        "NPL145",
        says="`from[1]` is covered by `from[0]`",
    ),
    of_rules(
        "an exception within an exception",
        both("from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.1.2.0/24]}}]", FROM_API),
        "NPL145",
        says="`except` 10.1.2.0/24",
    ),
    of_rules(
        "a block within one of Calico",
        np(rule("source: {nets: [203.0.0.0/16, 203.0.113.0/24]}")),
        "NPL145",
        says="203.0.113.0/24 of `source.nets` is covered by 203.0.0.0/16",
    ),
    of_rules(
        "a port within a range of Calico",
        np(rule("protocol: TCP, destination: {ports: [80, '80:90', http]}")),
        "NPL145",
        says="80 of `destination.ports` is covered by 80:90",
    ),
    of_rules("two blocks beside each other", np(rule("source: {nets: [203.0.0.0/16, 203.1.0.0/16]}"))),
    of_rules(
        "a peer of another namespace without its selector",
        both("from: [{podSelector: {matchLabels: {app: monitor}}}]", FROM_API),
        "NPL146",
        says="add a `namespaceSelector`",
    ),
    of_rules(
        "a peer of namespaces that are not there",
        both("from: [{namespaceSelector: {matchLabels: {team: nobody}}}]", FROM_API),
        "NPL146",
        says="give the manifests of those pods too",
    ),
    of_rules(
        "an empty list of peers lets everybody in",
        both("from: [], ports: [{port: 80}]", FROM_API),
        "NPL147",
        says="every peer",
    ),
    of_rules(
        "and an empty list of ports", both(f"{FROM_API}, ports: []", "ports: [{port: 80}]"), "NPL147", says="every port"
    ),
    Row(
        "a namespace that is nearly the name of one with pods",
        knp("podSelector: {}").replace("namespace: shop", "namespace: shopp"),
        ("NPL132",),
        "did you mean `shop`?",
        OF_EVERY_KIND,
    ),
    Row(
        "a last Pass says no more than a tier that passes on anyway",
        other("Tier", "order: 5, defaultAction: Pass", "first")
        + np(
            "tier: first, selector: app == 'web', types: [Ingress], ingress: [{action: Deny, protocol: UDP}, {action: Pass}]"
        ),
        (),
        select=("NPL106",),
    ),
]

BARE_OUT = f"{WEB}, policyTypes: [Ingress, Egress], ingress: [{{ports: [{{port: 80}}]}}]"
OPEN_OUT = "podSelector: {}, policyTypes: [Egress], egress: [{}]"
DENY_OUT = "%s, policyTypes: [Egress]"
CALICO_BOTH = "selector: app == 'web', types: [Ingress, Egress], ingress: [{action: Allow, protocol: TCP}]"
IN = "podSelector: {matchExpressions: [{key: app, operator: %s, values: [api]}]}"


def idle(fact: str, manifests: str, says: str = "", *, times: int = 1, options: tuple[str, ...] = ()) -> Row:
    """A row for the rule about directions without rules."""
    return Row(fact, manifests, (IDLE,) * times if says else (), says, (IDLE,), options)


IDLE_DIRECTIONS = [
    # NPL144: a direction without rules that others isolate anyway
    idle("a default deny for egress isolates already", knp(BARE_OUT) + knp(DENY_OUT % "podSelector: {}", "deny"),
         "NetworkPolicy shop/deny isolates whatever it selects"),
    idle("a policy with egress rules does too", knp(BARE_OUT) + knp(OPEN_OUT, "out"),
         "NetworkPolicy shop/out isolates"),
    idle("alone it isolates", knp(BARE_OUT)),
    idle("beside a policy about ingress alone it isolates", knp(BARE_OUT) + knp("podSelector: {}, policyTypes: [Ingress]", "deny")),
    idle("the same pods of the input, but not all that are to come",
         knp(BARE_OUT) + knp(DENY_OUT % "podSelector: {matchExpressions: [{key: app, operator: In, values: [web]}, {key: tier, operator: DoesNotExist}]}", "deny")),
    idle("two others isolate together what neither does alone",
         knp(BARE_OUT.replace("matchLabels: {app: web}", "")) + knp(DENY_OUT % (IN % "In"), "api") + knp(DENY_OUT % (IN % "NotIn"), "rest"),
         "NetworkPolicy shop/api and NetworkPolicy shop/rest together isolate"),
    idle("a third that is not needed is not named",
         knp(BARE_OUT) + knp(DENY_OUT % WEB, "a") + knp(DENY_OUT % (IN % "NotIn"), "b") + knp(DENY_OUT % (IN % "In"), "c"),
         "effect: NetworkPolicy shop/b isolates"),
    idle("a default deny without any rule is there on purpose",
         knp("podSelector: {}, policyTypes: [Ingress, Egress]") + knp(OPEN_OUT, "out")),
    idle("a policy with rules for both directions", knp(f"{BARE_OUT}, egress: [{{ports: [{{port: 53}}]}}]") + knp(DENY_OUT % "podSelector: {}", "deny")),
    idle("a policy without `policyTypes` is about ingress as well",
         knp(f"{WEB}, egress: [{{ports: [{{port: 53}}]}}]") + knp("podSelector: {}, policyTypes: [Ingress]", "deny"),
         "has no ingress rule and is about ingress all the same"),
    idle("of two that make up for each other one is told", knp(BARE_OUT) + knp(BARE_OUT.replace("80", "81"), "l"), "NetworkPolicy shop/k has no egress"),
    idle("one that changes nothing at all is told as that", knp(BARE_OUT) + knp(BARE_OUT, "l")),
    idle("in the namespace of another it isolates nobody here",
         knp(BARE_OUT) + knp(DENY_OUT % "podSelector: {}", "deny").replace("namespace: shop", "namespace: ops")),
    idle("a policy that selects nobody is told as that",
         knp(BARE_OUT.replace("web", "wep")) + knp(DENY_OUT % "podSelector: {}", "deny")),
    idle("a policy of Calico beside one of Kubernetes", np(CALICO_BOTH) + knp(DENY_OUT % "podSelector: {}", "deny"),
         "NetworkPolicy shop/deny isolates"),
    idle("a tier that is asked before isolates by its own",
         other("Tier", "order: 5", "first") + np(f"tier: first, {CALICO_BOTH}") + knp(DENY_OUT % "podSelector: {}", "deny")),
    idle("in a tier that passes on nothing is isolated",
         other("Tier", "order: 5, defaultAction: Pass", "first") + np(f"tier: first, {CALICO_BOTH}")
         + np("tier: first, selector: all(), types: [Egress], egress: [{action: Deny, protocol: UDP}]", "q")),
]  # fmt: skip

CHANGES_NOTHING = [
    # NPL132 to NPL134: policies of every kind that change nothing
    Row(
        "a policy of Kubernetes whose label no pod has",
        knp("podSelector: {matchLabels: {app: wep}}"),
        ("NPL132",),
        "NetworkPolicy shop/k selects no endpoint",
        OF_EVERY_KIND,
    ),
    Row("and one of Calico", np("selector: app == 'wep', types: [Ingress]"), ("NPL132",), select=OF_EVERY_KIND),
    Row("a default deny is not redundant", knp("podSelector: {}"), (), select=OF_EVERY_KIND),
    Row(
        "a default deny whose pods other policies isolate is there for pods to come",
        knp(f"podSelector: {{matchLabels: {{app: api}}}}, ingress: [{{from: [{{{WEB}}}]}}]")
        + knp("podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web, db]}]}", "deny"),
        (),
        select=OF_EVERY_KIND,
    ),
    Row(
        "a second default deny is redundant",
        knp("podSelector: {}", "a") + knp("podSelector: {}", "b"),
        ("NPL133",),
        "NetworkPolicy shop/a changes nothing: NetworkPolicy shop/b isolates",
        OF_EVERY_KIND,
    ),
    Row(
        "two policies make up for one by halves of its block and by the name of its port; a third is not their kind",
        knp(f"{WEB}, ingress: [{{from: [{{ipBlock: {{cidr: 203.0.112.0/23}}}}], ports: [{{port: 8080}}]}}]", "a")
        + knp(f"{WEB}, ingress: [{{from: [{{ipBlock: {{cidr: 203.0.112.0/24}}}}], ports: [{{port: 8080}}]}}]", "b")
        + knp(f"{WEB}, ingress: [{{from: [{{ipBlock: {{cidr: 203.0.113.0/24}}}}], ports: [{{port: http}}]}}]", "c")
        + knp(f"{WEB}, ingress: [{{from: [{{ipBlock: {{cidr: 198.51.100.0/24}}}}], ports: [{{port: 8080}}]}}]", "d"),
        ("NPL133",),
        select=OF_EVERY_KIND,
        reasons=("NetworkPolicy shop/b, ingress[0]", "NetworkPolicy shop/c, ingress[0]"),
    ),
    Row(
        "of two policies that say the same one is told",
        knp(WEB_80, "a") + knp(WEB_80, "b"),
        ("NPL133",),
        "NetworkPolicy shop/a changes nothing: NetworkPolicy shop/b",
        OF_EVERY_KIND,
    ),
    Row(
        "of three policies that say the same two are told",
        knp(WEB_80, "a") + knp(WEB_80, "b") + knp(WEB_80, "c"),
        ("NPL133", "NPL133"),
        "NetworkPolicy shop/c isolates",
        OF_EVERY_KIND,
    ),
    Row(
        "two others may make up for a policy together, and one that is not needed for that is not named",
        knp(f"{WEB}, ingress: [{{ports: [{{port: 80}}, {{port: 81}}]}}]", "both")
        + knp(WEB_80, "k80")
        + knp(f"{WEB}, ingress: [{{ports: [{{port: 81}}]}}]", "k81")
        + knp(f"{WEB}, ingress: [{{ports: [{{port: 82}}]}}]", "k82"),
        ("NPL133",),
        "NetworkPolicy shop/k80 and NetworkPolicy shop/k81 isolate the same endpoints and allow as much",
        OF_EVERY_KIND,
    ),
    Row(
        "a port that the others leave out is enough",
        knp(f"{WEB}, ingress: [{{ports: [{{port: 80}}, {{port: 81}}]}}]", "both") + knp(WEB_80, "k80"),
        ("NPL133",),
        "NetworkPolicy shop/k80 changes nothing: NetworkPolicy shop/both",
        OF_EVERY_KIND,
    ),
    Row(
        "what the sender's own policy stops need not be allowed",
        knp(f"podSelector: {{matchLabels: {{app: api}}}}, ingress: [{{from: [{{{WEB}}}]}}]")
        + knp("podSelector: {}", "deny")
        + knp("podSelector: {}, policyTypes: [Egress]", "no-egress"),
        ("NPL133",),
        "NetworkPolicy shop/k changes nothing: without it every flow has the same verdict",
        OF_EVERY_KIND,
    ),
    Row(
        "an early policy that decides all leaves nothing to a later one",
        np("order: 1, selector: app == 'api', types: [Ingress], ingress: [{action: Allow}]", "a")
        + np(f"order: 2, selector: app == 'api', {DENY_80}", "b"),
        ("NPL133",),
        "NetworkPolicy shop/b changes nothing",
        OF_EVERY_KIND,
    ),
    Row(
        "in the other order both decide",
        np("order: 2, selector: app == 'api', types: [Ingress], ingress: [{action: Allow}]", "a")
        + np(f"order: 1, selector: app == 'api', {DENY_80}", "b"),
        (),
        select=OF_EVERY_KIND,
    ),
    Row(
        "a policy of Kubernetes whose peers are nobody still isolates",
        knp("podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {matchLabels: {app: wep}}}]}]"),
        ("NPL134",),
        "the rules of NetworkPolicy shop/k decide about no flow",
        OF_EVERY_KIND,
    ),
    Row(
        "a policy without rules has none that could decide",
        knp("podSelector: {matchLabels: {app: api}}"),
        (),
        select=OF_EVERY_KIND,
    ),
]

ORDER = [
    Row(
        "E21: a policy of Kubernetes has order 1000, so one of Calico with that order ties with it",
        knp(WEB_80, "a") + np(f"order: 1000, selector: app == 'web', {DENY_80}", "b"),
        ("NPL101",),
        "NetworkPolicy shop/b",
    ),
    Row(
        "E20: with another order it does not",
        knp(WEB_80, "a") + np(f"order: 999, selector: app == 'web', {DENY_80}", "b"),
        (),
    ),
    Row(
        "E22: with the same order the longer name comes first, and a version later than 3.31 changes the verdict",
        np(f"order: 10, {WEB_IN % 'Allow'}", "allow") + np(f"order: 10, {WEB_IN % 'Deny'}", "allow-dns"),
        ("NPL101",),
        "shop/allow-dns and NetworkPolicy shop/allow have the same order, 10,",
    ),
    Row(
        "E23: a global policy and one of a namespace tie too, though they have one name",
        gnp(f"order: 1, {WEB_IN % 'Deny'}", "p") + np(f"order: 1, {WEB_IN % 'Allow'}", "p"),
        ("NPL101",),
        "GlobalNetworkPolicy p and NetworkPolicy shop/p",
    ),
    Row(
        "E24: policies without order are equal",
        np(WEB_IN % "Deny", "b") + np(WEB_IN % "Allow", "a"),
        ("NPL101",),
        "have no order in the tier",
    ),
    Row(
        "a policy without order and one of 1000 are not equal",
        np(f"order: 1000, {WEB_IN % 'Deny'}", "b") + np(WEB_IN % "Allow", "a"),
        (),
    ),
    Row(
        "policies of one order in two tiers do not tie",
        other("Tier", "order: 5", "first")
        + np(f"tier: first, order: 10, {WEB_IN % 'Deny'}", "b")
        + np(f"order: 10, {WEB_IN % 'Allow'}", "a"),
        (),
    ),
    Row(
        "policies of one order that select different pods are not in conflict",
        np(f"order: 1, {WEB_IN % 'Deny'}", "b") + np(f"order: 1, {rule('{}').replace(', {}', '')}", "a"),
        (),
    ),
    Row(
        "policies that both only allow are not in conflict",
        np(f"order: 1, {WEB_IN % 'Allow'}", "b") + np(f"order: 1, {ALL_IN % 'Allow'}", "a"),
        (),
    ),
    Row(
        "where an earlier policy decides, the order of two later ones matters to no flow",
        np(f"order: 1, {WEB_IN % 'Allow'}", "early")
        + np(f"order: 10, {WEB_IN % 'Deny'}", "b")
        + np(f"order: 10, {WEB_IN % 'Allow'}", "a"),
        (),
    ),
    Row(
        "each pair of three policies of one order is told, if the first of them decides something",
        np(f"order: 10, {WEB_IN % 'Deny'}", "c")
        + np(f"order: 10, {WEB_IN % 'Allow'}", "b")
        + np(f"order: 10, {WEB_IN % 'Deny'}", "a"),
        ("NPL101",),
        "shop/a and NetworkPolicy shop/b",
    ),
    Row(
        "tiers without order are equal",
        other("Tier", "", "one")
        + other("Tier", "", "two")
        + np(f"tier: one, {WEB_IN % 'Deny'}", "x")
        + np(f"tier: two, {WEB_IN % 'Allow'}", "z"),
        ("NPL102",),
        "`one` and `two` have no order",
    ),
    Row(
        "E25: a tier that is not there",
        np(f"tier: ghost, {WEB_IN % 'Allow'}"),
        ("NPL103",),
        "`ghost`",
    ),
    Row(
        "a tier that is built in needs no manifest",
        gnp(f"tier: kube-baseline, {WEB_IN % 'Allow'}"),
        (),
    ),
    Row(
        "the tiers of another version are not there",
        gnp("tier: adminnetworkpolicy, selector: app == 'web', types: [Ingress], ingress: [{action: Allow}]", "p"),
        ("NPL103",),
    ),
    Row(
        "E8, E9: a tier with `defaultAction: Pass` leaves the rest to later tiers",
        other("Tier", "order: 5, defaultAction: Pass", "first")
        + np(f"tier: first, {DENY_80}, selector: app == 'web'", "x")
        + knp(f"{WEB}, ingress: [{{}}]"),
        (),
    ),
    Row(
        "a tier denies what a policy of Kubernetes allows",
        other("Tier", "order: 5", "first")
        + np(f"tier: first, {DENY_80}, selector: app == 'web'", "x")
        + knp(f"{WEB}, ingress: [{{}}]"),
        ("NPL104",),
        "`first`",
    ),
    Row(
        "a tier whose denials nobody would lift is a default deny like any other",
        other("Tier", "order: 5", "first") + np(f"tier: first, {DENY_80}, selector: app == 'web'", "x"),
        (),
    ),
    Row(
        "E7: what is passed on to a tier that decides is no finding",
        other("Tier", "order: 5", "first") + np(f"tier: first, {WEB_IN % 'Pass'}", "x") + np(WEB_IN % "Deny", "z"),
        (),
    ),
    Row("E6: a cluster-wide policy that passes on to nobody", ADMIN, ("NPL106",), "ClusterNetworkPolicy a, ingress[0]"),
    Row(
        "a rule that passes and that another one leaves nothing to is no finding",
        other("Tier", "order: 5", "first")
        + np("tier: first, selector: all(), types: [Ingress], ingress: [{action: Deny}, {action: Pass}]", "x"),
        (),
    ),
    Row(
        "E19: a later policy that allows everything undoes a default deny of Kubernetes",
        knp("podSelector: {}, policyTypes: [Ingress]") + gnp(ALL_IN % "Allow"),
        ("NPL107",),
        "without order",
    ),
    Row(
        "an earlier one makes an exception, which is what orders are for",
        knp("podSelector: {}, policyTypes: [Ingress]") + gnp(f"order: 1, {WEB_IN % 'Allow'}"),
        (),
    ),
    Row(
        "one that allows less is a rule like any other",
        knp("podSelector: {}, policyTypes: [Ingress]") + gnp(f"order: 2000, {rule('protocol: TCP')}"),
        (),
    ),
]

IN_FORCE = [
    Row("what the API refuses is not in force, and a policy is not undone by it",
        knp("podSelector: {}, policyTypes: [Ingress]") + gnp("selector: all(), types: [Ingress], ingress: [{action: Alow}]"),
        ("NPL110",), "unknown action `Alow`"),
    Row("E47: in the form that is stored too",
        gnp("selector: all(), types: [Ingress], ingress: [{action: Deny, source: {selector: \"a = 'b'\"}}]", api=STORED),
        ("NPL110",), "is not in force: `selector`, column 3"),
    Row("E73: and where nothing is checked",
        np(rule("destination: {ports: [80]}")), ("NPL110",), "need a protocol", options=("--assume", "calico_input=raw")),
    Row("every error of an object is told",
        gnp("types: [Ingres], ingress: [{action: Alow}]"), ("NPL110", "NPL110")),
    Row("a tier that is refused is not there",
        other("Tier", "order: first", "security") + gnp(f"tier: security, {WEB_IN % 'Allow'}"), ("NPL110", "NPL103")),
    Row("of two objects of one name the second is left out",
        np(WEB_IN % "Allow") + np(WEB_IN % "Deny"), ("NPL110",), "defined twice"),
    Row("a staged policy changes nothing", other("StagedGlobalNetworkPolicy", ALL_IN % "Deny"), ("NPL111",), "is staged"),
    Row("unless it is judged as if it were enforced",
        other("StagedGlobalNetworkPolicy", ALL_IN % "Deny"), (), options=("--assume", "staged=pending")),
    Row("a cluster-wide policy that the version does not know", ADMIN, ("NPL111",), "Calico 3.31", version="3.31"),
    Row("E27: rules of a direction that `types` leaves out",
        np("types: [Ingress], ingress: [{action: Allow}], egress: [{action: Deny}]"), ("NPL112",), "egress rules"),
    Row("E30: egress rules alone make a policy about egress", np("egress: [{action: Allow}]"), ("NPL113",), "leaves ingress open"),
    Row("E31: stored without `types`, it is about both",
        np("egress: [{action: Allow}]", api=STORED), ("NPL113",), "no ingress rule it lets no ingress through"),
    Row("E96: a policy before translation that selects pods has no effect",
        gnp("selector: app == 'web', preDNAT: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny}]"),
        ("NPL114",), "`preDNAT`"),
    Row("the same for an untracked policy",
        gnp("selector: app == 'web', doNotTrack: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny}]"),
        ("NPL114",), "`doNotTrack`"),
    Row("E46: a selector of namespaces that cannot be read is left out where nothing is checked",
        gnp("namespaceSelector: \"env = 'prod'\", selector: app == 'web', types: [Ingress]"),
        ("NPL115",), "selects more", options=("--assume", "calico_input=raw")),
    Row("and refused where something is",
        gnp("namespaceSelector: \"env = 'prod'\", selector: app == 'web', types: [Ingress]"), ("NPL110",)),
    Row("E83: `http` without Envoy", np(rule("protocol: TCP, http: {methods: [GET]}")), ("NPL116",), "every request"),
    Row("with Envoy it counts",
        np(rule("protocol: TCP, http: {methods: [GET]}")), (), options=("--assume", "l7=on")),
    Row("except at host endpoints",
        HOST + gnp("selector: has(role), types: [Ingress], ingress: [{action: Allow, protocol: TCP, http: {methods: [GET]}}]"),
        ("NPL116",), "at host endpoints", options=("--assume", "l7=on")),
]  # fmt: skip

MATCHES = [
    Row("E67: a range with a dash is a name",
        np(rule("protocol: TCP, destination: {ports: ['8080-8090']}")), ("NPL120",), '"8080:8090"'),
    Row("in `notPorts` too", np(rule("protocol: TCP, destination: {notPorts: ['1-2']}")), ("NPL120",)),
    Row("a name with a dash is none", np(rule("protocol: TCP, destination: {ports: [my-port]}")), ("NPL121",), "`my-port`"),
    Row("E69: a name of another protocol does not count",
        np(rule("protocol: UDP, destination: {ports: [http]}")), ("NPL121",), "for UDP"),
    Row("E72: without protocol any counts", np(rule("destination: {ports: [http]}")), ()),
    Row("a name that only pods declare which the policy does not select",
        np(rule("protocol: TCP, destination: {ports: [sql]}")), ("NPL121",), "that the policy selects"),
    Row("in egress the pods of the destination are asked",
        np(out("protocol: TCP, destination: {ports: [sql]}")), ()),
    Row("and those alone that its selector matches",
        np(out("protocol: TCP, destination: {ports: [sql], selector: app == 'web'}")), ("NPL121",), "`destination` matches"),
    Row("a host endpoint may name a port",
        other("HostEndpoint", "node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1], ports: [{name: ssh, protocol: TCP, port: 22}]",
              "n1", ", labels: {role: node}")
        + gnp("selector: has(role), types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [ssh]}}]"), ()),
    Row("E38: a selector of another namespace in a namespaced policy",
        np(rule("source: {selector: projectcalico.org/namespace == 'ops'}")), ("NPL122",), "in namespace `shop` alone"),
    Row("a label with two values", np(rule("source: {selector: app == 'a' && app == 'b'}")), ("NPL122",), "nothing can match"),
    Row("a label that is there and is not", np(rule("source: {selector: has(a), notSelector: has(a)}")), ("NPL122",)),
    Row("E42: an empty set", np(rule("source: {selector: 'a in {}'}")), ("NPL122",)),
    Row("what `pcns.projectcalico.org/name` and the namespace say must agree",
        gnp(rule("source: {selector: projectcalico.org/namespace == 'shop', namespaceSelector: projectcalico.org/name == 'ops'}")),
        ("NPL123",)),
    Row("a subject that contradicts itself",
        gnp("selector: \"a == 'b' && !has(a)\", types: [Ingress]"), ("NPL122",), "selector of GlobalNetworkPolicy p"),
    Row("E82: a Service without namespace in a namespaced policy",
        np(out("destination: {services: {name: db}}")), ("NPL122",), "without a namespace matches nothing"),
    Row("a Service that is not there",
        np(out("destination: {services: {name: dbb, namespace: shop}}")), ("NPL123",), "did you mean `db`?"),
    Row("E39: a label that namespaces do not have",
        np(rule("source: {namespaceSelector: projectcalico.org/namespace == 'ops'}")), ("NPL123",), "projectcalico.org/name"),
    Row("E55: `global()` without anything global",
        np(rule("source: {namespaceSelector: global(), selector: kind == 'ext'}")), ("NPL123",), "GlobalNetworkSet"),
    Row("E55: `global()` with a set", other("GlobalNetworkSet", "nets: [192.0.2.0/24]", "s", ", labels: {kind: ext}")
        + np(rule("source: {namespaceSelector: global(), selector: kind == 'ext'}")), ()),
    Row("a set without `global()` is not in the namespace of the policy",
        other("GlobalNetworkSet", "nets: [192.0.2.0/24]", "s", ", labels: {kind: ext}")
        + np(rule("source: {selector: kind == 'ext'}")), ("NPL123",), "in namespace `shop`"),
    Row("a host endpoint without addresses is no peer",
        other("HostEndpoint", "node: n1, interfaceName: eth0", "h", ", labels: {role: node}")
        + np(rule("source: {namespaceSelector: global(), selector: has(role)}")), ("NPL123",)),
    Row("E37: a pod of another namespace is no peer", np(rule("source: {selector: app == 'monitor'}")), ("NPL123",)),
    Row("with a selector of namespaces it is",
        np(rule("source: {selector: app == 'monitor', namespaceSelector: all()}")), ()),
    Row("the label of an account that no manifest tells may be any",
        np(rule("source: {serviceAccounts: {selector: team == 'core'}}")), ()),
    Row("the name of an account is known", np(rule("source: {serviceAccounts: {names: [robot]}}")), ("NPL123",)),
    Row("rules without effect in their direction are not asked about",
        np("types: [Egress], ingress: [{action: Allow, source: {selector: app == 'nobody'}}]"), ("NPL112",)),
    Row("E63: `notNets` of one version", gnp(out("destination: {notNets: [10.0.0.0/8]}")), ("NPL124",), "no IPv6 block"),
    Row("with that version said it is meant", gnp(out("ipVersion: 4, destination: {notNets: [10.0.0.0/8]}")), ()),
    Row("the name of ICMP says a version too", gnp(out("protocol: ICMP, destination: {notNets: [10.0.0.0/8]}")), ()),
    Row("`nets` of one version are about that version", gnp(out("destination: {nets: [10.0.0.0/8]}")), ()),
    Row("`nets` with all of one version seem to be about everything",
        gnp(out("destination: {nets: [0.0.0.0/0]}")), ("NPL124",), "no IPv6 block"),
    Row("blocks of both versions in one rule where nothing is checked",
        gnp(out("destination: {nets: [10.0.0.0/8], notNets: ['fd00::/8']}")), ("NPL124",), "stand in one rule",
        options=("--assume", "calico_input=raw")),
    Row("E36: a selector that excludes a namespace matches nodes",
        HOST + gnp(rule("source: {namespaceSelector: env != 'prod'}")), ("NPL125",), "HostEndpoint n1-eth0"),
    Row("without host endpoints and sets there is nothing to match", gnp(rule("source: {namespaceSelector: env != 'prod'}")), ()),
    Row("a GlobalNetworkSet is matched too",
        other("GlobalNetworkSet", "nets: [192.0.2.0/24]", "s") + gnp(rule("source: {namespaceSelector: '!has(env)'}")),
        ("NPL125",), "GlobalNetworkSet s"),
    Row("E35: `all()` is true of namespaces alone", HOST + gnp(rule("source: {namespaceSelector: all()}")), ()),
    Row("`global()` says that it means the others", HOST + gnp(rule("source: {namespaceSelector: global()}")), ()),
    Row("a selector of labels that a node does not have keeps it out",
        HOST + gnp(rule("source: {namespaceSelector: env != 'prod', selector: app == 'monitor'}")), ()),
    Row("E33: a lone `notSelector` in a namespaced policy", np(rule("source: {notSelector: app == 'web'}")), ("NPL126",)),
    Row("E32: in a global one it is about every address", gnp(rule("source: {notSelector: app == 'web'}")), ()),
    Row("beside a selector of namespaces it is no lone one",
        np(rule("source: {notSelector: app == 'web', namespaceSelector: all()}")), ()),
    Row("E81: the address of a Service", np(out("destination: {nets: [10.96.0.20/32]}")), ("NPL127",), "Service shop/db"),
    Row("in a larger block too", np(out("destination: {nets: [10.96.0.0/12]}")), ("NPL127",), "`10.96.0.0/12`"),
    Row("a block with pods in it is about those", np(out("destination: {nets: [10.0.0.0/8]}")), ()),
    Row("policy before translation sees it",
        HOST + gnp("selector: has(role), preDNAT: true, applyOnForward: true, types: [Ingress], "
                   "ingress: [{action: Deny, destination: {nets: [10.96.0.20/32]}}]"), ()),
    Row("issue 8948: the destination of an ingress rule is the policy's own pod",
        np(rule("destination: {selector: app == 'api'}")), ("NPL128",), "the receiver that the policy selects"),
    Row("its ports are what an ingress rule is about", np(rule("protocol: TCP, destination: {ports: [80]}")), ()),
    Row("E45: no selector, and nodes with host endpoints", HOST + gnp("types: [Ingress, Egress]"), ("NPL130",), "isolates the node n1"),
    Row("a selector that all pods pass does it too", HOST + gnp("selector: app != 'db', types: [Ingress]"), ("NPL130",)),
    Row("E44: `all()` beside a selector of namespaces means pods",
        HOST + gnp("selector: all(), namespaceSelector: env != 'dev', types: [Ingress]"), ()),
    Row("E44: without it nodes are selected",
        HOST + gnp("namespaceSelector: env != 'dev', types: [Ingress]"), ("NPL130",)),
    Row("a policy that names hosts means them", HOST + gnp("selector: has(role), types: [Ingress]"), ()),
    Row("`applyOnForward` says that hosts are meant", HOST + gnp("applyOnForward: true, types: [Ingress]"), ()),
    Row("E99: a profile that is not there",
        other("HostEndpoint", "node: n1, interfaceName: eth0, profiles: [gone]"), ("NPL131",), "`gone`"),
    Row("the profile of a namespace is made by Calico",
        other("HostEndpoint", "node: n1, interfaceName: eth0, profiles: [kns.shop]"), ()),
]  # fmt: skip

SEEDS = [
    Row("the article's federation: `global()` never means the pods of another cluster",
        gnp("selector: app == 'frontend', types: [Egress], egress: [{action: Allow, protocol: TCP, "
            "destination: {selector: app == 'api-gateway', namespaceSelector: global()}}]", "federated-service-access"),
        ("NPL123",), "never pods"),
    Row("the article's block of the internet is silent about IPv6",
        gnp("selector: environment == 'production', types: [Egress], egress: ["
            "{action: Allow, destination: {nets: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}, "
            "{action: Allow, protocol: UDP, destination: {ports: [53]}}, "
            "{action: Deny, destination: {notNets: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}]", "deny-egress-to-internet"),
        ("NPL124",), "egress[2]"),
    Row("the article's tier passes to a tier without policies",
        other("Tier", "order: 100", "security") + other("Tier", "order: 200", "platform")
        + gnp("tier: security, order: 10, selector: all(), types: [Ingress, Egress], "
              "ingress: [{action: Deny, source: {nets: [198.51.100.0/24]}}, {action: Pass}], "
              "egress: [{action: Deny, destination: {nets: [198.51.100.0/24]}}, {action: Pass}]", "security.block-known-threats"),
        ("NPL106", "NPL106"), "`security`"),
    Row("the same without `tier`, which the name does not replace",
        other("Tier", "order: 100", "security")
        + gnp("order: 10, selector: all(), types: [Ingress], "
              "ingress: [{action: Deny, source: {nets: [198.51.100.0/24]}}, {action: Allow}]", "security.block-known-threats"),
        ("NPL105",), "`tier: security`"),
]  # fmt: skip

ROWS = [*ORDER, *IN_FORCE, *MATCHES, *CHANGES_NOTHING, *IDLE_DIRECTIONS, *ABOUT_ONE_RULE, *SEEDS]
