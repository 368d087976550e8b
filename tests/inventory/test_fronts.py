"""What Ingress objects and routes of Gateways lead to.

Sources: kubernetes/api networking/v1 types.go; kubernetes-sigs/gateway-api apis/v1 gateway_types.go (who may attach),
httproute_types.go and shared_types.go (backendRefs), referencegrant_types.go.
"""

from __future__ import annotations

import pytest

from inventory.manifests import inventory, problems_of

PODS = """\
{kind: Pod, metadata: {name: w, namespace: x, labels: {app: w}}, spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}}
---
{kind: Pod, metadata: {name: w, namespace: y, labels: {app: w}}, spec: {containers: [{ports: [{name: http, containerPort: 9090}]}]}}
"""
GROUP = "gateway.networking.k8s.io/v1"


def service(namespace: str = "x", more: str = "", ports: str = "{name: h, port: 80, targetPort: http}") -> str:
    """Service s before the pod w of a namespace."""
    return (
        f"{{kind: Service, metadata: {{name: s, namespace: {namespace}}},"
        f" spec: {{selector: {{app: w}}, ports: [{ports}]{more}}}}}"
    )


def ingress(spec: str, version: str = "networking.k8s.io/v1", more: str = "") -> str:
    """Ingress x/i."""
    return f"{{apiVersion: {version}, kind: Ingress, metadata: {{name: i, namespace: x{more}}}, spec: {{{spec}}}}}"


CLASS = (
    "{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx, annotations:"
    " {ingressclass.kubernetes.io/is-default-class: 'false'}}, spec: {controller: k8s.io/ingress-nginx}}"
)
DEFAULT = CLASS.replace("false", "true")
GATEWAY_CLASS = f"{{apiVersion: {GROUP}, kind: GatewayClass, metadata: {{name: c}}, spec: {{controllerName: b.io/c}}}}"
NAMES_OLD = ", annotations: {kubernetes.io/ingress.class: old}"


def rule(backend: str) -> str:
    """One rule of an Ingress."""
    return f"rules: [{{host: a.b, http: {{paths: [{{path: /, pathType: Prefix, backend: {{{backend}}}}}]}}}}]"


def gateway(listener: str = "", more: str = "") -> str:
    """Gateway x/g with one listener."""
    listener = f"name: l, port: 443, protocol: HTTPS{listener and ', ' + listener}"
    return (
        f"{{apiVersion: {GROUP}, kind: Gateway, metadata: {{name: g, namespace: x}},"
        f" spec: {{gatewayClassName: c, listeners: [{{{listener}}}{more}]}}}}"
    )


def route(
    refs: str = "{name: s, port: 80}",
    parent: str = "name: g",
    kind: str = "HTTPRoute",
    namespace: str = "x",
    more: str = "",
) -> str:
    """Route r with one rule."""
    return (
        f"{{apiVersion: {GROUP}, kind: {kind}, metadata: {{name: r, namespace: {namespace}}},"
        f" spec: {{parentRefs: [{{{parent}}}], rules: [{{backendRefs: [{refs}]}}]{more and ', ' + more}}}}}"
    )


def grant(source: str = "x", kind: str = "HTTPRoute", to: str = "kind: Service", namespace: str = "y") -> str:
    """A ReferenceGrant in namespace y."""
    return (
        f"{{apiVersion: {GROUP}, kind: ReferenceGrant, metadata: {{name: t, namespace: {namespace}}}, spec:"
        f" {{from: [{{group: gateway.networking.k8s.io, kind: {kind}, namespace: {source}}}], to: [{{group: '', {to}}}]}}}}"
    )


def fronts(*documents: str) -> list[str]:
    """Who leads to which endpoints: `Ingress x/i c:0 -> x/w:8080`."""
    found = inventory("\n---\n".join((PODS, *documents))).fronts
    return [
        f"{f.owner} {' or '.join(map(str, f.classes))}:{', '.join(map(str, (f.port, *f.more)))} -> {', '.join(f'{b.endpoint}:{b.port}' for b in f.behind)}"
        for f in found
    ]


BY_NUMBER = "service: {name: s, port: {number: 80}}"
TO_W = ["Ingress x/i :0 -> x/w:8080"]
ROUTED = ["HTTPRoute x/r c:443 -> x/w:8080"]
FAR = "{name: s, namespace: y, port: 80}"
ALL = "allowedRoutes: {namespaces: {from: All}}"
UDP = service(ports="{port: 80, targetPort: 8080}, {name: u, port: 80, targetPort: 53, protocol: UDP}")

ROWS = [
    ("by the number of a port", [service(), ingress(rule(BY_NUMBER))], TO_W),
    ("by its name", [service(), ingress(rule("service: {name: s, port: {name: h}}"))], TO_W),
    ("the default backend", [service(), ingress(f"defaultBackend: {{{BY_NUMBER}}}")], TO_W),
    ("as it was written before v1", [service(), ingress(rule("serviceName: s, servicePort: 80"), "extensions/v1beta1")], TO_W),
    ("the default one too", [service(), ingress("backend: {serviceName: s, servicePort: h}", "extensions/v1beta1")], TO_W),
    ("with its class", [service(), ingress(f"ingressClassName: nginx, {rule(BY_NUMBER)}")], ["Ingress x/i nginx:0 -> x/w:8080"]),
    ("with the name of its controller", [CLASS, service(), ingress(f"ingressClassName: nginx, {rule(BY_NUMBER)}")], ["Ingress x/i nginx (k8s.io/ingress-nginx):0 -> x/w:8080"]),
    ("by the annotation of old", [service(), ingress(rule(BY_NUMBER), more=NAMES_OLD)], ["Ingress x/i old:0 -> x/w:8080"]),
    ("which goes first", [service(), ingress(f"ingressClassName: nginx, {rule(BY_NUMBER)}", more=NAMES_OLD)], ["Ingress x/i old:0 -> x/w:8080"]),
    ("other annotations say nothing of it", [service(), ingress(rule(BY_NUMBER), more=", annotations: {a: b}")], TO_W),
    ("none, though there is a class", [CLASS, service(), ingress(rule(BY_NUMBER))], TO_W),
    ("the default one", [DEFAULT, service(), ingress(rule(BY_NUMBER))], ["Ingress x/i nginx (k8s.io/ingress-nginx):0 -> x/w:8080"]),
    ("not where it names one", [DEFAULT, service(), ingress(rule(BY_NUMBER), more=NAMES_OLD)], ["Ingress x/i old:0 -> x/w:8080"]),
    ("even if that has no name", [DEFAULT, service(), ingress(rule(BY_NUMBER), more=NAMES_OLD.replace("old", "''"))], TO_W),
    ("any of two defaults", [DEFAULT, DEFAULT.replace("name: nginx", "name: a"), service(), ingress(rule(BY_NUMBER))], ["Ingress x/i a (k8s.io/ingress-nginx) or nginx (k8s.io/ingress-nginx):0 -> x/w:8080"]),
    ("two rules to one port are one", [service(), ingress(f"defaultBackend: {{{BY_NUMBER}}}, {rule(BY_NUMBER)}")], TO_W),
    ("a resource is no pod", [service(), ingress(rule("resource: {kind: Bucket, name: b}"))], []),
    ("Services of other namespaces are none of its", [service("y"), ingress(rule(BY_NUMBER))], []),
    ("a name alone leads nowhere", [service(more=", type: ExternalName, externalName: a.b"), ingress(rule(BY_NUMBER))], []),
    ("controllers send to the pod's port where a client of the name does not", [service(more=", clusterIP: None"), ingress(rule(BY_NUMBER))], TO_W),
    ("only to a port of TCP", [UDP, ingress(rule(BY_NUMBER))], TO_W),
    ("a route at a listener", [service(), gateway(), route()], ROUTED),
    ("with the controller of its class", [service(), gateway(), route(), GATEWAY_CLASS], ["HTTPRoute x/r c (b.io/c):443 -> x/w:8080"]),
    ("at the one it names", [service(), gateway(), route(parent="name: g, sectionName: l")], ROUTED),
    ("not at another", [service(), gateway(), route(parent="name: g, sectionName: m")], []),
    ("by the port of a listener", [service(), gateway(), route(parent="name: g, port: 80")], []),
    ("each port, the lowest first", [service(), gateway(more=", {name: m, port: 80, protocol: HTTP}"), route()], ["HTTPRoute x/r c:80, 443 -> x/w:8080"]),
    ("whatever their order", [service(), gateway(more=", {name: m, port: 8443, protocol: HTTPS}"), route()], ["HTTPRoute x/r c:443, 8443 -> x/w:8080"]),
    ("a Service of another group", [service(), gateway(), route("{kind: Service, group: g.io, name: s, port: 80}")], []),
    ("weight 0 sends nothing", [service(), gateway(), route("{name: s, port: 80, weight: 0}")], []),
    ("another kind than a Service", [service(), gateway(), route("{kind: Bucket, group: g.io, name: s, port: 80}")], []),
    ("of a mesh: no way in", [service(), route(parent="kind: Service, group: '', name: s")], []),
    ("a Gateway that is not there may take it", [service(), route(parent="name: other")], ["HTTPRoute x/r :0 -> x/w:8080"]),
    ("a set of listeners may, too", [service(), gateway(), route(parent="kind: ListenerSet, name: g")], ["HTTPRoute x/r :0 -> x/w:8080"]),
    ("routes of its own namespace alone", [service("y"), gateway(), route(parent="name: g, namespace: x", namespace="y")], []),
    ("unless all are allowed", [service("y"), gateway(ALL), route(parent="name: g, namespace: x", namespace="y")], ["HTTPRoute y/r c:443 -> y/w:9090"]),
    ("kinds that are named", [service(), gateway("allowedRoutes: {kinds: [{kind: GRPCRoute}]}"), route()], []),
    ("this one is", [service(), gateway("allowedRoutes: {kinds: [{kind: HTTPRoute}]}"), route()], ROUTED),
    ("what HTTPS does not carry", [service(), gateway(), route(kind="TCPRoute")], []),
    ("what it does", [service(), gateway(), route(kind="GRPCRoute")], ["GRPCRoute x/r c:443 -> x/w:8080"]),
    ("UDP to a port of UDP", [UDP, gateway(more=", {name: u, port: 53, protocol: UDP}"), route(kind="UDPRoute")], ["UDPRoute x/r c:53 -> x/w:53"]),
    ("hosts that no listener has", [service(), gateway("hostname: a.b"), route(more="hostnames: [c.d]")], []),
    ("a host below a wildcard", [service(), gateway("hostname: '*.b'"), route(more="hostnames: [a.a.b]")], ROUTED),
    ("but not the domain itself", [service(), gateway("hostname: '*.b'"), route(more="hostnames: [b]")], []),
    ("a wildcard of the route", [service(), gateway("hostname: a.b"), route(more="hostnames: ['*.b']")], ROUTED),
    ("another namespace needs a grant", [service("y"), gateway(), route(FAR)], []),
    ("which lets it in", [service("y"), gateway(), route(FAR), grant()], ["HTTPRoute x/r c:443 -> y/w:9090"]),
    ("by name", [service("y"), gateway(), route(FAR), grant(to="kind: Service, name: s")], ["HTTPRoute x/r c:443 -> y/w:9090"]),
    ("or by another", [service("y"), gateway(), route(FAR), grant(to="kind: Service, name: t")], []),
    ("for another kind of route", [service("y"), gateway(), route(FAR), grant(kind="GRPCRoute")], []),
    ("from another namespace", [service("y"), gateway(), route(FAR), grant(source="z")], []),
    ("to something else", [service("y"), gateway(), route(FAR), grant(to="kind: Secret")], []),
    ("in a third namespace", [service("y"), gateway(), route(FAR), grant(namespace="z")], []),
    ("what is mirrored arrives too", [service("y"), gateway(), grant(), route("", more="").replace("backendRefs: []", f"filters: [{{type: RequestMirror, requestMirror: {{backendRef: {FAR}}}}}]")], ["HTTPRoute x/r c:443 -> y/w:9090"]),
]  # fmt: skip


@pytest.mark.parametrize(("documents", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_where_it_leads(documents: list[str], expected: list[str]) -> None:
    """Each object leads to the pods behind the port that it names, at listeners that take it."""
    assert fronts(*documents) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("{team: a}", ["HTTPRoute y/r c:443 -> y/w:9090"]),
        ("{team: b}", []),
        (None, ["HTTPRoute y/r c:443 -> y/w:9090"]),
    ],
    ids=["the labels match", "they do not", "nobody knows them"],
)
def test_a_listener_selects_namespaces(labels: str | None, expected: list[str]) -> None:
    """By their labels; a namespace whose labels are not known may have these."""
    selects = "allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}"
    own = [f"{{kind: Namespace, metadata: {{name: y, labels: {labels}}}}}"] if labels else []
    assert (
        fronts(*own, service("y"), gateway(selects), route(parent="name: g, namespace: x", namespace="y")) == expected
    )


def test_a_class_that_is_no_text_is_an_error() -> None:
    """As the API server says, and the Ingress counts as one that names none by it."""
    wrong = ingress(rule(BY_NUMBER), more=NAMES_OLD.replace("old", "1"))
    assert [e.code for e in problems_of("\n---\n".join((PODS, service(), wrong))).errors] == ["NPV020"]


@pytest.mark.parametrize(("name", "taken"), [("y", True), ("z", False)])
def test_a_listener_selects_a_namespace_by_its_name(name: str, taken: bool) -> None:
    """The one label that is known of a namespace whose manifest is not there; of the others nobody knows."""
    asked = f"matchLabels: {{team: a, kubernetes.io/metadata.name: '{name}'}}"
    selects = f"allowedRoutes: {{namespaces: {{from: Selector, selector: {{{asked}}}}}}}"
    found = fronts(service("y"), gateway(selects), route(parent="name: g, namespace: x", namespace="y"))
    assert bool(found) is taken


TOLD = [
    ("a Service that is not there", [ingress(rule(BY_NUMBER))], "NPV650", "`x/s`, which is not in the input"),
    ("a port that it does not have", [service(), ingress(rule("service: {name: s, port: {number: 81}}"))], "NPV651", "no TCP port `81`"),
    ("two default classes", [DEFAULT, DEFAULT.replace("name: nginx", "name: a"), service(), ingress(rule(BY_NUMBER))], "NPV655", "IngressClasses a, nginx are all the default"),
    ("no grant", [service("y"), gateway(), route(FAR)], "NPV652", "no ReferenceGrant there allows it"),
    ("a Gateway that is not there", [service(), gateway(), route(parent="name: other")], "NPV694", "Gateway `x/other`, which is not in the input"),
    ("in that namespace", [service(), gateway(), route(parent="name: g, namespace: y")], "NPV694", "Gateway `y/g`"),
    ("a class beside another", [CLASS, service(), ingress(f"ingressClassName: ngnix, {rule(BY_NUMBER)}")], "NPV693", "IngressClass `ngnix`, which is not in the input"),
    ("a Gateway's class", [GATEWAY_CLASS.replace("name: c", "name: d"), service(), gateway(), route()], "NPV693", "GatewayClass `c`, which is not in the input"),
]  # fmt: skip


@pytest.mark.parametrize(("documents", "code", "words"), [r[1:] for r in TOLD], ids=[r[0] for r in TOLD])
def test_what_leads_nowhere_is_told(documents: list[str], code: str, words: str) -> None:
    """One warning, at the reference, says what it lacks."""
    warnings = [w for w in problems_of("\n---\n".join((PODS, *documents))).warnings if w.code[:5] in ("NPV65", "NPV69")]
    assert [w.code for w in warnings] == [code]
    assert words in warnings[0].message
    assert warnings[0].span is not None


QUIET = [
    ("no class is in the input", [service(), ingress(f"ingressClassName: nginx, {rule(BY_NUMBER)}"), gateway(), route()]),
    ("a name of old needs none", [CLASS, service(), ingress(rule(BY_NUMBER), more=NAMES_OLD)]),
    ("each is there", [CLASS, GATEWAY_CLASS, service(), ingress(f"ingressClassName: nginx, {rule(BY_NUMBER)}"), gateway(), route()]),
]  # fmt: skip


@pytest.mark.parametrize("documents", [r[1] for r in QUIET], ids=[r[0] for r in QUIET])
def test_what_is_there_is_not_told(documents: list[str]) -> None:
    """Nor is a class where the input has none at all, as that of a repository may not."""
    assert [w.code for w in problems_of("\n---\n".join((PODS, *documents))).warnings if w.code > "NPV65"] == []


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([service(), gateway(), route(parent="name: g, sectionName: m")], "no listener takes HTTPRoute x/r"),
        ([service(), route(parent="kind: ListenerSet, name: other")], "ListenerSet x/other is not in the input"),
        ([CLASS, service(), ingress(rule(BY_NUMBER))], "Ingress x/i names no class, and none is the default"),
    ],
)
def test_what_is_taken_for_granted_is_noted(documents: list[str], words: str) -> None:
    """A route that nothing takes, and one of a Gateway that is elsewhere."""
    assert any(words in note for note in inventory("\n---\n".join((PODS, *documents))).notes)


@pytest.mark.parametrize("document", [CLASS, GATEWAY_CLASS])
def test_a_class_is_in_no_namespace(document: str) -> None:
    """So it does not lack one."""
    assert problems_of(document).warnings == ()
