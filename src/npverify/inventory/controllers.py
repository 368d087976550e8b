"""Who passes on what comes in through Ingress and Gateway objects: nobody can tell it from these, so the user says it.

`ingress_controller=ingress-nginx/app.kubernetes.io/name=ingress-nginx` names pods by namespace and labels; `NAMESPACE` alone all
pods there, a block of addresses or `internet` a balancer outside, `nodes` the nodes. `ingress_controller.CLASS` is about one class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Endpoint, FrontWay, Inventory
from npverify.inventory.syntax import is_dns_label
from npverify.inventory.unknowns import Unknown

SETTINGS: Mapping[str, FrontWay] = {"ingress_controller": "Ingress", "gateway_controller": "Gateway"}
FORMS = "NAMESPACE, NAMESPACE/KEY=VALUE,…, nodes, internet or a block of addresses"


@dataclass(frozen=True, slots=True)
class Controller:
    """Pods of a namespace with labels, or the nodes, or outside addresses (`block`; `outside`: any)."""

    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    nodes: bool = False
    outside: bool = False
    block: Prefix | None = None

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


def setting_of(way: FrontWay) -> str:
    """The setting that is about a way in."""
    return next(name for name, of in SETTINGS.items() if of == way)


def agreed(settings: Sequence[tuple[str, str]], way: FrontWay) -> bool:
    """Whether the same is said of every class of which something is said."""
    return len({value for name, value in settings if name.partition(".")[0] == setting_of(way)}) < 2


def told(settings: Sequence[tuple[str, str]], way: FrontWay, class_: str) -> Controller | None:
    """The controller that is said to serve a class, else that of every class; None where nothing is said, or where the class is
    not known and what is said of several differs."""
    said = dict(settings)
    setting = setting_of(way)
    if not class_ and not agreed(settings, way):
        return None
    names = (f"{setting}.{class_}", setting) if class_ else (setting,)
    return next((read_controller(said[name]) for name in names if name in said), None)
