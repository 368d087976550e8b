"""Fields that no table knows: an error where one is a misspelt or misplaced field that decides, else a counted warning.

The API server drops unknown fields and kubectl refuses them (strict field validation, on by default since Kubernetes 1.27).
Refusing all of them here would stop a user whose cluster is newer than the tables, so one that resembles nothing passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

from npverify.ingest.document import Document, Path
from npverify.ingest.fields import Fields, State
from npverify.ingest.source import Problems
from npverify.inventory.fields_table import FIELDS, STATUS
from npverify.inventory.schema import SHAPES
from npverify.inventory.shapes import ListOf, MapOf, Shape


@dataclass(slots=True)
class _Passed:
    """A field that passes, where it stood first, and how often it was seen."""

    doc: Document
    path: Path
    key: str
    fix: str
    count: int = 1


class UnknownFields:
    """Judges fields without a row. Guards the count of those that pass, so that each name gives one warning."""

    def __init__(self) -> None:
        self._passed: dict[tuple[str, str], _Passed] = {}

    def look(self, fields: Fields, shape: MapOf, keys: list[str]) -> None:
        """Report those of `keys`, the fields of a map without a row, that are errors; keep the others for `warn`."""
        for key in keys:
            meant = near_miss(key, shape.type)
            if meant and FIELDS[shape.type][meant] is not State.IRRELEVANT:
                self._refuse(fields, key, f"did you mean `{meant}`?")
            elif shape.type in STATUS:
                continue
            elif place := _place(key, fields.doc.kind, fields.path):
                self._refuse(fields, key, f"`{key}` belongs {place}: check the indentation")
            elif (seen := self._passed.get((shape.type, key))) is not None:
                seen.count += 1
            else:
                fix = f"did you mean `{meant}`?" if meant else "correct it, unless the cluster is newer than npverify"
                self._passed[shape.type, key] = _Passed(fields.doc, fields.path, key, fix)

    def warn(self, problems: Problems) -> None:
        """One warning for each name that passed."""
        for seen in self._passed.values():
            many = f" and {seen.count - 1} more of its kind" if seen.count > 1 else ""
            fields = Fields(seen.doc, seen.path, {}, problems)
            message = f"unknown field `{seen.key}` in {_where(fields)}{many} is passed over"
            fields.warn("NPV044", message, seen.key, fix=seen.fix, key=True)

    def _refuse(self, fields: Fields, key: str, fix: str) -> None:
        fields.error("NPV021", f"unknown field `{key}` in {_where(fields)}", key, fix=fix, key=True)


def _where(fields: Fields) -> str:
    named = f"{fields.doc.kind} `{fields.doc.name}`" if fields.doc.name else fields.doc.kind
    return f"`{'.'.join(map(str, fields.path))}` of {named}" if fields.path else named


@lru_cache(maxsize=1 << 10)
def near_miss(word: str, type_: str) -> str:
    """The field of an API type that `word` is a slip of, one that is modelled rather than another; "" if there is none."""
    near = []
    for number, (name, state) in enumerate(FIELDS[type_].items()):
        # short names are a slip or two away from every other word
        most = 0 if len(name) < 3 else 1 if len(name) < 8 else 2
        if (slips := _slips(_plain(word), _plain(name), most)) <= most:
            near.append((slips, state is State.IRRELEVANT, number, name))
    return min(near)[-1] if near else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _slips(word: str, other: str, most: int) -> int:
    """How many letters were added, left out, replaced, or swapped with the next (optimal string alignment).

    Words whose lengths differ by more than `most` are not compared letter by letter.
    """
    if abs(len(word) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        after = [i]
        for j, wanted in enumerate(other, 1):
            least = min(after[j - 1] + 1, row[j] + 1, row[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                least = min(least, before[j - 2] + 1)
            after.append(least)
        before, row = row, after
    return row[-1]


@lru_cache(maxsize=1 << 10)
def _place(key: str, kind: str, at: Path) -> str:
    """Where in an object of this kind a field of that name is read, rather near `at`; "" if nowhere."""
    places = [path for name, path in _places(SHAPES[kind], ()) if name == key]
    if not places:
        return ""
    here = tuple("[]" if isinstance(step, int) else step for step in at)
    place = min(places, key=lambda path: (len(path) - 2 * _shared(path, here), path))
    return f"in `{'.'.join(place).replace('.[]', '[]')}`" if place else "at the top of the object"


def _shared(path: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many steps two paths begin with together."""
    return sum(1 for _ in takewhile(lambda steps: steps[0] == steps[1], zip(path, other, strict=False)))


def _places(shape: Shape, path: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every field that is read below a shape, with the path of the map that holds it."""
    if isinstance(shape, ListOf):
        yield from _places(shape.item, (*path, "[]"))
    elif isinstance(shape, MapOf) and shape.type not in STATUS:
        for name, inner in shape.fields:
            yield name, path
            yield from _places(inner, (*path, name))
