"""`prove --cache DIR`: an answer is told again only where all that it hangs on is the same, and only if it was whole."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_worlds import FAILS, HOLDS, write

from npverify.analyses import load as loading
from npverify.analyses.prove import prove as prove_all
from npverify.cli import output, remembered
from npverify.cli.app import run
from npverify.report.paint import Paint

ROOT = Path(__file__).parent.parent.parent
NOTE = "note: the answer of an earlier run on the same input, kept in kept\n"


@pytest.fixture
def asked(shop: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one with each run that reads its input in order to answer. `spec.npv` has an assertion that fails."""
    write(shop, spec_npv=FAILS + HOLDS.replace("assert ", "assert tag slow "))
    skipped = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: shop}\n"
    write(shop, all_yaml=(shop / "all.yaml").read_text(encoding="utf-8") + skipped)
    runs: list[str] = []
    load = loading.load

    def counted(*arguments: object, **more: object) -> object:
        runs.append("asked")
        return load(*arguments, **more)  # type: ignore[arg-type]  # it is passed on as it is

    monkeypatch.setattr(loading, "load", counted)
    return runs


def prove(*arguments: str, paths: tuple[str, ...] = ("all.yaml",)) -> int:
    return run(("prove", *paths, "--spec", "spec.npv", "--cache", "kept", *arguments))


def kept() -> list[Path]:
    return sorted(Path("kept").glob("*.answer"))


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html"])
def test_it_is_told_again_byte_for_byte(asked: list[str], form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Also messages and the exit code; nothing is read again but bytes."""
    assert prove("--format", form, "--verbose") == 1
    first = capsys.readouterr()
    assert prove("--format", form, "--verbose") == 1
    again = capsys.readouterr()
    assert asked == ["asked"]
    assert (again.out, again.err) == (first.out, first.err + NOTE)
    assert first.out
    assert "note: skipped" in first.err


def test_files_are_written_again(asked: list[str]) -> None:
    wanted = ("--format", "json=a.json", "--format", "text=a.txt")
    prove(*wanted)
    first = Path("a.json").read_bytes(), Path("a.txt").read_bytes()
    Path("a.json").unlink()
    Path("a.txt").write_text("stale", encoding="utf-8")
    prove(*wanted)
    assert (Path("a.json").read_bytes(), Path("a.txt").read_bytes()) == first
    assert asked == ["asked"]


def test_the_summary_of_a_step_is_written_again(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub Actions has a file for each step."""
    for name in ("one.md", "two.md"):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", name)
        prove("--format", "github")
    assert asked == ["asked"]
    assert Path("one.md").read_bytes() == Path("two.md").read_bytes() != b""


def test_quiet_says_nothing_of_it(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    prove("--quiet")
    capsys.readouterr()
    prove("--quiet")
    assert capsys.readouterr().err == ""
    assert asked == ["asked"]


def _edit(name: str) -> Callable[[], None]:
    def edit() -> None:
        Path(name).write_text(Path(name).read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")

    return edit


def _more() -> None:
    write(Path("folder"), more_yaml="apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_edit("folder/all.yaml"), id="a manifest has another byte"),
        pytest.param(_edit("folder/fails.npv"), id="a spec in the folder has another byte"),
        pytest.param(_edit("spec.npv"), id="a spec that is named has another byte"),
        pytest.param(_edit("far/pods.yaml"), id="a manifest of another cluster has another byte"),
        pytest.param(_more, id="there is one more file"),
        pytest.param(lambda: os.rename("folder/all.yaml", "folder/every.yaml"), id="a file has another name"),
        pytest.param(lambda: write(Path(), _npverify_yaml="cni: calico\n"), id="there is a config"),
    ],
)
def test_another_input_is_another_question(asked: list[str], change: Callable[[], None]) -> None:
    Path("far").mkdir()
    Path("far/pods.yaml").write_bytes(Path("pods.yaml").read_bytes())
    arguments = "--remote", "west=far"
    prove(*arguments, paths=("folder",))
    prove(*arguments, paths=("folder",))
    assert asked == ["asked"]
    change()
    prove(*arguments, paths=("folder",))
    assert asked == ["asked"] * 2


@pytest.mark.parametrize(
    "options",
    [
        ("--only", "slow"),
        ("--cni", "calico"),
        ("--calico-version", "3.29"),
        ("--assume", "icmp=always_allow"),
        ("--pod-cidr", "10.1.0.0/16"),
        ("--ip-family", "4"),
        ("--ignore-kind", "AdminNetworkPolicy.policy.networking.k8s.io"),
        ("--remote", "west=pods.yaml"),
        ("--baseline", "known.json"),
        ("--format", "json"),
        ("--output", "answer.txt"),
        ("--timeout", "77"),
        ("--budget", "large"),
        ("--quiet",),
        ("--verbose",),
        ("--allow-vacuous",),
        ("--allow-empty",),
    ],
    ids=lambda options: " ".join(options),
)
def test_another_option_is_another_question(asked: list[str], options: tuple[str, ...]) -> None:
    run(("prove", "all.yaml", "--spec", "spec.npv", "--write-baseline", "known.json"))
    asked.clear()
    prove()
    prove(*options)
    prove()
    assert asked == ["asked"] * 2, "only the other one is asked"


def test_another_baseline_is_another_question(asked: list[str]) -> None:
    run(("prove", "all.yaml", "--spec", "spec.npv", "--write-baseline", "known.json"))
    assert prove("--baseline", "known.json") == 0
    known = json.loads(Path("known.json").read_text(encoding="utf-8"))
    Path("known.json").write_text(json.dumps({**known, "assertions": []}), encoding="utf-8")
    assert prove("--baseline", "known.json") == 1


def test_the_number_of_processes_does_not_matter(asked: list[str]) -> None:
    prove()
    prove("--jobs", "2")
    assert asked == ["asked"]


@pytest.mark.parametrize("what", ["the program", "a library", "colours", "the folder"])
def test_another_program_or_place_is_another_question(
    asked: list[str], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    prove()
    if what == "the program":
        monkeypatch.setattr(remembered, "__version__", "99")
    elif what == "a library":
        monkeypatch.setattr(remembered, "_release", lambda library: "99" if library == "z3-solver" else "1")
    elif what == "colours":
        monkeypatch.setattr(remembered, "paint_for", lambda stream, no_color: Paint(on=True))
    else:
        Path("below").mkdir()
        monkeypatch.chdir("below")
        for name in ("all.yaml", "spec.npv"):
            Path(name).write_bytes(Path("..", name).read_bytes())
        os.rename("../kept", "kept")
    remembered._program.cache_clear()
    prove()
    remembered._program.cache_clear()
    assert asked == ["asked"] * 2


def test_a_changed_file_of_the_program_is_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a checkout, where the version stays the same."""
    found = []
    for text in ("x = 1\n", "x = 2\n"):
        (tmp_path / "pack.npv").write_text(text, encoding="utf-8")
        monkeypatch.setattr(remembered, "data_path", lambda folder: tmp_path)
        found.append(remembered._program.__wrapped__())
    assert found[0] != found[1]


def test_it_knows_all_libraries() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {re.split(r"[<>=]", one)[0] for one in declared} == set(remembered.LIBRARIES)


def test_what_is_undecided_is_asked_again(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run may have more time."""
    from dataclasses import replace

    from npverify.analyses import prove as proving
    from npverify.analyses.results import Status

    def undecided(*arguments: object, **more: object) -> object:
        result = prove_all(*arguments, **more)  # type: ignore[arg-type]  # it is passed on as it is
        return replace(result, results=(replace(result.results[0], status=Status.UNDECIDED), *result.results[1:]))

    monkeypatch.setattr(proving, "prove", undecided)
    prove()
    prove()
    assert (asked, kept()) == (["asked"] * 2, [])


def test_what_was_interrupted_is_asked_again(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from npverify.analyses import prove as proving

    monkeypatch.setattr(
        proving, "prove", lambda *arguments, **more: prove_all(*arguments, **{**more, "stop": lambda: True})
    )
    assert prove() == 130
    assert kept() == []


@pytest.mark.parametrize("arguments", [("--timings",), ("--write-baseline", "known.json")])
def test_times_and_baselines_are_never_kept(asked: list[str], arguments: tuple[str, ...]) -> None:
    prove(*arguments)
    prove(*arguments)
    assert (asked, kept()) == (["asked"] * 2, [])


def test_bad_input_is_told_each_time(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    write(Path(), spec_npv="assert no web reaches nobody\n")
    for _ in range(2):
        assert prove() == 2
        assert "NPV104" in capsys.readouterr().err
    assert kept() == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data.replace(b'"code": 1', b'"code": 0'), id="another exit code"),
        pytest.param(lambda data: data[:-1], id="cut off"),
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: b"\xff\xfe", id="no text"),
    ],
)
def test_a_damaged_answer_is_none(asked: list[str], damage: Callable[[bytes], bytes]) -> None:
    assert prove() == 1
    (file,) = kept()
    before = file.read_bytes()
    file.write_bytes(damage(before))
    assert prove() == 1
    assert asked == ["asked"] * 2
    assert file.read_bytes() == before, "it is mended"


def test_a_file_that_changes_meanwhile_is_not_kept(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can tell which of its bytes were judged."""
    from npverify.analyses import prove as proving

    def changing(*arguments: object, **more: object) -> object:
        _edit("all.yaml")()
        return prove_all(*arguments, **more)  # type: ignore[arg-type]  # it is passed on as it is

    monkeypatch.setattr(proving, "prove", changing)
    prove()
    assert kept() == []


def test_what_a_program_makes_is_made_each_time(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert prove("-k", "nowhere") == 2
    assert "warning[NPV773]: `kustomize:nowhere` is made anew by each run" in capsys.readouterr().err


def test_the_oldest_answers_go(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "KEPT", 2)
    Path("kept").mkdir()
    Path("kept/notes.txt").write_text("mine", encoding="utf-8")
    seen: set[Path] = set()
    for number in range(4):
        prove("--timeout", str(number + 1))
        for file in set(kept()) - seen:
            os.utime(file, ns=(number, number))
        seen |= set(kept())
    assert len(kept()) == 2
    assert Path("kept/notes.txt").exists()
    prove("--timeout", "4")
    assert len(asked) == 4, "the newest one is there"
    prove("--timeout", "1")
    assert len(asked) == 5, "the oldest one is not"


def test_a_folder_that_cannot_be_written_is_no_error(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("kept").write_text("a file", encoding="utf-8")
    assert prove() == 1
    assert "warning[NPV772]: the answer cannot be kept in `kept`" in capsys.readouterr().err


def test_the_folder_may_be_inside_of_what_is_read(asked: list[str]) -> None:
    """What is kept is no manifest."""
    for _ in range(2):
        assert run(("prove", "folder", "--spec", "spec.npv", "--cache", "folder/kept")) == 1
    assert asked == ["asked"]


def test_nothing_is_left_that_records(asked: list[str]) -> None:
    prove()
    assert output._recorders == []


def test_a_link_is_not_a_copy(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The same bytes under the same names, but the file is read once in one case and twice in the other."""
    os.symlink("all.yaml", "folder/again.yaml")
    prove(paths=("folder",))
    assert len(kept()) == 1
    Path("folder/again.yaml").unlink()
    Path("folder/again.yaml").write_bytes(Path("folder/all.yaml").read_bytes())
    capsys.readouterr()
    assert prove(paths=("folder",)) == 2
    assert "NPV034" in capsys.readouterr().err


def test_a_link_elsewhere_is_another_question(asked: list[str]) -> None:
    """Also where both files that it led to are read all the same."""
    arguments = "--remote", "west=far.yaml"
    write(Path(), other_yaml="apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n")
    for number, target in enumerate(("all.yaml", "other.yaml")):
        Path("far.yaml").unlink(missing_ok=True)
        os.symlink(target, "far.yaml")
        prove(*arguments, paths=("all.yaml", "other.yaml"))
        assert len(asked) == number + 1


def test_a_pipe_is_left_to_whoever_judges(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It can be read once: an answer about what was left in it would be about nothing."""
    text = Path("all.yaml").read_bytes()
    for arguments in ((), ("--cache", "kept")):
        reading, writing = os.pipe()
        os.write(writing, text)
        os.close(writing)
        assert run(("prove", f"/dev/fd/{reading}", "--spec", "spec.npv", *arguments)) == 1
        os.close(reading)
    assert "warning[NPV773]" in capsys.readouterr().err
    assert kept() == []


def test_others_may_forget_answers_meanwhile(
    asked: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is gone when its age is asked for, or belongs to somebody else, is no reason to say that the answer is not kept."""
    monkeypatch.setattr(remembered, "KEPT", 1)
    Path("kept").mkdir()
    os.symlink("nowhere", f"kept/{'0' * 64}.answer")
    Path(f"kept/{'1' * 64}.answer").mkdir()
    os.utime(f"kept/{'1' * 64}.answer", (0, 0))
    prove()
    assert "NPV772" not in capsys.readouterr().err
    prove()
    assert asked == ["asked"]


def test_what_cannot_be_kept_leaves_nothing(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full is not filled further."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert prove() == 1
    assert list(Path("kept").iterdir()) == []


def test_equal_numbers_of_processes_do_not_meet(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """In containers that share the folder each may have the number 1."""
    names: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda old, new: (names.append(str(old)), replace(old, new)))
    for _ in range(2):
        prove()
        kept()[0].unlink()
    assert len(set(names)) == 2


def test_no_folder_is_not_the_working_folder(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """As of `--cache "$CACHE"` without the variable, in a checkout where whoever writes policies could leave an answer."""
    before = sorted(os.listdir())
    assert run(("prove", "all.yaml", "--spec", "spec.npv", "--cache", "")) == 1
    assert "warning[NPV772]: the answer cannot be kept: `--cache` names no folder" in capsys.readouterr().err
    assert sorted(os.listdir()) == before


def test_a_file_that_becomes_a_pipe_meanwhile_is_not_kept(asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it waited for."""
    from npverify.analyses import prove as proving

    def changing(*arguments: object, **more: object) -> object:
        result = prove_all(*arguments, **more)  # type: ignore[arg-type]  # it is passed on as it is
        Path("unread.yaml").unlink()
        os.mkfifo("unread.yaml")
        return result

    write(Path(), unread_yaml="apiVersion: v1\nkind: Namespace\nmetadata: {name: other}\n")
    monkeypatch.setattr(proving, "prove", changing)
    assert prove(paths=("all.yaml", "unread.yaml")) == 1
    assert kept() == []
