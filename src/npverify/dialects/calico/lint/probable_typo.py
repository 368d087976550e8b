"""Labels in Calico's selectors that nothing has, but for one slip of the hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from npverify.dialects.calico.lint.case import Case
from npverify.dialects.calico.selection import NAME, OF_ACCOUNT, OF_NAMESPACE
from npverify.dialects.calico.selector import And, Contains, EndsWith, Equals, Has, In, Node, Not, Or, StartsWith
from npverify.dialects.lint import Suspicion
from npverify.dialects.manifest_lint import slips
from npverify.dialects.selectors import Requirement
from npverify.ingest.source import Span
from npverify.inventory.model import METADATA_NAME
from npverify.normal.policy import PolicyId

CODE = slips.CODE
_OTHERS = ("projectcalico.org/", OF_NAMESPACE, OF_ACCOUNT)
_ALWAYS = "default"  # the account of each namespace, which has no labels unless somebody declares it with some


class _At(NamedTuple):
    """A selector: whose, how messages call the place, where it stands, and whether it is about endpoints, namespaces or
    accounts."""

    policy: PolicyId
    place: str
    span: Span
    selector: Node | None
    of: str
    negated: bool = False


def find(case: Case) -> Iterator[Suspicion]:
    """Each key and each value of a selector that nothing has, where one that something has differs by one slip."""
    if not case.inventory.pods:
        return
    known = {"endpoint": _endpoints(case), "namespace": _namespaces(case), "service account": _accounts(case)}
    for at in _selectors(case):
        for requirement in _requirements(at.selector, negated=at.negated):
            found = slips.suspicion(at.policy, at.place, at.span, requirement, known[at.of], at.of)
            if found is not None:
                yield found


def _selectors(case: Case) -> Iterator[_At]:
    for p in case.policies:
        place = str(p.id)
        yield _At(p.id, f"{place}, selector", case.span(p, "selector"), p.selector, "endpoint")
        key = "namespaceSelector"
        yield _At(p.id, f"{place}, {key}", case.span(p, key), p.namespace_selector, "namespace")
        key = "serviceAccountSelector"
        yield _At(p.id, f"{place}, {key}", case.span(p, key), p.account_selector, "service account")
    for at in case.rules:
        for field, _, entity in at.sides:
            accounts = entity.accounts.selector if entity.accounts is not None else None
            for key, selector, of in (
                ("selector", entity.selector, "endpoint"),
                ("notSelector", entity.not_selector, "endpoint"),
                ("namespaceSelector", entity.namespace_selector, "namespace"),
                ("serviceAccounts", accounts, "service account"),
            ):
                span = at.span(field, key)
                yield _At(at.policy.id, f"{at.name}, {field}", span, selector, of, key == "notSelector")


def _requirements(selector: Node | None, *, negated: bool) -> Iterator[Requirement]:
    """What a selector asks of single labels, other than those that Calico itself sets."""
    match selector:
        case Not(body):
            yield from _requirements(body, negated=not negated)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _requirements(part, negated=negated)
        case Equals(key, value):
            yield from _asked(key, (value,), negated)
        case In(key, values):
            yield from _asked(key, values, negated)
        case Has(key) | Contains(key) | StartsWith(key) | EndsWith(key):
            yield from _asked(key, (), negated)


def _asked(key: str, values: tuple[str, ...], negated: bool) -> Iterator[Requirement]:
    if key == NAME or not key.startswith(_OTHERS):
        operator = ("NotIn" if negated else "In") if values else ("DoesNotExist" if negated else "Exists")
        yield Requirement(key, operator, values)


def _endpoints(case: Case) -> slips.Known:
    """The labels of everything that a selector can match: pods, host endpoints and sets, with what profiles give them."""
    profiles = [(f"profile {p.name}", p.labels.items()) for p in case.resources.profiles]
    hosts = [(f"HostEndpoint {h.name}", h.labels.items()) for h in case.resources.hosts]
    sets = [(str(s.id), s.labels.items()) for s in case.resources.sets]
    pods = [(str(pod.workload or pod), pod.labels.items()) for pod in case.inventory.pods]
    return slips.of([*pods, *hosts, *sets, *profiles])


def _namespaces(case: Case) -> slips.Known:
    found = slips.of_namespaces(case.inventory.namespaces.values())
    return {**found, NAME: found.get(METADATA_NAME, {})}


def _accounts(case: Case) -> slips.Known:
    """The labels of service accounts; nothing is compared where a pod uses one that is not declared."""
    accounts = case.inventory.service_accounts
    used = {(pod.namespace, pod.service_account) for pod in case.inventory.pods}
    if any(name != _ALWAYS and (namespace, name) not in accounts for namespace, name in used):
        return {}
    return slips.of((f"service account {a.namespace}/{a.name}", a.labels.items()) for a in accounts.values())
