"""Every field of the published schemas has a row in the table of fields, and readers look at each that has a meaning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import npverify
from npverify.dialects.cilium.fields import FIELDS
from npverify.ingest.fields import State

LINES = (Path(__file__).parent / "crd_fields.txt").read_text(encoding="utf-8").splitlines()
PUBLISHED = {line.split()[0]: line.split()[1:] for line in LINES if line and not line.startswith("#")}
GROUP = ("apiVersion", "kind", "metadata", "spec", "spec.externalCIDRs")
KINDS = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
WHOLE = (State.IRRELEVANT, State.OPAQUE)


def _above(path: str) -> Iterator[str]:
    """The path and every field that it lies in, without the marks of lists."""
    while path:
        yield path.removesuffix("[]")
        path = path.rpartition(".")[0]


def _state(kind: str, path: str) -> State | None:
    """What the table says of a field, or of one that it lies in and that is taken as a whole."""
    if path in FIELDS[kind]:
        return FIELDS[kind][path]
    return next((state for at in _above(path) if (state := FIELDS[kind].get(at)) in WHOLE), None)


def test_every_published_field_has_a_row() -> None:
    """In a rule of `spec` and of `specs`, of both kinds, and in a group."""
    for kind in KINDS:
        paths = [*PUBLISHED, *(f"specs[]{path[4:]}" for path in PUBLISHED if path.startswith("spec."))]
        assert [path for path in paths if _state(kind, path) is None] == []
    assert [path for path in GROUP if path not in FIELDS["CiliumCIDRGroup"]] == []


def test_every_row_is_published() -> None:
    """The table has no field that no release has."""
    rows = {path for path in FIELDS[KINDS[0]] if not path.startswith(("metadata", "specs"))}
    assert sorted(rows - set(PUBLISHED)) == []
    assert len(PUBLISHED) > 300


def _manifest(path: str, value: object) -> str:
    """An object with a value at a path, and what a rule needs besides."""
    if path.endswith(".endPort"):
        path, value = path.rpartition(".")[0], {"port": "1", "endPort": value}
    for part in reversed(path.split(".")[1:]):
        value = {part.removesuffix("[]"): [value] if part.endswith("[]") else value}
    assert isinstance(value, dict)
    kind = KINDS[1] if "nodeSelector" in value else KINDS[0]
    rule = value if "nodeSelector" in value or "endpointSelector" in value else {"endpointSelector": {}, **value}
    return json.dumps({"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": "p"}, "spec": rule})


def _errors(path: str, value: object, version: str) -> list[str]:
    assume = {"cilium_version": version, "node_selector_labels": "on"}
    with pytest.raises(npverify.InputError) as raised:
        npverify.load(["-"], cni="cilium", assume=assume, stdin=_manifest(path, value).encode)
    return [d.message for d in raised.value.diagnostics if d.severity == "error"]


READ = [path for path in PUBLISHED if path.startswith("spec.") and FIELDS[KINDS[0]].get(path) is State.MODELLED]
FREE = ("matchLabels",)  # its keys are the user's
MAPS = [
    path
    for path in READ
    if any(other.startswith((f"{path}.", f"{path}[].")) for other in PUBLISHED) and not path.endswith(FREE)
]


@pytest.mark.parametrize("path", MAPS)
def test_an_unknown_field_beside_known_ones_is_an_error(path: str) -> None:
    """At every level, so that nothing is skipped there."""
    at = f"{path}[]" if any(other.startswith(f"{path}[].") for other in PUBLISHED) else path
    assert any("unheardOf" in message for message in _errors(at, {"unheardOf": 1}, _version(path)))


@pytest.mark.parametrize("path", [path for path in READ if path not in MAPS])
def test_a_value_of_the_wrong_type_is_an_error(path: str) -> None:
    """So that somebody looks at every field that has a meaning."""
    name = path.rpartition(".")[2]
    assert any(name in message or "no CIDR" in message for message in _errors(path, {"a": {"b": 1}}, _version(path)))


def _version(path: str) -> str:
    """The newest release that has the field, and knows what stands around it."""
    return "1.18" if "Requires" in path else PUBLISHED[path][-1]
