"""Documents from YAML text whose positions are the paths of the fields, so that a test names the field that is pointed at."""

from __future__ import annotations

from textwrap import dedent

import yaml

from npverify.ingest.document import Document, Path
from npverify.ingest.source import Problems, Span
from npverify.inventory.build import build
from npverify.inventory.model import Endpoint, Inventory


class PathLocator:
    """Puts the path of a field where a real locator puts the name of the file; the line is the number of the document."""

    def __init__(self, number: int) -> None:
        self._number = number

    def locate(self, path: Path, *, key: bool = False) -> Span:
        """The path itself, as a position."""
        return Span(".".join(str(step) for step in path), self._number, 1)

    def excerpt(self, span: Span) -> str:
        """There is no source line."""
        return ""


def documents(text: str) -> tuple[Document, ...]:
    """The documents of some YAML; apiVersion may be left out for the kinds of the core group."""
    found = []
    for number, value in enumerate(yaml.load_all(dedent(text), yaml.CSafeLoader), start=1):
        meta = value.get("metadata") or {}
        namespace, name = meta.get("namespace"), meta.get("name")
        found.append(
            Document(
                value.get("apiVersion", "v1"),
                value["kind"],
                namespace if isinstance(namespace, str) else None,
                name if isinstance(name, str) else "",
                value,
                PathLocator(number),
            )
        )
    return tuple(found)


def inventory(text: str, **options: object) -> Inventory:
    """The inventory of YAML that has no error."""
    problems = Problems()
    found = build(documents(text), problems, **options)  # type: ignore[arg-type]
    assert problems.errors == ()
    return found


def endpoint(found: Inventory, name: str) -> Endpoint:
    """The one endpoint that is shown as `name`."""
    (only,) = [e for e in found.endpoints if str(e) == name]
    return only


def names(found: Inventory) -> list[str]:
    """How the pods and nodes are shown, in order."""
    return [str(e) for e in found.endpoints]


def problems_of(text: str, **options: object) -> Problems:
    """What is wrong with YAML, errors and warnings."""
    problems = Problems()
    build(documents(text), problems, **options)  # type: ignore[arg-type]
    return problems
