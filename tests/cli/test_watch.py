"""`npverify watch`: what it tells of a change, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from npverify.analyses.session import Session
from npverify.cli.app import run
from npverify.cli.guard import BAD_INPUT, OK, REFUTED
from npverify.cli.prove import exit_code
from npverify.cli.watch import _Show, changes, follow, snapshot

WORLD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
SPEC = 'assert no internet reaches pods where app == "web"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "world.yaml").write_text(WORLD, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "facts.npv").write_text(SPEC, encoding="utf-8")
    return tmp_path


def told(folder: Path, *edits: Callable[[], object], form: str = "text") -> int:
    """Watch over some edits, with a clock that stands still; gives the exit code."""

    def ticks() -> Iterator[None]:
        for edit in edits:
            edit()
            yield
        raise KeyboardInterrupt

    code = partial(exit_code, allow_vacuous=False)
    show = _Show(Session([str(folder)]), code, form == "json", clock=lambda: "12:00:00")
    return follow(show, ticks())


def write(folder: Path, name: str, text: str) -> Callable[[], object]:
    return lambda: (folder / name).write_text(text, encoding="utf-8")


def test_a_verdict_that_changed_is_told_with_its_counterexample(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file, the object, the old status and the new one, the flow, and the summary."""
    code = told(folder, (folder / "policy.yaml").unlink)
    change = capsys.readouterr().out.split("12:00:00")[1]
    assert code == REFUTED
    assert "policy.yaml (NetworkPolicy shop/closed)" in change
    assert "refuted    no internet reaches" in change
    assert "(was proved)" in change
    assert "203.0.113.10 -> shop/web" in change
    assert "0 proved · 1 refuted" in change


def test_the_exit_code_is_that_of_the_last_state(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Proved, refuted and proved again ends with 0."""
    assert told(folder, (folder / "policy.yaml").unlink, write(folder, "policy.yaml", POLICY)) == OK
    assert "(was refuted)" in capsys.readouterr().out


def test_a_change_without_effect_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A comment changes no verdict and no object."""
    told(folder, write(folder, "policy.yaml", POLICY + "# kept\n"))
    change = capsys.readouterr().out.split("12:00:00")[1]
    assert "no verdict changed" in change
    assert "NetworkPolicy" not in change


def test_a_file_that_is_half_saved_is_told_once_and_the_answers_stay(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same error is not repeated, and when the file is whole again the run goes on from what was known before."""
    broken = write(folder, "policy.yaml", POLICY + "x: [\n")
    assert told(folder, broken, broken) == BAD_INPUT
    assert capsys.readouterr().err.count("error[NPV005]") == 1
    write(folder, "policy.yaml", POLICY)()
    assert told(folder, broken, (folder / "policy.yaml").unlink) == REFUTED
    assert "(was proved)" in capsys.readouterr().out


def test_json_is_one_object_for_each_state(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first run, an error and a change, each on a line of its own."""
    told(folder, write(folder, "policy.yaml", "x: ["), (folder / "policy.yaml").unlink, form="json")
    start, error, change = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert [each["event"] for each in (start, error, change)] == ["start", "error", "change"]
    assert error["errors"][0]["code"] == "NPV005"
    assert change["changed"][0] | {"source": ""} == {
        "title": SPEC.strip().removeprefix("assert "),
        "source": "",
        "was": "proved",
        "status": "refuted",
    }
    assert change["summary"]["refuted"] == 1


def test_the_snapshot_sees_every_kind_of_change(folder: Path) -> None:
    """A file that is written, made, deleted or put in the place of another; not one that is no manifest."""
    seen = [snapshot([str(folder)])]
    (folder / "note.txt").write_text("", encoding="utf-8")
    assert snapshot([str(folder)]) == seen[0]
    (folder / "sub").mkdir()
    for edit in (
        write(folder, "policy.yaml", POLICY + "\n"),
        write(folder, "sub/new.json", "{}"),
        (folder / "facts.npv").unlink,
        lambda: (folder / "sub/new.json").rename(folder / "world.yaml"),
    ):
        edit()
        now = snapshot([str(folder)])
        assert now not in seen
        seen.append(now)


def test_a_change_is_yielded_once(folder: Path) -> None:
    """The poller looks until something differs, and then goes on from there."""
    slept: list[float] = []
    edits = iter([None, write(folder, "policy.yaml", "a: 1\n"), None, write(folder, "policy.yaml", "ab: 1\n")])

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        edit = next(edits)
        if edit is not None:
            edit()

    list(islice(changes([str(folder)], snapshot([str(folder)]), sleep), 2))
    assert len(slept) == 4
    assert min(slept) >= 0.2


def test_standard_input_cannot_be_watched(capsys: pytest.CaptureFixture[str]) -> None:
    """It is read once, so there is nothing to wait for."""
    assert run(("watch", "-")) == BAD_INPUT
    assert "error[NPV145]: standard input cannot be watched" in capsys.readouterr().err


@pytest.mark.parametrize("args", [("-k", "k"), ("--helm", "k"), ("--cluster",), ("kustomize:k",)], ids="".join)
def test_what_a_program_makes_cannot_be_watched(args: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """However it is named; the message says what can be."""
    assert run(("watch", *args)) == BAD_INPUT
    told = capsys.readouterr().err
    assert f"error[NPV145]: `{' '.join(args)}` cannot be watched" in told
    assert "name the folder of the manifests" in told


def test_the_program_runs_in_a_pipe_until_ctrl_c(folder: Path) -> None:
    """No escape codes, and the exit code of the last state."""
    command = [sys.executable, "-m", "npverify", "watch", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("1 proved"):
                (folder / "policy.yaml").unlink()
            if line.startswith("0 proved"):
                break
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        finally:
            process.kill()  # a program that does not listen must fail this test, and not hold up all others
    assert process.returncode == REFUTED
    assert "\x1b" not in "".join(lines)
