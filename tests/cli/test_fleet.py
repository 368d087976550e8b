"""`npverify fleet`: what each cluster says is what the command for one says, whatever happens to the workers."""

from __future__ import annotations

import json
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_worlds import FAILS, HOLDS, MANIFESTS, POLICY, write

import jobs
from npverify.analyses import fleet
from npverify.analyses.fleet import Failed, by_workers, named, shared, snapshot
from npverify.cli import fleet as command
from npverify.cli.app import run
from npverify.cli.fleet_task import Answer, Options, Task, prove_one
from npverify.ingest.source import Problems
from npverify.report.fleet_report import ClusterReport, Word, fleet_json, render_fleet

NPV = "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n"
SUSPECT = NPV + "spec: {selector: app == 'web', types: [Ingress], egress: [{action: Deny}]}\n"


@pytest.fixture
def clusters(shop: Path) -> Path:
    """Four snapshots: one on which everything holds, one with a spec of its own that fails, one that cannot be read, one file."""
    for name in ("east", "west", "north"):
        (shop / name).mkdir()
        write(shop / name, all_yaml=f"{MANIFESTS}---\n{POLICY}")
    write(shop / "west", own_npv=FAILS)
    write(shop / "north", bad_yaml="kind: [\n", worse_npv="assert nobody\n")
    write(shop, south_yaml=f"{MANIFESTS}---\n{POLICY}", common_npv=HOLDS)
    return shop


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a scheduler with two worker processes."""
    distributed = pytest.importorskip("distributed")
    options: dict[str, Any] = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": "127.0.0.1:0",
    }
    with distributed.LocalCluster(**options, silence_logs=50) as cluster:
        yield cluster.scheduler_address


def alone(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command for one cluster gives as JSON."""
    capsys.readouterr()
    run((*arguments, "--format", "json"))
    return json.loads(capsys.readouterr().out)


def together(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code of a command for a fleet, and what it prints as JSON."""
    capsys.readouterr()
    code = run(("fleet", *arguments, "--format", "json"))
    return code, capsys.readouterr().out


PROVE = ("prove", "east", "west", "north", "south.yaml", "--spec", "common.npv")


def test_each_cluster_says_what_it_says_alone(clusters, capsys, scheduler):
    """Byte for byte as with one job and with four; a cluster that cannot be read stops no other, and the code is 2."""
    code, text = together(capsys, *PROVE, "--scheduler", scheduler)
    assert code == 2
    said = json.loads(text)
    assert list(said["clusters"]) == ["east", "west", "north", "south"]
    for name, path in (("east", "east"), ("west", "west"), ("south", "south.yaml")):
        for n in ("1", "4"):
            one = alone(capsys, "prove", path, "--spec", "common.npv", "--jobs", n)
            assert json.dumps(said["clusters"][name]) == json.dumps(one)
    errors = said["clusters"]["north"]["errors"]
    assert [error["source"].partition(":")[0] for error in errors] == ["north/bad.yaml", "north/worse.npv"]
    counted = {"clusters": 4, "proved": 2, "refuted": 1, "bad_input": 1, "undecided": 0, "internal_error": 0}
    assert said["summary"] == {**counted, "interrupted": 0}
    assert together(capsys, *PROVE, "--scheduler", scheduler) == (code, text)


def test_workers_of_this_machine_say_the_same(clusters, capsys, scheduler):
    """Without a scheduler one is started, with as many workers as asked for."""
    theirs = together(capsys, *PROVE, "--scheduler", scheduler)
    assert together(capsys, *PROVE, "--workers", "2") == theirs


def test_lint_finds_what_it_finds_alone(clusters, capsys, scheduler):
    """The same for lint, whose warnings are told with the name of the cluster."""
    write(clusters / "west", suspect_yaml=SUSPECT)
    code, text = together(capsys, "lint", "east", "west", "--scheduler", scheduler)
    assert code == 1
    said = json.loads(text)
    for name in ("east", "west"):
        assert json.dumps(said["clusters"][name]) == json.dumps(alone(capsys, "lint", name))
    assert said["summary"]["findings"] == 1
    run(("fleet", "lint", "east", "none=south.yaml", "--select", "NPL112", "--scheduler", scheduler))
    assert "clean" in capsys.readouterr().out


ACCEPTED = "suppress: [{rule: NPL112, policy: shop/web, reason: known}, {rule: NPL113, reason: never found}]\n"


def test_what_the_config_accepts_is_accepted_in_every_cluster(clusters, capsys, monkeypatch):
    """As for one cluster, and so are comments; an entry is unused only if no cluster has its finding."""
    monkeypatch.setattr(fleet, "by_workers", lambda answer, tasks, **_: [answer(each) for each in tasks])
    write(clusters / "east", suspect_yaml=SUSPECT)
    write(clusters, _npverify_yaml=ACCEPTED)
    code, text = together(capsys, "lint", "east", "west")
    assert code == 0
    said = json.loads(text)["clusters"]
    for name in ("east", "west"):
        assert json.dumps(said[name]) == json.dumps(alone(capsys, "lint", name))
    assert len(said["east"]["silenced"]) == 1
    for order in (("east", "west"), ("west", "east")):
        run(("fleet", "lint", *order))
        (told,) = [line for line in capsys.readouterr().err.splitlines() if "NPV333" in line]
        assert "NPL113" in told
    (clusters / ".npverify.yaml").unlink()
    assert run(("fleet", "lint", "east")) == 1
    write(clusters / "east", suspect_yaml=f"{SUSPECT.rstrip()}  # npverify: ignore NPL112 known\n")
    assert run(("fleet", "lint", "east")) == 0


def test_a_worker_that_is_killed_loses_nothing(tmp_path):
    """One is killed at work; every answer is there, in order, and its task was done by another."""
    pytest.importorskip("distributed")
    names = [f"cluster {n}" for n in range(6)]
    killed: list[int] = []

    def kill() -> None:
        while not (found := list(tmp_path.iterdir())):
            time.sleep(0.02)
        killed.append(int(found[0].name))
        os.kill(killed[0], signal.SIGKILL)
        (tmp_path / "killed").touch()

    killer = threading.Thread(target=kill)
    killer.start()
    answers = by_workers(jobs.answers_after_a_death, [(name, tmp_path) for name in names], workers=2)
    killer.join()
    assert [answer[0] for answer in answers] == names
    assert killed[0] not in {answer[1] for answer in answers}


def test_a_task_that_kills_every_worker_has_no_answer():
    """It has failed, and the other tasks are answered."""
    pytest.importorskip("distributed")
    import dask

    with dask.config.set({"distributed.scheduler.allowed-failures": 0}):
        first, failed, *rest = by_workers(jobs.dies, ["first", "dies", *"abcdef"], workers=1)
    assert (first, rest) == ("first", list("abcdef"))
    assert isinstance(failed, Failed)
    assert failed.died


def test_a_stopped_run_keeps_the_answers_that_are_there(scheduler):
    """What has no answer by then is None."""
    told: list[int] = []
    answers = by_workers(
        jobs.answers_late,
        [str(n) for n in range(8)],
        scheduler=scheduler,
        tell=lambda done, first: told.append(done),
        stop=lambda: max(told, default=0) > 0,
    )
    assert None in answers
    there = [(n, answer) for n, answer in enumerate(answers) if answer]
    assert there == [(n, str(n)) for n, _ in there]
    assert len(there) == max(told)


def test_a_stopped_run_waits_for_no_worker_of_its_own(tmp_path):
    """Those that are at work are ended; Ctrl-C, which a terminal sends to all of them, is for the main process alone."""
    pytest.importorskip("distributed")
    started: list[float] = []

    def stop() -> bool:
        if (tmp_path / "asleep").exists():
            started.append(time.monotonic())
        return bool(started) and time.monotonic() - started[0] > 0.5  # what the first task told has arrived by then

    tasks = [("masked", tmp_path), ("asleep", tmp_path)]
    masked, asleep = by_workers(jobs.tells_or_sleeps, tasks, workers=1, stop=stop)
    assert time.monotonic() - started[0] < 3, "without an end it is given four seconds"
    assert (masked, asleep) == (True, None)


# without workers


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (["east", "west/"], {"east": ("east",), "west": ("west/",)}),
        (["south.yaml", "."], {"south": ("south.yaml",), "HERE": (".",)}),
        (["-"], {"stdin": ("-",)}),
        (["a=east", "a=south.yaml", "b=west"], {"a": ("east", "south.yaml"), "b": ("west",)}),
        (["east", "east=south.yaml"], {"east": ("east", "south.yaml")}),
        (["odd=name"], {"odd=name": ("odd=name",)}),
        (["kustomize:deploy/prod"], {"prod": ("kustomize:deploy/prod",)}),
        (["helm:a/chart?values=x.yaml"], {"chart": ("helm:a/chart?values=x.yaml",)}),
        (
            ["cluster:", "cluster:two", "x=cluster:y"],
            {"cluster": ("cluster:",), "two": ("cluster:two",), "x": ("cluster:y",)},
        ),
    ],
    ids=[
        "folders",
        "a file",
        "standard input",
        "several paths",
        "a name that is a path too",
        "a folder with =",
        "an overlay",
        "a chart",
        "clusters",
    ],
)
def test_what_a_cluster_is_called(clusters, given, found):
    """By its name if it has one, else by the last part of the path."""
    (clusters / "odd=name").mkdir()
    problems = Problems()
    assert named(given, problems) == {clusters.name if name == "HERE" else name: paths for name, paths in found.items()}
    assert problems.errors == ()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("a/x", "b/x"), "two snapshots would be called `x`"),
        (("=east",), "NAME=PATH"),
        (("east", "--spec", "gone.npv"), "gone.npv"),
        (("east", "--format", "sarif"), "text, json"),
        (("east", "--budget", "larg"), "large"),
        (("east", "--timeout", "0"), "--timeout"),
        (("east", "--workers", "0"), "--workers"),
        ((), "no snapshot is named"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_usage_is_2_before_anything_is_started(clusters, capsys, monkeypatch, arguments, part):
    """One clear message, and no worker."""
    monkeypatch.setattr(fleet, "_client", None)
    assert run(("fleet", "prove", *arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert part in err


def test_without_the_extra_it_is_said_what_to_install(clusters, capsys, monkeypatch):
    """One message, exit code 2."""
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    assert run(("fleet", "prove", "east", "--spec", "common.npv")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "error[NPV340]: a fleet needs Dask distributed, which is not installed",
        "  fix: pip install 'npverify[fleet]'",
    ]


def test_a_scheduler_that_is_not_there_is_told(clusters, capsys, monkeypatch):
    """Exit code 2, with the address."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(fleet, "CONNECT", "0.3s")
    assert run(("fleet", "prove", "east", "--spec", "common.npv", "--scheduler", "tcp://127.0.0.1:1")) == 2
    assert "NPV342" in (err := capsys.readouterr().err)
    assert "tcp://127.0.0.1:1" in err


@pytest.mark.parametrize(
    ("answers", "code", "words"),
    [
        ([Answer(0), Answer(0)], 0, ["2 proved"]),
        ([Answer(0), Answer(3)], 3, ["1 proved", "1 undecided"]),
        ([Answer(3), Answer(1)], 1, ["1 refuted", "1 undecided"]),
        ([Answer(1), Answer(2)], 2, ["1 refuted", "1 bad input"]),
        ([Answer(2), Answer(4)], 4, ["1 bad input", "1 internal error"]),
        ([Answer(0), Failed("the worker died", died=True)], 3, ["NPV343", "1 proved", "1 undecided"]),
        ([Answer(0), Failed("no module npverify", died=False)], 2, ["NPV344", "1 bad input"]),
        ([Answer(4), None], 130, ["NPV345", "1 internal error", "1 interrupted"]),
    ],
    ids=["proved", "undecided", "refuted", "bad input", "internal", "lost", "cannot answer", "interrupted"],
)
def test_the_worst_answer_is_the_exit_code(clusters, capsys, monkeypatch, answers, code, words):
    """And a cluster without an answer is never proved."""
    monkeypatch.setattr(fleet, "by_workers", lambda *args, **kwargs: answers)
    assert run(("fleet", "prove", "east", "west")) == code
    out = capsys.readouterr().out
    assert [word for word in words if word not in out] == []


def task(path: str, *specs: str, **options: Any) -> Task:
    """A snapshot with specs, sent and received."""
    sent = Task(snapshot("x", [path], shared(specs), None), Options(calico_version="3.32", **options))
    return pickle.loads(pickle.dumps(sent))


def test_a_task_needs_no_file(clusters):
    """Once the snapshot is read its files may be gone: excerpts are shown all the same."""
    ready = task("west", "common.npv")
    for file in ("west/all.yaml", "west/own.npv", "common.npv"):
        (clusters / file).unlink()
    answer = prove_one(ready)
    assert answer.code == 1
    assert "- from:" in answer.text
    assert [a["status"] for a in answer.report["assertions"]] == ["refuted", "proved"]


def test_a_spec_inside_the_snapshot_counts_once(clusters):
    """Also where it is named, by whatever way."""
    (clusters / "link.npv").symlink_to("west/own.npv")
    for named_too in ("west/own.npv", "./west/own.npv", "link.npv"):
        assert task("west", named_too).snapshot.content()[1] == ()
        assert len(prove_one(task("west", named_too)).report["assertions"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("prove", "--spec", "vacuous.npv"),
        ("prove", "--spec", "vacuous.npv", "--allow-vacuous"),
        ("prove", "--spec", "tags.npv", "--only", "one"),
        ("prove", "--spec", "tags.npv", "--only", "none"),
        ("prove", "--allow-empty"),
        ("prove", "--spec", "folder"),
        ("prove", "--spec", "fails.npv", "--cni", "none"),
        ("prove", "--spec", "fails.npv", "--cni", "calico", "--calico-version", "3.30", "--assume", "staged=enforce"),
        ("prove", "--spec", "outside.npv", "--ip-family", "6"),
        ("prove", "--spec", "outside.npv", "--pod-cidr", "10.9.0.0/16"),
        ("prove", "--spec", "fails.npv", "--ignore-kind", "NetworkPolicy"),
        ("lint", "--select", "NPL113"),
        ("lint", "--ignore", "NPL112"),
        ("lint", "--ignore", "NPL112", "--strict"),
        ("lint", "--budget", "small", "--timeout", "50"),
    ],
    ids=" ".join,
)
def test_an_option_means_what_it_means_for_one_cluster(clusters, capsys, monkeypatch, arguments):
    """The report is the same and so is the exit code, of a cluster with policies of two dialects."""
    write(
        clusters,
        tags_npv=HOLDS.replace("assert", "assert tag one") + FAILS.replace("assert", "assert tag two"),
        outside_npv="assert no web reaches 10.9.0.0/16\n",
    )
    write(
        clusters / "east",
        suspect_yaml=SUSPECT,
        info_yaml=NPV.replace("web,", "x,") + "spec: {ingress: [{action: Allow}]}\n",
    )
    monkeypatch.setattr(fleet, "by_workers", lambda answer, tasks, **_: [answer(each) for each in tasks])
    name, *options = arguments
    capsys.readouterr()
    code = run((name, "east", *options, "--format", "json"))
    out = capsys.readouterr().out
    assert run(("fleet", name, "east", *options, "--format", "json")) == code
    report = json.loads(capsys.readouterr().out)["clusters"]["east"]
    assert json.dumps(report) == json.dumps(json.loads(out)) if out else list(report) == ["schema", "errors"]


def test_all_problems_of_a_cluster_are_told_at_once(clusters):
    """What could not be opened, and what is wrong with the rest."""
    (clusters / "north" / "latin.yaml").write_bytes(b"a: \xff\n")
    codes = [error.code for error in prove_one(task("north")).errors]
    assert codes[:2] == ["NPV005", "NPV004"]
    (clusters / "east" / "latin.yaml").write_bytes(b"a: \xff\n")
    answer = prove_one(task("east", "common.npv"))
    assert (answer.code, [error.code for error in answer.errors]) == (2, ["NPV004"])


def test_another_version_does_not_answer(clusters):
    """Its answers might differ."""
    answer = prove_one(task("east", "common.npv", version="0.0.1"))
    assert (answer.code, answer.errors[0].code) == (2, "NPV344")


def test_a_defect_concerns_one_cluster(clusters, monkeypatch):
    """It is exit code 4 of that cluster, with what happened."""
    monkeypatch.setattr("npverify.cli.fleet_task.load", lambda *args, **kwargs: 1 / 0)
    answer = prove_one(task("east", "common.npv"))
    assert answer.code == 4
    assert "ZeroDivisionError" in answer.errors[0].message


def _report(word: Word, **numbers: int) -> ClusterReport:
    return ClusterReport(word.replace(" ", "-"), word, {"summary": numbers} if numbers else {}, "details\n")


REPORTS = [
    _report("ok", proved=12, refuted=0, vacuous=0, undecided=0, policies=1_200, workloads=8),
    _report("failed", proved=11, refuted=1, vacuous=0, undecided=0, policies=9, workloads=8),
    _report("bad input"),
]
TABLE = """\
cluster    answer     proved  refuted  vacuous  undecided  policies  workloads
ok         proved         12        0        0          0     1,200          8
failed     refuted        11        1        0          0         9          8
bad-input  bad input       -        -        -          -         -          -

3 clusters: 1 proved · 1 refuted · 1 bad input
"""


def test_the_table_has_a_row_for_each_cluster():
    """Before it stands what needs attention; with verbose everything, with quiet only rows that are not well."""
    detail = "cluster {}\ndetails\n\n"
    needed = detail.format("failed") + detail.format("bad-input")
    assert render_fleet("prove", REPORTS) == needed + TABLE
    assert render_fleet("prove", REPORTS, verbose=True) == detail.format("ok") + needed + TABLE
    without = "".join(line for line in TABLE.splitlines(keepends=True) if not line.startswith("ok"))
    assert render_fleet("prove", REPORTS, quiet=True) == needed + without
    assert render_fleet("prove", REPORTS[:1], quiet=True) == "1 cluster: 1 proved\n"


def test_every_key_of_the_merged_report_is_on_its_page():
    """docs/fleet.md names them."""
    page = (Path(__file__).parents[2] / "docs" / "fleet.md").read_text(encoding="utf-8")
    said = fleet_json("prove", REPORTS)
    keys = [*said, *said["summary"], *said["clusters"]["bad-input"], *fleet_json("lint", [])["summary"]]
    assert [key for key in keys if f"`{key}`" not in page] == []


def test_the_words_of_exit_codes_are_all_there():
    """Each code of a command for one cluster has its word."""
    assert set(command._WORDS) == {0, 1, 2, 3, 4, 130}
