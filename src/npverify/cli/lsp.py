"""`npverify lsp`: a language server on standard input and output, for editors."""

from __future__ import annotations

import sys

from npverify.cli.guard import OK
from npverify.cli.output import say
from npverify.ingest.source import InputError


def lsp() -> int:
    """Serve an editor: marks, verdicts, names and completion for manifests and .npv files (Language Server Protocol)."""
    try:
        from npverify.lsp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        fix = "pip install 'npverify[lsp]'"
        raise InputError.one("NPV635", "the language server needs pygls, which is not installed", fix=fix) from None
    if sys.stdin.isatty():
        say("npverify lsp is for editors, which speak to it over standard input (docs/editor.md); Ctrl-D ends it\n")
    serve()
    return OK
