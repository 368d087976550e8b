"""Edge cases E85, E86, E89, E90 and E99: what hosts send and receive themselves, failsafe ports, profiles, own pods."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    ELM,
    OAK,
    OUTSIDE,
    OX,
    PEAR,
    Case,
    allowed,
    denied,
    depends,
    felix,
    gnp,
    host,
    icmp,
    named,
    np,
)
from dialects.edge_cases import joined

HOSTS = "selector: has(machine)"  # the labels of `host`
STAR, ETH = "'*'", "eth0"


def both_hosts(interface: str, profiles: str = "") -> str:
    """A host endpoint on each node."""
    return joined(host("oak", interface, profiles=profiles), host("elm", interface, profiles=profiles))


LOCAL = (
    *(
        Case(
            85,
            f"a host endpoint on {name} without policy and profile closes the host and leaves what it forwards",
            "FV hostendpoints_test.go, with no policies and no profiles on the host endpoints",
            both_hosts(interface),
            (
                denied(OAK, ELM, 8055),
                denied(ELM, OAK, 8055),
                denied(OAK, ELM, None, "253"),
                allowed(APPLE, PEAR, 8055),
                allowed(PEAR, OX, 8055),
                allowed(OAK, APPLE, 8055),
                denied(OAK, PEAR, 8055),
                allowed(OUTSIDE, PEAR, 8055),
                denied(OUTSIDE, OAK, 8055),
            ),
        )
        for name, interface in (("all interfaces", STAR), ("one interface", ETH), ("the interface of an address", ""))
    ),
    Case(
        85,
        "a host endpoint of one interface counts there before that of all interfaces",
        "felix/dataplane/linux/endpoint_mgr.go resolveHostEndpoints",
        joined(
            host("oak", STAR, profiles="projectcalico-default-allow", name="a"),
            host("oak", ETH, name="b"),
        ),
        (
            depends(
                OUTSIDE,
                OAK,
                80,
                {"interface of node oak=interface eth0": "D", "interface of node oak=another interface": "A"},
            ),
        ),
    ),
    *(
        Case(
            85,
            f"of two host endpoints of all interfaces the first by name counts, here the one that is {what}",
            "felix/dataplane/linux/endpoint_mgr.go resolveHostEndpoints",
            joined(
                host("oak", STAR, profiles="projectcalico-default-allow", name=opens),
                host("oak", STAR, name=closed),
            ),
            (query(OUTSIDE, OAK), query(OAK, OUTSIDE, 443)),
        )
        for what, opens, closed, query in (("open", "a", "b", allowed), ("closed", "b", "a", denied))
    ),
    Case(
        85,
        "a pod on the network of its host is the host",
        "page 2.6",
        joined(host("oak"), named("keeper", "app: keeper", "", node="oak", spec="hostNetwork: true")),
        (denied(OUTSIDE, "orchard/keeper"), denied("orchard/keeper", PEAR), allowed("orchard/keeper", APPLE)),
    ),
    Case(
        86,
        "such a host still reaches what the cluster cannot live without",
        "FV hostendpoints_test.go, should allow connectivity from nodes to …; felix/config/config_params.go",
        both_hosts(STAR),
        (
            allowed(OAK, ELM, 6443),
            allowed(OAK, ELM, 5473),
            allowed(OAK, OUTSIDE, 6443),
            allowed(OAK, OUTSIDE, 53, "UDP"),
            allowed(OUTSIDE, OAK, 22),
            denied(OAK, OUTSIDE, 22),
            denied(OUTSIDE, OAK, 53, "UDP"),
        ),
    ),
    Case(
        86,
        "failsafe ports can be configured away",
        "felix/config/config_params.go",
        joined(
            both_hosts(STAR),
            felix("failsafeInboundHostPorts: [], failsafeOutboundHostPorts: [{protocol: TCP, port: 443}]"),
        ),
        (denied(OUTSIDE, OAK, 22), denied(OAK, OUTSIDE, 53, "UDP"), allowed(OAK, OUTSIDE, 443)),
    ),
    *(
        Case(
            86,
            f"nodes reach each other by {name} {when}",
            "felix/rules/static.go filterInputChain, filterOutputChain",
            joined(both_hosts(STAR), felix(configured)),
            queries,
        )
        for name, when, configured, queries in (
            (
                "VXLAN and IPIP",
                "if pools of addresses want it",
                "",
                (
                    depends(OAK, ELM, 4789, {"": "D", "nodes use VXLAN=true": "A", "nodes use IPIP=true": "D"}, "UDP"),
                    depends(OAK, ELM, None, {"": "D", "nodes use IPIP=true": "A"}, "4"),
                    depends(OAK, OUTSIDE, 4789, {"": "D", "nodes use VXLAN=true": "D"}, "UDP"),
                    depends(OAK, ELM, 51820, {"": "D", "nodes use VXLAN=true": "D"}, "UDP"),
                ),
            ),
            (
                "VXLAN",
                "where it is configured, and not by IPIP where that is off",
                "vxlanEnabled: true, vxlanPort: 99, ipipEnabled: false",
                (
                    allowed(OAK, ELM, 99, "UDP"),
                    denied(OAK, ELM, 4789, "UDP"),
                    denied(OUTSIDE, ELM, 99, "UDP"),
                    depends(OAK, ELM, None, {"": "D", "nodes use IPIP=true": "D"}, "4"),
                ),
            ),
            (
                "WireGuard",
                "where it is on, and so does everybody",
                "wireguardEnabled: true, wireguardListeningPort: 99, wireguardListeningPortV6: 98",
                (allowed(OAK, ELM, 99, "UDP"), allowed(OUTSIDE, ELM, 99, "UDP"), denied(OUTSIDE, ELM, 98, "UDP")),
            ),
        )
    ),
    Case(
        99,
        "a profile that is listed and does not exist denies",
        "felix/calc/active_rules_calculator.go DummyDropRules",
        host("oak", profiles="nowhere, projectcalico-default-allow"),
        (denied(OUTSIDE, OAK), denied(OAK, OUTSIDE, 443)),
        warned=("NPV285",),
    ),
    *(
        Case(
            99,
            f"the profile of {whose} {what}",
            "libcalico-go/lib/backend/k8s/conversion/conversion.go NamespaceToProfile, ServiceAccountToProfile",
            host("oak", profiles=profiles),
            (query(OUTSIDE, OAK), query(OAK, OUTSIDE, 443)),
        )
        for whose, what, profiles, query in (
            ("a namespace allows everything", "at host endpoints too", "kns.orchard", allowed),
            (
                "a service account has no rules",
                "of its own",
                "ksa.orchard.default, projectcalico-default-allow",
                allowed,
            ),
            ("a service account alone", "allows nothing", "ksa.orchard.default", denied),
        )
    ),
    Case(
        99,
        "whether there is the profile of a namespace that nothing uses is not known, nor which labels it gives",
        "libcalico-go/lib/backend/k8s/conversion/conversion.go NamespaceToProfile",
        joined(host("oak", profiles="kns.meadow"), gnp("selector: pcns.env == 'prod', types: [Ingress]")),
        (
            depends(OUTSIDE, OAK, 80, {"": "D", "there is a namespace meadow=true": "A"}),
            depends(OAK, OUTSIDE, 80, {"": "D", "there is a namespace meadow=true": "A"}),
        ),
        warned=("NPV285",),
    ),
    Case(
        99,
        "the labels of a namespace that is used and not declared are not known at host endpoints either",
        "libcalico-go/lib/backend/k8s/conversion/conversion.go NamespaceToProfile",
        joined(
            host("oak", profiles="kns.meadow"),
            gnp("selector: pcns.env == 'prod', types: [Ingress]"),
            named("cow", "app: cow", "10.65.3.1", namespace="meadow"),
        ),
        (
            depends(OUTSIDE, OAK, 80, {"": "A", "label env of namespace meadow=prod": "D"}),
            depends(OAK, OUTSIDE, 80, {"": "A", "label env of namespace meadow=prod": "A"}),
        ),
    ),
    Case(
        99,
        "the profile of a namespace gives a host endpoint the labels of the namespace",
        "libcalico-go/lib/backend/k8s/conversion/conversion.go NamespaceToProfile",
        joined(
            host("oak", profiles="kns.orchard"),
            host("elm", profiles="kns.field"),
            gnp("selector: pcns.env == 'prod', types: [Ingress]"),
        ),
        (denied(OUTSIDE, OAK), allowed(OUTSIDE, ELM)),
    ),
    Case(
        99,
        "the first profile that has a rule for the flow decides",
        "felix/rules/endpoints.go",
        host("oak", profiles="projectcalico-default-allow, nowhere"),
        (allowed(OUTSIDE, OAK), allowed(OAK, OUTSIDE, 443)),
    ),
)

_PASSING = joined(
    gnp(
        "ingress: [{action: Pass, protocol: TCP}, {action: Allow}], egress: [{action: Pass}]", "passing", kind="Profile"
    ),
    host("oak", profiles="passing, projectcalico-default-allow"),
)

PROFILES = (
    Case(
        99,
        "Pass in a profile goes on to the next one",
        "page 2.4; felix/rules/endpoints.go",
        _PASSING,
        (allowed(OUTSIDE, OAK), allowed(OUTSIDE, OAK, 80, "UDP"), allowed(OAK, OUTSIDE, 443)),
    ),
    Case(
        99,
        "Pass in the last profile is a Deny",
        "page 2.4; felix/rules/endpoints.go",
        joined(_PASSING.replace(", projectcalico-default-allow", "")),
        (denied(OUTSIDE, OAK), allowed(OUTSIDE, OAK, 80, "UDP"), denied(OAK, OUTSIDE, 443)),
    ),
    Case(
        99,
        "Pass in a profile is a Deny for the BPF dataplane",
        "page 3.9; felix/bpf/polprog/pol_prog_builder.go",
        _PASSING,
        (denied(OUTSIDE, OAK), allowed(OUTSIDE, OAK, 80, "UDP"), denied(OAK, OUTSIDE, 443)),
        assume={"dataplane": "bpf"},
    ),
)

_RETURN = felix("defaultEndpointToHostAction: Return")
_DROP = felix("defaultEndpointToHostAction: Drop")
_ACCEPT = felix("defaultEndpointToHostAction: Accept")

_ASH = """
apiVersion: v1
kind: Node
metadata: {name: ash}
status: {addresses: [{type: InternalIP, address: 192.168.20.3}, {type: InternalIP, address: "fd20::3"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: ash, namespace: orchard, labels: {app: ash}}
spec: {nodeName: ash, containers: [{name: main, image: i}]}
status: {phase: Running, podIP: 10.65.1.9, podIPs: [{ip: 10.65.1.9}, {ip: "fd65::1:9"}]}
"""

OWN_HOST = (
    *(
        Case(
            89,
            f"what Felix returns to the host of a pod is {verdict} by a host that {says}, whatever its endpoint on an interface says",
            "FV ep_to_host_action_test.go",
            joined(both_hosts(ETH), gnp(f"{HOSTS}, types: [Ingress], ingress: [{{action: Deny}}]"), _RETURN),
            (query(APPLE, OAK),),
            assume=assume,
        )
        for verdict, says, query, assume in (
            ("allowed", "accepts", allowed, {"endpoint_to_host": "accept"}),
            ("denied", "drops", denied, {"endpoint_to_host": "drop"}),
        )
    ),
    Case(
        89,
        "what a pod sends to its own host is not judged by policies that do not apply before translation",
        "FV ep_to_host_action_test.go",
        joined(both_hosts(STAR), gnp(f"{HOSTS}, types: [Ingress], ingress: [{{action: Deny}}]"), _ACCEPT),
        (allowed(APPLE, OAK), denied(APPLE, ELM)),
    ),
    Case(
        89,
        "what a pod sends to its own host is judged before translation at all interfaces",
        "FV ep_to_host_action_test.go",
        joined(
            both_hosts(STAR),
            gnp(f"{HOSTS}, applyOnForward: true, preDNAT: true, types: [Ingress], ingress: [{{action: Deny}}]"),
            _ACCEPT,
        ),
        (denied(APPLE, OAK),),
    ),
    Case(
        90,
        "where Felix drops what pods send to their host, no policy can allow it",
        "FV ep_to_host_action_test.go",
        joined(np("selector: app == 'apple', egress: [{action: Allow}]"), _DROP),
        (denied(APPLE, OAK), allowed(APPLE, ELM)),
    ),
    *(
        Case(
            90,
            f"a pod finds its neighbours: its host hears that by ICMPv6, though its policies close it and Felix {does}",
            "felix/rules/static.go ICMPv6Filter, filterWorkloadToHostChain",
            joined(_ASH, np("selector: app == 'ash', types: [Egress]"), configured),
            (
                icmp("orchard/ash", "node ash", 135, 0, "A", family=6),
                icmp("orchard/ash", "node ash", 134, 0, "D", family=6),
                icmp("orchard/ash", "orchard/apple", 135, 0, "D", family=6),
                icmp("orchard/ash", "node ash", 133, 0, "D"),
            ),
        )
        for does, configured in (("drops what pods send to it", _DROP), ("accepts it", _ACCEPT))
    ),
    Case(
        90,
        "where Felix accepts what pods send to their host, their own egress policies still count",
        "page 2.6",
        joined(np("selector: app == 'apple', types: [Egress]"), _ACCEPT),
        (denied(APPLE, OAK), allowed(OX, OAK)),
    ),
)

CASES: tuple[Case, ...] = (*LOCAL, *PROFILES, *OWN_HOST)
