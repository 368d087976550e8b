"""Values of options that are taken as they are, where typer would build a validator for each.

Newer versions of typer read every value of every option, also of one that is not given, by a validator of pydantic: to import
that and to build them takes longer than to answer a small question. A text for an option that takes texts needs none of it, nor
does a plain number. What is anything else is left to typer, with its messages; so are versions of it without validators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, get_args, get_origin

_UNREAD: Final = object()
_MOST_DIGITS = 9  # of a number that is read here; typer's own reading has its bounds and its message for more


def quicken(command: Any) -> None:
    """Let the parameters of a command, and of those below it, take plain values as they are.

    The command is one of click, or of the copy of click in newer versions of typer: there is no type that both have.
    """
    parameters_of = command.get_params

    def get_params(context: Any) -> Any:
        found = parameters_of(context)  # the option for help is among them, which is made when it is asked for
        for parameter in found:
            validator = getattr(parameter, "get_runtime_param", None)
            if validator is not None and not isinstance(validator, _Plain):
                parameter.get_runtime_param = _Plain(validator, parameter.type_descriptor)
        return found

    command.get_params = get_params
    for below in getattr(command, "commands", {}).values():
        quicken(below)


class _Plain:
    """In the place of a validator. Guards that it is built only for a value that needs it."""

    def __init__(self, validator: Callable[[], Any], descriptor: Any) -> None:
        self._validator = validator
        self._annotation = descriptor.annotation
        self._wanted = descriptor.parameter_info

    def __call__(self) -> _Plain:
        """typer asks for the validator, and gets this."""
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as the function of the command gets it."""
        read = self._read(value, several=param.multiple or param.nargs == -1)
        return self._validator().coerce(value, param=param, ctx=ctx) if read is _UNREAD else read

    def _read(self, value: Any, *, several: bool) -> Any:
        if value is None:
            return () if several else None
        if self._wanted.parser is not None:
            return _UNREAD
        if not several:
            return self._one(value, self._annotation)
        if get_origin(self._annotation) is not list or not isinstance(value, list | tuple):
            return _UNREAD
        return _all(self._one(each, get_args(self._annotation)[0]) for each in value)

    def _one(self, value: Any, kind: Any) -> Any:
        if kind is str and type(value) is str:
            return value
        if kind not in (int, float):
            return _UNREAD
        if type(value) is str and value.isascii() and value.isdecimal() and len(value) <= _MOST_DIGITS:
            value = kind(value)
        low, high = self._wanted.min, self._wanted.max
        within = type(value) is kind and (low is None or low <= value) and (high is None or value <= high)
        return value if within else _UNREAD


def _all(values: Iterable[Any]) -> Any:
    read = list(values)
    return _UNREAD if any(each is _UNREAD for each in read) else read
