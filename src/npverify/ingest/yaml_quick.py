"""Plain block YAML, as `kubectl get -o yaml` and other programs write it, to values without a node for each word.

Exact by construction. A line is read here only where a pattern says that nothing but a key and a simple value stands in it;
any other entry is handed to the parser alone, with the deeper lines below it. That gives what the parser makes of it inside
the whole text: there, too, it begins in a new line at the same column with nothing but block collections open around it,
and it ends where a line begins that is not deeper. What the parser or `construct` does not take without a word, anchors, tags
and duplicate keys end the attempt: the document is then read in the ordinary way, which knows what to report.

Lines that were seen before, and entries with all that is below them, are looked up and not read again: the pods of a cluster
are much alike. So values may be shared, apart from each object itself and the maps right below it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from npverify.ingest import scalars
from npverify.ingest.compose import MAX_DEPTH, MappingNode, Node, SequenceNode, TooDeep, YAMLError, compose
from npverify.ingest.construct import Unusable, construct, is_merge
from npverify.ingest.scalars import Scalar
from npverify.ingest.source import Problems
from npverify.ingest.split import Chunk
from npverify.ingest.stored import Stored
from npverify.ingest.text import Part, Text

_QUOTED = r"""'((?:[ -&(-~]++|'')*+)'|"([ !#-\[\]-~]*+)\""""
# In block style a plain scalar ends at `: `, at ` #` and at the end of the line.
_INSIDE = r"[!-9;-~]++|:(?=[!-~])"
_PLAIN = rf"((?:[A-Za-z0-9_./$()+~;^<=\\]|-(?=[!-~]))(?:{_INSIDE}| ++(?=[!\"$-~]))*+)"
_KEY = rf"([A-Za-z0-9_./](?:{_INSIDE})*+)|{_QUOTED}"
_VALUE = rf"{_PLAIN}|{_QUOTED}|(\{{\}}|\[\])"
_LINE = re.compile(rf"(?:{_KEY}):(?: +(?:{_VALUE}|(\|-?)))?")
_BARE = re.compile(rf"(?:{_KEY}):")
_SCALAR = re.compile(_VALUE)
_COMMENT = re.compile(r"#[ -~]*+(?=\n|\Z)")
_PRINTABLE = re.compile(r"[ -~\n]*+")
_BEHIND = re.compile(r"\n(?=[^ \n-])")
_BEHIND_DEEPER = re.compile(r"\n(?=[^ \n])")
_REFERENCE = re.compile(r"(?:\A|[\s\[{,:])(?:[&*][A-Za-z0-9_-]|!)|[\x85\u2028\u2029\ufeff]")

_LONGEST_KEY = 900  # the parser takes keys of 1024 characters
_LONGEST_SNIPPET = 1 << 16
_DEEPEST = MAX_DEPTH // 3 - 1  # what is looked up may be as deep again as where it stands, and a snippet in it too
_REMEMBERED = 8_000  # entries of one column; forgetting all of them costs less than telling which are of use
_OWN = 2  # the levels of an object that are its own

_WINDOW = 1 << 22
"""Bytes of a large file that are in memory at a time."""
_LONGEST_ITEM = 4  # windows
_NOT_PLAIN = (b"\r", b"\0", b"\n---")

_UNSEEN = object()


class Quick(NamedTuple):
    """The map in a document, where it begins, and where each of its `items` and the line behind the last one begin."""

    value: dict[str, Any]
    start: int
    items: Sequence[int] = ()


class _NotSimple(Exception):
    """Only the parser can tell what stands here."""


class Reader:
    """Reads documents. Guards what it has seen: entries of maps and items of lists, by the column at which they stand."""

    def __init__(self) -> None:
        self._entries: dict[int, dict[str, tuple[str, Any]]] = {}
        self._items: dict[int, dict[str, Any]] = {}

    def document(self, content: str, chunk: Chunk, tidy: Callable[[Any], None]) -> Quick | None:
        """The map that a chunk of one document holds; None where only the parser can tell. About `tidy` see `read`."""
        start = _start(content, chunk.start, chunk.end)
        if start >= chunk.end or content[start] in " \n" or content[chunk.end - 1] != "\n":
            return None
        if (
            content.find("\r", start, chunk.end) >= 0
        ):  # the patterns take no such line, so it would all go to the parser bit by bit
            return None
        try:
            if (at := _items(content, start, chunk.end)) is not None:
                return self._list(content, start, at, chunk.end - 1, tidy)
            value = self._map(content[start : chunk.end - 1], 0, 0, _OWN)
        except _NotSimple:
            return None
        tidy(value)
        return Quick(value, start)

    def _list(self, content: str, start: int, at: int, end: int, tidy: Callable[[Any], None]) -> Quick:
        """A document with a list that begins at `at`: its items one by one, and the rest without them."""
        column = _column(content, at)
        behind = _behind(column).search(content, at, end)
        last = behind.start() if behind else end
        rest = self._around(content[start : at - 1] + content[last:end])
        offsets = array("Q")
        rest["items"] = items = []
        for a, b in _spans(content, at + column, last, column):
            items.append(self._item(content[a:b], column, 1, _OWN))
            tidy(items[-1])
            offsets.append(a - column)
        offsets.append(last + 1)
        return Quick(rest, start, offsets)

    def stored(self, stored: Stored, tidy: Callable[[Any], None]) -> Quick | None:
        """`document` of a file that stays on the disk and is one list in ASCII; None of any other, which is then read as a whole.

        A window is cut where its last item begins, so each item, and the line before whatever follows the list, is looked at
        with all that is in it.
        """
        try:
            return self._windows(stored, tidy)
        except _NotSimple:
            return None

    def _windows(self, stored: Stored, tidy: Callable[[Any], None]) -> Quick | None:
        windows = (stored.part(at, at + _WINDOW).decode("ascii", "replace") for at in range(0, stored.size, _WINDOW))
        text = next(windows, "")
        start = _start(text, 0, len(text))
        at = _items(text, start, len(text))
        if at is None or text[start] in " \n{[":  # what begins with a bracket may be JSON
            return None
        column = _column(text, at)
        if not _is_plain(stored):  # which is known in a fiftieth of the time that reading it takes
            return None
        head, base, text = text[start : at - 1], at + column, text[at + column :]
        items: list[Any] = []
        offsets = array("Q")
        ended = False
        while not ended:
            behind = _behind(column).search(text)
            more = "" if behind else next(windows, "")
            ended = not more
            last = behind.start() if behind else len(text) - 1 if ended else len(text)
            spans = list(_spans(text, 0, last, column))
            if len(text) > _LONGEST_ITEM * _WINDOW:
                raise _NotSimple
            kept = len(text) if ended else spans.pop()[0]  # an item that may go on
            for a, b in spans:
                items.append(self._item(text[a:b], column, 1, _OWN))
                tidy(items[-1])
                offsets.append(base + a - column)
            if not ended:
                base, text = base + kept, text[kept:] + more
        offsets.append(base + last + 1)
        tail = text[last:] + "".join(windows)
        if not tail.endswith("\n"):
            raise _NotSimple
        rest = self._around(head + tail[:-1])
        rest["items"] = items
        return Quick(rest, start, offsets)

    def _around(self, text: str) -> dict[str, Any]:
        """What stands around the items of a list."""
        rest = self._map(text, 0, 0, _OWN)
        if rest["items"] is not None:  # the list goes on behind a comment, or at another column
            raise _NotSimple
        return rest

    def _map(self, text: str, column: int, depth: int, own: int) -> dict[str, Any]:
        """The map whose first key stands at the start of `text`; its `own` upper levels are not shared."""
        if depth > _DEEPEST:
            raise _NotSimple
        found: dict[str, Any] = {}
        seen = self._entries.setdefault(column, {})
        key = ""
        items: list[Any] | None = None  # the list of the entry above, where that is nothing but a key
        for entry in _boundary(column).split(text):
            if entry.startswith("- "):  # at the column of its key
                if items is None:
                    raise _NotSimple
                items.append(self._item(entry, column, depth + 1, own - 1))
                found[key] = items
                continue
            shared = own < 2 or "\n" not in entry
            pair = seen.get(entry) if shared else None
            if pair is None:
                if _COMMENT.fullmatch(entry):
                    continue
                pair = self._entry(entry, column, depth, own)
                if shared:
                    _remember(seen, entry, pair)
            key, value = pair
            if key in found:
                raise _NotSimple
            found[key] = value
            # an empty value may be the beginning of a list, `null` and a comment that ends in a colon may not
            items = [] if value is None and _BARE.fullmatch(entry) else None
        if not found:  # nothing but comments
            raise _NotSimple
        return found

    def _entry(self, entry: str, column: int, depth: int, own: int) -> tuple[str, Any]:
        """The key and the value of an entry of a map, which may go on in deeper lines."""
        head, line_break, body = entry.partition("\n")
        if line := _LINE.fullmatch(head):
            key = _scalar(line[1], line[2], line[3])
            has_value = (line.lastindex or 0) > 3
            try:
                if type(key) is not str or len(key) > _LONGEST_KEY:
                    raise _NotSimple
                if line[8]:
                    return key, _literal(body, column, line[8])
                if not line_break:
                    return key, _value(line[4], line[5], line[6], line[7]) if has_value else None
                if not has_value:
                    return key, self._nested(body, column, depth + 1, own - 1)
            except _NotSimple:
                pass
        root, value = _parsed(entry, column)
        # a map in braces is one when it stands alone, and no entry of another
        if not isinstance(root, MappingNode) or root.flow_style or len(root.value) != 1 or is_merge(root.value[0][0]):
            raise _NotSimple
        ((key, value),) = value.items()
        return key, value

    def _nested(self, body: str, column: int, depth: int, own: int) -> Any:
        """The collection below a key at `column`."""
        text = body.lstrip(" ")
        deeper = len(body) - len(text)
        if deeper <= column:
            raise _NotSimple
        if text.startswith("- "):
            return self._sequence(text, deeper, depth)
        return self._map(text, deeper, depth, own)

    def _sequence(self, text: str, column: int, depth: int) -> list[Any]:
        """The list whose first `- ` stands at the start of `text`."""
        if depth > _DEEPEST:
            raise _NotSimple
        return [self._item(entry, column, depth + 1, 0) for entry in _boundary(column).split(text)]

    def _item(self, entry: str, column: int, depth: int, own: int) -> Any:
        """An item of a list, with its `- ` at `column`; its `own` upper levels are not shared."""
        if own > 0:
            return self._fresh_item(entry, column, depth, own)
        seen = self._items.setdefault(column, {})
        value = seen.get(entry, _UNSEEN)
        if value is _UNSEEN:
            value = self._fresh_item(entry, column, depth, own)
            _remember(seen, entry, value)
        return value

    def _fresh_item(self, entry: str, column: int, depth: int, own: int) -> Any:
        if not entry.startswith("- "):
            raise _NotSimple
        text = entry[2:]
        try:
            if text.startswith("- "):
                return self._sequence(text, column + 2, depth)
            if scalar := _SCALAR.fullmatch(text):
                return _value(scalar[1], scalar[2], scalar[3], scalar[4])
            return self._map(text, column + 2, depth, own)
        except _NotSimple:
            root, value = _parsed(entry, column)
            if isinstance(root, SequenceNode) and len(root.value) == 1:
                return value[0]
            raise


def _is_plain(stored: Stored) -> bool:
    """Whether a file is text in ASCII in which all lines end alike, and seems to be one document: whatever else there may be,
    the reader stops at, but then most of it would have been read in vain."""
    windows = (stored.part(at, at + _WINDOW) for at in range(0, stored.size, _WINDOW))
    return all(data.isascii() and not any(mark in data for mark in _NOT_PLAIN) for data in windows)


def _start(content: str, start: int, end: int) -> int:
    """Where a document begins behind its marker and comments."""
    if content.startswith("---\n", start):
        start += len("---\n")
    while comment := _COMMENT.match(content, start, end):
        start = comment.end() + 1
    return start


def _column(content: str, at: int) -> int:
    """Where in its line the list begins whose first line begins at `at`."""
    column = 0
    while content.startswith(" ", at + column):
        column += 1
    if not content.startswith("- ", at + column):
        raise _NotSimple
    return column


def _behind(column: int) -> re.Pattern[str]:
    """The line break behind a list at that column of a document."""
    return _BEHIND_DEEPER if column else _BEHIND


def _items(content: str, start: int, end: int) -> int | None:
    """Where the line behind `items:` begins, which stands at the first column; None if there is no such line."""
    if content.startswith("items:\n", start):
        return start + len("items:\n")
    at = content.find("\nitems:\n", start, end)
    return at + len("\nitems:\n") if at >= 0 else None


def _spans(content: str, start: int, end: int, column: int) -> Iterator[tuple[int, int]]:
    """Where the entries between two offsets begin and end; the first begins at `start`, the others at `column` of a line."""
    for boundary in _boundary(column).finditer(content, start, end):
        yield start, boundary.start()
        start = boundary.end()
    yield start, end


@cache
def _boundary(column: int) -> re.Pattern[str]:
    """The line break and the blanks before what stands at exactly this column."""
    return re.compile(rf"\n {{{column}}}(?=[^ \n])")


def _remember(seen: dict[str, Any], text: str, value: Any) -> None:
    if len(seen) >= _REMEMBERED:
        seen.clear()
    seen[text] = value


def _parsed(text: str, column: int) -> tuple[Node, Any]:
    """What the parser makes of an entry alone: its tree and its value."""
    snippet = f"{' ' * column}{text}\n"
    if len(snippet) > _LONGEST_SNIPPET or _REFERENCE.search(snippet):
        raise _NotSimple
    problems = Problems()
    try:
        roots = compose(snippet)
        if len(roots) != 1 or roots[0].start_mark.index != column:  # a comment may stand at its head
            raise _NotSimple
        value = construct(roots[0], Part(Text("", snippet), 0, len(snippet), problems), MAX_DEPTH - _DEEPEST)
    except (YAMLError, TooDeep, Unusable):
        raise _NotSimple from None
    if problems.errors:
        raise _NotSimple
    return roots[0], value


def _literal(body: str, column: int, header: str) -> str:
    """The text below `|` or `|-`, where it has neither blank lines nor unusual characters."""
    pad = len(body) - len(body.lstrip(" "))
    lines = body.split("\n")
    if pad <= column or not _PRINTABLE.fullmatch(body):
        raise _NotSimple
    if any(not line.strip() or line[:pad].strip() for line in lines):
        raise _NotSimple
    return "\n".join(line[pad:] for line in lines) + ("\n" if header == "|" else "")


def _value(plain: str | None, single: str | None, double: str | None, empty: str | None) -> Any:
    if empty is not None:
        return {} if empty == "{}" else []
    return _scalar(plain, single, double)


def _scalar(plain: str | None, single: str | None, double: str | None) -> Scalar:
    if plain is not None:
        return scalars.plain(plain)
    return double if single is None else single.replace("''", "'")
