"""Edge cases E63–E78 and E83: address families, ports, protocols, ICMP and HTTP in rules."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    OUTSIDE,
    OUTSIDE6,
    OX,
    PEAR,
    PLAIN,
    RAW,
    Case,
    allowed,
    denied,
    depends,
    egress,
    host,
    icmp,
    ingress,
    knp,
    named,
    np,
)
from dialects.edge_cases import joined

APPLES = "selector: app == 'apple'"


def _to(destination: str, more: str = "protocol: TCP") -> str:
    """An egress policy of orchard/apple."""
    return np(egress(f"action: Allow, {more}, destination: {{{destination}}}", subject=APPLES))


def _in(rule: str) -> str:
    return np(ingress(f"action: Allow, {rule}"))


_MIXED = np(ingress("action: Allow, source: {nets: [10.65.1.1/32, 'fd65::/64']}, destination: {nets: [10.65.1.2/32]}"))

FAMILIES = (
    Case(
        63,
        "a block that is excepted in one family closes the other",
        "felix/rules/policy.go FilterRuleToIPVersion",
        _in("source: {notNets: [10.0.0.0/8]}"),
        (denied(OUTSIDE6, PEAR), allowed(OUTSIDE, PEAR), denied(APPLE, PEAR), denied(APPLE, PEAR, family=6)),
    ),
    Case(
        64,
        "a list that has nothing left of a family closes that family",
        "felix/rules/policy.go FilterRuleToIPVersion",
        _MIXED,
        (denied(APPLE, PEAR, family=6), allowed(APPLE, PEAR), denied(OX, PEAR)),
        assume=RAW,
    ),
    Case(64, "families do not mix in one rule", "page 5.4", _MIXED, refused=("NPV231", "NPV231")),
    *(
        Case(
            65,
            "an Allow for everything but every address is dead",
            "UT allow to !0.0.0.0/0; felix/rules/policy_test.go Negated catch-all …",
            _in("source: {notNets: [0.0.0.0/0]}"),
            (denied(OUTSIDE, PEAR), denied(APPLE, PEAR), denied(OUTSIDE6, PEAR)),
            version,
            RAW,
        )
        for version in ("3.30", "3.32")
    ),
    Case(
        65,
        "every address cannot be excepted",
        "page 5.4",
        _in("source: {notNets: [0.0.0.0/0]}"),
        refused=("NPV232",),
    ),
    Case(
        66,
        "stored blocks that cannot be read are left out, and of a list of them alone nothing is left to restrict",
        "rules_test.go, should skip invalid CIDRs …",
        _in("source: {nets: [garbage]}"),
        (allowed(OUTSIDE, PEAR), allowed(OX, PEAR)),
        assume=RAW,
        warned=("NPV233",),
    ),
    Case(66, "a block must be readable", "page 5.4", _in("source: {nets: [garbage]}"), refused=("NPV230",)),
)

_WEB = "{name: web, containerPort: 9000}"

PORTS = (
    Case(
        67,
        "two numbers with a dash between them are the name of a port, which nobody has",
        "numorstring/port.go",
        _in('protocol: TCP, destination: {ports: ["8080-8090"]}'),
        (denied(APPLE, PEAR, 8085), denied(APPLE, PEAR, 8080)),
        warned=("NPV235",),
    ),
    Case(
        67,
        "two numbers with a colon between them are a range",
        "numorstring/port.go",
        _in('protocol: TCP, destination: {ports: ["8080:8090", "81"]}'),
        (allowed(APPLE, PEAR, 8080), allowed(APPLE, PEAR, 8090), denied(APPLE, PEAR, 8091), allowed(APPLE, PEAR, 81)),
    ),
    Case(
        68,
        "a named port is looked up in each destination",
        "FV named_ports_test.go, HTTP port policy should open up nginx port",
        np(ingress("action: Allow, protocol: TCP, destination: {ports: [http]}", subject="selector: has(app)")),
        (allowed(PLAIN, APPLE, 80), denied(PLAIN, PEAR, 80), allowed(PLAIN, PEAR, 8080), denied(PLAIN, APPLE, 8080)),
    ),
    Case(
        69,
        "a named port counts for the protocol that the pod gives it",
        "FV named_ports_test.go, shouldn't confuse TCP and UDP ports",
        _in("protocol: UDP, destination: {ports: [http]}"),
        (denied(APPLE, PEAR, 8080, "UDP"), denied(APPLE, PEAR, 8080)),
    ),
    Case(
        70,
        "a named port counts only on the pods that are selected",
        "FV named_ports_test.go, with a policy that combines named ports and selectors",
        joined(
            _to("selector: \"row in {'a', 'b'}\", ports: [web, 4000]"),
            named("w0", "row: a", "10.65.1.30", _WEB),
            named("w1", "row: b", "10.65.1.31", "{name: web, containerPort: 9001}"),
            named("w3", "row: c", "10.65.1.33", _WEB),
        ),
        (
            allowed(APPLE, "orchard/w0", 9000),
            allowed(APPLE, "orchard/w1", 9001),
            allowed(APPLE, "orchard/w0", 4000),
            denied(APPLE, "orchard/w1", 9000),
            denied(APPLE, "orchard/w3", 9000),
            denied(APPLE, "orchard/w3", 4000),
        ),
    ),
    Case(
        71,
        "a port that is both listed and excepted is excepted",
        "FV named_ports_test.go, with negated ports conflicting with positive ports",
        _in("protocol: TCP, destination: {ports: [http, 81], notPorts: [8080]}"),
        (denied(APPLE, PEAR, 8080), allowed(APPLE, PEAR, 81), denied(APPLE, PEAR, 82)),
    ),
    Case(
        71,
        "a port may be excepted by name",
        "FV named_ports_test.go, with negated ports conflicting with positive ports",
        _in("protocol: TCP, destination: {notPorts: [http]}"),
        (denied(APPLE, PEAR, 8080), allowed(APPLE, PEAR, 80)),
    ),
    Case(
        72,
        "named ports need no protocol",
        "FV named_ports_test.go, with a policy with nil protocol and named ports only",
        joined(
            _in("destination: {ports: [http, query]}"),
            named("well", "app: pear", "10.65.1.34", "{name: query, containerPort: 53, protocol: UDP}"),
        ),
        (
            allowed(APPLE, PEAR, 8080),
            denied(APPLE, PEAR, 8080, "UDP"),
            allowed(APPLE, "orchard/well", 53, "UDP"),
            denied(APPLE, "orchard/well", 53),
        ),
    ),
    Case(
        73,
        "numbered ports need a protocol",
        "validator validateRule",
        np(ingress("action: Deny, destination: {ports: [80]}")),
        refused=("NPV222",),
    ),
    Case(
        73,
        "a stored policy with numbered ports and no protocol is absent",
        "typha validator",
        np(ingress("action: Deny, destination: {ports: [80]}")),
        (allowed(APPLE, PEAR), allowed(APPLE, PEAR, 81)),
        assume=RAW,
        warned=("NPV204", "NPV222"),
    ),
    Case(
        74,
        "an unknown address has no named ports",
        "page 3.5",
        _to("ports: [http]"),
        (denied(APPLE, OUTSIDE, 80), denied(APPLE, OUTSIDE, 8080), allowed(APPLE, PEAR, 8080)),
    ),
    Case(
        74,
        "a host endpoint may have named ports",
        "page 3.5; felix/labelindex",
        joined(
            np(egress("action: Allow, protocol: TCP, destination: {ports: [door]}")),
            host(
                "oak",
                profiles="projectcalico-default-allow",
                spec="ports: [{name: door, protocol: TCP, port: 9000}, {name: door, protocol: UDP, port: 9001}]",
            ),
        ),
        (allowed(PEAR, "node oak", 9000), denied(PEAR, "node oak", 9001), denied(PEAR, "node oak", 9001, "UDP")),
    ),
)

PROTOCOLS = (
    Case(
        75,
        "an excepted ICMP message is one type and one code",
        "UT allow icmp packet with type not equal to 8 and code not equal to 3",
        _in("protocol: ICMP, notICMP: {type: 8, code: 3}"),
        (icmp(APPLE, PEAR, 8, 4, "A"), icmp(APPLE, PEAR, 8, 3, "D"), icmp(APPLE, PEAR, 0, 3, "A"), denied(APPLE, PEAR)),
    ),
    Case(
        76,
        "type 0 is a type",
        "libcalico-go rules conversion",
        _in("protocol: ICMP, icmp: {type: 0}"),
        (icmp(APPLE, PEAR, 8, 0, "D"), icmp(APPLE, PEAR, 0, 0, "A")),
    ),
    Case(
        76,
        "code 0 is a code",
        "libcalico-go rules conversion",
        _in("protocol: ICMP, icmp: {type: 3, code: 0}"),
        (icmp(APPLE, PEAR, 3, 1, "D"), icmp(APPLE, PEAR, 3, 0, "A")),
    ),
    Case(
        77,
        "a protocol without ports is all of that protocol and nothing else",
        "UT allow tcp",
        _in("protocol: TCP"),
        (allowed(APPLE, PEAR, 1), icmp(APPLE, PEAR, 8, 0, "D"), denied(APPLE, PEAR, 1, "UDP"), denied(APPLE, PEAR, None, "253")),
    ),
    Case(
        77,
        "a rule without protocol is about every protocol",
        "UT explicit allow",
        np(ingress("action: Allow")),
        (allowed(APPLE, PEAR, 1), icmp(APPLE, PEAR, 8, 0, "A"), allowed(APPLE, PEAR, None, "253")),
    ),
    Case(
        78,
        "an excepted protocol leaves all others",
        "UT allow !tcp",
        _in("notProtocol: TCP"),
        (allowed(APPLE, PEAR, 1, "UDP"), icmp(APPLE, PEAR, 8, 0, "A"), allowed(APPLE, PEAR, None, "253"), denied(APPLE, PEAR, 1)),
    ),
)  # fmt: skip

BPF = (
    Case(
        77,
        "the BPF dataplane does not know ICMPv6 by its name",
        "page 3.9; felix/bpf/polprog",
        _in("protocol: ICMPv6"),
        (icmp(APPLE, PEAR, 128, 0, "D", family=6), icmp(APPLE, PEAR, 8, 0, "D")),
        assume={"dataplane": "bpf"},
    ),
    Case(
        77,
        "the BPF dataplane knows ICMPv6 by its number",
        "page 3.9; felix/bpf/polprog",
        _in("protocol: 58"),
        (icmp(APPLE, PEAR, 128, 0, "A", family=6), icmp(APPLE, PEAR, 8, 0, "D")),
        assume={"dataplane": "bpf"},
    ),
    Case(
        78,
        "the BPF dataplane excepts nothing where it does not know the name",
        "page 3.9; felix/bpf/polprog",
        _in("notProtocol: UDPLite"),
        (allowed(APPLE, PEAR, None, "UDPLite"), allowed(APPLE, PEAR)),
        assume={"dataplane": "bpf"},
    ),
    Case(
        78,
        "other dataplanes except it",
        "page 3.9; felix/rules/policy.go",
        _in("notProtocol: UDPLite"),
        (denied(APPLE, PEAR, None, "UDPLite"), allowed(APPLE, PEAR)),
    ),
)

_REQUEST = "the HTTP request is GET"

_SCTP = "protocol: SCTP, destination: "
_BPF_SCTP = (
    ("a port of SCTP", _in(f"{_SCTP}{{ports: [80, http]}}"), denied),
    ("an excepted port of SCTP", _in(f"{_SCTP}{{notPorts: [80, http]}}"), allowed),
    ("SCTP without ports", _in("protocol: SCTP"), allowed),
    (
        "a port of SCTP in a native policy",
        knp("podSelector: {matchLabels: {app: pear}}, ingress: [{ports: [{protocol: SCTP, port: 80}]}]"),
        denied,
    ),
)

BPF_PORTS = tuple(
    Case(
        77,
        f"the BPF dataplane reads no ports of SCTP: {what}",
        "felix/bpf-gpl/parsing.h tc_state_fill_from_nexthdr",
        policy,
        (query(APPLE, PEAR, 80, "SCTP"), query(APPLE, PEAR, 8080, "SCTP")),
        assume={"dataplane": "bpf"},
    )
    for what, policy, query in _BPF_SCTP
)

HTTP = (
    Case(
        83,
        "where no proxy judges requests, a rule about HTTP lets every request pass",
        "page 3.8",
        _in("http: {methods: [GET]}"),
        (allowed(APPLE, PEAR), allowed(APPLE, PEAR, 81), allowed(APPLE, PEAR, 80, "UDP")),
    ),
    Case(
        83,
        "where a proxy judges requests, what such a rule lets pass hangs on the request",
        "app-policy/checker",
        _in("http: {methods: [GET]}"),
        (depends(APPLE, PEAR, 80, {"": "D", f"{_REQUEST}=true": "A", f"{_REQUEST}=false": "D"}),),
        assume={"l7": "on"},
    ),
)  # fmt: skip

CASES: tuple[Case, ...] = (*FAMILIES, *PORTS, *PROTOCOLS, *BPF, *BPF_PORTS, *HTTP)
