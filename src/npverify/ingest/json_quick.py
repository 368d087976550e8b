"""A large JSON text to the values that `json_text.parse` gives, in a fraction of the time; None where that is not certain.

msgspec reads what the standard library reads, refuses more (lone surrogates, numbers out of range), and differs in one
point: of equal keys it keeps the last and says nothing. That none was dropped is seen by counting colons. In a JSON text a
colon stands behind each key and inside texts, nowhere else; so the text has as many as its values written again, and one
more for each key that was dropped. A colon inside a text may also be spelled `\\u003a`; such a text is not read here.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from msgspec import Raw

WORTHWHILE = 1 << 20
"""Characters below which the standard library is quick enough."""

_COLON_SPELLED = ("\\u003a", "\\u003A")
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
    lengths = array("Q")
    colons = 0
    decoder = msgspec.json.Decoder()
    given: object = tidy
    shortcut = given.shortcut() if isinstance(given, HasShortcut) else None
    try:
        for key, raw in msgspec.json.decode(content, type=dict[str, msgspec.Raw]).items():
            if key != "items" or bytes(memoryview(raw)[:1]) != b"[":
                value[key] = decoder.decode(raw)
                colons += msgspec.json.encode({key: value[key]}).count(b":")
                continue
            colons += 1
            items: list[Any] = []
            value[key] = items
            raws = msgspec.json.decode(raw, type=list[msgspec.Raw])
            for start in range(0, len(raws), _BATCH):
                batch = raws[start : start + _BATCH]
                lengths.extend(memoryview(item).nbytes if narrow else len(bytes(item).decode()) for item in batch)
                written: list[Any] = []
                others = []
                for item in batch:
                    known = shortcut(item) if shortcut is not None else None
                    if known is not None:
                        as_text, read = known
                    else:
                        as_text = read = decoder.decode(item)
                        others.append(read)
                    written.append(as_text)
                    items.append(read)
                colons += msgspec.json.encode(written).count(b":")
                for item in others:
                    tidy(item)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    written_out = content.count(":") if isinstance(content, str) else content.count(b":")
    return Quick(value, lengths) if colons == written_out else None


def _holds(content: str | bytes, text: str) -> bool:
    return text in content if isinstance(content, str) else text.encode() in content
