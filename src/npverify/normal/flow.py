"""A concrete flow, and what the policies say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from npverify.inventory.addresses import Address
from npverify.inventory.model import Endpoint
from npverify.normal.policy import Action, Direction, Policy, Rule

PORT_PROTOCOLS = ("TCP", "UDP", "SCTP")
PROTOCOLS = (*PORT_PROTOCOLS, "ICMP")


class Via(NamedTuple):
    """The Service that a flow went through: its name, virtual address (None: unknown) and port."""

    namespace: str
    name: str
    vip: Address | None
    port: int


@dataclass(frozen=True, slots=True)
class Flow:
    """One connection attempt, as the destination gets it: `dst`, `dst_ip` and `port` are those behind a Service.

    src_ip, dst_ip   of one family; None where the endpoint's address is unknown and not chosen
    port             destination port, None for ICMP; a source port never matters (kubernetes/api networking/v1)
    same             source and destination are one pod (for a replicated endpoint, one and the same replica)
    own_node         one end is the node, or on the host network of the node, that the other end runs on
    via              the Service, if the source addressed one
    """

    src: Endpoint
    dst: Endpoint
    protocol: str
    port: int | None = None
    src_ip: Address | None = None
    dst_ip: Address | None = None
    icmp: tuple[int, int] | None = None
    same: bool = False
    own_node: bool = False
    via: Via | None = None


class Decider(NamedTuple):
    """A policy and the rule of it that spoke; no rule where the policy decides by selecting without a match."""

    policy: Policy
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class SideVerdict:
    """The verdict of one direction.

    `because` is one of: `rule` (the rules in `by` decided), `no rule` (the policies in `by` select the endpoint and no
    rule matches), `not isolated` (no policy selects it), `exempt` (`exemption` names why no policy judges the flow),
    `no pod` (the judged end is not a pod, no policy applies).
    """

    direction: Direction
    action: Action  # ALLOW or DENY
    because: str
    by: tuple[Decider, ...] = ()
    exemption: str = ""

    @property
    def allowed(self) -> bool:
        """Whether this direction lets the flow pass."""
        return self.action is Action.ALLOW


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both directions; a flow passes when both allow it."""

    egress: SideVerdict
    ingress: SideVerdict

    @property
    def allowed(self) -> bool:
        """Whether the flow passes."""
        return self.egress.allowed and self.ingress.allowed
