"""`-k`, `--helm` and `--cluster`: each says what a path says, in the words of kubectl and helm; see docs/inputs.md."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from cli_worlds import FAILS, HOLDS
from hypothesis import given
from hypothesis import strategies as st

from npverify.cli.app import run
from npverify.cli.programs import Programs
from npverify.cli.two_sides import named_sides
from npverify.ingest.rendered import rendered_parts, rendered_path
from npverify.ingest.source import Problems

PATHS = (
    pytest.param(Programs(), (), id="nothing"),
    pytest.param(Programs(kustomize=["a", "b/c"]), ("kustomize:a", "kustomize:b/c"), id="folders"),
    pytest.param(Programs(helm=["chart"]), ("helm:chart",), id="a chart"),
    pytest.param(Programs(helm=["a", "b"]), ("helm:a", "helm:b"), id="charts"),
    pytest.param(
        Programs(helm=["c"], values=["x.yaml", "y z.yaml"], set_=["a.b=1", "c=d&e"]),
        ("helm:c?values=x.yaml&values=y%20z.yaml&set=a.b=1&set=c=d%26e",),
        id="values in their order",
    ),
    pytest.param(Programs(helm=["c"], namespace=["shop"]), ("helm:c?namespace=shop",), id="a namespace of a release"),
    pytest.param(Programs(cluster=True), ("cluster:",), id="the current cluster"),
    pytest.param(Programs(cluster=True, all_namespaces=True), ("cluster:",), id="all namespaces is the default"),
    pytest.param(
        Programs(cluster=True, context="arn:x:cluster/y", namespace=["a", "b"]),
        ("cluster:arn:x:cluster/y?namespace=a&namespace=b",),
        id="a context and namespaces",
    ),
    pytest.param(
        Programs(kustomize=["k"], helm=["h"], cluster=True), ("kustomize:k", "helm:h", "cluster:"), id="all of them"
    ),
)


@pytest.mark.parametrize(("options", "paths"), PATHS)
def test_options_are_paths(options: Programs, paths: tuple[str, ...]) -> None:
    """The path forms of docs/inputs.md."""
    problems = Problems()
    assert options.paths(problems) == paths
    assert problems.count == 0


@given(values=st.lists(st.text("%&+= ?#;a24é/", min_size=1)))
def test_a_path_that_was_written_says_what_it_was_written_from(values: list[str]) -> None:
    """Whatever stands in a parameter; it is read as `ingest.rendered` reads it."""
    written = rendered_path("helm:", "chart", [("set", value) for value in values])
    scheme, place, behind = rendered_parts(written)
    assert (scheme, place) == ("helm:", "chart")
    assert parse_qsl(behind.removeprefix("?"), keep_blank_values=True) == [("set", value) for value in values]


WRONG = (
    pytest.param(("--values", "v"), ["NPV670 `--values` is there without `--helm`"], id="values of nothing"),
    pytest.param(
        ("-k", "x", "--set", "a=b"), ["NPV670 `--set` is there without `--helm`"], id="kustomize has no values"
    ),
    pytest.param(("--context", "c"), ["NPV670 `--context` is there without `--cluster`"], id="a context of nothing"),
    pytest.param(("-A", "--helm", "x"), ["NPV670 `-A` is there without `--cluster`"], id="a chart has no -A"),
    pytest.param(("-k", "x", "-n", "shop"), ["NPV670 `-n` is there without `--cluster` or `--helm`"], id="an overlay"),
    pytest.param(("--cluster", "-n", "a", "-A"), ["NPV671 `-n` and `-A` exclude each other"], id="one and all"),
    pytest.param(
        ("--cluster", "--helm", "x", "-n", "a"),
        ["NPV671 `-n` may be meant for `--cluster` and for `--helm`"],
        id="whose",
    ),
    pytest.param(("--helm", "x", "-n", "a", "-n", "b"), ["NPV671 a release of `--helm` is in one namespace"], id="two"),
    pytest.param(
        ("--helm", "x", "--helm", "y", "--values", "v"),
        ["NPV671 `--values` may be meant for each of 2 charts"],
        id="whose values",
    ),
    pytest.param(("-k", "a?b"), ["NPV672 `-k a?b`: a name cannot have `?` in it"], id="a name that is no path"),
    pytest.param(
        ("-n", "a", "-A", "--values", "v", "--format", "xml", "--budget", "huge", "--assume", "icmp", "--timeout", "0"),
        [
            "NPV145 `--assume icmp` is not SWITCH=VALUE",
            "NPV145 `--budget` cannot be `huge` here",
            "NPV145 `--format` cannot be `xml` here",
            "NPV145 `--timeout` must be above 0, not `0`",
            "NPV670 `--values` is there without `--helm`",
            "NPV670 `-A` is there without `--cluster`",
            "NPV670 `-n` is there without `--cluster` or `--helm`",
            "NPV671 `-n` and `-A` exclude each other",
        ],
        id="everything at once",
    ),
)


@pytest.mark.parametrize(("options", "told"), WRONG)
def test_options_that_do_not_go_together(
    shop: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], told: list[str]
) -> None:
    """All in one run, exit code 2, and no program is started for it."""
    assert run(("prove", *options, "--spec", "holds.npv")) == 2
    said = capsys.readouterr().err.splitlines()
    assert [f"{line[6:12]} {line[15:]}" for line in said if line.startswith("error[")] == told
    assert sum(line.lstrip().startswith("fix: ") for line in said) >= len(told) - 1, "a number needs no further word"


MADE = Programs(kustomize=["k"])
RUNS = Programs(cluster=True)
BOTH = Programs(cluster=True, helm=["h"])
SIDES = (
    pytest.param("a", "b", Programs(), (["a"], ["b"]), id="arguments"),
    pytest.param("a", None, Programs(), (["a"], []), id="one is missing"),
    pytest.param("a", None, MADE, (["a"], ["kustomize:k"]), id="what is made is new"),
    pytest.param(None, None, MADE, ([], ["kustomize:k"]), id="what is made alone"),
    pytest.param("a", None, RUNS, (["cluster:"], ["a"]), id="what runs is old"),
    pytest.param(None, None, RUNS, (["cluster:"], []), id="what runs alone"),
    pytest.param(None, None, BOTH, (["cluster:"], ["helm:h"]), id="from what runs to what is made"),
    pytest.param("a", "b", MADE, "`b` would be a third side beside `-k` or `--helm`", id="three"),
    pytest.param("a", "b", RUNS, "`b` would be a third side beside `--cluster`", id="three with a cluster"),
    pytest.param("a", None, BOTH, "`a` would be a third side beside `--cluster` and `-k` or `--helm`", id="all three"),
)


@pytest.mark.parametrize(("first", "second", "options", "expected"), SIDES)
def test_which_side_an_option_is(
    first: str | None, second: str | None, options: Programs, expected: tuple[list[str], list[str]] | str
) -> None:
    """As with `kubectl diff -k`: from the cluster to what is made."""
    problems = Problems()
    sides = named_sides(first, second, options, problems)
    if isinstance(expected, str):
        assert [d.message for d in problems.errors] == [expected]
    else:
        assert (sides, problems.count) == (expected, 0)


KUSTOMIZE = """\
#!/bin/sh
cat all.yaml
"""
COMMANDS = (
    pytest.param(("prove", "-k", "x", "--spec", "holds.npv"), 0, id="prove"),
    pytest.param(("prove", "-k", "x", "--spec", "fails.npv"), 1, id="prove, refuted"),
    pytest.param(("lint", "-k", "x", "--select", "NPL101"), 0, id="lint"),
    pytest.param(("eval", "-k", "x", "--from", "shop/web", "--to", "shop/postgres", "--port", "1"), 0, id="eval"),
    pytest.param(("explain", "-k", "x", "--from", "shop/web", "--to", "shop/postgres", "--port", "1"), 0, id="explain"),
    pytest.param(("connectivity", "-k", "x"), 0, id="connectivity"),
    pytest.param(("diff", "all.yaml", "-k", "x"), 0, id="diff"),
    pytest.param(("diff", "pods.yaml", "-k", "x"), 1, id="diff, other flows"),
    pytest.param(("equiv", "all.yaml", "-k", "x"), 0, id="equiv"),
    pytest.param(("rollout", "pods.yaml", "-k", "x", "--spec", "holds.npv"), 0, id="rollout"),
    pytest.param(("translate", "-k", "x", "--to", "calico"), 0, id="translate"),
    pytest.param(("init", "-k", "x"), 0, id="init"),
)


@pytest.fixture
def kustomize(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name, which prints `all.yaml`."""
    programs = shop / "bin"
    programs.mkdir()
    (programs / "kustomize").write_text(KUSTOMIZE, encoding="utf-8")
    (programs / "kustomize").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return shop


@pytest.mark.parametrize(("command", "code"), COMMANDS)
def test_every_command_takes_them(kustomize: Path, command: tuple[str, ...], code: int) -> None:
    """What is built is what is read."""
    assert run(command) == code


def test_a_config_file_of_init_builds_again(kustomize: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`init -k DIR` writes the path, so that the next command needs no option."""
    assert run(("init", "-k", "x")) == 0
    assert "kustomize:x" in (kustomize / ".npverify.yaml").read_text(encoding="utf-8")
    assert run(("connectivity",)) == 0


def test_options_take_the_place_of_the_paths_in_the_config(kustomize: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As arguments do; its specs stay."""
    (kustomize / "fails.npv").write_text(FAILS + HOLDS, encoding="utf-8")
    (kustomize / ".npverify.yaml").write_text("paths: [gone]\nspecs: [fails.npv]\n", encoding="utf-8")
    assert run(("prove", "-k", "x", "--format", "json")) == 1
    assert json.loads(capsys.readouterr().out)["summary"]["refuted"] == 1
