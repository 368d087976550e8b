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

    @property
    def group(self) -> str:
        """The API group: `networking.k8s.io` of `networking.k8s.io/v1`, "" for the core group."""
        return self.api_version.rpartition("/")[0]
