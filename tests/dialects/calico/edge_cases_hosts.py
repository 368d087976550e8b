"""Edge cases E85–E99: host endpoints, failsafe ports, forwarded and local traffic, before and after translation."""

from __future__ import annotations

from dialects.calico.edge_case import (
    APPLE,
    ELM,
    ELM_IP,
    HERE,
    OAK,
    OUTSIDE,
    OX,
    PEAR,
    PLAIN,
    Case,
    allowed,
    denied,
    depends,
    felix,
    gnp,
    host,
    np,
    service,
)
from dialects.edge_cases import joined

HOSTS = "selector: has(machine)"  # the labels of `host`
_STAR, _ETH = "'*'", "eth0"


def _hosts(interface: str, profiles: str = "") -> str:
    return joined(host("oak", interface, profiles=profiles), host("elm", interface, profiles=profiles))


LOCAL = (
    *(
        Case(
            85,
            f"a host endpoint on {name} without policy and profile closes the host and leaves what it forwards",
            "FV hostendpoints_test.go, with no policies and no profiles on the host endpoints",
            _hosts(interface),
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
        for name, interface in (("all interfaces", _STAR), ("one interface", _ETH), ("the interface of an address", ""))
    ),
    Case(
        85,
        "a host endpoint of one interface counts there before that of all interfaces",
        "felix/dataplane/linux/endpoint_mgr.go resolveHostEndpoints",
        joined(
            host("oak", _STAR, profiles="projectcalico-default-allow", name="a"),
            host("oak", _ETH, name="b"),
        ),
        (depends(OUTSIDE, OAK, 80, {"interface of node oak=eth0": "D", "interface of node oak=<other>": "A"}),),
    ),
    *(
        Case(
            85,
            f"of two host endpoints of all interfaces the first by name counts, here the one that is {what}",
            "felix/dataplane/linux/endpoint_mgr.go resolveHostEndpoints",
            joined(
                host("oak", _STAR, profiles="projectcalico-default-allow", name=opens),
                host("oak", _STAR, name=closed),
            ),
            (query(OUTSIDE, OAK), query(OAK, OUTSIDE, 443)),
        )
        for what, opens, closed, query in (("open", "a", "b", allowed), ("closed", "b", "a", denied))
    ),
    Case(
        86,
        "such a host still reaches what the cluster cannot live without",
        "FV hostendpoints_test.go, should allow connectivity from nodes to …; felix/config/config_params.go",
        _hosts(_STAR),
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
            _hosts(_STAR),
            felix("failsafeInboundHostPorts: [], failsafeOutboundHostPorts: [{protocol: TCP, port: 443}]"),
        ),
        (denied(OUTSIDE, OAK, 22), denied(OAK, OUTSIDE, 53, "UDP"), allowed(OAK, OUTSIDE, 443)),
    ),
    Case(
        99,
        "a profile that is listed and does not exist denies",
        "felix/calc/active_rules_calculator.go DummyDropRules",
        host("oak", profiles="nowhere, projectcalico-default-allow"),
        (denied(OUTSIDE, OAK), denied(OAK, OUTSIDE, 443)),
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

_OPEN_BOTH = f"{HOSTS}, ingress: [{{action: Allow}}], egress: [{{action: Allow}}]"
_CLOSED_BOTH = f"{HOSTS}, types: [Ingress, Egress]"
_DENY_IN = f"{HOSTS}, applyOnForward: true, ingress: [{{action: Deny}}], egress: [{{action: Allow}}]"

FORWARDED = (
    *(
        Case(
            87,
            f"policies that do not apply on forward, on {name}, are no business of the pods",
            "FV apply_on_forward_test.go, should have workload to workload/host connectivity",
            joined(_hosts(interface), gnp(_OPEN_BOTH)),
            (allowed(APPLE, PEAR), allowed(PEAR, APPLE), allowed(APPLE, ELM), allowed(PEAR, OAK)),
        )
        for name, interface in (("all interfaces", _STAR), ("one interface", _ETH))
    ),
    Case(
        87,
        "a host closed by a policy that does not apply on forward still forwards",
        "FV apply_on_forward_test.go, should have workload to workload/host connectivity",
        joined(_hosts(_STAR), gnp(_CLOSED_BOTH)),
        (allowed(APPLE, PEAR), denied(APPLE, ELM), denied(OAK, PEAR)),
    ),
    Case(
        88,
        "a Deny that applies on forward at all interfaces stops pods of two nodes, and of one",
        "FV apply_on_forward_test.go, should block pod-to-pod traffic when wildcard HEPs carry an AoF deny-ingress policy",
        joined(_hosts(_STAR), gnp(_DENY_IN)),
        (denied(APPLE, PEAR), denied(PEAR, APPLE), denied(APPLE, OX)),
    ),
    Case(
        88,
        "a Deny that applies on forward at one interface stops what crosses it, and not pods of one node",
        "felix/rules/dispatch.go hostDispatchChains",
        joined(_hosts(_ETH), gnp(_DENY_IN)),
        (denied(APPLE, PEAR), denied(OUTSIDE, PEAR), allowed(APPLE, OX), allowed(APPLE, OUTSIDE)),
    ),
    Case(
        94,
        "forwarded traffic asks the policies that apply on forward alone, local traffic all of them",
        "UT AoF + normal; felix/calc/event_sequencer.go",
        joined(
            host("elm", _ETH),
            gnp(
                f"order: 10, {HOSTS}, types: [Ingress], "
                "ingress: [{action: Allow, protocol: TCP, destination: {ports: [90]}}, {action: Deny}]",
                "normal",
            ),
            gnp(
                f"order: 20, applyOnForward: true, {HOSTS}, types: [Ingress], "
                "ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}, {action: Deny}]",
                "forward",
            ),
        ),
        (allowed(OUTSIDE, PEAR, 80), denied(OUTSIDE, PEAR, 90), allowed(OUTSIDE, ELM, 90), denied(OUTSIDE, ELM, 80)),
    ),
    Case(
        94,
        "local traffic asks policies that apply on forward in their place in the order",
        "felix/calc/event_sequencer.go",
        joined(
            host("elm", _ETH),
            gnp(
                f"order: 20, {HOSTS}, types: [Ingress], "
                "ingress: [{action: Allow, protocol: TCP, destination: {ports: [90]}}, {action: Deny}]",
                "normal",
            ),
            gnp(
                f"order: 10, applyOnForward: true, {HOSTS}, types: [Ingress], "
                "ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}, {action: Deny}]",
                "forward",
            ),
        ),
        (allowed(OUTSIDE, PEAR, 80), denied(OUTSIDE, PEAR, 90), denied(OUTSIDE, ELM, 90), allowed(OUTSIDE, ELM, 80)),
    ),
    Case(
        95,
        "where no policy applies on forward, what is forwarded is allowed",
        "UT normal host policy",
        joined(host("elm", _ETH), gnp(f"{HOSTS}, types: [Ingress], ingress: [{{action: Deny}}]")),
        (allowed(OUTSIDE, PEAR), denied(OUTSIDE, ELM)),
    ),
    Case(
        97,
        "failsafe ports are those of the host itself, not of what it forwards",
        "felix/config/config_params.go; felix/rules/endpoints.go",
        joined(
            host("elm", _ETH),
            gnp(f"applyOnForward: true, {HOSTS}, types: [Ingress, Egress], ingress: [{{action: Deny}}], egress: [{{action: Deny}}]"),
        ),
        (allowed(OUTSIDE, ELM, 22), denied(OUTSIDE, PEAR, 22), denied(OUTSIDE, ELM, 80)),
    ),
)  # fmt: skip

_RETURN = felix("defaultEndpointToHostAction: Return")
_DROP = felix("defaultEndpointToHostAction: Drop")
_ACCEPT = felix("defaultEndpointToHostAction: Accept")

OWN_HOST = (
    *(
        Case(
            89,
            f"what Felix returns to the host of a pod is {verdict} by a host that {says}, whatever its endpoint on an interface says",
            "FV ep_to_host_action_test.go",
            joined(_hosts(_ETH), gnp(f"{HOSTS}, types: [Ingress], ingress: [{{action: Deny}}]"), _RETURN),
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
        joined(_hosts(_STAR), gnp(f"{HOSTS}, types: [Ingress], ingress: [{{action: Deny}}]"), _ACCEPT),
        (allowed(APPLE, OAK), denied(APPLE, ELM)),
    ),
    Case(
        89,
        "what a pod sends to its own host is judged before translation at all interfaces",
        "FV ep_to_host_action_test.go",
        joined(
            _hosts(_STAR),
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
    Case(
        90,
        "where Felix accepts what pods send to their host, their own egress policies still count",
        "page 2.6",
        joined(np("selector: app == 'apple', types: [Egress]"), _ACCEPT),
        (denied(APPLE, OAK), allowed(OX, OAK)),
    ),
)

_STALL = service(
    "stall",
    "type: NodePort, clusterIP: 10.96.0.7, selector: {app: pear}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]",
)
_NODE_PORT = f"{ELM_IP}:30080"
_VIA = "orchard/stall:80"


def _before(port: str, order: int, action: str) -> str:
    """A policy of the hosts that looks before translation, at one TCP port or at everything."""
    where = f", protocol: TCP, destination: {{ports: [{port}]}}" if port else ""
    fields = f"order: {order}, applyOnForward: true, preDNAT: true, {HOSTS}"
    return gnp(f"{fields}, ingress: [{{action: {action}{where}}}]", f"before-{order}")


TRANSLATION = (
    Case(
        91,
        "a Deny before translation stops what calls a node port",
        "FV pre_dnat_test.go, with pre-DNAT policy denying all ingress",
        joined(host("elm", _ETH), _STALL, _before("", 20, "Deny")),
        (denied(OUTSIDE, PEAR, 8080, via=_VIA, called=_NODE_PORT), denied(OUTSIDE, PEAR, 8080)),
    ),
    Case(
        91,
        "a Deny before translation at one interface does not stop pods of the node, at all interfaces it does",
        "FV pre_dnat_test.go, with pre-DNAT policy denying all ingress",
        joined(host("elm", _ETH), host("oak", _STAR), _before("", 20, "Deny")),
        (allowed(PLAIN, PEAR, 8080), denied(OX, APPLE, 8080)),
    ),
    Case(
        92,
        "before translation, the port is that of the node",
        "FV pre_dnat_test.go, pinhole to 32010",
        joined(host("elm", _ETH), _STALL, _before("", 20, "Deny"), _before("30080", 10, "Allow")),
        (allowed(OUTSIDE, PEAR, 8080, via=_VIA, called=_NODE_PORT), denied(OUTSIDE, PEAR, 8080)),
    ),
    Case(
        92,
        "before translation, the port is not that of the pod",
        "FV pre_dnat_test.go, pinhole to 8055",
        joined(host("elm", _ETH), _STALL, _before("", 20, "Deny"), _before("8080", 10, "Allow")),
        (denied(OUTSIDE, PEAR, 8080, via=_VIA, called=_NODE_PORT), allowed(OUTSIDE, PEAR, 8080)),
    ),
    Case(
        93,
        "what is allowed before translation is still judged by the policies of the pod",
        "UT pre-DNAT + workload",
        joined(
            host("elm", _ETH),
            _STALL,
            _before("", 20, "Deny"),
            _before("30080", 10, "Allow"),
            np(f"{HERE}, types: [Ingress]"),
        ),
        (denied(OUTSIDE, PEAR, 8080, via=_VIA, called=_NODE_PORT),),
    ),
    Case(
        96,
        "a policy before translation that selects pods does nothing to them",
        "felix/calc/event_sequencer.go",
        gnp(f"{HERE}, applyOnForward: true, preDNAT: true, ingress: [{{action: Deny}}]"),
        (allowed(OUTSIDE, PEAR), allowed(APPLE, PEAR), allowed(PEAR, APPLE)),
    ),
    Case(
        98,
        "untracked policies on both hosts let both begin",
        "FV donottrack_test.go, should implement untracked policy correctly",
        joined(
            _hosts(_ETH),
            gnp(
                f"doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Ingress, Egress], "
                "ingress: [{action: Allow, source: {selector: has(machine)}}], "
                "egress: [{action: Allow, destination: {selector: has(machine)}}]"
            ),
        ),
        (allowed(OAK, ELM, 8055), allowed(ELM, OAK, 8055), denied(OUTSIDE, OAK, 8055), allowed(OUTSIDE, OAK, 22)),
    ),
    Case(
        98,
        "untracked policies without the egress rules of one host leave it the failsafe ports",
        "FV donottrack_test.go, should implement untracked policy correctly",
        joined(
            host("oak", _ETH, labels="machine: oak"),
            host("elm", _ETH, labels="machine: elm"),
            gnp(
                "doNotTrack: true, applyOnForward: true, selector: machine == 'oak', types: [Ingress], "
                "ingress: [{action: Allow, source: {selector: has(machine)}}]",
                "oak",
            ),
            gnp(
                "doNotTrack: true, applyOnForward: true, selector: machine == 'elm', types: [Ingress, Egress], "
                "ingress: [{action: Allow, source: {selector: has(machine)}}], "
                "egress: [{action: Allow, destination: {selector: has(machine)}}]",
                "elm",
            ),
        ),
        (denied(OAK, ELM, 8055), denied(ELM, OAK, 8055), allowed(OAK, ELM, 6443), allowed(ELM, OAK, 6443)),
    ),
)

CASES: tuple[Case, ...] = (*LOCAL, *PROFILES, *FORWARDED, *OWN_HOST, *TRANSLATION)
