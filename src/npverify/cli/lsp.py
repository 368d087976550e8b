"""`npverify lsp`: a language server on standard input and output, for editors."""

from __future__ import annotations

from npverify.cli.guard import OK
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
    serve()
    return OK
