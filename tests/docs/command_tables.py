"""Commands as tables of Markdown, made of the program itself."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import typer
from typer.core import TyperOption
from typer.main import get_command

from npverify.cli.app import program

PAGE_OF = {"lsp": "editor"}
"""Commands whose page has another name."""
_LEFT_OUT = ("help", "install_completion", "show_completion")


@cache
def _program() -> Any:  # a click.Group; newer versions of typer have a click of their own
    return get_command(program())


def command_names() -> list[str]:
    """Every command, in the order of `npverify --help`."""
    return list(_program().commands)


def _command(words: str) -> Any:
    found = _program()
    for word in words.split():
        found = found.commands[word]
    return found


def lead(words: str) -> str:
    """What help says of a command first."""
    return " ".join((_command(words).help or "").partition("\f")[0].partition("\n\n")[0].split())


def usage(words: str) -> str:
    """How it is called, and what its arguments are."""
    command = _command(words)
    context = typer.Context(command, info_name=f"npverify {words}")
    lines = ["```", " ".join(["npverify", words, *command.collect_usage_pieces(context)]), "```"]
    told = [param for param in command.params if not isinstance(param, TyperOption) and param.help and not param.hidden]
    if told:
        lines += ["", "| argument | what it is |", "| --- | --- |"]
        lines += [f"| {_code(param.metavar or param.name.upper())} | {_cell(param.help)} |" for param in told]
    return "\n".join(lines)


def options(words: str) -> str:
    """The options of a command, those with a heading of their own in help under that heading."""
    command = _command(words)
    context = typer.Context(command, info_name=f"npverify {words}")
    panels: dict[str, list[str]] = {}
    for param in command.params:
        if isinstance(param, TyperOption) and param.name not in _LEFT_OUT and not param.hidden:
            record = param.get_help_record(context)
            assert record is not None, param.name
            names, said = record
            row = f"| {_code(names)} | {_cell(said)} |"
            panels.setdefault(param.rich_help_panel or "", []).append(row)
    parts = [
        [*([f"**{panel}**", ""] if panel else []), "| option | what it does |", "| --- | --- |", *rows]
        for panel, rows in panels.items()
    ]
    return "\n\n".join("\n".join(part) for part in parts) or "It has none of its own."


def listing(_: str = "") -> str:
    """All commands, each with what it does and a link to its page."""
    lines = ["| command | what it does |", "| --- | --- |"]
    lines += [f"| [`{name}`]({PAGE_OF.get(name, name)}.md) | {_cell(lead(name))} |" for name in command_names()]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text in a cell, in which `|` would end it and `<` would begin an element; the names of options are code."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(part.replace("|", "\\|") if part.startswith("`") else _plain(part) for part in parts)


def _plain(text: str) -> str:
    coded = re.sub(r"(?<![\w`-])(--[a-z][a-z-]*[a-z](?: FILE)?|=FILE|NAME@VERSION|NO_COLOR)", r"`\1`", text)
    return re.sub(r"\[(default|env var)s?: ([^\]]*)\]", r"*\1: \2*", coded).replace("|", "\\|").replace("<", "&lt;")


def _code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")
