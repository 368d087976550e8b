"""Finds positions in documents that have been read, by parsing their text again only when somebody asks.

Two locators with one contract (`document.Locator`): the position of the value or its key; the nearest enclosing value
where the path ends early; what an alias or a merge brought in is found where it is written.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from npverify.ingest import json_text
from npverify.ingest.compose import MappingNode, Node, ScalarNode, SequenceNode, compose
from npverify.ingest.construct import is_merge, merged
from npverify.ingest.document import Path
from npverify.ingest.source import Span
from npverify.ingest.split import Chunk
from npverify.ingest.text import Text

_KEPT_TREES = 4


class Trees:
    """The node trees that were needed last. Guards them, so that reading the rules of one policy parses it once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, Chunk], list[Node]] = OrderedDict()

    def roots(self, text: Text, chunk: Chunk) -> list[Node]:
        """The root nodes of a chunk, which must be known to parse."""
        key = (id(text), chunk)
        if key not in self._kept:
            self._kept[key] = compose(text.content[chunk.start : chunk.end])
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT_TREES:
            self._kept.popitem(last=False)
        return self._kept[key]


class YamlLocator:
    """Positions in the `index`-th document of a chunk; `starts` holds offsets that were kept when it was read."""

    __slots__ = ("_chunk", "_index", "_starts", "_text", "_trees")

    def __init__(self, text: Text, chunk: Chunk, index: int, starts: Mapping[Path, int], trees: Trees) -> None:
        self._text = text
        self._chunk = chunk
        self._index = index
        self._starts = starts
        self._trees = trees

    def locate(self, path: Path, *, key: bool = False) -> Span:
        """The position of the value at `path`, or of its key."""
        if not key and path in self._starts:
            return self._text.span(self._starts[path])
        node = self._trees.roots(self._text, self._chunk)[self._index]
        mark = node.start_mark
        for depth, step in enumerate(path):
            found = _member(node, step)
            if found is None:
                break
            key_node, node = found
            mark = (key_node if key and depth == len(path) - 1 else node).start_mark
        return self._text.span(self._chunk.start + mark.index)

    def excerpt(self, span: Span) -> str:
        """The source line of `span`."""
        return self._text.excerpt(span.line)


class JsonLocator:
    """Positions in the JSON value at `start`; `items` caches where the objects of a list stand."""

    __slots__ = ("_items", "_start", "_text")

    def __init__(self, text: Text, start: int) -> None:
        self._text = text
        self._start = start
        self._items: dict[int | str, int] | None = None

    def locate(self, path: Path, *, key: bool = False) -> Span:
        """The position of the value at `path`, or of its key."""
        at, key_at, rest = self._start, self._start, path
        if len(path) > 1 and path[0] == "items" and path[1] in (items := self._item_starts()):
            at = key_at = items[path[1]]
            rest = path[2:]
        for step in rest:
            found = None
            for name, name_at, value_at in json_text.children(self._text.content, at):
                if name == step:
                    found = name_at, value_at
                    if isinstance(name, int):
                        break
            if found is None:
                return self._text.span(at)
            key_at, at = found
        return self._text.span(key_at if key else at)

    def excerpt(self, span: Span) -> str:
        """The source line of `span`."""
        return self._text.excerpt(span.line)

    def _item_starts(self) -> dict[int | str, int]:
        if self._items is None:
            content = self._text.content
            found: dict[int | str, int] = {}
            for name, _, value_at in json_text.children(content, self._start):
                if name == "items":
                    found = {index: at for index, _, at in json_text.children(content, value_at)}
            self._items = found
        return self._items


def _member(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """The key node and value node of a member; of equal keys the one that wins."""
    if isinstance(node, SequenceNode):
        inside = isinstance(step, int) and step < len(node.value)
        return (node.value[step], node.value[step]) if inside else None
    found = None
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if is_merge(key):
                for part in merged(value) or []:
                    found = _member(part, step) or found
            elif isinstance(key, ScalarNode) and key.value == step:
                found = key, value
    return found
