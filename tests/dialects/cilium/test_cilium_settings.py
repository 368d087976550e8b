"""The settings of Cilium, and the page that describes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from npverify.dialects import profile
from npverify.dialects.cilium.settings import SETTINGS, VERSIONS, Settings
from npverify.ingest.source import InputError

PAGE = (Path(__file__).parents[3] / "docs" / "cilium.md").read_text(encoding="utf-8")


def test_the_page_lists_every_setting_with_its_values() -> None:
    """Names, order and values of docs/cilium.md are those of the data."""
    rows = [re.findall(r"`([^`]+)`", line) for line in PAGE.splitlines() if line.startswith("| `")]
    known = {"cilium_version": tuple(reversed(VERSIONS)), **SETTINGS}
    found = {row[0]: tuple(row[1 : 1 + len(known[row[0]])]) for row in rows}
    assert found == known


def test_a_setting_is_asked_of_the_profile() -> None:
    """What the user assumes is what the profile says; the newest version and the defaults otherwise."""
    assert profile("cilium", {}).cilium == Settings()
    assert Settings().version == (1, 20)
    chosen = profile("cilium", {"cilium_version": "1.17", "enable_policy": "always"}).cilium
    assert (chosen.version, chosen.enable_policy) == ((1, 17), "always")


@pytest.mark.parametrize(
    ("cni", "assume", "code"),
    [
        pytest.param("cilium", {"enable_policy": "sometimes"}, "NPV082", id="a value that is none"),
        pytest.param("cilium", {"cilium_version": "2.0"}, "NPV082", id="a version that is none"),
        pytest.param("calico", {"enable_policy": "always"}, "NPV084", id="a setting of another plugin"),
        pytest.param("cilium@1.19", {"cidr_match_mode": "pods"}, "NPV722", id="a value that came later"),
        pytest.param("azure-cilium", {"cidr_match_mode": "pods"}, "NPV722", id="and that no release of the plugin has"),
        pytest.param("cilium", {"l7": "on"}, "NPV084", id="a setting of Calico"),
    ],
)
def test_a_wrong_setting_is_an_error(cni: str, assume: dict[str, str], code: str) -> None:
    """Unknown values, and settings that mean nothing under the plugin."""
    with pytest.raises(InputError) as raised:
        profile(cni, assume)
    assert [d.code for d in raised.value.diagnostics] == [code]
