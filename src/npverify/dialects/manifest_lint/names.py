"""Names that differ by one slip of the hand."""

from __future__ import annotations

from collections.abc import Iterable

_SHORTEST = 3


def one_slip(word: str, other: str) -> bool:
    """Whether two names differ by one letter (left out, added, another one), by two neighbours in each other's place, or by
    case and separators alone.

    A digit more or less tells names apart (`db1`, `db2`), and so does any letter of a very short name.
    """
    if word == other or min(len(word), len(other)) < _SHORTEST:
        return False
    if _plain(word) == _plain(other):
        return True
    if len(word) > len(other):
        word, other = other, word
    if len(other) - len(word) > 1:
        return False
    at = next((i for i, letter in enumerate(word) if letter != other[i]), len(word))
    if len(word) < len(other):
        return word[at:] == other[at + 1 :] and not other[at].isdigit()
    if word[at + 1 :] == other[at + 1 :]:
        return not (word[at].isdigit() or other[at].isdigit())
    swapped = word[at : at + 2] == other[at : at + 2][::-1] and word[at + 2 :] == other[at + 2 :]
    return swapped and not word[at : at + 2].isdigit()


def slipped(word: str, known: Iterable[str]) -> str | None:
    """The first of the known names, by the alphabet, that differs from a word by one slip; None if the word is known."""
    names = set(known)
    return None if word in names else next((name for name in sorted(names) if one_slip(word, name)), None)


def _plain(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "").replace(".", "")
