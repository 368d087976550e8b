"""Reads the subject and the peers of cluster-wide policies.

Source: kubernetes-sigs/network-policy-api apis/v1alpha1/shared_types.go and apis/v1alpha2/clusternetworkpolicy_types.go
(the peer types, NamespacedPod, CIDR, DomainName) and the schemas under config/crd.
"""

from __future__ import annotations

import re

from npverify.dialects import cidrs, selectors
from npverify.dialects.cluster_checks import bound, no_longer, one_of, require, require_items, without
from npverify.dialects.cluster_fields import Kind, children
from npverify.dialects.cluster_values import ClusterPeer
from npverify.dialects.selectors import Selector
from npverify.ingest.fields import Fields
from npverify.inventory.addresses import Prefix

__all__ = ["read_peer", "read_subject"]

_LISTED = 25  # MaxItems of networks and domainNames
_CIDR_LENGTH = 43
_EVERY = {"namespaceSelector": "namespace", "podSelector": "pod"}
_EGRESS_ONLY = ("nodes", "networks", "domainNames")

# NamespacedPeer of v0.1.2 and older; the servers of today drop these keys, and an empty selector selects everything
_OLD_KEYS = ("namespaceSelector", "sameLabels", "notSameLabels")

# the pattern of DomainName; its `A-z` lets a label also begin with one of the characters between `Z` and `a`
_DOMAIN_LABEL = r"[A-Za-z0-9\[\\\]^_`]([-A-Za-z0-9_]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"(\*\.)?({_DOMAIN_LABEL}\.)+{_DOMAIN_LABEL}\.?")


def read_subject(spec: Fields, kind: Kind) -> ClusterPeer:
    """The pods that the policy is about, as a peer of the kind `namespaces` or `pods`."""
    subject = spec.map("subject")
    if not subject:
        require(spec, "subject", f"the spec of {kind.name}", "for every pod write `subject: {namespaces: {}}`")
        return ClusterPeer("namespaces")
    return _read(subject, kind, "spec.subject", "subject", "keep one of them, or make two policies")


def read_peer(fields: Fields, kind: Kind, path: str) -> ClusterPeer:
    """One item of `from` or `to`; `path` is where its fields stand in the table of fields."""
    return _read(fields, kind, path, "peer", "make two list items of them")


def _read(fields: Fields, kind: Kind, path: str, what: str, fix: str) -> ClusterPeer:
    known = children(kind.name, path)
    misplaced = [key for key in _EGRESS_ONLY if key in fields.value and key not in known]
    for key in misplaced:
        _report_misplaced(fields, key, kind, what)
    without(fields, misplaced).only(known, what)
    given = one_of(fields, known, f"a {what}", fix)
    found = [_of(fields, key, kind, path) for key in given]
    return found[0] if found else ClusterPeer("namespaces")


def _report_misplaced(fields: Fields, key: str, kind: Kind, what: str) -> None:
    if what == "subject":
        message, fix = f"`{key}` cannot be a subject: policies are about pods", "write `namespaces` or `pods`"
    elif key == "domainNames" and kind.tier == "baseline":
        message, fix = f"{kind.name} has no `domainNames`", "write `networks`"
    else:
        message = f"`{key}` can only be a peer of egress rules"
        fix = "traffic from outside the pods is left to NetworkPolicies, which have `ipBlock`"
    fields.error("NPV269", message, key, fix=fix, key=True)


def _of(fields: Fields, key: str, kind: Kind, path: str) -> ClusterPeer:
    """The peer that one of the fields of a peer describes."""
    if key == "namespaces":
        return ClusterPeer("namespaces", namespaces=_namespaces(fields))
    if key == "pods":
        return _pods(fields, kind, f"{path}.pods")
    if key == "nodes":
        return ClusterPeer("nodes", nodes=_selector(fields, "nodes"))
    bound(fields, key, _LISTED, "a peer", "make two list items of it")
    require_items(fields, key, "a peer", "list at least one, or remove the peer")
    _report_repeats(fields, key)
    if key == "networks":
        return ClusterPeer("networks", networks=_networks(fields))
    return ClusterPeer("domains", domains=_domains(fields))


def _namespaces(fields: Fields) -> Selector:
    inner = fields.map("namespaces")
    if not inner:
        return ()
    old = [key for key in _OLD_KEYS if key in inner.value]
    for key in old:
        message = f"`{key}` inside `namespaces` is how v0.1.2 of the API wrote it; newer servers drop it, and every namespace is meant"
        fix = "name the labels under `namespaces: {matchLabels: …}`, in a peer for each value that is meant"
        if key == "namespaceSelector":
            fix = "move what is inside `namespaceSelector` up into `namespaces`"
        inner.error("NPV268", message, key, fix=fix, key=True)
    return selectors.read(without(inner, old), "namespaces")


def _pods(fields: Fields, kind: Kind, path: str) -> ClusterPeer:
    inner = fields.map("pods")
    if not inner:
        return ClusterPeer("pods", (), ())
    old = [key for key in ("namespaces",) if key in inner.value]
    for key in old:
        message = f"`{key}` inside `pods` is how v0.1.2 of the API wrote it; newer servers drop it"
        inner.error("NPV268", message, key, fix="write its labels under `namespaceSelector`", key=True)
    without(inner, old).only(children(kind.name, path), "pods")
    for key, every in _EVERY.items():
        # ClusterNetworkPolicy: a namespaceSelector that is not given is the empty one
        if key == "podSelector" or kind.first_version:
            require(inner, key, "`pods`", f"for every {every} write `{key}: {{}}`")
    return ClusterPeer("pods", _selector(inner, "namespaceSelector"), _selector(inner, "podSelector"))


def _selector(fields: Fields, key: str) -> Selector:
    inner = fields.map(key)
    return selectors.read(inner, key) if inner else ()


def _report_repeats(fields: Fields, key: str) -> None:
    """The lists are sets: x-kubernetes-list-type."""
    seen = set()
    for index, text in enumerate(fields.items(key)):
        if not isinstance(text, str):
            continue
        if text in seen:
            fields.error("NPV270", f"`{text}` stands twice in `{key}`", key, index, fix="remove one of them")
        seen.add(text)


def _networks(fields: Fields) -> tuple[Prefix, ...]:
    found = [
        _network(fields, text, index) for index, text in enumerate(fields.items("networks")) if isinstance(text, str)
    ]
    fields.texts("networks")
    return tuple(dict.fromkeys(prefix for prefix in found if prefix))


def _network(fields: Fields, text: str, index: int) -> Prefix | None:
    no_longer(fields, text, _CIDR_LENGTH, "the address block", "networks", index)
    fix = "write an address block such as `10.0.0.0/8` or `fd00::/8`"
    try:
        block = cidrs.parse(text)
    except ValueError as wrong:
        if "/" not in text and "prefix length" in str(wrong):
            fix = f"for this one address write `{text}/{128 if ':' in text else 32}`"
        fields.error("NPV062", f"address block `{text}` {wrong}", "networks", index, fix=fix)
        return None
    if block.ambiguous and not _has_only_host_bits(text):
        message = f"address block `{text}` {block.ambiguous}"
        fields.error("NPV062", message, "networks", index, fix=f"write `{block.prefix}`")
        return None
    if block.ambiguous:
        message = f"address block `{text}` {block.ambiguous}; it is read as `{block.prefix}`"
        fields.warn("NPV064", message, "networks", index, fix=f"write `{block.prefix}`")
    elif block.unusual:
        fields.warn("NPV064", f"address block `{text}` is usually written `{block.unusual}`", "networks", index)
    return block.prefix


def _has_only_host_bits(text: str) -> bool:
    """Whether bits behind the prefix length are all that is wrong with a block; isCIDR takes it then
    (kubernetes/kubernetes staging/src/k8s.io/apiserver/pkg/cel/library/cidr.go, parseCIDR)."""
    address, _, length = text.partition("/")
    return str(int(length)) == length and not cidrs.parse(f"{address}/{128 if ':' in address else 32}").ambiguous


def _domains(fields: Fields) -> tuple[str, ...]:
    found = []
    for index, text in enumerate(fields.items("domainNames")):
        if isinstance(text, str) and not _DOMAIN.fullmatch(text):
            fix = "write a name with at least one dot, such as `example.com`, or `*.example.com` for what is below it"
            fields.error("NPV271", f"`{text}` is not a domain name", "domainNames", index, fix=fix)
        elif isinstance(text, str):
            found.append(text.lower().removesuffix("."))
    fields.texts("domainNames")
    return tuple(dict.fromkeys(found))
