"""A large file that stays on the disk: it is decoded window by window, and what is asked for later is read again.

Nothing of it is held but the window that was read last. A file that is changed in the meantime cannot be used: what is read
of it then would not be what was judged.
"""

from __future__ import annotations

import os
import weakref

from npverify.ingest.source import InputError, Span
from npverify.ingest.text import Text

_WINDOW = 1 << 20


class Stored:
    """A file on the disk by its offsets. Guards the open file; `size` is in bytes. OSError if it cannot be opened."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._file = open(name, "rb", buffering=0)  # noqa: SIM115  # it is read for as long as anybody has it
        weakref.finalize(self, self._file.close)
        self._state = self._now()
        self.size = self._state[0]

    def _now(self) -> tuple[int, int]:
        found = os.stat(self._file.fileno())
        return found.st_size, found.st_mtime_ns

    def is_as(self, other: Stored) -> bool:
        """Whether another look at a file of the same name found what this one did, by its size and time."""
        return self.name == other.name and self._state == other._state

    def into(self, start: int, room: memoryview) -> None:
        """Fill `room` with the bytes from `start` on. InputError if they are not there any more, or not the same."""
        self._file.seek(start)
        filled = 0
        while filled < len(room):
            count = self._file.readinto(room[filled:])
            if not count:
                break
            filled += count
        if filled < len(room) or self._now() != self._state:
            fix = "run it again once nothing writes to it"
            raise InputError.one(
                "NPV002", f"cannot read `{self.name}`: it changed while it was read", Span(self.name), fix
            )

    def part(self, start: int, end: int) -> bytes:
        """The bytes between two offsets."""
        found = bytearray(max(0, min(end, self.size) - start))
        self.into(start, memoryview(found))
        return bytes(found)

    def close(self) -> None:
        """Give the file back; nothing can be read any more."""
        self._file.close()


class StoredText(Text):
    """A stored file that holds nothing but ASCII. Guards the window that was read last, and the content, which is read when
    somebody asks for it."""

    __slots__ = ("_at", "_content", "_last", "_stored")

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._at, self._last = 0, b""
        self._content: str | None = None
        super().__init__(stored.name, "")

    @property
    def content(self) -> str:
        """The whole text."""
        if self._content is None:
            self._content = self._stored.part(0, self._stored.size).decode("ascii")
        return self._content

    @content.setter
    def content(self, _: str) -> None:
        """The file has it."""

    def part(self, start: int, end: int) -> str:
        """The characters between two offsets."""
        return self._bytes(start, end).decode("ascii")

    def blank_end(self, offset: int) -> int:
        """Where the white space that may stand at `offset` ends."""
        while offset < self._stored.size:
            near = self._bytes(offset, offset + 256)
            left = near.lstrip(b" \t\n\r")
            offset += len(near) - len(left)
            if left:
                break
        return offset

    def _bytes(self, start: int, end: int) -> bytes:
        end = min(end, self._stored.size)
        if not self._at <= start <= end <= self._at + len(self._last):
            if end - start > _WINDOW // 2:
                return self._stored.part(start, end)
            self._at = start
            self._last = self._stored.part(start, start + _WINDOW)
        return self._last[start - self._at : max(start, end) - self._at]

    def _length(self) -> int:
        return self._stored.size

    def _breaks(self, start: int, end: int) -> int:
        return self._bytes(start, end).count(b"\n")

    def _last_break(self, start: int, end: int) -> int:
        found = self._bytes(start, end).rfind(b"\n")
        return start + found if found >= 0 else -1

    def _next_break(self, start: int) -> int:
        while start < self._stored.size:
            near = self._bytes(start, start + 4096)
            found = near.find(b"\n")
            if found >= 0:
                return start + found
            start += len(near)
        return -1
