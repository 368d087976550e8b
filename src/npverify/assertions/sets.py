"""Sets of endpoints with conditions: the algebra, and what labels, namespaces and addresses select.

Goes in: an inventory and parts of the syntax tree. Comes out: an `EndSet` for one side of a flow. A known label decides
membership; a label that is only known at run time becomes a condition on its `Unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from npverify.assertions import syntax as s
from npverify.assertions.claims import EndSet
from npverify.inventory.addresses import NEVER_A_POD, Prefix
from npverify.inventory.model import EXTERNAL, METADATA_NAME, Backend, Endpoint, EndpointKind, Inventory, Service
from npverify.inventory.spaces import address_space
from npverify.inventory.unknowns import ABSENT, Unknown, namespace_label
from npverify.normal.predicates import FALSE, TRUE, Pred, Side, address_in, and_, not_, or_, unknown_in

Members = dict[Endpoint, Pred]


class Universe:
    """Every endpoint there is, and indexes over them; or, of another cluster, what is there. Guards only caches."""

    def __init__(self, inventory: Inventory, cluster: str = "") -> None:
        """`cluster` names another cluster than the one that is judged."""
        self.inventory = inventory
        self.cluster = cluster
        self.everyone: tuple[Endpoint, ...] = (*inventory.endpoints, EXTERNAL)
        self.pods, self.nodes, self.services = inventory.pods, inventory.nodes, inventory.services
        self._namespaces = inventory.namespaces
        if cluster:
            self.everyone = tuple(e for e in inventory.endpoints if e.cluster == cluster)
            self.pods = tuple(e for e in self.everyone if not e.is_node)
            self.nodes = tuple(e for e in self.everyone if e.is_node)
            self.services = {}
            self._namespaces = inventory.clusters[cluster]
        self._all: Members = dict.fromkeys(self.everyone, TRUE)
        self._place = {e: n for n, e in enumerate(self.everyone)}
        self._by_kind: dict[EndpointKind, list[Endpoint]] = {kind: [] for kind in EndpointKind}
        self._by_label: dict[str, dict[str, list[Endpoint]]] = {}
        self._unknown: dict[str, list[tuple[Endpoint, Unknown]]] = {}
        self.by_namespace: dict[str, list[Endpoint]] = {name: [] for name in sorted(self._namespaces)}
        for e in self.everyone:
            self._by_kind[e.kind].append(e)
        for e in self.pods:
            self.by_namespace.setdefault(e.namespace, []).append(e)
            for key, value in e.labels.items():
                if isinstance(value, Unknown):
                    self._unknown.setdefault(key, []).append((e, value))
                else:
                    self._by_label.setdefault(key, {}).setdefault(value, []).append(e)
        self.hosts = (*self._by_kind[EndpointKind.HOST_POD], *self._by_kind[EndpointKind.NODE])

    @property
    def namespace_names(self) -> tuple[str, ...]:
        """Every namespace that is declared or used, sorted."""
        return tuple(sorted(self.by_namespace))

    def ordered(self, members: EndSet) -> Members:
        """The members in the order of the inventory, EXTERNAL last, without those that can never count."""
        if 4 * len(members) > len(self.everyone):
            return {e: cond for e in self.everyone if (cond := members.get(e, FALSE)) is not FALSE}
        kept = sorted((e for e, cond in members.items() if cond is not FALSE), key=self._place.__getitem__)
        return {e: members[e] for e in kept}

    def all(self) -> Members:
        """Every endpoint and every external address."""
        return self._all

    def of_kind(self, *kinds: EndpointKind) -> Members:
        """The endpoints of these kinds."""
        return {e: TRUE for kind in kinds for e in self._by_kind[kind]}

    def complement(self, members: EndSet) -> Members:
        """Everyone else; a member with a condition stays in under the opposite one."""
        return _rest(self.everyone, members)

    def label_values(self, key: str) -> Mapping[str, list[Endpoint]]:
        """The known values of a label, each with the pods that have it."""
        return self._by_label.get(key, {})

    def pods_where(self, condition: s.Condition | None, spaces: Mapping[str, Pred] | None = None) -> Members:
        """The pods that meet a condition (None: all), of these namespaces under their conditions (None: of all)."""
        if spaces is None:
            return dict.fromkeys(self.pods, TRUE) if condition is None else self.where(condition)
        inside = {e: cond for name, cond in spaces.items() for e in self.by_namespace.get(name, ())}
        return inside if condition is None else intersect(self.where(condition), inside)

    def where(self, condition: s.Condition) -> Members:
        """The pods whose labels meet the condition, with the semantics of Kubernetes selectors (apimachinery
        pkg/labels/selector.go): `!=` and `not in` are met by a pod that lacks the label."""
        match condition:
            case s.AllOf(parts):
                return intersect(*(self.where(p) for p in parts))
            case s.AnyOf(parts):
                return unite(*(self.where(p) for p in parts))
            case s.NotCondition(body):
                return self._other_pods(self.where(body))
            case s.LabelTest(key, "in" | "has", values):
                return self._labelled(key, values)
            case s.LabelTest(key, _, values):
                return self._other_pods(self._labelled(key, values))

    def _other_pods(self, members: EndSet) -> Members:
        return _rest(self.pods, members)

    def _labelled(self, key: str, values: tuple[str, ...]) -> Members:
        """Pods that have the label, with one of `values` if there are any."""
        index = self.label_values(key)
        found: Members = {e: TRUE for v in (values or index) for e in index.get(v, ())}
        for e, unknown in self._unknown.get(key, ()):
            found[e] = _label_condition(unknown, values)
        return found

    def namespaces(self, condition: s.Condition) -> dict[str, Pred]:
        """The namespaces whose labels meet the condition."""
        found = {name: self._namespace_meets(name, condition) for name in self.namespace_names}
        return {name: cond for name, cond in found.items() if cond is not FALSE}

    def _namespace_meets(self, name: str, condition: s.Condition) -> Pred:
        match condition:
            case s.AllOf(parts):
                return and_(*(self._namespace_meets(name, p) for p in parts))
            case s.AnyOf(parts):
                return or_(*(self._namespace_meets(name, p) for p in parts))
            case s.NotCondition(body):
                return not_(self._namespace_meets(name, body))
            case s.LabelTest(key, "in" | "has", values):
                return self._namespace_labelled(name, key, values)
            case s.LabelTest(key, _, values):
                return not_(self._namespace_labelled(name, key, values))

    def _namespace_labelled(self, name: str, key: str, values: tuple[str, ...]) -> Pred:
        namespace = self._namespaces.get(name)
        value = namespace.labels.get(key) if namespace else None
        if value is None and key == METADATA_NAME:
            value = name
        if value is not None:
            return TRUE if not values or value in values else FALSE
        if namespace is not None and namespace.declared:
            return FALSE
        return _label_condition(namespace_label(f"{self.cluster}:{name}" if self.cluster else name, key), values)

    def block(self, prefix: Prefix, side: Side) -> Members:
        """Who may have an address of the block, each under the condition that the flow's address lies in it."""
        inside = address_in(side, prefix)
        unknown = {kind for kind in EndpointKind if self._may_be_in(kind, prefix)}
        return {
            e: inside for e in self.everyone if (_has_address_in(e, prefix) if e.address_known else e.kind in unknown)
        }

    def _may_be_in(self, kind: EndpointKind, prefix: Prefix) -> bool:
        """Whether an endpoint of unknown address may have one of the block."""
        if kind is EndpointKind.EXTERNAL:
            return True
        if prefix.family not in self.inventory.families or any(never.covers(prefix) for never in NEVER_A_POD):
            return False
        known = kind in (EndpointKind.POD, EndpointKind.REMOTE)
        space = [p for p in address_space(self.inventory, kind) if p.family == prefix.family] if known else ()
        return not space or any(prefix.overlaps(p) for p in space)

    def backends(self, service: Service, side: Side) -> Members:
        """The endpoints behind a Service, whatever the port."""
        behind = (b for index in range(len(service.ports)) for b in service.backends.get(index, ()))
        return unite(*({b.endpoint: backend_condition(b, side)} for b in behind))


def outside(ends: EndSet) -> Members:
    """Those of the ends that are outside the cluster."""
    return {e: cond for e, cond in ends.items() if e is EXTERNAL or e.cluster}


def backend_condition(backend: Backend, side: Side) -> Pred:
    """The condition under which a backend is meant: for an external one, that the flow has its address."""
    return address_in(side, Prefix.host(backend.address)) if backend.address is not None else TRUE


def unite(*sets: EndSet) -> Members:
    """Members of one of the sets, each under one of its conditions."""
    found: Members = {}
    for members in sets:
        for e, cond in members.items():
            found[e] = or_(found[e], cond) if e in found else cond
    return found


def intersect(*sets: EndSet) -> Members:
    """Members of all of the sets, under all of their conditions."""
    first, *rest = sets
    found = dict(first)
    for members in rest:
        found = {e: _both(cond, members[e]) for e, cond in found.items() if e in members}
    return {e: cond for e, cond in found.items() if cond is not FALSE}


def restrict(members: EndSet, cond: Pred) -> Members:
    """The same members under a further condition."""
    return {e: _both(own, cond) for e, own in members.items()}


def _both(one: Pred, other: Pred) -> Pred:
    """`and_`, without its cost where it has nothing to do: most conditions are TRUE."""
    if one is TRUE:
        return other
    return one if other is TRUE else and_(one, other)


def _rest(everyone: Iterable[Endpoint], members: EndSet) -> Members:
    """Who is not among the members, and members with a condition under the opposite one."""
    rest: Members = {}
    for e in everyone:
        cond = members.get(e)
        if cond is None:
            rest[e] = TRUE
        elif cond is not TRUE:
            rest[e] = not_(cond)
    return rest


def _has_address_in(endpoint: Endpoint, prefix: Prefix) -> bool:
    return any(prefix.covers(Prefix.host(a)) for a in endpoint.addresses)


def _label_condition(unknown: Unknown, values: tuple[str, ...]) -> Pred:
    """The label whose value is unknown is there, with one of `values` if there are any."""
    if values:
        return unknown_in(unknown, *values)
    return not_(unknown_in(unknown, ABSENT)) if ABSENT in unknown.values else TRUE
