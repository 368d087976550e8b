"""A page for each code that a mark can link to: what `npverify rule CODE` prints, as a file that any editor can open.

The program has no home on the web that it could link to, and an editor may be offline.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from npverify.analyses.lint.registry import RULES
from npverify.report.lint_page import explanation
from npverify.report.messages import message_text, messages


class CodePages:
    """Guards a temporary folder, which is made with the first page and is gone with `close`."""

    def __init__(self) -> None:
        self._folder: TemporaryDirectory[str] | None = None

    def uri(self, code: str) -> str | None:
        """Where the page of a rule or of a message is; None for another code, and where nothing can be written."""
        said = _said(code)
        if said is None:
            return None
        try:
            if self._folder is None:
                self._folder = TemporaryDirectory(prefix="npverify-rules-")
            page = Path(self._folder.name) / f"{code}.txt"
            if not page.exists():
                page.write_text(said, encoding="utf-8")
        except OSError:
            return None
        return page.as_uri()

    def close(self) -> None:
        """Remove the pages."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def _said(code: str) -> str | None:
    if code in RULES:
        return explanation(RULES[code].about)
    return message_text(messages()[code]) if code in messages() else None
