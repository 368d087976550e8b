"""A concrete flow, and what the policies say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from npverify.inventory.addresses import Address
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Action, Direction, Policy, Rule

PORT_PROTOCOLS = ("TCP", "UDP", "SCTP")
PROTOCOLS = (*PORT_PROTOCOLS, "ICMP", "UDPLite")
"""The protocols that have a name; ICMP is that of the flow's address family, so ICMPv6 between IPv6 addresses.

Every other IP protocol is its number as decimal text, "50".
"""
NUMBERS: Mapping[str, int] = {"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1, "UDPLite": 136}
"""Protocol numbers: IANA registry "Assigned Internet Protocol Numbers"."""
ICMPV6 = 58
DNS_PORT = 53
KAFKA_PORT = 9092


def protocol_number(name: str) -> int:
    """The number of a protocol; ICMP has that of IPv4 in both families."""
    return NUMBERS[name] if name in NUMBERS else int(name)


def protocol_name(number: int) -> str:
    """The protocol of a number, 0 to 255."""
    return next((name for name, value in NUMBERS.items() if value == number), str(number))


EPHEMERAL = 49152
"""The source port of a flow that names none: the first of the dynamic ports (RFC 6335)."""


class Request(NamedTuple):
    """What an HTTP client asks for: the path as it is sent, with its query; host "" and headers None: nothing is known of it.

    The host is that of the request, with a port if the client names one.
    """

    method: str
    path: str
    host: str = ""
    headers: tuple[tuple[str, str], ...] | None = None

    def __str__(self) -> str:
        of = f" of {self.host}" if self.host else ""
        headers = " and ".join(f"{name}: {value}" for name, value in self.headers or ())
        with_ = f" with {headers}" if headers else "" if self.headers is None else " without headers"
        return f"{self.method} {self.path}{of}{with_}"


class KafkaRequest(NamedTuple):
    """What a client of Kafka asks for: one of `normal.kafka.KEYS`, about one topic where it has any; of what is None nothing is
    known. A client without a name is "", as is every one of version 0, which has none on the wire."""

    key: str
    topic: str | None = None
    client: str | None = None
    version: int | None = None

    def __str__(self) -> str:
        topic = "" if self.topic is None else f" {self.topic}"
        client = "" if self.client is None else f" of client {self.client}" if self.client else " of no client"
        return f"{self.key}{topic}{client}" + ("" if self.version is None else f" in version {self.version}")


class Via(NamedTuple):
    """The Service that a flow went through: its name, virtual address (None: unknown) and port."""

    namespace: str
    name: str
    vip: Address | None
    port: int


WayIn = Literal["NodePort", "LoadBalancer", "external IP", "hostPort", "Ingress", "Gateway"]


FRONTS: tuple[WayIn, ...] = ("Ingress", "Gateway")
"""The ways on which a controller ends the client's connection, and opens one of its own to the pod."""


class Entry(NamedTuple):
    """The way by which traffic came in from outside, by a port of the cluster that is not the pod's.

    owner      namespace/name of the Service, or of the pod whose hostPort it is; of an Ingress or a route with its kind before
    port       the port that the client dialled; 0 where only the cluster knows it
    rewritten  the source of the flow is not the client: it is the node, the load balancer or the controller that passed it on
    """

    way: WayIn
    owner: str
    port: int
    rewritten: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """One connection attempt, as the destination gets it: `dst`, `dst_ip` and `port` are those behind a Service.

    src_ip, dst_ip   of one family; None where the endpoint's address is unknown and not chosen
    port             destination port, None for protocols without ports
    src_port         source port; None: any, where no policy looks at it
    same             source and destination are one pod (for a replicated endpoint, one and the same replica)
    own_node         one end is the node, or on the host network of the node, that the other end runs on
    via              the Service, if the source addressed one
    http             the request that is sent over it; None: nothing is known of what it carries
    dns              the name that a query of DNS asks for, in lower case and without a dot at its end; None: none is looked at
    kafka            the request of Kafka that is sent over it; None: none is looked at
    name             the destination is an outside address to which this name of domains resolves; None: not told
    entry            how it came in from outside, where it did not come to the pod itself; policies see only its source
    """

    src: Endpoint
    dst: Endpoint
    protocol: str
    port: int | None = None
    src_ip: Address | None = None
    dst_ip: Address | None = None
    icmp: tuple[int, int] | None = None
    src_port: int | None = None
    same: bool = False
    own_node: bool = False
    via: Via | None = None
    http: Request | None = None
    entry: Entry | None = None
    dns: str | None = None
    name: str | None = None
    kafka: KafkaRequest | None = None


class Decider(NamedTuple):
    """A policy and the rule of it that spoke; no rule where the policy decides by selecting without a match."""

    policy: Policy
    rule: Rule | None


WOULD_BE_DENIED = "would be denied"
"""What a denial is called that is only reported."""


@dataclass(frozen=True, slots=True)
class SideVerdict:
    """The verdict of one direction.

    `because` is one of: `rule` (the rules in `by` decided), `no rule` (the policies in `by` select the endpoint and no
    rule matches), `not isolated` (no policy decides, and the default is to allow), `default` (no policy decides, and the
    default is to deny; those in `by` select the endpoint and pass the flow on), `exempt` (`exemption` names why no policy judges the flow), `no pod` (nothing judges this end).
    `stage` names the stage that decided, "" where nothing judges the flow. `audited`: the denial is only reported, and the
    flow passes.
    """

    direction: Direction
    action: Action  # ALLOW or DENY
    because: str
    by: tuple[Decider, ...] = ()
    exemption: str = ""
    stage: str = ""
    audited: bool = False

    @property
    def allowed(self) -> bool:
        """Whether the policies of this direction let the flow pass."""
        return self.action is Action.ALLOW

    @property
    def word(self) -> str:
        """The verdict in a word, or in three where the denial is only reported."""
        return "allowed" if self.allowed else WOULD_BE_DENIED if self.audited else "denied"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both directions; a flow passes when both allow it."""

    egress: SideVerdict
    ingress: SideVerdict

    @property
    def allowed(self) -> bool:
        """Whether the flow passes."""
        return self.egress.allowed and self.ingress.allowed

    @property
    def word(self) -> str:
        """The verdict in a word, or in three where every denial is only reported."""
        words = {side.word for side in (self.egress, self.ingress)} - {"allowed"}
        return "denied" if "denied" in words else next(iter(words), "allowed")
