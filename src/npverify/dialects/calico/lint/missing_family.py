"""Lists of blocks that keep a rule from one family of addresses."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import At, Case, LintRule, retold
from npverify.dialects.lint import About, Suspicion
from npverify.inventory.addresses import EVERYTHING, FAMILIES, Family
from npverify.normal.policy import Action

_SAID_BY_PROTOCOL: dict[str, Family] = {"ICMP": 4, "ICMPv6": 6}


def find(case: Case) -> Iterator[Suspicion]:
    """The rules that would be about a family of the cluster, but for a list that has no block of it."""
    yield from retold(case, "NPV231", "NPV232")
    evident = {a.family for pod in case.inventory.pods if pod.address_known for a in pod.addresses}
    for at in case.rules:
        for family in FAMILIES:
            if _about(at, family) and family in case.inventory.families and at.rule.action is not Action.LOG:
                yield from _without(at, family, catch_all=family in evident)


def _about(at: At, family: Family) -> bool:
    """Whether the rule names no other family by its version or its protocol."""
    said = at.rule.ip_version or _SAID_BY_PROTOCOL.get(at.rule.protocol or "")
    return said in (None, family)


def _without(at: At, family: Family, *, catch_all: bool) -> Iterator[Suspicion]:
    other = next(f for f in FAMILIES if f != family)
    wanted = [net for _, _, entity in at.sides for net in entity.nets]
    if any(net.family == other and net != EVERYTHING[other] for net in wanted):
        return  # a rule about some blocks of the other family is meant to be
    if any(net.family == family for _, _, entity in at.sides for net in (*entity.nets, *entity.not_nets)):
        return  # with lists of both families it is told by the reader
    for field, _, entity in at.sides:
        for key, nets in (("notNets", entity.not_nets), ("nets", entity.nets)):
            if nets and all(net.family == other for net in nets) and (key == "notNets" or catch_all):
                message = f"{at.name}: `{key}` has no IPv{family} block, so the rule matches no IPv{family} packet"
                fix = (
                    f"write `ipVersion: {other}` if that is meant, else add a rule with `ipVersion: {family}` "
                    f"and the IPv{family} blocks"
                )
                yield Suspicion(at.policy.id, at.span(field, key), message, fix)
                return


RULE = LintRule(
    About(
        "NPL124",
        "missing-family",
        "warning",
        "A list of blocks of one IP version keeps the rule from all packets of the other one.",
        "A rule is there for an IP version only if each of its lists that is not empty has a block of it "
        "(felix/rules/policy.go). So `notNets` with IPv4 blocks does not match all IPv6 packets, but none; and a Deny for "
        "`0.0.0.0/0` leaves IPv6 open. It is told where the cluster uses the version, or where nothing says that it does not.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-internet}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    destination: {notNets: [10.0.0.0/8]}
  - action: Allow
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: no-internet}
spec:
  selector: app == 'web'
  types: [Egress]
  egress:
  - action: Deny
    ipVersion: 4
    destination: {notNets: [10.0.0.0/8]}
  - action: Deny
    ipVersion: 6
    destination: {notNets: ["fd00::/8"]}
  - action: Allow
""",
        replaces=("NPV231", "NPV232"),
    ),
    find,
)
