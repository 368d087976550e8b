"""Parsed values to Kubernetes objects: lists are taken apart, and what is no object is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from npverify.ingest.document import BriefDocument, Document, Locator, Path
from npverify.ingest.fields import Fields, type_name
from npverify.ingest.source import Problems

_HEADER = ("apiVersion", "kind")
_TEXT = (str, type(None))
_EXAMPLE = "a manifest begins with `apiVersion:` and `kind:`"


@dataclass(frozen=True, slots=True)
class Sorter:
    """What happens with the objects of a run: the `wanted` ones are given out, the kinds of the others are told to `skip`."""

    wanted: Callable[[str, str], bool]
    skip: Callable[[str], None]
    problems: Problems

    def unwanted(self, api_version: str, kind: str) -> bool:
        """Whether a document of this kind need not be parsed; the kind is counted then."""
        if kind.endswith("List") or self.wanted(api_version, kind):
            return False
        self.skip(kind)
        return True

    def objects(
        self, value: Any, locator: Locator, prefix: Path = (), of_list: tuple[str, str] = ("", "")
    ) -> Iterator[Document]:
        """The wanted objects in `value`; `of_list` is the apiVersion and kind that a typed list gives to its items."""
        document = _document(value, locator, prefix, of_list)
        if not isinstance(value, dict):
            self._error(document, f"a Kubernetes object is a map, not {type_name(value)}", (), _EXAMPLE)
            return
        api_version, kind = document.api_version, document.kind
        if not (api_version and kind):
            self._headless(document)
        elif kind == "List" or (kind.endswith("List") and "items" in value):
            yield from self._items(document)
        elif not self.wanted(api_version, kind):
            self.skip(kind)
        else:
            self._check_names(document)
            yield document

    def _items(self, document: Document) -> Iterator[Document]:
        items = document.value.get("items")
        if not isinstance(items, list | None):
            self._error(document, f"`items` must be a list, not {type_name(items)}", ("items",), "write `items: []`")
            return
        of_list = ("", "") if document.kind == "List" else (document.api_version, document.kind.removesuffix("List"))
        for index, item in enumerate(items or []):
            prefix = (*document.prefix, "items", index)
            if isinstance(item, BriefDocument):
                if self.wanted(item.api_version, item.kind):
                    yield item.at(document.locator, prefix)
                else:
                    self.skip(item.kind)
            elif (usual := _usual(item)) is None:
                yield from self.objects(item, document.locator, prefix, of_list)
            elif not self.wanted(usual[0], usual[1]):
                self.skip(usual[1])
            else:
                yield Document(*usual, item, document.locator, prefix)

    def _headless(self, document: Document) -> None:
        given = dict(zip(_HEADER, (document.api_version, document.kind), strict=True))
        missing = []
        for name in (name for name in _HEADER if not given[name]):
            value = document.value.get(name)
            if value is None or value == "":
                missing.append(name)
            else:
                self._error(document, f"`{name}` must be text, not {type_name(value)}", (name,), "put it in quotes")
        if missing:
            close = [(key, name) for key in document.value for name in missing if key.lower() == name.lower()]
            fix = f"write `{close[0][0]}` as `{close[0][1]}`" if close and close[0][0] != close[0][1] else _EXAMPLE
            self._error(document, f"this object has no {' and no '.join(f'`{name}`' for name in missing)}", (), fix)

    def _check_names(self, document: Document) -> None:
        given = document.value.get("metadata")
        if type(given) is dict and type(given.get("name")) in _TEXT and type(given.get("namespace")) in _TEXT:
            return
        metadata = Fields.of(document, self.problems).map("metadata")
        if metadata:
            metadata.text("name")
            metadata.text("namespace")

    def _error(self, document: Document, message: str, path: Path, fix: str) -> None:
        span = document.span(*path)
        self.problems.error("NPV014", message, span, fix, document.excerpt(span))


def is_foreign(value: Any) -> bool:
    """Whether a document of a folder is something else than a Kubernetes object, such as Helm values or a compose file."""
    if not isinstance(value, dict):
        return True
    names = {str(key).lower() for key in value}
    return not names & {"apiversion", "kind"} and not {"metadata", "spec"} <= names


def _usual(value: Any) -> tuple[str, str, str | None, str] | None:
    """What `_document` finds in an object that is no list and says what it has to say as text; None of another."""
    if not isinstance(value, dict):
        return None
    api_version, kind, metadata = value.get("apiVersion"), value.get("kind"), value.get("metadata")
    if type(api_version) is not str or type(kind) is not str or not api_version or not kind or kind.endswith("List"):
        return None
    if type(metadata) is not dict:
        return None
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if type(name) not in _TEXT or type(namespace) not in _TEXT:
        return None
    return api_version, kind, namespace, name or ""


def _document(value: Any, locator: Locator, prefix: Path, of_list: tuple[str, str]) -> Document:
    fields = value if isinstance(value, dict) else {}
    metadata = fields.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    namespace = metadata.get("namespace")
    return Document(
        _header(fields, "apiVersion", of_list[0]),
        _header(fields, "kind", of_list[1]),
        namespace if isinstance(namespace, str) else None,
        _text(metadata, "name"),
        fields,
        locator,
        prefix,
    )


def _header(fields: dict[str, Any], name: str, otherwise: str) -> str:
    return otherwise if fields.get(name) is None else _text(fields, name)


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
