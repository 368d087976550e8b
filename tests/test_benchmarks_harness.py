"""The harness of the benchmarks notices wrong answers, ends what hangs, and shows what was measured and nothing else."""

from __future__ import annotations

import copy
import json
import re
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
from benchmarks import checks
from benchmarks.__main__ import main, merged
from benchmarks.bars import Held, growth, held
from benchmarks.clock import Clock
from benchmarks.families.realistic import generate
from benchmarks.forms import MANIFEST, write
from benchmarks.measure import FAILED, LATE, NOT_THERE, OK, WRONG, Plan, _forms, _late_before, _runs, ask
from benchmarks.objects import Cluster, Size
from benchmarks.peers import Peer, _agreement
from benchmarks.process import run
from benchmarks.queries import BY_NAME, QUERIES, Query, asked
from benchmarks.questions import QUESTIONS, Data
from benchmarks.report import TABLES, fill

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def small() -> Cluster:
    """A small realistic cluster."""
    return generate(Size(pods=60, policies=20, namespaces=9))


@pytest.fixture(scope="module")
def data(small: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same on disk."""
    folder = tmp_path_factory.mktemp("data")
    write(small, folder, ["json"], name="small", seed=1)
    return folder


def manifest_of(folder: Path) -> dict[str, Any]:
    """What the manifest in a folder says."""
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return found


# --- the harness --------------------------------------------------------------------------------------------------------


PLAN = Plan(sizes=(), repeat=1, limit=60)


def test_a_right_answer_is_timed_and_a_wrong_one_is_noticed(data: Path) -> None:
    """The same question in a fresh process: right by the manifest; wrong where the manifest says something else."""
    query = BY_NAME["connectivity"]
    manifest = manifest_of(data)
    row = ask(PLAN, query, "small", "json", data, manifest)
    assert row["status"] == OK
    assert 0 < row["stages"]["connectivity"]["median"] < row["seconds"]["median"]
    assert row["peak_mb"] > 10
    other = copy.deepcopy(manifest)
    other["connections"][2]["allowed"] = True
    (data / MANIFEST).write_text(json.dumps(other), encoding="utf-8")
    try:
        row = ask(PLAN, query, "small", "json", data, other)
    finally:
        (data / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert row["status"] == WRONG
    assert row["mistakes"] == ["web/web-front to vault/vault-db on TCP 5432: denied, planted the other"]


KNOWN = {
    "kinds": {"NetworkPolicy": 2, "Pod": 4},
    "assertions": [{"assertion": "no a reaches b", "status": "proved"}],
    "connections": [{"src": "x/a", "dst": "x/b", "protocol": "TCP", "port": 80, "allowed": True}],
    "policies": {"redundant": ["x/twice"], "needed": ["x/once"]},
    "change": {"flow": {"src": "x/a", "dst": "x/b", "protocol": "TCP", "port": 81}},
}
LINK = KNOWN["connections"][0]  # type: ignore[index]
REFUTED = {"property": "redundant", "status": "refuted"}
ANSWERS: list[tuple[str, dict[str, Any], bool]] = [
    ("load", {"policies": 2, "warnings": 0}, True),
    ("load", {"policies": 1, "warnings": 0}, False),
    ("load", {"policies": 2, "warnings": 1}, False),
    ("assertions", {"verdicts": [["no a reaches b", "proved"]]}, True),
    ("assertions", {"verdicts": [["no a reaches b", "undecided"]]}, False),
    ("assertions", {"verdicts": []}, False),
    ("connectivity", {"asked": [[LINK, True]]}, True),
    ("connectivity", {"asked": [[LINK, False]]}, False),
    ("connectivity", {"asked": []}, False),
    ("equiv", {"status": "equivalent", "witness": None}, True),
    ("equiv", {"status": "undecided", "witness": None}, False),
    ("equiv-wrong", {"status": "different", "witness": {"dst": "x/b-0", "port": 81}}, True),
    ("equiv-wrong", {"status": "different", "witness": {"dst": "x/b-0", "port": 80}}, False),
    ("equiv-wrong", {"status": "equivalent", "witness": None}, False),
    ("redundant", {**REFUTED, "policies": ["x/twice", "x/other"]}, True),
    ("redundant", {**REFUTED, "policies": []}, False),
    ("redundant", {**REFUTED, "policies": ["x/twice", "x/once"]}, False),
    ("redundant", {**REFUTED, "status": "proved", "policies": ["x/twice"]}, False),
    ("lint", {"findings": [["policy-redundant", "x/twice"]]}, True),
    ("lint", {"findings": [["policy-redundant", "x/once"]]}, False),
    ("session", {"mistakes": []}, True),
    ("session", {"mistakes": ["stale"]}, False),
]


@pytest.mark.parametrize(("question", "answer", "right"), ANSWERS)
def test_answers_are_held_against_the_manifest(question: str, answer: dict[str, Any], right: bool) -> None:
    """What agrees has no mistakes, what does not has some."""
    assert (checks.mistakes(question, answer, KNOWN) == []) is right


def test_every_question_of_the_worker_is_checked() -> None:
    """There is a right and a wrong answer above for each, but for those that are checked as another is."""
    alike = {"connectivity-again", "shadowed"}
    workers = {q.name for q in QUERIES if q.command is None}
    for right in (True, False):
        assert workers == alike | {question for question, _, is_right in ANSWERS if is_right is right}


def test_what_the_program_has_not_is_not_there() -> None:
    """Neither a public name, nor a command, nor an option that is missing is a crash."""
    for need in ("Nothing", "nothing", "prove --nothing"):
        row = ask(PLAN, Query("x", "x", needs=(need,)), "S", "json", Path(), {})
        assert (row["status"], row["note"]) == (NOT_THERE, need)
    assert Query("x", "x", needs=("World", "prove --spec")).missing() is None


def test_a_query_that_fails_or_hangs_is_told(data: Path) -> None:
    """Bad usage is a failure with its last line, a run over the limit is ended, and neither stops the rest."""
    failing = Query("x", "x", command=lambda folder, form: ["prove", str(folder / "gone")])
    row = ask(PLAN, failing, "S", "json", data, {})
    assert row["status"] == FAILED
    assert row["note"]
    hanging = Plan(sizes=(), repeat=3, limit=0.01)
    row = ask(hanging, BY_NAME["load"], "S", "json", data, manifest_of(data))
    assert (row["status"], row["runs"]) == (LATE, 1)
    record = {"results": [{"query": "load", "form": "json", "size": "S", "status": LATE}]}
    assert _late_before(record, BY_NAME["load"], "M", "json") == "S"
    assert _late_before(record, BY_NAME["load"], "M", "fat-yaml") is None
    assert _late_before(record, BY_NAME["load"], "A1", "json") is None


def test_a_query_that_wants_too_much_memory_is_over_the_limit(tmp_path: Path) -> None:
    """It ends with a MemoryError and not with the machine, and is no failure of the program's answers."""

    class Greedy(Query):
        def start(self, folder: Path, form: str, kept: Path) -> list[str]:
            return [sys.executable, "-c", "print(len(bytearray(2 << 30)))"]

    row = ask(Plan(sizes=(), limit=60, memory=1), Greedy("x", "x"), "S", "json", tmp_path, {})
    assert (row["status"], row["note"], row["runs"]) == (LATE, "1 GB", 1)


@pytest.mark.parametrize(("warm", "found"), [(False, ["0", "0"]), (True, ["1", "2"])])
def test_runs_find_nothing_of_each_other_unless_they_are_to(warm: bool, found: list[str], tmp_path: Path) -> None:
    """A run has an empty cache; a warm query has that of the runs before, of which the first does not count."""
    code = """import os, pathlib
folder = pathlib.Path(os.environ["XDG_CACHE_HOME"])
folder.mkdir(exist_ok=True)
there = len(list(folder.iterdir()))
(folder / str(there)).touch()
print(there)"""

    class Counting(Query):
        def start(self, folder: Path, form: str, kept: Path) -> list[str]:
            return [sys.executable, "-c", code]

    plan = Plan(sizes=(), repeat=2)
    assert [done.out.strip() for done in _runs(plan, Counting("x", "x", warm=warm), tmp_path, "json")] == found


def test_a_command_is_ended_at_its_limit_with_what_it_started() -> None:
    """Exit code, output and time of a command; one that sleeps is killed."""
    done = run([sys.executable, "-c", "print('x'); raise SystemExit(3)"], seconds=30)
    assert (done.code, done.out, done.timed_out) == (3, "x\n", False)
    done = run([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.3)
    assert done.timed_out
    assert 0.3 <= done.seconds < 10


def test_stages_are_told_apart_as_far_as_they_are_there() -> None:
    """A function that is called twice is one stage, one that is gone is none, the rest is a stage too, and all is put back."""
    module = types.SimpleNamespace(read=lambda: time.sleep(0.02), build=lambda: time.sleep(0.01))
    original = module.read
    clock = Clock()
    with clock.parts("the rest", module, {"read": "reading", "build": "building", "gone": "never"}):
        module.read()
        module.read()
        time.sleep(0.01)
    assert module.read is original
    assert [name for name, *_ in clock.stages] == ["reading", "building", "the rest"]
    reading, building, rest = (wall for _, wall, *_ in clock.stages)
    assert reading >= 0.04
    assert building == 0
    assert 0.01 <= rest < 0.04


def test_changes_are_counted_by_their_99th_percentile(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred changes the second slowest (nearest rank), of one that one; mistakes are passed on."""
    for count, p99 in ((100, 99.0), (1, 1.0)):
        module = types.ModuleType("benchmarks.session")
        seconds = [float(i) for i in range(count, 0, -1)]
        module.measure = lambda cluster, spec, seconds=seconds: {"seconds": seconds, "mistakes": ["stale"]}  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "benchmarks.session", module)
        clock = Clock()
        answer = QUESTIONS["session"](clock, Data(data, "json"))
        assert answer == {"changes": count, "mistakes": ["stale"]}
        assert {name: wall for name, wall, *_ in clock.stages}["change, p99"] == p99


def test_a_family_is_asked_what_makes_sense_of_it() -> None:
    """The realistic ones everything but the warm repetition, for which there are clusters of labels alone."""
    assert {q.name for q in asked("S")} == {q.name for q in QUERIES if q.on is not None} - {"connectivity-again"}
    assert [q.name for q in asked("L-labels")] == ["connectivity-again"]
    assert [q.name for q in asked("A1-10")] == ["load", "connectivity", "redundant"]
    assert [q.name for q in asked("W-tiers")] == ["load", "assertions", "connectivity"]
    assert list(_forms(PLAN, BY_NAME["load"], "S")) == ["json", "fat-json", "fat-yaml"]
    assert list(_forms(PLAN, BY_NAME["load"], "A1")) == ["json"]
    assert list(_forms(Plan(sizes=(), forms=("fat-yaml",)), BY_NAME["load"], "A1")) == ["fat-yaml"]


def test_a_cluster_is_generated_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`generate` writes the forms that are asked for and names the manifest."""
    assert main(["generate", "XS", "--output", str(tmp_path), "--forms", "json,yaml"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / MANIFEST}\n"
    assert {"cluster.json", "cluster.yaml"} <= {p.name for p in tmp_path.iterdir()}


SAID = """\
vault/vault-api[ReplicaSet] => vault/vault-db[ReplicaSet] : {protocols:TCP,dst_ports:80,5432-5440}
web/web-front[ReplicaSet] => leak/leak-db[ReplicaSet] : {protocols:UDP,dst_ports:5433},{protocols:TCP,dst_ports:5432}
cell-0/one[ReplicaSet] => cell-0/two[ReplicaSet] : All connections
"""


def test_the_planted_connections_are_looked_up_in_what_the_peer_says(small: Cluster) -> None:
    """Of the eight it says seven: it lacks one that is allowed."""
    assert _agreement(SAID, {"connections": small.connections}) == {"planted": 8, "agreed": 7}
    assert _agreement(SAID.replace("5432}", "5433}"), {"connections": small.connections})["agreed"] == 5


def test_a_peer_is_asked_up_to_the_size_that_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes it too long is kept, and nothing larger is asked of that question."""
    asked_for = []

    def fake(plan: Plan, folder: Path, questions: tuple[Peer, ...]) -> list[dict[str, Any]]:
        (peer,) = questions
        asked_for.append(peer)
        status = LATE if peer in (("connectivity", "S"), ("sanity", "P2")) else OK
        return [{"tool": "x", "question": peer.question, "size": peer.size, "status": status, "ours": {}}]

    monkeypatch.setattr("benchmarks.__main__.peers", fake)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(RECORD), encoding="utf-8")
    assert main(["peers", "--output", str(path), "--add"]) == 0
    assert [f"{p.question} {p.size}" for p in asked_for] == [
        *(f"connectivity {size}" for size in ("P1", "P2", "P3", "S")),
        *(f"sanity {size}" for size in ("P1", "P2")),
    ]
    written = json.loads(path.read_text(encoding="utf-8"))
    assert len(written["peers"]) == 6
    assert len(written["results"]) == len(RECORD["results"])  # type: ignore[arg-type]


# --- bars, tables, pictures ---------------------------------------------------------------------------------------------


def result(
    query: str, size: str, median: float, form: str = "json", status: str = OK, **stages: float
) -> dict[str, Any]:
    """A row of the results."""
    spread = {"min": median, "median": median, "max": median}
    return {
        "query": query, "title": query, "size": size, "form": form, "status": status, "runs": 1, "commit": "c", "seconds": spread, "cpu": median,
        "peak_mb": 100, "stages": {n.replace("_", " "): {"median": s, "peak_mb": 100} for n, s in stages.items()},
    }  # fmt: skip


RECORD = {
    "generator": 2, "seed": 1, "peers": [],
    "machine": {"cores": 2, "architecture": "any", "system": "any", "python": "3", "z3": "4"},
    "program": {"version": "0", "commit": "c"}, "plan": {"repeat": 5, "enough": 1, "limit": 600},
    "inputs": {"M": {"kinds": {"Pod": 2}, "files": {"cluster.json": {"bytes": 1, "sha256": "0" * 64}}}},
    "results": [
        result("load", "S", 0.29), result("load", "M", 1.2, read=0.5, reduce=0.7), result("load", "L", 10.2, read=5.0, reduce=5.2),
        result("connectivity", "M", 9.0, connectivity=0.2, rows=0.05), result("equiv", "M", 600.0, status=LATE),
    ],
}  # fmt: skip


def test_bars_are_met_or_missed_by_the_median() -> None:
    """Below the bar is met, above it missed; over the limit is missed; what was not measured is neither."""
    found: dict[tuple[str, str], Held] = {(bar.what, bar.size): bar for bar in held(RECORD)}
    load = "load, validate, lower and reduce, trimmed JSON"
    assert [found[load, size].met for size in ("S", "M", "L")] == [True, False, False]
    assert found["all-pairs connectivity with ports, after loading", "M"].measured == 0.25
    assert found["equivalence with a rewritten set", "M"].why == LATE
    assert found["equivalence with a rewritten set", "L"].why == "not measured"
    assert growth(RECORD, "M", "L") == {"load": 7.4}
    missed = TABLES["missed"](RECORD)
    assert f"| {load} | M | 2.0 × | reduce 58 %, read 42 % |" in missed
    assert "connectivity" not in missed


def test_tables_are_filled_in_between_their_marks() -> None:
    """What is outside stays, what is inside is made anew, and a table of unknown name is an error."""
    page = "a\n<!-- table: machine -->\nold\n<!-- end of table -->\nb\n"
    filled = fill(page, RECORD)
    assert filled.startswith("a\n<!-- table: machine -->\n2 cores (any, any), Python 3, Z3 4, npverify 0 at c")
    assert filled.endswith("\n<!-- end of table -->\nb\n")
    assert fill(filled, RECORD) == filled
    with pytest.raises(KeyError):
        fill(page.replace("machine", "nothing"), RECORD)


@pytest.mark.parametrize("name", ["docs/performance.md", "README.md"])
def test_the_pages_show_what_was_measured(name: str) -> None:
    """The tables of the page are those of docs/performance.json."""
    record = json.loads((ROOT / "docs" / "performance.json").read_text(encoding="utf-8"))
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "<!-- table: " in text
    assert fill(text, record) == text


def test_the_measurements_name_no_place() -> None:
    """No path of the machine is in what is published."""
    text = (ROOT / "docs" / "performance.json").read_text(encoding="utf-8")
    assert re.findall(r'"/[a-z]+/[^"]*|/(?:tmp|home|root|work)/[^"]*', text) == []


def test_rows_of_another_version_of_the_program_are_told() -> None:
    """What was kept from an earlier run says at which commit it was measured."""
    mixed = {**RECORD, "results": [*RECORD["results"], {**result("lint", "S", 1.0), "commit": "b"}]}  # type: ignore[misc]
    assert "npverify 0 at c (some rows at b)," in TABLES["machine"](mixed)
    assert "npverify 0 at c," in TABLES["machine"](RECORD)


def test_measurements_are_added_to_those_of_the_same_clusters_alone() -> None:
    """A newer row takes the place of an older one; another seed starts anew."""
    again = {**RECORD, "results": [result("load", "M", 2.0)]}
    both = merged(RECORD, again)
    assert [r["seconds"]["median"] for r in both["results"] if (r["query"], r["size"]) == ("load", "M")] == [2.0]
    assert len(both["results"]) == len(RECORD["results"])  # type: ignore[arg-type]
    assert merged({**RECORD, "seed": 2}, again) == again
    assert merged({}, again) == again


def test_the_same_measurements_draw_the_same_pictures(tmp_path: Path) -> None:
    """Equal bytes, and a point for each size that was measured."""
    plot = pytest.importorskip("benchmarks.plot", exc_type=ImportError)
    one, two = (plot.draw(RECORD, tmp_path / name) for name in ("one", "two"))
    assert [p.name for p in one] == ["time.svg", "memory.svg"]
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
