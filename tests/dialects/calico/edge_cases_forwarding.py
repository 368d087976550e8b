"""Edge cases E87, E88 and E91–E98: what hosts forward, and what is judged before translation or without tracking."""

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
    gnp,
    host,
    np,
    service,
)
from dialects.calico.edge_cases_hosts import ETH, HOSTS, STAR, both_hosts
from dialects.edge_cases import joined

_OPEN_BOTH = f"{HOSTS}, ingress: [{{action: Allow}}], egress: [{{action: Allow}}]"
_CLOSED_BOTH = f"{HOSTS}, types: [Ingress, Egress]"
_FORWARD_CHAIN = "felix/rules/static.go StaticFilterForwardChains, dispatch.go hostDispatchChains"
_DENY_IN = f"{HOSTS}, applyOnForward: true, ingress: [{{action: Deny}}], egress: [{{action: Allow}}]"

FORWARDED = (
    *(
        Case(
            87,
            f"policies that do not apply on forward, on {name}, are no business of the pods",
            "FV apply_on_forward_test.go, should have workload to workload/host connectivity",
            joined(both_hosts(interface), gnp(_OPEN_BOTH)),
            (allowed(APPLE, PEAR), allowed(PEAR, APPLE), allowed(APPLE, ELM), allowed(PEAR, OAK)),
        )
        for name, interface in (("all interfaces", STAR), ("one interface", ETH))
    ),
    Case(
        87,
        "a host closed by a policy that does not apply on forward still forwards",
        "FV apply_on_forward_test.go, should have workload to workload/host connectivity",
        joined(both_hosts(STAR), gnp(_CLOSED_BOTH)),
        (allowed(APPLE, PEAR), denied(APPLE, ELM), denied(OAK, PEAR)),
    ),
    Case(
        88,
        "a Deny that applies on forward at all interfaces stops pods of two nodes, and of one",
        "FV apply_on_forward_test.go, should block pod-to-pod traffic when wildcard HEPs carry an AoF deny-ingress policy",
        joined(both_hosts(STAR), gnp(_DENY_IN)),
        (denied(APPLE, PEAR), denied(PEAR, APPLE), denied(APPLE, OX)),
    ),
    Case(
        88,
        "a Deny that applies on forward at one interface stops what crosses it, and not pods of one node",
        "felix/rules/dispatch.go hostDispatchChains",
        joined(both_hosts(ETH), gnp(_DENY_IN)),
        (
            depends(APPLE, PEAR, 80, {"interface of node elm=interface eth0": "D", "interface of node elm=another interface": "A"}),
            denied(OUTSIDE, PEAR),
            allowed(APPLE, OX),
            allowed(APPLE, OUTSIDE),
        ),
    ),
    Case(
        88,
        "what a pod sends enters its node by one of all interfaces: a Deny of ingress that applies on forward stops it",
        f"{_FORWARD_CHAIN}; felix/dataplane/linux/bpf_ep_mgr.go wepApplyPolicyToDirection",
        joined(host("oak"), gnp(_DENY_IN)),
        (
            denied(APPLE, PEAR),
            denied(APPLE, OUTSIDE),
            denied(APPLE, OX),
            denied(PEAR, APPLE),
            allowed(PEAR, OUTSIDE),
            allowed(APPLE, OAK),
        ),
    ),
    Case(
        88,
        "what a pod receives leaves its node by one of all interfaces: a Deny of egress that applies on forward stops it",
        f"{_FORWARD_CHAIN}; felix/dataplane/linux/bpf_ep_mgr.go wepApplyPolicyToDirection",
        joined(
            host("elm"), gnp(f"{HOSTS}, applyOnForward: true, ingress: [{{action: Allow}}], egress: [{{action: Deny}}]")
        ),
        (
            denied(APPLE, PEAR),
            denied(OUTSIDE, PEAR),
            denied(PEAR, PLAIN),
            denied(PEAR, OUTSIDE),
            allowed(APPLE, OX),
            allowed(ELM, PEAR),
        ),
    ),
    Case(
        88,
        "what leaves a node by an interface with an endpoint of its own is none of the endpoint of all interfaces' business",
        "felix/rules/dispatch.go hostDispatchChains",
        joined(
            host("oak", labels="machine: all", name="a"),
            host("oak", ETH, labels="machine: one", name="b"),
            gnp("applyOnForward: true, selector: machine == 'all', types: [Egress], egress: [{action: Deny}]"),
        ),
        (
            depends(APPLE, OUTSIDE, 80, {"interface of node oak=interface eth0": "A", "interface of node oak=another interface": "D"}),
            depends(APPLE, PEAR, 80, {"interface of node oak=interface eth0": "A", "interface of node oak=another interface": "D"}),
            denied(APPLE, OX),
        ),
    ),
    Case(
        94,
        "forwarded traffic asks the policies that apply on forward alone, local traffic all of them",
        "UT AoF + normal; felix/calc/event_sequencer.go",
        joined(
            host("elm", ETH),
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
            host("elm", ETH),
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
        joined(host("elm", ETH), gnp(f"{HOSTS}, types: [Ingress], ingress: [{{action: Deny}}]")),
        (allowed(OUTSIDE, PEAR), denied(OUTSIDE, ELM)),
    ),
    Case(
        97,
        "failsafe ports are those of the host itself, not of what it forwards",
        "felix/config/config_params.go; felix/rules/endpoints.go",
        joined(
            host("elm", ETH),
            gnp(f"applyOnForward: true, {HOSTS}, types: [Ingress, Egress], ingress: [{{action: Deny}}], egress: [{{action: Deny}}]"),
        ),
        (allowed(OUTSIDE, ELM, 22), denied(OUTSIDE, PEAR, 22), denied(OUTSIDE, ELM, 80)),
    ),
    Case(
        97,
        "a failsafe port before translation saves no forwarded traffic from the policies that apply on forward",
        "felix/rules/static.go failsafeInChain, StaticFilterForwardChains",
        joined(
            host("elm", ETH),
            gnp(f"applyOnForward: true, {HOSTS}, types: [Ingress], ingress: [{{action: Deny}}]", "forward"),
            gnp(f"applyOnForward: true, preDNAT: true, {HOSTS}, ingress: [{{action: Pass}}]", "before"),
            gnp(f"applyOnForward: true, doNotTrack: true, {HOSTS}, types: [Ingress], ingress: [{{action: Pass}}]", "untracked"),
        ),
        (denied(OUTSIDE, PEAR, 22), allowed(OUTSIDE, ELM, 22), denied(OUTSIDE, PEAR, 80)),
    ),
    *(
        Case(
            97,
            f"before translation a failsafe port is {fact}",
            source,
            joined(
                host("elm"),
                gnp(f"applyOnForward: true, preDNAT: true, {HOSTS}, ingress: [{{action: Deny}}]"),
            ),
            (allowed(OUTSIDE, ELM, 22), other(OUTSIDE, PEAR, 22), other(PEAR, OUTSIDE, 22), other(PEAR, ELM, 22)),
            assume={"dataplane": dataplane},
        )
        for fact, source, dataplane, other in (
            ("one of everything that comes in", "felix/rules/endpoints.go HostEndpointToMangleIngressChains", "iptables", allowed),
            ("one of the host alone with BPF", "felix/bpf-gpl/tc.c is_failsafe_in", "bpf", denied),
        )
    ),
)  # fmt: skip

_STALL = service(
    "stall",
    "type: NodePort, clusterIP: 10.96.0.7, selector: {app: pear}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]",
)
_REPLIES = "replies of hosts to untracked flows get through without a rule"
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
        joined(host("elm", ETH), _STALL, _before("", 20, "Deny")),
        (denied(OUTSIDE, PEAR, 8080, via=_VIA, called=_NODE_PORT), denied(OUTSIDE, PEAR, 8080)),
    ),
    Case(
        91,
        "a Deny before translation at one interface does not stop pods of the node, at all interfaces it does",
        "FV pre_dnat_test.go, with pre-DNAT policy denying all ingress",
        joined(host("elm", ETH), host("oak", STAR), _before("", 20, "Deny")),
        (allowed(PLAIN, PEAR, 8080), denied(OX, APPLE, 8080)),
    ),
    Case(
        91,
        "what a pod sends enters its node by one of all interfaces: a Deny before translation stops it",
        "felix/rules/static.go StaticManglePreroutingChain, dispatch.go hostDispatchChains",
        joined(host("oak"), _before("", 20, "Deny")),
        (denied(APPLE, PEAR), denied(APPLE, OUTSIDE), denied(PEAR, APPLE), allowed(PEAR, OUTSIDE)),
    ),
    Case(
        92,
        "before translation, the port is that of the node",
        "FV pre_dnat_test.go, pinhole to 32010",
        joined(host("elm", ETH), _STALL, _before("", 20, "Deny"), _before("30080", 10, "Allow")),
        (allowed(OUTSIDE, PEAR, 8080, via=_VIA, called=_NODE_PORT), denied(OUTSIDE, PEAR, 8080)),
    ),
    Case(
        92,
        "before translation, the port is not that of the pod",
        "FV pre_dnat_test.go, pinhole to 8055",
        joined(host("elm", ETH), _STALL, _before("", 20, "Deny"), _before("8080", 10, "Allow")),
        (denied(OUTSIDE, PEAR, 8080, via=_VIA, called=_NODE_PORT), allowed(OUTSIDE, PEAR, 8080)),
    ),
    Case(
        92,
        "what is allowed before translation is not asked of the other policies of the host, nor of its profiles",
        "UT pre-DNAT policy + normal profiles; felix/rules/static.go acceptAlreadyAccepted",
        joined(
            host("elm", ETH),
            gnp(f"{HOSTS}, applyOnForward: true, types: [Ingress], ingress: [{{action: Deny}}]", "forward"),
            _before("80", 10, "Allow"),
        ),
        (allowed(OUTSIDE, ELM), allowed(OUTSIDE, PEAR), denied(OUTSIDE, ELM, 81), denied(OUTSIDE, PEAR, 81)),
    ),
    Case(
        92,
        "what is passed before translation goes on to the other policies of the host",
        "UT pre-DNAT policy + normal profiles",
        joined(host("elm", ETH), _before("80", 10, "Pass"), _before("", 20, "Allow")),
        (denied(OUTSIDE, ELM), allowed(OUTSIDE, ELM, 81)),
    ),
    Case(
        92,
        "what is allowed before translation still leaves its node by one of all interfaces",
        "felix/rules/static.go StaticFilterForwardChains",
        joined(
            host("elm"),
            gnp(f"{HOSTS}, applyOnForward: true, types: [Egress], egress: [{{action: Deny}}]", "forward"),
            _before("80", 10, "Allow"),
        ),
        (denied(OUTSIDE, PEAR), allowed(OUTSIDE, ELM)),
    ),
    *(
        Case(
            92,
            f"before translation, an interface without such a policy of its own is {fact} the endpoint of all interfaces",
            "felix/dataplane/linux/endpoint_mgr.go updateHostEndpoints",
            joined(
                host("elm", labels="machine: all", name="a"),
                host("elm", ETH, labels="machine: one", name="b", profiles="projectcalico-default-allow"),
                gnp("applyOnForward: true, preDNAT: true, selector: machine == 'all', ingress: [{action: Deny}]"),
            ),
            (
                depends(
                    OUTSIDE,
                    ELM,
                    80,
                    {"interface of node elm=interface eth0": one, "interface of node elm=another interface": "D"},
                ),
                depends(
                    OUTSIDE,
                    PEAR,
                    80,
                    {"interface of node elm=interface eth0": one, "interface of node elm=another interface": "D"},
                ),
            ),
            assume={"dataplane": dataplane},
        )
        for fact, dataplane, one in (("under", "iptables", "D"), ("not under, with BPF,", "bpf", "A"))
    ),
    Case(
        92,
        "what comes from another node of the cluster was translated there, what comes from outside was not",
        "felix/rules/static.go StaticManglePreroutingChain; kube-proxy translates in nat PREROUTING and OUTPUT",
        joined(host("elm", ETH, profiles="projectcalico-default-allow"), _STALL, _before("80", 10, "Deny")),
        (
            allowed(APPLE, PEAR, 8080, via=_VIA),
            allowed(OAK, PEAR, 8080, via=_VIA),
            denied(OUTSIDE, PEAR, 8080, via=_VIA),
            denied(APPLE, PEAR, 80),
        ),
    ),
    Case(
        92,
        "a pod's own node sees the Service before it translates",
        "felix/rules/static.go StaticManglePreroutingChain, dispatch.go hostDispatchChains",
        joined(host("oak"), _STALL, _before("80", 10, "Deny")),
        (
            denied(APPLE, PEAR, 8080, via=_VIA),
            allowed(APPLE, PEAR, 8080),
            allowed(PLAIN, PEAR, 8080, via=_VIA),
        ),
    ),
    Case(
        92,
        "before translation selectors test the address of the Service, which no pod has",
        "felix/rules/static.go StaticManglePreroutingChain; rules are lists of addresses",
        joined(
            host("oak"),
            _STALL,
            gnp(
                f"applyOnForward: true, preDNAT: true, {HOSTS}, "
                "ingress: [{action: Deny, destination: {selector: app == 'pear'}}]"
            ),
        ),
        (denied(APPLE, PEAR, 8080), allowed(APPLE, PEAR, 8080, via=_VIA)),
    ),
    Case(
        92,
        "and with that what is negated there is true",
        "felix/rules/static.go StaticManglePreroutingChain; rules are lists of addresses",
        joined(
            host("oak"),
            _STALL,
            gnp(
                f"applyOnForward: true, preDNAT: true, {HOSTS}, "
                "ingress: [{action: Deny, destination: {notSelector: app == 'pear'}}]"
            ),
        ),
        (allowed(APPLE, PEAR, 8080), denied(APPLE, PEAR, 8080, via=_VIA)),
    ),
    Case(
        93,
        "what is allowed before translation is still judged by the policies of the pod",
        "UT pre-DNAT + workload",
        joined(
            host("elm", ETH),
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
        96,
        "an untracked policy that selects pods does nothing to them",
        "felix/calc/event_sequencer.go",
        gnp(f"{HERE}, applyOnForward: true, doNotTrack: true, types: [Ingress, Egress], ingress: [{{action: Deny}}]"),
        (allowed(OUTSIDE, PEAR), allowed(PEAR, APPLE)),
    ),
    Case(
        96,
        "a policy that applies on forward and selects pods is a policy of pods like any other",
        "page 2.7",
        gnp(
            f"{HERE}, applyOnForward: true, types: [Ingress], ingress: [{{action: Allow, source: {{selector: has(app)}}}}]"
        ),
        (denied(OUTSIDE, PEAR), allowed(APPLE, PEAR), denied(PLAIN, PEAR)),
    ),
    Case(
        98,
        "untracked policies on both hosts let both begin",
        "FV donottrack_test.go, should implement untracked policy correctly",
        joined(
            both_hosts(ETH),
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
        "untracked egress is about what the host itself sends: what it forwards is neither stopped nor let through by it",
        "felix/rules/static.go StaticRawOutputChain",
        joined(
            host("oak", ETH),
            gnp(
                f"order: 10, doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Egress], "
                "egress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}, {action: Deny}]",
                "untracked",
            ),
            gnp(
                f"order: 20, applyOnForward: true, {HOSTS}, types: [Egress], "
                "egress: [{action: Deny, protocol: TCP, destination: {ports: [80]}}, {action: Allow}]",
                "forward",
            ),
        ),
        (allowed(APPLE, OUTSIDE, 81), denied(APPLE, OUTSIDE, 80), denied(OAK, OUTSIDE, 81)),
    ),
    Case(
        98,
        "nothing translates the address of a Service for a flow that is not tracked",
        "felix/rules/static.go StaticRawPreroutingChain, StaticRawOutputChain",
        joined(
            host("oak", ETH, labels="machine: oak", profiles="projectcalico-default-allow"),
            host("elm", ETH, labels="machine: elm", profiles="projectcalico-default-allow"),
            _STALL,
            gnp(
                "doNotTrack: true, applyOnForward: true, selector: machine == 'elm', types: [Ingress], "
                "ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]",
                "elm",
            ),
            gnp(
                "doNotTrack: true, applyOnForward: true, selector: machine == 'oak', types: [Egress], "
                "egress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}, "
                "{action: Deny, protocol: TCP, destination: {ports: [8080]}}]",
                "oak",
            ),
        ),
        (
            denied(OUTSIDE, PEAR, 8080, via=_VIA),
            allowed(OUTSIDE, PEAR, 8080),
            denied(OAK, PEAR, 8080, via=_VIA),
            denied(OAK, PEAR, 8080),
            allowed(APPLE, PEAR, 8080, via=_VIA),
        ),
    ),
    Case(
        98,
        "untracked egress of a host sees the Service",
        "felix/rules/static.go StaticRawOutputChain",
        joined(
            host("oak", ETH, profiles="projectcalico-default-allow"),
            _STALL,
            gnp(
                f"doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Egress], "
                "egress: [{action: Deny, protocol: TCP, destination: {ports: [8080]}}]"
            ),
        ),
        (allowed(OAK, PEAR, 8080, via=_VIA), denied(OAK, PEAR, 8080)),
    ),
    Case(
        98,
        "and its selectors test the address of the Service",
        "felix/rules/static.go StaticRawOutputChain; rules are lists of addresses",
        joined(
            host("oak", ETH, profiles="projectcalico-default-allow"),
            _STALL,
            gnp(
                f"doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Egress], "
                "egress: [{action: Deny, destination: {selector: app == 'pear'}}]"
            ),
        ),
        (allowed(OAK, PEAR, 8080, via=_VIA), denied(OAK, PEAR, 8080)),
    ),
    Case(
        92,
        "a set that holds the address of the Service is matched before translation",
        "felix/rules/static.go StaticManglePreroutingChain; libcalico-go/lib/backend/syncersv1/felixsyncer",
        joined(
            host("oak"),
            _STALL,
            "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\n"
            "metadata: {name: virtual, labels: {kind: virtual}}\nspec: {nets: [10.96.0.0/16]}\n",
            gnp(
                f"applyOnForward: true, preDNAT: true, {HOSTS}, "
                "ingress: [{action: Deny, destination: {selector: kind == 'virtual'}}]"
            ),
        ),
        (denied(APPLE, PEAR, 8080, via=_VIA), allowed(APPLE, PEAR, 8080)),
    ),
    *(
        Case(
            98,
            f"without a rule for replies {fact}",
            "felix/rules/endpoints.go appendConntrackRules: INVALID is what TCP sends out of nowhere",
            joined(
                host("elm", ETH),
                gnp(
                    f"doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Ingress, Egress], "
                    "ingress: [{action: Allow, source: {nets: [203.0.113.0/24]}}]"
                ),
            ),
            (
                depends(OUTSIDE, ELM, 514, {"": "D", f"{_REPLIES}=true": tcp}),
                depends(OUTSIDE, ELM, 514, {"": "D", f"{_REPLIES}=true": "A"}, "UDP"),
                depends(ELM, OAK, 514, {"": "D", f"{_REPLIES}=true": "D"}, "UDP"),
            ),
            assume={"dataplane": dataplane},
        )
        for fact, dataplane, tcp in (
            ("no connection begins, but a datagram arrives", "iptables", "D"),
            ("it is not known what begins with BPF", "bpf", "A"),
        )
    ),
    Case(
        98,
        "untracked ingress is not asked about what the pods of a node send",
        "felix/rules/static.go StaticRawPreroutingChain",
        joined(
            host("elm", ETH),
            gnp(f"doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Ingress], ingress: [{{action: Deny}}]"),
        ),
        (allowed(PLAIN, PEAR), denied(APPLE, PEAR), denied(OUTSIDE, PEAR)),
    ),
    Case(
        98,
        "untracked policies are not enforced at a host endpoint of all interfaces",
        "felix/dataplane/linux/endpoint_mgr.go updateHostEndpoints",
        joined(
            host("elm", profiles="projectcalico-default-allow"),
            gnp(
                f"doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Ingress, Egress], "
                "ingress: [{action: Deny}], egress: [{action: Deny}]"
            ),
        ),
        (allowed(APPLE, PEAR), allowed(OUTSIDE, PEAR), allowed(OUTSIDE, ELM), allowed(ELM, OUTSIDE)),
        warned=("NPV289",),
    ),
    Case(
        98,
        "for the BPF dataplane they are, for what comes in",
        "felix/dataplane/linux/bpf_ep_mgr.go OnHEPUpdate, attachXDPProgram",
        joined(
            host("elm", profiles="projectcalico-default-allow"),
            gnp(
                f"doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Ingress, Egress], "
                "ingress: [{action: Deny}], egress: [{action: Deny}]"
            ),
        ),
        (denied(APPLE, PEAR), denied(OUTSIDE, PEAR), denied(OUTSIDE, ELM), allowed(ELM, OUTSIDE), allowed(PLAIN, PEAR)),
        assume={"dataplane": "bpf"},
        warned=("NPV289",),
    ),
    Case(
        98,
        "source ports of failsafe ports of the other direction are no business of untracked policies",
        "felix/rules/static.go failsafeInChain, failsafeOutChain",
        joined(
            host("elm", ETH, profiles="projectcalico-default-allow"),
            gnp(
                f"doNotTrack: true, applyOnForward: true, {HOSTS}, types: [Ingress, Egress], "
                "ingress: [{action: Deny}], egress: [{action: Deny}]"
            ),
        ),
        (
            allowed(OUTSIDE, PEAR, 80, "UDP", src_port=53),
            allowed(OUTSIDE, ELM, 80, "TCP", src_port=6443),
            denied(OUTSIDE, PEAR, 80, "TCP", src_port=53),
            denied(OUTSIDE, PEAR, 80, "TCP", src_port=22),
            allowed(ELM, OUTSIDE, 80, "TCP", src_port=22),
            denied(ELM, OUTSIDE, 80, "UDP", src_port=53),
        ),
    ),
    Case(
        98,
        "untracked policies without the egress rules of one host leave it the failsafe ports",
        "FV donottrack_test.go, should implement untracked policy correctly",
        joined(
            host("oak", ETH, labels="machine: oak"),
            host("elm", ETH, labels="machine: elm"),
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

CASES: tuple[Case, ...] = (*FORWARDED, *TRANSLATION)
