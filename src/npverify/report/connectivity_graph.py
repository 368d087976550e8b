"""Who may talk to whom as a picture and as a comment: workloads while one can read that, and whole namespaces beyond."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from npverify.analyses.results import Bundle, Connections, Connectivity, End
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import WorkloadRef
from npverify.report.connectivity_report import allowed_text, end_text
from npverify.report.graph import mermaid
from npverify.report.items import Edge
from npverify.report.markdown import MOST_ROWS, fenced, folded, text
from npverify.report.paint import count

MOST_ARROWS = 100  # with more a picture of workloads is a ball of wool
MOST_FOLDED = 500  # rows of a comment that are folded; GitHub refuses one of more than 65,536 characters
_MOST_BLOCKS = 8
_MOST_TEXTS = 3
_MOST_NAMES = 6
OUTSIDE = "outside addresses"


class Picture(NamedTuple):
    """Every end, also those that talk to nobody, and the arrows between them. `folded`: an end is a whole namespace."""

    ends: tuple[str, ...]
    edges: tuple[Edge, ...]
    folded: bool

    @property
    def said(self) -> str:
        """What an end is."""
        return "namespaces with the number of their workloads" if self.folded else "workloads"


def picture(found: Connectivity) -> Picture:
    """An arrow for each connection, or for each two namespaces if there were more than MOST_ARROWS."""
    connections = _listing(found)
    if sum(bundle.connections for bundle in connections.bundles()) > MOST_ARROWS:
        return _by_namespace(connections)
    edges = tuple(
        _edge(end_text(row.src), end_text(dst), said)
        for row in found.rows()
        for dst, allowed in row.to
        for said in (allowed_text(allowed),)
    )
    return Picture(tuple(end_text(ref) for ref, _ in connections.listed()), edges, folded=False)


def _listing(found: Connectivity) -> Connections:
    if not isinstance(found.connections, Connections):
        raise TypeError("a picture is made of the connections of `connectivity`")
    return found.connections


def _edge(src: str, dst: str, said: str) -> Edge:
    return Edge(src, dst, said, "everything" if said == "everything" else "some ports")


def _by_namespace(connections: Connections) -> Picture:
    """An arrow from one namespace to another says for how many of the pairs of their workloads it stands."""
    listed = connections.listed()
    size = Counter(ref.namespace for ref, _ in listed)
    alone = Counter(ref.namespace for ref, several in listed if not several)
    single: set[End] = {ref for ref, several in listed if not several}
    blocks = {end for bundle in connections.bundles() for end in _ends(bundle) if isinstance(end, Prefix)}
    passing: dict[tuple[str, str], Counter[str]] = {}

    def name(end: End) -> str:
        if isinstance(end, Prefix):
            return str(end) if len(blocks) <= _MOST_BLOCKS else OUTSIDE
        return _named(end.namespace, size)

    for bundle in connections.bundles():
        first = bundle.sources[0]
        source, source_space = name(first), first.namespace if isinstance(first, WorkloadRef) else None
        itself = single.intersection(bundle.sources)
        for target in bundle.targets:
            said = allowed_text(target.allowed)
            into = Counter(map(name, target.ends))
            into.update({_named(space, size): number for space, number in target.whole})
            for space, number in into.items():
                here = passing.setdefault((source, space), Counter())
                here[said] += len(bundle.sources) * number
            whole = {space for space, _ in target.whole}
            own = len(itself) if source_space in whole else len(itself.intersection(target.ends))
            if own:
                passing[source, source][said] -= own
    spaces = {_named(space, size): space for space in size}
    edges = []
    for (source, destination), texts in passing.items():
        one, other = (size[spaces[end]] if end in spaces else int(end != OUTSIDE) for end in (source, destination))
        pairs = one * other - (alone[spaces[source]] if source == destination else 0)
        if +texts:
            edges.append(_summed(source, destination, +texts, pairs))
    return Picture(tuple(spaces), tuple(edges), folded=True)


def _named(namespace: str, size: Mapping[str, int]) -> str:
    return f"{namespace} ({size[namespace]:,})"


def _summed(source: str, destination: str, texts: Mapping[str, int], pairs: int) -> Edge:
    """`pairs`: how many there are between the two, 0 where an end is several blocks in one."""
    passing = sum(texts.values())
    if list(texts) == ["everything"] and passing == pairs:
        return Edge(source, destination, "everything", "everything")
    if pairs:
        said = f"all {count(pairs, 'pair')}" if passing == pairs else f"{passing:,} of {count(pairs, 'pair')}"
    else:
        said = count(passing, "connection")
    shown = list(texts)[:_MOST_TEXTS]
    more = [f"and {len(texts) - _MOST_TEXTS} more"] if len(texts) > _MOST_TEXTS else []
    return Edge(source, destination, "\n".join([f"{said}:", *shown, *more]), "some ports")


def _ends(bundle: Bundle) -> Iterator[End]:
    yield from bundle.sources
    for target in bundle.targets:
        yield from target.ends


def connectivity_markdown(found: Connectivity, headline: str) -> str:
    """A comment: the picture, a table of what fares alike, and what it rests on; ends with a line break."""
    return "".join(f"{line}\n" for line in _markdown(found, headline))


def _markdown(found: Connectivity, headline: str) -> Iterator[str]:
    drawn = picture(found)
    yield f"### npverify connectivity: {text(headline)}"
    yield ""
    if len(drawn.edges) <= MOST_ARROWS:
        yield from fenced(mermaid(drawn.edges, "", drawn.ends).splitlines(), "mermaid")
        yield ""
    yield from (f"By {drawn.said}; `--format json` lists each connection.", "") if drawn.folded else ()
    rows = (
        [(e.src, e.dst, e.text.replace(":\n", ": ").replace("\n", "; ")) for e in drawn.edges]
        if drawn.folded
        else [*_rows(_listing(found).bundles())]
    )
    yield from _table(rows[:MOST_ROWS])
    yield ""
    if rows[MOST_ROWS:]:
        folding = rows[MOST_ROWS:][:MOST_FOLDED]
        left = len(rows) - MOST_ROWS - len(folding)
        told = f"{count(len(folding), 'more row')}" + (f"; {left:,} others are in `--format json`" if left else "")
        yield from folded(told, _table(folding))
    yield from (f"<sub>{text(note)}.</sub><br>" for note in found.notes)


def _table(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    yield "| from | to | what |"
    yield "| --- | --- | --- |"
    yield from (f"| {' | '.join(map(text, row))} |" for row in rows)


def _rows(bundles: Iterable[Bundle]) -> Iterator[tuple[str, str, str]]:
    for bundle in bundles:
        for target in bundle.targets:
            whole = [f"{name}/* ({number:,})" for name, number in target.whole]
            yield (
                _few(list(map(end_text, bundle.sources))),
                _few([*whole, *map(end_text, target.ends)]),
                allowed_text(target.allowed),
            )


def _few(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join([*names[:_MOST_NAMES], f"{more:,} more"] if more > 0 else names)
