"""The flows of a report as a picture: Graphviz's language, or Mermaid's, which repositories show in Markdown.

Arrows of one kind between two ends are one, with their traffic in a few lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from npverify.report.items import Edge, Report, State, Style
from npverify.report.paint import printable

_COLORS: Mapping[Style, str] = {"flow": "#c0392b", "opened": "#1e8449", "closed": "#c0392b", "changed": "#b7950b"}
_DASHES: Mapping[Style, str] = {"flow": "solid", "opened": "solid", "closed": "dashed", "changed": "solid"}
_MERMAID: Mapping[Style, str] = {"flow": "-->", "opened": "-->", "closed": "-.->", "changed": "==>"}
_MOST_LINES = 4


def edges_of(report: Report) -> tuple[Edge, ...]:
    """The arrows of what did not pass, each pair of ends once for each style, in the order in which they come."""
    joined: dict[tuple[str, str, Style], list[str]] = {}
    for item in report.of(State.FAILED, State.OPEN):
        for edge in item.edges:
            texts = joined.setdefault((edge.src, edge.dst, edge.style), [])
            if edge.text not in texts:
                texts.append(edge.text)
    return tuple(Edge(src, dst, _lines(texts), style) for (src, dst, style), texts in joined.items())


def _lines(texts: Sequence[str]) -> str:
    shown = list(texts[:_MOST_LINES])
    return "\n".join([*shown, f"and {len(texts) - _MOST_LINES} more"] if len(texts) > _MOST_LINES else shown)


def dot(edges: Sequence[Edge], title: str) -> str:
    """The picture for `dot` (Graphviz)."""
    return "".join(f"{line}\n" for line in _dot(edges, title))


def _dot(edges: Sequence[Edge], title: str) -> Iterator[str]:
    yield "digraph npverify {"
    yield f"  label={_quoted(title)};"
    yield '  labelloc="t"; rankdir="LR"; fontname="sans-serif";'
    yield '  node [shape="box", style="rounded", fontname="sans-serif"];'
    yield '  edge [fontname="sans-serif", fontsize="10"];'
    yield from (f"  {_quoted(name)};" for name in _ends(edges))
    for edge in edges:
        look = f'color="{_COLORS[edge.style]}", style="{_DASHES[edge.style]}"'
        yield f"  {_quoted(edge.src)} -> {_quoted(edge.dst)} [label={_quoted(edge.text)}, {look}];"
    yield "}"


def _quoted(text: str) -> str:
    """A quoted string, in which Graphviz reads `\\\\` and `\\n` (Graphviz documentation, escString)."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def mermaid(edges: Sequence[Edge], title: str) -> str:
    """The picture for Mermaid."""
    return "".join(f"{line}\n" for line in _mermaid(edges, title))


def _mermaid(edges: Sequence[Edge], title: str) -> Iterator[str]:
    yield "---"
    yield f"title: {_yaml(title)}"
    yield "---"
    yield "flowchart LR"
    names = {name: f"n{number}" for number, name in enumerate(_ends(edges), 1)}
    yield from (f'  {id_}["{_entities(name)}"]' for name, id_ in names.items())
    for number, edge in enumerate(edges):
        yield f'  {names[edge.src]} {_MERMAID[edge.style]}|"{_entities(edge.text)}"| {names[edge.dst]}'
        yield f"  linkStyle {number} stroke:{_COLORS[edge.style]}"


def _yaml(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _entities(text: str) -> str:
    """Text inside of quotes, where Mermaid reads `#quot;` and numbers of characters (Mermaid documentation, Flowcharts)."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    escaped = "".join(f"#{ord(c)};" if c in '#"<>&`' else c for c in shown)
    return escaped.replace("\n", "<br>")


def _ends(edges: Sequence[Edge]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for edge in edges for name in (edge.src, edge.dst)))
