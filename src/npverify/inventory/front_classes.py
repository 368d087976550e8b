"""Which class an Ingress or a Gateway is of, and the name of the controller that serves the class.

Source: kubernetes/api networking/v1 types.go (the annotation goes before `ingressClassName`), kubernetes/kubernetes
plugin/pkg/admission/network/defaultingressclass/admission.go (an Ingress that names no class gets the default one; of several
that which was created last, which manifests do not tell), kubernetes-sigs/gateway-api apis/v1 gatewayclass_types.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npverify.ingest.fields import Fields, nearest
from npverify.ingest.source import Problems
from npverify.inventory.model import FrontClass
from npverify.inventory.objects import Item, annotation, part

NAMED_BY = "kubernetes.io/ingress.class"
DEFAULT = "ingressclass.kubernetes.io/is-default-class"


class FrontClasses:
    """Finds the class of an Ingress or a Gateway. Guards the classes of the input, and what was told of them."""

    def __init__(self, ingress: Sequence[Item], gateway: Sequence[Item], problems: Problems, notes: list[str]) -> None:
        self._ingress = {item.name: part(item.doc.value, "spec").get("controller") or "" for item in ingress}
        self._told: set[str] = set()
        self._gateway = {item.name: part(item.doc.value, "spec").get("controllerName") or "" for item in gateway}
        default = [item for item in ingress if annotation(item, DEFAULT, problems) == "true"]
        self._default = tuple(sorted(item.name for item in default))
        self._of_several = default[-1] if len(default) > 1 else None
        self._problems = problems
        self._notes = notes

    def of_ingress(self, item: Item) -> tuple[FrontClass, ...]:
        """The class; several where it is one of these and nobody knows which."""
        named = annotation(item, NAMED_BY, self._problems)
        if named is None:
            named = part(item.doc.value, "spec").get("ingressClassName")
            if named and named not in self._ingress:
                self._absent(item, "IngressClass", named, self._ingress, "ingressClassName")
        if named is not None:
            return (FrontClass(named, self._ingress.get(named, "")),)
        if self._of_several is not None:
            fields, self._of_several = Fields.of(self._of_several.doc, self._problems), None
            message = (
                f"IngressClasses {', '.join(self._default)} are all the default, so it is not known which serves an Ingress"
                f" that names none, such as {item}"
            )
            fields.warn(
                "NPV655", message, "metadata", "annotations", DEFAULT, fix="leave one of them the default", key=True
            )
        if not self._default and self._ingress:
            self._notes.append(f"{item} names no class, and none is the default: taken to be served like those that do")
        return tuple(FrontClass(name, self._ingress[name]) for name in self._default) or (FrontClass(),)

    def check_gateway(self, item: Item) -> None:
        """Warn of a Gateway of a class that is not in the input, where others are."""
        named = part(item.doc.value, "spec").get("gatewayClassName")
        if named and named not in self._gateway:
            self._absent(item, "GatewayClass", named, self._gateway, "gatewayClassName")

    def _absent(self, item: Item, kind: str, named: str, known: Mapping[str, str], key: str) -> None:
        """Once for each class: no controller serves it, or its manifest is elsewhere."""
        if not known or f"{kind} {named}" in self._told:
            return
        self._told.add(f"{kind} {named}")
        message = f"{item} is of {kind} `{named}`, which is not in the input, though others are"
        fix = nearest(named, known) or "add its manifest, or name one of " + ", ".join(sorted(known))
        Fields.of(item.doc, self._problems).warn("NPV693", message, "spec", key, fix=fix)

    def of_gateway(self, name: str) -> tuple[FrontClass, ...]:
        """The class of a Gateway; "": it is not in the input."""
        return (FrontClass(name, self._gateway.get(name, "")),)
