"""Node trees to plain values, the way kubectl reads them, with every problem reported at its position."""

from __future__ import annotations

import math
import re
from typing import Any, NoReturn

from npverify.ingest import scalars
from npverify.ingest.compose import MAX_DEPTH, UNTAGGED, MappingNode, Node, ScalarNode, SequenceNode
from npverify.ingest.text import Part

_MAP_TAGS = (UNTAGGED, "!", scalars.TAG_PREFIX + "map")
_LIST_TAGS = (UNTAGGED, "!", scalars.TAG_PREFIX + "seq")
_MERGE_TAG = scalars.TAG_PREFIX + "merge"
_LONE_TAG = re.compile(r"!(?=\s|\Z)")
_LONE_HEAD = re.compile(r"(?:&\S+\s+)?!(?=\s|\Z)")
_ALIAS_FACTOR = 10
_ALIAS_GRANT = 10_000


class Unusable(Exception):
    """The tree cannot be turned into a value at all; the reason has been reported."""


def construct(root: Node, part: Part, depth: int = 0) -> Any:
    """The value of a document, or of a tree that stands `depth` levels deep in one.

    Problems inside are reported and left out; raises Unusable where nothing can be had.
    """
    return _Constructor(part).value(root, depth)


def is_merge(key: Node) -> bool:
    """Whether a key is `<<` and not in quotes (go-yaml v2, decode.go, isMerge)."""
    return isinstance(key, ScalarNode) and key.value == "<<" and (key.tag == _MERGE_TAG or _is_plain(key))


def merged(value: Node) -> list[MappingNode] | None:
    """The maps that a `<<` takes in, in the order in which they are laid over each other; None if it is no map or list of maps."""
    if isinstance(value, MappingNode):
        return [value]
    if isinstance(value, SequenceNode) and all(isinstance(item, MappingNode) for item in value.value):
        return list(reversed(value.value))  # an earlier map of the list wins
    return None


def check_aliases(root: Node, part: Part) -> None:
    """Refuse trees that contain themselves or that grow far beyond what is written; raises Unusable."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: Node, depth: int) -> int:
        known = sizes.get(id(node))
        if known is not None:
            return known
        if id(node) in open_nodes:
            part.error("NPV010", "an alias refers to a value that contains it", _offset(node), "write the value out")
            raise Unusable
        if depth > MAX_DEPTH:
            too_deep(part, _offset(node))
        open_nodes.add(id(node))
        total = 1 + sum(size(child, depth + 1) for child in _children(node))
        open_nodes.discard(id(node))
        sizes[id(node)] = total
        return total

    expanded = size(root, 0)
    if expanded > _ALIAS_FACTOR * len(sizes) + _ALIAS_GRANT:
        message = f"aliases make this document grow from {len(sizes):,} to {_about(expanded)} values"
        part.error("NPV010", message, _offset(root), "write the values out; npverify does not expand so many aliases")
        raise Unusable


def too_deep(part: Part, offset: int) -> NoReturn:
    """Report that the nesting at `offset` is too deep; always raises Unusable."""
    part.error(
        "NPV011",
        f"nested deeper than {MAX_DEPTH} levels",
        offset,
        "no Kubernetes object is that deep; check the brackets",
    )
    raise Unusable


class _Constructor:
    """Walks one tree; `lone_tags` says that a `!` without a name may stand in the text, which both parsers drop."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.content = part.content
        self.lone_tags = _LONE_TAG.search(self.content) is not None

    def value(self, node: Node, depth: int) -> Any:
        if isinstance(node, ScalarNode):
            if node.tag == UNTAGGED and _is_plain(node) and not self.lone_tags:
                return scalars.plain(node.value)
            return self.scalar(node)
        if depth >= MAX_DEPTH:
            too_deep(self.part, _offset(node))
        if isinstance(node, MappingNode):
            self.expect_tag(node, _MAP_TAGS)
            return self.mapping(node, depth)
        self.expect_tag(node, _LIST_TAGS)
        return [self.value(item, depth + 1) for item in node.value]

    def scalar(self, node: ScalarNode) -> Any:
        if node.tag == UNTAGGED:
            lone = self.lone_tags and _LONE_HEAD.match(self.content, _offset(node))
            return scalars.plain(node.value) if _is_plain(node) and not lone else node.value
        try:
            return scalars.tagged(node.tag, node.value)
        except scalars.ScalarError as error:
            self.part.error("NPV012", str(error), _offset(node), "leave the tag out, or put the value in quotes")
            return None

    def mapping(self, node: MappingNode, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, Node] = {}
        joined = False
        for key_node, value_node in node.value:
            if is_merge(key_node):
                self.merge(value_node, found, depth)
                continue
            key = self.key(key_node)
            if key is None:
                continue
            if key in first and not joined:
                joined = depth == 0 and key in ("apiVersion", "kind")
                self.duplicate(key, key_node, first[key], joined=joined)
            first[key] = key_node
            found[key] = self.value(value_node, depth + 1)
        return found

    def merge(self, value: Node, found: dict[str, Any], depth: int) -> None:
        maps = merged(value)
        if maps is None:
            self.part.error(
                "NPV012", "`<<` takes a map or a list of maps", _offset(value), "merge a map, as in `<<: *defaults`"
            )
            return
        for part in maps:
            # go-yaml v2 lets the merged map win over keys that stand before `<<`; checked with kubectl 1.32
            found.update(self.value(part, depth + 1))

    def key(self, node: Node) -> str | None:
        value = self.value(node, MAX_DEPTH - 1) if isinstance(node, ScalarNode) else node
        if isinstance(value, str):
            return value
        if isinstance(node, ScalarNode):
            message, fix = f"key `{node.value}` is {_kind_of(value)}, not text", f'put it in quotes: "{node.value}"'
        else:
            message, fix = (
                "a map or a list cannot be a key",
                "put the value in quotes if `{` or `[` is part of the text",
            )
        self.part.error("NPV009", message, _offset(node), fix)
        return None

    def duplicate(self, key: str, node: Node, first: Node, *, joined: bool) -> None:
        """Report a key that stands twice; `joined`: so begins a second object, all of whose keys would be duplicates."""
        line = self.part.span(_offset(first)).line
        message = f"key `{key}` appears twice in one map (first at line {line}); Kubernetes would keep only the last"
        fix = "put a line `---` between the two objects" if joined else "join the two, or drop one"
        self.part.error("NPV008", message, _offset(node), fix)

    def expect_tag(self, node: Node, known: tuple[str, ...]) -> None:
        if node.tag not in known:
            message = f"the tag `{scalars.shown(node.tag)}` has no meaning in Kubernetes manifests"
            self.part.error("NPV012", message, _offset(node), "leave the tag out")


def _is_plain(node: ScalarNode) -> bool:
    return not node.style


def _offset(node: Node) -> int:
    return int(node.start_mark.index)


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [child for pair in node.value for child in pair]
    return node.value if isinstance(node, SequenceNode) else []


def _about(count: int) -> str:
    return f"{count:,}" if count < 10**9 else f"10^{math.floor(math.log10(count))}"


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    return "a boolean" if isinstance(value, bool) else "a number"
