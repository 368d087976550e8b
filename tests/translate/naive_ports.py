"""Naive translations that get protocols or ports wrong."""

from __future__ import annotations

from naive_row import DB, NAIVE, NATIVE, Row, Seen, calico, native

STORES = "\"projectcalico.org/orchestrator == 'k8s' && store == 'sql'\""


def with_ports(*ports: str, labels: str = "app: db") -> str:
    """A native policy that admits everyone to these ports."""
    return native("db", f"{{podSelector: {{matchLabels: {{{labels}}}}}, ingress: [{{ports: [{', '.join(ports)}]}}]}}")


def allow(*rules: str, selector: str = DB) -> str:
    """A Calico policy of these rules."""
    listed = ", ".join(f"{{action: Allow{', ' if rule else ''}{rule}}}" for rule in rules)
    return calico("db", f"{{order: 1000, selector: {selector}, types: [Ingress], ingress: [{listed}]}}")


def to_db(only: str, protocol: str = "TCP", port: int | None = None) -> tuple[Seen, ...]:
    """Any source may show it."""
    return (Seen(only, "", "shop/db", protocol, port),)  # type: ignore[arg-type]


_OTHER_DB = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: db2, namespace: shop, labels: {app: other, store: sql}}\n"
    "spec: {nodeName: n2, containers: [{name: c, image: i, ports: [{name: sql, containerPort: 5433}]}]}\n"
    "status: {phase: Running, podIP: 10.1.0.9}\n"
)
_TWO_DNS = (
    "apiVersion: v1\nkind: Pod\nmetadata: {name: dns, namespace: shop, labels: {app: dns}}\n"
    "spec: {nodeName: n2, containers: [{name: c, image: i, ports: [{name: dns, containerPort: 53}, {name: dns, containerPort: 5353, protocol: UDP}]}]}\n"
    "status: {phase: Running, podIP: 10.1.0.8}\n"
)

_MANY = [f"{{port: {number}}}" for number in range(1000, 1160, 2)]

ROWS = [
    Row(
        20,
        "a name is looked up in each pod; its number in one pod is not its number in another",
        with_ports("{port: sql}", labels="store: sql"),
        allow("protocol: TCP, destination: {ports: [5432]}", selector=STORES),
        (
            Seen(NATIVE, dst="shop/db2", protocol="TCP", port=5433),
            Seen(NAIVE, dst="shop/db2", protocol="TCP", port=5432),
        ),
        around=_OTHER_DB,
    ),
    Row(
        20,
        "a name is a port of a pod and never of an address outside; its number would be",
        native(
            "db",
            "{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: sql}]}]}",
        ),
        calico(
            "db",
            f"{{order: 1000, selector: {DB}, types: [Egress], egress: [{{action: Allow, protocol: TCP, destination: {{nets: [203.0.113.0/24], ports: [5432]}}}}]}}",
        ),
        (Seen(NAIVE, "shop/db", "outside 4", "TCP", 5432),),
    ),
    Row(
        21,
        "a number in quotes is no port in the Kubernetes API, though Calico would take it for one",
        with_ports("{port: '80'}"),
        allow("protocol: TCP, destination: {ports: ['80']}"),
        native_refused="NPV073",
    ),
    Row(
        22,
        "a range with a dash is the name of a port that nobody has",
        with_ports("{port: 8080, endPort: 8090}"),
        allow("protocol: TCP, destination: {ports: ['8080-8090']}"),
        to_db(NATIVE),
    ),
    Row(
        22,
        "the first port alone is not the range",
        with_ports("{port: 8080, endPort: 8090}"),
        allow("protocol: TCP, destination: {ports: [8080]}"),
        to_db(NATIVE),
    ),
    Row(
        23,
        "a named port without a protocol is the ports of all protocols",
        with_ports("{port: dns}", labels="app: dns"),
        allow("destination: {ports: [dns]}", selector="\"projectcalico.org/orchestrator == 'k8s' && app == 'dns'\""),
        (Seen(NAIVE, dst="shop/dns", protocol="UDP", port=5353),),
        around=_TWO_DNS,
    ),
    Row(
        23,
        "a number without a protocol is refused",
        with_ports("{port: 80}"),
        allow("destination: {ports: [80]}"),
        refused="NPV222",
    ),
    Row(
        24,
        "a protocol without a port is not everything",
        with_ports("{protocol: UDP}"),
        allow(""),
        (Seen(NAIVE, "", "shop/db"),),
    ),
    Row(
        24,
        "no ports is not TCP alone",
        native("db", "{podSelector: {matchLabels: {app: db}}, ingress: [{}]}"),
        allow("protocol: TCP"),
        (Seen(NATIVE, "", "shop/db"),),
    ),
    Row(
        24,
        "an entry without a port is every port of its protocol, whatever the others say",
        with_ports("{port: 80}", "{protocol: TCP}"),
        allow("protocol: TCP, destination: {ports: [80]}"),
        to_db(NATIVE),
    ),
    Row(
        25,
        "ports that are too many for one rule do not become a range",
        with_ports(*_MANY),
        allow("protocol: TCP, destination: {ports: ['1000:1158']}"),
        to_db(NAIVE),
    ),
    Row(
        25,
        "nor are they cut off",
        with_ports(*_MANY),
        allow(f"protocol: TCP, destination: {{ports: [{', '.join(str(n) for n in range(1000, 1100, 2))}]}}"),
        to_db(NATIVE),
    ),
]
