"""The names and types of fields, checked on plain values first and with positions only on a mismatch.

Objects that conform are read without further checks; one that does not is read again through `Fields`, which reports every
mismatch with its position. Missing and null are the same everywhere (encoding/json into the API's Go structs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from npverify.ingest.fields import Fields, type_name
from npverify.inventory.fields_table import FIELDS


class Leaf(Enum):
    """The type of a field that holds no other fields."""

    TEXT = auto()
    INTEGER = auto()
    BOOLEAN = auto()
    LABELS = auto()  # a map of text to text
    PORT = auto()  # a whole number or text: intstr.IntOrString


@dataclass(frozen=True, slots=True, eq=False)
class ListOf:
    """A list; a null item is the empty value."""

    item: MapOf | Leaf


@dataclass(frozen=True, slots=True, eq=False)
class MapOf:
    """A map of the API type `type`: `fields` are those that are read, `known` the names of all that it has."""

    type: str
    fields: tuple[tuple[str, Shape], ...]
    known: frozenset[str]


Shape = Leaf | ListOf | MapOf
_TEXT = {str}


def map_of(type_: str, /, **fields: Shape) -> MapOf:
    """A map of an API type of `fields_table`, and those of its fields that are read."""
    return MapOf(type_, tuple(fields.items()), frozenset(FIELDS[type_]))


class Checked(dict[str, Any]):
    """An object that was read with its types checked: it conforms to the shape of its kind."""

    __slots__ = ()


Check = Callable[[Any], bool]


def conforms(value: Any, shape: Shape) -> bool:
    """Whether a decoded value has the types of `shape` and no field that its type does not know; null always has."""
    return value is None or checker(shape)(value)


def checker(shape: Shape) -> Check:
    """`conforms` for one shape and many values, none of them null.

    Lists that pass are remembered, so that those which alike pods share are looked at once. So all values must live as long
    as the checker is in use.
    """
    if isinstance(shape, MapOf):
        return _map_checker(shape)
    if isinstance(shape, ListOf):
        return _list_checker(shape)
    return _LEAVES[shape]


def _map_checker(shape: MapOf) -> Check:
    known = shape.known
    texts = tuple(key for key, inner in shape.fields if inner is Leaf.TEXT)
    others = tuple((key, checker(inner)) for key, inner in shape.fields if inner is not Leaf.TEXT)

    def check(value: Any) -> bool:
        if type(value) is not dict or not value.keys() <= known:
            return False
        get = value.get
        for key in texts:
            if type(held := get(key)) is not str and held is not None:
                return False
        for key, inner in others:  # noqa: SIM110  a generator costs twice as much
            if (held := get(key)) is not None and not inner(held):
                return False
        return True

    return check


def _list_checker(shape: ListOf) -> Check:
    inner = checker(shape.item)
    passed: set[int] = set()

    def check(value: Any) -> bool:
        if id(value) in passed:
            return True
        if type(value) is not list:
            return False
        for item in value:
            if item is not None and not inner(item):
                return False
        passed.add(id(value))
        return True

    return check


_LEAVES: dict[Leaf, Check] = {
    Leaf.TEXT: lambda value: type(value) is str,
    Leaf.INTEGER: lambda value: type(value) is int,
    Leaf.BOOLEAN: lambda value: type(value) is bool,
    Leaf.LABELS: lambda value: type(value) is dict and set(map(type, value.values())) <= _TEXT,
    Leaf.PORT: lambda value: type(value) is int or type(value) is str,
}


def report(fields: Fields, shape: MapOf, unknown: Callable[[Fields, MapOf, list[str]], None]) -> None:
    """Report every value under `fields` that does not conform to `shape`; `unknown` is told the fields without a row."""
    if strangers := [key for key in fields.value if key not in shape.known]:
        unknown(fields, shape, strangers)
    for key, inner in shape.fields:
        match inner:
            case MapOf():
                if (held := fields.map(key)) is not None:
                    report(held, inner, unknown)
            case ListOf(MapOf() as item):
                for _, element in fields.maps(key):
                    report(element, item, unknown)
            case ListOf():
                fields.texts(key)
            case Leaf.TEXT:
                fields.text(key)
            case Leaf.INTEGER:
                fields.integer(key)
            case Leaf.BOOLEAN:
                fields.boolean(key)
            case Leaf.LABELS:
                fields.text_map(key)
            case Leaf.PORT:
                value = fields.value.get(key)
                if not conforms(value, inner):
                    name = ".".join(str(step) for step in (*fields.path, key))
                    message = f"`{name}` must be a whole number or text, not {type_name(value)}"
                    fields.error("NPV020", message, key)


_REQUIREMENT = map_of("LabelSelectorRequirement", key=Leaf.TEXT, operator=Leaf.TEXT, values=ListOf(Leaf.TEXT))
SELECTOR = map_of("LabelSelector", matchLabels=Leaf.LABELS, matchExpressions=ListOf(_REQUIREMENT))
"""A label selector, of whatever kind."""
