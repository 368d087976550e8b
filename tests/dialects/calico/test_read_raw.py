"""Input that nobody checked: what Calico makes of it, object by object.

Sources: projectcalico/calico libcalico-go/lib/backend/syncersv1/updateprocessors, typha/pkg/validator/v1,
felix/calc/validation_filter.go; numbers such as E46 are those of the edge cases in the semantics of Calico.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from dialects.calico.manifests_of_calico import (
    STORED,
    check,
    destination,
    first_rule,
    manifest,
    policy,
    read,
    rule,
    source,
)
from npverify.dialects.calico.selector import All, Equals, Has, parse
from npverify.dialects.calico.way import Way
from npverify.inventory.addresses import Prefix
from npverify.normal.policy import PolicyId


def gnp(text: str) -> str:
    """A GlobalNetworkPolicy with this spec."""
    return manifest("GlobalNetworkPolicy", f"spec: {{{text}}}", api=STORED)


class Taken(NamedTuple):
    """A rule that only raw input can have: the fields that it has then, and the warnings with where they point."""

    fact: str
    text: str
    wanted: dict[str, object]
    warnings: tuple[tuple[str, str], ...]


def nets(*texts: str) -> tuple[Prefix, ...]:
    """Blocks."""
    return tuple(Prefix.parse(text) for text in texts)


TAKEN = [
    Taken("a bare address", source("nets: [10.0.0.1]"), {"nets": nets("10.0.0.1/32")}, (("NPV233", "10.0.0.1"),)),
    Taken("a bare IPv6 address", source('nets: ["fd00::1"]'), {"nets": nets("fd00::1/128")}, (("NPV233", '"fd00'),)),
    Taken("bits behind the prefix", source("nets: [10.9.9.9/8]"), {"nets": nets("10.0.0.0/8")}, (("NPV233", "10.9"),)),
    Taken("a prefix length with a zero", source("nets: [10.0.0.0/08]"), {"nets": nets("10.0.0.0/8")}, ()),
    Taken("one block is garbage", source("nets: [x, 10.0.0.0/8]"), {"nets": nets("10.0.0.0/8")}, (("NPV233", "x,"),)),
    Taken("octets with zeros are garbage", source("nets: [010.0.0.0/8, 10.0.0.0/8]"), {"nets": nets("10.0.0.0/8")}, (("NPV233", "010"),)),
    Taken("all blocks are garbage (E66)", source("nets: [garbage]"), {"nets": ()}, (("NPV233", "[garbage"), ("NPV233", "garbage"))),
    Taken("all exceptions are garbage", source("notNets: [garbage]"), {"not_nets": ()}, (("NPV233", "[garbage"), ("NPV233", "garbage"))),
    Taken("both families (E64)", source('nets: [10.0.0.1/32, "feed::/64"]'), {"nets": nets("10.0.0.1/32", "feed::/64")}, (("NPV231", "[10"),)),
    Taken("a family against ipVersion", source("nets: [10.0.0.0/8]", "ipVersion: 6"), {"nets": nets("10.0.0.0/8")}, (("NPV231", "[10"),)),
    Taken("everything excluded (E65)", source("notNets: [0.0.0.0/0]"), {"not_nets": nets("0.0.0.0/0")}, (("NPV232", "[0.0"),)),
]  # fmt: skip


@pytest.mark.parametrize("row", TAKEN, ids=[row.fact for row in TAKEN])
def test_blocks_that_only_raw_input_has(row: Taken) -> None:
    """They are masked, expanded, or left out one by one, and told."""
    found, problems = read(row.text, mode="raw")
    assert problems.errors == ()
    assert len(problems.warnings) == len(row.warnings)
    for problem, (code, at) in zip(problems.warnings, row.warnings, strict=True):
        check(row.text, problem, code, at, "")
    entity = found.policies[0].rules[next(d for d, rules in found.policies[0].rules.items() if rules)][0].source
    assert {key: getattr(entity, key) for key in row.wanted} == row.wanted


@pytest.mark.parametrize("text", ["tcp", "Tcp", "TCP"])
def test_protocols_in_any_case(text: str) -> None:
    """Felix compares names in lower case."""
    found = first_rule(rule(f"protocol: {text}, destination: {{ports: [80]}}"), "raw")
    assert (found.protocol, found.destination.ports) == ("TCP", ((80, 80),))


def test_names_that_no_client_would_take() -> None:
    """The resource itself takes every DNS name."""
    assert policy(manifest("NetworkPolicy", "spec: {}", name="a.b.c.d"), "raw").id.name == "a.b.c.d"


class Dropped(NamedTuple):
    """A spec with a selector that is wrong, and the three selectors that are left: labels, namespace, account."""

    fact: str
    text: str
    selectors: tuple[object, object, object]
    at: str


A = Equals("a", "b")
DROPPED = [
    Dropped("a namespaceSelector (E46)", gnp("selector: a == 'b', namespaceSelector: env = 'x'"), (A, None, None), "= 'x'"),
    Dropped("an account selector", gnp("selector: a == 'b', serviceAccountSelector: x y"), (A, None, None), "y}"),
    Dropped("an account selector of a NetworkPolicy", manifest("NetworkPolicy", "spec: {selector: all(), serviceAccountSelector: x}"), (All(), None, None), "}"),
    Dropped("all() is rewritten all the same", gnp("selector: all() && a == 'b', namespaceSelector: x"), (parse("has(projectcalico.org/namespace) && a == 'b'"), None, None), "}"),
    Dropped("no selector is not", gnp("namespaceSelector: x"), (All(), None, None), "}"),
    Dropped("all() beside a dropped account selector", gnp("selector: all(), serviceAccountSelector: x"), (Has("projectcalico.org/serviceaccount"), None, None), "}"),
    Dropped("all() beside both, one dropped", gnp("selector: all(), namespaceSelector: has(n), serviceAccountSelector: x"), (All(), Has("n"), None), "}"),
]  # fmt: skip


@pytest.mark.parametrize("row", DROPPED, ids=[row.fact for row in DROPPED])
def test_selectors_of_the_subject_are_dropped(row: Dropped) -> None:
    """Where they are wrong the policy selects more, which is told; checked input is refused."""
    found, problems = read(row.text, mode="raw")
    assert problems.errors == ()
    (only,) = problems.warnings
    check(row.text, only, "NPV254", row.at, "selects more")
    kept = found.policies[0]
    assert (kept.selector, kept.namespace_selector, kept.account_selector) == row.selectors
    assert [problem.code for problem in read(row.text)[1].errors] == ["NPV250"]


ABSENT = [
    ("a selector of a rule (E47)", source("selector: a = 'b'"), "NPV250", (3, 26)),
    ("parentheses of a rule that fit only with others around", source("selector: a == 'b') || (c == 'd'"), "NPV250", (3, 26)),
    ("a namespaceSelector of a rule", source("namespaceSelector: a = 'b'"), "NPV250", (3, 26)),
    ("the selector of the subject", gnp("selector: a = 'b'"), "NPV250", (3, 26)),
    ("numeric ports without protocol (E73)", destination("ports: [80]"), "NPV222", (3, 26)),
    ("an unknown protocol", rule("protocol: GRE"), "NPV220", (3, 26)),
    ("port 0", destination("ports: [0]", "protocol: TCP"), "NPV239", (3, 26)),
    ("IP version 5", rule("ipVersion: 5"), "NPV226", (3, 26)),
    ("a selector that is no text", source("selector: 5"), "NPV020", (3, 26)),
    ("an unknown action", rule("", action="Permit"), "NPV210", (3, 32)),
    ("an unknown type", gnp("types: [Both]"), "NPV211", (3, 32)),
    ("doNotTrack alone", gnp("doNotTrack: true"), "NPV212", (3, 32)),
    ("a code without type", rule("protocol: ICMP, icmp: {code: 1}"), "NPV223", (3, 32)),
    ("an unknown staged action", manifest("StagedNetworkPolicy", "spec: {stagedAction: Drop}"), "NPV213", (3, 32)),
    ("a tier with another default action", manifest("Tier", "spec: {defaultAction: Allow}", name="p"), "NPV217", (3, 32)),
    ("a host endpoint without node", manifest("HostEndpoint", "spec: {interfaceName: eth0}"), "NPV240", (3, 32)),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "text", "code", "since"), ABSENT, ids=[row[0] for row in ABSENT])
def test_objects_that_are_not_in_force(fact: str, text: str, code: str, since: tuple[int, int]) -> None:
    """What Felix refuses is absent in every version, what the schema refuses since 3.32; before, it stays an error."""
    found, problems = read(text, mode="raw")
    assert problems.errors == ()
    assert sorted(problem.code for problem in problems.warnings) == sorted(["NPV204", code])
    (told,) = (problem for problem in problems.warnings if problem.code == "NPV204")
    check(text, told, "NPV204", "p", "is not in force", "correct")
    ((refused, span),) = found.refused
    assert (refused.dialect, refused.name, span) == ("calico", "p", told.span)
    assert found.policies + found.tiers + found.hosts == ()
    earlier, problems = read(text, mode="raw", version=(3, 31))
    assert bool(earlier.refused) is (since < (3, 32))
    assert bool(problems.errors) is (since == (3, 32))


ERRORS = [
    ("an unknown field", gnp("oder: 1"), "NPV021"),
    ("a rule whose meaning differs by dataplane", rule("notICMP: {type: 8}"), "NPV225"),
    ("a port that spoils the list", destination('ports: ["a b"]', "protocol: TCP"), "NPV221"),
    ("IPv4 inside IPv6", source('nets: ["::ffff:10.0.0.0/104"]'), "NPV230"),
    ("IPv4 inside a large IPv6 block", source('nets: ["::ffff:0:0/90"]'), "NPV230"),
    ("services beside a selector", source("services: {name: s, namespace: ns}, selector: all()"), "NPV229"),
    ("global() in the subject", gnp("selector: global()"), "NPV252"),
    ("global() with others", source("namespaceSelector: global() || has(a)"), "NPV257"),
    ("two kinds of mistakes", rule("protocol: UDP, icmp: {type: 8}, ipVersion: 5"), "NPV226"),
    ("a selector of blanks", source("selector: ' '"), "NPV251"),
    ("parentheses that fit only with others around", gnp("selector: a == 'b') || (c == 'd'"), "NPV256"),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "text", "code"), ERRORS, ids=[row[0] for row in ERRORS])
def test_objects_whose_meaning_is_not_known(fact: str, text: str, code: str) -> None:
    """They are errors in every mode: an answer would be a guess."""
    found, problems = read(text, mode="raw")
    assert code in [problem.code for problem in problems.errors]
    assert (found.policies, found.refused) == ((), ())


def test_a_block_twice() -> None:
    """The resources of 3.32 refuse it, earlier ones do not mind."""
    text = source("nets: [10.0.0.0/8, 10.0.0.0/8]")
    assert [len(read(text, mode="raw", version=version)[0].refused) for version in ((3, 32), (3, 31))] == [1, 0]
    assert first_rule(text, version=(3, 31)).source.nets == nets("10.0.0.0/8", "10.0.0.0/8")


def test_an_absent_object_hides_no_other() -> None:
    """One policy is absent, the others are read."""
    found, problems = read(source("selector: x"), manifest("NetworkPolicy", "spec: {}", name="q"), mode="raw")
    assert [one.id.name for one in found.policies] == ["q"]
    assert [one[0] for one in found.refused] == [PolicyId("calico", "NetworkPolicy", "default", "p")]
    assert problems.errors == ()


def test_host_endpoints_lose_addresses_that_are_none() -> None:
    """Felix leaves them out."""
    text = manifest("HostEndpoint", "spec: {node: n1, interfaceName: eth0, expectedIPs: [x, 10.0.0.1]}")
    found, problems = read(text, mode="raw")
    check(text, problems.warnings[0], "NPV243", "x,", "leaves it out")
    assert [str(address) for address in found.hosts[0].expected_ips] == ["10.0.0.1"]


def test_failsafe_ports_have_tcp_by_default() -> None:
    """And the protocol may be in lower case."""
    text = manifest(
        "FelixConfiguration", "spec: {failsafeInboundHostPorts: [{port: 22}, {protocol: udp, port: 1}]}", name="default"
    )
    found, problems = read(text, mode="raw")
    assert problems.errors == ()
    assert found.felix is not None
    assert found.felix.failsafe_in is not None
    assert [port.protocol for port in found.felix.failsafe_in] == ["TCP", "UDP"]


def test_who_refuses_what() -> None:
    """An object is absent only if everything that is wrong with it is refused by somebody who looks."""
    assert Way("raw").absent(["NPV250", "NPV210"])
    assert not Way("raw", (3, 31)).absent(["NPV250", "NPV210"])
    assert not Way("raw").absent(["NPV250", "NPV021"])
