"""The options that describe one flow, as a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npverify.ingest.source import InputError, Problems

if TYPE_CHECKING:
    from npverify.analyses.flows import Query
    from npverify.analyses.world import World


def flow_query(
    world: World,
    from_: str | None,
    to: str | None,
    port: int | None,
    protocol: str | None,
    icmp: str | None,
    http: str | None,
) -> Query:
    """What --from, --to, --port, --protocol, --icmp and --http ask about; InputError with all that is wrong with them."""
    from npverify.analyses.flows import FlowReader, make_traffic

    reader = FlowReader(world.inventory)
    problems = Problems()
    ends = []
    for option, text in (("--from", from_), ("--to", to)):
        if text is None:
            problems.error("NPV151", f"`{option}` is missing", fix=f"say which end is meant: {option} namespace/name")
            continue
        try:
            ends.append(reader.directory.resolve(text))
        except InputError as error:
            problems.extend(error.diagnostics)
    try:
        message = _icmp(icmp)
        default = "ICMP" if message else "TCP"
        traffic = make_traffic(protocol or default, port, message, _http(http))
    except InputError as error:
        problems.extend(error.diagnostics)
    problems.raise_errors()
    return reader.query(ends[0], ends[1], traffic)


def _icmp(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    type_, _, code = text.partition("/")
    try:
        return int(type_), int(code or 0)
    except ValueError:
        raise InputError.one(
            "NPV151", f"`--icmp {text}` is not TYPE or TYPE/CODE", fix="for example --icmp 8/0"
        ) from None


def _http(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    method, _, path = text.strip().partition(" ")
    if not path.strip():
        raise InputError.one(
            "NPV151", f"`--http {text}` is not a method and a path", fix="for example --http 'GET /pub/x'"
        )
    return method, path.strip()
