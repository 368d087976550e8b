"""Options that several commands share are declared once, and are options of each; see `npverify.cli.grouped`."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import typer

from npverify.cli.app import program
from npverify.cli.grouped import Group, grouped, without


@dataclass(frozen=True, slots=True)
class Pair(Group):
    """Two options."""

    left: Annotated[str, typer.Option("--left")] = "l"
    right: Annotated[str, typer.Option("--right")] = "r"


CALLS: list[tuple[str, Pair, Pair, int]] = []


@grouped
def command(
    *,
    first: str = "f",
    pair: Pair,
    other: Annotated[Pair, without("left", "right")],
    last: int = 1,
) -> int:
    """Remembers what it is given."""
    CALLS.append((first, pair, other, last))
    return 0


def test_the_options_of_a_group_stand_where_the_group_does() -> None:
    """In the order of its fields, with their annotations and defaults; what a command leaves out is not there."""
    parameters = inspect.signature(command).parameters
    assert list(parameters) == ["first", "left", "right", "last"]
    assert {name: each.default for name, each in parameters.items()} == {
        "first": "f",
        "left": "l",
        "right": "r",
        "last": 1,
    }
    assert command.__doc__ == "Remembers what it is given."


def test_a_command_gets_its_groups_whole() -> None:
    """What is left out has its default."""
    CALLS.clear()
    assert command(first="a", left="b", right="c", last=2) == 0
    assert [("a", Pair("b", "c"), Pair(), 2)] == CALLS


def options(name: str) -> set[str]:
    app: Any = typer.main.get_command(program())
    for part in name.split():
        app = app.commands[part]
    return {option for parameter in app.params if not parameter.hidden for option in parameter.opts}


READING = {
    "--cni",
    "--calico-version",
    "--cilium-version",
    "--assume",
    "--pod-cidr",
    "--ip-family",
    "--ignore-kind",
    "--remote",
}
PROGRAMS = {"--kustomize", "-k", "--helm", "--values", "--set", "--cluster", "--context", "--namespace", "-n", "-A"}
LACKS = {
    "translate": {"--cni", "--cilium-version"},
    "fleet prove": {"--remote"},
    "fleet lint": {"--remote"},
    "watch": PROGRAMS,  # which it knows, to say what helps
    "init": {"--assume", "--pod-cidr", "--ip-family", "--remote"},
}
"""What a command does not take: translation is into Calico, clusters of a fleet are their own, what a program makes is not watched."""


@pytest.mark.parametrize(
    "name",
    [
        *("prove", "lint", "eval", "explain", "connectivity", "diff", "equiv", "rollout", "translate", "watch", "init"),
        *("fleet prove", "fleet lint"),
    ],
)
def test_every_command_that_reads_manifests_takes_the_same_options(name: str) -> None:
    """But for those that would mean nothing in it."""
    lacks = LACKS.get(name, set())
    assert (READING | PROGRAMS) - options(name) == lacks


def test_a_shared_option_says_the_same_everywhere() -> None:
    """One declaration, one text."""
    app: Any = typer.main.get_command(program())
    texts = {
        (option, parameter.help)
        for command in app.commands.values()
        for parameter in command.params
        if not parameter.hidden
        for option in parameter.opts
        if option in {*READING, "--timeout", "--budget", "--quiet", "--verbose", "--no-color", "--spec", "--kustomize"}
    }
    assert len(texts) == len({option for option, _ in texts})
