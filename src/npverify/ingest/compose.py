"""YAML text to node trees: libyaml where PyYAML has it, else PyYAML's own parser, with the same result.

Nodes have the tag UNTAGGED where the text has no tag; what a scalar means is decided in `scalars`. Nothing is ever
constructed from a tag. Nesting is bounded while composing, because libyaml's composer recurses on the C stack.
"""

from __future__ import annotations

import re
from typing import Any

from yaml import YAMLError
from yaml.composer import Composer
from yaml.error import MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

try:
    from yaml._yaml import CParser
except ImportError:  # a PyYAML that was built without libyaml
    HAS_LIBYAML = False
else:
    HAS_LIBYAML = True

MAX_DEPTH = 200
"""Levels of nesting that are read; Kubernetes objects have about 20, and its API server refuses very deep ones too."""

UNTAGGED = "?"
"""The tag of nodes that have none in the text (YAML 1.2 calls it the non-specific tag)."""

# Below these counts libyaml's composer cannot recurse deep enough to matter, and the exact check is left to `construct`.
_MANY_OPENERS = 1000
_LONG_LEAD = 500
_OPENERS = re.compile(r"[\[{](?![\]}])")
_DEEP_LEAD = re.compile(rf"^[ \t?:-]{{{_LONG_LEAD}}}", re.MULTILINE)
_SURROGATE = re.compile("[\ud800-\udfff]")

__all__ = [
    "HAS_LIBYAML",
    "MAX_DEPTH",
    "MappingNode",
    "Node",
    "ScalarNode",
    "SequenceNode",
    "TooDeep",
    "YAMLError",
    "compose",
]


class TooDeep(Exception):
    """Nested deeper than MAX_DEPTH; `offset` is where that begins."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class _Unresolved:
    """Decides nothing about values without a tag."""

    def resolve(self, _kind: type[Node], _value: str, _implicit: tuple[bool, bool]) -> str:
        return UNTAGGED

    def descend_resolver(self, _parent: Node | None, _index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


class _Bounded(_Unresolved):
    """Counts the levels while composing. Guards the depth."""

    depth = 0

    def descend_resolver(self, parent: Node | None, _index: Any) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH + 1:
            raise TooDeep(parent.start_mark.index if parent else 0)

    def ascend_resolver(self) -> None:
        self.depth -= 1


class _PurePython(_Bounded, Reader, Scanner, Parser, Composer):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)

    def compose_scalar_node(self, anchor: Any) -> ScalarNode:
        node = super().compose_scalar_node(anchor)
        if _SURROGATE.search(node.value):
            raise MarkedYAMLError("while scanning text", node.start_mark, "found invalid Unicode", node.start_mark)
        return node


if HAS_LIBYAML:

    class _Fast(_Unresolved, CParser):
        pass

    class _FastBounded(_Bounded, CParser):
        pass


def compose(text: str, *, pure: bool = False) -> list[Node]:
    """The root nodes of all documents of `text`. Raises yaml.YAMLError and TooDeep. `pure` keeps libyaml out of it."""
    composer = _composer(text, pure)
    try:
        roots = []
        while composer.check_node():
            roots.append(composer.get_node())
        return roots
    except MarkedYAMLError as error:
        # a libyaml with a limit of its own looks ahead and may reach that first
        if "nesting depth" in str(error.problem) and not pure:
            return compose(text, pure=True)
        raise
    finally:
        composer.dispose()


def _composer(text: str, pure: bool) -> Any:
    if pure or not HAS_LIBYAML:
        return _PurePython(text)
    if len(_OPENERS.findall(text)) > _MANY_OPENERS or _DEEP_LEAD.search(text):
        return _FastBounded(text)
    return _Fast(text)
