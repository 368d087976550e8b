"""What only a process of its own can show: bytes, standard input, signals, pipes and start-up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_worlds import MANIFESTS, POLICY, npverify


@pytest.mark.parametrize("form", ["text", "json"])
def test_equal_runs_give_equal_bytes(shop, form):
    """The hash seed has no influence on what is written."""
    arguments = ("prove", "all.yaml", "--spec", "fails.npv", "--spec", "holds.npv", "--format", form, "--verbose")
    runs = [npverify(shop, *arguments, env={"PYTHONHASHSEED": seed}) for seed in "012"]
    assert {r.returncode for r in runs} == {1}
    assert len({(r.stdout, r.stderr) for r in runs}) == 1
    assert runs[0].stdout


def test_standard_input_holds_manifests(shop):
    """`-` reads manifests, and an excerpt can still be shown."""
    done = npverify(shop, "prove", "-", "--spec", "fails.npv", stdin=f"{MANIFESTS}---\n{POLICY}".encode())
    assert done.returncode == 1
    text = done.stdout.decode()
    assert "<stdin>:26:5" in text
    assert "26 | - from:" in text


def test_output_is_utf_8_whatever_the_locale(shop):
    """A C locale changes no byte."""
    arguments = ("prove", "all.yaml", "--spec", "holds.npv")
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert npverify(shop, *arguments, env=env).stdout == npverify(shop, *arguments).stdout


def test_a_pipe_gets_no_control_characters(shop):
    """Without a terminal there are neither colours nor progress."""
    done = npverify(shop, "prove", "all.yaml", "--spec", "fails.npv", env={"TERM": "xterm-256color"})
    assert b"\x1b" not in done.stdout + done.stderr


def test_a_reader_that_goes_away_is_no_error(shop):
    """`npverify … | head -0` keeps its exit code and stays silent."""
    with subprocess.Popen(
        [sys.executable, "-m", "npverify", "prove", "all.yaml", "--spec", "fails.npv"],
        cwd=shop,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_with_130_and_no_traceback(shop):
    """An interrupt while waiting for standard input is one line."""
    with subprocess.Popen(
        [sys.executable, "-m", "npverify", "prove", "-", "--spec", "holds.npv"],
        cwd=shop,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        _wait_until_reading(process.pid)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert err == b"interrupted\n"


def _wait_until_reading(pid: int) -> None:
    """Until the process sleeps in a read of its pipe; /proc tells on Linux, elsewhere time does."""
    state = Path(f"/proc/{pid}/wchan")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        time.sleep(0.1)
        if not state.exists():
            time.sleep(3)
            return
        try:
            if "pipe" in state.read_text():
                return
        except OSError:
            break
    time.sleep(2)


def test_the_version_costs_nothing():
    """`--version` imports neither typer nor the solver."""
    code = (
        "import sys; sys.argv = ['npverify', '--version']; import npverify.__main__ as m; m.main(); print(*sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = set(out.split())
    assert out.startswith("npverify ")
    assert not loaded & {"typer", "z3", "lark", "rich", "yaml"}


def test_loading_without_a_spec_waits_for_no_parser_of_specs(shop):
    """Nor for the solver."""
    (shop / "pod.json").write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "b"}}')
    code = "import sys, npverify; npverify.load(['pod.json']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=shop)
    assert not set(done.stdout.split()) & {"npverify.assertions.resolve", "lark", "z3", "typer"}


def test_importing_the_package_costs_nothing():
    """`import npverify` loads nothing of it; a name is loaded on first use, and every public name can be had."""
    code = (
        "import sys, npverify; before = [m for m in sys.modules if m.startswith('npverify.')];"
        "print(before, [n for n in npverify.__all__ if getattr(npverify, n) is None])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["[]", "[]"]


def test_every_example_in_the_introduction_is_a_command():
    """The commands that `npverify` alone prints are commands."""
    from npverify.cli.app import INTRO, program

    named = {c.name for c in program().registered_commands}
    shown = {line.split()[1] for line in INTRO.splitlines() if line.startswith("  npverify ")}
    assert shown <= named
    assert len(INTRO.strip().splitlines()) <= 10


def test_a_command_alone_is_what_it_is_among_the_others():
    """Only the module of the command that is run is imported; what it takes is the same, and the others are not there."""
    from typer.main import get_command

    from npverify.cli.app import program

    everything = get_command(program())
    for name, command in everything.commands.items():
        alone = get_command(program(name))
        assert list(alone.commands) == [name]
        assert [p.opts for p in alone.commands[name].params] == [p.opts for p in command.params]


def test_a_command_imports_no_other():
    """Who asks for connectivity does not wait for the modules of proofs."""
    code = "import sys; from npverify.cli.app import run; run(['connectivity', '--help']); print('npverify.cli.prove' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_a_large_cluster_is_answered_to_the_last_line(tmp_path: Path):
    """Its parts are not freed one by one at the end; the output and the exit code are there all the same."""
    meta = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p%d","namespace":"n","labels":{"a":"b"}}}'
    pods = ",".join(meta % n for n in range(10_001))
    (tmp_path / "pods.json").write_text(f'{{"apiVersion":"v1","kind":"List","items":[{pods}]}}', encoding="utf-8")
    (tmp_path / "a.npv").write_text("assert no pods in namespace n reaches internet\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "npverify", "prove", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "1 refuted" in done.stdout
    assert done.stdout.endswith("\n")
