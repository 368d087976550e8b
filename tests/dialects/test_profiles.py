"""Switches, profiles, and the page that describes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from npverify.dialects import ALIASES, PROFILES, SWITCHES, profile
from npverify.dialects.plugins import LINT_ONLY, PLUGINS
from npverify.dialects.profiles import LIKE, STRICT_CIDR
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
    setting = rows("One more setting")
    assert [(words(r[0])[0], words(r[1])) for r in setting] == [(STRICT_CIDR.name, STRICT_CIDR.values)]
    assert all(len(r) == 4 and r[2] and r[3] for r in (*table, *setting))


def test_the_page_lists_what_each_profile_fixes() -> None:
    """The table of profiles has a column for each profile, whose cells are the values that it fixes."""
    head = next(line for line in PAGE[PAGE.index("## Profiles") :].splitlines() if line.startswith("| Switch"))
    names = [cell.strip() for cell in head.strip("|").split("|")][1:]
    assert names == list(PROFILES)
    enforces, *table = rows("## Profiles")
    assert [cell == "yes" for cell in enforces[1:]] == [PROFILES[name].enforces for name in names]
    for column, name in enumerate(names, start=1):
        written = {words(r[0])[0]: words(r[column])[0] for r in table if r[column]}
        assert written == dict(PROFILES[name].fixed)


def test_the_page_lists_what_plugins_do_not_do() -> None:
    """The last table holds every gap with its source, and every plugin."""
    table = rows("## What plugins do not do")
    wanted = []
    for name, gaps in PLUGINS.items():
        wanted += [[f"`{name}`", str(gap.feature), gap.effect, gap.source] for gap in gaps]
        wanted += [] if gaps else [[f"`{name}`", "", "nothing is known that it lacks", ""]]
    assert table == wanted
    assert all(gap.effect and gap.source for gaps in PLUGINS.values() for gap in gaps)


@pytest.mark.parametrize("cni", LINT_ONLY)
def test_a_plugin_that_is_known_to_lint_alone_has_no_profile_for_proofs(cni: str) -> None:
    """Lint judges it as the specification or as the plugin that it is made of; everything else refuses it."""
    found = profile(cni, {}, for_lint=True)
    assert (found.name, found.plugin) == (LIKE.get(cni, "kubernetes"), cni)
    assert found.fixed == PROFILES[found.name].fixed
    with pytest.raises(InputError, match=f"unknown network plugin `{cni}`"):
        profile(cni, {})


def test_fixed_values_exist() -> None:
    """A profile fixes switches of the table to values that they have, and aliases lead to profiles."""
    for chosen in PROFILES.values():
        assert all(value in BY_NAME[name].values for name, value in chosen.fixed.items())
    assert set(ALIASES.values()) <= set(PROFILES)


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
    """`flannel` is the profile `none`, which enforces nothing; all others enforce."""
    assert not profile("flannel", {}).enforces
    assert [p.name for p in PROFILES.values() if not p.enforces] == ["none"]


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
        pytest.param("weave", {}, "NPV080", "kubernetes, calico, cilium, none", id="a plugin that is not known"),
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
