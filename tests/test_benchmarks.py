"""The benchmarks measure what they say: clusters that are the same from the same seed, and facts about them that are true."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from benchmarks.checks import mistakes
from benchmarks.clock import Clock
from benchmarks.families import FAMILIES, GROUPS
from benchmarks.families.antrea import FAMILIES as ANTREA
from benchmarks.families.antrea import antrea
from benchmarks.families.kano import kano
from benchmarks.families.openshift import openshift
from benchmarks.families.realistic import generate
from benchmarks.families.worst import FAMILIES as WORST
from benchmarks.families.worst import worst
from benchmarks.families.zen import zen
from benchmarks.forms import FORMS, MANIFEST, PATHS, SPEC, described, write, yaml_lines
from benchmarks.objects import Cluster, Object, Size, named
from benchmarks.questions import QUESTIONS, Data
from benchmarks.rewrite import without
from hypothesis import given
from hypothesis import strategies as st

import npverify

ROOT = Path(__file__).parents[1]
SMALL = Size(pods=60, policies=20, namespaces=9)


def fresh(tiers: bool) -> Cluster:
    """A small realistic cluster, made anew."""
    return generate(SMALL, tiers=tiers)


@pytest.fixture(scope="module")
def small() -> Cluster:
    """A small realistic cluster."""
    return fresh(tiers=False)


@pytest.fixture(scope="module")
def data(small: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in every form, on disk."""
    folder = tmp_path_factory.mktemp("data")
    write(small, folder, FORMS, name="small", seed=1)
    return folder


def manifest_of(folder: Path) -> dict[str, Any]:
    """What the manifest in a folder says."""
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return found


def world(objects: list[Object], folder: Path, **options: Any) -> npverify.World:
    """The world of these objects."""
    path = folder / "objects.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), encoding="utf-8")
    return npverify.load([str(path)], with_assertions=False, **options).world


# --- the generator ------------------------------------------------------------------------------------------------------


FROM_SEED: dict[str, Callable[[int], Cluster]] = {
    "realistic": lambda seed: generate(SMALL, seed),
    "with tiers": lambda seed: generate(SMALL, seed, tiers=True),
    "labels only": lambda seed: generate(SMALL, seed, labels_only=True),
    **{name: (lambda seed, name=name: antrea(name, seed, scale=500)) for name in ANTREA},
    "K": lambda seed: kano(30, 10, seed),
    "Z": lambda seed: zen(20, seed),
}


@pytest.mark.parametrize("family", FROM_SEED)
def test_a_seed_gives_the_same_bytes_and_another_seed_others(family: str, tmp_path: Path) -> None:
    """Two runs agree in every file, the manifest included; another seed gives another list."""
    digests = []
    for run_number, seed in enumerate((1, 1, 2)):
        folder = tmp_path / str(run_number)
        write(FROM_SEED[family](seed), folder, ["json", *(["dir", "fat-yaml"] if family == "realistic" else [])])
        digests.append((described(folder)["sha256"], described(folder / PATHS["json"])["sha256"]))
    assert digests[0] == digests[1]
    assert digests[0][1] != digests[2][1]


def test_a_cluster_has_the_size_asked_for(small: Cluster) -> None:
    """Pods, policies and namespaces are counted with the planted ones."""
    kinds = Counter(o["kind"] for o in small.objects)
    assert (kinds["Pod"], kinds["NetworkPolicy"], kinds["Namespace"]) == SMALL


@pytest.mark.parametrize("size", [Size(60, 5, 9), Size(14, 40, 9), Size(60, 40, 8)])
def test_a_size_without_room_for_what_is_planted_is_refused(size: Size) -> None:
    """Too few policies, pods or namespaces are an error and no smaller cluster."""
    with pytest.raises(ValueError, match=r"planted|fill"):
        generate(size)


def test_the_distributions_are_those_that_are_described() -> None:
    """Shares of special pods, selectors, peers and ports of a cluster of 2,000 pods are near what README.md says."""
    objects = generate(Size(2000, 1000, 20)).objects
    pods = [o for o in objects if o["kind"] == "Pod"]
    specs = [o["spec"] for o in objects if o["kind"] == "NetworkPolicy" and o["metadata"]["name"].startswith("policy-")]

    def share(wanted: Callable[[Any], bool], things: list[Any]) -> float:
        return sum(bool(wanted(thing)) for thing in things) / len(things)

    rules = [
        (side, rule)
        for spec in specs
        for key, side in (("ingress", "from"), ("egress", "to"))
        for rule in spec.get(key, [])
    ]
    peers = [peer for side, rule in rules for peer in rule[side]]
    ports = [rule.get("ports", []) for _, rule in rules]
    assert share(lambda p: p["spec"].get("hostNetwork"), pods) == pytest.approx(0.01, abs=0.006)
    assert share(lambda p: p["status"]["phase"] == "Pending", pods) == pytest.approx(0.01, abs=0.006)
    assert share(lambda p: len(p["status"].get("podIPs", [])) == 2, pods) == pytest.approx(0.05, abs=0.015)
    assert share(lambda s: s["policyTypes"] == ["Ingress"], specs) == pytest.approx(0.70, abs=0.05)
    assert share(lambda s: "app" in s["podSelector"].get("matchLabels", {}), specs) == pytest.approx(0.75, abs=0.05)
    assert share(lambda p: "ipBlock" in p, peers) == pytest.approx(0.15, abs=0.03)
    assert share(lambda p: list(p) == ["podSelector"], peers) == pytest.approx(0.50, abs=0.04)
    assert share(lambda p: not p, ports) == pytest.approx(0.15, abs=0.03)
    assert share(lambda p: bool(p) and isinstance(p[0]["port"], str), ports) == pytest.approx(0.15, abs=0.03)
    assert not any("pod-template-hash" in json.dumps(spec) for spec in specs)


# --- what is planted ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tiers", [False, True], ids=["native", "with tiers"])
def test_the_planted_assertions_have_the_planted_answers(tiers: bool, tmp_path: Path) -> None:
    """A hundred assertions, half of them true, in the mix that README.md names."""
    cluster = fresh(tiers)
    assert Counter(fact.status for fact in cluster.facts) == {"proved": 50, "refuted": 50}
    assert len({fact.assertion for fact in cluster.facts}) == 100
    write(cluster, tmp_path, ["json"])
    loaded = npverify.load([str(tmp_path / PATHS["json"])], specs=[str(tmp_path / SPEC)])
    assert loaded.world.warnings == ()
    found = npverify.prove(loaded.world, loaded.assertions).results
    assert [(r.assertion.text, str(r.status)) for r in found] == [(f.assertion, f.status) for f in cluster.facts]


def less(cluster: Cluster, policy: str, *path: str | int) -> list[Object]:
    """The objects without a policy, or without what stands at a path in it."""
    objects = copy.deepcopy(cluster.objects)
    (index,) = (i for i, o in enumerate(objects) if o["kind"] == "NetworkPolicy" and named(o) == policy)
    if not path:
        del objects[index]
        return objects
    inner = objects[index]["spec"]
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return objects


def superfluous(cluster: Cluster) -> dict[str, list[Object]]:
    """What is planted as superfluous, with the objects without it."""
    kinds = ("vacuous", "redundant", "shadowed")
    found = {f"{kind} {policy}": less(cluster, policy) for kind in kinds for policy in cluster.policies[kind]}
    for r in cluster.rules:
        found[f"rule {r['rule']} of {r['policy']}"] = less(cluster, r["policy"], r["direction"], r["rule"])
    for e in cluster.excepts:
        path = (e["direction"], e["rule"], "from", e["peer"], "ipBlock", "except", e["except"])
        found[f"except {e['except']} of {e['policy']}"] = less(cluster, e["policy"], *path)
    return found


def test_without_what_is_superfluous_the_same_flows_pass(small: Cluster, tmp_path: Path) -> None:
    """A vacuous, redundant or shadowed policy, a shadowed rule, a redundant except: the set without it is equivalent."""
    whole = world(small.objects, tmp_path)
    cases = superfluous(small)
    assert len(cases) >= 7
    found = {name: npverify.equiv(whole, world(objects, tmp_path)).status for name, objects in cases.items()}
    assert found == dict.fromkeys(cases, npverify.Equivalence.EQUIVALENT)


def test_without_what_is_needed_other_flows_pass(small: Cluster, tmp_path: Path) -> None:
    """Each policy that is planted as needed makes a difference, and so does the leak."""
    whole = world(small.objects, tmp_path)
    assert small.leak in small.policies["needed"]
    for policy in small.policies["needed"]:
        result = npverify.equiv(whole, world(less(small, policy), tmp_path))
        assert result.status is npverify.Equivalence.DIFFERENT, policy


@pytest.mark.parametrize(
    "make", [lambda: fresh(tiers=False), lambda: fresh(tiers=True), lambda: zen(20)], ids=["G", "tiers", "Z"]
)
def test_the_rewrites_are_what_they_are_called(make: Callable[[], Cluster], tmp_path: Path) -> None:
    """One is equivalent by construction, in other words; the other differs in the planted flow."""
    cluster = make()
    assumed = {"endport_supported": "true"}
    whole = world(cluster.objects, tmp_path, assume=assumed)
    rest = cluster.of_policies(policies=False)
    assert cluster.equal is not None
    assert cluster.wrong is not None
    assert cluster.change is not None
    assert cluster.equal != cluster.of_policies(policies=True)
    assert (
        npverify.equiv(whole, world(rest + cluster.equal, tmp_path, assume=assumed)).status
        is npverify.Equivalence.EQUIVALENT
    )
    result = npverify.equiv(whole, world(rest + cluster.wrong, tmp_path, assume=assumed))
    assert result.witness is not None
    flow = result.witness.flow
    assert str(flow.dst).startswith(cluster.change.flow["dst"])
    assert cluster.change.flow["port"] in (None, flow.port)
    assert result.witness.allowed_by == "right"


def test_the_wrong_rewrite_has_one_bit_flipped(small: Cluster) -> None:
    """One number differs from the equal rewrite, where the manifest says, by one bit."""
    assert small.equal is not None
    assert small.wrong is not None
    assert small.change is not None
    pairs = [(a, b) for a, b in zip(small.equal, small.wrong, strict=True) if a != b]
    assert [named(b) for _, b in pairs] == [small.change.policy]
    where = re.findall(r"\w+", small.change.field)
    equal, wrong = (
        functools.reduce(lambda inner, k: inner[int(k) if k.isdigit() else k], where, thing) for thing in pairs[0]
    )
    assert (equal, wrong) == (small.change.was, small.change.now)
    assert (equal ^ wrong).bit_count() == 1
    assert json.dumps(small.wrong).count(str(wrong)) == json.dumps(small.equal).count(str(wrong)) + 1


@st.composite
def blocks(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A block with excepts that are longer and inside it, but do not fill it."""
    length = draw(st.integers(8, 28))
    base = draw(st.integers(0, 2**32 - 1)) & -1 << 32 - length
    holes = []
    for _ in range(draw(st.integers(0, 3))):
        longer = draw(st.integers(length + 2, 32))
        offset = draw(st.integers(0, 2 ** (32 - length) - 1)) & -1 << 32 - longer
        holes.append(f"{ip_address(base | offset)}/{longer}")
    return f"{ip_address(base)}/{length}", holes


@given(blocks(), st.data())
def test_cutting_excepts_out_leaves_the_rest(block: tuple[str, list[str]], chance: st.DataObject) -> None:
    """The blocks that are left hold an address exactly when the block holds it and no except does."""
    cidr, holes = block
    left = list(map(ip_network, without(cidr, holes)))
    edges = [int(a) for n in (cidr, *holes) for a in (ip_network(n)[0], ip_network(n)[-1])]
    address = ip_address((chance.draw(st.sampled_from(edges)) + chance.draw(st.integers(-2, 2))) % 2**32)
    inside = address in ip_network(cidr) and not any(address in ip_network(hole) for hole in holes)
    assert sum(address in part for part in left) == inside


# --- families and forms -------------------------------------------------------------------------------------------------


TINY: dict[str, tuple[Callable[[], Cluster], Size]] = {
    "A1": (lambda: antrea("A1", scale=2500), Size(40, 30, 10)),
    "A2": (lambda: antrea("A2", scale=100), Size(1000, 101, 1)),
    "A3": (lambda: antrea("A3", scale=500), Size(20, 20, 1)),
    "A4": (lambda: antrea("A4", scale=500), Size(20, 20, 1)),
    "A5": (lambda: antrea("A5", scale=500), Size(200, 20, 2)),
    "KB": (lambda: openshift(6, 4, 3, wide=2), Size(24, 18, 6)),
    "K": (lambda: kano(40, 20), Size(40, 20, 1)),
    "Z": (lambda: zen(20), Size(2, 1, 1)),
    "Z in parts": (lambda: zen(1_003), Size(2, 2, 1)),
    "W-all": (lambda: worst("W-all", scale=500), Size(20, 1, 1)),
    "W-single": (lambda: worst("W-single", scale=500), Size(20, 20, 1)),
    "W-peers": (lambda: worst("W-peers", scale=50), Size(40, 1, 1)),
    "W-blocks": (lambda: worst("W-blocks", scale=100), Size(10, 1, 1)),
    "W-ranges": (lambda: worst("W-ranges", scale=50), Size(10, 1, 1)),
    "W-tiers": (lambda: worst("W-tiers", scale=10), Size(100, 10, 1)),
}


def test_every_family_is_tried() -> None:
    """The table above has a row for each of Antrea's clusters and each worst case."""
    assert set(ANTREA) | set(WORST) <= set(TINY)


@pytest.mark.parametrize("family", ["A1", "A2", "A3", "A4", "A5", "KB", "K"])
def test_connections_of_a_family_are_known(family: str) -> None:
    """Some that are and some that are not, but for those of Antrea, in which nothing passes."""
    known = {row["allowed"] for row in TINY[family][0]().connections}
    assert known == ({False} if family in ANTREA else {True, False})


def test_groups_name_families() -> None:
    """Each is a family, once."""
    for names in GROUPS.values():
        assert len(set(names)) == len(names)
        assert set(names) <= set(FAMILIES)


@pytest.mark.parametrize("family", TINY)
def test_a_family_is_valid_input_with_true_facts(family: str, tmp_path: Path) -> None:
    """It loads without an error or a warning, has what it should have, and its facts and connections hold."""
    make, size = TINY[family]
    cluster = make()
    write(cluster, tmp_path, ["json"])
    loaded = npverify.load([str(tmp_path / PATHS["json"])], specs=[str(tmp_path / SPEC)])
    assert loaded.world.warnings == ()
    kinds = Counter(o["kind"] for o in cluster.objects)
    assert (len(loaded.world.inventory.pods), len(loaded.world.defined), kinds["Namespace"]) == size
    found = npverify.prove(loaded.world, loaded.assertions).results
    assert [str(r.status) for r in found] == [fact.status for fact in cluster.facts]
    answer = QUESTIONS["connectivity"](Clock(), Data(tmp_path, "json"))
    assert mistakes("connectivity", answer, manifest_of(tmp_path)) == []


def test_all_forms_are_one_object_set(small: Cluster, data: Path) -> None:
    """List, stream, YAML list and folder hold the same objects; the fat forms hold more of the same ones."""

    def parsed(form: str) -> Any:
        return yaml.load((data / PATHS[form]).read_text(encoding="utf-8"), yaml.CSafeLoader)

    assert json.loads((data / PATHS["json"]).read_text(encoding="utf-8"))["items"] == small.objects
    assert list(yaml.load_all((data / PATHS["yaml"]).read_text(encoding="utf-8"), yaml.CSafeLoader)) == small.objects
    assert parsed("list")["items"] == small.objects
    fat = json.loads((data / PATHS["fat-json"]).read_text(encoding="utf-8"))["items"]
    assert parsed("fat-yaml")["items"] == fat
    assert [named(o) for o in fat] == [named(o) for o in small.objects]
    files = sorted((data / PATHS["dir"]).rglob("*.yaml"))
    there = [o for f in files for o in yaml.load_all(f.read_text(encoding="utf-8"), yaml.CSafeLoader)]
    assert sorted(map(json.dumps, there)) == sorted(json.dumps(dict(o)) for o in map(_sorted, small.objects))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("form", FORMS)
def test_every_form_means_the_same(form: str, data: Path) -> None:
    """Each loads without a warning, with the same policies and pods."""
    loaded = npverify.load([str(data / PATHS[form])]).world
    plain = npverify.load([str(data / PATHS["json"])]).world
    assert loaded.warnings == ()
    assert set(loaded.defined) == set(plain.defined)

    def seen(world: npverify.World) -> list[Any]:
        return [(str(p), p.labels, p.addresses, p.ports, p.node, p.on_host) for p in world.inventory.pods]

    assert seen(loaded) == seen(plain)


def test_a_fat_pod_is_as_long_as_a_real_one(data: Path, small: Cluster) -> None:
    """About 5 KB as YAML and 13 KB as indented JSON."""
    pods = sum(o["kind"] == "Pod" for o in small.objects)
    sizes = [described(data / PATHS[form])["bytes"] / pods / 1000 for form in ("fat-yaml", "fat-json")]
    assert sizes == [pytest.approx(6, abs=1), pytest.approx(14, abs=2)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)
    | st.sampled_from(["yes", "1.0", "10.0.0.1", "10.0.0.0/8", "-", "a: b", "#", "", "null", "0x1", "f:x", "."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc:.#- ", min_size=1, max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(VALUES)
def test_the_yaml_that_is_written_is_read_back(value: Any) -> None:
    """Whatever JSON can say, in block style, means itself."""
    assert yaml.load("\n".join(yaml_lines([value])), yaml.CSafeLoader) == [value]


def test_the_manifest_has_the_hash_of_every_file(data: Path) -> None:
    """Spec, rewrites and all forms are listed with their SHA-256."""
    files = manifest_of(data)["files"]
    assert set(files) == {p.name for p in data.iterdir()} - {MANIFEST}
    assert len(files) >= 11
    assert files[PATHS["dir"]] == described(data / PATHS["dir"])
