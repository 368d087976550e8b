"""The table of network plugins as people see it: docs/profiles.md, docs/plugins, and what `npverify profiles` prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_tables import options, usage
from doc_pages import DOCS, Terminal, held, nothing_else, renewed

from npverify.cli.app import run
from npverify.dialects.plugins import ALIASES, PLUGINS, gaps
from npverify.dialects.plugins.columns import COLUMNS
from npverify.report.profiles_page import page, plugin_page

FOLDER = DOCS / "plugins"


def test_the_page_is_made_from_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """docs/profiles.md is what the table says, with the options of the command and what it prints."""
    monkeypatch.chdir(tmp_path)
    held(DOCS / "profiles.md", renewed(page(), Terminal(capfd), {"usage": usage, "options": options}))


def test_every_plugin_has_its_page() -> None:
    """With each cell of each version, its source, and what the plugin does otherwise than the API says."""
    for plugin in PLUGINS.values():
        text = plugin_page(plugin)
        held(FOLDER / f"{plugin.name}.md", text)
        for cells in plugin.cells.values():
            assert all(cell.source in text for cell in cells)
        assert all(f"| {gap.feature} | {gap.effect} |" in text for gap in gaps(plugin.name))
    nothing_else(FOLDER, {FOLDER / f"{name}.md" for name in PLUGINS})


def test_the_list_names_every_plugin(capfd: pytest.CaptureFixture[str]) -> None:
    """Without a name there is one line for each plugin, then the other names."""
    assert run(["profiles"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[: len(PLUGINS)]] == list(PLUGINS)
    assert all(f"{name} is {of}" in lines[-2] for name, of in ALIASES.items())


def test_one_plugin_is_shown_with_its_sources(capfd: pytest.CaptureFixture[str]) -> None:
    """A name shows every cell with its meaning and its source, and what the plugin does not do."""
    assert run(["profiles", "weave"]) == 0
    shown = capfd.readouterr().out
    assert "named_ports            policy_ignored" in shown
    assert "weaveworks/weave prog/weave-npc/main.go" in shown
    assert "`endPort`: it opens the first port of the range alone" in shown


def test_a_version_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """`NAME@VERSION` shows the cells of that version."""
    assert run(["profiles", "cilium@1.15", "cilium"]) == 0
    old, new = capfd.readouterr().out.split("\n\ncilium: ")[0], ""
    assert "first_port_only" in old
    assert run(["profiles", "cilium"]) == 0
    new = capfd.readouterr().out
    assert "first_port_only" not in new


def test_the_table_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    """JSON has every column with its values, and every cell with its status and source."""
    assert run(["profiles", "--format", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert [column["name"] for column in found["columns"]] == [column.name for column in COLUMNS]
    assert [plugin["name"] for plugin in found["plugins"]] == list(PLUGINS)
    values = {column.name: set(column.values) for column in COLUMNS}
    for plugin in found["plugins"]:
        for name, cell in plugin["cells"].items():
            assert cell["source"]
            assert cell["value"] in values[name] or (cell["value"] is None and cell["status"] == "open")


def test_an_unknown_name_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """A name that is not known ends in exit code 2 and a suggestion."""
    assert run(["profiles", "calicoo"]) == 2
    assert "did you mean `calico`" in capfd.readouterr().err
