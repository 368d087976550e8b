"""Switches: what the API texts leave to the network plugin. Profiles: what one plugin does with them.

A switch is an `Unknown` of kind "switch". A profile fixes some of them; the rest stays free, and every proof then holds
for each of their values. Meaning and sources of every switch: docs/switches.md, whose tables are compared with the data
here by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from npverify.dialects.calico.settings import DEFAULTS, VERSIONS, Settings
from npverify.dialects.calico.settings import SETTINGS as CALICO
from npverify.dialects.cilium import settings as cilium
from npverify.dialects.plugins import LINT_ONLY, PLUGINS
from npverify.ingest.fields import nearest
from npverify.ingest.source import Diagnostic, InputError
from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import Pred, const, unknown_in


def _switch(name: str, phrase: str, *values: str) -> Unknown:
    return Unknown(name, values, "switch", phrase=phrase)


SWITCHES: tuple[Unknown, ...] = (
    _switch("ipblock_matches_pods", "the matching of ipBlock peers with pod addresses is {value}", "literal", "never"),
    _switch("ipblock_matches_nodes", "the matching of ipBlock peers with node addresses is {value}", "literal", "never"),
    _switch("self_pod_ip", "a pod's traffic to its own address is {value}", "always_allow"),
    _switch("self_via_service", "a pod's traffic to itself through a Service is {value}", "policed", "allowed", "source_hidden"),
    _switch("node_to_own_pod", "traffic from a node to its own pods is {value}", "always_allow"),
    _switch("pod_to_own_node", "traffic from a pod to its own node is {value}", "policed", "always_allow"),
    _switch("hostnetwork_pods", "host-network pods are treated {value}", "as_node", "as_pod"),
    _switch("service_translation", "Service addresses are translated {value}", "before_policy", "after_policy"),
    _switch("named_port_containers", "named ports are looked up in {value} containers", "regular+sidecar", "regular", "all"),
    _switch("named_port_duplicates", "what several ports of one name in a pod stand for is the {value}", "union", "first"),
    _switch("np_shadows_baseline", "NetworkPolicies hide baseline policies {value}", "per_direction", "per_pod"),
    _switch("endport_supported", "support of `endPort` is {value}", "true", "false"),
    _switch("icmp", "the treatment of ICMP of isolated pods is {value}", "portless_rules_only", "always_allow", "always_deny"),
)  # fmt: skip
"""Every switch that a reading gives a value, in the order in which reports name them; the default value first."""

STRICT_CIDR = Unknown("strict_cidr", ("true", "false"), "switch", phrase="strict checks of CIDRs are {value}")
"""Whether ambiguous CIDRs are refused. It decides what is valid input, so it is fixed always and never quantified over."""

_BY_NAME = {switch.name: switch for switch in SWITCHES}

_FREE = {"free"}
_ALSO_FREE = {"ipblock_matches_pods": "both", "self_via_service": "unspecified"}  # spellings of kubernetes.md 0.3


@dataclass(frozen=True, slots=True)
class Profile:
    """What a network plugin does: does it enforce at all, which switches does it fix (name to value).

    `calico` and `cilium` are the ways in which these two run, if they do.
    `plugin` is the name that the user gave, where lint knows more of it than the profile (`plugins.py`).
    `strict_cidr` refuses CIDRs that programs read differently, as the API server does behind StrictIPCIDRValidation.
    """

    name: str
    enforces: bool = True
    fixed: Mapping[str, str] = field(default_factory=dict, hash=False)
    strict_cidr: bool = True
    calico: Settings = DEFAULTS
    cilium: cilium.Settings = cilium.DEFAULTS
    plugin: str = ""

    def pred(self, switch: str, *values: str) -> Pred:
        """The readings in which the switch has one of `values`; a constant where the profile fixes it."""
        if switch in self.fixed:
            return const(self.fixed[switch] in values)
        return unknown_in(_BY_NAME[switch], *values)

    @property
    def free(self) -> tuple[Unknown, ...]:
        """The switches that are left open, in the order of the table."""
        return tuple(s for s in SWITCHES if s.name not in self.fixed and len(s.values) > 1)


_KUBERNETES = Profile("kubernetes")

_CALICO = Profile(
    "calico",
    fixed={
        "ipblock_matches_pods": "literal",
        "ipblock_matches_nodes": "literal",
        "self_via_service": "policed",
        "pod_to_own_node": "policed",
        "hostnetwork_pods": "as_node",
        "service_translation": "before_policy",
        "named_port_containers": "all",
        "named_port_duplicates": "union",
        "endport_supported": "true",
        "icmp": "portless_rules_only",
    },
)

_CILIUM = Profile(
    "cilium",
    fixed={
        "ipblock_matches_pods": "never",
        "ipblock_matches_nodes": "never",
        "self_via_service": "allowed",
        "pod_to_own_node": "policed",
        "hostnetwork_pods": "as_node",
        "service_translation": "before_policy",
        "endport_supported": "true",
        "icmp": "portless_rules_only",
    },
)

_SETTINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "calico": CALICO,
    "cilium": {"cilium_version": tuple(reversed(cilium.VERSIONS)), **cilium.SETTINGS},
}
"""Plugin to the settings that it alone has, with their values."""

_NONE = Profile("none", enforces=False)

PROFILES: Mapping[str, Profile] = {p.name: p for p in (_KUBERNETES, _CALICO, _CILIUM, _NONE)}
ALIASES: Mapping[str, str] = {"spec": "kubernetes", "flannel": "none"}
LIKE: Mapping[str, str] = {"canal": "calico", "gke-dpv2": "cilium"}
"""Plugins for lint alone that are made of one that has a profile."""


def profile(
    cni: str, assume: Mapping[str, str], calico_version: str = VERSIONS[-1], *, for_lint: bool = False
) -> Profile:
    """The profile of that name (or alias), with the switches of `assume` fixed; the value `free` frees one again.

    With `for_lint` plugins are known too of which only `plugins.py` tells: their profile is that of the specification.
    InputError with every wrong name and value.
    """
    problems: list[Diagnostic] = []
    base = PROFILES.get(ALIASES.get(cni, cni))
    if base is None and for_lint and cni in LINT_ONLY:
        base = PROFILES[LIKE.get(cni, _KUBERNETES.name)]
    if base is not None and for_lint and cni in PLUGINS and cni != base.name:
        base = replace(base, plugin=cni)
    if base is None:
        known = (*PROFILES, *ALIASES, *(LINT_ONLY if for_lint else ()))
        fix = nearest(cni, known) or f"known profiles: {', '.join(known)}"
        problems.append(Diagnostic("NPV080", f"unknown network plugin `{cni}`", fix=fix))
        base = _KUBERNETES
    fixed = dict(base.fixed)
    strict = base.strict_cidr
    given: dict[str, dict[str, str]] = {name: {} for name in _SETTINGS}
    if calico_version not in VERSIONS:
        fix = nearest(calico_version, VERSIONS) or f"known versions: {', '.join(VERSIONS)}"
        problems.append(Diagnostic("NPV083", f"unknown version `{calico_version}` of Calico", fix=fix))
    for name, value in assume.items():
        owner = next((plugin for plugin, known in _SETTINGS.items() if name in known), "")
        if owner:
            given[owner][name] = value
            values = _SETTINGS[owner][name]
            if value not in values:
                fix = nearest(value, values) or f"values of `{name}`: {', '.join(values)}"
                problems.append(Diagnostic("NPV082", f"setting `{name}` has no value `{value}`", fix=fix))
            elif base.name != owner:
                fix = f"choose the plugin with --cni {owner}, or leave the setting out"
                message = f"setting `{name}` means nothing without {owner.capitalize()}"
                problems.append(Diagnostic("NPV084", message, fix=fix))
            continue
        switch = STRICT_CIDR if name == STRICT_CIDR.name else _BY_NAME.get(name)
        if switch is None:
            names = (*_BY_NAME, STRICT_CIDR.name, *(name for known in _SETTINGS.values() for name in known))
            fix = nearest(name, names) or f"known switches: {', '.join(names)}"
            problems.append(Diagnostic("NPV081", f"unknown switch `{name}`", fix=fix))
            continue
        may_be_free = switch is not STRICT_CIDR
        if may_be_free and value in _FREE | {_ALSO_FREE.get(name)}:
            fixed.pop(name, None)
        elif value not in switch.values:
            values = (*switch.values, *(_FREE if may_be_free else ()))
            fix = nearest(value, values) or f"values of `{name}`: {', '.join(values)}"
            problems.append(Diagnostic("NPV082", f"switch `{name}` has no value `{value}`", fix=fix))
        else:
            fixed[name] = value
            strict = value == "true" if switch is STRICT_CIDR else strict
    if problems:
        raise InputError(problems)
    version = given["cilium"].pop("cilium_version", cilium.VERSIONS[-1])
    return replace(
        base,
        fixed=fixed,
        strict_cidr=strict,
        calico=Settings.of(calico_version, given["calico"]),
        cilium=cilium.Settings.of(version, given["cilium"]),
    )
