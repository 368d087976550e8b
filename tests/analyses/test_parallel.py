"""Work that several processes share: the results of one, whatever happens to the processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from benchmarks.families.realistic import generate
from benchmarks.forms import PATHS, write
from benchmarks.objects import Size

import npverify
from calico_generate import calico
from jobs import Ends, Hard, Job, fails, killed_always, killed_late, killed_once, late_first, says_who, sleeps, square
from npverify.analyses import parallel
from npverify.analyses.answers import never
from npverify.analyses.lint import run as lint_run
from npverify.analyses.parallel import Method, best_method, dumps, loads, places, run
from npverify.analyses.prove import prove
from npverify.analyses.results import ProveResult, Status
from npverify.analyses.world import World
from npverify.inventory.model import EXTERNAL
from npverify.reduction.classes import predicates
from npverify.report.json_values import dumps as json_text
from npverify.report.lint_json import lint_json
from npverify.report.prove_json import prove_json
from npverify.smt.solver import BUDGETS, Budget
from worlds import random_world

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed as POSIX systems do it")

ROOT = Path(__file__).parents[2]
BOTH = pytest.mark.parametrize("method", ["fork", "spawn"])


@pytest.fixture(autouse=True)
def _forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may themselves be run by workers with several threads, where new processes would take long."""
    monkeypatch.setattr(parallel, "best_method", lambda: "fork")


@BOTH
def test_the_results_are_in_the_order_of_the_pieces(method: Method) -> None:
    """Who is done first does not matter."""
    assert run(Job(square), 40, 2, stop=never, method=method) == ([n * n for n in range(40)], False)
    assert run(Job(late_first), 9, 3, stop=never, method="fork") == (list(range(9)), False)


def test_one_process_is_this_one(tmp_path: Path) -> None:
    """With one process nothing is started; with two both work, and this one does not."""
    assert set(run(Job(says_who, tmp_path), 3, 1, stop=never).results) == {os.getpid()}
    who = set(run(Job(says_who, tmp_path), 12, 2, stop=never).results)
    assert len(who) == 2
    assert os.getpid() not in who


@pytest.mark.parametrize("processes", [2, 5])
def test_a_process_that_is_killed_loses_nothing(tmp_path: Path, processes: int) -> None:
    """Its pieces are done again, and each result stands where it belongs."""
    assert run(Job(killed_once, tmp_path), 12, processes, stop=never) == (list(range(12)), False)
    assert (tmp_path / "killed").exists()


def test_what_was_handed_back_is_not_done_again(tmp_path: Path) -> None:
    """One process is killed when the other has done all the rest: that stays done."""
    (tmp_path / "done").touch()
    assert run(Job(killed_late, tmp_path), 12, 2, stop=never) == (list(range(12)), False)
    assert sorted(map(int, (tmp_path / "done").read_text().split())) == list(range(12))


@BOTH
def test_a_piece_that_kills_every_worker_is_done_here(method: Method) -> None:
    """In the end this process does what no other could."""
    assert run(Job(killed_always), 12, 4, stop=never, method=method) == (list(range(12)), False)


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_the_error_of_the_first_piece_is_the_one_raised(processes: int) -> None:
    """As with one process, though later pieces fail sooner."""
    with pytest.raises(ValueError, match="piece 1"):
        run(Job(fails), 8, processes, stop=never)


@BOTH
def test_a_run_that_is_stopped_keeps_what_is_done(method: Method) -> None:
    """Even the solver of another process gives up at once, and what was never begun is None."""
    begun: list[float] = []
    asked: list[float] = []

    def tell(done: int, pieces: int, first: int) -> None:
        if first > 0 and not begun:
            begun.append(time.monotonic())

    def stop() -> bool:
        if begun and time.monotonic() > begun[0] + 0.5:  # the solver is at work by now
            asked.append(time.monotonic())
        return bool(asked)

    done = run(Hard(), 12, 2, stop=stop, tell=tell, method=method)
    assert time.monotonic() - asked[0] < 10
    assert done.interrupted
    assert done.results[0] == "easy"
    assert set(done.results[1:]) <= {"given up", None}
    assert None in done.results


def test_nothing_is_begun_where_the_run_is_over_already() -> None:
    """`stop` is asked before anything else."""
    assert run(Job(square), 8, 2, stop=lambda: True) == ([None] * 8, True)


def test_ctrl_c_again_gives_up_what_is_not_done(tmp_path: Path) -> None:
    """The first is a wish, the second leaves the processes behind."""
    signal_twice = threading.Thread(target=_press, args=(tmp_path, 2))
    signal_twice.start()
    done = run(Job(sleeps, tmp_path), 4, 2, stop=never)
    signal_twice.join()
    assert done == ([None] * 4, True)
    assert all(_gone(int(file.name)) for file in tmp_path.iterdir())


def _press(folder: Path, times: int) -> None:
    """Press Ctrl-C once both processes are at work."""
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.05)
    for _ in range(times):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)


def _gone(process: int) -> bool:
    """Whether a process ends within ten seconds; one that nobody waits for has ended too."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_workers_leave_with_the_process_that_started_them(tmp_path: Path) -> None:
    """Where it is killed nobody is left over."""
    program = "import sys; from pathlib import Path; import os; from jobs import *; from npverify.analyses.parallel import run; run(Job(sleeps, Path(sys.argv[1]), os.getpid()), 4, 2, stop=lambda: False)"
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env={**os.environ, "PYTHONPATH": path}) as it:
        while len(list(tmp_path.iterdir())) < 2:
            assert it.poll() is None
            time.sleep(0.05)
        it.kill()
    assert all(_gone(int(file.name)) for file in tmp_path.iterdir())


def test_processes_are_forked_only_where_there_is_one_thread() -> None:
    """A second thread may hold a lock that nobody would open in the copy."""
    if sys.platform != "linux":
        assert best_method() == "spawn"
        return
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    assert best_method() == "spawn"
    release.set()
    thread.join()
    code = "from npverify.analyses.parallel import best_method; import npverify.smt.solver; print(best_method())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "fork\n"


# what is pickled


@pytest.mark.parametrize("seed", range(10))
def test_a_world_that_was_pickled_is_the_same_world(seed: int) -> None:
    """Its predicates are the very same, and what is one object in it stays one."""
    world = random_world(Random(seed))
    copy: World = loads(dumps(world, places((EXTERNAL,))), (EXTERNAL,))
    assert [id(p) for p in predicates(copy.policies)] == [id(p) for p in predicates(world.policies)]
    known = {id(end) for end in copy.inventory.endpoints} | {id(EXTERNAL)}
    backends = [b.endpoint for s in copy.inventory.services.values() for at in s.backends.values() for b in at]
    assert {id(end) for end in backends} <= known
    assert [e.key for e in copy.inventory.endpoints] == [e.key for e in world.inventory.endpoints]


@BOTH
def test_results_refer_to_the_world_that_was_asked_about(method: Method) -> None:
    """An endpoint comes back as itself, and one that is not in the world as another one."""
    world = random_world(Random(3))
    ends = (*world.inventory.endpoints, EXTERNAL)
    done = run(Ends(world), len(ends), 2, stop=never, method=method)
    assert [id(result[0]) for result in done.results if result] == [id(end) for end in ends]
    assert {result[1].name for result in done.results if result} == {"another"}


# prove and lint


def _spec(seed: int, namespaces: list[str], apps: list[tuple[str, str]], policies: list[tuple[str, str]]) -> str:
    """Assertions of every kind."""
    rng = Random(seed)

    def end() -> str:
        namespace, app = rng.choice(apps)
        return f'(pods where app == "{app}" in namespace {namespace})'

    lines = [f"no {end()} reaches {end()}:{rng.choice((80, 443, 8080))}" for _ in range(8)]
    lines += [f"every {end()} reaches {end()} on tcp/{rng.choice((80, 443))}" for _ in range(4)]
    lines += [f"every {end()} reaches some {end()} on tcp/80" for _ in range(2)]
    lines += [f"no internet reaches {end()}" for _ in range(2)]
    lines += [f"no (pods in namespace {a}) reaches (pods in namespace {b})" for a, b in [rng.sample(namespaces, 2)] * 3]
    lines += [f"policy {n}/{p} is {what}" for what in ("redundant", "shadowed", "vacuous") for n, p in policies[-2:]]
    lines.append(f"no {end()} and {end()} reaches 192.0.2.1")
    return "".join(f"assert {line}\n" for line in lines)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> npverify.Loaded:
    """A generated cluster with the planted facts and some more assertions."""
    folder = tmp_path_factory.mktemp("cluster")
    cluster = generate(Size(pods=300, policies=60, namespaces=12))
    write(cluster, folder, ["json"])
    path = folder / PATHS["json"]
    metas = [o["metadata"] for o in cluster.objects if o["kind"] == "Pod"]
    apps = sorted({(m["namespace"], m["labels"]["app"]) for m in metas if m["namespace"].startswith("ns-")})
    ids = [o["metadata"] for o in cluster.objects if o["kind"] == "NetworkPolicy"]
    policies = sorted((m["namespace"], m["name"]) for m in ids if m["namespace"].startswith("ns-"))
    more = folder / "more.npv"
    more.write_text(_spec(1, sorted({n for n, _ in apps}), apps, policies), encoding="utf-8")
    return npverify.load([str(path)], specs=[str(folder / "facts.npv"), str(more)])


def _text(result: ProveResult, world: World) -> str:
    return json_text(prove_json(result, world))


@pytest.mark.parametrize(
    ("method", "budget", "statuses"),
    [
        ("fork", BUDGETS["normal"], {"proved", "refuted", "vacuous"}),
        ("fork", Budget(100), set(Status)),
        ("spawn", BUDGETS["normal"], {"proved", "refuted", "vacuous"}),
    ],
    ids=["forked", "forked with little", "started anew"],
)
def test_the_answers_are_those_of_one_process(
    loaded: npverify.Loaded, budget: Budget, statuses: set[str], method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, also where the budget is spent: no answer depends on which questions a process was asked before."""
    monkeypatch.setattr(parallel, "best_method", lambda: method)
    world, assertions = loaded.world, loaded.assertions
    one, several = (prove(world, assertions, budget=budget, jobs=n) for n in (1, 2 if method == "spawn" else 4))
    assert {r.status for r in one.results} == statuses
    assert _text(several, world) == _text(one, world)
    assert [replace(r, seconds=0) for r in several.results] == [replace(r, seconds=0) for r in one.results]


def test_no_process_is_started_for_a_few_assertions(loaded: npverify.Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting it would take longer than deciding them."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", refuse)
    assert len(prove(loaded.world, loaded.assertions[:7], jobs=4).results) == 7
    with pytest.raises(AssertionError, match="was started"):
        prove(loaded.world, loaded.assertions[:8], jobs=4)


def test_progress_tells_how_many_are_decided(loaded: npverify.Loaded) -> None:
    """With several processes the number never falls, and the title is that of an assertion."""
    told: list[tuple[int, int, str]] = []
    assertions = loaded.assertions[-16:]
    prove(loaded.world, assertions, jobs=2, progress=lambda *at: told.append(at))
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert {total for _, total, _ in told} == {16}
    assert {title for _, _, title in told} <= {a.title for a in assertions}
    assert told[0] == (0, 16, assertions[0].title)


def test_a_contradiction_is_told_as_with_one_process(loaded: npverify.Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    """An oracle that denies every flow is an internal error, whichever process meets it."""
    monkeypatch.setattr("npverify.analyses.refute.first_counterexample", _contradicts)
    monkeypatch.setattr("npverify.analyses.prove.first_counterexample", _contradicts)
    for jobs in (1, 3):
        with pytest.raises(npverify.InternalError, match="not confirmed"):
            prove(loaded.world, loaded.assertions, jobs=jobs)


def _contradicts(*args: object, **kwargs: object) -> None:
    raise npverify.InternalError("not confirmed")


@pytest.mark.parametrize("seed", [0, 1, 4])
@pytest.mark.parametrize("rlimit", [50_000_000, 1], ids=["decided", "spent"])
def test_lint_finds_what_one_process_finds(seed: int, rlimit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte, with every suspicion a piece of its own, and where nothing can be decided."""
    monkeypatch.setattr(lint_run, "FEWEST", 1)
    monkeypatch.setattr(lint_run, "PART", 1)
    text = "\n---\n".join(json.dumps(m) for m in calico(Random(seed), hosts=seed % 2 == 1))
    world = npverify.load(["-"], cni="calico", stdin=text.encode, for_lint=True).world
    one, three = (npverify.lint(world, jobs=n, budget=Budget(rlimit)) for n in (1, 3))
    assert json_text(lint_json(three, world)) == json_text(lint_json(one, world))
    assert (three.undecided, three.unused) == (one.undecided, one.unused)


def test_one_process_asks_for_no_way_to_start_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """To look for other threads takes a while, which an editor or a program with threads would wait for at each answer."""
    monkeypatch.setattr("npverify.analyses.prove.best_method", lambda: pytest.fail("nothing is started"))
    loaded = npverify.load([str(Path(__file__).parents[2] / "examples/shop")])
    assert npverify.prove(loaded.world, loaded.assertions[:3], jobs=1).results
