"""What shells are offered for values of options, and that every command offers them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import typer

from npverify.analyses.lint.registry import RULES
from npverify.cli import completion
from npverify.cli.app import program
from npverify.cli.formats import ALL
from npverify.dialects.plugins import PLUGINS
from npverify.dialects.profiles import SWITCHES, profile

OFFERED = (
    pytest.param(completion.plugins, "cal", ["calico"], id="a plugin"),
    pytest.param(completion.plugins, "calico@3.3", ["calico@3.30", "calico@3.31", "calico@3.32"], id="its versions"),
    pytest.param(completion.plugins, "none@", [], id="a plugin without versions"),
    pytest.param(completion.plugins, "x@", [], id="no such plugin"),
    pytest.param(completion.switches, "hostn", ["hostnetwork_pods="], id="a switch"),
    pytest.param(
        completion.switches,
        "icmp=",
        ["icmp=portless_rules_only", "icmp=always_allow", "icmp=always_deny", "icmp=free"],
        id="its values",
    ),
    pytest.param(completion.switches, "icmp=always_d", ["icmp=always_deny"], id="a value"),
    pytest.param(
        completion.switches, "endpoint_to_host=", ["endpoint_to_host=accept", "endpoint_to_host=drop"], id="of Calico"
    ),
    pytest.param(
        completion.switches, "cluster_policies=", ["cluster_policies=off", "cluster_policies=on"], id="an option"
    ),
    pytest.param(completion.switches, "nothing=", [], id="no such switch"),
    pytest.param(completion.rules, "npl10", ["NPL101", "NPL102"], id="codes in any case"),
    pytest.param(completion.rules, "equal", ["equal-order"], id="a name"),
    pytest.param(completion.codes, "npv14", ["NPV140", "NPV142"], id="codes of messages"),
    pytest.param(completion.codes, "NPL101", ["NPL101"], id="codes of rules"),
    pytest.param(completion.versions("cilium"), "1.1", ["1.19", "1.18", "1.17", "1.16", "1.15"], id="the newest first"),
    pytest.param(completion.words("text", "json"), "j", ["json"], id="a word"),
)


@pytest.mark.parametrize(("offer", "begun", "expected"), OFFERED)
def test_what_is_offered(offer: Callable[[str], Any], begun: str, expected: list[str]) -> None:
    """The words that go on as the user has begun, in the order of their table."""
    found = [one if isinstance(one, str) else one[0] for one in offer(begun)]
    assert found[: len(expected)] == expected
    assert all(word.lower().startswith(begun.lower()) for word in found)
    assert offer in (completion.rules, completion.codes) or found == expected


def test_everything_is_offered_to_who_has_not_begun() -> None:
    """Whole tables: nothing has to be known by heart."""
    assert [name for name, _ in completion.plugins("")] == list(PLUGINS)
    assert [code for code, _ in completion.rules("")] == list(RULES)
    names = {name.rstrip("=") for name, _ in completion.switches("")}
    assert {switch.name for switch in SWITCHES} <= names


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_every_value_that_is_offered_is_taken(switch: Any) -> None:
    """`--assume` reads each of them."""
    for pair, _ in completion.switches(f"{switch.name}="):
        profile("kubernetes", {switch.name: pair.partition("=")[2]})


WITH_WORDS = {
    *("--cni", "--cni-left", "--cni-right", "--assume", "--assume-left", "--assume-right", "--format", "--budget"),
    *("--calico-version", "--cilium-version", "--select", "--ignore", "--explain", "--ip-family", "--fail-on"),
}


def test_every_command_offers_them() -> None:
    """An option that has a table has it in every command, and so have the arguments of `rule` and `profiles`."""
    app: Any = typer.main.get_command(program())
    commands = {name: command for name, command in app.commands.items() if name != "fleet"}
    commands |= {f"fleet {name}": command for name, command in app.commands["fleet"].commands.items()}
    silent = [
        f"{name} {option}"
        for name, command in commands.items()
        for parameter in command.params
        for option in parameter.opts
        if option in WITH_WORDS and parameter._custom_shell_complete is None
    ]
    assert silent == []
    for name in ("rule", "profiles"):
        assert commands[name].params[0]._custom_shell_complete is not None


def test_formats_are_those_of_the_command() -> None:
    """What `prove` writes, and what `explain` writes."""
    app: Any = typer.main.get_command(program())
    for name, known in (("prove", list(ALL)), ("explain", ["text", "json"])):
        (option,) = [parameter for parameter in app.commands[name].params if "--format" in parameter.opts]
        with typer.Context(app.commands[name]) as context:
            assert [one.value for one in option.shell_complete(context, "")] == known
