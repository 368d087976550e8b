"""What is read of Ingress and of the objects of the Gateway API.

An Ingress of the versions before networking.k8s.io/v1 names its Service with `serviceName` and `servicePort`.
"""

from __future__ import annotations

from npverify.inventory.shapes import SELECTOR, Leaf, ListOf, MapOf, Shape, map_of

_INGRESS_BACKEND = map_of(
    "IngressBackend",
    service=map_of(
        "IngressServiceBackend",
        name=Leaf.TEXT,
        port=map_of("ServiceBackendPort", name=Leaf.TEXT, number=Leaf.INTEGER),
    ),
    resource=map_of("TypedLocalObjectReference", apiGroup=Leaf.TEXT, kind=Leaf.TEXT, name=Leaf.TEXT),
    serviceName=Leaf.TEXT,
    servicePort=Leaf.PORT,
)
_PATH = map_of("HTTPIngressPath", path=Leaf.TEXT, pathType=Leaf.TEXT, backend=_INGRESS_BACKEND)
_HTTP = map_of("HTTPIngressRuleValue", paths=ListOf(_PATH))

INGRESS_SPEC = map_of(
    "IngressSpec",
    ingressClassName=Leaf.TEXT,
    defaultBackend=_INGRESS_BACKEND,
    backend=_INGRESS_BACKEND,
    rules=ListOf(map_of("IngressRule", host=Leaf.TEXT, http=_HTTP)),
)

INGRESS_CLASS_SPEC = map_of("IngressClassSpec", controller=Leaf.TEXT)
GATEWAY_CLASS_SPEC = map_of("GatewayClassSpec", controllerName=Leaf.TEXT)

GATEWAY_SPEC = map_of(
    "GatewaySpec",
    gatewayClassName=Leaf.TEXT,
    listeners=ListOf(
        map_of(
            "Listener",
            name=Leaf.TEXT,
            hostname=Leaf.TEXT,
            port=Leaf.INTEGER,
            protocol=Leaf.TEXT,
            allowedRoutes=map_of(
                "AllowedRoutes",
                namespaces=map_of("RouteNamespaces", **{"from": Leaf.TEXT}, selector=SELECTOR),
                kinds=ListOf(map_of("RouteGroupKind", group=Leaf.TEXT, kind=Leaf.TEXT)),
            ),
        )
    ),
)

_PARENTS = ListOf(
    map_of(
        "ParentReference",
        group=Leaf.TEXT,
        kind=Leaf.TEXT,
        namespace=Leaf.TEXT,
        name=Leaf.TEXT,
        sectionName=Leaf.TEXT,
        port=Leaf.INTEGER,
    )
)


def _reference(type_: str, **more: Shape) -> MapOf:
    return map_of(
        type_, group=Leaf.TEXT, kind=Leaf.TEXT, name=Leaf.TEXT, namespace=Leaf.TEXT, port=Leaf.INTEGER, **more
    )


_TARGET = _reference("BackendObjectReference")
_MIRROR = map_of("HTTPRequestMirrorFilter", backendRef=_TARGET)
_AUTH = map_of("HTTPExternalAuthFilter", backendRef=_TARGET)
_HTTP_FILTERS = ListOf(map_of("HTTPRouteFilter", type=Leaf.TEXT, requestMirror=_MIRROR, externalAuth=_AUTH))
_GRPC_FILTERS = ListOf(map_of("GRPCRouteFilter", type=Leaf.TEXT, requestMirror=_MIRROR))


def _texts(type_: str) -> ListOf:
    return ListOf(map_of(type_, type=Leaf.TEXT, name=Leaf.TEXT, value=Leaf.TEXT))


_HTTP_MATCHES = ListOf(
    map_of(
        "HTTPRouteMatch",
        path=map_of("HTTPPathMatch", type=Leaf.TEXT, value=Leaf.TEXT),
        headers=_texts("HTTPHeaderMatch"),
        queryParams=_texts("HTTPQueryParamMatch"),
        method=Leaf.TEXT,
    )
)
_GRPC_MATCHES = ListOf(
    map_of(
        "GRPCRouteMatch",
        method=map_of("GRPCMethodMatch", type=Leaf.TEXT, service=Leaf.TEXT, method=Leaf.TEXT),
        headers=_texts("GRPCHeaderMatch"),
    )
)


def _route(kind: str, backend: MapOf, **more: Shape) -> MapOf:
    hosts: dict[str, Shape] = {} if kind in ("TCPRoute", "UDPRoute") else {"hostnames": ListOf(Leaf.TEXT)}
    return map_of(
        f"{kind}Spec",
        parentRefs=_PARENTS,
        useDefaultGateways=Leaf.TEXT,
        rules=ListOf(map_of(f"{kind}Rule", backendRefs=ListOf(backend), **more)),
        **hosts,
    )


def _forwarding(kind: str, filters: ListOf, matches: ListOf) -> MapOf:
    prefix = kind.removesuffix("Route")
    backend = _reference(f"{prefix}BackendRef", weight=Leaf.INTEGER, filters=filters)
    return _route(kind, backend, filters=filters, matches=matches)


_BACKEND = _reference("BackendRef", weight=Leaf.INTEGER)

ROUTE_SPECS = {
    "HTTPRoute": _forwarding("HTTPRoute", _HTTP_FILTERS, _HTTP_MATCHES),
    "GRPCRoute": _forwarding("GRPCRoute", _GRPC_FILTERS, _GRPC_MATCHES),
    "TLSRoute": _route("TLSRoute", _BACKEND),
    "TCPRoute": _route("TCPRoute", _BACKEND),
    "UDPRoute": _route("UDPRoute", _BACKEND),
}
"""The specs of the kinds of routes."""

GRANT_SPEC = map_of(
    "ReferenceGrantSpec",
    **{"from": ListOf(map_of("ReferenceGrantFrom", group=Leaf.TEXT, kind=Leaf.TEXT, namespace=Leaf.TEXT))},
    to=ListOf(map_of("ReferenceGrantTo", group=Leaf.TEXT, kind=Leaf.TEXT, name=Leaf.TEXT)),
)
