"""Sets of texts, by derivatives of regular expressions, and the kinds of texts that several of them tell apart.

Source: Brzozowski, Derivatives of Regular Expressions (1964); Owens, Reppy, Turon, Regular-expression derivatives re-examined
(2009): letters with which no expression goes on otherwise are tried once, and expressions that are plainly equal are one.
Not trusted: tests hold it against Python's `re`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence

from npverify.normal.patterns import LAST, Choice, Pattern, Ranges, Repeat, Set

NONE, EMPTY, ALL = 0, 1, 2
"""The numbers of no text, of the empty text alone, and of every text."""

MOST_WORK = 300_000
"""Derivatives that may be taken to tell texts apart: about two seconds."""

_Key = tuple[object, ...]


class TooManyKindsError(Exception):
    """Texts fall into more kinds than can be told apart in reasonable time."""


class Languages:
    """Numbers for expressions. Guards the tables; an equal expression has an equal number."""

    def __init__(self) -> None:
        self._keys: list[_Key] = []
        self._numbers: dict[_Key, int] = {}
        self._nullable: list[bool] = []
        self._cuts: dict[int, frozenset[int]] = {}
        self._next: dict[tuple[int, int], int] = {}
        for key, nullable in ((("none",), False), (("empty",), True), (("all",), True)):
            self._number(key, nullable=nullable)

    def of(self, pattern: Pattern) -> int:
        """The texts that an expression matches as a whole."""
        if isinstance(pattern, Set):
            return self.letters(pattern.ranges)
        if isinstance(pattern, Choice):
            return self.any_of(map(self.of, pattern.parts))
        if isinstance(pattern, Repeat):
            return self.repeated(self.of(pattern.body), pattern.least, pattern.most)
        found = EMPTY
        for part in reversed(pattern.parts):
            found = self.then(self.of(part), found)
        return found

    def letters(self, ranges: Ranges) -> int:
        """Texts of one letter."""
        return self._number(("letters", ranges), nullable=False) if ranges else NONE

    def any_of(self, parts: Iterable[int]) -> int:
        """The union."""
        return self._join("any", parts, absorbing=ALL, neutral=NONE)

    def all_of(self, parts: Iterable[int]) -> int:
        """What all have in common."""
        return self._join("every", parts, absorbing=NONE, neutral=ALL)

    def without(self, body: int) -> int:
        """All other texts."""
        if body in (NONE, ALL):
            return NONE + ALL - body
        key = self._keys[body]
        if key[0] == "not":
            return _int(key[1])
        return self._number(("not", body), nullable=not self._nullable[body])

    def holds(self, number: int, text: str) -> bool:
        """Whether a text is one of a set."""
        for letter in text:
            number = self.after(number, ord(letter))
        return self._nullable[number]

    def after(self, number: int, letter: int) -> int:
        """What may follow a letter (a code point)."""
        found = self._next.get((number, letter))
        if found is None:
            found = self._next[number, letter] = self._derived(number, letter)
        return found

    def kinds(self, within: int, sets: Sequence[int], letters: str, first: Sequence[str] = ()) -> dict[int, str]:
        """The texts of a set by which of several sets they are in, as bits, each with one of them: of `first` one that is of
        that kind, else a shortest, made of early `letters` if it can be. Raises TooManyKindsError."""
        found: dict[int, str] = {}
        for text in first:
            if self.holds(within, text):
                found.setdefault(sum(1 << n for n, one in enumerate(sets) if self.holds(one, text)), text)
        ranks = {ord(letter): rank for rank, letter in enumerate(letters)}
        codes = sorted(ranks)
        start = (within, tuple((n, one) for n, one in enumerate(sets) if one != NONE))
        known = {start}
        queue = deque([(start, "")])
        work = 0
        while queue:
            (here, live), text = queue.popleft()
            if self._nullable[here]:
                found.setdefault(sum(1 << n for n, one in live if self._nullable[one]), text)
            cuts = sorted(self.cuts(here).union(*(self.cuts(one) for _, one in live)) | {0})
            onward: dict[tuple[int, tuple[tuple[int, int], ...]], tuple[int, int]] = {}
            for low, after in zip(cuts, [*cuts[1:], LAST + 1], strict=True):
                likely = codes[bisect_left(codes, low) : bisect_left(codes, after)]
                rank, letter = min(((ranks[code], code) for code in likely), default=(len(ranks) + low, low))
                there = self.after(here, letter)
                work += 1 + len(live)
                if there == NONE:
                    continue
                ahead = ((n, self.after(one, letter)) for n, one in live)
                state = (there, tuple((n, one) for n, one in ahead if one != NONE))
                if state not in known and (rank, letter) < onward.get(state, (LAST * 2, 0)):
                    onward[state] = (rank, letter)
            if work > MOST_WORK:
                raise TooManyKindsError
            for state, (_, letter) in sorted(onward.items(), key=lambda item: item[1]):
                known.add(state)
                queue.append((state, text + chr(letter)))
        return found

    def cuts(self, number: int) -> frozenset[int]:
        """Where a run of letters begins with all of which a set goes on alike."""
        found = self._cuts.get(number)
        if found is None:
            found = self._cuts[number] = self._new_cuts(self._keys[number])
        return found

    def _new_cuts(self, key: _Key) -> frozenset[int]:
        match key:
            case ("letters", tuple() as ranges):
                return frozenset(edge for first, last in ranges for edge in (first, last + 1) if edge <= LAST)
            case ("then", int() as first, int() as second):
                return self.cuts(first) | self.cuts(second) if self._nullable[first] else self.cuts(first)
            case ("any" | "every", tuple() as parts):
                return frozenset[int]().union(*map(self.cuts, parts))
            case ("not", int() as body) | ("repeat", int() as body, _, _):
                return self.cuts(body)
        return frozenset()

    def _derived(self, number: int, letter: int) -> int:
        match self._keys[number]:
            case ("all",):
                return ALL
            case ("letters", tuple() as ranges):
                return EMPTY if any(first <= letter <= last for first, last in ranges) else NONE
            case ("then", int() as first, int() as second):
                found = self.then(self.after(first, letter), second)
                return self.any_of((found, self.after(second, letter))) if self._nullable[first] else found
            case ("any", tuple() as parts):
                return self.any_of(self.after(part, letter) for part in parts)
            case ("every", tuple() as parts):
                return self.all_of(self.after(part, letter) for part in parts)
            case ("not", int() as body):
                return self.without(self.after(body, letter))
            case ("repeat", int() as body, int() as least, most):
                fewer = None if most is None else _int(most) - 1
                return self.then(self.after(body, letter), self.repeated(body, max(least - 1, 0), fewer))
        return NONE

    def repeated(self, body: int, least: int, most: int | None) -> int:
        """One text of a set after another: `least` of them at the least, `most` at the most (None: any number)."""
        if most == 0 or body in (NONE, EMPTY):
            return NONE if body == NONE and least else EMPTY
        if (least, most) == (1, 1) or body == ALL:
            return body
        return self._number(("repeat", body, least, most), nullable=least == 0 or self._nullable[body])

    def then(self, first: int, second: int) -> int:
        """A text of one set and behind it one of another."""
        if NONE in (first, second):
            return NONE
        if EMPTY in (first, second):
            return second if first == EMPTY else first
        key = self._keys[first]
        if key[0] == "then":  # to the right, so that equal ones are written alike
            return self.then(_int(key[1]), self.then(_int(key[2]), second))
        return self._number(("then", first, second), nullable=self._nullable[first] and self._nullable[second])

    def _join(self, name: str, parts: Iterable[int], *, absorbing: int, neutral: int) -> int:
        kept: set[int] = set()
        for part in parts:
            key = self._keys[part]
            inner: Iterable[int] = key[1] if key[0] == name and isinstance(key[1], tuple) else (part,)
            kept.update(inner)
        kept.discard(neutral)
        if absorbing in kept:
            return absorbing
        if len(kept) < 2:
            return next(iter(kept), neutral)
        nullables = [self._nullable[part] for part in kept]
        return self._number((name, tuple(sorted(kept))), nullable=any(nullables) if name == "any" else all(nullables))

    def _number(self, key: _Key, *, nullable: bool) -> int:
        found = self._numbers.setdefault(key, len(self._keys))
        if found == len(self._keys):
            self._keys.append(key)
            self._nullable.append(nullable)
        return found


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value
