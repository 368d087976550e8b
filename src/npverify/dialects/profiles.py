"""Switches: what the API texts leave to the network plugin. Profiles: what one plugin does with them.

A switch is an `Unknown` of kind "switch". A profile fixes some of them; the rest stays free, and every proof then holds
for each of their values. Meaning and sources of every switch: docs/switches.md, whose tables are compared with the data
here by a test. What plugins do is in the table of `plugins`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from npverify.dialects.calico.settings import DEFAULTS, VERSIONS, Settings
from npverify.dialects.calico.settings import SETTINGS as CALICO
from npverify.dialects.cilium import settings as cilium
from npverify.dialects.plugins import NAMES, PLUGINS, Plugin, plugin_of
from npverify.dialects.plugins.ways import API, Ways, fixed_by, ways_of
from npverify.ingest.fields import nearest
from npverify.ingest.source import Diagnostic, InputError
from npverify.inventory import controllers
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
    _switch("node_port_snat", "what comes in through node ports has the node's address {value}", "at_other_nodes", "always", "never"),
    _switch("load_balancer_source", "what a load balancer sends has the address of the {value}", "client", "balancer"),
    _switch("load_balancer_ranges", "the source ranges of load balancers are {value}", "enforced", "ignored"),
    _switch("host_port_snat", "what comes in through a hostPort has the node's address {value}", "never", "always"),
    _switch("icmp", "the treatment of ICMP of isolated pods is {value}", "portless_rules_only", "always_allow", "always_deny"),
)  # fmt: skip
"""Every switch that a reading gives a value, in the order in which reports name them; the default value first."""

STRICT_CIDR = Unknown("strict_cidr", ("true", "false"), "switch", phrase="strict checks of CIDRs are {value}")
"""Whether ambiguous CIDRs are refused. It decides what is valid input, so it is fixed always and never quantified over."""

CLUSTER_POLICIES = Unknown(
    "cluster_policies", ("off", "on"), "switch", phrase="the gate of cluster-wide policies is {value}"
)
"""Whether a plugin that has cluster-wide policies behind a gate enforces them; with the others the table of plugins says it."""

SAME_PRIORITY = Unknown("same_priority", ("any", "by_name"), "switch", phrase="ties of priority are broken {value}")
"""Which of two cluster-wide policies of one priority is asked first."""

OPTIONS = (STRICT_CIDR, CLUSTER_POLICIES, SAME_PRIORITY)
"""Settings that have one value in a run, the default first; `--assume` takes them, and nothing is quantified over them."""

_BY_NAME = {switch.name: switch for switch in SWITCHES}

_FREE = {"free"}
_ALSO_FREE = {"ipblock_matches_pods": "both", "self_via_service": "unspecified"}  # spellings of kubernetes.md 0.3


@dataclass(frozen=True, slots=True)
class Profile:
    """What a network plugin does: does it enforce at all, which switches does it fix (name to value).

    `name` is how policies are lowered (kubernetes, calico, cilium, none); `plugin` is the name of the plugin in the table of
    `plugins`, where that is another, and `version` that of a plugin whose versions are told apart nowhere else.
    `ways` are what it does that no switch has; `options` are those settings of `OPTIONS` that the user gave, which it has in it. `calico` and `cilium` are the ways in which these two run, if they do.
    `strict_cidr` refuses CIDRs that programs read differently, as the API server does behind StrictIPCIDRValidation.
    """

    name: str
    enforces: bool = True
    fixed: Mapping[str, str] = field(default_factory=dict, hash=False)
    strict_cidr: bool = True
    calico: Settings = DEFAULTS
    cilium: cilium.Settings = cilium.DEFAULTS
    plugin: str = ""
    version: str = ""
    ways: Ways = API
    options: tuple[tuple[str, str], ...] = ()

    def __hash__(self) -> int:
        # what predicates are remembered by has it in it, and all of the settings would take longer than most of these
        return hash((self.name, self.plugin, self.version))

    @property
    def shown(self) -> str:
        """The name of the plugin."""
        return self.plugin or self.name

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """What the answer depends on besides switches and what Calico and Cilium tell of themselves."""
        return (*((("version", self.version),) if self.version else ()), *self.options)

    def pred(self, switch: str, *values: str) -> Pred:
        """The readings in which the switch has one of `values`; a constant where the profile fixes it."""
        if switch in self.fixed:
            return const(self.fixed[switch] in values)
        return unknown_in(_BY_NAME[switch], *values)

    @property
    def free(self) -> tuple[Unknown, ...]:
        """The switches that are left open, in the order of the table."""
        return tuple(s for s in SWITCHES if s.name not in self.fixed and len(s.values) > 1)


_SETTINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "calico": CALICO,
    "cilium": {"cilium_version": tuple(reversed(cilium.VERSIONS)), **cilium.SETTINGS},
}
"""Engine to the settings that it alone has, with their values."""


def assumable() -> Mapping[str, tuple[str, ...]]:
    """Everything that `--assume` can fix, with the values that it can have; a switch of several can be `free` as well."""
    switches = {s.name: (*s.values, *sorted(_FREE)) if len(s.values) > 1 else s.values for s in SWITCHES}
    return {**switches, **{s.name: s.values for s in OPTIONS}, **_SETTINGS["calico"], **_SETTINGS["cilium"]}


def _of(plugin: Plugin, version: str) -> Profile:
    """The profile that the table of plugins gives."""
    engine = plugin.engine or "kubernetes"
    named = "" if plugin.name == engine else plugin.name
    told_apart = plugin.versions and engine == "kubernetes"
    return Profile(
        engine,
        enforces=engine != "none",
        fixed=fixed_by(plugin, version),
        plugin=named,
        version=version if told_apart else "",
        ways=ways_of(plugin, version),
    )


def _named(cni: str, problems: list[Diagnostic]) -> tuple[Plugin, str]:
    """The plugin of `NAME` or `NAME@VERSION`, and the version ("": none is named); what is wrong is reported."""
    name, at, version = cni.partition("@")
    plugin = plugin_of(name)
    if plugin is None:
        fix = nearest(name, NAMES) or f"known plugins: {', '.join(NAMES)}"
        problems.append(Diagnostic("NPV080", f"unknown network plugin `{name}`", fix=fix))
        return PLUGINS["kubernetes"], ""
    if at and version not in plugin.versions:
        known = plugin.versions
        fix = nearest(version, known) or (f"known versions: {', '.join(known)}" if known else "leave the version out")
        problems.append(Diagnostic("NPV570", f"unknown version `{version}` of `{plugin.name}`", fix=fix))
        return plugin, ""
    return plugin, version


def rows_of(names: Iterable[str]) -> list[tuple[Plugin, str]]:
    """The rows of the table of plugins, each in the version that is named, or in the newest. InputError with every wrong name."""
    problems: list[Diagnostic] = []
    found = [_named(name, problems) for name in names]
    if problems:
        raise InputError(problems)
    return [(plugin, version or plugin.newest) for plugin, version in found]


def profile(cni: str, assume: Mapping[str, str], calico_version: str = "", *, for_lint: bool = False) -> Profile:
    """The profile of a plugin, `NAME` or `NAME@VERSION`, with the switches of `assume` fixed; the value `free` frees one again.

    With `for_lint` a plugin too that proofs refuse. InputError with every wrong name and value.
    """
    problems: list[Diagnostic] = []
    plugin, version = _named(cni, problems)
    if plugin.refusal and not for_lint:
        message = f"nothing can be proved under `{plugin.name}`: {plugin.refusal}"
        problems.append(
            Diagnostic(
                "NPV571",
                message,
                fix=f"ask `npverify lint … --cni {plugin.name}`, which judges the policies without a proof",
            )
        )
    base = _of(plugin, version or plugin.newest)
    chosen = _Chosen(base, problems)
    for switch, value in assume.items():
        chosen.take(switch, value)
    releases = {
        "calico": (calico_version, VERSIONS),
        "cilium": (chosen.given["cilium"].pop("cilium_version", ""), cilium.VERSIONS),
    }
    if calico_version and calico_version not in VERSIONS:
        fix = nearest(calico_version, VERSIONS) or f"known versions: {', '.join(VERSIONS)}"
        problems.append(Diagnostic("NPV083", f"unknown version `{calico_version}` of Calico", fix=fix))
    release, known = releases.get(base.name, ("", ()))
    if release and version and release not in (version, VERSIONS[-1]):
        message = f"`{cni}` and version {release} of {base.name.capitalize()} are both asked for"
        problems.append(Diagnostic("NPV570", message, fix="name one version"))
    named = version or release or plugin.newest
    if chosen.given["cilium"].get("cidr_match_mode") == "pods" and named != cilium.VERSIONS[-1]:
        message = f"`cidr_match_mode` has no value `pods` before Cilium {cilium.VERSIONS[-1]}, and {named} is asked for"
        problems.append(Diagnostic("NPV722", message, fix="name that version, or another value"))
    if problems:
        raise InputError(problems)
    release = version or release or (plugin.newest if plugin.newest in known else "")
    if release in plugin.versions:
        base = _of(plugin, release)
        chosen.base(base)
    release = release or VERSIONS[-1]
    ways = base.ways
    if "gate" in (ways.admin_policies, ways.cluster_policies):
        opened = "enforced" if chosen.options.get(CLUSTER_POLICIES.name) == "on" else "gate"
        of = {"gate": opened}
        ways = ways._replace(
            admin_policies=of.get(ways.admin_policies, ways.admin_policies),
            cluster_policies=of.get(ways.cluster_policies, ways.cluster_policies),
        )
    ways = ways._replace(same_priority=chosen.options.get(SAME_PRIORITY.name, ways.same_priority))
    return replace(
        base,
        fixed=chosen.fixed,
        strict_cidr=chosen.options.get(STRICT_CIDR.name, "true") == "true",
        calico=Settings.of(release if base.name == "calico" else VERSIONS[-1], chosen.given["calico"]),
        cilium=cilium.Settings.of(release if base.name == "cilium" else cilium.VERSIONS[-1], chosen.given["cilium"]),
        ways=ways,
        options=(
            *((o.name, chosen.options[o.name]) for o in OPTIONS[1:] if o.name in chosen.options),
            *sorted(chosen.controllers.items()),
        ),
    )


class _Chosen:
    """What the user fixes beyond the plugin. Guards the switches, and what is wrong with them."""

    def __init__(self, base: Profile, problems: list[Diagnostic]) -> None:
        self._base = base
        self._problems = problems
        self._switches: dict[str, str | None] = {}
        self.options: dict[str, str] = {}
        self.controllers: dict[str, str] = {}
        self.given: dict[str, dict[str, str]] = {name: {} for name in _SETTINGS}

    def base(self, base: Profile) -> None:
        """Go by another version of the plugin."""
        self._base = base

    @property
    def fixed(self) -> dict[str, str]:
        """Every switch that has one value; the choice of the user goes first."""
        both = {**self._base.fixed, **self._switches}
        return {name: value for name, value in both.items() if value is not None}

    def take(self, name: str, value: str) -> None:
        """Fix a switch, free it, or give a setting its value."""
        owner = next((engine for engine, known in _SETTINGS.items() if name in known), "")
        if owner:
            self._setting(owner, name, value)
            return
        if controllers.is_setting(name):
            self._controller(name, value)
            return
        switch = next((s for s in OPTIONS if s.name == name), _BY_NAME.get(name))
        if switch is None:
            names = (
                *_BY_NAME,
                *(s.name for s in OPTIONS),
                *controllers.SETTINGS,
                *(name for known in _SETTINGS.values() for name in known),
            )
            fix = nearest(name, names) or f"known switches: {', '.join(names)}"
            self._problems.append(Diagnostic("NPV081", f"unknown switch `{name}`", fix=fix))
            return
        may_be_free = switch not in OPTIONS
        if may_be_free and value in _FREE | {_ALSO_FREE.get(name)}:
            self._switches[name] = None
        elif value not in switch.values:
            values = (*switch.values, *(_FREE if may_be_free else ()))
            fix = nearest(value, values) or f"values of `{name}`: {', '.join(values)}"
            self._problems.append(Diagnostic("NPV082", f"switch `{name}` has no value `{value}`", fix=fix))
        elif may_be_free:
            self._switches[name] = value
        else:
            self._option(name, value)

    def _option(self, name: str, value: str) -> None:
        """An option that has one value in a run; the gate must be one that the plugin has."""
        gates = (self._base.ways.admin_policies, self._base.ways.cluster_policies)
        if name == CLUSTER_POLICIES.name and self._base.name != "cilium" and "gate" not in gates:
            message = f"`{self._base.shown}` has no gate for cluster-wide policies"
            self._problems.append(Diagnostic("NPV084", message, fix="leave the setting out"))
        self.options[name] = value

    def _controller(self, name: str, value: str) -> None:
        """Who passes on what Ingress and Gateway objects bring in."""
        self.controllers[name] = value
        if controllers.read_controller(value) is None:
            message = f"`{value}` names no pods, nodes or addresses for `{name}`"
            self._problems.append(Diagnostic("NPV653", message, fix=f"write {controllers.FORMS}"))

    def _setting(self, owner: str, name: str, value: str) -> None:
        self.given[owner][name] = value
        values = _SETTINGS[owner][name]
        if value not in values:
            fix = nearest(value, values) or f"values of `{name}`: {', '.join(values)}"
            self._problems.append(Diagnostic("NPV082", f"setting `{name}` has no value `{value}`", fix=fix))
        elif self._base.name != owner:
            fix = f"choose the plugin with --cni {owner}, or leave the setting out"
            message = f"setting `{name}` means nothing without {owner.capitalize()}"
            self._problems.append(Diagnostic("NPV084", message, fix=fix))


PROFILES: Mapping[str, Profile] = {
    name: _of(plugin, plugin.newest) for name, plugin in PLUGINS.items() if not plugin.refusal
}
"""Every plugin under which something can be proved, with its newest version."""
