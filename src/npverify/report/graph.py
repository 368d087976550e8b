"""The flows of a report as a picture: Graphviz's language, or Mermaid's, which repositories show in Markdown.

Arrows of one kind between two ends are one, with their traffic in a few lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from npverify.report.items import Edge, Report, State, Style
from npverify.report.paint import printable


class _Look(NamedTuple):
    """How arrows of a style are drawn: colour, line of Graphviz, arrow of Mermaid."""

    color: str
    line: str
    arrow: str


_LOOKS: Mapping[Style, _Look] = {
    "flow": _Look("#c0392b", "solid", "-->"),
    "opened": _Look("#1e8449", "solid", "-->"),
    "closed": _Look("#c0392b", "dashed", "-.->"),
    "changed": _Look("#b7950b", "solid", "==>"),
    "everything": _Look("#b33a08", "solid", "-->"),
    "some ports": _Look("#0757b8", "dashed", "-.->"),
}
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


def dot(edges: Sequence[Edge], title: str, ends: Iterable[str] = ()) -> str:
    """The picture for `dot` (Graphviz). `ends` are drawn without an arrow too."""
    return "".join(f"{line}\n" for line in _dot(edges, title, ends))


def _dot(edges: Sequence[Edge], title: str, ends: Iterable[str]) -> Iterator[str]:
    yield "digraph npverify {"
    yield f"  label={_quoted(title)};"
    yield '  labelloc="t"; rankdir="LR"; fontname="sans-serif";'
    yield '  node [shape="box", style="rounded", fontname="sans-serif"];'
    yield '  edge [fontname="sans-serif", fontsize="10"];'
    yield from (f"  {_quoted(name)};" for name in _ends(edges, ends))
    for edge in edges:
        look = f'color="{_LOOKS[edge.style].color}", style="{_LOOKS[edge.style].line}"'
        yield f"  {_quoted(edge.src)} -> {_quoted(edge.dst)} [label={_quoted(edge.text)}, {look}];"
    yield "}"


def _quoted(text: str) -> str:
    """A quoted string, in which Graphviz reads `\\\\` and `\\n` (Graphviz documentation, escString)."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    return '"' + shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def mermaid(edges: Sequence[Edge], title: str, ends: Iterable[str] = ()) -> str:
    """The picture for Mermaid. `ends` are drawn without an arrow too; a title "" is none."""
    return "".join(f"{line}\n" for line in _mermaid(edges, title, ends))


def _mermaid(edges: Sequence[Edge], title: str, ends: Iterable[str]) -> Iterator[str]:
    if title:
        yield from ("---", f"title: {_yaml(title)}", "---")
    yield "flowchart LR"
    names = {name: f"n{number}" for number, name in enumerate(_ends(edges, ends), 1)}
    yield from (f'  {id_}["{_entities(name)}"]' for name, id_ in names.items())
    for number, edge in enumerate(edges):
        yield f'  {names[edge.src]} {_LOOKS[edge.style].arrow}|"{_entities(edge.text)}"| {names[edge.dst]}'
        yield f"  linkStyle {number} stroke:{_LOOKS[edge.style].color}"


def _yaml(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _entities(text: str) -> str:
    """Text inside of quotes, where Mermaid reads `#quot;` and numbers of characters (Mermaid documentation, Flowcharts)."""
    shown = "\n".join(printable(line) for line in text.split("\n"))
    escaped = "".join(f"#{ord(c)};" if c in '#"<>&`' else c for c in shown)
    return escaped.replace("\n", "<br>")


def _ends(edges: Sequence[Edge], ends: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*ends, *(name for edge in edges for name in (edge.src, edge.dst)))))
