"""The config file `.npverify.yaml`: what to read and under which assumptions when the command line does not say.

It is looked for in the working folder and above it, up to the root of the repository. Its paths are relative to itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from npverify.dialects.calico.settings import SETTINGS
from npverify.dialects.cilium.settings import SETTINGS as CILIUM
from npverify.dialects.profiles import profile
from npverify.ingest.cluster import CLUSTER
from npverify.ingest.fields import Fields, nearest, type_name
from npverify.ingest.git import is_git
from npverify.ingest.rendered import rendered_parts
from npverify.ingest.settings import read_settings
from npverify.ingest.source import InputError, Problems
from npverify.inventory.addresses import Family

if TYPE_CHECKING:
    from npverify.analyses.lint.silence import Ignore

NAMES = (".npverify.yaml", "npverify.yaml")
KEYS = (
    "paths",
    "specs",
    "cni",
    "calico_version",
    "cilium_version",
    "assume",
    "pod_cidrs",
    "remotes",
    "ip_families",
    "ignore_kinds",
    "allow_vacuous",
    "timeout",
    "budget",
    "lint",
    "suppress",
)
BUDGETS = ("small", "normal", "large")
_FAMILIES: Mapping[int, Family] = {4: 4, 6: 6}


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a config file; what it does not say is empty or None. `file` is "" without one."""

    file: str = ""
    paths: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    cni: str | None = None
    assume: Mapping[str, str] = field(default_factory=dict)
    pod_cidrs: tuple[str, ...] = ()
    families: frozenset[Family] | None = None
    ignore_kinds: tuple[str, ...] = ()
    remotes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    allow_vacuous: bool = False
    timeout: float | None = None
    budget: str | None = None
    calico_version: str | None = None
    lint_select: tuple[str, ...] = ()
    lint_ignore: tuple[str, ...] = ()
    suppress: tuple[Ignore, ...] = ()


def find_config(start: Path) -> Path | None:
    """The nearest config file at or above a folder; the root of a repository is the last place to look."""
    for folder in (start, *start.parents):
        for name in NAMES:
            if (folder / name).is_file():
                return folder / name
        if (folder / ".git").exists():
            return None
    return None


def read_config(path: Path, folder: Path, problems: Problems) -> Config:
    """The settings of a config file, with its paths as seen from `folder`; whatever is wrong with it is reported."""
    name = os.path.relpath(path, folder)
    document = read_settings(name, problems)
    if document is None:
        return Config(name)
    fields = Fields.of(document, problems)
    fields.only(KEYS, "the config file")
    assume = _assume(fields)
    release = fields.text("cilium_version")
    if release is not None:
        assume["cilium_version"] = release
    _check_profile(fields, assume)
    return Config(
        name,
        _paths(fields, "paths", path.parent, folder),
        _paths(fields, "specs", path.parent, folder),
        fields.text("cni"),
        assume,
        tuple(fields.texts("pod_cidrs")),
        _families(fields),
        tuple(fields.texts("ignore_kinds")),
        _remotes(fields, path.parent, folder),
        fields.boolean("allow_vacuous") or False,
        _timeout(fields),
        _budget(fields),
        fields.text("calico_version"),
        *_lint(fields),
        _suppress(fields),
    )


def _paths(fields: Fields, key: str, base: Path, folder: Path) -> tuple[str, ...]:
    return tuple(_seen_from(text, base, folder) for text in fields.texts(key))


def _seen_from(text: str, base: Path, folder: Path) -> str:
    """A path of the config file as seen from `folder`."""
    if is_git(text) or text.startswith(CLUSTER):
        return text

    def seen(path: str) -> str:
        return os.path.relpath(base / path, folder).replace(os.sep, "/")

    scheme, place, behind = rendered_parts(text)
    parameters = [
        f"values={seen(part.removeprefix('values='))}" if part.startswith("values=") else part
        for part in behind.removeprefix("?").split("&")
    ]
    return f"{scheme}{seen(place)}{'?' if behind else ''}{'&'.join(parameters)}"


def _remotes(fields: Fields, base: Path, folder: Path) -> dict[str, tuple[str, ...]]:
    """The paths of each other cluster."""
    inner = fields.map("remotes")
    return {str(name): _paths(inner, str(name), base, folder) for name in inner.value} if inner else {}


def _lint(fields: Fields) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rules of lint to ask alone, and those not to ask."""
    inner = fields.map("lint")
    if inner is None:
        return (), ()
    # imported here so that a config without the key does not wait for the rules
    from npverify.analyses.lint.registry import check_code

    inner.only(("select", "ignore"), "lint")
    for key in ("select", "ignore"):
        for index, text in enumerate(inner.texts(key)):
            span = inner.span(key, index)
            check_code(text, f"`lint.{key}`", fields.problems, span, fields.doc.excerpt(span))
    return tuple(inner.texts("select")), tuple(inner.texts("ignore"))


def _suppress(fields: Fields) -> tuple[Ignore, ...]:
    """Findings that are accepted: each entry has a `rule` and a `reason`, perhaps a `policy` and a day `until`."""
    if not fields.has("suppress"):
        return ()
    # imported here so that a config without the key does not wait for the rules
    from npverify.analyses.lint.registry import check_code
    from npverify.analyses.lint.silence import Ignore, read_day

    found = []
    for index, inner in fields.maps("suppress"):
        inner.only(("rule", "policy", "reason", "until"), "an entry of suppress")
        span = fields.span("suppress", index)
        rule, reason, until = inner.text("rule"), inner.text("reason"), inner.text("until")
        where, excerpt = "`suppress`", fields.doc.excerpt(span)
        code = check_code(rule, where, fields.problems, span, excerpt) if rule is not None else None
        if rule is None and not inner.has("rule"):
            fields.problems.error("NPV331", "`suppress` names no rule", span, "write rule: NPL101", excerpt)
        if not (reason or "").strip() and (reason is not None or not inner.has("reason")):
            fix = f"write the reason: {{rule: {rule or 'NPL101'}, reason: why it is meant}}"
            fields.problems.error(
                "NPV331", f"`suppress` gives no reason{f' for `{rule}`' if rule else ''}", span, fix, excerpt
            )
        day = read_day(until, where, fields.problems, span, excerpt) if until is not None else None
        if code is not None and reason:
            found.append(Ignore(code, reason.strip(), span, "config", name=inner.text("policy") or "", until=day))
    return tuple(found)


def _assume(fields: Fields) -> dict[str, str]:
    """Switches with their values; YAML's true and false stand for the words."""
    inner = fields.map("assume")
    found = {}
    for name, value in inner.value.items() if inner else ():
        if isinstance(value, bool):
            words = ("off", "on") if name in _ON_OR_OFF else ("false", "true")
            found[name] = words[value]
        elif isinstance(value, str):
            found[name] = value
        elif inner:
            inner.text(name)
    return found


def _check_profile(fields: Fields, assume: Mapping[str, str]) -> None:
    """Report an unknown plugin, switch or value at its place in the file."""
    cni = fields.value.get("cni")
    version, cilium = fields.value.get("calico_version"), fields.value.get("cilium_version")
    for path, name, chosen, release in (
        *([(("cni",), cni, {}, "")] if isinstance(cni, str) else []),
        *([(("calico_version",), "calico", {}, version)] if isinstance(version, str) else []),
        *([(("cilium_version",), "cilium", {"cilium_version": cilium}, "")] if isinstance(cilium, str) else []),
        *(
            (("assume", switch), _owner(switch), {switch: value}, "")
            for switch, value in assume.items()
            if switch != "cilium_version" or not fields.has("cilium_version")
        ),
    ):
        try:
            profile(name, chosen, release)
        except InputError as error:
            for found in error.diagnostics:
                fields.error(found.code, found.message, *path, fix=found.fix)


_ON_OR_OFF = {
    "cluster_policies",
    *(n for known in (SETTINGS, CILIUM) for n, v in known.items() if set(v) == {"off", "on"}),
}
"""Settings whose words YAML reads as true and false."""


def _owner(switch: str) -> str:
    """A plugin that has a setting; any has the switches."""
    if switch in SETTINGS:
        return "calico"
    return "cilium" if switch in (*CILIUM, "cilium_version", "cluster_policies") else "kubernetes"


def _families(fields: Fields) -> frozenset[Family] | None:
    if not fields.has("ip_families"):
        return None
    found = set()
    for index, value in enumerate(fields.items("ip_families")):
        if type(value) is int and value in _FAMILIES:
            found.add(_FAMILIES[value])
        else:
            fields.error("NPV145", f"`{value}` is no address family", "ip_families", index, fix="write 4 or 6")
    return frozenset(found) or None


def _timeout(fields: Fields) -> float | None:
    value = fields.value.get("timeout")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        fields.error(
            "NPV020", f"`timeout` must be a number, not {type_name(value)}", "timeout", fix="write seconds: 60"
        )
        return None
    if not value > 0:
        fields.error("NPV145", "`timeout` must be above 0", "timeout", fix="write seconds: 60")
        return None
    return float(value)


def _budget(fields: Fields) -> str | None:
    value = fields.text("budget")
    if value is not None and value not in BUDGETS:
        fix = nearest(value, BUDGETS) or f"choose one of {', '.join(BUDGETS)}"
        fields.error("NPV145", f"there is no budget `{value}`", "budget", fix=fix)
        return None
    return value
