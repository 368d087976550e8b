"""Facts about the rules that look at manifests, at name servers and at default denies: one row each.

Pages cite kubernetes/website network-policies.md, the plugin or the issue; `CNI-nn` are rows of the survey of plugins.
"""

from __future__ import annotations

from lint.lint_rows import WEB, Row, gnp, knp, np, other

SPEC = ("--cni", "kubernetes")


def ask(
    code: str,
    fact: str,
    manifests: str,
    says: str = "",
    *,
    times: int = 1,
    options: tuple[str, ...] = SPEC,
) -> Row:
    """A row about one rule, which finds something if `says` is given."""
    return Row(fact, manifests, (code,) * times if says else (), says, (code,), options)


def pod(name: str, namespace: str = "shop", ports: str = "", also: str = "", spec: str = "") -> str:
    """A pod whose label `app` is its name."""
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}{also}}}}}\n"
        f"spec: {{{spec}containers: [{{name: c, image: i, ports: [{ports}]}}]}}\n---\n"
    )


def space(name: str, labels: str = "") -> str:
    """A namespace that is declared."""
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n---\n"


def service(name: str, app: str, ports: str, also: str = "") -> str:
    """A Service before the pods of a label."""
    return (
        f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n"
        f"spec: {{{also}selector: {{app: {app}}}, ports: [{ports}]}}\n---\n"
    )


def into(peers: str, ports: str = "", *, of: str = "api") -> str:
    """The spec of a policy that lets into the pods of a label."""
    what = "".join(f"{key}: [{value}], " for key, value in (("from", peers), ("ports", ports)) if value)
    return f"podSelector: {{matchLabels: {{app: {of}}}}}, policyTypes: [Ingress], ingress: [{{{what}}}]"


def out(peers: str, ports: str = "", more: str = "") -> str:
    """The spec of a policy that lets the pods `web` out."""
    what = "".join(f"{key}: [{value}], " for key, value in (("to", peers), ("ports", ports)) if value)
    return f"{WEB}, policyTypes: [Egress], egress: [{{{what}}}{more}]"


def block(cidr: str, holes: str = "") -> str:
    """A peer that is a block."""
    return f"{{ipBlock: {{cidr: {cidr}{f', except: [{holes}]' if holes else ''}}}}}"


DENY = "podSelector: {}, policyTypes: [%s]"
OPS = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: d, namespace: ops}\nspec: {podSelector: {}, policyTypes: [%s]}\n---\n"
API = "{podSelector: {matchLabels: {app: api}}}"
KUBE_SYSTEM = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}"
KUBE_DNS = KUBE_SYSTEM[:-1] + ", podSelector: {matchLabels: {k8s-app: kube-dns}}}"
UDP, TCP = "{port: 53, protocol: UDP}", "{port: 53, protocol: TCP}"
SERVER = pod("coredns", "kube-system", "{name: dns, containerPort: 53, protocol: UDP}", ", k8s-app: kube-dns")
ADMIN_DENY = (
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: base}\nspec:\n  tier: Baseline\n"
    "  priority: 10\n  subject: {namespaces: {matchLabels: {env: dev}}}\n"
    "  ingress:\n  - {name: one, action: %s, from: [{namespaces: {}}]}\n---\n"
)
HOST_POD = pod("agent", "ops", spec="hostNetwork: true, ")
CALICO: tuple[str, ...] = ()

SET = "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: s, labels: {role: partner}}\nspec: {nets: [192.0.2.0/24]}\n---\n"
ACCOUNT = (
    "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: shop, labels: {team: payments}}\n---\n"
)
OTHER_ACCOUNT = pod("own", spec="serviceAccountName: own, ")


def asked_of(selectors: str) -> str:
    """A rule of Calico with such a source."""
    return gnp(f"selector: app == 'api', types: [Ingress], ingress: [{{action: Allow, source: {{{selectors}}}}}]")


CALICO_TYPOS = [
    ask("NPL172", "the selector of a policy of Calico", gnp("selector: app == 'wep', types: [Ingress]"), "probably `app: web`", options=CALICO),
    ask("NPL172", "one that is right", gnp("selector: app == 'web', types: [Ingress]"), options=CALICO),
    ask("NPL172", "one that is far from all", gnp("selector: app == 'nginx', types: [Ingress]"), options=CALICO),
    ask("NPL172", "the key of a test", gnp("selector: has(appp), types: [Ingress]"), "`appp`", options=CALICO),
    ask("NPL172", "in one of several tests", gnp("selector: \"app == 'api' || (has(app) && app in {'webb', 'db'})\", types: [Ingress]"),
        "`app: webb`", options=CALICO),
    ask("NPL172", "a negated test excludes nothing", gnp("selector: app != 'wep', types: [Ingress]"), "excludes nothing", options=CALICO),
    ask("NPL172", "a part of a value may be anything", gnp("selector: app starts with 'wep', types: [Ingress]"), options=CALICO),
    ask("NPL172", "a selector of namespaces", gnp("namespaceSelector: env == 'prd', types: [Ingress]"), "no namespace has `env: prd`",
        options=CALICO),
    ask("NPL172", "the name of a namespace as Calico has it", asked_of("namespaceSelector: projectcalico.org/name == 'shpo'"),
        "`projectcalico.org/name: shop`", options=CALICO),
    ask("NPL172", "a source", asked_of("selector: app == 'wep'"), "ingress[0], source", options=CALICO),
    ask("NPL172", "what a source is not", asked_of("selector: all(), notSelector: app == 'wep'"), "excludes nothing", options=CALICO),
    ask("NPL172", "a network set has the label", SET + asked_of("selector: role == 'partner'"), options=CALICO),
    ask("NPL172", "a network set has nearly the label", SET + asked_of("selector: role == 'partnr'"), "network set", options=CALICO)._replace(says="GlobalNetworkSet s"),
    ask("NPL172", "a selector of accounts", ACCOUNT + asked_of("serviceAccounts: {selector: team == 'payment'}"),
        "no service account has `team: payment`", options=CALICO),
    ask("NPL172", "accounts that are not declared may have the label",
        OTHER_ACCOUNT + ACCOUNT + asked_of("serviceAccounts: {selector: team == 'payment'}"), options=CALICO),
    ask("NPL172", "the accounts that a policy selects", ACCOUNT + gnp("serviceAccountSelector: team == 'payment', types: [Ingress]"),
        "`team: payments`", options=CALICO),
    ask("NPL172", "labels that Calico sets are not compared", gnp("selector: projectcalico.org/orchestrator == 'k8', types: [Ingress]"),
        options=CALICO),
]  # fmt: skip

CILIUM = ("--cni", "cilium")


def cnp(spec: str, key: str = "spec") -> str:
    """A policy of Cilium in the namespace shop."""
    return f"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: c, namespace: shop}}\n{key}: {spec}\n---\n"


def from_endpoints(labels: str, section: str = "ingress", peers: str = "fromEndpoints") -> str:
    """The spec of a policy of Cilium with one peer of those labels."""
    return f"{{endpointSelector: {{}}, {section}: [{{{peers}: [{{matchLabels: {{{labels}}}}}]}}]}}"


CILIUM_TYPOS = [
    ask("NPL172", "an `endpointSelector`", cnp("{endpointSelector: {matchLabels: {app: wep}}, ingress: [{}]}"), "endpointSelector: no pod has `app: wep`", options=CILIUM),
    ask("NPL172", "one that is right", cnp("{endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}"), options=CILIUM),
    ask("NPL172", "a peer of Cilium", cnp(from_endpoints("k8s:app: wep")), "ingress[0].fromEndpoints[0]", options=CILIUM),
    ask("NPL172", "a peer that is denied", cnp(from_endpoints("app: wep", "egressDeny", "toEndpoints")), "egressDeny[0].toEndpoints[0]", options=CILIUM),
    ask("NPL172", "one of several specs", cnp(f"[{from_endpoints('app: web')}, {from_endpoints('app: wep')}]", "specs"), "specs[1].ingress", options=CILIUM),
    ask("NPL172", "the namespace of a peer", cnp(from_endpoints("k8s:io.kubernetes.pod.namespace: shpo")), "no namespace has", options=CILIUM),
    ask("NPL172", "a label of the namespace of a peer", cnp(from_endpoints("io.cilium.k8s.namespace.labels.env: prd")), "no namespace has `env: prd`", options=CILIUM),
    ask("NPL172", "a label that Cilium sets", cnp(from_endpoints("io.cilium.k8s.policy.serviceaccount: defualt")), options=CILIUM),
    ask("NPL172", "an expression of Cilium", cnp("{endpointSelector: {matchExpressions: [{key: app, operator: NotIn, values: [wep]}]}, ingress: [{}]}"), "excludes nothing", options=CILIUM),
]  # fmt: skip

DEFAULT_DENY = [
    ask("NPL160", "a default deny of one namespace leaves the other open", knp(DENY % "Ingress"),
        "namespace ops has no default deny for ingress: ops/monitor is open"),
    ask("NPL160", "a default deny of each leaves none open", knp(DENY % "Ingress") + OPS % "Ingress"),
    ask("NPL160", "without any policy a warning says so, and no finding", pod("old")),
    ask("NPL160", "who polices egress alone knows that ingress is open", knp(DENY % "Egress") + OPS % "Egress"),
    ask("NPL160", "a policy for some pods leaves the others open, and the message counts both",
        knp(WEB) + OPS % "Ingress", "shop/web is isolated"),
    ask("NPL160", "policies that isolate each pod are as good as one for all",
        knp(WEB, "a") + knp(WEB.replace("web", "api"), "b") + knp(WEB.replace("web", "db"), "c") + OPS % "Ingress"),
    ask("NPL160", "a policy about egress isolates nobody for ingress", knp(DENY % "Ingress") + OPS % "Egress", "ops"),
    ask("NPL161", "and one about ingress nobody for egress", knp(DENY % "Egress") + OPS % "Ingress", "for egress"),
    ask("NPL161", "both directions are told apart", knp(DENY % "Egress") + OPS % "Egress"),
    ask("NPL160", "a policy that allows everything isolates all the same: somebody decided it",
        knp(DENY % "Ingress") + OPS % "Ingress" + OPS.replace("name: d", "name: e") % "Ingress], ingress: [{}"),
    ask("NPL160", "the namespaces of the cluster are left out", knp(DENY % "Ingress") + OPS % "Ingress" + SERVER),
    ask("NPL160", "pods on the host network are not isolated by any policy",
        knp(DENY % "Ingress") + OPS % "Ingress" + HOST_POD + space("infra") + HOST_POD.replace("ops", "infra")),
    ask("NPL160", "a Deny of Calico for everybody is a default deny",
        gnp("selector: all(), types: [Ingress], ingress: [{action: Deny}]"), options=CALICO),
    ask("NPL160", "a Deny of Calico for one block is none; that it selects all pods isolates them in its tier",
        gnp("selector: all(), types: [Ingress], ingress: [{action: Deny, source: {nets: [198.51.100.0/24]}}]"),
        options=CALICO),
    ask("NPL160", "where its last rule passes on, they are open",
        np("order: 1, types: [Ingress], ingress: [{action: Deny}]")
        + gnp("order: 2, selector: all(), types: [Ingress], ingress: [{action: Deny, source: {nets: [198.51.100.0/24]}}, {action: Pass}]"),
        "ops", options=CALICO),
    ask("NPL160", "a baseline policy that denies is a default deny", knp(DENY % "Ingress") + ADMIN_DENY % "Deny", options=CALICO),
    ask("NPL160", "one that passes on is none", knp(DENY % "Ingress") + ADMIN_DENY % "Pass", "ops", options=CALICO),
]  # fmt: skip

NAMES = [
    ask("NPL162", "the story: a default deny, a rule to another pod, none for names",
        knp(DENY % "Egress", "deny") + knp(out(API), "web"), "NetworkPolicy shop/deny isolates shop/web for egress"),
    ask("NPL162", "pods that may reach nothing are cut off on purpose", knp(DENY % "Egress")),
    ask("NPL162", "pods that are not isolated ask freely", knp(into(API))),
    ask("NPL162", "a rule to the name server by its labels", knp(out(KUBE_DNS, UDP))),
    ask("NPL162", "a rule to its namespace", knp(out(API, "", f", {{to: [{KUBE_SYSTEM}], ports: [{UDP}]}}"))),
    ask("NPL162", "a rule for the port to everybody", knp(out(API, "", f", {{ports: [{UDP}]}}"))),
    ask("NPL162", "a rule for all ports to every namespace", knp(out("{namespaceSelector: {}}"))),
    ask("NPL162", "a rule to every namespace for another port", knp(out("{namespaceSelector: {}}", "{port: 443}")), "udp/53"),
    ask("NPL162", "every pod of the own namespace is no name server", knp(out("{podSelector: {}}")), "shop/web"),
    ask("NPL162", "TCP alone does not do", knp(out(KUBE_DNS, TCP)), "though they may by tcp/53"),
    ask("NPL162", "the internet without private ranges is no name server",
        knp(out(block("0.0.0.0/0", "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10"))), "shop/web"),
    ask("NPL162", "an own name server outside is one", knp(out(block("8.8.8.8/32"), UDP, f", {{to: [{API}]}}"))),
    ask("NPL162", "the cache of the node listens on a link-local address",
        knp(out(block("169.254.20.10/32"), "", f", {{to: [{API}]}}"))),
    ask("NPL162", "a server of the input is the one that counts", SERVER + knp(out(API)), "shop/web"),
    ask("NPL162", "and may be anywhere",
        pod("names", "ops", "{name: dns, containerPort: 53, protocol: UDP}", ", k8s-app: coredns")
        + knp(out(API, "", f", {{to: [{{namespaceSelector: {{matchLabels: {{env: dev}}}}}}], ports: [{UDP}]}}"))),
    ask("NPL162", "a server that listens on another number is not reached by 53",
        pod("names", "ops", "{name: dns, containerPort: 8053, protocol: UDP}", ", k8s-app: kube-dns")
        + knp(out(API, "", f", {{ports: [{UDP}]}}")), "shop/web"),
    ask("NPL162", "the server itself is not asked of",
        SERVER + "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: d, namespace: kube-system}\n"
        "spec: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 1.1.1.1/32}}], ports: [{port: 853}]}]}\n"),
    ask("NPL162", "one finding for a default deny, however many policies let out",
        knp(DENY % "Egress", "deny") + knp(out(API), "w") + knp(out(API).replace("app: web", "app: db"), "x"), "shop/db and shop/web"),
    ask("NPL162", "one for each policy where none is shared",
        knp(out(API), "w") + knp(out(API).replace("app: web", "app: db"), "x"), "shop", times=2),
    ask("NPL162", "of Calico's policies as well",
        np("selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {selector: app == 'api'}}]"),
        "NetworkPolicy shop/p", options=CALICO),
    ask("NPL162", "an early Deny of the port is as good as no rule",
        gnp("order: 1, selector: all(), types: [Egress], egress: [{action: Deny, protocol: UDP, destination: {ports: [53]}}]", "no-dns")
        + np("selector: app == 'web', types: [Egress], egress: [{action: Allow}]"), "no-dns", options=CALICO),
    ask("NPL162", "who may send to itself alone reaches nobody", knp(out("{podSelector: {matchLabels: {app: web}}}"))),
    ask("NPL162", "a rule that denies names lets nobody ask",
        gnp("order: 1, selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {nets: [8.8.0.0/16]}}]", "a")
        + gnp("order: 2, selector: app == 'web', types: [Egress], egress: "
              "[{action: Deny, protocol: UDP, destination: {nets: [8.8.8.8/32], ports: [53]}}]", "b"), "shop/web", options=CALICO),
    ask("NPL163", "UDP alone is told by itself", knp(out(KUBE_DNS, UDP)), "udp/53 alone"),
    ask("NPL163", "both protocols are right", knp(out(KUBE_DNS, f"{UDP}, {TCP}"))),
    ask("NPL163", "neither is NPL162", knp(out(API))),
    ask("NPL164", "a domain without a rule for names",
        np("selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {domains: [a.example.com]}}]"),
        "`a.example.com`", options=CALICO),
    ask("NPL162", "is told of the rule alone",
        np("selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {domains: [a.example.com]}}]"),
        options=CALICO),
    ask("NPL164", "a domain beside a rule for names",
        np("selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {domains: [a.example.com]}}, "
           "{action: Allow, protocol: UDP, destination: {ports: [53]}}]"), options=CALICO),
    ask("NPL162", "an object that the API refuses is not in force, and keeps no answer back",
        np("selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {selector: app == 'api'}}]")
        + np("types: [Egres]", "wrong"), "NetworkPolicy shop/p", options=CALICO),
    ask("NPL164", "the names of a set are such a rule too",
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: s, labels: {what: partner}}\n"
        "spec: {allowedEgressDomains: [b.example.com]}\n---\n"
        + gnp("selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {selector: what == 'partner'}}]"),
        "`b.example.com`", options=CALICO),
]  # fmt: skip

METADATA = [
    ask("NPL167", "the whole internet holds it", knp(out(block("0.0.0.0/0"))), "lets shop/web reach"),
    ask("NPL167", "with an exception it does not", knp(out(block("0.0.0.0/0", "169.254.0.0/16")))),
    ask("NPL167", "a rule for another port does not reach it", knp(out(block("0.0.0.0/0"), "{port: 443}"))),
    ask("NPL167", "a rule about it alone means it", knp(out(block("169.254.169.254/32"), "{port: 80}"))),
    ask("NPL167", "a block that does not hold it", knp(out(block("10.0.0.0/8")))),
    ask("NPL167", "a rule without peers is NPL161's", knp(out("", "{port: 80}"))),
    ask("NPL167", "an ingress rule is about others", knp(into(block("0.0.0.0/0")))),
    ask("NPL167", "an early Deny stops it",
        gnp("order: 1, selector: all(), types: [Egress], egress: [{action: Deny, destination: {nets: [169.254.169.254/32]}}]", "stop")
        + np("selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {nets: [0.0.0.0/0]}}]"), options=CALICO),
    ask("NPL167", "a later one does not",
        gnp("order: 9, selector: all(), types: [Egress], egress: [{action: Deny, destination: {nets: [169.254.169.254/32]}}]", "stop")
        + np("order: 1, selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {nets: [0.0.0.0/0]}}]"),
        "NetworkPolicy shop/p, egress[0]", options=CALICO),
]  # fmt: skip

BLOCKS = [
    ask("NPL165", "CNI-02: the address of a pod", knp(out(block("10.244.0.12/32"))), "of pods (shop/api); whether it means them"),
    ask("NPL165", "and of a node", knp(into(block("192.168.0.0/24"))), "of nodes (n1)"),
    ask("NPL165", "an exception takes it out", knp(out(block("10.244.0.0/16", "10.244.0.0/24")))),
    ask("NPL165", "an exception for one of four leaves three", knp(out(block("10.244.0.0/24", "10.244.0.12/32"))), "shop/db"),
    ask("NPL165", "the outside as a whole is meant as such", knp(out(block("0.0.0.0/0")))),
    ask("NPL165", "IPv6 too", knp(out(block("fd00::/64"))), "of pods"),
    ask("NPL165", "Calico takes a block for pods, whose addresses change", knp(out(block("10.244.0.12/32"))),
        "calico takes it for them", options=CALICO),
    ask("NPL165", "and for nodes, whose addresses stay", knp(into(block("192.168.0.0/24"))), options=CALICO),
    ask("NPL165", "Cilium takes it for neither", knp(into(block("192.168.0.0/24"))), "cilium never takes it",
        options=("--cni", "cilium")),
    ask("NPL166", "the address of a Service", knp(out(block("10.96.0.20/32"))), "Service shop/db"),
    ask("NPL166", "an ingress rule is about senders, and no Service sends", knp(into(block("10.96.0.20/32")))),
    ask("NPL166", "beside pods NPL165 tells", knp(out(block("10.0.0.0/8")))),
    ask("NPL165", "which it does here", knp(out(block("10.0.0.0/8"))), "of pods"),
]  # fmt: skip

PORTS = [
    ask("NPL121", "a name that no selected pod declares", knp(into(API, "{port: postgres}")), "`postgres` for TCP"),
    ask("NPL121", "one that they declare", knp(into(API, "{port: http}"))),
    ask("NPL121", "by another protocol", knp(into(API, "{port: http, protocol: UDP}")), "`http` for UDP"),
    ask("NPL121", "in an egress rule those of the peers count", knp(out(API, "{port: http}"))),
    ask("NPL121", "and not those of the selected pods",
        knp(out("{podSelector: {matchLabels: {app: db}}}", "{port: http}")), "`http`"),
    ask("NPL121", "a policy that selects nobody is another finding", knp(into(API, "{port: postgres}", of="gone"))),
    ask("NPL121", "beside Calico's own policies", knp(into(API, "{port: postgres}")), "`postgres`", options=CALICO),
    ask("NPL121", "each name is told", knp(into(API, "{port: one}, {port: two}")), "`one`", times=2),
    ask("NPL121", "a rule about blocks alone has no pods: that is NPL168", knp(out(block("10.244.0.12/32"), "{port: https}"))),
    ask("NPL168", "a name for a block", knp(out(block("203.0.113.0/24"), "{port: https}")), "matches nothing outside"),
    ask("NPL168", "a number for a block", knp(out(block("203.0.113.0/24"), "{port: 443}"))),
    ask("NPL168", "a name beside a number", knp(out(block("203.0.113.0/24"), "{port: 443}, {port: https}")), "says nothing"),
    ask("NPL168", "in an ingress rule the name is that of the selected pod", knp(into(block("203.0.113.0/24"), "{port: http}"))),
    ask("NPL169", "CNI-08: one name, two numbers",
        pod("old", ports="{name: http, containerPort: 80}") + knp(into("", "{port: http}").replace("{matchLabels: {app: api}}", "{}")),
        "is 80 and 8080"),
    ask("NPL169", "one name, one number", knp(into("", "{port: http}").replace("{matchLabels: {app: api}}", "{}"))),
    ask("NPL169", "by the protocol of the entry",
        pod("old", ports="{name: http, containerPort: 80, protocol: UDP}")
        + knp(into("", "{port: http}").replace("{matchLabels: {app: api}}", "{}"))),
    ask("NPL170", "a number that nobody declares", knp(into(API, "{port: 9999}")), "declare tcp/8080"),
    ask("NPL170", "a pod that declares nothing may listen anywhere",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: d, namespace: ops}\n"
        "spec: {podSelector: {}, ingress: [{ports: [{port: 9999}]}]}\n---\n"),
    ask("NPL170", "a range is not looked at", knp(into(API, "{port: 9000, endPort: 9999}"))),
    ask("NPL170", "by the protocol", knp(into(API, "{port: 8080, protocol: UDP}")), "port 8080 for UDP"),
    ask("NPL170", "the port of a Service is NPL171", service("s", "api", "{port: 80, targetPort: 8080}") + knp(into(API, "{port: 80}"))),
    ask("NPL171", "as here", service("s", "api", "{port: 80, targetPort: 8080}") + knp(into(API, "{port: 80}")), "write 8080"),
    ask("NPL171", "by a name that the pod resolves", service("s", "api", "{port: 80, targetPort: http}") + knp(into(API, "{port: 80}")),
        "write 8080"),
    ask("NPL171", "in an egress rule too", service("s", "api", "{port: 80, targetPort: 8080}") + knp(out(API, "{port: 80}")), "egress[0]"),
    ask("NPL171", "a Service that keeps the number", service("s", "api", "{port: 8080}") + knp(into(API, "{port: 8080}"))),
    ask("NPL171", "a pod that listens on both",
        pod("both", ports="{containerPort: 80}, {containerPort: 8080}") + service("s", "both", "{port: 80, targetPort: 8080}")
        + knp(into(API, "{port: 80}", of="both"))),
    ask("NPL171", "another Service that keeps it",
        service("s", "api", "{port: 80, targetPort: 8080}") + service("t", "api", "{port: 80}") + knp(into(API, "{port: 80}"))),
    ask("NPL171", "a Service of other pods", service("s", "db", "{port: 80, targetPort: 5432}") + knp(into(API, "{port: 80}"))),
    ask("NPL171", "a Service of another protocol",
        service("s", "api", "{port: 80, targetPort: 8080, protocol: UDP}") + knp(into(API, "{port: 80}"))),
]  # fmt: skip

LABELS = [
    ask("NPL172", "two letters are too few to tell", knp(into("{podSelector: {matchLabels: {app: ap}}}"))),
    ask("NPL172", "names of three letters at least", knp("podSelector: {matchLabels: {app: wep}}"), "`app: web` is meant"),
    ask("NPL172", "a letter too many", knp("podSelector: {matchLabels: {app: webb}}"), "`app: web`"),
    ask("NPL172", "two letters in each other's place", knp("podSelector: {matchLabels: {app: wbe}}"), "`app: web`"),
    ask("NPL172", "another case", knp("podSelector: {matchLabels: {app: Web}}"), "`app: web`"),
    ask("NPL172", "two slips are no slip", knp("podSelector: {matchLabels: {app: wepp}}")),
    ask("NPL172", "digits tell names apart", pod("db1") + knp("podSelector: {matchLabels: {app: db2}}")),
    ask("NPL172", "a name that somebody has is right", pod("wep") + knp("podSelector: {matchLabels: {app: wep}}")),
    ask("NPL172", "a key of two letters", knp("podSelector: {matchLabels: {ap: web}}")),
    ask("NPL172", "a key of three letters with a value that fits", knp("podSelector: {matchLabels: {aap: web}}"), "`app: web`"),
    ask("NPL172", "or that does not", knp("podSelector: {matchLabels: {aap: nginx}}")),
    ask("NPL172", "a key that must exist", knp("podSelector: {matchExpressions: [{key: appp, operator: Exists}]}"), "`app`"),
    ask("NPL172", "one of several values",
        knp("podSelector: {matchExpressions: [{key: app, operator: In, values: [api, webb]}]}"), "`app: webb`"),
    ask("NPL172", "what is excluded", knp("podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [webb]}]}"),
        "it excludes nothing"),
    ask("NPL172", "a value that is known at run time only may be this one",
        pod("hashed", also=", pod-template-hash: abcd")
        + "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: shop}\nspec: {selector: {matchLabels: {app: d}}, "
        "template: {metadata: {labels: {app: d}}, spec: {containers: [{name: c, image: i}]}}}\n---\n"
        + knp("podSelector: {matchLabels: {pod-template-hash: abce}}")),
    ask("NPL172", "the label of a namespace",
        knp(into("{namespaceSelector: {matchLabels: {env: prd}}}")), "`env: prod`"),
    ask("NPL172", "the name of a namespace",
        knp(into("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: opss}}}")), "metadata.name: ops`"),
    ask("NPL172", "labels of a namespace that is not declared are not known",
        pod("x", "elsewhere") + knp(into("{namespaceSelector: {matchLabels: {env: prd}}}"))),
    ask("NPL172", "a pod's label is no namespace's", knp(into("{namespaceSelector: {matchLabels: {env: webb}}}"))),
    ask("NPL173", "a namespace that is declared without the label",
        knp(into("{namespaceSelector: {matchLabels: {name: ops}}}")), "write `kubernetes.io/metadata.name: ops`"),
    ask("NPL173", "with it", space("team", "name: team") + knp(into("{namespaceSelector: {matchLabels: {name: team}}}"))),
    ask("NPL173", "another one has it",
        space("team", "name: ops") + knp(into("{namespaceSelector: {matchLabels: {name: ops}}}"))),
    ask("NPL173", "one that every cluster has", knp(into("{namespaceSelector: {matchLabels: {name: kube-system}}}")), "`kube-system`"),
    ask("NPL173", "one of which nothing is known", knp(into("{namespaceSelector: {matchLabels: {name: ingress-nginx}}}"))),
    ask("NPL173", "the label of a pod may be called so", knp(into("{podSelector: {matchLabels: {name: ops}}}"))),
    ask("NPL174", "a namespace that nothing else is in",
        knp(into(API)).replace("namespace: shop", "namespace: shpo"), "did you mean `shop`?"),
    ask("NPL174", "one whose name is like none",
        knp(into(API)).replace("namespace: shop", "namespace: billing"), "no namespace `billing`"),
    ask("NPL174", "one that a pod is in", pod("x", "billing") + knp(into(API)).replace("namespace: shop", "namespace: billing")),
    ask("NPL174", "one that every cluster has", knp(into(API)).replace("namespace: shop", "namespace: default")),
]  # fmt: skip

OPS_NS, MONITOR = "{namespaceSelector: {matchLabels: {env: dev}}}", "{podSelector: {matchLabels: {app: monitor}}}"
BATCH = pod("batch", "ops")

SIDE_BY_SIDE = [
    ask("NPL175", "two items where one was meant", BATCH + knp(into(f"{OPS_NS}, {MONITOR}")), "both match ops/monitor"),
    ask("NPL175", "in the other order", BATCH + knp(into(f"{MONITOR}, {OPS_NS}")), "ops/batch too"),
    ask("NPL175", "one item", BATCH + knp(into(f"{OPS_NS[:-1]}, {MONITOR[1:]}"))),
    ask("NPL175", "in this inventory it makes no difference", knp(into(f"{OPS_NS}, {MONITOR}"))),
    ask("NPL175", "who has the label is in the own namespace alone: both items say what they mean",
        BATCH + knp(into(f"{OPS_NS}, {{podSelector: {{matchLabels: {{app: web}}}}}}"))),
    ask("NPL175", "of the own namespace both items are about the same pods",
        knp(into("{namespaceSelector: {matchLabels: {env: prod}}}, {podSelector: {matchLabels: {app: web}}}"))),
    ask("NPL175", "an empty podSelector means the own namespace", BATCH + knp(into(f"{OPS_NS}, {{podSelector: {{}}}}"))),
    ask("NPL175", "of egress rules too", BATCH + knp(out(f"{OPS_NS}, {MONITOR}")), "lets out to"),
    ask("NPL175", "two rules are no slip of a hand",
        BATCH + knp(f"podSelector: {{}}, ingress: [{{from: [{OPS_NS}]}}, {{from: [{MONITOR}]}}]")),
]  # fmt: skip


def on(plugin: str) -> tuple[str, ...]:
    """The options that name a plugin."""
    return ("--cni", plugin)


PLUGIN = [
    ask("NPL176", "CNI-01: Flannel enforces nothing, which is told once",
        knp(DENY % "Ingress", "a") + knp(DENY % "Egress", "b"), "and 1 more have no effect", options=on("flannel")),
    ask("NPL176", "without a policy there is nothing to tell", pod("x"), options=on("flannel")),
    ask("NPL176", "CNI-07: a range of ports on Weave Net", knp(into(API, "{port: 8000, endPort: 8999}")), "first port",
        options=on("weave")),
    ask("NPL176", "and on Calico", knp(into(API, "{port: 8000, endPort: 8999}")), options=on("calico")),
    ask("NPL176", "CNI-09: a named port on OVN-Kubernetes", knp(into(API, "{port: http}")), "every port of the protocol",
        options=on("ovn-kubernetes")),
    ask("NPL176", "CNI-10: and on Weave Net", knp(into(API, "{port: http}")), "isolates nobody", options=on("weave")),
    ask("NPL176", "CNI-08: and on AWS", knp(into(API, "{port: http}")), "on all of them", options=on("aws-vpc-cni")),
    ask("NPL176", "a numbered one anywhere", knp(into(API, "{port: 8080}")), options=on("ovn-kubernetes")),
    ask("NPL176", "CNI-11: an exception on AWS, where another rule allows it",
        knp(out(block("10.0.0.0/8", "10.1.0.0/16"), "", f", {{to: [{block('0.0.0.0/0')}]}}")), "a denial of each exception",
        options=on("aws-vpc-cni")),
    ask("NPL176", "or another policy",
        knp(out(block("10.0.0.0/8", "10.1.0.0/16")), "a") + knp(out(block("10.1.2.0/24")), "b"), "NetworkPolicy shop/a, egress[0]",
        options=on("aws-vpc-cni")),
    ask("NPL176", "where no other block allows it, it is as the API says",
        knp(out(block("10.0.0.0/8", "10.1.0.0/16")), "a") + knp(out(block("10.2.0.0/16")), "b"), options=on("aws-vpc-cni")),
    ask("NPL176", "CNI-12: and on kube-router, beside another block",
        knp(out(f"{block('10.0.0.0/8', '10.1.0.0/16')}, {block('10.0.0.0/9')}")), "joins the blocks", options=on("kube-router")),
    ask("NPL176", "alone it is as the API says there", knp(out(block("10.0.0.0/8", "10.1.0.0/16"))), options=on("kube-router")),
    ask("NPL176", "CNI-13: every IPv6 address on kube-router", knp(out(block("'::/0'"))), "2000::/3", options=on("kube-router")),
    ask("NPL176", "a narrower block there", knp(out(block("2001:db8::/32"))), options=on("kube-router")),
    ask("NPL176", "IPv6 on Azure NPM", knp(out(block("2001:db8::/32"))), "has no IPv6", options=on("azure-npm")),
    ask("NPL176", "IPv4 there", knp(out(block("203.0.113.0/24"))), options=on("azure-npm")),
    ask("NPL176", "CNI-21: 25 ports for a block on AWS",
        knp(out(block("203.0.113.0/24"), ", ".join(f"{{port: {n}}}" for n in range(1, 26)))), "behind the 24th",
        options=on("aws-vpc-cni")),
    ask("NPL176", "24 ports",
        knp(out(block("203.0.113.0/24"), ", ".join(f"{{port: {n}}}" for n in range(1, 25)))), options=on("aws-vpc-cni")),
    ask("NPL176", "CNI-24: a named port to everybody on kube-router", knp(out("", "{port: http}")), "own namespace",
        options=on("kube-router")),
    ask("NPL176", "to some peers there", knp(out(API, "{port: http}")), options=on("kube-router")),
    ask("NPL176", "CNI-02: a block for pods on Cilium", knp(out(block("10.244.0.12/32"))), "never takes a block",
        options=on("cilium")),
    ask("NPL176", "a block for others there", knp(out(block("203.0.113.0/24"))), options=on("cilium")),
    ask("NPL176", "SCTP there", knp(into(API, "{port: 8080, protocol: SCTP}")), "sctp.enabled", options=on("cilium")),
    ask("NPL176", "GKE is built on it", knp(into(API, "{port: 8080, protocol: SCTP}")), "sctp.enabled", options=on("gke-dpv2")),
    ask("NPL176", "egress on Romana", knp(out("")), "ingress alone", options=on("romana")),
    ask("NPL176", "the specification has every feature", knp(into(API, "{port: http}, {port: 8000, endPort: 8999}")), options=SPEC),
    ask("NPL176", "Canal is Calico", knp(into(API, "{port: http}, {port: 8000, endPort: 8999}")), options=on("canal")),
]  # fmt: skip

WEAVE, FLANNEL = ("--cni", "weave"), ("--cni", "flannel")
UNREAD = [
    ask("NPL177", "a policy of Calico under Weave", np("selector: all()"), "`weave` does not read NetworkPolicy of projectcalico.org", options=WEAVE),
    ask("NPL177", "a tier is of no use there either", other("Tier", "order: 1", "t"), "Tier t has no effect", options=WEAVE),
    ask("NPL177", "a policy of Cilium", cnp("{endpointSelector: {}}"), "CiliumNetworkPolicy shop/c has no effect", options=WEAVE),
    ask("NPL177", "a policy of Cilium under Calico", cnp("{endpointSelector: {}}"), "`calico` does not read", options=("--cni", "calico")),
    ask("NPL177", "a policy of Calico under Cilium", np("selector: all()"), "`cilium` does not read", options=CILIUM),
    ask("NPL177", "a cluster-wide policy is for another rule", ADMIN_DENY % "Deny", options=FLANNEL),
    ask("NPL177", "one of each, each told", np("selector: all()") + cnp("{endpointSelector: {}}"), "has no effect", times=2, options=WEAVE),
    ask("NPL177", "an annotation silences it", np("selector: all()", also=', annotations: {npverify.io/ignore: "NPL177 for the move"}'), options=WEAVE),
    ask("NPL177", "a NetworkPolicy is read by all that enforce anything", knp("podSelector: {}"), options=WEAVE),
    # NetworkPolicySpec: rules of a direction that policyTypes leaves out have no effect; cilium/cilium issue 48703
    ask("NPL178", "egress rules of a policy for ingress", knp(f"{WEB}, policyTypes: [Ingress], egress: [{{}}]"), "has egress rules without effect"),
    ask("NPL178", "ingress rules of a policy for egress", knp(f"{WEB}, policyTypes: [Egress], ingress: [{{}}]"), "has ingress rules without effect"),
    ask("NPL178", "Cilium enforces them", knp(f"{WEB}, policyTypes: [Egress], ingress: [{{}}]"), "has ingress rules that Cilium enforces", options=CILIUM),
    ask("NPL178", "Calico passes them over too", knp(f"{WEB}, policyTypes: [Egress], ingress: [{{}}]"), "without effect", options=("--cni", "calico")),
    ask("NPL178", "without policyTypes egress rules make it be about egress", knp(f"{WEB}, egress: [{{}}]")),
    ask("NPL178", "an empty section has no rules", knp(f"{WEB}, policyTypes: [Egress], ingress: []")),
    ask("NPL178", "both are listed", knp(f"{WEB}, policyTypes: [Egress, Ingress], ingress: [{{}}], egress: [{{}}]")),
]  # fmt: skip


def baseline(kind: str = "ClusterNetworkPolicy", direction: str = "ingress") -> str:
    """A baseline policy that denies in a direction."""
    side = {"ingress": "from", "egress": "to"}[direction]
    version, more = ("v1alpha2", "tier: Baseline, priority: 1, ") if kind.startswith("Cluster") else ("v1alpha1", "")
    return (
        f"apiVersion: policy.networking.k8s.io/{version}\nkind: {kind}\nmetadata: {{name: default}}\n"
        f"spec: {{{more}subject: {{namespaces: {{}}}}, {direction}: [{{action: Deny, {side}: [{{namespaces: {{}}}}]}}]}}\n---\n"
    )


_OLD = "BaselineAdminNetworkPolicy"
_DOOR = "type: NodePort, "

AROUND = [
    ask("NPL180", "CNI-25: v1alpha1 on Cilium", baseline(_OLD), "does not know the kind", options=on("cilium")),
    ask("NPL180", "v1alpha2 on Cilium 1.19", baseline(), "does not know the kind", options=on("cilium@1.19")),
    ask("NPL180", "on Cilium 1.20 there is a gate", baseline(), "unless its gate is open", options=on("cilium")),
    ask("NPL180", "which may be open", baseline(), options=(*on("cilium"), "--assume", "cluster_policies=on")),
    ask("NPL180", "CNI-26: Amazon has a kind of its own", baseline(), "does not know the kind", options=on("aws-vpc-cni")),
    ask("NPL180", "OVN-Kubernetes knows v1alpha1", baseline(_OLD), options=on("ovn-kubernetes")),
    ask("NPL180", "Antrea has a gate", baseline(_OLD), "unless its gate is open", options=on("antrea")),
    ask("NPL180", "a plugin that enforces nothing", ADMIN_DENY % "Deny", "ClusterNetworkPolicy base", options=FLANNEL),
    ask("NPL180", "the specification knows both", baseline(_OLD)),
    ask("NPL181", "a NetworkPolicy for egress, and a baseline for ingress", baseline() + knp(DENY % "Egress"), "plugins leave it out or not"),
    ask("NPL181", "on kube-network-policies it is left out", baseline() + knp(DENY % "Egress"), "the plugin leaves it out",
        options=on("kube-network-policies@npa-v1alpha2")),
    ask("NPL181", "the other way round", baseline(direction="egress") + knp(DENY % "Ingress"), "egress rules for pods"),
    ask("NPL181", "a NetworkPolicy of its own direction beside it", baseline() + knp(DENY % "Egress", "a") + knp(DENY % "Ingress", "b")),
    ask("NPL181", "where the user says it", baseline() + knp(DENY % "Egress"), options=(*SPEC, "--assume", "np_shadows_baseline=per_direction")),
    ask("NPL181", "no pod is selected by both", baseline() + knp(into(API, of="nobody").replace("Ingress", "Egress").replace("ingress", "egress").replace("from", "to"))),
    ask("NPL182", "a node port before a closed pod", service("door", "db", "{port: 5432}", _DOOR) + knp(DENY % "Ingress"), "Service shop/door",
        options=on("azure-npm")),
    ask("NPL182", "which keeps the address of the client", service("door", "db", "{port: 5432}", _DOOR + "externalTrafficPolicy: Local, ") + knp(DENY % "Ingress"),
        options=on("azure-npm")),
    ask("NPL182", "a Service without a node port", service("door", "db", "{port: 5432}") + knp(DENY % "Ingress"), options=on("azure-npm")),
    ask("NPL182", "pods that no ingress policy selects", service("door", "db", "{port: 5432}", _DOOR) + knp(into(API)), options=on("azure-npm")),
    ask("NPL182", "on another plugin", service("door", "db", "{port: 5432}", _DOOR) + knp(DENY % "Ingress"), options=on("calico")),
]  # fmt: skip

NODE2 = "apiVersion: v1\nkind: Node\nmetadata: {name: n2}\nstatus: {addresses: [{type: InternalIP, address: 192.168.0.2}]}\n---\n"
OUTSIDE = "{ipBlock: {cidr: 203.0.113.0/24}}"
NODE_BLOCK = "{ipBlock: {cidr: 192.168.0.0/24}}"
INGRESS = (
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: shop%s}\n"
    "spec: {defaultBackend: {service: {name: front, port: {number: 80}}}}\n---\n"
)
LOCAL = "externalTrafficPolicy: Local, "
SAID = (*SPEC, "--assume", "ingress_controller=ops/app=monitor")
NEVER = (*SPEC, "--assume", "node_port_snat=never")
RANGED = "loadBalancerSourceRanges: [203.0.113.0/24], "


def front(type_: str = "NodePort", more: str = "", port: str = "{port: 80, targetPort: 8080}") -> str:
    """The Service front before the pods `api`."""
    return service("front", "api", port, f"type: {type_}, {more}")


WAYS = [
    ask("NPL185", "no client gets in by a node port", front() + knp(into(API)), "opens NodePort, and policies let nobody in to shop/api"),
    ask("NPL185", "both ways of a load balancer in one finding", front("LoadBalancer") + knp(into(API)), "LoadBalancer 80 and NodePort"),
    ask("NPL185", "some clients do", front() + knp(into(OUTSIDE))),
    ask("NPL185", "the node that passes them on is let in", NODE2 + front() + knp(into(NODE_BLOCK))),
    ask("NPL185", "not where it passes nothing on", NODE2 + front(more=LOCAL) + knp(into("{ipBlock: {cidr: 192.168.0.1/32}}, {ipBlock: {cidr: 192.168.0.2/32}}")), "policies let nobody in"),
    ask("NPL185", "another port is open", front() + knp(into("", "{port: 8081}")), "policies let nobody in"),
    ask("NPL185", "clients that the balancer does not take", front("LoadBalancer", "allocateLoadBalancerNodePorts: false, " + RANGED) + knp(into("{ipBlock: {cidr: 198.51.100.0/24}}")), "let nobody in"),
    ask("NPL185", "clients that it takes", front("LoadBalancer", "allocateLoadBalancerNodePorts: false, " + RANGED) + knp(into(OUTSIDE))),
    ask("NPL185", "a Service inside opens nothing", service("front", "api", "{port: 80}") + knp(into(API))),
    ask("NPL185", "nobody is behind it", service("front", "gone", "{port: 80}", "type: NodePort, ") + knp(into(API))),
    ask("NPL185", "no policy", front()),
    ask("NPL185", "a controller that is not let in", service("front", "api", "{port: 80, targetPort: 8080}") + INGRESS % "" + knp(into(API)), "Ingress shop/i opens a way in", options=SAID),
    ask("NPL185", "one that is", service("front", "api", "{port: 80, targetPort: 8080}") + INGRESS % "" + knp(into("{namespaceSelector: {}}")), options=SAID),
    ask("NPL185", "one that nobody names", service("front", "api", "{port: 80, targetPort: 8080}") + INGRESS % "" + knp(into(API))),
    ask("NPL185", "an annotation of the Ingress accepts it", service("front", "api", "{port: 80, targetPort: 8080}") + INGRESS % ', annotations: {npverify.io/ignore: "NPL185 on purpose"}' + knp(into(API)), options=SAID),
    ask("NPL186", "a rule for clients behind a node port", NODE2 + front() + knp(into(OUTSIDE)), "ingress[0], names clients by address"),
    ask("NPL186", "nodes are let in too", NODE2 + front() + knp(into(f"{OUTSIDE}, {NODE_BLOCK}"))),
    ask("NPL186", "their address is kept", NODE2 + front(more=LOCAL) + knp(into(OUTSIDE))),
    ask("NPL186", "as some plugins do", NODE2 + front() + knp(into(OUTSIDE)), options=NEVER),
    ask("NPL186", "one node alone passes nothing on", front() + knp(into(OUTSIDE))),
    ask("NPL186", "a rule for pods", NODE2 + front() + knp(into(API))),
    ask("NPL186", "a rule for another port", NODE2 + front() + knp(into(OUTSIDE, "{port: 9}"))),
    ask("NPL186", "another pod", NODE2 + front() + knp(into(OUTSIDE, of="db"))),
    ask("NPL187", "open to everybody", front("LoadBalancer") + knp(into("")), "neither source ranges nor policies keep anybody from shop/api"),
    ask("NPL187", "without a policy too", front("LoadBalancer"), "opens LoadBalancer 80"),
    ask("NPL187", "source ranges keep some out", front("LoadBalancer", RANGED)),
    ask("NPL187", "a policy keeps some out", front("LoadBalancer") + knp(into(OUTSIDE))),
    ask("NPL187", "one that says everybody does not", front("LoadBalancer") + knp(into("{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}")), "opens LoadBalancer 80"),
    ask("NPL187", "a node port has no balancer", front()),
    ask("NPL187", "nobody is behind it", service("front", "gone", "{port: 80}", "type: LoadBalancer, ")),
]  # fmt: skip

MANIFEST_ROWS = [
    *UNREAD,
    *CALICO_TYPOS,
    *CILIUM_TYPOS,
    *DEFAULT_DENY,
    *NAMES,
    *METADATA,
    *BLOCKS,
    *PORTS,
    *LABELS,
    *SIDE_BY_SIDE,
    *PLUGIN,
    *AROUND,
    *WAYS,
]
