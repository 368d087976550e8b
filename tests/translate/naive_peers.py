"""Naive translations that get subjects, peers or address blocks wrong."""

from __future__ import annotations

from naive_row import DB, NAIVE, NATIVE, P, Row, Seen, calico, documents, native


def from_peers(*peers: str) -> str:
    """A native policy of db that admits these peers."""
    return native("db", f"{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{from: [{', '.join(peers)}]}}]}}")


def block(cidr: str, *excepts: str) -> str:
    """A native peer."""
    holes = f", except: [{', '.join(repr(e) for e in excepts)}]" if excepts else ""
    return f"{{ipBlock: {{cidr: '{cidr}'{holes}}}}}"


def allow(*sources: str, kind: str = "NetworkPolicy", selector: str = DB, more: str = "") -> str:
    """A Calico policy of db that admits these sources."""
    rules = ", ".join(f"{{action: Allow, source: {source}}}" for source in sources)
    spec = f"{{order: 1000, selector: {selector}, {more}types: [Ingress], ingress: [{rules}]}}"
    return calico("db", spec, kind, "shop" if kind == "NetworkPolicy" else "")


_PARTNERS = "apiVersion: projectcalico.org/v3\nkind: NetworkSet\nmetadata: {name: partners, namespace: shop}\nspec: {nets: [203.0.113.0/24]}\n"
_HOSTS = documents(
    *(
        f"apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {{name: n{n}, labels: {{kind: host}}}}\n"
        f"spec: {{node: n{n}, interfaceName: '*', expectedIPs: [192.168.0.{n}], profiles: [projectcalico-default-allow]}}\n"
        for n in (1, 2)
    )
)
_AGENT = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: agent, namespace: shop, labels: {app: agent}}\n"
    "spec: {nodeName: n2, hostNetwork: true, containers: [{name: c, image: i}]}\nstatus: {phase: Running, podIP: 192.168.0.2}\n"
)
_API = "{podSelector: {matchLabels: {app: api}}}"
_FROM_OUTSIDE = (Seen(NAIVE, "outside 4", "shop/db"),)

ROWS = [
    Row(
        8,
        "without the term for Kubernetes pods an empty podSelector admits the network sets of the namespace",
        from_peers("{podSelector: {}}"),
        allow("{selector: all()}"),
        _FROM_OUTSIDE,
        around=_PARTNERS,
    ),
    Row(
        9,
        "NotIn holds of pods without the label, and nothing may be added to it",
        from_peers("{podSelector: {matchExpressions: [{key: role, operator: NotIn, values: [bad]}]}}"),
        allow(f"{{selector: \"{P} && has(role) && role != 'bad'\"}}"),
        (Seen(NATIVE, "shop/web", "shop/db"), Seen(NATIVE, "shop/db", "shop/db")),
    ),
    Row(
        9,
        "a negative selector holds of network sets",
        from_peers("{podSelector: {matchExpressions: [{key: role, operator: DoesNotExist}]}}"),
        allow('{selector: "!has(role)"}'),
        _FROM_OUTSIDE,
        around=_PARTNERS,
    ),
    Row(
        9,
        "a negative namespace selector holds of host endpoints, which are in no namespace",
        from_peers("{namespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}}"),
        allow("{namespaceSelector: env != 'dev'}"),
        (Seen(NAIVE, "node n2", "shop/db"), Seen(NAIVE, "outside 4", "shop/db")),
        around=_HOSTS,
    ),
    Row(
        10,
        "in a global policy a selector means pods of every namespace",
        from_peers(_API),
        allow(f"{{selector: \"{P} && app == 'api'\"}}", kind="GlobalNetworkPolicy"),
        (Seen(NAIVE, "blog/api", "shop/db"),),
    ),
    Row(
        11,
        "`projectcalico.org/namespace` is no label of namespaces and matches nothing there",
        from_peers("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: blog}}}"),
        allow(f"{{namespaceSelector: projectcalico.org/namespace == 'blog', selector: \"{P}\"}}"),
        (Seen(NATIVE, "blog/api", "shop/db"),),
    ),
    Row(
        15,
        "a plugin whose blocks leave pods out is not what Calico does with the same policy",
        from_peers(block("10.0.0.0/8")),
        allow("{nets: [10.0.0.0/8]}"),
        (Seen(NAIVE, "shop/api", "shop/db"), Seen(NAIVE, "shop/web", "shop/db"), Seen(NAIVE, "blog/api", "shop/db")),
        left={"ipblock_matches_pods": "never"},
        same=False,  # the same policy means something else under the two plugins
    ),
    Row(
        16,
        "an address without a length is no block, and refused",
        from_peers(block("203.0.113.7/32")),
        allow("{nets: [203.0.113.7]}"),
        refused="NPV230",
    ),
    Row(
        16,
        "bits behind the length are masked away, they do not make it longer",
        from_peers(block("203.0.113.7/24")),
        allow("{nets: [203.0.113.7/32]}"),
        (Seen(NATIVE, "outside 4", "shop/db"),),
        assume={"strict_cidr": "false"},
    ),
    Row(
        17,
        "an exception of one family makes the rule match nothing of the other",
        from_peers(block("0.0.0.0/0", "10.0.0.0/8"), block("::/0")),
        allow("{notNets: [10.0.0.0/8]}"),
        tuple(
            Seen(NATIVE, src, "shop/db")
            for src in ("outside 6", "shop/api", "shop/web", "blog/api", "node n1", "node n2")
        ),
    ),
    Row(
        17,
        "an exception that is everything is refused",
        from_peers(block("0.0.0.0/0", "10.0.0.0/8")),
        allow("{nets: [203.0.113.0/24], notNets: [0.0.0.0/0]}"),
        refused="NPV232",
    ),
    Row(
        18,
        "blocks of both families in one rule are refused",
        from_peers(block("203.0.113.0/24"), block("2001:db8::/32")),
        allow("{nets: [203.0.113.0/24, '2001:db8::/32']}"),
        refused="NPV231",
    ),
    Row(
        19,
        "exceptions belong to a block; in one rule with another block they take from both",
        from_peers(block("203.0.0.0/16", "203.0.113.0/24"), block("203.0.113.0/28")),
        allow("{nets: [203.0.0.0/16, 203.0.113.0/28], notNets: [203.0.113.0/24]}"),
        (Seen(NATIVE, "outside 4", "shop/db"),),
    ),
    Row(
        19,
        "two peers with selectors of namespaces are not one with both",
        from_peers(
            "{namespaceSelector: {matchLabels: {env: dev}}, podSelector: {matchLabels: {app: api}}}",
            "{namespaceSelector: {matchLabels: {env: prod}}, podSelector: {matchLabels: {app: web}}}",
        ),
        allow(f"{{namespaceSelector: \"env in {{'dev', 'prod'}}\", selector: \"{P} && app in {{'api', 'web'}}\"}}"),
        (Seen(NAIVE, "shop/api", "shop/db"),),
    ),
    Row(
        27,
        "a pod on the host network is matched by no selector, and its node's address must not stand in for it",
        from_peers("{podSelector: {matchLabels: {app: agent}}}"),
        allow(f"{{selector: \"{P} && app == 'agent'\"}}", "{nets: [192.168.0.2/32]}"),
        (Seen(NAIVE, "node n2", "shop/db"), Seen(NAIVE, "shop/agent", "shop/db"), Seen(NAIVE, "outside 4", "shop/db")),
        around=_AGENT,
    ),
    Row(
        28,
        "a global policy selects host endpoints too",
        documents(
            native("db", "{podSelector: {matchExpressions: [{key: app, operator: Exists}]}, policyTypes: [Ingress]}"),
            native(
                "db",
                "{podSelector: {matchExpressions: [{key: app, operator: Exists}]}, policyTypes: [Ingress]}",
                "blog",
            ),
        ),
        calico("db", "{order: 1000, selector: all(), types: [Ingress]}", "GlobalNetworkPolicy", ""),
        (Seen(NATIVE, dst="node n1"), Seen(NATIVE, dst="node n2")),
        around=_HOSTS,
    ),
    Row(
        29,
        "a pod's own node needs no rule, and a rule for it lets other nodes in",
        from_peers(_API),
        allow(f"{{selector: \"{P} && app == 'api'\"}}", "{nets: [192.168.0.0/24]}"),
        (Seen(NAIVE, "node n2", "shop/db"), Seen(NAIVE, "outside 4", "shop/db")),
    ),
    Row(
        30,
        "nodes that stand for clients behind a NodePort are not the clients that the policy names",
        from_peers(block("203.0.113.0/24")),
        allow("{nets: [192.168.0.0/24]}"),
        (Seen(NATIVE, "outside 4", "shop/db"), Seen(NAIVE, "node n2", "shop/db"), Seen(NAIVE, "outside 4", "shop/db")),
    ),
    Row(
        31,
        "other pods run under the same service account",
        from_peers(_API),
        allow("{serviceAccounts: {names: [api]}}"),
        (Seen(NAIVE, "shop/web", "shop/db"),),
    ),
]
