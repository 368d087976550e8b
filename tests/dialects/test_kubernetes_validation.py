"""What the API server refuses: each rule with its code, its position and its mend."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from helpers import documents
from npverify.dialects import lower, profile
from npverify.ingest.source import Diagnostic, Problems
from npverify.inventory.build import build

HEAD = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: rules, namespace: harbor}\n"


class Bad(NamedTuple):
    """A spec (or a whole document), the code, the text that the position points at, and words of message and fix."""

    fact: str
    text: str
    code: str
    at: str
    says: str
    fix: str = ""


def rule(peer_or_port: str) -> str:
    """A spec with one rule."""
    return f"spec: {{podSelector: {{}}, ingress: [{{{peer_or_port}}}]}}"


def match(expression: str) -> str:
    """A spec whose podSelector has one expression."""
    return f"spec: {{podSelector: {{matchExpressions: [{{{expression}}}]}}}}"


def labels(text: str) -> str:
    """A spec whose podSelector has labels."""
    return f"spec: {{podSelector: {{matchLabels: {{{text}}}}}}}"


def block(text: str) -> str:
    """A spec with one address block."""
    return rule(f"from: [{{ipBlock: {{{text}}}}}]")


def port(text: str) -> str:
    """A spec with one port entry."""
    return rule(f"ports: [{{{text}}}]")


SPECS = [
    Bad("a field of the spec is misspelt", "spec: {podselector: {}}", "NPV021", "podselector", "`podselector`", "`podSelector`"),
    Bad("a field of a rule is misspelt", rule("form: []"), "NPV021", "form", "`form`", "`from`"),
    Bad("to stands in an ingress rule", rule("to: []"), "NPV021", "to", "`to`", "ports, from"),
    Bad("a field of a peer is misspelt", rule("from: [{ipblock: {}}]"), "NPV021", "ipblock", "`ipblock`", "`ipBlock`"),
    Bad("a field of a block is misspelt", block("cidr: 10.0.0.0/8, exept: []"), "NPV021", "exept", "`exept`", "`except`"),
    Bad("a field of a port is misspelt", port("prot: 80"), "NPV021", "prot", "`prot`", "`port`"),
    Bad("a field of a selector is misspelt", "spec: {podSelector: {matchLabel: {}}}", "NPV021", "matchLabel", "`matchLabel`", "`matchLabels`"),
    Bad("a field of an expression is misspelt", match("key: a, op: Exists, operator: Exists"), "NPV021", "op", "`op`"),
    Bad("the spec is a list", "spec: [a]", "NPV020", "[a]", "a map"),
    Bad("rules are a map", "spec: {ingress: {from: []}}", "NPV020", "{from", "a list"),
    Bad("policyTypes are a text", "spec: {policyTypes: Ingress}", "NPV020", "Ingress", "a list"),
    Bad("a label value is a number", labels("v: 1"), "NPV020", "1", "text", "quotes"),
    Bad("a port is a boolean", port("port: true"), "NPV020", "true", "a whole number"),
    Bad("a port is a fraction", port("port: 80.5"), "NPV020", "80.5", "a whole number"),
    Bad("an exception is a number", block("cidr: 10.0.0.0/8, except: [7]"), "NPV020", "7", "text"),
    Bad("a policy type is in lower case", "spec: {policyTypes: [ingress]}", "NPV057", "ingress", "`ingress`", "`Ingress`"),
    Bad("a policy type does not exist", "spec: {policyTypes: [Inbound]}", "NPV057", "Inbound", "`Inbound`", "`Ingress` or `Egress`"),
    Bad("three policy types", "spec: {policyTypes: [Egress, Egress, Ingress]}", "NPV058", "[Egress", "more than two"),
    Bad("an empty peer", rule("from: [{}]"), "NPV060", "{}", "peer", "namespaceSelector: {}"),
    Bad("a peer of nulls", rule("from: [{podSelector: null}]"), "NPV060", "{podSelector", "peer"),
    Bad("a block beside a selector", rule("from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]"), "NPV061", "ipBlock", "selector", "two list items"),
    Bad("a block without cidr", block("except: []"), "NPV062", "{except", "`cidr`"),
    Bad("an empty cidr", block('cidr: ""'), "NPV062", '""', "`cidr`"),
    Bad("an address instead of a block", block("cidr: 10.0.0.1"), "NPV062", "10.0.0.1", "no prefix length", "`10.0.0.1/32`"),
    Bad("an IPv6 address instead of a block", block('cidr: "fd00::1"'), "NPV062", '"fd00::1"', "no prefix length", "`fd00::1/128`"),
    Bad("a block with a large prefix length", block("cidr: 10.0.0.0/33"), "NPV062", "10.0.0.0/33", "0 to 32"),
    Bad("a block with a netmask", block("cidr: 10.0.0.0/255.0.0.0"), "NPV062", "10.0.0.0/255", "prefix length"),
    Bad("a block with a large octet", block("cidr: 10.0.0.256/32"), "NPV062", "10.0.0.256", "above 255"),
    Bad("a block with a zone", block('cidr: "fe80::1%eth0/64"'), "NPV062", '"fe80', "zone"),
    Bad("a block that is a name", block("cidr: example.com/24"), "NPV062", "example.com", "IPv4 or IPv6"),
    Bad("an exception that is no block", block("cidr: 10.0.0.0/8, except: [ten]"), "NPV062", "ten", "no prefix length"),
    Bad("a block with bits behind its prefix", block("cidr: 10.0.0.5/24"), "NPV063", "10.0.0.5/24", "bits behind", "`10.0.0.0/24`"),
    Bad("a block with leading zeros", block("cidr: 010.0.0.0/8"), "NPV063", "010", "octal", "`10.0.0.0/8`"),
    Bad("an exception with leading zeros", block("cidr: 10.0.0.0/8, except: [10.0.0.0/016]"), "NPV063", "10.0.0.0/016", "octal"),
    Bad("an IPv4 block written as IPv6", block('cidr: "::ffff:10.0.0.0/104"'), "NPV063", '"::ffff', "IPv4", "`10.0.0.0/8`"),
    Bad("an exception as large as its block", block("cidr: 10.0.0.0/8, except: [10.0.0.0/8]"), "NPV065", "10.0.0.0/8]", "smaller"),
    Bad("an exception outside its block", block("cidr: 10.0.0.0/8, except: [10.0.0.0/9, 11.0.0.0/9]"), "NPV065", "11.0.0.0/9", "`11.0.0.0/9`"),
    Bad("an exception larger than its block", block("cidr: 10.1.0.0/16, except: [10.0.0.0/8]"), "NPV065", "10.0.0.0/8]", "smaller"),
    Bad("an exception of the other family", block('cidr: 10.0.0.0/8, except: ["fd00::/9"]'), "NPV065", '"fd00', "smaller"),
    Bad("a label key with two slashes", labels("a/b/c: d"), "NPV066", "a/b/c", "`a/b/c`"),
    Bad("a label key with an empty prefix", labels("/c: d"), "NPV066", "/c", "`/c`"),
    Bad("a label key with an upper-case prefix", labels("A.b/c: d"), "NPV066", "A.b/c", "`A.b/c`"),
    Bad("a label key of 64 characters", labels(f"{'k' * 64}: d"), "NPV066", "kkkk", "kkkk"),
    Bad("an expression with a bad key", match("key: a b, operator: Exists"), "NPV066", "a b", "`a b`"),
    Bad("an expression without key", match("operator: Exists"), "NPV066", "{operator", "`key`"),
    Bad("a label value of 64 characters", labels(f"a: {'v' * 64}"), "NPV067", "vvvv", "vvvv"),
    Bad("a label value with a dash in front", labels("a: -x"), "NPV067", "-x", "`-x`"),
    Bad("a label value with a space in an expression", match("key: a, operator: In, values: [b c]"), "NPV067", "b c", "`b c`"),
    Bad("an operator in lower case", match("key: a, operator: in, values: [b]"), "NPV068", "in,", "`in`", "`In`"),
    Bad("an operator of another API", match("key: a, operator: Gt, values: ['1']"), "NPV068", "Gt", "`Gt`", "NotIn"),
    Bad("an expression without operator", match("key: a"), "NPV068", "{key", "`operator`"),
    Bad("In without values", match("key: a, operator: In"), "NPV069", "In", "`In`", "at least one"),
    Bad("NotIn with empty values", match("key: a, operator: NotIn, values: []"), "NPV069", "[]", "`NotIn`"),
    Bad("Exists with values", match("key: a, operator: Exists, values: [b]"), "NPV070", "[b]", "`Exists`"),
    Bad("DoesNotExist with values", match("key: a, operator: DoesNotExist, values: [b]"), "NPV070", "[b]", "`DoesNotExist`"),
    Bad("a protocol in lower case", port("protocol: tcp"), "NPV071", "tcp", "`tcp`", "`TCP`"),
    Bad("an empty protocol", port('protocol: ""'), "NPV071", '""', "``", "TCP, UDP or SCTP"),
    Bad("a protocol without ports", port("protocol: ICMP"), "NPV071", "ICMP", "`ICMP`", "TCP, UDP or SCTP"),
    Bad("port 0", port("port: 0"), "NPV072", "0", "port 0"),
    Bad("port 65536", port("port: 65536"), "NPV072", "65536", "65535"),
    Bad("a negative port", port("port: -1"), "NPV072", "-1", "port -1"),
    Bad("a number in quotes", port('port: "80"'), "NPV073", '"80"', "`80`", "without quotes: 80"),
    Bad("an empty port name", port('port: ""'), "NPV073", '""', "name of a port"),
    Bad("a port name in upper case", port("port: Web"), "NPV073", "Web", "`Web`"),
    Bad("a port name with two dashes", port("port: a--b"), "NPV073", "a--b", "`a--b`"),
    Bad("a port name with a dash in front", port("port: -a"), "NPV073", "-a", "`-a`"),
    Bad("a port name of 16 characters", port(f"port: {'p' * 16}"), "NPV073", "pppp", "pppp"),
    Bad("a range that ends before it starts", port("port: 80, endPort: 79"), "NPV074", "79", "`endPort` 79, `port` 80", "swap"),
    Bad("a range without start", port("endPort: 80"), "NPV074", "80", "needs `port`"),
    Bad("a range that starts with a name", port("port: web, endPort: 90"), "NPV074", "90", "`web`"),
    Bad("a range that ends too high", port("port: 80, endPort: 65536"), "NPV074", "65536", "65535"),
]  # fmt: skip

NETWORKING = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"

DOCUMENTS = [
    Bad("metadata is misspelt", f"{NETWORKING}metadat: {{name: a}}\nspec: {{}}", "NPV021", "metadat", "`metadat`", "`metadata`"),
    Bad("the name is misspelt", f"{NETWORKING}metadata: {{nam: a}}", "NPV021", "nam", "`nam`", "`name`"),
    Bad("spec is misspelt", f"{NETWORKING}metadata: {{name: a}}\nSpec: {{}}", "NPV021", "Spec", "`Spec`", "`spec`"),
    Bad("there is no metadata", f"{NETWORKING}spec: {{}}", "NPV050", "apiVersion", "`metadata.name`", "give the policy a name"),
    Bad("there is no name", f"{NETWORKING}metadata: {{namespace: a}}", "NPV050", "{namespace", "`metadata.name`"),
    Bad("the name is left to the server", f"{NETWORKING}metadata: {{generateName: a-}}", "NPV050", "{generateName", "`metadata.name`", "generateName"),
    Bad("the name is empty", f'{NETWORKING}metadata: {{name: ""}}', "NPV050", "{name", "`metadata.name`"),
    Bad("the name is in upper case", f"{NETWORKING}metadata: {{name: Rules}}", "NPV050", "Rules", "`Rules`"),
    Bad("the name is too long", f"{NETWORKING}metadata: {{name: {'n' * 254}}}", "NPV050", "nnnn", "nnnn"),
    Bad("the namespace has a dot", f"{NETWORKING}metadata: {{name: a, namespace: b.c}}", "NPV051", "b.c", "`b.c`"),
    Bad("the namespace is too long", f"{NETWORKING}metadata: {{name: a, namespace: {'n' * 64}}}", "NPV051", "nnnn", "nnnn"),
    Bad("an annotation is a boolean", f"{NETWORKING}metadata: {{name: a, annotations: {{b: true}}}}", "NPV020", "true", "text"),
    Bad("the API group is the old one", "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}", "NPV053", "extensions/v1beta1", "`extensions/v1beta1`", "networking.k8s.io/v1"),
    Bad("the API version does not exist", "apiVersion: networking.k8s.io/v2\nkind: NetworkPolicy\nmetadata: {name: a}", "NPV053", "networking.k8s.io/v2", "`networking.k8s.io/v2`", "networking.k8s.io/v1"),
    Bad("the API group is left out", "apiVersion: v1\nkind: NetworkPolicy\nmetadata: {name: a}", "NPV053", "v1", "`v1`", "networking.k8s.io/v1"),
    Bad("the kind is misspelt", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolice\nmetadata: {name: a}", "NPV056", "NetworkPolice", "`NetworkPolice`", "`NetworkPolicy`"),
]  # fmt: skip


def told(text: str, **assume: str) -> Problems:
    """The problems of one input."""
    problems = Problems()
    lowered = lower(documents(text), profile("kubernetes", assume), problems, build(documents(text), Problems()))
    assert bool(problems.errors) or lowered.ids, "a policy without error is lowered"
    return problems


def check(bad: Bad, text: str) -> None:
    """There is one error, and it is the expected one at the expected place."""
    (found,) = told(text).errors
    assert (found.code, bad.says in found.message, bad.fix in found.fix) == (bad.code, True, True), found
    assert pointed(found, text).startswith(bad.at)
    assert found.message[0] == "`" or found.message[0].islower()


def pointed(found: Diagnostic, text: str) -> str:
    """The text from the position on."""
    assert found.span is not None
    assert found.excerpt == text.splitlines()[found.span.line - 1]
    return found.excerpt[found.span.column - 1 :]


@pytest.mark.parametrize("bad", [pytest.param(b, id=b.fact) for b in SPECS])
def test_a_wrong_spec_is_refused_where_it_is_wrong(bad: Bad) -> None:
    """Each wrong spec gives one error with its code, at the text that is wrong, with a way to mend it."""
    check(bad, HEAD + bad.text)


@pytest.mark.parametrize("bad", [pytest.param(b, id=b.fact) for b in DOCUMENTS])
def test_a_wrong_document_is_refused_where_it_is_wrong(bad: Bad) -> None:
    """Each wrong object gives one error with its code, at the text that is wrong, with a way to mend it."""
    check(bad, bad.text)


def test_everything_wrong_is_told_at_once() -> None:
    """A policy with several defects gets one error for each, in the order of the text."""
    spec = (
        "spec:\n  podSelector: {matchLabels: {a: -}}\n  policyTypes: [ingres]\n"
        "  ingress:\n  - from:\n    - {}\n    ports:\n    - {port: 0}\n    - {protocol: tcp}\n"
    )
    assert [d.code for d in told(HEAD + spec).errors] == ["NPV067", "NPV057", "NPV060", "NPV072", "NPV071"]


def test_a_policy_cannot_be_defined_twice() -> None:
    """The second of two policies of one name is an error that tells where the first is."""
    (found,) = told(f"{HEAD}---\n{HEAD}").errors
    assert found.code == "NPV052"
    assert "<stdin>:3:" in found.message
    assert found.span is not None
    assert found.span.line == 7


def test_one_name_in_two_namespaces_is_two_policies() -> None:
    """The namespace is part of the name of a policy."""
    assert not told(HEAD + "---\n" + HEAD.replace("harbor", "market")).errors


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("spec: {ingress: [null]}", "null]", id="a null rule"),
        pytest.param("spec: {egress: [{ports: [null]}]}", "null]", id="a null port"),
    ],
)
def test_null_items_are_worth_a_warning(text: str, line: str) -> None:
    """A null item of a list of rules or ports has a meaning, which the user may not have wanted."""
    (found,) = told(HEAD + text).warnings
    assert found.code == "NPV059"
    assert pointed(found, HEAD + text).startswith(line)


def test_a_null_peer_names_nobody() -> None:
    """A null item of `from` is an empty peer, which is refused."""
    assert [d.code for d in told(HEAD + "spec: {ingress: [{from: [null]}]}").errors] == ["NPV060"]


@pytest.mark.parametrize(
    ("cidr", "read"),
    [
        pytest.param("10.0.0.5/24", "10.0.0.0/24", id="bits are masked"),
        pytest.param("010.020.0.0/16", "10.20.0.0/16", id="zeros are decimal"),
        pytest.param("10.0.0.0/08", "10.0.0.0/8", id="zeros in the length too"),
        pytest.param("::ffff:10.0.0.0/104", "10.0.0.0/8", id="IPv4 is IPv4"),
    ],
)
def test_loose_blocks_are_told_how_they_are_read(cidr: str, read: str) -> None:
    """Without strict checks an ambiguous block is read in one way, which a warning tells."""
    problems = told(HEAD + block(f'cidr: "{cidr}"'), strict_cidr="false")
    (found,) = problems.warnings
    assert not problems.errors
    assert found.code == "NPV064"
    assert f"read as `{read}`" in found.message


def test_an_unusual_spelling_of_a_block_is_worth_a_warning() -> None:
    """An IPv6 block in capitals is legal and read as it stands."""
    problems = told(HEAD + block('cidr: "FD00::/8"'))
    assert not problems.errors
    assert [d.code for d in problems.warnings] == ["NPV064"]
    assert "`fd00::/8`" in problems.warnings[0].message


LEGAL = [
    pytest.param("spec: null", id="a null spec"),
    pytest.param("spec: {podSelector: null, ingress: null, egress: null, policyTypes: null}", id="null fields"),
    pytest.param("spec: {podSelector: {matchLabels: null, matchExpressions: null}}", id="null parts of a selector"),
    pytest.param(labels('a: ""'), id="an empty label value"),
    pytest.param(labels("app.kubernetes.io/name: A_b.c-D"), id="a label key with a prefix"),
    pytest.param(match("key: a, operator: In, values: ['', b]"), id="an empty text among values"),
    pytest.param(match("key: a, operator: Exists, values: []"), id="Exists with empty values"),
    pytest.param(rule("from: [{podSelector: {}, namespaceSelector: {}}]"), id="two empty selectors"),
    pytest.param(block("cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.0.0.0/9]"), id="exceptions that overlap"),
    pytest.param(block('cidr: "::/0", except: ["fd00::/8"]'), id="an IPv6 block"),
    pytest.param(port("port: 1, endPort: 65535"), id="all ports as a range"),
    pytest.param(port("port: a1-b, protocol: SCTP"), id="a named SCTP port"),
    pytest.param("spec: {policyTypes: [Ingress], egress: [{}]}", id="rules of an inert direction"),
    pytest.param("spec: {}\nstatus: {conditions: []}", id="a status of an old server"),
]


@pytest.mark.parametrize("text", LEGAL)
def test_legal_policies_are_not_refused(text: str) -> None:
    """What the API server accepts gives neither error nor warning."""
    problems = told(HEAD + text)
    assert not problems.errors + problems.warnings
