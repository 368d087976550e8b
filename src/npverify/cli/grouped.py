"""Options that several commands share, as one parameter of each: a `Group`, whose fields are the options.

typer makes the options of a command from the parameters of a function. What `grouped` gives it has the fields of a group in the
place of the group, so that a shared option is declared once, and a command that takes it names the group alone.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, get_args, get_type_hints


@dataclass(frozen=True, slots=True)
class Group:
    """Options that belong together. Each field is one, annotated as a parameter of a command, and has a default."""


class Without(NamedTuple):
    """Beside a group in `Annotated`: the fields that a command does not take; they keep their defaults."""

    names: tuple[str, ...]


def without(*names: str) -> Without:
    """Leave out these fields of a group."""
    return Without(names)


def grouped(command: Callable[..., int]) -> Callable[..., int]:
    """A command whose signature has the options of its groups one by one, each where its group stands."""
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[type[Group], tuple[str, ...]]] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        kind = _group(hints[name])
        if kind is None:
            parameters.append(parameter.replace(annotation=hints[name]))
            continue
        own = list(_options(kind, _left_out(hints[name])))
        parameters += own
        groups[name] = kind, tuple(option.name for option in own)

    @functools.wraps(command)
    def run(**given: Any) -> int:
        made = {name: kind(**_taken(given, names)) for name, (kind, names) in groups.items()}
        return command(**given, **made)

    result = hints.get("return", int)
    run.__signature__ = inspect.Signature(parameters, return_annotation=result)  # type: ignore[attr-defined]  # inspect reads it
    run.__annotations__ = {option.name: option.annotation for option in parameters} | {"return": result}
    return run


def _group(hint: Any) -> type[Group] | None:
    kind = get_args(hint)[0] if _left_out(hint) else hint
    return kind if isinstance(kind, type) and issubclass(kind, Group) else None


def _left_out(hint: Any) -> tuple[str, ...]:
    return next((beside.names for beside in get_args(hint)[1:] if isinstance(beside, Without)), ())


def _options(kind: type[Group], left_out: tuple[str, ...]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        if field.name not in left_out:
            yield inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
            )


def _taken(given: dict[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    """The values of these options, which are no longer among those given."""
    return {name: given.pop(name) for name in names}
