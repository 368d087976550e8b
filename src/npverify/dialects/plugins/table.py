"""The table of network plugins: the specification, Calico, Cilium and what is made of them, and the rest (`rows`)."""

from __future__ import annotations

from collections.abc import Mapping

from npverify.dialects.calico.settings import VERSIONS as CALICO_VERSIONS
from npverify.dialects.cilium.settings import VERSIONS as CILIUM_VERSIONS
from npverify.dialects.plugins.columns import BY_NAME, COLUMNS
from npverify.dialects.plugins.model import Cell, Feature, Gap, Plugin
from npverify.dialects.plugins.rows import OTHERS
from npverify.dialects.plugins.text import SOURCES, cells

__all__ = ["ALIASES", "NAMES", "PLUGINS", "gaps", "plugin_of", "source_in_full", "unread"]

KUBERNETES = Plugin(
    "kubernetes",
    "the specification",
    "kubernetes",
    cells("""
        enforces | both | | KDOC; KAPI
        endport | | ? | KDOC: a plugin without support applies `port` alone
        named_ports | per_pod | | KAPI
        named_ports_to_all | every_pod | | KAPI
        named_port_containers | | ? | kubernetes/kubernetes#125285
        named_port_duplicates | | ? | cilium/cilium#30003
        sctp | policed | | KDOC: where the plugin has it
        ipv6 | policed | | KAPI
        ipv6_everything | as_written | | KAPI
        except_scope | own_block | | KAPI
        ipblock_matches_pods | | ? | KDOC: blocks should be of addresses outside the cluster
        ipblock_matches_nodes | | ? | KDOC
        hostnetwork_pods | | ? | KDOC: one of two
        node_to_own_pod | always_allow | | KAPI; KDOC
        pod_to_own_node | | ? | KDOC says both
        self_via_service | | ? | kubernetes/kubernetes#125611
        icmp | | ? | KDOC: undefined
        service_translation | | ? | KDOC: undefined
        node_ports | policed | | KDOC
        port_entries | any | | KAPI
        existing_connections | | ? | KDOC: left to the plugin
        admin_policies | enforced | | API v1alpha1: where the plugin has them
        cluster_policies | enforced | | API v1alpha2: where the plugin has them
        cluster_peers | all | | API
        np_shadows_baseline | | ? | API, the texts name no direction
        same_priority | any | | API
    """),
    notes=("What the API leaves open is open here: a proof holds for every plugin that does as the API says.",),
)

CALICO = Plugin(
    "calico",
    "Calico",
    "calico",
    cells("""
        enforces | both | | CAL conversion.go K8sNetworkPolicyToCalico
        endport | range | | CAL conversion.go k8sPortToCalico
        named_ports | per_pod | | CAL conversion.go, sets of named ports
        named_ports_to_all | every_pod | | CAL conversion.go
        named_port_containers | all | | CAL workload_endpoint_default.go appendEndpointPorts
        named_port_duplicates | union | | CAL felix/labelindex
        sctp | policed | | CAL conversion.go k8sProtocolToCalico
        ipv6 | policed | | CAL felix/config/config_params.go Ipv6Support
        except_scope | own_block | | CAL conversion.go, nets and notNets
        ipblock_matches_pods | literal | D | CAL conversion.go k8sPeerToCalicoFields
        ipblock_matches_nodes | literal | D | CAL conversion.go k8sPeerToCalicoFields
        hostnetwork_pods | as_node | | CAL conversion.go IsValidCalicoWorkloadEndpoint
        node_to_own_pod | always_allow | | CAL felix/rules/static.go
        pod_to_own_node | policed | | CAL felix/rules/endpoints.go, then DefaultEndpointToHostAction
        self_via_service | policed | | CAL felix/rules/endpoints.go
        icmp | portless_rules_only | | CAL conversion.go k8sRuleToCalico
        service_translation | before_policy | | CAL felix/rules/static.go
        existing_connections | kept | | CAL felix/rules/endpoints.go; projectcalico/calico#6399
        admin_policies | no_effect | | CAL release-v3.28
        admin_policies >= 3.29 | enforced | | API site-src/implementations.md; BaselineAdminNetworkPolicy from 3.30 on
        admin_policies >= 3.32 | no_effect | | CAL, the converter is gone
        cluster_policies | no_effect | | CAL release-v3.31
        cluster_policies >= 3.32 | enforced | | API site-src/implementations.md; kubernetes-sigs/network-policy-api#376
        cluster_peers | standard | | CAL libcalico-go/lib/backend/k8s/conversion/clusternetworkpolicy.go
        np_shadows_baseline | per_direction | | CAL felix/rules/endpoints.go
        same_priority | by_name | | CAL felix/calc/policy_sorter.go
    """),
    CALICO_VERSIONS,
    notes=("Its own policies, versions and settings: calico.md.",),
)

_CILIUM_CELLS = cells("""
    enforces | both | | CIL Documentation/network/kubernetes/policy.rst
    endport | first_port_only | | MSM; CIL releases until 1.15
    endport >= 1.16 | range | | CIL pkg/k8s/network_policy.go of 1.17; cilium/cilium#28704
    named_ports | cluster_table | | cilium/cilium#30003; MSM
    named_ports >= 1.20 | per_pod | | CIL pkg/policy of 1.20
    named_port_containers | | ? | nothing was found
    named_port_duplicates | | ? | cilium/cilium#30003
    sctp | needs_option | | CIL Documentation/configuration/sctp.rst
    ipv6 | policed | | CIL Documentation, where it is enabled
    except_scope | own_block | | CIL pkg/policy/api/cidr.go
    ipblock_matches_pods | never | | CIL Documentation/security/policy/layer3.rst
    ipblock_matches_nodes | never | | CIL Documentation/security/policy/layer3.rst; cilium/cilium#9209
    hostnetwork_pods | as_node | | CIL Documentation/security/policy/layer3.rst
    node_to_own_pod | always_allow | | CIL Documentation/security/policy/layer3.rst, allow-localhost
    pod_to_own_node | policed | | MSM
    self_via_service | allowed | | CIL bpf; cilium/cilium#11593, #22107, #23480
    icmp | portless_rules_only | | CIL Documentation/security/policy/layer4.rst
    service_translation | before_policy | | CIL Documentation/security/policy/layer4.rst
    existing_connections | rechecked | | CIL bpf, the verdict is asked for each packet but replies
    admin_policies | no_effect | | cilium/cilium#23380
    cluster_policies | no_effect | | cilium/cilium#23380
    cluster_policies >= 1.20 | gate | | cilium/cilium#47227, enable-k8s-cluster-network-policy
    cluster_peers | all | | CIL pkg/k8s/cluster_network_policy.go; nodes where enable-node-selector-labels is set
""")

CILIUM = Plugin(
    "cilium",
    "Cilium",
    "cilium",
    _CILIUM_CELLS,
    CILIUM_VERSIONS,
    notes=("Its own policies, versions and settings: cilium.md.",),
)


def _over(base: Mapping[str, tuple[Cell, ...]], text: str) -> dict[str, tuple[Cell, ...]]:
    return {**base, **cells(text)}


def _as(base: Mapping[str, tuple[Cell, ...]], source: str) -> dict[str, tuple[Cell, ...]]:
    """The cells of another plugin, which is inside."""
    return {name: tuple(c._replace(source=f"{source}: {c.source}") for c in found) for name, found in base.items()}


CANAL = Plugin(
    "canal",
    "Canal",
    "calico",
    _as(CALICO.cells, "policies are Calico's (CAL manifests/canal.yaml)"),
    CALICO_VERSIONS,
    notes=("Calico's policies over Flannel's network.",),
)

AZURE_CILIUM = Plugin(
    "azure-cilium",
    "Azure CNI powered by Cilium",
    "cilium",
    _over(
        _as(_CILIUM_CELLS, "policies are Cilium's (MSC)"),
        """
        ipblock_matches_pods | never | | MSC, limitations
        ipblock_matches_nodes | never | | MSC, limitations
        hostnetwork_pods | as_node | | MSC, limitations
        cluster_policies | unknown | ? | MSC does not name the option
        """,
    ),
    ("1.16", "1.17", "1.18"),
    notes=(
        "Versions are those of Cilium: 1.16 with Kubernetes 1.31, 1.17 with 1.32 and 1.33, 1.18 with 1.34 and 1.35 (MSC).",
        "Rules about requests and names of domains need Advanced Container Networking Services (MSC).",
    ),
)


def _unsure(base: Mapping[str, tuple[Cell, ...]]) -> dict[str, tuple[Cell, ...]]:
    """The cells of Cilium, where none of them was confirmed: what is a switch is open."""
    found: dict[str, tuple[Cell, ...]] = {}
    for name, known in base.items():
        switched = bool(BY_NAME[name].switch[0])
        source = f"GKE says that it is built on Cilium; there {known[-1].value or 'open'} ({known[-1].source})"
        found[name] = (Cell("" if switched else known[-1].value, source, "open"),)
    return found


GKE = Plugin(
    "gke-dpv2",
    "GKE Dataplane V2",
    "cilium",
    {
        **_unsure(_CILIUM_CELLS),
        **cells("""
            enforces | both | | GKE
            endport | range | ? | as the Cilium inside
            except_scope | own_block | ? | as the Cilium inside
            admin_policies | unknown | ? | GKE
            cluster_policies | unknown | ? | GKE
        """),
    },
    CILIUM_VERSIONS,
    notes=(
        "Nothing of it was confirmed: where it is a switch, both answers are proved. Versions are those of Cilium.",
    ),
    also=(
        Gap(
            Feature.BLOCK_OF_PODS,
            "as far as it is Cilium, never takes a block for a pod, so the pods in it stay cut off",
            "cilium/cilium Documentation/security/policy/layer3.rst",
        ),
    ),
)

_NOTHING = cells("""
    enforces | none | | FLN
    admin_policies | no_effect | | FLN
    cluster_policies | no_effect | | FLN
""")

NONE = Plugin("none", "a plugin that enforces nothing", "none", _NOTHING)

FLANNEL = Plugin(
    "flannel",
    "Flannel",
    "none",
    _NOTHING,
    notes=(
        "With the option `netpol.enabled` of its chart, policies are those of kube-network-policies: name that instead.",
    ),
)

PLUGINS: Mapping[str, Plugin] = {
    plugin.name: plugin for plugin in (KUBERNETES, CALICO, CANAL, CILIUM, AZURE_CILIUM, GKE, *OTHERS, FLANNEL, NONE)
}
"""Every plugin by the name that `--cni` takes, in the order in which they are shown."""

ALIASES: Mapping[str, str] = {"spec": "kubernetes", "weave-net": "weave", "aws": "aws-vpc-cni", "gke": "gke-dpv2"}
"""Other names of them."""

NAMES = (*PLUGINS, *ALIASES)


def plugin_of(name: str) -> Plugin | None:
    """The plugin of a name or of another name."""
    return PLUGINS.get(ALIASES.get(name, name))


def gaps(name: str, version: str = "") -> tuple[Gap, ...]:
    """What a plugin does not do as the API means it; () for the specification, and for a name that is not known."""
    plugin = plugin_of(name)
    if plugin is None:
        return ()
    found = []
    for column in COLUMNS:
        cell = plugin.cell(column.name, version)
        if cell is not None and cell.value in column.gaps:
            found.append(Gap(*column.gaps[cell.value], source_in_full(cell.source)))
    return (*found, *plugin.also)


def unread(name: str, reads: str) -> bool:
    """Whether a plugin has nothing that reads the objects of `calico` or of `cilium`; the specification leaves that open."""
    plugin = plugin_of(name)
    return plugin is not None and plugin.name != "kubernetes" and name not in _READERS[reads]


_READERS = {"calico": ("calico", "canal"), "cilium": ("cilium", "gke-dpv2", "azure-cilium")}
"""Plugins that are, or run, the program whose objects these are."""


def source_in_full(source: str) -> str:
    """A source with the keys of repositories written out."""
    words = []
    for word in source.split(" "):
        key = word.strip("(),;:")
        words.append(word.replace(key, SOURCES[key][0]) if key in SOURCES else word)
    return " ".join(words)
