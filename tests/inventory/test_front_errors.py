"""What the API server refuses of Ingress objects, Gateways and routes: one error each, at the field, with what helps.

Sources: kubernetes/kubernetes pkg/apis/networking/validation/validation.go; kubernetes-sigs/gateway-api config/crd.
"""

from __future__ import annotations

import pytest

from inventory.manifests import problems_of
from inventory.test_fronts import CLASS, GATEWAY_CLASS, PODS, gateway, grant, ingress, route, service

OLD = "extensions/v1beta1"
HTTP = "spec.rules.0.http.paths.0"
WORD, MISSING, TWICE = "NPV690", "NPV691", "NPV692"


def path(text: str = "path: /, pathType: Prefix", backend: str = "service: {name: s, port: {number: 80}}") -> str:
    """A rule of an Ingress with one path."""
    return f"rules: [{{http: {{paths: [{{{text}, backend: {{{backend}}}}}]}}}}]"


def backend(port: str) -> str:
    """The same, with a port."""
    return path(backend=f"service: {{name: s, port: {{{port}}}}}")


def asks(match: str, kind: str = "HTTPRoute") -> str:
    """A route that asks something of requests."""
    return route(kind=kind).replace("backendRefs:", f"matches: [{{{match}}}], backendRefs:")


def filters(text: str, kind: str = "HTTPRoute") -> str:
    """A route with one filter."""
    return route(kind=kind).replace("backendRefs:", f"filters: [{{{text}}}], backendRefs:")


LISTENER = "spec.listeners.0"
MATCH = "spec.rules.0.matches.0"

ROWS = [
    ("a type of path", ingress(path("path: /, pathType: Prefixx")), WORD, f"{HTTP}.pathType", "did you mean `Prefix`?"),
    ("no type of path", ingress(path("path: /")), MISSING, HTTP, "Exact or ImplementationSpecific"),
    ("a relative path", ingress(path("path: a, pathType: Exact")), WORD, f"{HTTP}.path", "write `/a`"),
    ("a relative path of whatever type", ingress(path("path: a, pathType: ImplementationSpecific")), WORD, f"{HTTP}.path", "write `/a`"),
    ("no path", ingress(path("pathType: Exact")), MISSING, HTTP, "`path: /`"),
    ("a path that walks up", ingress(path("path: /a/../b, pathType: Prefix")), WORD, f"{HTTP}.path", "as servers walk it"),
    ("a path that ends so", ingress(path("path: /a/.., pathType: Prefix")), WORD, f"{HTTP}.path", "as servers walk it"),
    ("a host with a port", ingress("rules: [{host: 'a.b:80'}]"), WORD, "spec.rules.0.host", "without port"),
    ("a host in capitals", ingress("rules: [{host: A.b}]"), WORD, "spec.rules.0.host", "in lower case"),
    ("an address as a host", ingress("rules: [{host: 10.0.0.1}]"), WORD, "spec.rules.0.host", "shop.example.com"),
    ("a star inside", ingress("rules: [{host: 'a.*.b'}]"), WORD, "spec.rules.0.host", "*.example.com"),
    ("no path at all", ingress("rules: [{http: {paths: []}}]"), MISSING, "spec.rules.0.http", "add a path"),
    ("nothing", ingress(""), MISSING, "spec", "add `rules` or a `defaultBackend`"),
    ("an empty backend", ingress(path(backend="")), MISSING, f"{HTTP}.backend", "service: {name: …"),
    ("a Service without a name", ingress(path(backend="service: {port: {number: 80}}")), MISSING, f"{HTTP}.backend.service", "name the Service"),
    ("one that is no name", ingress(path(backend="service: {name: S, port: {number: 80}}")), WORD, f"{HTTP}.backend.service.name", "lower-case"),
    ("a Service without a port", ingress(path(backend="service: {name: s}")), MISSING, f"{HTTP}.backend.service", "its number or its name"),
    ("a port out of range", ingress(backend("number: 70000")), WORD, f"{HTTP}.backend.service.port.number", "between 1 and 65535"),
    ("a number as a name", ingress(backend("name: '80'")), WORD, f"{HTTP}.backend.service.port.name", "without quotes"),
    ("a port by name and number", ingress(backend("name: h, number: 80")), TWICE, f"{HTTP}.backend.service.port", "drop `name`"),
    ("a resource beside a Service", ingress(path(backend="service: {name: s, port: {number: 80}}, resource: {kind: B, name: b}")), TWICE, f"{HTTP}.backend", "drop one"),
    ("fields of old", ingress(path(backend="serviceName: s, servicePort: 80")), WORD, f"{HTTP}.backend.serviceName", "write `service: {name"),
    ("fields of new", ingress(path(), OLD), WORD, f"{HTTP}.backend.service", "apiVersion: networking.k8s.io/v1"),
    ("an old port out of range", ingress(path(backend="serviceName: s, servicePort: 70000"), OLD), WORD, f"{HTTP}.backend.servicePort", "between"),
    ("an old port that is missing", ingress(path(backend="serviceName: s"), OLD), MISSING, f"{HTTP}.backend", "its number"),
    ("the default backend", ingress("defaultBackend: {service: {name: s}}"), MISSING, "spec.defaultBackend.service", "its number"),
    ("the name of old for it", ingress("backend: {service: {name: s, port: {number: 80}}}"), WORD, "spec.backend", "write `defaultBackend`"),
    ("a class", ingress(f"ingressClassName: N_x, {path()}"), WORD, "spec.ingressClassName", "lower-case"),
    ("a controller without a path", CLASS.replace("k8s.io/ingress-nginx", "nginx"), WORD, "spec.controller", "a domain and a path"),
    ("no controller", CLASS.replace("controller: k8s.io/ingress-nginx", ""), MISSING, "spec", "name the controller"),
    ("a controller of Gateways", GATEWAY_CLASS.replace("b.io/c", "b.io"), WORD, "spec.controllerName", "a domain and a path"),
    ("a Gateway without a class", gateway().replace("gatewayClassName: c, ", ""), MISSING, "spec", "its GatewayClass"),
    ("or without a listener", "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g}, spec: {gatewayClassName: c}}", MISSING, "spec", "add a listener"),
    ("a name twice", gateway(more=", {name: l, port: 80, protocol: HTTP}"), TWICE, "spec.listeners.1.name", "otherwise"),
    ("a place twice", gateway(more=", {name: m, port: 443, protocol: HTTPS}"), TWICE, "spec.listeners.1", "differ in one"),
    ("a listener without a name", gateway().replace("name: l, ", ""), MISSING, LISTENER, "give the listener a name"),
    ("without a port", gateway().replace("port: 443, ", ""), MISSING, LISTENER, "that clients dial"),
    ("with one out of range", gateway().replace("443", "70000"), WORD, f"{LISTENER}.port", "between 1 and 65535"),
    ("without a protocol", gateway().replace("protocol: HTTPS", ""), MISSING, LISTENER, "HTTPS, TLS, TCP"),
    ("with one in small letters", gateway().replace("HTTPS", "https"), WORD, f"{LISTENER}.protocol", "did you mean `HTTPS`?"),
    ("a host of TCP", gateway().replace("HTTPS", "TCP, hostname: a.b"), TWICE, f"{LISTENER}.hostname", "drop it"),
    ("a host that is none", gateway("hostname: a_b"), WORD, f"{LISTENER}.hostname", "a name such as"),
    ("a word for namespaces", gateway("allowedRoutes: {namespaces: {from: Al}}"), WORD, f"{LISTENER}.allowedRoutes.namespaces.from", "did you mean `All`?"),
    ("a kind without a name", gateway("allowedRoutes: {kinds: [{group: g.io}]}"), MISSING, f"{LISTENER}.allowedRoutes.kinds.0", "such as HTTPRoute"),
    ("a parent without a name", route(parent="namespace: x"), MISSING, "spec.parentRefs.0", "name the Gateway"),
    ("a parent's port", route(parent="name: g, port: 0"), WORD, "spec.parentRefs.0.port", "between"),
    ("a parent's namespace", route(parent="name: g, namespace: a.b"), WORD, "spec.parentRefs.0.namespace", "63 lower-case"),
    ("a host of a route", route(more="hostnames: ['*']"), WORD, "spec.hostnames.0", "*.example.com"),
    ("a target without a name", route("{port: 80}"), MISSING, "spec.rules.0.backendRefs.0", "name the Service"),
    ("or without a port", route("{name: s}"), MISSING, "spec.rules.0.backendRefs.0", "the port of the Service"),
    ("or with one out of range", route("{name: s, port: 65536}"), WORD, "spec.rules.0.backendRefs.0.port", "between"),
    ("a negative weight", route("{name: s, port: 80, weight: -1}"), WORD, "spec.rules.0.backendRefs.0.weight", "between 0 and 1000000"),
    ("a route of TCP without a rule", "{apiVersion: gateway.networking.k8s.io/v1, kind: TCPRoute, metadata: {name: r, namespace: x}, spec: {parentRefs: [{name: g}]}}", MISSING, "spec", "add a rule"),
    ("a type of path of a route", asks("path: {type: Prefix, value: /}"), WORD, f"{MATCH}.path.type", "did you mean `PathPrefix`?"),
    ("a path of it", asks("path: {value: a}"), WORD, f"{MATCH}.path.value", "write `/a`"),
    ("a query in it", asks("path: {value: '/a?b'}"), WORD, f"{MATCH}.path.value", "no query"),
    ("a method", asks("method: get"), WORD, f"{MATCH}.method", "did you mean `GET`?"),
    ("a header without a value", asks("headers: [{name: a}]"), MISSING, f"{MATCH}.headers.0", "write the value"),
    ("a name of a header", asks("headers: [{name: 'a b', value: c}]"), WORD, f"{MATCH}.headers.0.name", "letters"),
    ("a type of a parameter", asks("queryParams: [{type: Regex, name: a, value: c}]"), WORD, f"{MATCH}.queryParams.0.type", "RegularExpression"),
    ("a type of a method of gRPC", asks("method: {type: Prefix}", "GRPCRoute"), WORD, f"{MATCH}.method.type", "Exact"),
    ("a type of a filter", filters("type: Mirror"), WORD, "spec.rules.0.filters.0.type", "RequestMirror"),
    ("that gRPC has not", filters("type: URLRewrite", "GRPCRoute"), WORD, "spec.rules.0.filters.0.type", "ExtensionRef"),
    ("a filter that says nothing", filters("type: RequestMirror"), MISSING, "spec.rules.0.filters.0", "add `requestMirror`"),
    ("a filter of another type", filters("type: CORS, requestMirror: {backendRef: {name: s, port: 80}}"), TWICE, "spec.rules.0.filters.0.requestMirror", "drop it"),
    ("a mirror without a port", filters("type: RequestMirror, requestMirror: {backendRef: {name: s}}"), MISSING, "spec.rules.0.filters.0.requestMirror.backendRef", "the port"),
    ("a grant for nobody", grant(source="''"), MISSING, "spec.from.0", "add it"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "code", "at", "fix"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_what_is_refused(document: str, code: str, at: str, fix: str) -> None:
    """One error, at the field that is wrong or in which something is missing."""
    documents = [PODS, document] if document.startswith("{kind") else [PODS, service(), document]
    errors = problems_of("\n---\n".join(documents)).errors
    assert [(e.code, e.span and e.span.file) for e in errors] == [(code, at)]
    assert fix in (errors[0].fix or "")


TAKEN = [
    ("a path of whatever a controller makes of it", ingress(path("path: '/a.*', pathType: ImplementationSpecific"))),
    ("none of that", ingress(path("pathType: ImplementationSpecific"))),
    ("a type that the older versions leave out", ingress(path("path: /", "serviceName: s, servicePort: h"), OLD)),
    ("a wildcard", ingress("rules: [{host: '*.a.b'}], defaultBackend: {service: {name: s, port: {name: h}}}")),
    ("a resource", ingress(path(backend="resource: {kind: Bucket, name: b}"))),
    ("a protocol of a domain", gateway(more=", {name: m, port: 80, protocol: a.b/x}")),
    ("one port for two hosts", gateway("hostname: a.b", ", {name: m, port: 443, protocol: HTTPS, hostname: c.d}")),
    ("a pattern for a path", asks("path: {type: RegularExpression, value: 'a(b|c)//.*'}")),
    ("a target that is no Service", route("{group: g.io, kind: Bucket, name: b}")),
    ("an address that reads as a host", route(more="hostnames: [1.2.3.4]")),
    ("a rule with nothing", route("")),
]


@pytest.mark.parametrize("document", [r[1] for r in TAKEN], ids=[r[0] for r in TAKEN])
def test_what_is_taken(document: str) -> None:
    """What the API server takes is no error."""
    assert (
        problems_of(
            "\n---\n".join(
                (PODS, service(), gateway() if "Route" in document else "{kind: Pod, metadata: {name: z}}", document)
            )
        ).errors
        == ()
    )
