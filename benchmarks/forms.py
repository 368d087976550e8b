"""Writes a cluster to disk: one object set in every form in which users have it, the spec, the rewritten policies, and a
manifest of what is known about it.

| form | file | looks like |
|---|---|---|
| json | cluster.json | a `List` without white space, only what matters for the network |
| yaml | cluster.yaml | the same as one stream of documents |
| list | cluster-list.yaml | the same as one `List` |
| dir | cluster/ | the same as a folder of files, a policy in each |
| fat-json | cluster-fat.json | `kubectl get -o json`: everything that the API server tells, indented |
| fat-yaml | cluster-fat.yaml | `kubectl get -o yaml`, likewise |
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import GENERATOR_VERSION
from benchmarks.fat import fat
from benchmarks.objects import Cluster, Object

PATHS = {
    "json": "cluster.json",
    "yaml": "cluster.yaml",
    "list": "cluster-list.yaml",
    "dir": "cluster",
    "fat-json": "cluster-fat.json",
    "fat-yaml": "cluster-fat.yaml",
}
MANIFEST, SPEC, FIRST = "manifest.json", "facts.npv", "first.npv"
INVENTORY, POLICIES, EQUAL, WRONG = "inventory.json", "policies.json", "rewrite-equal.json", "rewrite-wrong.json"

_BARE = re.compile(r"[A-Za-z_/][\w./-]*|(\d+\.){3}\d+(/\d+)?")
_WORDS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"])


def write(cluster: Cluster, folder: Path, forms: Sequence[str], **about: Any) -> Path:
    """The cluster in these forms, with all that goes with it; gives back the path of the manifest, into which `about` goes too.

    Lists of policies on their own, and rewritten ones, are JSON.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for form in forms:
        _FORMS[form](cluster.objects, folder / PATHS[form])
    (folder / SPEC).write_text(cluster.spec, encoding="utf-8")
    if cluster.facts:
        (folder / FIRST).write_text(
            "".join(f"{x}\n" for x in [*cluster.assume, f"assert {cluster.facts[0].assertion}"]), encoding="utf-8"
        )
    if cluster.equal is not None and cluster.wrong is not None:
        parts = {INVENTORY: cluster.of_policies(policies=False), POLICIES: cluster.of_policies(policies=True)}
        for name, things in {**parts, EQUAL: cluster.equal, WRONG: cluster.wrong}.items():
            _json(things, folder / name)
    manifest = folder / MANIFEST
    known = {
        "generator": GENERATOR_VERSION,
        **about,
        "forms": sorted(forms),
        "kinds": _count(cluster.objects),
        "assertions": [asdict(fact) for fact in cluster.facts],
        "policies": cluster.policies,
        "shadowed_rules": cluster.rules,
        "redundant_excepts": cluster.excepts,
        "leak": cluster.leak,
        "connections": cluster.connections,
        "rewritten": None if cluster.equal is None else {"equal": EQUAL, "wrong": WRONG},
        "change": None if cluster.change is None else asdict(cluster.change),
        "files": {path.name: described(path) for path in sorted(folder.iterdir()) if path != manifest},
    }
    manifest.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return manifest


def described(path: Path) -> Object:
    """How many bytes, and their SHA-256; of a folder, of all its files by name, each with its name in front."""
    digest = hashlib.sha256()
    size = 0
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            if path.is_dir():
                digest.update(file.relative_to(path).as_posix().encode() + b"\0")
            with file.open("rb") as stream:
                while part := stream.read(1 << 20):
                    digest.update(part)
                    size += len(part)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _count(objects: Iterable[Object]) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for thing in objects:
        kinds[thing["kind"]] = kinds.get(thing["kind"], 0) + 1
    return kinds


# --- JSON --------------------------------------------------------------------------------------------------------------


def _json(objects: Iterable[Object], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('{"apiVersion":"v1","kind":"List","items":[')
        for i, thing in enumerate(objects):
            file.write("," * bool(i) + json.dumps(thing, separators=(",", ":")))
        file.write("]}\n")


def _fat_json(objects: Iterable[Object], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write('{\n    "apiVersion": "v1",\n    "items": [')
        for i, thing in enumerate(objects):
            text = json.dumps(fat(thing), indent=4, sort_keys=True).replace("\n", "\n        ")
            file.write("," * bool(i) + "\n        " + text)
        file.write('\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n')


# --- YAML --------------------------------------------------------------------------------------------------------------


@functools.lru_cache(1 << 16)
def _text(text: str) -> str:
    plain = _BARE.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value) if value else {"[]": "[]", "{}": "{}"}.get(str(value), json.dumps(value))


def yaml_lines(value: Any, indent: str = "") -> Iterator[str]:
    """A value that is not empty in block style, as kubectl writes it: keys by the alphabet, lists not indented."""
    if isinstance(value, dict):
        for key in sorted(value):
            below = value[key]
            if below and isinstance(below, dict | list):
                yield f"{indent}{_text(key)}:"
                yield from yaml_lines(below, indent + "  " * isinstance(below, dict))
            else:
                yield f"{indent}{_text(key)}: {_scalar(below)}"
    else:
        for item in value:
            if item and isinstance(item, dict | list):
                lines = yaml_lines(item, indent + "  ")
                yield f"{indent}- {next(lines)[len(indent) + 2 :]}"
                yield from lines
            else:
                yield f"{indent}- {_scalar(item)}"


def _yaml(objects: Iterable[Object], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for thing in objects:
            file.write("---\n" + "\n".join(yaml_lines(thing)) + "\n")


def _yaml_list(objects: Iterable[Object], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("apiVersion: v1\nitems:\n")
        for thing in objects:
            file.write("\n".join(yaml_lines([thing])) + "\n")
        file.write('kind: List\nmetadata:\n  resourceVersion: ""\n')


def _folder(objects: Iterable[Object], path: Path) -> None:
    pods: dict[str, list[Object]] = {}
    for thing in objects:
        data = thing["metadata"]
        if thing["kind"] == "Pod":
            pods.setdefault(data["namespace"], []).append(thing)
        else:
            home = path / data.get("namespace", "cluster")
            home.mkdir(parents=True, exist_ok=True)
            _yaml([thing], home / f"{thing['kind'].lower()}-{data['name']}.yaml")
    for space, things in pods.items():
        (path / space).mkdir(parents=True, exist_ok=True)
        _yaml(things, path / space / "pods.yaml")


_FORMS: dict[str, Callable[[Iterable[Object], Path], None]] = {
    "json": _json,
    "yaml": _yaml,
    "list": _yaml_list,
    "dir": _folder,
    "fat-json": _fat_json,
    "fat-yaml": lambda objects, path: _yaml_list(map(fat, objects), path),
}
FORMS = tuple(_FORMS)
