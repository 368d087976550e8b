"""A large JSON text to the values that `json_text.parse` gives, in a fraction of the time; None where that is not certain.

msgspec reads what the standard library reads, refuses more (lone surrogates, numbers out of range), and differs in one
point: of equal keys it keeps the last and says nothing. That none was dropped is seen by counting colons. In a JSON text a
colon stands behind each key and inside texts, nowhere else; so the text has as many as its values written again, and one
more for each key that was dropped. A colon inside a text may also be spelled `\\u003a`; such a text is not read here.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from npverify.ingest.stored import Stored

if TYPE_CHECKING:
    from msgspec import Raw

WORTHWHILE = 1 << 20
"""Characters below which the standard library is quick enough."""

_COLON_SPELLED = ("\\u003a", "\\u003A")
_SPELLED = tuple(spelled.encode() for spelled in _COLON_SPELLED)
_HEAD = re.compile(
    rb'[ \t\r\n]*\{\s*(?:"(?:apiVersion|kind)"\s*:\s*"[^"\\]*"\s*,\s*)*"items"\s*:\s*\[([ \t\r]*\n[ \t]*)\{'
)
_HEAD_SIZE = 4096
_FIRST, _LAST = b"[]"
_WINDOW = 1 << 22
"""Bytes of a large file that are in memory at a time."""
_BATCH = 16  # what is made of them stays in the cache of the processor until it is counted and tidied


class Quick(NamedTuple):
    """The value of a text, and how many characters each item of its `items` has, if that is a list."""

    value: dict[str, Any]
    lengths: Sequence[int]


Shortcut = Callable[["Raw"], tuple[Any, dict[str, Any]] | None]
"""Reads an item whose types it knows: something that is written again with as many colons as the text has unless a key
stands twice, and the value as `tidy` would leave it; None if the text may be anything else."""


@runtime_checkable
class HasShortcut(Protocol):
    """A way to tidy that knows how to read some items in less time."""

    def shortcut(self) -> Shortcut:
        """The reader of such items."""
        ...


def decode(content: str | bytes, tidy: Callable[[Any], None]) -> Quick | None:
    """The map that a text holds, without `NaN`, duplicate keys and whatever is not valid; None if it may be anything else.

    Bytes are a text in ASCII. `tidy` may take out of each item, once it is read, what nobody asks for.
    """
    import msgspec  # costs 10 ms, which small inputs need not pay

    if _holds(content, "\\") and any(_holds(content, spelled) for spelled in _COLON_SPELLED):
        return None
    narrow = content.isascii()
    value: dict[str, Any] = {}
    items = _Items(tidy)
    colons = 0
    decoder = msgspec.json.Decoder()
    try:
        for key, raw in msgspec.json.decode(content, type=dict[str, msgspec.Raw]).items():
            if key != "items" or bytes(memoryview(raw)[:1]) != b"[":
                value[key] = decoder.decode(raw)
                colons += msgspec.json.encode({key: value[key]}).count(b":")
                continue
            colons += 1
            value[key] = items.values
            items.take(raw, narrow=narrow)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    written_out = content.count(":") if isinstance(content, str) else content.count(b":")
    return Quick(value, items.lengths) if colons + items.colons == written_out else None


def decode_stored(stored: Stored, tidy: Callable[[Any], None]) -> Quick | None:
    """`decode` of a list in ASCII that stays on the disk, where its items begin on lines of their own; None of any other.

    It is cut where an item seems to end, and each piece is read as a list. Items beside items are a list however it is cut, so
    if all pieces are lists, and what is around them is a map, then the whole is what they are together.
    """
    import msgspec

    head = _HEAD.match(stored.part(0, _HEAD_SIZE))
    if head is None:
        return None
    behind = (
        b"}," + head[1] + b"{"
    )  # `[`, then this white space, then the first item; deeper lists are indented further
    items = _Items(tidy)
    counted = 0
    room, filled, at = bytearray(_WINDOW), 0, head.start(1) - 1
    begin = stored.part(0, at)
    rest = b""
    try:
        while True:
            if filled == len(room):
                room += bytes(len(room))  # an item that is larger than the window
            count = min(len(room) - filled, stored.size - at)
            stored.into(at, memoryview(room)[filled : filled + count])
            filled, at = filled + count, at + count
            last = at == stored.size
            cut = room.rfind(b"]", 0, filled) if last else room.rfind(behind, 0, filled) + 1
            if cut <= 0:
                if last:
                    return None
                continue
            if last:
                rest = bytes(room[cut:filled])
                filled = cut
            kept = bytes(room[cut + 1 : filled])
            room[cut] = _LAST
            piece = memoryview(room)[: cut + 1]
            if not _is_plain(room, filled):
                return None
            counted += room.count(b":", 0, cut)
            items.take(piece, narrow=True)
            del piece
            if last:
                break
            room[0] = _FIRST
            room[1 : 1 + len(kept)] = kept
            filled = 1 + len(kept)
        around = begin + b"[" + rest
        value = msgspec.json.decode(around, type=dict[str, Any])
        if not around.isascii() or b"\\" in around:
            return None
        colons = msgspec.json.encode(value).count(b":") + items.colons
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    value["items"] = items.values
    return Quick(value, items.lengths) if colons == counted + around.count(b":") else None


class _Items:
    """The items of a list, piece by piece. Guards their values, the lengths of their texts, and how many colons there are in
    these, written again."""

    def __init__(self, tidy: Callable[[Any], None]) -> None:
        import msgspec

        self.values: list[Any] = []
        self.lengths = array("Q")
        self.colons = 0
        self._tidy = tidy
        given: object = tidy
        self._shortcut = given.shortcut() if isinstance(given, HasShortcut) else None
        self._decode = msgspec.json.Decoder().decode
        self._pieces = msgspec.json.Decoder(list[msgspec.Raw]).decode
        self._encode = msgspec.json.Encoder().encode

    def take(self, piece: Raw | memoryview, *, narrow: bool) -> None:
        """Read a list of further items, which is ASCII if it is `narrow`. MsgspecError if it is none."""
        shortcut, decode = self._shortcut, self._decode
        raws = self._pieces(piece)
        for start in range(0, len(raws), _BATCH):
            batch = raws[start : start + _BATCH]
            self.lengths.extend([memoryview(item).nbytes if narrow else len(bytes(item).decode()) for item in batch])
            written: list[Any] = []
            others = []
            for item in batch:
                known = shortcut(item) if shortcut is not None else None
                if known is not None:
                    as_text, read = known
                else:
                    as_text = read = decode(item)
                    others.append(read)
                written.append(as_text)
                self.values.append(read)
            self.colons += self._encode(written).count(b":")
            for item in others:
                self._tidy(item)


def _is_plain(room: bytearray, filled: int) -> bool:
    """Whether the bytes are ASCII in which a colon is a colon."""
    # behind `filled` there may be bytes of the window before, which were looked at then
    return room.isascii() and all(room.find(other, 0, filled) < 0 for other in _SPELLED)


def _holds(content: str | bytes, text: str) -> bool:
    return text in content if isinstance(content, str) else text.encode() in content
