"""One Kubernetes object as it stands in an input file: plain values, and the position of each of them on demand."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from npverify.ingest.source import Span
from npverify.ingest.thin import thin

Path = tuple[str | int, ...]
"""Where a value stands inside an object: `("spec", "ingress", 0, "from")`."""


class Locator(Protocol):
    """Finds the position of a value; it may read the source text again."""

    def locate(self, path: Path, *, key: bool = False) -> Span:
        """The position of the value at `path`, or of its key; of the nearest enclosing value where `path` ends early."""
        ...

    def excerpt(self, span: Span) -> str:
        """The text of the line that `span` points at, without its line break."""
        ...


@thin(frozen=True, slots=True, eq=False)
class Document:
    """A Kubernetes object. `value` holds dict, list, str, int, float, bool and None, read as the Kubernetes API reads it.

    `namespace` is the text of metadata.namespace, or None where it is absent; whoever knows that the kind is namespaced
    puts `default` in its place. `kind`, `api_version` and `name` are "" where they are missing or not text.
    """

    api_version: str
    kind: str
    namespace: str | None
    name: str
    value: dict[str, Any]
    locator: Locator
    prefix: Path = ()

    def span(self, *path: str | int, key: bool = False) -> Span:
        """The position of the value at `path` (of its key, if `key`)."""
        return self.locator.locate(self.prefix + path, key=key)

    def span_later(self, *path: str | int) -> Span:
        """The position of the value at `path`, found when somebody looks at it."""
        return Span.later(partial(self.locator.locate, self.prefix + path))

    def excerpt(self, span: Span) -> str:
        """The source line that `span` points at."""
        return self.locator.excerpt(span)

    def holding(self, value: dict[str, Any]) -> Document:
        """The document with another value."""
        return Document(self.api_version, self.kind, self.namespace, self.name, value, self.locator, self.prefix)

    @property
    def group(self) -> str:
        """The API group: `networking.k8s.io` of `networking.k8s.io/v1`, "" for the core group."""
        return self.api_version.rpartition("/")[0]


class BriefDocument(Document):
    """An object of a long list of which less than a value was kept. A value is made of it when somebody asks for one.

    It is made without its place, `locator` and `prefix`, which `at` gives it.
    """

    __slots__ = ("_value",)
    _value: dict[str, Any]

    def at(self, locator: Locator, prefix: Path) -> Document:
        """The document at a place of a file; it can be at one alone."""
        self.locator = locator  # type: ignore[misc]  # at run time nothing is frozen, see `thin`
        self.prefix = prefix  # type: ignore[misc]
        return self

    @property
    def value(self) -> dict[str, Any]:
        """As of every document."""
        try:
            return self._value
        except AttributeError:
            self._value = found = self.made()
            return found

    def made(self) -> dict[str, Any]:
        """The value, as whatever reads whole objects leaves it."""
        raise NotImplementedError
