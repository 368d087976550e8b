"""Damaged input: whatever becomes of a manifest or a spec, there is an answer, or messages that say what is wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

import npverify
from spec.scenarios import Scenario, scenarios

DAMAGES = 4  # of each kind for one seed

JUNK: tuple[Any, ...] = (
    None, "", 0, -1, 1, 80, 65536, 10**30, 1.5, True, "x", "80", "http", "TCP", "10.0.0.1", "10.0.0.0/8", "fd00::/8",
    "::ffff:1.2.3.4/120", "999.1.1.1/8", [], {}, [None], [{}], [[]], ["x"], {"a": None}, {"a": "b"}, {"": ""}, "é\u2028",
    "<absent>", "a" * 300, "*", "~", "Ingress", "2024-01-01", {"x": {"y": [1]}},
)  # fmt: skip
FIELDS = (
    "apiVersion", "kind", "items", "metadata", "name", "namespace", "labels", "spec", "status", "podSelector", "from",
    "to", "ports", "port", "endPort", "ipBlock", "except", "key", "operator", "values", "replicas", "hostNetwork",
)  # fmt: skip
SIGNS = "{}[]:,-#&*!|>'\"%@`\t ~?"

Place = tuple[str | int, ...]


@cache
def inputs() -> tuple[Scenario, ...]:
    """The scenarios that are answered, each with its own world."""
    return tuple(s for s in scenarios() if s.spec)


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """The path of everything inside a value."""
    if here:
        yield here
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*here, key))


def at(value: Any, place: Place) -> Any:
    """What stands at a path."""
    for key in place:
        value = value[key]
    return value


def damaged_objects(rng: Random, text: str) -> str:
    """The manifests with one to three things inside left out, replaced, repeated or moved."""
    objects = [o for o in yaml.safe_load_all(text) if o]
    for _ in range(rng.choice((1, 1, 2, 3))):
        everything = list(places(objects))
        if not everything:
            break
        place, other = rng.choice(everything), rng.choice(everything)
        parent, key = at(objects, place[:-1]), place[-1]
        match rng.randrange(5):
            case 0:
                del parent[key]
            case 1:
                parent[key] = copy.deepcopy(rng.choice(JUNK))
            case 2:
                parent[key] = copy.deepcopy(at(objects, other))
            case 3 if isinstance(parent, list):
                parent.insert(rng.randint(0, len(parent)), copy.deepcopy(rng.choice((*JUNK, parent[key]))))
            case _ if isinstance(parent, dict):
                parent[rng.choice(FIELDS)] = copy.deepcopy(rng.choice((*JUNK, parent[key])))
    return "\n---\n".join(json.dumps(o) if rng.random() < 0.5 else yaml.safe_dump(o) for o in objects)


def damaged_text(rng: Random, text: str) -> str:
    """The text with one to three lines left out, repeated, swapped, moved aside, or with another sign in them."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 3))):
        here, there = rng.randrange(len(lines)), rng.randrange(len(lines))
        line = lines[here]
        column = rng.randint(0, len(line))
        match rng.randrange(6):
            case 0 if len(lines) > 1:
                del lines[here]
            case 1:
                lines.insert(there, line)
            case 2:
                lines[here], lines[there] = lines[there], line
            case 3:
                lines[here] = " " * rng.randint(0, 6) + line.lstrip()
            case 4:
                lines[here] = line.partition(": ")[0] + f": {rng.choice(JUNK)}"
            case _:
                lines[here] = line[:column] + rng.choice(SIGNS) + line[column + rng.randint(0, 1) :]
    return "\n".join(lines)


def check(scenario: Scenario, manifests: str, spec: str, folder: Path) -> None:
    """Ask everything that the scenario asks; anything but an answer or messages is a failure."""
    path = folder / "spec.npv"
    path.write_text(spec, encoding="utf-8")
    try:
        loaded = npverify.load(
            ["-"], specs=[str(path)], cni=scenario.cni, assume=scenario.assume, stdin=lambda: manifests.encode()
        )
    except npverify.InputError as error:
        refused = error.diagnostics
    else:
        assert len(npverify.prove(loaded.world, loaded.assertions).results) == len(loaded.assertions)
        return
    assert refused
    for diagnostic in refused:
        assert diagnostic.code.startswith("NPV")
        assert diagnostic.message
        assert diagnostic.severity == "error"


@pytest.mark.parametrize("seed", range(14))
def test_damaged_input_is_answered_or_refused_with_messages(seed: int, tmp_path: Path) -> None:
    """With random damage to objects, to lines of manifests or to lines of the spec, `load` and `prove` give an answer or
    raise `InputError`, never another exception."""
    rng = Random(seed)
    for _ in range(DAMAGES):
        scenario = rng.choice(inputs())
        text = "\n---\n".join(scenario.documents)
        check(scenario, damaged_objects(rng, text), scenario.spec, tmp_path)
        check(scenario, damaged_text(rng, text), scenario.spec, tmp_path)
        check(scenario, text, damaged_text(rng, scenario.spec), tmp_path)


def test_the_damage_is_neither_harmless_nor_always_fatal() -> None:
    """Most random damage is read differently from the whole, and enough of it is still read: both sides are tried."""
    rng = Random(0)
    scenario = inputs()[0]
    text = "\n---\n".join(scenario.documents)
    for damage in (damaged_objects, damaged_text):
        tried = [damage(rng, text) for _ in range(20)]
        assert sum(t != text for t in tried) > 10
    read = 0
    for _ in range(20):
        try:
            npverify.load(["-"], stdin=damaged_objects(rng, text).encode)
            read += 1
        except npverify.InputError:
            pass
    assert 0 < read < 20
