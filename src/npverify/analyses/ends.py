"""Finds the endpoints that a user names as an end of a flow, in JSON (`{"pod": "shop/web"}`) or as text (`shop/web`).

What belongs to another cluster is named with it: `{"pod": "shop/web", "cluster": "west"}`, `west:shop/web`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from npverify.ingest.fields import nearest, type_name
from npverify.ingest.source import Diagnostic, InputError
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint, Inventory, Service
from npverify.inventory.syntax import is_dns_label
from npverify.normal.requests import as_name

UNREADABLE = "NPV160"
UNKNOWN_NAME = "NPV161"
AMBIGUOUS = "NPV162"

END_KEYS = ("pod", "workload", "kind", "node", "cluster", "ip", "name", "service")
FORMS = 'write {"pod": "namespace/name"}, {"workload": "namespace/name"}, {"node": "name"} or {"ip": "address"}'
TEXT_FORMS = "write `namespace/name`, `deployment/namespace/name`, `node/name`, `service/namespace/name` or an address"


@dataclass(frozen=True, slots=True)
class Ends:
    """What a user named: the endpoints that it may be, first the one that is meant in doubt, or a Service.

    `address` is the one that was given, if an address was given, `name` the name of domains; `text` says what was named.
    """

    text: str
    members: tuple[Endpoint, ...] = ()
    address: Address | None = None
    service: Service | None = None
    name: str | None = None

    def of_cluster(self, cluster: str) -> Ends:
        """The same, named with its cluster."""
        return replace(self, text=f"{cluster}:{self.text}")


class Directory:
    """The names of one cluster of an inventory. Guards its indices, which never change."""

    def __init__(self, inventory: Inventory, cluster: str = "") -> None:
        """`cluster` names another cluster than the one that is judged: of it there are pods and nodes alone."""
        self.inventory = inventory
        self.services = {} if cluster else inventory.services
        self.clusters = {} if cluster else {name: Directory(inventory, name) for name in inventory.clusters}
        self._in = f" in cluster {cluster}" if cluster else ""
        self.pods: dict[tuple[str, str], Endpoint] = {}
        self.workloads: dict[tuple[str, str], dict[str, list[Endpoint]]] = {}
        self.nodes: dict[str, Endpoint] = {}
        # a pod on the host network shares its node's addresses: the node goes first; this cluster before the others
        owners = sorted(inventory.endpoints, key=lambda end: (end.cluster, end.shares_address and not end.is_node))
        self.by_address = {a: end for end in reversed(owners) if end.address_known for a in end.addresses}
        self.virtual = {vip: str(service) for service in self.services.values() for vip in service.vips}
        for end in inventory.endpoints:
            if end.cluster != cluster:
                continue
            if end.is_node:
                self.nodes[end.name] = end
            else:
                self._add_pod(end)

    def _add_pod(self, end: Endpoint) -> None:
        kind, namespace, name = end.workload or ("Pod", end.namespace, end.name)
        if not end.replicated:
            self.pods.setdefault((end.namespace, end.name), end)
        self.workloads.setdefault((namespace, name), {}).setdefault(kind, []).append(end)

    def pod(self, text: str) -> Ends:
        """The pod `namespace/name`."""
        key = _split(text, "pod")
        if key in self.pods:
            return Ends(text, (self.pods[key],))
        if key in self.workloads:
            kinds = ", ".join(sorted(self.workloads[key]))
            message = f"there is no pod `{text}`{self._in}, but a {kinds} of that name"
            raise _error(UNKNOWN_NAME, message, "name it as a workload")
        raise self._unknown("pod", text, self.pods)

    def workload(self, text: str, kind: str | None = None) -> Ends:
        """The pods of the workload `namespace/name`, whose kind matters if several have that name."""
        key = _split(text, "workload")
        found = self.workloads.get(key)
        if found is None:
            raise self._unknown("workload", text, self.workloads)
        if kind is not None:
            of_kind = next((k for k in found if k.lower() == kind.lower()), None)
            if of_kind is None:
                others = ", ".join(sorted(found))
                raise _error(UNKNOWN_NAME, f"there is no {kind} `{text}`{self._in}, but a {others} of that name")
            return Ends(text, tuple(found[of_kind]))
        if len(found) > 1:
            kinds = ", ".join(sorted(found))
            raise _error(AMBIGUOUS, f"`{text}` is the name of several workloads{self._in}: {kinds}", "add `kind`")
        return Ends(text, tuple(*found.values()))

    def node(self, text: str) -> Ends:
        """The node of that name."""
        if text not in self.nodes:
            fix = nearest(text, self.nodes) or _some(self.nodes)
            raise _error(UNKNOWN_NAME, f"there is no node `{text}`{self._in}", fix)
        return Ends(f"node {text}", (self.nodes[text],))

    def ip(self, text: str) -> Ends:
        """The endpoint that has the address, else the outside address itself."""
        if self._in:
            raise _error(UNREADABLE, f"`{text}` is an address, which needs no cluster", "write it alone")
        try:
            address = Address.parse(text)
        except ValueError:
            raise _error(
                UNREADABLE, f"`{text}` is not an IP address", "write one address, such as 203.0.113.9"
            ) from None
        if address in self.virtual:
            raise _error(
                UNREADABLE,
                f"`{text}` is the virtual address of Service {self.virtual[address]}, which is translated on the way",
                f'ask about the Service: {{"service": "{self.virtual[address]}"}}, or `--to service/{self.virtual[address]}`',
            )
        return Ends(text, (self.by_address.get(address, EXTERNAL),), address)

    def name(self, text: str) -> Ends:
        """The outside addresses to which a name of domains resolves."""
        name = as_name(text)
        if name is None:
            raise _error(UNREADABLE, f"`{text}` is no name of domains", "write a name such as `api.example.com`")
        return Ends(name, (EXTERNAL,), name=name)

    def service(self, text: str) -> Ends:
        """The Service `namespace/name`."""
        key = _split(text, "service")
        if key not in self.services:
            raise self._unknown("service", text, self.services)
        return Ends(f"service {text}", service=self.services[key])

    def cluster(self, name: str) -> Directory:
        """The names of another cluster."""
        if name not in self.clusters:
            fix = nearest(name, self.clusters) or _some(self.clusters) or f"add its manifests with --remote {name}=PATH"
            raise _error(UNKNOWN_NAME, f"there is no other cluster `{name}`", fix)
        return self.clusters[name]

    def read(self, value: object, where: str, *, service: bool = False) -> Ends:
        """An end as JSON: exactly one of pod, workload (with kind), node (each perhaps with its cluster), ip and, as a
        destination, service and name."""
        if not isinstance(value, dict):
            raise _error(UNREADABLE, f"`{where}` is {type_name(value)}, not a map", FORMS)
        for key in value:
            if key not in END_KEYS or (key in ("service", "name") and not service):
                hint = nearest(str(key), END_KEYS) or FORMS
                raise _error(UNREADABLE, f"`{where}` has a field `{key}` that means nothing there", hint)
        named: dict[str, Any] = {k: v for k, v in value.items() if k not in ("kind", "cluster")}
        if len(named) != 1 or ("kind" in value and "workload" not in value):
            raise _error(UNREADABLE, f"`{where}` must name one thing, with one field", FORMS)
        ((key, text),) = named.items()
        for field, given in value.items():
            if not isinstance(given, str):
                raise _error(UNREADABLE, f"`{field}` of `{where}` is {type_name(given)}, not text", FORMS)
        if "cluster" in value:
            if key not in ("pod", "workload", "node"):
                raise _error(UNREADABLE, f"`cluster` does not go with `{key}` in `{where}`", FORMS)
            inside = {name: given for name, given in value.items() if name != "cluster"}
            return self.cluster(value["cluster"]).read(inside, where).of_cluster(value["cluster"])
        if key == "workload":
            return self.workload(text, value.get("kind"))
        return {"pod": self.pod, "node": self.node, "ip": self.ip, "name": self.name, "service": self.service}[key](
            text
        )

    def resolve(self, text: str) -> Ends:
        """An end as text: `shop/web`, `web` if one workload or pod has that name, `deployment/shop/web`, `pod/shop/web`,
        `service/shop/web`, `node/n1`, `name/api.example.com`, or an address; with the name of another cluster and a colon in front, what is there."""
        kind, blank, rest = text.strip().partition(" ")
        if blank and kind.isalpha() and "/" not in kind:  # as the assertions have it: `service shop/api`
            text = f"{kind}/{rest.strip()}"
        parts = text.strip().removeprefix("[").removesuffix("]").split("/")
        try:
            Address.parse(parts[0])
        except ValueError:
            pass
        else:
            return self.ip("/".join(parts))
        cluster, colon, inside = text.strip().partition(":")
        if cluster in self.clusters or (colon and ":" not in inside and is_dns_label(cluster)):
            return self.cluster(cluster).resolve(inside).of_cluster(cluster)
        match [parts[0].lower(), *parts[1:]]:
            case [_]:
                return self._bare(parts[0])
            case ["node", name]:
                return self.node(name)
            case ["name", name]:
                return self.name(name)
            case ["pod", namespace, name]:
                return self.pod(f"{namespace}/{name}")
            case ["service", namespace, name]:
                return self.service(f"{namespace}/{name}")
            case [kind, namespace, name]:
                return self.workload(f"{namespace}/{name}", kind)
            case ["service", name] if "service" not in self.inventory.namespaces:
                return self._named([k for k in self.services if k[1] == name], name, services=True)
            case [_, name]:
                return self._named([(parts[0], name)], text)
            case _:
                raise _error(UNREADABLE, f"`{text}` names no endpoint", TEXT_FORMS)

    def _bare(self, name: str) -> Ends:
        keys = {k for k in (*self.pods, *self.workloads) if k[1] == name}
        return self._named(sorted(keys or {k for k in self.services if k[1] == name}), name)

    def _named(self, keys: list[tuple[str, str]], text: str, *, services: bool = False) -> Ends:
        found: dict[str, Ends] = {}
        for key in () if services else keys:
            name = "/".join(key)
            for kind, ends in self.workloads.get(key, {}).items():
                found[f"{kind.lower()}/{name}"] = Ends(name, tuple(ends))
            pod = self.pods.get(key)
            if pod is not None and not any(ends.members == (pod,) for ends in found.values()):
                found[f"pod/{name}"] = Ends(name, (pod,))
        if not found:
            found = {f"service/{'/'.join(k)}": self.service("/".join(k)) for k in keys if k in self.services}
        if len(found) > 1:
            things = ", ".join(sorted(found))
            raise _error(AMBIGUOUS, f"`{text}` may be several things{self._in}: {things}", "write one of them")
        if not found:
            known = {*self.pods, *self.workloads}
            names = {"/".join(k) for k in known} if "/" in text else {k[1] for k in known}
            other = (
                [f"node/{text}"]
                if text in self.nodes
                else [f"service/{'/'.join(k)}" for k in self.services if k[1] == text]
            )
            kind, slash, last = text.partition("/")
            if slash and kind not in self.inventory.namespaces:  # `deploy/web`, as kubectl has it
                backends = [f"service/{'/'.join(k)}" for k in self.services if k[1] == last]
                others = sorted("/".join(k) for k in known if k[1] == last)
                other = other or (backends if kind in ("service", "svc") else others)
            if text in self.inventory.namespaces and not other:
                other = sorted(f"{k[0]}/{k[1]}" for k in known if k[0] == text)[:1]
            fix = f"did you mean `{other[0]}`?" if other else nearest(text, {*names, *self.nodes}) or TEXT_FORMS
            if "." in text and "/" not in text and not other and as_name(text):
                fix = f"for what a name of domains resolves to write `name/{text}`"
            if text == "internet" and not other:  # a word of the assertions
                fix = "name one of its addresses, such as `203.0.113.10`"
            raise _error(UNKNOWN_NAME, f"no pod or workload{self._in} has the name `{text}`", fix)
        return next(iter(found.values()))

    def _unknown(self, what: str, text: str, known: Collection[tuple[str, str]]) -> InputError:
        namespace = text.partition("/")[0]
        names = ["/".join(k) for k in known if k[0] == namespace] or ["/".join(k) for k in known]
        return _error(UNKNOWN_NAME, f"there is no {what} `{text}`{self._in}", nearest(text, names) or _some(names))


def resolve_end(text: str, inventory: Inventory) -> Ends:
    """What `--from` or `--to` names; InputError with the nearest name, or with the candidates, where that is not clear."""
    return Directory(inventory).resolve(text)


def _split(text: str, what: str) -> tuple[str, str]:
    namespace, slash, name = text.partition("/")
    if not (slash and namespace and name) or "/" in name:
        raise _error(UNREADABLE, f"`{text}` is not the full name of a {what}", "write `namespace/name`")
    return namespace, name


def _some(names: Iterable[str]) -> str:
    known = sorted(names)
    return f"known are {', '.join(known[:5])}{', …' if len(known) > 5 else ''}" if known else ""


def _error(code: str, message: str, fix: str = "") -> InputError:
    return InputError([Diagnostic(code, message, None, fix)])
