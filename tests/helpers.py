"""What tests of several packages need: documents from YAML text."""

from __future__ import annotations

from npverify.ingest.document import Document
from npverify.ingest.read import read
from npverify.ingest.source import Problems


def documents(yaml_text: str) -> tuple[Document, ...]:
    """The Kubernetes objects in a YAML text, with positions in the file `<stdin>`; InputError if it cannot be read."""
    problems = Problems()
    bundle = read(["-"], problems, wanted=lambda api_version, kind: True, stdin=yaml_text.encode)
    problems.raise_errors()
    return bundle.documents
