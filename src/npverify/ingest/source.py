"""Positions in input files, and the messages that point at them.

Exceptions of the whole program, as a tree:

    Exception
    ├── InputError        something that the user gave cannot be used; carries every `Diagnostic` of the run (exit 2)
    └── InternalError     npverify contradicted itself (exit 4); raised by `analyses`, never for bad input
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Self

Severity = Literal["error", "warning"]


class _Later:
    """Holds what finds a place that nobody has asked for yet."""

    __slots__ = ("_find",)
    _find: Callable[[], Span]


@dataclass(frozen=True, slots=True, order=True)
class Span(_Later):
    """A place in an input file; line and column count from 1, 0 where only the file is known."""

    file: str
    line: int = 0
    column: int = 0

    @classmethod
    def later(cls, find: Callable[[], Span]) -> Span:
        """The place that `find` gives, which is asked for it when somebody looks: finding one reads its text again, and of
        the places of a large input few are ever shown. `find` must give the same whenever it is called."""
        span = cls.__new__(cls)
        object.__setattr__(span, "_find", find)
        return span

    def __getattr__(self, name: str) -> str | int:
        # called for slots that are empty, which are those of a span that was not looked for
        if name not in ("file", "line", "column"):
            raise AttributeError(name)
        found = self._find()
        object.__setattr__(self, "file", found.file)
        object.__setattr__(self, "line", found.line)
        object.__setattr__(self, "column", found.column)
        object.__delattr__(self, "_find")
        return getattr(found, name)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message about the input.

    `code` is stable (`NPV021`) and listed in docs/errors.md. `message` is one lower-case sentence that quotes the
    user's text in backticks; `fix` says what to do. `excerpt` is the text of the source line, for the caret.
    """

    code: str
    message: str
    span: Span | None = None
    fix: str = ""
    severity: Severity = "error"
    excerpt: str = ""


UNREAD = frozenset({"NPV015", "NPV016", "NPV017"})
"""Warnings of what was not read, or not as its owner means it. What an error misses may be there, so they go with errors."""


class InputError(Exception):
    """Input that cannot be used; `diagnostics` holds every problem that was found, in order, behind the warnings `UNREAD`."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(
            "; ".join(f"{d.span or 'input'}: {d.message}" for d in self.diagnostics if d.severity == "error")
        )

    @classmethod
    def one(cls, code: str, message: str, span: Span | None = None, fix: str = "") -> Self:
        """An error that stands alone."""
        return cls([Diagnostic(code, message, span, fix)])


class InternalError(Exception):
    """npverify contradicted itself, for example a counterexample that the oracle does not confirm."""


class Problems:
    """Collects diagnostics over a whole run, so that the user sees all of them at once."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def error(self, code: str, message: str, span: Span | None = None, fix: str = "", excerpt: str = "") -> None:
        """Note something that makes the input unusable."""
        self._found.append(Diagnostic(code, message, span, fix, "error", excerpt))

    def warn(self, code: str, message: str, span: Span | None = None, fix: str = "", excerpt: str = "") -> None:
        """Note something that the user should know but that does not stop the run."""
        self._found.append(Diagnostic(code, message, span, fix, "warning", excerpt))

    def extend(self, more: Iterable[Diagnostic]) -> None:
        """Add diagnostics that were found elsewhere."""
        self._found.extend(more)

    @property
    def count(self) -> int:
        """How many messages there are so far, equal ones among them."""
        return len(self._found)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What stops the run, in the order of files and lines."""
        return self._sorted("error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What does not stop it, in the order of files and lines."""
        return self._sorted("warning")

    def raise_errors(self) -> None:
        """Raise one `InputError` with every error, if there is any, and with what was not read."""
        if errors := self.errors:
            raise InputError((*(d for d in self.warnings if d.code in UNREAD), *errors))

    def _sorted(self, severity: Severity) -> tuple[Diagnostic, ...]:
        if not self._found:
            return ()
        chosen = [d for d in dict.fromkeys(self._found) if d.severity == severity]
        return tuple(sorted(chosen, key=lambda d: (d.span or Span(""), d.code, d.message)))
