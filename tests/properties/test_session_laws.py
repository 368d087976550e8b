"""The law of sessions: after any edit a session says what a fresh run says, byte for byte, and an edit that is refused changes
nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

import calico_generate
import generate
import npverify
from npverify.report.json_values import dumps
from npverify.report.prove_json import prove_json

Manifest = dict[str, Any]

FLOWS = (
    """\
assert no pods where app == "web" reaches pods where app == "db"
assert no pods reaches internet on udp/53
assert every pods where tier == "a" is isolated for ingress
""",
    """\
assert only pods where app == "api" reaches pods where app == "db" on tcp/443
assert every pods where app == "db" reaches some pods where app == "api" on tcp/80
assert no internet reaches pods where tier == "a"
""",
    """\
assert every pods where app == "web" reaches pods where app == "api" on tcp/80
assert some pods where app == "api" reaches pods where app == "web"
assert no pods reaches 10.1.0.0/30:80
""",
)
POLICIES = """\
assert no pods where app == "web" reaches pods where app == "db"
assert no policy is redundant
"""
INVALID: Manifest = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "wrong", "namespace": "red"},
    "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 0}]}]},
}


def around(rng: Random) -> Manifest:
    """A Namespace, a Service or a Node: what policies and assertions ask about, and is neither policy nor pod."""
    kind = rng.choice(["Namespace", "Service", "Node"])
    meta: Manifest = {"name": rng.choice(generate.NAMESPACES)}
    if kind == "Namespace":
        meta["labels"] = {"env": rng.choice(["dev", "prod"])}
        return {"apiVersion": "v1", "kind": kind, "metadata": meta}
    if kind == "Node":
        status = {"addresses": [{"type": "InternalIP", "address": f"192.168.0.{rng.randint(1, 3)}"}]}
        return {"apiVersion": "v1", "kind": kind, "metadata": {"name": rng.choice(["n1", "n2"])}, "status": status}
    ports = [{"port": 80, "targetPort": rng.choice([80, 443, "http"])}]
    selected = {"app": rng.choice(["web", "api", "db"])}
    spec = {"selector": selected, "ports": ports, "clusterIP": rng.choice(["None", "10.96.0.7"])}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "s", "namespace": meta["name"]}, "spec": spec}


class Folder:
    """A folder with one object per file, by which a fresh run and a session get the same edits."""

    def __init__(self, folder: Path, objects: list[Manifest]) -> None:
        self.folder = folder
        self.files: dict[str, Manifest] = {}
        self.count = 0
        for made in objects:
            self.put(made)

    def name_of(self, made: Manifest) -> str:
        """The file of the object of that identity, or a new one behind all others."""
        mine = identity(made)
        known = next((name for name, other in self.files.items() if mine is not None and identity(other) == mine), None)
        if known is None:
            self.count += 1
            known = str(self.folder / f"f{self.count:05}.json")
        return known

    def put(self, made: Manifest) -> str:
        """Write an object; gives its file."""
        name = self.name_of(made)
        self.files[name] = made
        Path(name).write_text(text(made), encoding="utf-8")
        return name

    def drop(self, name: str) -> None:
        """Delete a file."""
        del self.files[name]
        Path(name).unlink()


def text(made: Manifest) -> str:
    return json.dumps(made, indent=1)


def identity(made: Manifest) -> tuple[str, str, str, str] | None:
    """Group, kind, namespace and name; None where the API would make the name."""
    meta = made.get("metadata") or {}
    if not meta.get("name"):
        return None
    group = made["apiVersion"].rpartition("/")[0]
    return group, made["kind"], meta.get("namespace") or "default", meta["name"]


def objects(rng: Random, dialect: str) -> list[Manifest]:
    """A whole input of a dialect."""
    if dialect == "kubernetes":
        return [*generate.cluster(rng), *generate.policies(rng)]
    return [*generate.cluster(rng), *generate.policies(rng), *calico_generate.calico(rng, hosts=rng.random() < 0.3)]


def outcome(run: Any) -> str:
    """The report as text, or what is wrong with the input."""
    try:
        world, result = run()
    except npverify.InputError as error:
        return "\n".join(map(str, error.diagnostics))
    return dumps(prove_json(result, world)) + "\n".join(map(str, result.warnings))


def fresh(folder: Path) -> Any:
    loaded = npverify.load([str(folder)])
    return loaded.world, npverify.prove(loaded.world, loaded.assertions)


def edit(rng: Random, folder: Folder, session: npverify.Session, dialect: str, *, invalid: bool) -> Any:
    """One edit of the folder, a random one or one that is refused; gives how the session is told of it, and how the folder is put back if it is refused."""
    before = dict(folder.files)
    kind = "invalid" if invalid else rng.choice(["put", "put", "policy", "policy", "drop", "around"])
    by_file = rng.random() < 0.4
    if kind == "drop" and len(folder.files) > 3:
        name = rng.choice(list(folder.files))
        made = folder.files[name]
        session.refresh()  # what was applied under the name of a file that it has not seen would stay
        folder.drop(name)
        meta = made.get("metadata") or {}
        group = made["apiVersion"].rpartition("/")[0]
        if identity(made) is None or made["kind"].endswith("List"):
            by_file = True

        def tell() -> None:
            if by_file:
                session.refresh()
            else:
                session.delete(made["kind"], meta["name"], meta.get("namespace") or "default", group=group)
    else:
        drawn = objects(rng, dialect) if kind != "around" else [around(rng)]
        policies = [o for o in drawn if "Policy" in o["kind"]] or drawn
        made = INVALID if kind == "invalid" else rng.choice(policies if kind == "policy" else drawn)
        name = folder.put(made)

        def tell() -> None:
            if by_file:
                session.refresh()
            else:
                session.apply(text(made), source=name)

    def put_back() -> None:
        for file in set(folder.files) - set(before):
            folder.drop(file)
        for file, old in before.items():
            if folder.files.get(file) is not old:
                Path(file).write_text(text(old), encoding="utf-8")
        folder.files = before

    return tell, put_back


@pytest.mark.parametrize(
    ("dialect", "spec", "seed", "edits"),
    [
        *(("kubernetes", spec, seed, 30) for seed, spec in zip((4, 5, 10), FLOWS, strict=True)),
        *(("calico", spec, seed, 30) for seed, spec in zip((11, 14, 13), FLOWS, strict=True)),
        ("kubernetes", POLICIES, 21, 12),
        ("calico", POLICIES, 22, 8),
    ],
)
def test_a_session_says_what_a_fresh_run_says_after_every_edit(
    dialect: str, spec: str, seed: int, edits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status, counterexample, text and warnings, of native, Calico and cluster policies, of pods, namespaces, Services and nodes,
    also where what was kept is given back in between; and where a fresh run refuses the input the session refuses the edit in the same words, and goes on as before."""
    monkeypatch.setattr("npverify.analyses.session._STEPS", 9)
    rng = Random(seed)
    (tmp_path / "facts.npv").write_text(spec, encoding="utf-8")
    folder = Folder(tmp_path, objects(rng, dialect))
    while not outcome(lambda: fresh(tmp_path)).startswith("{"):
        for name in list(folder.files):
            folder.drop(name)
        folder = Folder(tmp_path, objects(rng, dialect))
    session = npverify.Session([str(tmp_path)])

    def asked() -> Any:
        return session.world, session.prove()

    def told(tell: Callable[[], None]) -> Any:
        tell()
        return asked()

    refused = 0
    for number in range(edits):
        tell, put_back = edit(rng, folder, session, dialect, invalid=number % 6 == 5)
        expected = outcome(lambda: fresh(tmp_path))
        assert outcome(partial(told, tell)) == expected
        if not expected.startswith("{"):
            refused += 1
            put_back()
    assert 0 < refused < edits
    assert outcome(asked) == outcome(lambda: fresh(tmp_path))
