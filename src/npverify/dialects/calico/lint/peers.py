"""What the peers of rules come down to, for the rules of lint that ask whether there is any."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from npverify.dialects.calico.lint.case import At, Case
from npverify.dialects.calico.resources import Entity
from npverify.dialects.calico.rules import selector_of
from npverify.dialects.calico.selection import (
    ACCOUNT,
    NAME,
    NAMESPACE,
    OF_ACCOUNT,
    OF_NAMESPACE,
    ORCHESTRATOR,
    Value,
    of_labels,
)
from npverify.dialects.calico.selector import And, Node, Not
from npverify.inventory.unknowns import ABSENT, OTHER, Unknown
from npverify.normal.predicates import Pred, Side, or_


class Peer(NamedTuple):
    """One end of a rule that is given by a selector: the whole of it, as Calico puts it together."""

    at: At
    field: str
    side: Side
    entity: Entity
    selector: Node

    @property
    def key(self) -> str:
        """The field that says most about it."""
        given = {
            "namespaceSelector": self.entity.namespace_selector,
            "selector": self.entity.selector,
            "serviceAccounts": self.entity.accounts,
            "notSelector": self.entity.not_selector,
        }
        return next(key for key, value in given.items() if value is not None)


def peers(case: Case) -> Iterator[Peer]:
    """Every end of a rule that must be an object with certain labels."""
    for at in case.rules:
        for field, side, entity in at.sides:
            selector = selector_of(entity, at.policy.id.namespace)
            if selector is not None:
                if entity.not_selector is not None:
                    selector = And((selector, Not(entity.not_selector)))
                yield Peer(at, field, side, entity, selector)


def possible(selector: Node) -> Pred:
    """Whether some object could have labels that the selector matches, here or elsewhere."""
    return or_(of_labels(selector, _pod()), of_labels(selector, _other))


def _pod() -> Callable[[str], Value]:
    """The labels of any pod: what Calico sets is there, the rest may be."""
    namespace = Unknown("namespace of a pod", (OTHER,), "label", open=True)
    account = Unknown("service account of a pod", (OTHER,), "label", open=True)
    fixed: dict[str, Value] = {
        NAMESPACE: namespace,
        OF_NAMESPACE + NAME: namespace,
        ACCOUNT: account,
        OF_ACCOUNT + NAME: account,
        ORCHESTRATOR: "k8s",
    }
    return lambda key: fixed.get(key, _other(key))


def _other(key: str) -> Value:
    """The labels of any network set or host endpoint: each may have each value, or be absent."""
    return Unknown(f"label {key}", (ABSENT, OTHER), "label", open=True)
