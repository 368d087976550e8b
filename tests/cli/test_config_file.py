"""The config file: where it is found, what it says, and what wins over it."""

from __future__ import annotations

import json

import pytest
from cli_worlds import write

from npverify.analyses.config import find_config
from npverify.cli.app import run

CONFIG = "paths: [all.yaml]\nspecs: [holds.npv]\n"


def put(shop, text, name=".npverify.yaml"):
    """Write the config file."""
    (shop / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", [".npverify.yaml", "npverify.yaml"])
def test_with_a_config_no_argument_is_needed(shop, capsys, name):
    """Both names are found."""
    put(shop, CONFIG, name)
    assert run(("prove",)) == 0
    assert capsys.readouterr().out.startswith("✓ proved")


def test_it_is_found_from_a_folder_below(shop, capsys, monkeypatch):
    """Its paths are relative to itself, and shown as seen from the working folder."""
    put(shop, CONFIG.replace("holds", "fails"))
    (shop / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(shop / "a" / "b")
    assert run(("prove",)) == 1
    assert "../../all.yaml:26:5" in capsys.readouterr().out


def test_the_root_of_a_repository_is_the_last_place(shop):
    """A config above the repository is not ours."""
    put(shop, CONFIG)
    inner = shop / "inner"
    (inner / ".git").mkdir(parents=True)
    assert find_config(inner) is None
    assert find_config(shop / "folder") == shop / ".npverify.yaml"


@pytest.mark.parametrize(
    ("config", "arguments", "profile"),
    [
        pytest.param("", (), "kubernetes", id="the default"),
        pytest.param("cni: calico\n", (), "calico", id="the config"),
        pytest.param("cni: calico\n", ("--cni", "cilium"), "cilium", id="an option wins"),
    ],
)
def test_an_option_wins_over_the_config_and_that_over_the_default(shop, capsys, config, arguments, profile):
    """Precedence: option, config file, default."""
    put(shop, CONFIG + config)
    run(("prove", "--format", "json", *arguments))
    assert json.loads(capsys.readouterr().out)["summary"]["profile"] == profile


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("specs: [vacuous.npv]\nallow_vacuous: true\n", 0, id="allow_vacuous"),
        pytest.param("specs: [vacuous.npv]\n", 1, id="no allow_vacuous"),
        pytest.param(
            "specs: [holds.npv]\nbudget: small\ntimeout: 10\nip_families: [4, 6]\npod_cidrs: [10.244.0.0/16]\n"
            "ignore_kinds: [CiliumNetworkPolicy]\nassume: {icmp: always_allow, endport_supported: false}\n",
            0,
            id="every key at once",
        ),
        pytest.param(
            "specs: [holds.npv]\ncni: cilium@1.20\nassume: {cluster_policies: on, cilium_sctp: off}\n",
            0,
            id="a version of a plugin, and words that YAML reads as true and false",
        ),
    ],
)
def test_the_keys_have_their_effect(shop, text, code):
    """Every documented key is accepted and acts."""
    put(shop, "paths: [all.yaml]\n" + text)
    assert run(("prove",)) == code


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("pathes: [x]\n", [".npverify.yaml:1:1", "unknown field `pathes`", "`paths`"], id="unknown key"),
        pytest.param("paths: all.yaml\n", [".npverify.yaml:1:8", "must be a list"], id="text for a list"),
        pytest.param("paths: [all.yaml]\ntimeout: soon\n", [":2:10", "must be a number"], id="text for a number"),
        pytest.param("paths: [all.yaml]\ntimeout: -1\n", [":2:10", "above 0"], id="a negative number"),
        pytest.param("cni: calcio\n", [":1:6", "calico"], id="unknown plugin"),
        pytest.param("assume: {icmp: maybe}\n", [":1:16", "always_allow"], id="unknown value of a switch"),
        pytest.param("budget: huge\n", [":1:9", "small, normal, large"], id="unknown budget"),
        pytest.param("ip_families: [5]\n", [":1:15", "4 or 6"], id="unknown family"),
        pytest.param("- a\n", [".npverify.yaml:1:1", "a config file is a map"], id="a list"),
        pytest.param("paths: [\n", [".npverify.yaml:"], id="broken YAML"),
        pytest.param("paths: []\n---\npaths: []\n", ["one document"], id="two documents"),
        pytest.param("specs: [holds.npv]\n", ["names no paths"], id="no paths"),
        pytest.param("", ["names no paths"], id="empty"),
    ],
)
def test_a_bad_config_is_told_at_its_place(shop, capsys, text, parts):
    """Each mistake has its position and a fix; exit code 2."""
    put(shop, text)
    assert run(("prove",)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [part for part in parts if part not in err] == []


def test_init_writes_what_prove_can_run(shop, capsys):
    """The starter files parse, and every proposal in the spec does when its sign is taken away."""
    assert run(("init", "all.yaml")) == 0
    capsys.readouterr()
    assert run(("prove",)) in (0, 1)
    out, err = capsys.readouterr()
    assert "1 refuted" in out
    assert "error" not in err
    spec = (shop / "npverify.npv").read_text(encoding="utf-8")
    assert "# assert only deployment shop/web reaches pod shop/postgres on tcp/5432" in spec
    (shop / "npverify.npv").write_text(spec.replace("# assert", "assert"), encoding="utf-8")
    assert run(("prove", "--format", "json")) in (0, 1)
    assert len(json.loads(capsys.readouterr().out)["assertions"]) >= 3


def test_init_never_writes_over_files(shop, capsys):
    """What exists is kept unless --force is given."""
    put(shop, "paths: [mine]\n")
    assert run(("init", "all.yaml")) == 2
    assert "--force" in capsys.readouterr().err
    assert (shop / ".npverify.yaml").read_text() == "paths: [mine]\n"
    assert not (shop / "npverify.npv").exists()
    assert run(("init", "all.yaml", "--force")) == 0


def test_the_verbose_run_names_its_config(shop, capsys):
    """With --verbose a run tells where its settings come from."""
    put(shop, CONFIG)
    write(shop, extra_yaml="kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\n")
    run(("prove", "all.yaml", "extra.yaml", "--verbose"))
    err = capsys.readouterr().err
    assert "note: settings from .npverify.yaml" in err
    assert "skipped 1 object without effect on policies: 1 ConfigMap" in err


@pytest.mark.parametrize(
    ("config", "arguments", "version"),
    [
        pytest.param("", (), "1.20", id="the newest"),
        pytest.param("cilium_version: '1.17'\n", (), "1.17", id="the config"),
        pytest.param("cilium_version: '1.17'\n", ("--cilium-version", "1.18"), "1.18", id="an option wins"),
        pytest.param(
            "assume: {cilium_version: '1.17'}\n", ("--cilium-version", "1.15"), "1.15", id="over a switch too"
        ),
        pytest.param("", ("--assume", "cilium_version=1.19"), "1.19", id="a switch alone"),
    ],
)
def test_the_version_of_cilium_is_an_option_of_its_own(shop, capsys, config, arguments, version):
    """Precedence: option, config file, default."""
    put(shop, CONFIG + config)
    run(("prove", "--format", "json", "--cni", "cilium", *arguments))
    assert f"cilium_version={version}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "arguments", "code"),
    [
        pytest.param("cilium_version: '2.0'\n", (), "NPV082", id="unknown in the config"),
        pytest.param("cilium_version: 1.19\n", (), "NPV020", id="a number in the config"),
        pytest.param("", ("--cni", "cilium", "--cilium-version", "2.0"), "NPV082", id="unknown"),
        pytest.param("", ("--cni", "calico", "--cilium-version", "1.19"), "NPV084", id="of another plugin"),
    ],
)
def test_a_wrong_version_of_cilium_is_bad_usage(shop, capsys, config, arguments, code):
    """One message, exit code 2."""
    put(shop, CONFIG + config)
    assert run(("prove", *arguments)) == 2
    assert capsys.readouterr().err.count("NPV") == 1


def test_every_command_that_takes_a_plugin_takes_its_version():
    """`--cilium-version` stands wherever `--cni` does."""
    from typer.main import get_command

    from npverify.cli.app import program

    commands = [("", get_command(program()))]
    found = []
    while commands:
        name, command = commands.pop()
        commands += getattr(command, "commands", {}).items()
        options = {option for parameter in command.params for option in parameter.opts}
        if "--cni" in options:
            found.append(name)
            assert "--cilium-version" in options, name
    assert len(found) > 9
