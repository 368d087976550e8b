"""Regular expressions of requests, read into a small tree: the part of RE2 that Python's `re` reads in the same way.

Envoy and Cilium's agent match with RE2 (google/re2, doc/syntax.txt) and the whole text must match. Python differs in what is
refused here: look-around, back references, atomic groups and possessive repetition are no RE2 (`not_re2`); `\\b`, `\\A`, `\\z`,
`\\Q`, `\\p`, `\\C`, octal escapes and `\\x{…}`, classes such as `[[:alpha:]]`, flags but for `(?i)` in front, `{,n}` and anchors
inside are RE2 and either read otherwise by Python or not needed. With `re.ASCII` the rest means the same to both, on texts
without line breaks and vertical tabs; `(?i)` beside letters that fold into ASCII ones (K, long s) aside.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

LAST = 0x10FFFF
_MOST = 1000
"""The highest count of a repetition that RE2 takes."""

Ranges = tuple[tuple[int, int], ...]
"""Code points, as ranges with both ends included, ascending and apart."""


class Set(NamedTuple):
    """One letter out of some."""

    ranges: Ranges


class Sequence(NamedTuple):
    """One after the other; of nothing: the empty text."""

    parts: tuple[Pattern, ...]


class Choice(NamedTuple):
    """Any of two or more."""

    parts: tuple[Pattern, ...]


class Repeat(NamedTuple):
    """`least` times at the least, `most` at the most (None: any number)."""

    body: Pattern
    least: int
    most: int | None


Pattern = Set | Sequence | Choice | Repeat

NOTHING = Sequence(())
ANY = Set(((0, 9), (11, LAST)))
"""The dot, which is no line break."""


class PatternError(ValueError):
    """A text that is not read. `not_re2`: it is no expression of RE2 either, so that nothing can match with it."""

    def __init__(self, message: str, *, not_re2: bool = False) -> None:
        super().__init__(message)
        self.not_re2 = not_re2


@lru_cache(maxsize=4096)
def parse(text: str) -> Pattern:
    """The tree of an expression that is meant to match whole texts. Raises PatternError."""
    return _Parser(text).whole()


def literal(text: str) -> Pattern:
    """The tree of one text."""
    return Sequence(tuple(Set(((ord(letter), ord(letter)),)) for letter in text))


def is_literal(text: str) -> bool:
    """Whether an expression is one text, written as it is."""
    return not any(sign in text for sign in "\\.+*?()|[]{}^$")


def inverse(ranges: Ranges) -> Ranges:
    """All other code points."""
    found, at = [], 0
    for first, last in ranges:
        if at < first:
            found.append((at, first - 1))
        at = last + 1
    if at <= LAST:
        found.append((at, LAST))
    return tuple(found)


def merged(*ranges: tuple[int, int]) -> Ranges:
    """Ranges in order and apart."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


_DIGIT: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = ((9, 10), (12, 13), (32, 32))
_CLASSES = {
    "d": _DIGIT, "D": inverse(_DIGIT), "w": _WORD, "W": inverse(_WORD), "s": _SPACE, "S": inverse(_SPACE),
}  # fmt: skip
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "a": 7}
_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
_HEX = re.compile(r"x([0-9A-Fa-f]{2})")
_GROUP = re.compile(r"\?(:|P<[A-Za-z_][A-Za-z0-9_]*>)")
_NOT_RE2 = ("?=", "?!", "?<=", "?<!", "?>", "?#", "?(", "?P=", "?P>")
_AMBIGUOUS = ("[[", "&&", "||", "~~", "--", "[:")


class _Parser:
    """Reads one expression from left to right. Guards where it is."""

    def __init__(self, text: str) -> None:
        self.folds = text.startswith("(?i)")
        self.text = text.removeprefix("(?i)")
        self.at = 0
        self.names: set[str] = set()

    def whole(self) -> Pattern:
        """The expression; anchors at its two ends say nothing, since all of the text is matched."""
        text = self.text
        anchored = text.startswith("^"), text.endswith("$") and not _escaped(text)
        inner = text[anchored[0] : len(text) - anchored[1]]
        if any(anchored) and _splits(inner):
            raise PatternError("`^` and `$` beside `|` are not read here; put the choice in parentheses")
        self.text = inner
        found = self._choice()
        if self.at < len(self.text):
            raise PatternError("there is a `)` without its `(`", not_re2=True)
        return found

    def _choice(self) -> Pattern:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Pattern:
        parts: list[Pattern] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._repeated(self._one()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, body: Pattern) -> Pattern:
        count = self._count()
        if count is None:
            return body
        self._take("?")  # lazy: the same texts
        if self.at < len(self.text) and (self.text[self.at] in "*+?" or _COUNT.match(self.text, self.at)):
            raise PatternError("a repetition stands behind a repetition", not_re2=True)
        return Repeat(body, *count)

    def _count(self) -> tuple[int, int | None] | None:
        for sign, count in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return count
        if self.text.startswith("{,", self.at):
            raise PatternError("`{,` is not read here; write `{0,`")
        found = _COUNT.match(self.text, self.at)
        if found is None:
            return None
        self.at = found.end()
        least = int(found[1])
        most = least if found[2] is None else int(found[3]) if found[3] else None
        if max(least, most or 0) > _MOST or (most is not None and most < least):
            raise PatternError(f"`{found[0]}` is no repetition: RE2 counts up to {_MOST}", not_re2=True)
        return least, most

    def _one(self) -> Pattern:
        sign = self.text[self.at]
        self.at += 1
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        if sign == "\\":
            return self._set(self._escape())
        if sign == ".":
            return ANY
        if sign in "^$":
            raise PatternError(f"`{sign}` inside an expression is not read here")
        if sign in "*+?" or (sign == "{" and _COUNT.match(self.text, self.at - 1)):
            raise PatternError(f"nothing stands before `{sign}`", not_re2=True)
        return self._set(((ord(sign), ord(sign)),))

    def _group(self) -> Pattern:
        if self.text.startswith(_NOT_RE2, self.at):
            raise PatternError(f"RE2 has no `({self.text[self.at : self.at + 2]}`", not_re2=True)
        if self.text.startswith("?", self.at):
            found = _GROUP.match(self.text, self.at)
            if found is None:
                raise PatternError(f"`({self.text[self.at : self.at + 2]}` is not read here")
            if found[1] != ":":
                if found[1] in self.names:
                    raise PatternError(f"the group `{found[1][2:-1]}` is there twice", not_re2=True)
                self.names.add(found[1])
            self.at = found.end()
        body = self._choice()
        if not self._take(")"):
            raise PatternError("there is a `(` without its `)`", not_re2=True)
        return body

    def _class(self) -> Pattern:
        start = self.at
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            first = False
            if self.at >= len(self.text):
                raise PatternError("there is a `[` without its `]`", not_re2=True)
            low = self._member()
            dash = self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at)
            if dash and self.at + 1 < len(self.text):
                self.at += 1
                high = self._member()
                if len(low) != 1 or low[0][0] != low[0][1] or len(high) != 1 or high[0][0] != high[0][1]:
                    raise PatternError("a class such as `\\d` is no end of a range", not_re2=True)
                if high[0][0] < low[0][0]:
                    raise PatternError("a range ends before it begins", not_re2=True)
                low = ((low[0][0], high[0][0]),)
            ranges += low
        self.at += 1
        inside = self.text[start : self.at - 1]
        if any(sign in inside for sign in _AMBIGUOUS):
            raise PatternError(f"`[{inside}]` is not read here")
        found = self._set(merged(*ranges)).ranges
        return Set(inverse(found) if negated else found)

    def _member(self) -> Ranges:
        sign = self.text[self.at]
        self.at += 1
        return self._escape() if sign == "\\" else ((ord(sign), ord(sign)),)

    def _escape(self) -> Ranges:
        if self.at >= len(self.text):
            raise PatternError("there is a `\\` with nothing behind it", not_re2=True)
        sign = self.text[self.at]
        self.at += 1
        if sign in _CLASSES:
            return _CLASSES[sign]
        if sign in _CONTROLS:
            return ((_CONTROLS[sign], _CONTROLS[sign]),)
        if sign == "x" and (found := _HEX.match(self.text, self.at - 1)):
            self.at = found.end()
            return ((int(found[1], 16), int(found[1], 16)),)
        if sign in "123456789":
            raise PatternError("RE2 has no references back to a group", not_re2=True)
        if not sign.isascii() or sign.isalnum():
            raise PatternError(f"`\\{sign}` is not read here")
        return ((ord(sign), ord(sign)),)

    def _set(self, ranges: Ranges) -> Set:
        if not self.folds:
            return Set(ranges)
        both = list(ranges)
        for first, last in ranges:
            for low, high, shift in ((65, 90, 32), (97, 122, -32)):
                if max(first, low) <= min(last, high):
                    both.append((max(first, low) + shift, min(last, high) + shift))
        return Set(merged(*both))

    def _take(self, sign: str) -> bool:
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True


def _escaped(text: str) -> bool:
    """Whether the last sign of a text has a backslash before it that counts."""
    return (len(text) - 1 - len(text[:-1].rstrip("\\"))) % 2 == 1


def _splits(text: str) -> bool:
    """Whether a choice stands outside of parentheses, as far as one can see; True too where one cannot."""
    depth, at = 0, 0
    while at < len(text):
        if text[at] == "[":
            return "|" in text
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if text[at] == "|" and depth == 0:
            return True
        at += 2 if text[at] == "\\" else 1
    return False
