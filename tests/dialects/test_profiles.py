"""Switches, profiles, and the page that describes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from npverify.dialects import PROFILES, SWITCHES, profile
from npverify.dialects.plugins import ALIASES, PLUGINS, source_in_full
from npverify.dialects.plugins.columns import BY_NAME as COLUMN
from npverify.dialects.plugins.columns import COLUMNS
from npverify.dialects.plugins.text import SOURCES
from npverify.dialects.plugins.ways import API, ways_of
from npverify.dialects.profiles import OPTIONS, STRICT_CIDR
from npverify.ingest.source import InputError
from npverify.normal.predicates import FALSE, TRUE, unknown_in

PAGE = (Path(__file__).parents[2] / "docs" / "switches.md").read_text(encoding="utf-8")
BY_NAME = {switch.name: switch for switch in SWITCHES}


def rows(title: str) -> list[list[str]]:
    """The cells of the first table below a heading or a line, without its head."""
    lines = PAGE[PAGE.index(title) :].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| ---"))
    table = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def words(cell: str) -> tuple[str, ...]:
    """What stands in backticks."""
    return tuple(re.findall(r"`([^`]+)`", cell))


def test_the_page_lists_every_switch_with_its_values() -> None:
    """Names, order and values of docs/switches.md are those of the data, and each row has a meaning and a source."""
    table = rows("## Switches")
    assert [(words(r[0])[0], words(r[1])) for r in table] == [(s.name, s.values) for s in SWITCHES]
    setting = rows("Three more settings")
    assert {(words(r[0])[0], frozenset(words(r[1]))) for r in setting} == {
        (s.name, frozenset(s.values)) for s in OPTIONS
    }
    assert all(len(r) == 4 and r[2] and r[3] for r in (*table, *setting))


CELLS = [
    pytest.param(name, column, cell, id=f"{name} {column} {cell.since}".strip())
    for name, plugin in PLUGINS.items()
    for column, found in plugin.cells.items()
    for cell in found
]


@pytest.mark.parametrize(("name", "column", "cell"), CELLS)
def test_a_cell_says_what_it_has_from_where(name: str, column: str, cell) -> None:
    """A cell stands in a column that has its value, names its source and a version of its plugin; only an open one has no
    value."""
    assert cell.value in COLUMN[column].values or (cell.value == "" and cell.mark == "open")
    assert cell.source
    assert not cell.since or name == "azure-cilium" or cell.since in PLUGINS[name].versions


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_has_every_cell_that_matters(name: str) -> None:
    """A plugin that enforces something has a cell for each switch but those whose cell would only repeat the API, and fixes
    values that the switch has."""
    plugin = PLUGINS[name]
    assert {"enforces", "admin_policies", "cluster_policies"} <= set(plugin.cells)
    if plugin.refusal or plugin.engine == "none":
        return
    assert {"endport", "except_scope", "hostnetwork_pods", "node_to_own_pod", "existing_connections"} <= set(
        plugin.cells
    )
    fixed = PROFILES[name].fixed
    assert all(value in BY_NAME[switch].values for switch, value in fixed.items())


def test_every_value_of_a_switch_can_be_had() -> None:
    """A column that is a switch maps all its values to values of the switch."""
    for column in COLUMNS:
        switch, values = column.switch
        if switch:
            assert set(values) == set(column.values)
            assert set(values.values()) <= set(BY_NAME[switch].values)


def test_only_ways_that_no_switch_has_are_ways() -> None:
    """The specification, Calico and plugins that differ in switches alone are lowered as the API says."""
    assert ways_of(PLUGINS["kubernetes"], "") == API
    assert profile("antrea", {}).ways != API


def test_sources_are_written_out() -> None:
    """The key of a source stands for the name of a repository; every key is used."""
    assert (
        source_in_full("KR pkg/utils (see ANT, docs)")
        == "cloudnativelabs/kube-router pkg/utils (see antrea-io/antrea, docs)"
    )
    texts = [cell.source for plugin in PLUGINS.values() for found in plugin.cells.values() for cell in found]
    texts += [note for plugin in PLUGINS.values() for note in plugin.notes]
    assert {key for key in SOURCES if any(key in text for text in texts)} == set(SOURCES)


@pytest.mark.parametrize("name", ["canal", "azure-cilium", "gke-dpv2"])
def test_a_plugin_that_is_made_of_another(name: str) -> None:
    """Its policies are those of the other; its name is kept."""
    inside = {"canal": "calico"}.get(name, "cilium")
    found = profile(name, {})
    assert (found.name, found.plugin, found.shown) == (inside, name, name)


def test_canal_is_calico() -> None:
    """Canal fixes what Calico fixes."""
    assert profile("canal", {}).fixed == profile("calico", {}).fixed


@pytest.mark.parametrize("switch", [c.switch[0] for c in COLUMNS if c.switch[0]])
def test_nothing_is_known_of_gke(switch: str) -> None:
    """Every switch that Cilium fixes is free there, but for `endPort`, which is that of the version."""
    fixed = profile("gke-dpv2", {}).fixed
    assert (switch in fixed) is (switch == "endport_supported")


def test_romana_is_refused() -> None:
    """Nothing is proved under a plugin that reads selectors in another way; lint takes it."""
    with pytest.raises(InputError, match="nothing can be proved under `romana`"):
        profile("romana", {})
    assert profile("romana", {}, for_lint=True).shown == "romana"


@pytest.mark.parametrize(
    ("cni", "assume", "calico", "want"),
    [
        pytest.param("calico@3.29", {}, "", ("3.29", "enforced", "no_effect"), id="a version of Calico"),
        pytest.param("calico", {}, "3.30", ("3.30", "enforced", "no_effect"), id="by its own option"),
        pytest.param("calico", {}, "", ("3.32", "no_effect", "enforced"), id="else the newest"),
        pytest.param("canal@3.28", {}, "", ("3.28", "no_effect", "no_effect"), id="of Canal"),
        pytest.param("cilium@1.20", {}, "", ("1.20", "no_effect", "gate"), id="a version of Cilium"),
        pytest.param("cilium", {"cilium_version": "1.19"}, "", ("1.19", "no_effect", "no_effect"), id="by its setting"),
        pytest.param("cilium", {"cluster_policies": "on"}, "", ("1.20", "no_effect", "enforced"), id="an open gate"),
        pytest.param("antrea@2.6", {"cluster_policies": "on"}, "", ("2.6", "enforced", "no_effect"), id="of Antrea"),
        pytest.param("azure-cilium", {}, "", ("1.18", "no_effect", "unknown"), id="the newest that Azure has"),
        pytest.param("kube-network-policies", {}, "", ("standard", "no_effect", "no_effect"), id="a flavour"),
        pytest.param(
            "kube-network-policies@npa-v1alpha2", {}, "", ("npa-v1alpha2", "no_effect", "enforced"), id="another one"
        ),
    ],
)
def test_a_version_can_be_named(cni: str, assume: dict[str, str], calico: str, want: tuple[str, str, str]) -> None:
    """`NAME@VERSION` is one version of a plugin; cluster-wide policies are known to some of them."""
    found = profile(cni, assume, calico)
    shown = {"calico": found.calico.version_text, "cilium": ".".join(map(str, found.cilium.version))}
    version = shown.get(found.name, found.version)
    assert (version, found.ways.admin_policies, found.ways.cluster_policies) == want


def test_what_plugins_know_of_names() -> None:
    """Other names of a plugin lead to it."""
    assert set(ALIASES.values()) <= set(PLUGINS)
    assert {profile(name, {}).shown for name in ALIASES} == set(ALIASES.values())


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda s: s.name)
def test_a_switch_can_be_put_in_words(switch) -> None:
    """Every switch has a phrase that shows its value."""
    assert switch.kind == "switch"
    assert "{value}" in switch.phrase


@pytest.mark.parametrize(
    ("cni", "assume", "switch", "value"),
    [
        pytest.param("kubernetes", {}, "icmp", None, id="the specification fixes nothing"),
        pytest.param("spec", {}, "icmp", None, id="spec is the specification"),
        pytest.param("calico", {}, "hostnetwork_pods", "as_node", id="a plugin fixes a switch"),
        pytest.param(
            "calico", {"hostnetwork_pods": "as_pod"}, "hostnetwork_pods", "as_pod", id="the user is asked last"
        ),
        pytest.param("calico", {"hostnetwork_pods": "free"}, "hostnetwork_pods", None, id="free opens a switch"),
        pytest.param(
            "cilium", {"ipblock_matches_pods": "both"}, "ipblock_matches_pods", None, id="both opens this one"
        ),
        pytest.param(
            "cilium", {"self_via_service": "unspecified"}, "self_via_service", None, id="unspecified opens this one"
        ),
        pytest.param(
            "kubernetes", {"endport_supported": "false"}, "endport_supported", "false", id="the user fixes a switch"
        ),
    ],
)
def test_who_fixes_a_switch(cni: str, assume: dict[str, str], switch: str, value: str | None) -> None:
    """The user's choice goes before that of the profile; what nobody fixes is free."""
    chosen = profile(cni, assume)
    assert chosen.fixed.get(switch) == value
    assert (BY_NAME[switch] in chosen.free) is (value is None)


def test_flannel_enforces_nothing() -> None:
    """`flannel` and `none` enforce nothing; all others enforce."""
    assert not profile("flannel", {}).enforces
    assert [name for name, p in PROFILES.items() if not p.enforces] == ["flannel", "none"]


def test_a_fixed_switch_is_a_constant() -> None:
    """A condition on a switch is an atom where it is free and a constant where it is fixed."""
    icmp = BY_NAME["icmp"]
    assert profile("spec", {}).pred("icmp", "always_deny") is unknown_in(icmp, "always_deny")
    fixed = profile("spec", {"icmp": "always_deny"})
    assert fixed.pred("icmp", "always_deny", "always_allow") is TRUE
    assert fixed.pred("icmp", "portless_rules_only") is FALSE


def test_strict_cidr_is_no_free_switch() -> None:
    """`strict_cidr` is true unless set, and does not count among the free switches."""
    assert profile("kubernetes", {}).strict_cidr
    assert not profile("kubernetes", {"strict_cidr": "false"}).strict_cidr
    assert STRICT_CIDR not in profile("kubernetes", {}).free


@pytest.mark.parametrize(
    ("cni", "assume", "code", "fix"),
    [
        pytest.param("calicoo", {}, "NPV080", "`calico`", id="near miss of a plugin"),
        pytest.param("zzz", {}, "NPV080", "kubernetes, calico, canal", id="a plugin that is not known"),
        pytest.param("antrea@9", {}, "NPV570", "1.12, 1.13", id="a version that is not known"),
        pytest.param("weave@2", {}, "NPV570", "leave the version out", id="a plugin without versions"),
        pytest.param("cilium@1.18", {"cilium_version": "1.19"}, "NPV570", "name one version", id="two versions"),
        pytest.param("romana", {}, "NPV571", "lint", id="a plugin that proofs refuse"),
        pytest.param("weave", {"cluster_policies": "on"}, "NPV084", "leave the setting out", id="no gate"),
        pytest.param("spec", {"hostnetwork_pod": "as_pod"}, "NPV081", "`hostnetwork_pods`", id="near miss of a switch"),
        pytest.param("spec", {"zzz": "1"}, "NPV081", "endport_supported", id="no such switch"),
        pytest.param("spec", {"icmp": "always_alow"}, "NPV082", "`always_allow`", id="near miss of a value"),
        pytest.param("spec", {"icmp": "both"}, "NPV082", "portless_rules_only", id="both opens only one switch"),
        pytest.param("spec", {"strict_cidr": "free"}, "NPV082", "true, false", id="strict_cidr cannot be free"),
        pytest.param("spec", {"self_pod_ip": "policed"}, "NPV082", "always_allow", id="no reading denies a pod itself"),
    ],
)
def test_wrong_names_are_told_with_a_mend(cni: str, assume: dict[str, str], code: str, fix: str) -> None:
    """An unknown plugin, switch or value is an error that names what was meant or what there is."""
    with pytest.raises(InputError) as told:
        profile(cni, assume)
    (problem,) = told.value.diagnostics
    assert problem.code == code
    assert fix in problem.fix


def test_every_wrong_name_is_told_at_once() -> None:
    """One error carries the wrong plugin, the wrong switch and the wrong value."""
    with pytest.raises(InputError) as told:
        profile("x", {"y": "z", "icmp": "w"})
    assert [d.code for d in told.value.diagnostics] == ["NPV080", "NPV081", "NPV082"]
