"""The table of network plugins as text, as JSON, and as the page docs/profiles.md."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from npverify.dialects.plugins import ALIASES, PLUGINS, Plugin, gaps, source_in_full
from npverify.dialects.plugins.columns import COLUMNS
from npverify.dialects.plugins.model import Cell, Property
from npverify.dialects.plugins.text import SOURCES
from npverify.report import json_values as j
from npverify.report.paint import count

__all__ = ["listing", "one", "page", "profiles_json"]

_WIDTH = 110
_MARKS = {"read": "", "derived": "concluded from code", "open": "open"}


def _cells(plugin: Plugin, version: str) -> Iterator[tuple[Property, Cell]]:
    """The cells of a row in a version, by column."""
    for column in COLUMNS:
        cell = plugin.cell(column.name, version)
        if cell is not None:
            yield column, cell


def _means(column: Property, cell: Cell) -> str:
    if not cell.value:
        return f"{column.title}: left open"
    meaning = column.values[cell.value]
    return f"{column.title} {meaning}"


def listing() -> str:
    """One line for each plugin: how often it departs from the API, and how much of it is open."""
    rows = []
    for plugin in PLUGINS.values():
        found = [cell for _, cell in _cells(plugin, plugin.newest)]
        lacks = len(gaps(plugin.name))
        told = ["refused in proofs"] if plugin.refusal else []
        told += [f"{count(lacks, 'feature')} otherwise than the API"] if lacks else []
        open_ = sum(1 for cell in found if not cell.value)
        told += [f"{open_} open"] if open_ else []
        versions = f"{plugin.versions[0]} to {plugin.versions[-1]}" if plugin.versions else ""
        rows.append((plugin.name, plugin.title, versions, ", ".join(told)))
    wide = [max(len(row[n]) for row in rows) for n in range(3)]
    lines = ["  ".join((*(row[n].ljust(wide[n]) for n in range(3)), row[3])).rstrip() for row in rows]
    others = ", ".join(f"{name} is {of}" for name, of in ALIASES.items())
    return "\n".join(
        [
            *lines,
            "",
            f"{others}.",
            "npverify profiles NAME shows what one does and where that was read; NAME@VERSION shows another version of it.",
            "",
        ]
    )


def one(plugin: Plugin, version: str) -> str:
    """Everything that the table has of a plugin, for a terminal."""
    head = f"{plugin.name}: {plugin.title}" + (f" {version}" if version else "")
    lines = [head]
    if plugin.refusal:
        lines += _wrapped(f"Proofs refuse it: {plugin.refusal}.")
    if len(plugin.versions) > 1:
        lines.append(f"versions: {', '.join(plugin.versions)}")
    found = list(_cells(plugin, version))
    wide = max(len(column.name) for column, _ in found)
    values = max(len(cell.value or "open") for _, cell in found)
    lines.append("")
    for column, cell in found:
        lines.append(f"{column.name:{wide}}  {cell.value or 'open':{values}}  {_means(column, cell)}")
        note = (
            f" ({_MARKS['derived']})"
            if cell.mark == "derived"
            else " (not confirmed)"
            if cell.value and cell.mark == "open"
            else ""
        )
        lines.append(f"{'':{wide}}  {'':{values}}  {source_in_full(cell.source)}{note}")
    lacks = gaps(plugin.name, version)
    if lacks:
        lines += ["", "Otherwise than the API says:"]
        lines += [f"  {gap.feature}: it {gap.effect}" for gap in lacks]
    if plugin.notes:
        lines.append("")
        lines += [line for note in plugin.notes for line in _wrapped(source_in_full(note))]
    return "\n".join(lines) + "\n"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def profiles_json(chosen: Iterable[tuple[Plugin, str]]) -> j.Json:
    """The table, or some rows of it."""
    return {
        "schema": j.SCHEMA,
        "columns": [
            {"name": c.name, "title": c.title, "values": dict(c.values), "switch": c.switch[0] or None} for c in COLUMNS
        ],
        "plugins": [
            {
                "name": plugin.name,
                "title": plugin.title,
                "versions": list(plugin.versions),
                "version": version or None,
                "refused": plugin.refusal or None,
                "cells": {
                    column.name: {
                        "value": cell.value or None,
                        "status": cell.mark,
                        "source": source_in_full(cell.source),
                    }
                    for column, cell in _cells(plugin, version)
                },
                "not_supported": [
                    {"feature": str(gap.feature), "effect": gap.effect, "source": gap.source}
                    for gap in gaps(plugin.name, version)
                ],
                "notes": [source_in_full(note) for note in plugin.notes],
            }
            for plugin, version in chosen
        ],
    }


_HEAD = """\
# Network plugins

What a NetworkPolicy means hangs on the plugin that enforces it. `--cni NAME` judges as a plugin does, in every command;
`npverify profiles` lists them, `npverify profiles NAME` shows one with the places where everything was read, and
`npverify equiv X X --cni-left calico --cni-right cilium` finds a packet about which two of them differ. Where versions are told
apart, `--cni NAME@VERSION` names one; else the newest is meant. This page is made from the table itself.

Nothing here was observed on a cluster. A value in *italics* was concluded from code that no test of the plugin holds. A cell
that is **open** is known to nobody: where it is a [switch](switches.md), proofs hold for every value of it, and a
counterexample names the one that it needs; `--assume SWITCH=VALUE` settles it. Where a policy asks for something that the
plugin does not have, and what it does then is not known, there is an error and no answer (NPV572).

```console
$ npverify profiles
```

"""


def page() -> str:
    """The page that leads to those of the plugins. What stands in it between comments, and below commands, is filled in by tests."""
    lines = [_HEAD.rstrip("\n"), ""]
    lines += ["| name | plugin | versions | also called |", "| --- | --- | --- | --- |"]
    for plugin in PLUGINS.values():
        others = ", ".join(f"`{name}`" for name, of in ALIASES.items() if of == plugin.name)
        versions = ", ".join(f"`{version}`" for version in plugin.versions)
        refused = " (refused in proofs)" if plugin.refusal else ""
        lines.append(_row(f"[`{plugin.name}`](plugins/{plugin.name}.md)", f"{plugin.title}{refused}", versions, others))
    lines += ["", "## Columns", "", "What the plugin does, by column; the value of the API first where it has one.", ""]
    lines += ["| column | value | means | switch |", "| --- | --- | --- | --- |"]
    for column in COLUMNS:
        for value, meaning in sorted(column.values.items(), key=lambda item: item[0] != column.api):
            switch, values = column.switch
            lines.append(
                _row(
                    f"`{column.name}`",
                    f"`{value}`",
                    f"{column.title} {meaning}",
                    f"`{switch}={values[value]}`" if switch else "",
                )
            )
    lines += ["", "## What they do", "", *_matrix()]
    lines += ["", "## What they do not do", "", *_lacks()]
    lines += ["", "## Options", ""]
    lines += ["<!-- begin usage profiles -->", "<!-- end -->", "", "<!-- begin options profiles -->", "<!-- end -->"]
    lines += ["", "## Sources", "", "| key | what | state |", "| --- | --- | --- |"]
    lines += [_row(key, what, state) for key, (what, state) in sorted(SOURCES.items())]
    return "\n".join(lines) + "\n"


def plugin_page(plugin: Plugin) -> str:
    """The page of one plugin: every cell of it in every version, what it means and where it was read, and what it lacks."""
    lines = [f"# {plugin.name}", "", *_section(plugin), ""]
    lacks = gaps(plugin.name)
    if lacks:
        lines += ["## Otherwise than the API says", "", _row("of", "it", "source"), _row(*["---"] * 3)]
        lines += [*(_row(str(gap.feature), gap.effect, gap.source) for gap in lacks), ""]
    told = f"`npverify profiles {plugin.name}` prints it"
    if plugin.versions:
        told += f", `npverify profiles {plugin.name}@{plugin.versions[0]}` for another version"
    lines += [
        f"{told}. Sources by their short names: [profiles.md](../profiles.md#sources); what the columns mean and what is"
    ]
    lines += ["*concluded* or **open**: [profiles.md](../profiles.md)."]
    return "\n".join(lines) + "\n"


def _matrix() -> Iterator[str]:
    """Every plugin in its newest version. Columns whose cell is that of the API are left empty."""
    shown = [p for p in PLUGINS.values() if p.engine not in ("", "none")]
    yield _row("column", *(f"`{plugin.name}`" for plugin in shown))
    yield _row(*["---"] * (len(shown) + 1))
    for column in COLUMNS:
        cells = [_short(column, plugin.cell(column.name)) for plugin in shown]
        yield _row(f"`{column.name}`", *cells)


def _short(column: Property, cell: Cell | None) -> str:
    if cell is None:
        return ""
    if not cell.value:
        return "**open**"
    return f"*{cell.value}*" if cell.mark == "derived" else f"{cell.value}?" if cell.mark == "open" else cell.value


def _lacks() -> Iterator[str]:
    yield "`npverify lint --cni NAME` tells of policies that use one of these (NPL176)."
    yield ""
    yield _row("plugin", "of", "it", "source")
    yield _row(*["---"] * 4)
    for plugin in PLUGINS.values():
        for gap in gaps(plugin.name):
            yield _row(f"`{plugin.name}`", str(gap.feature), gap.effect, gap.source)


def _section(plugin: Plugin) -> Iterator[str]:
    yield f"{plugin.title[0].upper()}{plugin.title[1:]}."
    if plugin.refusal:
        yield f"Proofs refuse it: {plugin.refusal}."
    for note in plugin.notes:
        yield source_in_full(note)
    yield ""
    yield _row("column", "value", "means", "from", "source")
    yield _row(*["---"] * 5)
    for column in COLUMNS:
        for cell in plugin.cells.get(column.name, ()):
            yield _row(f"`{column.name}`", _short(column, cell), _means(column, cell), cell.since, cell.source)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")


def chosen_of(names: Sequence[tuple[Plugin, str]]) -> list[tuple[Plugin, str]]:
    """The rows that are asked for; every row in its newest version where none is."""
    return list(names) or [(plugin, plugin.newest) for plugin in PLUGINS.values()]
