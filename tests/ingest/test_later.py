"""A place that is found when somebody looks is the place that was meant, in every way in which places are used."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest

from npverify.ingest.source import Span
from npverify.ingest.thin import thin

PLACE = Span("a.yaml", 3, 7)


def later() -> Span:
    """The same place, not looked for."""
    return Span.later(lambda: PLACE)


USES: list[tuple[str, Callable[[Span], object]]] = [
    ("text", str),
    ("repr", repr),
    ("hash", hash),
    ("file", lambda span: span.file),
    ("line", lambda span: span.line),
    ("column", lambda span: span.column),
    ("equal", lambda span: (span == PLACE, span == PLACE)),
    ("order", lambda span: (span < Span("a.yaml", 3, 8), span > Span("a.yaml", 3, 6), sorted([span, Span("a")])[1])),
    ("replace", lambda span: replace(span, line=4)),
    ("pickle", lambda span: pickle.loads(pickle.dumps(span))),
    ("copy", copy.copy),
    ("no such attribute", lambda span: hasattr(span, "lines")),
]


@pytest.mark.parametrize(("use", "of"), USES, ids=[name for name, _ in USES])
def test_uses(use: str, of: Callable[[Span], object]) -> None:
    """Each use gives what it gives for a place that is known, first and again."""
    span = later()
    assert of(span) == of(PLACE), use
    assert of(span) == of(PLACE), use


def test_it_is_looked_for_once() -> None:
    """Not when it is made, and not twice."""
    asked = []

    def find() -> Span:
        asked.append(1)
        return PLACE

    span = Span.later(find)
    assert asked == []
    assert [span.line, span.column, span.file, str(span)] == [3, 7, "a.yaml", "a.yaml:3:7"]
    assert asked == [1]


def test_thin_is_for_frozen_classes_without_equality() -> None:
    """Others would be hashed by what can change, or be changed in the belief that they cannot."""

    class Plain:
        value: int

    with pytest.raises(TypeError, match="frozen"):
        thin(frozen=True, slots=True)(Plain)
    with pytest.raises(TypeError, match="frozen"):
        thin(frozen=False, slots=True, eq=False)(Plain)
