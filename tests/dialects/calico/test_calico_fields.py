"""No field of Calico's resources is without a row in the table of fields."""

from __future__ import annotations

import pytest

from npverify.dialects.calico.fields import FIELDS, State, children
from npverify.dialects.calico.fields_felix import IRRELEVANT, MODELLED, OTHERWISE

# The schema as published: projectcalico/calico libcalico-go/config/crd and api/pkg/apis/projectcalico/v3, all of 3.26 to
# 3.32 together. Below an object of another type: its fields; "" is a value, a list of values or a map of texts.
RULE = {
    "action": "", "ipVersion": "", "protocol": "", "notProtocol": "", "icmp": "ICMPFields", "notICMP": "ICMPFields",
    "source": "EntityRule", "destination": "EntityRule", "http": "HTTPMatch", "metadata": "RuleMetadata",
}  # fmt: skip
POLICY = {
    "tier": "", "order": "", "ingress": "[]Rule", "egress": "[]Rule", "selector": "", "types": "",
    "serviceAccountSelector": "", "performanceHints": "",
}  # fmt: skip
GLOBAL = {**POLICY, "doNotTrack": "", "preDNAT": "", "applyOnForward": "", "namespaceSelector": ""}
SELECTOR = {"matchLabels": "", "matchExpressions": "[]LabelSelectorRequirement"}
TYPES: dict[str, dict[str, str]] = {
    "NetworkPolicy": POLICY,
    "GlobalNetworkPolicy": GLOBAL,
    "StagedNetworkPolicy": {**POLICY, "stagedAction": ""},
    "StagedGlobalNetworkPolicy": {**GLOBAL, "stagedAction": ""},
    "StagedKubernetesNetworkPolicy": {
        "stagedAction": "", "podSelector": "LabelSelector", "ingress": "[]NetworkPolicyIngressRule",
        "egress": "[]NetworkPolicyEgressRule", "policyTypes": "",
    },
    "Tier": {"order": "", "defaultAction": ""},
    "NetworkSet": {"nets": ""},
    "GlobalNetworkSet": {"nets": ""},
    "HostEndpoint": {"node": "", "interfaceName": "", "expectedIPs": "", "profiles": "", "ports": "[]EndpointPort"},
    "Profile": {"ingress": "[]Rule", "egress": "[]Rule", "labelsToApply": ""},
    "Rule": RULE,
    "ICMPFields": {"type": "", "code": ""},
    "EntityRule": {
        "nets": "", "notNets": "", "selector": "", "notSelector": "", "namespaceSelector": "", "services": "ServiceMatch",
        "ports": "", "notPorts": "", "serviceAccounts": "ServiceAccountMatch",
    },
    "ServiceMatch": {"name": "", "namespace": ""},
    "ServiceAccountMatch": {"names": "", "selector": ""},
    "HTTPMatch": {"methods": "", "paths": "[]HTTPPath"},
    "HTTPPath": {"exact": "", "prefix": ""},
    "RuleMetadata": {"annotations": ""},
    "EndpointPort": {"name": "", "protocol": "", "port": ""},
    "LabelSelector": SELECTOR,
    "LabelSelectorRequirement": {"key": "", "operator": "", "values": ""},
    "NetworkPolicyIngressRule": {"ports": "[]NetworkPolicyPort", "from": "[]NetworkPolicyPeer"},
    "NetworkPolicyEgressRule": {"ports": "[]NetworkPolicyPort", "to": "[]NetworkPolicyPeer"},
    "NetworkPolicyPort": {"protocol": "", "port": "", "endPort": ""},
    "NetworkPolicyPeer": {"podSelector": "LabelSelector", "namespaceSelector": "LabelSelector", "ipBlock": "IPBlock"},
    "IPBlock": {"cidr": "", "except": ""},
}  # fmt: skip
KINDS = tuple(kind for kind in TYPES if kind in FIELDS)

FELIX = """
    allowIPIPPacketsFromWorkloads allowVXLANPacketsFromWorkloads bpfEnabled chainInsertMode defaultEndpointToHostAction
    failsafeInboundHostPorts failsafeInboundHostPorts[].net failsafeInboundHostPorts[].port
    failsafeInboundHostPorts[].protocol failsafeOutboundHostPorts failsafeOutboundHostPorts[].net
    failsafeOutboundHostPorts[].port failsafeOutboundHostPorts[].protocol interfaceExclude interfacePrefix
    iptablesFilterAllowAction iptablesMangleAllowAction nftablesFilterAllowAction nftablesMangleAllowAction
    ipipEnabled vxlanEnabled vxlanPort wireguardEnabled wireguardEnabledV6 wireguardListeningPort wireguardListeningPortV6
    workloadSourceSpoofing externalNodesList disableConntrackInvalidCheck istioAmbientMode sidecarAccelerationEnabled
"""
"""The parameters that can change what passes; the others only tune, log, route and translate addresses."""


def published(kind: str, path: str = "spec.") -> list[str]:
    """The path of every field of a type and of the types below it."""
    found = []
    for name, inner in TYPES[kind].items():
        here = f"{path}{name}"
        found.append(here)
        if inner.startswith("[]"):
            found += published(inner[2:], f"{here}[].")
        elif inner:
            found += published(inner, f"{here}.")
    return found


EVERY = [(kind, path) for kind in KINDS for path in published(kind)]


@pytest.mark.parametrize(("kind", "path"), EVERY, ids=[f"{kind}: {path}" for kind, path in EVERY])
def test_every_published_field_has_a_row(kind: str, path: str) -> None:
    """Each field of the published schema is in one of the four states."""
    assert isinstance(FIELDS[kind][path], State)


@pytest.mark.parametrize("kind", KINDS)
def test_no_row_without_a_field(kind: str) -> None:
    """The table names no field that the schema lacks, but for those of the commercial editions, which are opaque."""
    extra = {path for path in FIELDS[kind] if path.startswith("spec.")} - set(published(kind))
    assert extra == {path for path, state in FIELDS[kind].items() if state is State.OPAQUE}
    assert all(path.endswith((".domains", ".allowedEgressDomains")) for path in extra)


@pytest.mark.parametrize("kind", KINDS)
def test_what_can_decide_about_packets_is_modelled(kind: str) -> None:
    """Only hints and annotations of rules are irrelevant."""
    left_out = {path for path, state in FIELDS[kind].items() if path.startswith("spec.") and state is State.IRRELEVANT}
    assert all("performanceHints" in path or ".metadata" in path for path in left_out)


@pytest.mark.parametrize("kind", FIELDS)
def test_every_object_has_metadata(kind: str) -> None:
    """The fields of all objects are those of the Kubernetes API; only a tier has a status."""
    assert {"apiVersion", "kind", "metadata", "spec"} <= set(children(kind, ""))
    assert ("status" in children(kind, "")) is (kind == "Tier")
    assert {"name", "namespace", "labels", "annotations", "managedFields"} <= set(children(kind, "metadata"))


@pytest.mark.parametrize("name", FELIX.split())
def test_parameters_of_felix_that_can_decide_have_a_row(name: str) -> None:
    """They are modelled or told; none of them is taken for irrelevant."""
    assert (name in MODELLED) != (name in OTHERWISE)
    assert FIELDS["FelixConfiguration"][f"spec.{name}"] in (State.MODELLED, State.OPAQUE)


def test_parameters_of_felix_have_one_row() -> None:
    """No parameter is in two of the three lists, and none has a name that belongs to another field."""
    names = [*MODELLED, *OTHERWISE, *IRRELEVANT]
    assert len(set(names)) == len(names)
    assert len(FELIX.split()) == len(MODELLED) + len(OTHERWISE)
    assert len(IRRELEVANT) > 150


def test_children_are_the_fields_of_one_map() -> None:
    """The fields of a map are told without those further down."""
    assert children("HostEndpoint", "spec.ports[]") == ("name", "protocol", "port")
    assert children("Profile", "spec.egress[].destination.services") == ("name", "namespace")
    assert children("Tier", "spec") == ("order", "defaultAction")
