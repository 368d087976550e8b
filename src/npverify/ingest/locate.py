"""Finds positions in documents that have been read, by parsing their text again only when somebody asks.

Two locators with one contract (`document.Locator`): the position of the value or its key; the nearest enclosing value
where the path ends early; what an alias or a merge brought in is found where it is written.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence

from npverify.ingest import json_text
from npverify.ingest.compose import MappingNode, Node, ScalarNode, SequenceNode, compose
from npverify.ingest.construct import is_merge, merged
from npverify.ingest.document import Path
from npverify.ingest.source import Span
from npverify.ingest.split import Chunk
from npverify.ingest.text import Text

_KEPT_TREES = 4
_KEPT_MEMBERS = 64
_HEAD = 4096
_USUAL_HEAD = re.compile(r'\{\s*(?:"(?:apiVersion|kind)"\s*:\s*"[^"\\]*"\s*,\s*)*"items"\s*:\s*')


class Trees:
    """The node trees that were needed last. Guards them, so that reading the rules of one policy parses it once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, Chunk], list[Node]] = OrderedDict()

    def roots(self, text: Text, chunk: Chunk) -> list[Node]:
        """The root nodes of a chunk, which must be known to parse."""
        key = (id(text), chunk)
        if key not in self._kept:
            self._kept[key] = compose(text.part(chunk.start, chunk.end))
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


class YamlListLocator(YamlLocator):
    """Positions in a document with a long list in block style: `items` says where each of its items begins and the last
    one ends. An item is parsed alone, which gives what it gives inside the whole, and does not take minutes."""

    __slots__ = ("_item_starts",)

    def __init__(self, text: Text, chunk: Chunk, start: int, items: Sequence[int], trees: Trees) -> None:
        super().__init__(text, chunk, 0, {(): start}, trees)
        self._item_starts = items

    def locate(self, path: Path, *, key: bool = False) -> Span:
        """The position of the value at `path`, or of its key."""
        if len(path) < 2 or path[0] != "items" or not isinstance(path[1], int):
            return super().locate(path, key=key)
        if path[1] >= len(self._item_starts) - 1:
            return super().locate(path, key=key)
        chunk = Chunk(self._item_starts[path[1]], self._item_starts[path[1] + 1])
        return YamlLocator(self._text, chunk, 0, {}, self._trees).locate((0, *path[2:]), key=key)


class JsonLocator:
    """Positions in the JSON value at `start`; `lengths` are those of the items of its `items`, where they are known.

    Guards where the objects of a list stand, and the members of the values that were looked into last.
    """

    __slots__ = ("_items", "_lengths", "_members", "_start", "_text")

    def __init__(self, text: Text, start: int, lengths: Sequence[int] = ()) -> None:
        self._text = text
        self._start = start
        self._lengths = lengths
        self._items: Sequence[int] | None = None
        self._members: dict[int, dict[str | int, tuple[int, int]]] = {}

    def locate(self, path: Path, *, key: bool = False) -> Span:
        """The position of the value at `path`, or of its key."""
        at, key_at, rest = self._start, self._start, path
        if len(path) > 1 and path[0] == "items" and isinstance(path[1], int) and path[1] < len(self._item_starts()):
            at = key_at = self._item_starts()[path[1]]
            rest = path[2:]
        for step in rest:
            found = self._inside(at).get(step)
            if found is None:
                return self._text.span(at)
            key_at, at = found
        return self._text.span(key_at if key else at)

    def excerpt(self, span: Span) -> str:
        """The source line of `span`."""
        return self._text.excerpt(span.line)

    def _inside(self, at: int) -> dict[str | int, tuple[int, int]]:
        """Where the keys and values of the container at `at` stand; of equal keys the last."""
        if at not in self._members:
            if len(self._members) >= _KEPT_MEMBERS:
                self._members.clear()
            content, start = self._around(at)
            members = json_text.children(content, at - start)
            self._members[at] = {name: (start + name_at, start + value_at) for name, name_at, value_at in members}
        return self._members[at]

    def _around(self, at: int) -> tuple[str, int]:
        """A text in which the value at `at` stands, and where in the file it begins: the item, if it is in one."""
        if self._lengths and at != self._start:
            starts = self._item_starts()
            n = bisect_right(starts, at) - 1
            if n >= 0 and at < starts[n] + self._lengths[n]:
                return self._text.part(starts[n], starts[n] + self._lengths[n]), starts[n]
        return self._text.content, 0

    def _item_starts(self) -> Sequence[int]:
        if self._items is None:
            self._items = array("Q", self._find_items())
        return self._items

    def _find_items(self) -> Iterator[int]:
        if not self._lengths:
            content = self._text.content
            list_at = self._inside(self._start).get("items", (0, len(content)))[1]
            yield from (at for index, _, at in json_text.children(content, list_at) if isinstance(index, int))
            return
        # what gave the lengths knows that `items` stands once, and is a list
        at = self._list_start()
        for length in self._lengths:
            at = self._text.blank_end(at + 1)  # behind `[` or `,`
            yield at
            at = self._text.blank_end(at + length)

    def _list_start(self) -> int:
        """Where the value of `items` stands, which it does once; mostly little stands before it."""
        if usual := _USUAL_HEAD.match(self._text.part(self._start, self._start + _HEAD)):
            return self._start + usual.end()
        return next(at for name, _, at in json_text.children(self._text.content, self._start) if name == "items")


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
