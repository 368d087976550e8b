"""What Cilium's policies say, as plain values.

A rule is one `spec`, or one item of `specs`. An element is one item of its four lists; elements are alternatives of each
other, and within an element the peer and the traffic must both match (cilium/cilium pkg/policy/api/rule.go, ingress.go).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from npverify.ingest.source import Span
from npverify.inventory.addresses import Family, Prefix
from npverify.normal.policy import Direction, PolicyId

NAMESPACE = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels"
ACCOUNT = "io.cilium.k8s.policy.serviceaccount"
CLUSTER = "io.cilium.k8s.policy.cluster"
LOCAL = "(of this cluster)"  # a key that no text can name: what selectors mean that name no cluster


class Term(NamedTuple):
    """One requirement of a selector: a label of a source (`k8s`, `reserved`, `any`, …). `operator` is that of a
    matchExpression, or Equals in matchLabels; `values` is () for Exists and DoesNotExist."""

    source: str
    key: str
    operator: str
    values: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """The values that it speaks of; None: any."""
        return None if self.operator in ("Exists", "DoesNotExist") else self.values

    @property
    def negated(self) -> bool:
        """Whether it wants the label not to be there, or not with these values."""
        return self.operator in ("NotIn", "DoesNotExist")


Selector = tuple[Term, ...]
"""Requirements that must all hold."""


def is_overwritten(term: Term) -> bool:
    """Whether a term of the pods of a namespaced policy says something of namespaces by `matchLabels`, which the policy's own
    namespace takes the place of."""
    return (term.key, term.operator) == (NAMESPACE, "Equals")


class Block(NamedTuple):
    """A CIDR with holes; `group` is a name, or a selector of names, of CiliumCIDRGroups in its place.

    `with_namespace`: nobody knows whether the pods of the policy's namespace are let in beside it.
    """

    prefix: Prefix | None
    excepts: tuple[Prefix, ...] = ()
    group: str = ""
    group_labels: Selector | None = None
    in_set: bool = False
    with_namespace: bool = False


class ServiceRef(NamedTuple):
    """A Service by name, or Services by labels; namespace "": any."""

    name: str
    namespace: str
    labels: Selector | None
    span: Span


class Domain(NamedTuple):
    """A name or a pattern of names, in lower case."""

    text: str
    pattern: bool


PeerKind = Literal["endpoints", "nodes", "entities", "cidr", "services", "fqdns", "groups"]


class Peers(NamedTuple):
    """The peer part of an element.

    `given` holds the kinds that are there, also as empty lists; none: every peer. Empty lists of endpoints, nodes,
    entities, CIDRs and CIDR sets select nobody. `requires` lets nobody in: it is asked of the endpoints of every rule.
    `scoped`: the selectors of endpoints say themselves which namespaces they mean.
    """

    given: tuple[PeerKind, ...] = ()
    empty: bool = False
    endpoints: tuple[Selector, ...] = ()
    nodes: tuple[Selector, ...] = ()
    entities: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    services: tuple[ServiceRef, ...] = ()
    domains: tuple[Domain, ...] = ()
    groups: tuple[str, ...] = ()
    requires: tuple[Selector, ...] = ()
    scoped: bool = False


class Port(NamedTuple):
    """A port and protocol ("ANY": TCP, UDP and SCTP); `first` 0 is every port, a text is a named port."""

    first: int | str
    last: int
    protocol: str


class Redirect(NamedTuple):
    """Where connections are sent before they reach their end, which only one rule of a port can say.

    parser    `http`, `kafka`, `dns`, that of `l7proto`, or `listener`; `tls` where only server names are asked; "": none
    tls       the contexts of `terminatingTLS` and `originatingTLS`, as texts; "": none
    listener  the listener of Envoy with its priority; "": none
    names     server names are asked for
    """

    parser: str = ""
    tls: tuple[str, str] = ("", "")
    listener: str = ""
    names: bool = False


class HttpText(NamedTuple):
    """An entry of `http`, all of which a request must be. Of what is compared, "" is anything.

    headers  name and value (None: any)
    facts    what nobody can know of a request, as sentences
    """

    method: str = ""
    path: str = ""
    host: str = ""
    headers: tuple[tuple[str, str | None], ...] = ()
    facts: tuple[str, ...] = ()


class KafkaText(NamedTuple):
    """An entry of `kafka`, all of which a request must be: one of the keys (none: any), and what else is not None or ""."""

    keys: tuple[str, ...] = ()
    version: int | None = None
    client: str = ""
    topic: str = ""


class PortRule(NamedTuple):
    """Ports with what else must hold of traffic to them.

    requests  what a request of HTTP or Kafka, or in a sentence another one, must be: alternatives; (): nothing is asked
    domains   what names DNS requests may ask for; None: no `dns` rules
    facts     what nobody can know and must hold too: server names of TLS, a listener of Envoy
    redirect  where its connections are sent
    """

    ports: tuple[Port, ...]
    requests: tuple[HttpText | KafkaText | str, ...] = ()
    domains: tuple[Domain, ...] | None = None
    facts: tuple[str, ...] = ()
    redirect: Redirect = Redirect()


class Element(NamedTuple):
    """One item of `ingress`, `ingressDeny`, `egress` or `egressDeny`; `ports` and `icmps` None: not given.
    Where `icmps` has items and none of them a field, it is () and means no message."""

    deny: bool
    peers: Peers
    ports: tuple[PortRule, ...] | None
    icmps: tuple[tuple[Family, int], ...] | None
    authentication: str
    label: str
    span: Span


class RuleText(NamedTuple):
    """One rule. `host` says that it is about nodes. `default_deny` holds what the rule says of itself."""

    subject: Selector
    host: bool
    elements: dict[Direction, tuple[Element, ...]]
    default_deny: dict[Direction, bool]
    span: Span


class CiliumPolicy(NamedTuple):
    """An object with its rules; `id.namespace` is "" for a clusterwide one. `audited`: its annotation asks that what it
    denies is only reported."""

    id: PolicyId
    span: Span
    rules: tuple[RuleText, ...]
    audited: bool = False


class CidrGroup(NamedTuple):
    """A CiliumCIDRGroup: its name, labels and blocks."""

    name: str
    labels: dict[str, str]
    blocks: tuple[Prefix, ...]
    span: Span
