"""One Kubernetes object as it stands in an input file: plain values, and the position of each of them on demand."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Protocol

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

    @property
    def group(self) -> str:
        """The API group: `networking.k8s.io` of `networking.k8s.io/v1`, "" for the core group."""
        return self.api_version.rpartition("/")[0]


class Brief:
    """What was kept of an object of a long list: less than a value, which is made of it when somebody asks for one."""

    __slots__ = ("name", "namespace")
    api_version: ClassVar[str]
    kind: ClassVar[str]
    namespace: str | None
    name: str

    def value(self) -> dict[str, Any]:
        """The value of the document, as whatever reads whole objects leaves it."""
        raise NotImplementedError


class BriefDocument(Document):
    """A document that is given a `Brief` for its value."""

    __slots__ = ("_held",)
    _held: dict[str, Any] | Brief

    @property
    def value(self) -> dict[str, Any]:
        """As of every document."""
        held = self._held
        if isinstance(held, Brief):
            held = self._held = held.value()
        return held

    @value.setter
    def value(self, held: dict[str, Any] | Brief) -> None:
        self._held = held

    @property
    def brief(self) -> Brief | None:
        """What was kept; None once the value was asked for."""
        return self._held if isinstance(self._held, Brief) else None
