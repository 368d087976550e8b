"""Tiers, network sets, host endpoints, profiles and the FelixConfiguration: what is read of them, and what is refused."""

from __future__ import annotations

import pytest

from dialects.calico.manifests_of_calico import STORED, Bad, check_only, manifest, read, resources
from npverify.dialects.calico.resources import Failsafe, Felix, HostEndpoint, HostPort, NetworkSet, Resources, Tier
from npverify.inventory.addresses import Address, Prefix
from npverify.normal.policy import Action, PolicyId

TEN, ONE = Prefix.parse("10.0.0.0/8"), Prefix.parse("10.0.0.1/32")


def tier(text: str, name: str = "top") -> str:
    """A tier with this spec."""
    return manifest("Tier", f"spec: {{{text}}}", name=name)


def host(text: str) -> str:
    """A host endpoint with this spec."""
    return manifest("HostEndpoint", f"spec: {{{text}}}")


def net_set(text: str, kind: str = "NetworkSet", labels: str = "") -> str:
    """A set of addresses with this spec and labels."""
    return f"apiVersion: projectcalico.org/v3\nkind: {kind}\nmetadata: {{name: p, labels: {{{labels}}}}}\nspec: {{{text}}}\n"


def felix(text: str, name: str = "default") -> str:
    """The configuration of Felix with this spec."""
    return manifest("FelixConfiguration", f"spec: {{{text}}}", name=name)


def port(text: str) -> str:
    """A host endpoint with one port."""
    return host(f"node: n1, interfaceName: '*', ports: [{{{text}}}]")


TIERS = [
    ("", None, Action.DENY),
    ("order: null, defaultAction: null", None, Action.DENY),
    ("order: 5", 5.0, Action.DENY),
    ("order: 0.5, defaultAction: Pass", 0.5, Action.PASS),
    ("order: -3, defaultAction: Deny", -3.0, Action.DENY),
]


@pytest.mark.parametrize(("text", "order", "action"), TIERS)
def test_tiers(text: str, order: float | None, action: Action) -> None:
    """Order is last and the default action Deny where they are absent."""
    (found,) = resources(tier(text)).tiers
    assert found == Tier("top", order, action, found.span)
    assert str(found.span) == "<stdin>:3:18"


BUILT_IN = [
    ("default", "order: 1000000", (3, 32)),
    ("default", "order: 1e6, defaultAction: Deny", (3, 32)),
    ("kube-admin", "order: 1000, defaultAction: Pass", (3, 32)),
    ("kube-baseline", "order: 10000000, defaultAction: Pass", (3, 32)),
    ("default", "order: 1000000, defaultAction: Pass", (3, 31)),
    ("adminnetworkpolicy", "order: 1000, defaultAction: Deny", (3, 30)),
    ("kube-admin", "order: 7", (3, 31)),
    ("adminnetworkpolicy", "order: 7", (3, 32)),
]


@pytest.mark.parametrize(("name", "text", "version"), BUILT_IN)
def test_tiers_that_are_there_by_themselves(name: str, text: str, version: tuple[int, int]) -> None:
    """They may be written down as they are; other versions have others."""
    assert len(resources(tier(text, name), version=version).tiers) == 1


def test_tiers_and_their_versions() -> None:
    """Up to 3.28 there is no resource Tier; built-in tiers had another order for none."""
    _, problems = read(tier(""), version=(3, 28))
    assert [(one.code, one.span and one.span.line) for one in problems.errors] == [("NPV208", 2)]
    _, problems = read(tier("order: 7", "adminnetworkpolicy"), version=(3, 31))
    assert [one.code for one in problems.errors] == ["NPV218"]


def test_sets() -> None:
    """A set has labels and addresses; those need not be masked nor have a prefix length."""
    (found,) = resources(net_set('nets: [10.0.0.0/8, 10.0.0.1, "fd00::1", 0.0.0.0/0, 10.9.9.9/8]', labels="a: b")).sets
    nets = tuple(Prefix.parse(text) for text in ("10.0.0.0/8", "10.0.0.1/32", "fd00::1/128", "0.0.0.0/0", "10.0.0.0/8"))
    assert found == NetworkSet(PolicyId("calico", "NetworkSet", "default", "p"), {"a": "b"}, nets, (), found.span)
    (found,) = resources(net_set("", "GlobalNetworkSet")).sets
    assert (found.id, found.nets) == (PolicyId("calico", "GlobalNetworkSet", "", "p"), ())


def test_domains_of_sets() -> None:
    """They belong to the commercial editions and are kept with a warning."""
    text = net_set("allowedEgressDomains: [a.example]")
    found, problems = read(text)
    check_only(text, problems.warnings, Bad("", text, "NPV236", "allowedEgressDomains", "not known", "`nets`"))
    assert found.sets[0].domains == ("a.example",)


def test_labels_of_stored_objects() -> None:
    """The datastore keeps labels in an annotation; those win over the ones beside it."""
    text = (
        f"apiVersion: {STORED}\nkind: GlobalNetworkSet\nmetadata:\n  name: default.p\n  labels: {{a: x, b: y1}}\n"
        '  annotations: {projectcalico.org/metadata: \'{"labels": {"a": "z", "c": "w"}}\'}\nspec: {nets: []}\n'
    )
    (found,) = resources(text).sets
    assert found.labels == {"a": "z", "b": "y1", "c": "w"}
    assert found.id.name == "default.p"


def test_host_endpoints() -> None:
    """Node, interface, addresses, profiles, named ports and labels."""
    text = host(
        "node: n1, interfaceName: eth0, expectedIPs: [10.0.0.1, 'fd00::1'], profiles: [a, kns.b], "
        "ports: [{name: http, protocol: TCP, port: 80}, {name: dns, protocol: 17, port: 53}]"
    )
    (found,) = resources(text).hosts
    addresses = (Address.parse("10.0.0.1"), Address.parse("fd00::1"))
    ports = (HostPort("http", "TCP", 80), HostPort("dns", "UDP", 53))
    assert found == HostEndpoint("p", "n1", "eth0", addresses, ("a", "kns.b"), ports, {}, found.span)
    assert resources(host("node: n1, interfaceName: '*'")).hosts[0].interface == "*"
    assert resources(host("node: n1, expectedIPs: [10.0.0.1]")).hosts[0].interface == ""


def test_profiles() -> None:
    """Rules of both directions, and labels for the endpoints."""
    text = manifest("Profile", "spec: {labelsToApply: {a: b}, ingress: [{action: Pass}], egress: [{action: Deny}]}")
    (found,) = resources(text).profiles
    assert (found.name, found.labels) == ("p", {"a": "b"})
    assert [rule.action for rule in found.ingress + found.egress] == [Action.PASS, Action.DENY]


FELIX = [
    ("", Felix()),
    ("failsafeInboundHostPorts: []", Felix(failsafe_in=())),
    ("failsafeInboundHostPorts: null", Felix()),
    ("failsafeInboundHostPorts: [{protocol: TCP, port: 22}]", Felix(failsafe_in=(Failsafe("TCP", 22, None),))),
    (
        "failsafeOutboundHostPorts: [{protocol: UDP, port: 53, net: 10.0.0.0/8}, {protocol: SCTP, port: 1, net: 10.0.0.1}]",
        Felix(failsafe_out=(Failsafe("UDP", 53, TEN), Failsafe("SCTP", 1, ONE))),
    ),
    ("defaultEndpointToHostAction: ACCEPT", Felix(endpoint_to_host="Accept")),
    ("defaultEndpointToHostAction: Return", Felix(endpoint_to_host="Return")),
    ("defaultEndpointToHostAction: ''", Felix()),
    ("allowVXLANPacketsFromWorkloads: true", Felix(vxlan_from_pods=True)),
    ("allowIPIPPacketsFromWorkloads: false", Felix(ipip_from_pods=False)),
    ("vxlanPort: 4790, bpfEnabled: true", Felix(vxlan_port=4790, bpf=True)),
    ("logSeverityScreen: Info, chainInsertMode: Insert, interfacePrefix: cali, externalNodesList: []", Felix()),
]


@pytest.mark.parametrize(("text", "wanted"), FELIX, ids=[row[0] or "nothing" for row in FELIX])
def test_parameters_of_felix(text: str, wanted: Felix) -> None:
    """What is said, and None for what is not, so that defaults stay with the lowering; no word of harmless parameters."""
    found, problems = read(felix(text))
    assert problems.errors + problems.warnings == ()
    assert found.felix is not None
    assert found.felix._replace(span=None) == wanted


FELIX_WARNED = [
    Bad("a mode that others can undo", felix("chainInsertMode: Append"), "NPV247", "chainInsertMode", "not modelled", "default"),
    Bad("accepted packets go on", felix("iptablesFilterAllowAction: Return"), "NPV247", "iptablesFilterAllowAction", "not modelled"),
    Bad("spoofing", felix("workloadSourceSpoofing: Any"), "NPV247", "workloadSourceSpoofing", "not modelled"),
    Bad("nodes outside", felix("externalNodesList: [10.0.0.1]"), "NPV247", "externalNodesList", "not modelled"),
    Bad("an unknown parameter", felix("vxlanProt: 1"), "NPV247", "vxlanProt", "unknown parameter `vxlanProt`", "`vxlanPort`"),
    Bad("the configuration of one node", felix("vxlanPort: 1", "node.n1"), "NPV248", "node.n1", "`node.n1`", "without it"),
]  # fmt: skip


@pytest.mark.parametrize("row", FELIX_WARNED, ids=[row.fact for row in FELIX_WARNED])
def test_parameters_of_felix_that_are_not_modelled(row: Bad) -> None:
    """They are told, and the rest is read."""
    found, problems = read(row.text)
    assert problems.errors == ()
    check_only(row.text, problems.warnings, row)
    assert (found.felix is None) is ("node" in row.fact and "one" in row.fact)


REFUSED = [
    Bad("a tier with a dot", tier("", "a.b"), "NPV200", "a.b", "`a.b`", "63"),
    Bad("a tier of 64 characters", tier("", "x" * 64), "NPV200", "xxx", "xxx", "63"),
    Bad("a default action that no tier has", tier("defaultAction: Allow"), "NPV217", "Allow", "`Allow`", "Deny or Pass"),
    Bad("a default action in lower case", tier("defaultAction: pass"), "NPV217", "pass", "`pass`", "`Pass`"),
    Bad("the order of a tier in quotes", tier('order: "5"'), "NPV215", '"5"', "`5`", "without quotes"),
    Bad("another order of the tier default", tier("order: 5", "default"), "NPV218", "5}", "is 1000000", "order: 1000000"),
    Bad("no order of the tier default", tier("", "default"), "NPV218", "{}", "order", "order: 1000000"),
    Bad("another action of the tier default", tier("order: 1000000, defaultAction: Pass", "default"), "NPV218", "Pass", "is Deny", "Deny"),
    Bad("no action of the tier kube-admin", tier("order: 1000", "kube-admin"), "NPV218", "{order", "is Pass", "Pass"),
    Bad("a field of a tier", tier("defaultaction: Pass"), "NPV021", "defaultaction", "`defaultaction`", "`defaultAction`"),
    Bad("a label that Calico sets", net_set("", labels="projectcalico.org/namespace: a"), "NPV206", "projectcalico.org/namespace", "Calico sets", "remove"),
    Bad("the same on a global set", net_set("", "GlobalNetworkSet", "projectcalico.org/namespace: a"), "NPV206", "projectcalico.org", "Calico sets"),
    Bad("a malformed label key", net_set("", labels="a/b/c: d"), "NPV205", "a/b/c", "`a/b/c`"),
    Bad("a malformed label value", net_set("", labels="a: b c"), "NPV205", "b c", "`b c`"),
    Bad("a member that is no address", net_set("nets: [ten]"), "NPV230", "ten", "IPv4 or IPv6", "10.0.0.0/8"),
    Bad("a member twice", net_set("nets: [10.0.0.1, 10.0.0.1]"), "NPV237", "10.0.0.1]", "twice"),
    Bad("a field of a set", net_set("net: []"), "NPV021", "net", "`net`", "`nets`"),
    Bad("no node", host("interfaceName: eth0"), "NPV240", "{interfaceName", "`node`", "name the node"),
    Bad("an empty node", host('node: "", interfaceName: eth0'), "NPV240", "{node", "`node`"),
    Bad("a node in upper case", host("node: N1, interfaceName: eth0"), "NPV245", "N1", "`N1`"),
    Bad("neither interface nor address", host("node: n1"), "NPV241", "{node", "neither", "interfaceName"),
    Bad("a long name of an interface", host("node: n1, interfaceName: abcdefghijklmnop"), "NPV242", "abc", "`abcdefghijklmnop`", "15"),
    Bad("an interface with a wildcard", host("node: n1, interfaceName: eth*"), "NPV242", "eth*", "`eth*`", "`*`"),
    Bad("an expected block", host("node: n1, expectedIPs: [10.0.0.0/8]"), "NPV243", "10.0.0.0/8", "not an IP address"),
    Bad("an expected address twice", host("node: n1, expectedIPs: [10.0.0.1, 10.0.0.1]"), "NPV237", "10.0.0.1]", "twice"),
    Bad("a profile in upper case", host("node: n1, interfaceName: eth0, profiles: [A]"), "NPV245", "A]", "`A`"),
    Bad("a port without name", port("protocol: TCP, port: 80"), "NPV244", "{protocol", "`name`"),
    Bad("a port without protocol", port("name: a, port: 80"), "NPV244", "{name", "`protocol`"),
    Bad("a port without number", port("name: a, protocol: TCP"), "NPV244", "{name", "`port`"),
    Bad("a port of ICMP", port("name: a, protocol: ICMP, port: 80"), "NPV244", "ICMP", "has no ports", "SCTP"),
    Bad("a port with protocol tcp", port("name: a, protocol: tcp, port: 80"), "NPV220", "tcp", "`tcp`", "`TCP`"),
    Bad("port 65536", port("name: a, protocol: TCP, port: 65536"), "NPV244", "65536", "65535"),
    Bad("a port name in upper case", port("name: A, protocol: TCP, port: 80"), "NPV244", "A,", "`A`"),
    Bad("a label of a profile", manifest("Profile", "spec: {labelsToApply: {a: b c}}"), "NPV205", "b c", "`a: b c`"),
    Bad("an action for packets to hosts", felix("defaultEndpointToHostAction: Allow"), "NPV246", "Allow", "`Allow`", "Drop, Accept, Return"),
    Bad("a WireGuard port", felix("wireguardListeningPort: 70000"), "NPV246", "70000", "port 70000"),
    Bad("a VXLAN port", felix("vxlanPort: 0"), "NPV246", "0}", "port 0"),
    Bad("a failsafe port without protocol", felix("failsafeInboundHostPorts: [{port: 22}]"), "NPV246", "{port", "no protocol", "TCP"),
    Bad("a failsafe port with protocol tcp", felix("failsafeInboundHostPorts: [{protocol: tcp, port: 22}]"), "NPV246", "tcp", "`tcp`", "TCP"),
    Bad("a failsafe port without number", felix("failsafeOutboundHostPorts: [{protocol: TCP}]"), "NPV246", "{protocol", "no `port`"),
    Bad("a failsafe port out of range", felix("failsafeOutboundHostPorts: [{protocol: TCP, port: 70000}]"), "NPV246", "70000", "70000"),
    Bad("a failsafe port for no block", felix("failsafeOutboundHostPorts: [{protocol: TCP, port: 1, net: x}]"), "NPV230", "x}", "`x`"),
    Bad("a field of a failsafe port", felix("failsafeOutboundHostPorts: [{protocol: TCP, port: 1, nets: x}]"), "NPV021", "nets", "`nets`", "`net`"),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSED, ids=[row.fact for row in REFUSED])
def test_an_object_is_refused(row: Bad) -> None:
    """One error, at its place, with a mend; and the object is left out."""
    found, problems = read(row.text)
    check_only(row.text, problems.errors, row)
    assert found == Resources()
