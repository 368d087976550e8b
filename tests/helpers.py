"""What tests of several packages need: documents from YAML text."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from npverify.ingest.document import Document, Path
from npverify.ingest.source import Span


@dataclass
class _Tree:
    node: yaml.Node
    lines: list[str]

    def locate(self, path: Path, *, key: bool = False) -> Span:
        at, shown = self.node, self.node
        for part in path:
            if isinstance(at, yaml.MappingNode):
                found = next(((k, v) for k, v in at.value if k.value == part), None)
                if found is None:
                    break
                at = found[1]
                shown = found[0] if key and part == path[-1] else at
            elif isinstance(at, yaml.SequenceNode) and isinstance(part, int) and part < len(at.value):
                shown = at = at.value[part]
            else:
                break
        return Span("test.yaml", shown.start_mark.line + 1, shown.start_mark.column + 1)

    def excerpt(self, span: Span) -> str:
        return self.lines[span.line - 1]


def documents(yaml_text: str) -> tuple[Document, ...]:
    """The Kubernetes objects in a YAML text, with positions in the file `test.yaml`."""
    lines = yaml_text.splitlines()
    found = []
    for node in yaml.compose_all(yaml_text):
        value = yaml.SafeLoader("").construct_document(node)
        meta = value.get("metadata") or {}
        found.append(
            Document(
                value["apiVersion"],
                value["kind"],
                meta.get("namespace"),
                meta.get("name") or "",
                value,
                _Tree(node, lines),
            )
        )
    return tuple(found)
