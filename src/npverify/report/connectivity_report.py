"""Who may talk to whom, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.results import Connections, Connectivity, End, Ports, To
from npverify.inventory.addresses import Prefix
from npverify.report import json_values as j
from npverify.report.paint import PLAIN, Paint, count, printable

_ALL = (((0, 65535),), ((1, 65535),))
_SHOWN_RANGES = 8
_LISTED_ENDS = 40
_WIDEST = 40


def connectivity_json(found: Connectivity) -> Iterator[str]:
    """The document in pieces: every allowed connection; notes say what is left out. Joined it is what `dumps` would give."""
    ends: dict[End, str] = {}
    allowed_texts: dict[tuple[Ports, ...], str] = {}

    def end(value: End) -> str:
        text = ends.get(value)
        if text is None:
            text = ends[value] = _indented(j.end(value), 6)
        return text

    def allowed(value: tuple[Ports, ...]) -> str:
        text = allowed_texts.get(value)
        if text is None:
            listed = [{"protocol": p.protocol, "ports": [list(r) for r in p.ranges]} for p in value]
            text = allowed_texts[value] = _indented(listed, 6)
        return text

    def listed(value: Sequence[To]) -> list[str]:
        return [f'{end(dst)},\n      "allowed": {allowed(ports)}\n    }}' for dst, ports in value]

    yield f'{{\n  "schema": {_indented(j.SCHEMA, 2)},\n  "connections": ['
    separator = "\n"
    common: Sequence[To] = ()
    texts: list[str] = []
    for src, to in found.rows():
        if to.common is not common:
            common, texts = to.common, listed(to.common)
        head = f'    {{\n      "src": {end(src)},\n      "dst": '
        yield separator + head
        yield f",\n{head}".join([*to.others(texts), *listed(to.more)])
        separator = ",\n"
    yield ("]" if separator == "\n" else "\n  ]") + f',\n  "notes": {_indented(list(found.notes), 2)}\n}}\n'


def _indented(value: object, by: int) -> str:
    return j.dumps(value)[:-1].replace("\n", "\n" + " " * by)


def connectivity_text(found: Connectivity, paint: Paint = PLAIN) -> Iterator[str]:
    """The table in pieces, by source, with a count at its end: one line for each connection, or, where there are too many
    ends to read that, one for each group of destinations."""
    connections = found.connections
    if isinstance(connections, Connections) and connections.ends > _LISTED_ENDS:
        yield from _bundled(connections, paint)
    else:
        yield from _listed(found, paint)
    yield from (paint("dim", printable(f"Note: {note}")) + "\n" for note in found.notes)


def _listed(found: Connectivity, paint: Paint) -> Iterator[str]:
    rows = list(found.rows())
    width = max((len(end_text(dst)) for row in rows for dst, _ in row.to), default=0)
    for src, to in rows:
        yield paint("bold", printable(end_text(src))) + "\n"
        for dst, allowed in to:
            yield printable(f"  -> {end_text(dst):<{width}}  {allowed_text(allowed)}") + "\n"
        yield "\n"
    yield count(sum(len(row.to) for row in rows), "connection") + "\n"


def _bundled(connections: Connections, paint: Paint) -> Iterator[str]:
    number = 0
    for bundle in connections.bundles():
        number += bundle.connections
        yield paint("bold", printable(", ".join(map(end_text, bundle.sources)))) + "\n"
        texts = [allowed_text(target.allowed) for target in bundle.targets]
        width = min(max(map(len, texts)), _WIDEST)
        for text, target in zip(texts, bundle.targets, strict=True):
            names = [*(f"{name}/* ({n:,})" for name, n in target.whole), *map(end_text, target.ends)]
            if sum(n for _, n in target.whole) == connections.ends:
                names = [f"all {connections.ends:,} workloads and pods"]
            yield printable(f"  {text:<{width}} -> {', '.join(names)}") + "\n"
        yield "\n"
    yield (
        f"{count(number, 'connection')} of {connections.ends:,} workloads and pods; `name/* (3)` stands for all 3 of a "
        "namespace, and --format json lists each connection\n"
    )


def allowed_text(allowed: tuple[Ports, ...]) -> str:
    """`everything`, or `TCP 80, UDP`."""
    if [p.protocol for p in allowed] == ["TCP", "UDP", "SCTP"] and all(p.ranges in _ALL for p in allowed):
        return "everything"
    return ", ".join(ports_text(p) for p in allowed)


def end_text(end: End) -> str:
    """`shop/web (Deployment)` or `10.0.0.0/8`."""
    return str(end) if isinstance(end, Prefix) else f"{end} ({end.kind})"


def ports_text(ports: Ports) -> str:
    """`TCP 80, 8000-9000`, or `TCP` for every port."""
    if ports.ranges in _ALL:
        return ports.protocol
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in ports.ranges[:_SHOWN_RANGES]]
    if len(ports.ranges) > _SHOWN_RANGES:
        shown.append(f"and {len(ports.ranges) - _SHOWN_RANGES} more ranges")
    return f"{ports.protocol} {' '.join(shown)}"
