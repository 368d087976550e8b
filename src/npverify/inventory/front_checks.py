"""What the API server refuses of Ingress objects, of Gateways and of their routes: one message each, at the field.

Sources: kubernetes/kubernetes pkg/apis/networking/validation/validation.go; the rules of the CRDs in
kubernetes-sigs/gateway-api config/crd, where the standard and the experimental channel agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from npverify.ingest.document import Path
from npverify.ingest.fields import Fields, nearest
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Address
from npverify.inventory.objects import Item, entries, part
from npverify.inventory.syntax import is_dns_label, is_port_name, is_subdomain

_PORT = range(1, 65536)
_BROKEN = ("//", "/./", "/../", "%2f", "%2F")
_BROKEN_ENDS = ("/..", "/.")
_URL_PATH = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+")
_CONTROLLER = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")
_PROTOCOL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?|[a-z0-9][-a-z0-9.]*/[A-Za-z0-9]+")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
_KINDS_OF_TEXT = ("Exact", "RegularExpression")
_FILTERS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "URLRewrite": "urlRewrite",
    "ExtensionRef": "extensionRef",
    "CORS": "cors",
    "ExternalAuth": "externalAuth",
}
_OF_GRPC = ("RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "ExtensionRef")


def check_fronts(items: Mapping[str, Sequence[Item]], routes: Sequence[str], problems: Problems) -> None:
    """Report whatever the API server would refuse; the objects are read on all the same, so that one run shows all."""
    for kind, check in (
        ("Ingress", _ingress),
        ("IngressClass", _ingress_class),
        ("GatewayClass", _gateway_class),
        ("Gateway", _gateway),
        ("ReferenceGrant", _grant),
        *((kind, _route) for kind in routes),
    ):
        for item in items[kind]:
            check(_Check(item, problems), item, part(item.doc.value, "spec"))


class _Check:
    """Says what is wrong with one object. Guards nothing but the list of problems."""

    def __init__(self, item: Item, problems: Problems) -> None:
        self._item = item
        self._problems = problems

    def wrong(self, message: str, *path: str | int, fix: str, code: str = "NPV690") -> None:
        """A value that is refused."""
        Fields.of(self._item.doc, self._problems).error(code, message, *path, fix=fix)

    def needed(self, value: Mapping[str, Any], key: str, *path: str | int, fix: str) -> bool:
        """Whether a field is there."""
        if value.get(key):
            return True
        where = ".".join(map(str, path)) or self._item.kind
        self.wrong(f"`{key}` is missing in `{where}` of {self._item}", *path, fix=fix, code="NPV691")
        return False

    def one_of(self, value: Mapping[str, Any], key: str, words: Sequence[str], *path: str | int) -> None:
        """That a field is one of some words, or is not there."""
        word = value.get(key)
        if word is not None and word not in words:
            fix = nearest(word, words) or f"write one of {', '.join(words)}"
            self.wrong(f"`{word}` is not a value of `{key}`", *path, key, fix=fix)

    def number(self, value: Mapping[str, Any], key: str, *path: str | int, of: range = _PORT) -> None:
        """That a field is a number within bounds, or is not there."""
        number = value.get(key)
        if number is not None and number not in of:
            fix = f"write a number between {of.start} and {of.stop - 1}"
            self.wrong(f"`{key}` {number} is out of range", *path, key, fix=fix)

    def host(self, host: str, *path: str | int, address: bool) -> None:
        """That a text is a name of domains, perhaps with `*.` in front; `address`: one that reads as an address is a name too."""
        if (not address and _is_address(host)) or not is_subdomain(host.removeprefix("*.")):
            fix = "write a name such as shop.example.com or *.example.com, in lower case and without port"
            self.wrong(f"`{host}` is not a host name", *path, fix=fix)

    def namespace(self, value: Mapping[str, Any], *path: str | int) -> None:
        """That a field is the name of a namespace, or is not there."""
        name = value.get("namespace")
        if name is not None and not is_dns_label(name):
            fix = "use at most 63 lower-case letters, digits and `-`"
            self.wrong(f"`{name}` is not the name of a namespace", *path, "namespace", fix=fix)

    def path(self, text: str, *path: str | int) -> bool:
        """That a path of a URL is one that may be matched with as it is."""
        if not text.startswith("/"):
            self.wrong(f"the path `{text}` does not begin with `/`", *path, fix=f"write `/{text}`")
            return False
        found = [each for each in _BROKEN if each in text] or [each for each in _BROKEN_ENDS if text.endswith(each)]
        if found:
            self.wrong(f"the path `{text}` holds `{found[0]}`", *path, fix="write the path as servers walk it")
        return not found

    def once(self, keys: Iterable[tuple[object, Path]], what: str, fix: str) -> None:
        """That no two of some things are the same."""
        seen: set[object] = set()
        for key, path in keys:
            if key in seen:
                self.wrong(f"{self._item} has {what} twice", *path, fix=fix, code="NPV692")
            seen.add(key)

    def controller(self, spec: Mapping[str, Any], key: str) -> None:
        """That the name of a controller is a domain and a path."""
        if self.needed(spec, key, "spec", fix="name the controller, such as example.com/ingress-controller"):
            domain, slash, path = spec[key].partition("/")
            if not (slash and is_subdomain(domain) and _CONTROLLER.fullmatch(path)):
                fix = "write a domain and a path, such as example.com/ingress-controller"
                self.wrong(f"`{spec[key]}` is not the name of a controller", "spec", key, fix=fix)


def _is_address(text: str) -> bool:
    try:
        Address.parse(text)
    except ValueError:
        return False
    return True


def _ingress_class(check: _Check, item: Item, spec: Mapping[str, Any]) -> None:
    check.controller(spec, "controller")


def _gateway_class(check: _Check, item: Item, spec: Mapping[str, Any]) -> None:
    check.controller(spec, "controllerName")


def _ingress(check: _Check, item: Item, spec: Mapping[str, Any]) -> None:
    old, rules = not item.doc.api_version.endswith("/v1"), entries(spec, "rules")
    default, strange = ("backend", "defaultBackend") if old else ("defaultBackend", "backend")
    if spec.get(strange) is not None:
        message = f"`{strange}` is no field of an Ingress of this version"
        check.wrong(message, "spec", strange, fix=f"write `{default}`")
    elif not rules and spec.get(default) is None:
        fix = f"add `rules` or a `{default}`"
        check.wrong(f"{item} has neither rules nor a `{default}`", "spec", fix=fix, code="NPV691")
    if spec.get(default) is not None:
        _backend(check, spec[default], old, "spec", default)
    class_ = spec.get("ingressClassName")
    if class_ is not None and not is_subdomain(class_):
        fix = "use lower-case letters, digits, `-` and `.`"
        check.wrong(f"`{class_}` is not the name of an IngressClass", "spec", "ingressClassName", fix=fix)
    for number, rule in enumerate(rules):
        at: Path = ("spec", "rules", number)
        if rule.get("host"):
            check.host(rule["host"], *at, "host", address=False)
        if rule.get("http") is None:
            continue
        check.needed(rule["http"], "paths", *at, "http", fix="add a path with its backend")
        for index, path in enumerate(entries(rule["http"], "paths")):
            _path_of_ingress(check, path, old, *at, "http", "paths", index)


def _path_of_ingress(check: _Check, path: Mapping[str, Any], old: bool, *at: str | int) -> None:
    type_, text = path.get("pathType"), path.get("path") or ""
    if type_ is None and not old:  # "" is refused as a word
        check.needed(path, "pathType", *at, fix="write `pathType: Prefix`, Exact or ImplementationSpecific")
    check.one_of(path, "pathType", ("Exact", "Prefix", "ImplementationSpecific"), *at)
    if type_ in ("Exact", "Prefix") and not text:
        check.needed(path, "path", *at, fix="write the path, such as `path: /`")
    elif type_ in ("Exact", "Prefix"):
        check.path(text, *at, "path")
    elif text and not text.startswith("/"):
        check.wrong(f"the path `{text}` does not begin with `/`", *at, "path", fix=f"write `/{text}`")
    _backend(check, path.get("backend") or {}, old, *at, "backend")


def _backend(check: _Check, backend: Mapping[str, Any], old: bool, *at: str | int) -> None:
    """Where an Ingress sends to: a Service with a port, or a resource."""
    given = [key for key in ("resource", "service", "serviceName", "servicePort") if backend.get(key)]
    strange = [key for key in given if (key == "service" if old else key.startswith("service") and key != "service")]
    if strange:
        message = f"`{strange[0]}` is no field of an Ingress of this version"
        fix = "write `serviceName` and `servicePort`, or `apiVersion: networking.k8s.io/v1`"
        if not old:
            fix = "write `service: {name: …, port: {number: …}}`"
        check.wrong(message, *at, strange[0], fix=fix)
    elif "resource" in given and len(given) > 1:
        message, fix = "a backend is a Service or a resource, not both", "drop one of them"
        check.wrong(message, *at, fix=fix, code="NPV692")
    elif old and "resource" not in given:
        check.needed(backend, "serviceName", *at, fix="name the Service")
        _service_port(check, backend.get("servicePort"), at, *at, "servicePort")
    elif not given:
        fix = "write `service: {name: …, port: {number: …}}`"
        check.wrong("the backend names no Service and no resource", *at, fix=fix, code="NPV691")
    elif "service" in given:
        service, port = part(backend, "service"), part(backend, "service", "port")
        check.needed(service, "name", *at, "service", fix="name the Service")
        if port.get("name") and port.get("number"):
            message, fix = "a port is named or numbered, not both", "drop `name` or `number`"
            check.wrong(message, *at, "service", "port", fix=fix, code="NPV692")
        else:
            key = "name" if port.get("name") else "number"
            _service_port(check, port.get(key), (*at, "service"), *at, "service", "port", key)
    name = part(backend, "service").get("name") or backend.get("serviceName")
    if name and not strange and not is_dns_label(name):
        where = ("serviceName",) if old else ("service", "name")
        check.wrong(f"`{name}` is not the name of a Service", *at, *where, fix="use lower-case letters, digits and `-`")


def _service_port(check: _Check, port: str | int | None, around: Path, *at: str | int) -> None:
    if not port:
        check.wrong("the port of the Service is missing", *around, fix="write its number or its name", code="NPV691")
    elif isinstance(port, str) and not is_port_name(port):
        fix = "write the number, without quotes, or the name of a port"
        check.wrong(f"`{port}` is not the name of a port", *at, fix=fix)
    elif isinstance(port, int) and port not in _PORT:
        check.wrong(f"the port {port} is out of range", *at, fix="write a number between 1 and 65535")


def _gateway(check: _Check, item: Item, spec: Mapping[str, Any]) -> None:
    check.needed(spec, "gatewayClassName", "spec", fix="name its GatewayClass")
    check.needed(spec, "listeners", "spec", fix="add a listener with name, port and protocol")
    listeners = entries(spec, "listeners")
    for number, listener in enumerate(listeners):
        at: Path = ("spec", "listeners", number)
        if check.needed(listener, "name", *at, fix="give the listener a name") and not is_subdomain(listener["name"]):
            fix = "use lower-case letters, digits, `-` and `.`"
            check.wrong(f"`{listener['name']}` is not the name of a listener", *at, "name", fix=fix)
        if listener.get("port") is None:
            check.needed(listener, "port", *at, fix="write the port that clients dial")
        check.number(listener, "port", *at)
        protocol = listener.get("protocol") or ""
        if check.needed(listener, "protocol", *at, fix="write HTTP, HTTPS, TLS, TCP or UDP"):
            _protocol(check, protocol, *at, "protocol")
        if host := listener.get("hostname"):
            check.host(host, *at, "hostname", address=True)
            if protocol in ("TCP", "UDP"):
                message = f"a listener of {protocol} has no `hostname`"
                check.wrong(message, *at, "hostname", fix="drop it", code="NPV692")
        allowed = part(listener, "allowedRoutes")
        check.one_of(
            part(allowed, "namespaces"), "from", ("All", "Selector", "Same"), *at, "allowedRoutes", "namespaces"
        )
        for index, kind in enumerate(entries(allowed, "kinds")):
            check.needed(kind, "kind", *at, "allowedRoutes", "kinds", index, fix="name the kind, such as HTTPRoute")
    named = ((li.get("name"), ("spec", "listeners", n, "name")) for n, li in enumerate(listeners) if li.get("name"))
    check.once(named, "a name of a listener", "name each listener otherwise")
    keys = ("port", "protocol", "hostname")
    told = [(n, li) for n, li in enumerate(listeners) if li.get("port") and li.get("protocol")]
    places = ((tuple(li.get(key) for key in keys), ("spec", "listeners", n)) for n, li in told)
    check.once(places, "a port with one protocol and hostname", "let listeners differ in one of these")


def _protocol(check: _Check, protocol: str, *at: str | int) -> None:
    known = ("HTTP", "HTTPS", "TLS", "TCP", "UDP")
    near = nearest(protocol, known) if protocol not in known and "/" not in protocol else ""
    if near or not _PROTOCOL.fullmatch(protocol):
        fix = near or f"write one of {', '.join(known)}, or a protocol of a domain such as example.com/http3"
        check.wrong(f"`{protocol}` is not a protocol of a listener", *at, fix=fix)


def _grant(check: _Check, item: Item, spec: Mapping[str, Any]) -> None:
    check.needed(spec, "from", "spec", fix="say who may refer to it: group, kind and namespace")
    check.needed(spec, "to", "spec", fix="say to what: group and kind, such as `{group: '', kind: Service}`")
    for key, asked in (("from", ("kind", "namespace")), ("to", ("kind",))):
        for number, each in enumerate(entries(spec, key)):
            for field in asked:
                check.needed(each, field, "spec", key, number, fix="add it")
            if key == "from" and each.get("namespace"):
                check.namespace(each, "spec", key, number)


def _route(check: _Check, item: Item, spec: Mapping[str, Any]) -> None:
    for number, parent in enumerate(entries(spec, "parentRefs")):
        at: Path = ("spec", "parentRefs", number)
        check.needed(parent, "name", *at, fix="name the Gateway")
        check.number(parent, "port", *at)
        check.namespace(parent, *at)
    for number, host in enumerate(spec.get("hostnames") or ()):
        check.host(host or "", "spec", "hostnames", number, address=item.kind != "TLSRoute")
    bare = item.kind in ("TLSRoute", "TCPRoute", "UDPRoute")
    if bare:
        check.needed(spec, "rules", "spec", fix="add a rule with `backendRefs`")
    for number, rule in enumerate(entries(spec, "rules")):
        at = ("spec", "rules", number)
        if bare:
            check.needed(rule, "backendRefs", *at, fix="name a Service with its port")
        for index, match in enumerate(entries(rule, "matches")):
            _match(check, item.kind, match, *at, "matches", index)
        _filters(check, item.kind, rule, *at)
        for index, backend in enumerate(entries(rule, "backendRefs")):
            _target(check, backend, *at, "backendRefs", index)
            check.number(backend, "weight", *at, "backendRefs", index, of=range(1_000_001))
            _filters(check, item.kind, backend, *at, "backendRefs", index)


def _target(check: _Check, ref: Mapping[str, Any], *at: str | int) -> None:
    """A reference to a backend: a Service needs a port."""
    check.needed(ref, "name", *at, fix="name the Service")
    if not ref.get("group") and (ref.get("kind") or "Service") == "Service" and ref.get("port") is None:
        check.needed(ref, "port", *at, fix="write the port of the Service")
    check.number(ref, "port", *at)
    check.namespace(ref, *at)


def _filters(check: _Check, kind: str, value: Mapping[str, Any], *at: str | int) -> None:
    known = _OF_GRPC if kind == "GRPCRoute" else tuple(_FILTERS)
    for index, each in enumerate(entries(value, "filters")):
        where: Path = (*at, "filters", index)
        if not check.needed(each, "type", *where, fix=f"write one of {', '.join(known)}"):
            continue
        check.one_of(each, "type", known, *where)
        own = _FILTERS[each["type"]] if each["type"] in known else None
        if own is None:
            continue
        if own != "cors" and each.get(own) is None:
            message = f"a filter of the type {each['type']} needs `{own}`"
            check.wrong(message, *where, fix=f"add `{own}`", code="NPV691")
        for other in _FILTERS.values():
            if other != own and each.get(other) is not None:
                message, fix = f"`{other}` does not belong to the type {each['type']}", "drop it, or write its type"
                check.wrong(message, *where, other, fix=fix, code="NPV692")
        for key in ("requestMirror", "externalAuth"):
            if each.get(key) is not None:
                _target(check, part(each, key, "backendRef"), *where, key, "backendRef")


def _match(check: _Check, kind: str, match: Mapping[str, Any], *at: str | int) -> None:
    """What a route asks of requests."""
    for key in ("headers", "queryParams"):
        for index, each in enumerate(entries(match, key)):
            where: Path = (*at, key, index)
            check.one_of(each, "type", _KINDS_OF_TEXT, *where)
            check.needed(each, "value", *where, fix="write the value")
            if check.needed(each, "name", *where, fix="write the name") and not _TOKEN.fullmatch(each["name"]):
                check.wrong(f"`{each['name']}` is not a name", *where, "name", fix="use letters, digits and `-`")
    if kind == "GRPCRoute":
        check.one_of(match.get("method") or {}, "type", _KINDS_OF_TEXT, *at, "method")
        return
    check.one_of(match, "method", _METHODS, *at)
    path = part(match, "path")
    check.one_of(path, "type", ("PathPrefix", "Exact", "RegularExpression"), *at, "path")
    text = path.get("value")
    if text is None or path.get("type") == "RegularExpression":
        return
    if check.path(text, *at, "path", "value") and not _URL_PATH.fullmatch(text):
        fix = "write other letters as %20, and no query"
        check.wrong(f"`{text}` is not a path of a URL", *at, "path", "value", fix=fix)
