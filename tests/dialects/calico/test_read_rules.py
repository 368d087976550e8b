"""Rules of Calico: what each field stands for, and everything that the API server refuses of them."""

from __future__ import annotations

import pytest

from dialects.calico.manifests_of_calico import Bad, check_only, destination, first_rule, manifest, read, rule, source
from npverify.dialects.calico.resources import Accounts, Entity, Http, IcmpMatch, PortMatch, Service
from npverify.dialects.calico.selector import All, Equals, Global, Has
from npverify.inventory.addresses import Prefix
from npverify.normal.policy import Action

BLOCKS = "10.0.0.0/8", "fd00::/8"
V4, V6 = (Prefix.parse(text) for text in BLOCKS)


def egress(text: str, kind: str = "NetworkPolicy") -> str:
    """A policy with one egress rule."""
    return rule(text, direction="egress", kind=kind)


def test_a_rule_without_criteria() -> None:
    """Only the action is needed, everything else is empty then."""
    found = first_rule(rule(""))
    assert found.action is Action.ALLOW
    assert (found.source, found.destination) == (Entity(), Entity())
    assert found[1:6] == (None,) * 5
    assert found.http is None
    assert (found.label, str(found.span)) == ("ingress[0]", "<stdin>:4:18")


@pytest.mark.parametrize("text", ["Allow", "Deny", "Log", "Pass"])
def test_actions(text: str) -> None:
    """The four actions are those of the normal form."""
    assert first_rule(rule("", action=text)).action == Action(text.lower())


PROTOCOLS = {
    "TCP": "TCP", "UDP": "UDP", "SCTP": "SCTP", "ICMP": "ICMP", "ICMPv6": "ICMPv6", "UDPLite": "UDPLite",
    "6": "TCP", "17": "UDP", "132": "SCTP", "136": "UDPLite", "1": "1", "58": "58", "4": "4", "253": "253", "255": "255",
    '"6"': "TCP", '"47"': "47",
}  # fmt: skip


@pytest.mark.parametrize("text", PROTOCOLS)
def test_protocols_have_one_form(text: str) -> None:
    """Names stay, the numbers of protocols with ports become names, others stay numbers."""
    assert first_rule(rule(f"protocol: {text}")).protocol == PROTOCOLS[text]
    assert first_rule(rule(f"notProtocol: {text}")).not_protocol == PROTOCOLS[text]


PORTS: dict[str, PortMatch] = {
    "80": (80, 80), '"80"': (80, 80), '"080"': (80, 80), '"8000:8080"': (8000, 8080), '"1:65535"': (1, 65535), '"80:80"': (80, 80),
    "http": "http", "Web_1.x-y": "Web_1.x-y", "8080-8090": "8080-8090",
}  # fmt: skip


@pytest.mark.parametrize("text", PORTS)
@pytest.mark.parametrize("key", ["ports", "notPorts"])
def test_ports(text: str, key: str) -> None:
    """A port is a number, a range with a colon, or else a name."""
    entity = first_rule(destination(f"{key}: [{text}]", "protocol: TCP")).destination
    assert (entity.ports or entity.not_ports) == (PORTS[text],)
    assert bool(entity.ports) is (key == "ports")


def test_every_field_of_an_entity() -> None:
    """Each field has its place, on both sides."""
    text = (
        "nets: [10.0.0.0/8], notNets: [10.1.0.0/16], selector: a == 'b', notSelector: has(c), "
        'namespaceSelector: all(), serviceAccounts: {names: [u, v], selector: has(d)}, ports: [80, http], notPorts: ["1:9"]'
    )
    wanted = Entity(
        nets=(V4,),
        not_nets=(Prefix.parse("10.1.0.0/16"),),
        selector=Equals("a", "b"),
        not_selector=Has("c"),
        namespace_selector=All(),
        accounts=Accounts(("u", "v"), Has("d")),
        ports=((80, 80), "http"),
        not_ports=((1, 9),),
    )
    assert first_rule(source(text, "protocol: TCP")).source == wanted
    assert first_rule(destination(text, "protocol: TCP")).destination == wanted


def test_absent_is_empty_and_empty_is_not_all() -> None:
    """An empty list or text is as good as none; `{}` of service accounts is told from none; `all()` from an empty text."""
    text = 'nets: [], selector: "", namespaceSelector: null, serviceAccounts: {}, ports: null'
    assert first_rule(source(text)).source == Entity(accounts=Accounts((), None))
    assert first_rule(source("selector: all()")).source.selector == All()


def test_a_rule_about_namespaces_can_be_global() -> None:
    """`global()` may be the whole namespaceSelector of a rule, with blanks in it too."""
    assert first_rule(source("namespaceSelector: global()")).source.namespace_selector == Global()
    assert first_rule(source("namespaceSelector: ' global( ) '")).source.namespace_selector == Global()


def test_services() -> None:
    """A Service stands in the destination of egress and the source of ingress, there with ports."""
    found = first_rule(egress("destination: {services: {name: s, namespace: ns}}"))
    assert found.destination.services == Service("ns", "s")
    found = first_rule(source("services: {name: s, namespace: ns}, ports: [http]"))
    assert (found.source.services, found.source.ports) == (Service("ns", "s"), ("http",))


def test_icmp() -> None:
    """Type 0 is a type, and code 0 a code."""
    found = first_rule(rule("protocol: ICMP, icmp: {type: 0}, notICMP: {type: 8, code: 0}"))
    assert (found.icmp, found.not_icmp) == (IcmpMatch(0, None), IcmpMatch(8, 0))
    assert first_rule(rule("protocol: 58, icmp: {}")).icmp == IcmpMatch(None, None)


def test_ip_version() -> None:
    """A rule may be for one family, with blocks of that family."""
    found = first_rule(source('nets: ["fd00::/8"]', "ipVersion: 6"))
    assert (found.ip_version, found.source.nets) == (6, (V6,))


def test_http() -> None:
    """Methods and paths are kept as they stand."""
    found = first_rule(rule("http: {methods: [GET, '*'], paths: [{exact: /a}, {prefix: /b}]}"))
    assert found.http == Http(("GET", "*"), (("exact", "/a"), ("prefix", "/b")))
    assert first_rule(rule("protocol: 6, http: {}")).http == Http((), ())


def test_metadata_of_a_rule_is_read_over() -> None:
    """Annotations of rules have no effect."""
    assert first_rule(rule("metadata: {annotations: {a: b}}")) == first_rule(rule(" " * 34))


REFUSED = [
    Bad("a field of a rule is misspelt", rule("protocl: TCP"), "NPV021", "protocl", "`protocl`", "`protocol`"),
    Bad("a field of an entity is misspelt", source("net: []"), "NPV021", "net", "`net`", "`nets`"),
    Bad("a field of the Kubernetes API", rule("from: []"), "NPV021", "from", "`from`"),
    Bad("a field of icmp is misspelt", rule("protocol: ICMP, icmp: {typ: 1}"), "NPV021", "typ", "`typ`", "`type`"),
    Bad("a field of services is misspelt", source("services: {name: s, ns: n}"), "NPV021", "ns", "`ns`"),
    Bad("a field of http is misspelt", rule("http: {method: [GET]}"), "NPV021", "method", "`method`", "`methods`"),
    Bad("a field of serviceAccounts is misspelt", source("serviceAccounts: {name: [a]}"), "NPV021", "name", "`name`", "`names`"),
    Bad("rules are a map", manifest("NetworkPolicy", "spec: {ingress: {action: Allow}}"), "NPV020", "{action", "a list"),
    Bad("a rule is null", manifest("NetworkPolicy", "spec: {ingress: [null]}"), "NPV207", "null", "empty item"),
    Bad("a selector is a number", source("selector: 5"), "NPV020", "5", "text"),
    Bad("a selector is a map", source("selector: {app: web}"), "NPV020", "{app", "text", '`app == "web"`'),
    Bad("a namespaceSelector is a map", source("namespaceSelector: {matchLabels: {a: b}}"), "NPV020", "{match", "text", '`a == "b"`'),
    Bad("an action is missing", rule("protocol: TCP", action=""), "NPV210", "{protocol", "`action`", "Allow, Deny"),
    Bad("an action in lower case", rule("", action="allow"), "NPV210", "allow", "`allow`", "`Allow`"),
    Bad("an action that does not exist", rule("", action="Permit"), "NPV210", "Permit", "`Permit`", "Allow, Deny, Log, Pass"),
    Bad("a protocol in lower case", rule("protocol: tcp"), "NPV220", "tcp", "`tcp`", "`TCP`"),
    Bad("a protocol that does not exist", rule("protocol: GRE"), "NPV220", "GRE", "`GRE`", "1 to 255"),
    Bad("protocol 0", rule("protocol: 0"), "NPV220", "0", "0"),
    Bad("protocol 256", rule("protocol: 256"), "NPV221", "256", "256"),
    Bad("a negative protocol", rule("notProtocol: -1"), "NPV221", "-1", "-1"),
    Bad("a protocol that is a boolean", rule("protocol: true"), "NPV020", "true", "a whole number"),
    Bad("numeric ports without protocol", destination("ports: [80]"), "NPV222", "[80]", "`ports` need a protocol", "TCP"),
    Bad("a range without protocol", source('notPorts: [http, "1:2"]'), "NPV222", "[http", "`notPorts` need a protocol"),
    Bad("ports of ICMP", destination("ports: [80]", "protocol: ICMP"), "NPV222", "[80]", "ICMP has no ports"),
    Bad("a named port of protocol 253", destination("ports: [http]", "protocol: 253"), "NPV222", "[http", "253 has no ports"),
    Bad("numeric ports with notProtocol alone", destination("ports: [80]", "notProtocol: TCP"), "NPV222", "[80]", "need a protocol"),
    Bad("port 0", destination("ports: [0]", "protocol: TCP"), "NPV239", "0]", "port 0"),
    Bad("a range from 0", destination('ports: ["0:80"]', "protocol: TCP"), "NPV239", '"0:80"', "port 0"),
    Bad("port 65536", destination("ports: [65536]", "protocol: TCP"), "NPV221", "65536", "65535"),
    Bad("a negative port", destination("ports: [-1]", "protocol: TCP"), "NPV221", "-1", "port -1"),
    Bad("a range that ends before it starts", destination('ports: ["9:8"]', "protocol: TCP"), "NPV221", '"9:8"', "ends before", '"8:9"'),
    Bad("a range up to 65536", destination('ports: ["1:65536"]', "protocol: TCP"), "NPV221", '"1:', "65536"),
    Bad("a port with a blank", destination('ports: ["a b"]', "protocol: TCP"), "NPV221", '"a b"', "`a b`"),
    Bad("an empty port", destination('ports: [""]', "protocol: TCP"), "NPV221", '""', "neither a port"),
    Bad("a list of ports in a text", destination('ports: ["80,81"]', "protocol: TCP"), "NPV221", '"80,81"', "`80,81`"),
    Bad("a port that is a boolean", destination("ports: [true]", "protocol: TCP"), "NPV221", "true", "a number, a range or a name"),
    Bad("a fraction of a port", destination("ports: [80.5]", "protocol: TCP"), "NPV221", "80.5", "a number, a range or a name"),
    Bad("icmp without protocol", rule("icmp: {type: 8}"), "NPV224", "icmp", "needs the protocol", "protocol: ICMP"),
    Bad("icmp with TCP", rule("protocol: TCP, icmp: {type: 8}"), "NPV224", "icmp", "needs the protocol"),
    Bad("an ICMP code without type", rule("protocol: ICMP, icmp: {code: 1}"), "NPV223", "1}", "needs the type"),
    Bad("ICMP type 255", rule("protocol: ICMP, icmp: {type: 255}"), "NPV223", "255", "between 0 and 254"),
    Bad("a negative ICMP type", rule("protocol: ICMP, notICMP: {type: -1}"), "NPV223", "-1", "between 0 and 254"),
    Bad("ICMP code 256", rule("protocol: ICMP, icmp: {type: 1, code: 256}"), "NPV223", "256", "between 0 and 255"),
    Bad("ICMP on IPv6", rule("ipVersion: 6, protocol: ICMP"), "NPV224", "ICMP", "of IPv4", "ipVersion: 4"),
    Bad("protocol 1 on IPv6", rule("ipVersion: 6, protocol: 1"), "NPV224", "1", "of IPv4"),
    Bad("ICMPv6 on IPv4", rule("ipVersion: 4, protocol: ICMPv6"), "NPV224", "ICMPv6", "of IPv6", "ipVersion: 6"),
    Bad("all but ICMP on IPv6", rule("ipVersion: 6, notProtocol: ICMP"), "NPV224", "ICMP", "`notProtocol: ICMP`"),
    Bad("all but protocol 58 on IPv4", rule("ipVersion: 4, notProtocol: 58"), "NPV224", "58", "`notProtocol: 58`"),
    Bad("notICMP without protocol", rule("notICMP: {type: 8}"), "NPV225", "notICMP", "not modelled", "protocol: ICMP"),
    Bad("notICMP with UDP", rule("protocol: UDP, notICMP: {type: 8}"), "NPV225", "notICMP", "not modelled"),
    Bad("IP version 5", rule("ipVersion: 5"), "NPV226", "5", "IP version 5", "4 or 6"),
    Bad("http in a Deny rule", rule("http: {methods: [GET]}", action="Deny"), "NPV227", "http", "action Deny"),
    Bad("http in a Pass rule", rule("http: {methods: [GET]}", action="Pass"), "NPV227", "http", "action Pass"),
    Bad("http in a Log rule", rule("http: {methods: [GET]}", action="Log"), "NPV227", "http", "action Log"),
    Bad("http in egress", egress("http: {methods: [GET]}"), "NPV227", "http", "egress"),
    Bad("http with UDP", rule("protocol: UDP, http: {methods: [GET]}"), "NPV227", "UDP", "needs protocol TCP"),
    Bad("a method twice", rule("http: {methods: [GET, GET]}"), "NPV228", "[GET", "twice"),
    Bad("a path without kind", rule("http: {paths: [{}]}"), "NPV228", "{}]", "neither `exact` nor `prefix`"),
    Bad("a path with both kinds", rule("http: {paths: [{exact: /a, prefix: /b}]}"), "NPV228", "{exact", "both `exact` and `prefix`"),
    Bad("a path without slash", rule("http: {paths: [{exact: a}]}"), "NPV228", "a}", "`a` is not a path"),
    Bad("a path with a query", rule("http: {paths: [{prefix: /a?b}]}"), "NPV228", "/a?b", "`/a?b` is not a path"),
    Bad("a path with a fragment", rule('http: {paths: [{prefix: "/a#b"}]}'), "NPV228", '"/a#b"', "not a path"),
    Bad("a long path", rule(f"http: {{paths: [{{prefix: /{'a' * 1024}}}]}}"), "NPV228", "/aaaa", "1025 characters", "shorten"),
    Bad("21 methods", rule(f"http: {{methods: [{', '.join(f'M{n}' for n in range(21))}]}}"), "NPV228", "[M0", "21 items"),
    Bad("services in the source of egress", egress("source: {services: {name: s, namespace: ns}}"), "NPV229", "services", "source of an egress", "`destination`"),
    Bad("services in the destination of ingress", destination("services: {name: s, namespace: ns}"), "NPV229", "services", "destination of an ingress", "`source`"),
    Bad("services without name", source("services: {namespace: ns}"), "NPV229", "services", "name of a Service"),
    Bad("services with an empty name", source('services: {name: "", namespace: ns}'), "NPV229", "services", "name of a Service"),
    Bad("services with a name that none can have", source("services: {name: S, namespace: ns}"), "NPV229", "S,", "`S`"),
    Bad("services of a GlobalNetworkPolicy without namespace", rule("source: {services: {name: s}}", kind="GlobalNetworkPolicy"), "NPV229", "services", "needs a namespace"),
    Bad("services beside a selector", source("services: {name: s, namespace: ns}, selector: all()"), "NPV229", "selector", "`selector` cannot stand beside"),
    Bad("services beside a notSelector", source("services: {name: s, namespace: ns}, notSelector: all()"), "NPV229", "notSelector", "`notSelector` cannot"),
    Bad("services beside a namespaceSelector", source("services: {name: s, namespace: ns}, namespaceSelector: all()"), "NPV229", "namespaceSelector", "cannot"),
    Bad("services beside nets", source("services: {name: s, namespace: ns}, nets: [10.0.0.0/8]"), "NPV229", "nets", "`nets` cannot"),
    Bad("services beside notNets", source("services: {name: s, namespace: ns}, notNets: [10.0.0.0/8]"), "NPV229", "notNets", "`notNets` cannot"),
    Bad("services beside serviceAccounts", source("services: {name: s, namespace: ns}, serviceAccounts: {}"), "NPV229", "serviceAccounts", "cannot"),
    Bad("services beside ports of a destination", egress("protocol: TCP, destination: {services: {name: s, namespace: ns}, ports: [80]}"), "NPV229", "ports", "`ports` cannot", "those of the Service"),
    Bad("services beside notPorts of a destination", egress("protocol: TCP, destination: {services: {name: s, namespace: ns}, notPorts: [80]}"), "NPV229", "notPorts", "`notPorts` cannot"),
    Bad("a bare address", source("nets: [10.0.0.1]"), "NPV230", "10.0.0.1]", "no prefix length", "`10.0.0.1/32`"),
    Bad("a bare IPv6 address", source('notNets: ["fd00::1"]'), "NPV230", '"fd00::1"', "no prefix length", "`fd00::1/128`"),
    Bad("bits behind the prefix", source("nets: [10.0.0.1/8]"), "NPV230", "10.0.0.1/8", "bits behind", "`10.0.0.0/8`"),
    Bad("no block", source("nets: [ten]"), "NPV230", "ten", "IPv4 or IPv6", "10.0.0.0/8"),
    Bad("a block with leading zeros", source("nets: [010.0.0.0/8]"), "NPV230", "010", "leading zeros"),
    Bad("IPv4 inside IPv6", source('nets: ["::ffff:10.0.0.0/104"]'), "NPV230", '"::ffff', "IPv6"),
    Bad("a block that is a number", source("nets: [10]"), "NPV020", "10]", "text"),
    Bad("a block twice", source("nets: [10.0.0.0/8, 10.0.0.0/8]"), "NPV237", "10.0.0.0/8]", "twice"),
    Bad("both families in one list", source('nets: [10.0.0.0/8, "fd00::/8"]'), "NPV231", "[10", "IPv4 and IPv6", "each family"),
    Bad("both families in two lists", source('nets: [10.0.0.0/8], notNets: ["fd00::/8"]'), "NPV231", '["fd00', "with `notNets`"),
    Bad("both families on two sides", rule('source: {nets: [10.0.0.0/8]}, destination: {nets: ["fd00::/8"]}'), "NPV231", '["fd00', "IPv4 and IPv6"),
    Bad("a family against ipVersion", source("nets: [10.0.0.0/8]", "ipVersion: 6"), "NPV231", "[10", "is for IPv6 and `nets` is not"),
    Bad("every IPv4 address excluded", source("notNets: [0.0.0.0/0]"), "NPV232", "[0.0", "never matches"),
    Bad("every IPv6 address excluded", source('notNets: ["::/0"]'), "NPV232", '["::', "never matches"),
    Bad("a quote in the name of a service account", source("serviceAccounts: {names: [\"a'b\"]}"), "NPV249", '"a', "`a'b`"),
    Bad("a service account twice", source("serviceAccounts: {names: [a, a]}"), "NPV237", "a]", "twice"),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSED, ids=[row.fact for row in REFUSED])
def test_a_rule_is_refused(row: Bad) -> None:
    """One error, at its place, with a mend; and the policy is left out."""
    found, problems = read(row.text)
    check_only(row.text, problems.errors, row)
    assert found.policies == ()


def test_catch_alls_in_not_nets_are_refused_since_3_31() -> None:
    """Before, they were taken, and the rule matched nothing."""
    text = source("notNets: [0.0.0.0/0]")
    found, problems = read(text, version=(3, 30))
    assert problems.errors == ()
    assert [problem.code for problem in problems.warnings] == ["NPV232"]
    assert len(found.policies) == 1


def test_limits_of_http_are_those_of_3_32() -> None:
    """Earlier versions take more methods and longer paths."""
    methods = ", ".join(f"M{n}" for n in range(21))
    text = rule(f"http: {{methods: [{methods}], paths: [{{prefix: /{'a' * 1024}}}]}}")
    assert len(first_rule(text, version=(3, 31)).http or ()) == 2


WARNED = [
    Bad("a name that looks like a range", destination("ports: [8080-8090]", "protocol: TCP"), "NPV235", "8080-8090", "name of a port", '"8080:8090"'),
    Bad("services without namespace", source("services: {name: s}"), "NPV234", "{name", "matches nothing", "`namespace: default`"),
    Bad("a code in notICMP", rule("protocol: ICMP, notICMP: {type: 8, code: 0}"), "NPV209", "code", "nftables", "two rules"),
    Bad("domains", egress("destination: {domains: [a.example]}"), "NPV236", "domains", "not known", "`nets`"),
    Bad("an account that none can be", source("serviceAccounts: {names: [A]}"), "NPV249", "A]", "`A`"),
    Bad("an exception twice", source("notNets: [10.0.0.0/8, 10.0.0.0/8]"), "NPV237", "10.0.0.0/8]", "newer versions"),
    Bad("51 ports", destination(f"ports: {list(range(1, 52))}", "protocol: TCP"), "NPV238", "[1,", "51 items", "split"),
    Bad("257 blocks", source(f"nets: [{', '.join(f'10.0.{n // 256}.{n % 256}/32' for n in range(257))}]"), "NPV238", "[10", "257 items"),
    Bad("1025 rules", manifest("NetworkPolicy", f"spec: {{ingress: [{', '.join(['{action: Allow}'] * 1025)}]}}"), "NPV238", "[{action", "1025 items"),
]  # fmt: skip


@pytest.mark.parametrize("row", WARNED, ids=[row.fact for row in WARNED])
def test_a_rule_is_warned_of(row: Bad) -> None:
    """What is taken and may not mean what it seems is told."""
    found, problems = read(row.text)
    assert problems.errors == ()
    check_only(row.text, problems.warnings, row)
    assert len(found.policies) == 1


def test_domains_are_kept() -> None:
    """What `domains` matches is open, so it must not get lost."""
    assert first_rule(egress("destination: {domains: [a.example, '*.b']}")).destination.domains == ("a.example", "*.b")


def test_all_mistakes_of_a_run_are_told() -> None:
    """Several rules and objects, each with its errors, in the order of the file."""
    text = rule("protocol: tcp, source: {selector: a = 'b', nets: [x]}, destination: {ports: [0]}") + "---\n"
    text += manifest("Tier", "spec: {order: x, defaultAction: Drop}")
    _, problems = read(text)
    assert [problem.code for problem in problems.errors] == [
        "NPV220", "NPV250", "NPV230", "NPV239", "NPV215", "NPV217",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["GlobalNetworkPolicy", "StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "Profile"])
def test_rules_of_other_kinds_are_checked_too(kind: str) -> None:
    """Every kind that has rules has these rules."""
    for direction in ("ingress", "egress"):
        text = rule("protocol: tcp, metadata: {annotations: {a: b}}", direction=direction, kind=kind)
        _, problems = read(text)
        assert [problem.code for problem in problems.errors] == ["NPV220"]
