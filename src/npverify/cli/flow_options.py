"""The options that describe one flow, as a query; for `explain` one end may be a range of addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from npverify.cli.options import Flow
from npverify.ingest.source import InputError, Problems
from npverify.inventory.addresses import BITS, Address, Prefix

if TYPE_CHECKING:
    from npverify.analyses.ends import Ends
    from npverify.analyses.flows import FlowReader, Query, Traffic
    from npverify.analyses.world import World


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options ask about: two ends, of which one may be a range, what is sent, and perhaps by which way in."""

    world: World
    reader: FlowReader
    src: Ends | Prefix
    dst: Ends | Prefix
    traffic: Traffic
    via: str | None = None

    @property
    def range(self) -> Prefix | None:
        """The range that is asked about; None: there is none."""
        return next((end for end in (self.src, self.dst) if isinstance(end, Prefix)), None)

    def query(self, instead: Ends | None = None) -> Query:
        """The query, with an end in the place of the range."""
        src, dst = (instead if isinstance(end, Prefix) else end for end in (self.src, self.dst))
        if src is None or dst is None:
            raise InputError.one("NPV151", f"`{self.range}` is a range of addresses", fix=_ONE_ADDRESS)
        if self.via is not None:
            from npverify.analyses.entered import entered

            return entered(self.world, src, dst, self.traffic, self.via)
        return self.reader.query(src, dst, self.traffic)


_ONE_ADDRESS = "name one address, or ask `npverify explain` about the range"


def read_options(world: World, given: Flow) -> Asked:
    """What the options ask about; InputError with all that is wrong with them."""
    from npverify.analyses.flows import FlowReader, make_traffic
    from npverify.normal.flow import DNS_PORT, KAFKA_PORT

    reader = FlowReader(world.inventory)
    problems = Problems()
    ends: list[Ends | Prefix] = []
    for option, text in (("--from", given.from_), ("--to", given.to)):
        if text is None:
            problems.error("NPV151", f"`{option}` is missing", fix=f"say which end is meant: {option} namespace/name")
            continue
        try:
            ends.append(_range(text) or reader.directory.resolve(text))
        except InputError as error:
            problems.extend(error.diagnostics)
    try:
        message = _icmp(given.icmp)
        default = "ICMP" if message else "UDP" if given.dns and not given.http else "TCP"
        usual = DNS_PORT if given.dns else KAFKA_PORT if given.kafka else None
        port = usual if given.port is None else _port(given.port)
        http = _http(given.http, tuple(given.header or ()))
        traffic = make_traffic(given.protocol or default, port, message, http, given.dns, _kafka(given.kafka))
    except InputError as error:
        problems.extend(error.diagnostics)
    problems.raise_errors()
    if all(isinstance(end, Prefix) for end in ends):
        raise InputError.one("NPV453", "`--from` and `--to` are both ranges of addresses", fix="name one end")
    return Asked(world, reader, ends[0], ends[1], traffic, given.via)


def flow_query(world: World, given: Flow) -> Query:
    """The flows that the options ask about; InputError with all that is wrong with them, and for a range."""
    return read_options(world, given).query()


def _range(text: str) -> Prefix | None:
    """The range that a text names; None if it names something else. InputError for one with host bits."""
    address, slash, _ = text.partition("/")
    if not slash or not (address[:1].isdigit() or ":" in address):
        return None
    try:
        found = Prefix.parse(text, strict=False)
    except ValueError:
        return None
    if found.length == BITS[found.family]:
        raise InputError.one("NPV454", f"`{text}` is one address", fix=f"write `{address}`")
    if str(Address(found.family, found.value)) != str(Address.parse(address)):
        fix = f"write `{found}` for the range, or `{address}` for the address"
        raise InputError.one("NPV454", f"`{text}` has bits behind the prefix", fix=fix)
    return found


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)  # whether there is such a port is told with the rest
    before, slash, after = text.partition("/")
    fix = "write 1 to 65535, such as --port 443"
    if slash and before.isalpha() and after.isdigit():
        fix = f"write --protocol {before.upper()} --port {after}"
    raise InputError.one("NPV452", f"`--port {text}` is not a port number", fix=fix)


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


def _http(text: str | None, headers: tuple[str, ...]) -> dict[str, object] | None:
    """The request as it is written in JSON. A URL has a host; without one nothing is known of it."""
    if text is None:
        if headers:
            raise InputError.one(
                "NPV151", "`--header` without `--http`", fix="say which request has it: --http 'GET /x'"
            )
        return None
    method, _, path = text.strip().partition(" ")
    path = path.strip()
    if not path:
        raise InputError.one(
            "NPV151", f"`--http {text}` is not a method and a path", fix="for example --http 'GET /pub/x'"
        )
    found: dict[str, object] = {"method": method, "path": path}
    scheme, there, rest = path.partition("://")
    if there and scheme in ("http", "https"):
        host, slash, behind = rest.partition("/")
        found |= {"path": slash + behind or "/", "host": host or None}
    if headers:
        found["headers"] = dict(map(_header, headers))
    return found


def _kafka(text: str | None) -> dict[str, object] | None:
    """The request as it is written in JSON."""
    if text is None:
        return None
    key, *rest = text.split() or [""]
    if not key or len(rest) > 1:
        fix = "for example --kafka 'produce orders'"
        raise InputError.one("NPV151", f"`--kafka {text}` is not a request and perhaps a topic", fix=fix)
    return {"key": key, "topic": rest[0] if rest else None}


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise InputError.one("NPV151", f"`--header {text}` has no name", fix="for example --header 'X-Token: abc'")
    return name.strip(), value.strip()
