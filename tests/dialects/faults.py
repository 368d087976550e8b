"""Deliberate faults in the code of a dialect, and the row that must turn red with each of them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

Plant = Callable[[pytest.MonkeyPatch], None]


class Fault(NamedTuple):
    """What is wrong, how it is made so, and the row about it."""

    about: str
    plant: Plant
    fact: str


def instead(owner: Any, name: str, make: Callable[[Any], Any]) -> Plant:
    """Something else in the place of what `name` is; `make` is given what it is."""
    return lambda monkeypatch: monkeypatch.setattr(owner, name, make(getattr(owner, name)))


def caught(judge: Callable[[], None], plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row holds without the fault, and with it no more."""
    judge()
    with monkeypatch.context() as planted:
        plant(planted)
        _forget()
        with pytest.raises(AssertionError):
            judge()
    _forget()


def rows(faults: list[Fault]) -> list[Any]:
    """The faults, each under its own words."""
    return [pytest.param(fault, id=fault.about) for fault in faults]


def _forget() -> None:
    """Empty what functions of dialects remember, which is not what they would say with a fault, or without it."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("npverify.dialects.", "dialects.")):
            for value in list(vars(module).values()):
                if callable(clear := getattr(value, "cache_clear", None)):
                    clear()
