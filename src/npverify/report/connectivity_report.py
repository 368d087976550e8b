"""Who may talk to whom, as a table and as JSON."""

from __future__ import annotations

from npverify.analyses.results import Connectivity, End, Ports
from npverify.inventory.addresses import Prefix
from npverify.report import json_values as j
from npverify.report.paint import PLAIN, Paint, count, printable

_ALL = (((0, 65535),), ((1, 65535),))
_SHOWN_RANGES = 8


def connectivity_json(found: Connectivity) -> j.Json:
    """Every allowed connection; notes say what is left out."""
    return {
        "schema": j.SCHEMA,
        "connections": [
            {
                "src": j.end(c.src),
                "dst": j.end(c.dst),
                "allowed": [{"protocol": p.protocol, "ports": [list(r) for r in p.ranges]} for p in c.allowed],
            }
            for c in found.connections
        ],
        "notes": list(found.notes),
    }


def connectivity_text(found: Connectivity, paint: Paint = PLAIN) -> str:
    """One line for each connection, grouped by source; ends with a count."""
    lines: list[str] = []
    width = max((len(end_text(c.dst)) for c in found.connections), default=0)
    last: End | None = None
    for connection in found.connections:
        if connection.src != last:
            lines += [""] if lines else []
            lines.append(paint("bold", printable(end_text(connection.src))))
            last = connection.src
        ports = ", ".join(ports_text(p) for p in connection.allowed)
        if [p.protocol for p in connection.allowed] == ["TCP", "UDP", "SCTP"] and all(
            p.ranges in _ALL for p in connection.allowed
        ):
            ports = "everything"
        lines.append(printable(f"  -> {end_text(connection.dst):<{width}}  {ports}"))
    lines += [""] if lines else []
    lines.append(count(len(found.connections), "connection"))
    lines += [paint("dim", printable(f"Note: {note}")) for note in found.notes]
    return "".join(f"{line}\n" for line in lines)


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
