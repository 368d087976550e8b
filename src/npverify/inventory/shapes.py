"""The types of the fields that the inventory reads, checked on plain values first and with positions only on a mismatch.

Objects that conform are read without further checks; one that does not is read again through `Fields`, which reports every
mismatch with its position. Missing and null are the same everywhere (encoding/json into the API's Go structs).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from npverify.ingest.fields import Fields, type_name


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
    """A map with these fields and any others, which are not looked at."""

    fields: tuple[tuple[str, Shape], ...]


Shape = Leaf | ListOf | MapOf
_TEXT = {str}


def map_of(**fields: Shape) -> MapOf:
    """A map with the fields that are named as the API names them."""
    return MapOf(tuple(fields.items()))


def conforms(value: Any, shape: Shape) -> bool:
    """Whether a decoded value has the types of `shape`; null always has."""
    if value is None:
        return True
    if shape is Leaf.TEXT:
        return type(value) is str
    if isinstance(shape, MapOf):
        if type(value) is not dict:
            return False
        for key, inner in shape.fields:
            held = value.get(key)
            if held is None or (inner is Leaf.TEXT and type(held) is str):
                continue
            if not conforms(held, inner):
                return False
        return True
    if isinstance(shape, ListOf):
        return type(value) is list and all(conforms(item, shape.item) for item in value)
    if shape is Leaf.LABELS:
        return type(value) is dict and set(map(type, value.values())) <= _TEXT
    if shape is Leaf.BOOLEAN:
        return type(value) is bool
    return type(value) is int or (shape is Leaf.PORT and type(value) is str)


def report(fields: Fields, shape: MapOf) -> None:
    """Report every value under `fields` that does not conform to `shape`."""
    for key, inner in shape.fields:
        match inner:
            case MapOf():
                if (held := fields.map(key)) is not None:
                    report(held, inner)
            case ListOf(MapOf() as item):
                for _, element in fields.maps(key):
                    report(element, item)
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
