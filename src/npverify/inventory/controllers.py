"""Who passes on what comes in through Ingress and Gateway objects: nobody can tell it from these, so the user says it.

`ingress_controller=ingress-nginx/app.kubernetes.io/name=ingress-nginx` names pods by namespace and labels; `NAMESPACE` alone all
pods there, a block of addresses or `internet` a balancer outside, `nodes` the nodes. `ingress_controller.CLASS` is about one class,
which has the name CLASS, or a controller of that name (`k8s.io/ingress-nginx`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Endpoint, FrontClass, FrontWay, Inventory
from npverify.inventory.syntax import is_dns_label
from npverify.inventory.unknowns import Unknown

SETTINGS: Mapping[str, FrontWay] = {"ingress_controller": "Ingress", "gateway_controller": "Gateway"}
FORMS = "NAMESPACE, NAMESPACE/KEY=VALUE,…, nodes, internet or a block of addresses"


@dataclass(frozen=True, slots=True)
class Controller:
    """Pods of a namespace with labels, or the nodes, or outside addresses (`block`; `outside`: any), or the plugin itself
    (`proxy`)."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    nodes: bool = False
    outside: bool = False
    block: Prefix | None = None
    proxy: bool = False

    def members(self, inventory: Inventory) -> tuple[Endpoint, ...]:
        """The pods or nodes of the inventory that are meant, with those whose labels may be so once they are created."""
        if self.nodes:
            return inventory.nodes
        return tuple(
            e for e in inventory.endpoints if e.is_pod and e.namespace == self.namespace and self._may_be(e.labels)
        )

    def _may_be(self, labels: Mapping[str, str | Unknown]) -> bool:
        for key, value in self.labels.items():
            held = labels.get(key)
            if isinstance(held, Unknown):
                if not (held.open or value in held.values):
                    return False
            elif held != value:
                return False
        return True


def read_controller(text: str) -> Controller | None:
    """What a value of the setting means; None if it means nothing."""
    if text == "nodes":
        return Controller(nodes=True)
    if text == "internet":
        return Controller(outside=True)
    try:
        return Controller(outside=True, block=Prefix.parse(text))
    except ValueError:
        pass
    namespace, slash, selector = text.partition("/")
    if not is_dns_label(namespace):
        return None
    labels: dict[str, str] = {}
    for each in selector.split(",") if slash else ():
        key, sign, value = each.partition("=")
        if not (sign and key.strip()):
            return None
        labels[key.strip()] = value.removeprefix("=").strip()
    return Controller(namespace, labels)


def is_setting(name: str) -> bool:
    """Whether this is a name of such a setting, with a class or without."""
    setting, dot, class_ = name.partition(".")
    return setting in SETTINGS and bool(class_) == bool(dot)


def is_of_cilium(way: FrontWay, class_: FrontClass) -> bool:
    """Whether a class is Cilium's own, where that is the plugin: an IngressClass by its name alone (cilium/cilium
    operator/pkg/ingress/helpers.go), a GatewayClass by its controller, or by the name that Cilium gives it if it is not in the input.
    """
    if way == "Gateway" and class_.controller:
        return class_.controller == "io.cilium/gateway-controller"
    return class_.name == "cilium"


def has_proxy(inventory: Inventory) -> bool:
    """Whether some Ingress or Gateway may be Cilium's own, where that is the plugin."""
    return any(is_of_cilium(front.way, class_) for front in inventory.fronts for class_ in front.classes)


def setting_of(way: FrontWay) -> str:
    """The setting that is about a way in."""
    return next(name for name, of in SETTINGS.items() if of == way)


def agreed(settings: Sequence[tuple[str, str]], way: FrontWay) -> bool:
    """Whether the same is said of every class of which something is said."""
    return len({value for name, value in settings if name.partition(".")[0] == setting_of(way)}) < 2


def told(
    settings: Sequence[tuple[str, str]], way: FrontWay, class_: FrontClass, *, proxied: bool = False
) -> Controller | None:
    """Who is said to serve a class, by its name or by that of its controller, else every class; None where nothing is said, or
    where the class is not known and what is said of several differs. `proxied`: the plugin serves its own classes, unless that is
    said of one by name."""
    said = dict(settings)
    setting = setting_of(way)
    if not class_.name and not agreed(settings, way):
        return None
    named = next((f"{setting}.{name}" for name in class_ if name and f"{setting}.{name}" in said), "")
    if proxied and not named and is_of_cilium(way, class_):
        return Controller(proxy=True)
    return read_controller(said[named or setting]) if (named or setting) in said else None
