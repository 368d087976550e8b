"""HTTP requests that a policy asks for: in words, as a fact for flows of which the request is not known, and paths as servers read
them.

Every clause has a fact of its own, and clauses that say the same share it. Facts are independent of each other, though a
request for `/a/b` is one for something under `/a` too: so there are more readings than can be and never fewer. The reduction
knows better: `reduction.requests`.
"""

from __future__ import annotations

import json
import re

from npverify.inventory.unknowns import Unknown
from npverify.normal.kafka import WITH_TOPIC, WITHOUT_TOPIC
from npverify.normal.predicates import Clause, DnsIs, HttpIs, KafkaIs, Reads, RequestTest, Wanted

_METHOD, _PATH = re.compile("[A-Z][A-Z-]*"), re.compile(r'[^\s"]+')
FACT = "the HTTP request is "
"""How the name of every such fact begins."""
DNS_FACT = "the DNS query is "
"""How that of one about DNS begins."""
KAFKA_FACT = "the Kafka request is "
"""How that of one about Kafka begins."""


def request_fact(at: Clause) -> Unknown:
    """Whether the request is one that a clause asks for; false in the default reading. Its name tells clauses apart."""
    if isinstance(at, HttpIs):
        name = FACT + in_words(at)
    else:
        name = DNS_FACT + name_in_words(at) if isinstance(at, DnsIs) else KAFKA_FACT + kafka_in_words(at)
    return Unknown(name, ("false", "true"), phrase=name.replace("{", "{{").replace("}", "}}"), of_flow=True)


_NAME = re.compile(r"(?=.{1,253}$)[-a-z0-9_]{1,63}(\.[-a-z0-9_]{1,63})*")


def as_name(text: str) -> str | None:
    """A name of domains as queries are compared: in lower case and without a dot at its end; None if it is none."""
    name = text.lower().removesuffix(".")
    return name if _NAME.fullmatch(name) else None


def name_pattern(text: str) -> str:
    """A pattern of names as a regular expression: a star is a piece of one label, `**.` in front one label or more, and stars
    alone are every name."""
    if not text.strip("*"):
        return ".*"
    above = text.startswith("**.")
    rest = re.sub(r"\\\*", "[-a-z0-9_]*", re.escape(text[3 if above else 0 :]))
    return (r"([-a-z0-9_]+\.)+" if above else "") + rest


def in_words(at: HttpIs) -> str:
    """`GET or POST with a path under /pub`, completing "the HTTP request is …"."""
    what = _one_of({"exact": "", "regex": "one with a method like "}, at.methods, _METHOD) or "one"
    parts = [
        _one_of({test: lead for (test, reads), lead in _LEAD.items() if reads == at.reads}, at.paths, _PATH),
        _one_of({"exact": "the host ", "regex": "a host like "}, at.hosts, _PATH),
        *(
            f"a header {name}" if value is None else f"the header {name}: {json.dumps(value)}"
            for name, value in at.headers
        ),
    ]
    with_ = " and ".join(part for part in parts if part)
    if not with_:
        return what
    return f"{what} and {with_}" if " with " in what else f"{what} with {with_}"


def name_in_words(at: DnsIs) -> str:
    """`for a.example or a name like [a-z]*[.]example`, completing "the DNS query is …"."""
    if not at.names:
        return "for any name"
    readable = tuple((test, _as_pattern(text) if test == "regex" else text) for test, text in at.names)
    return "for " + _one_of({"exact": "", "regex": "a name like "}, readable, _PATH)


_SOME_KEYS = {
    (): "one",
    tuple(sorted(WITH_TOPIC)): "one with topics",
    tuple(sorted(WITHOUT_TOPIC)): "one without topics",
}


def kafka_in_words(at: KafkaIs) -> str:
    """`produce of the topic orders in version 3`, completing "the Kafka request is …"."""
    what = _SOME_KEYS.get(at.keys) or " or ".join(at.keys)
    topic = f" of the topic {at.topic}" if at.topic else ""
    client = f" of the client {_quoted(at.client, _PATH)}" if at.client else ""
    return f"{what}{topic}{client}" + ("" if at.version is None else f" in version {at.version}")


def _as_pattern(text: str) -> str:
    """An expression for names with stars in the place of pieces of labels, as users write patterns."""
    for expression, shown in ((r"([-a-z0-9_]+\.)+", "**."), ("[-a-z0-9_]*", "*"), (r"\.", "."), (r"\-", "-")):
        text = text.replace(expression, shown)
    return text


_LEAD: dict[tuple[RequestTest, Reads], str] = {
    ("exact", "sent"): "the path ",
    ("regex", "sent"): "a path like ",
    ("exact", "plain"): "the literal path ",
    ("prefix", "plain"): "a path that begins with ",
    ("exact", "served"): "the path ",
    ("prefix", "served"): "a path under ",
    ("exact", "asked"): "the path ",
    ("regex", "asked"): "a path like ",
}


def _one_of(leads: dict[RequestTest, str], wanted: Wanted, plain: re.Pattern[str]) -> str:
    return " or ".join(leads[test] + _quoted(text, plain) for test, text in wanted)


def _quoted(text: str, plain: re.Pattern[str]) -> str:
    return text if plain.fullmatch(text) else json.dumps(text)


_BEHIND_THE_PATH = re.compile("[?#]")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_STILL_ENCODED = re.compile(rb"%(2e|2f|5c)", re.IGNORECASE)


def without_query(path: str) -> str:
    """The path alone of what is sent."""
    return _BEHIND_THE_PATH.split(path, maxsplit=1)[0]


def as_served(path: str) -> bytes | None:
    """The path that a server looks up, without slash at its end; None where servers do not agree, so that nothing matches."""
    escaped = without_query(path).encode("utf-8", "surrogatepass")
    if any(code is None for code in (found[1] for found in _ESCAPE.finditer(escaped))):
        return None
    decoded = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), escaped)
    if _STILL_ENCODED.search(decoded) or b"\0" in decoded:
        return None
    # backslashes are slashes to some servers, and what follows a semicolon is no part of its segment
    segments = decoded.replace(b"\\", b"/").split(b"/")
    if segments[0] or len(segments) == 1:
        return None
    walked: list[bytes] = []
    for segment in (s.partition(b";")[0] for s in segments[1:]):
        if segment == b"..":
            del walked[-1:]
        elif segment not in (b"", b"."):
            walked.append(segment)
    return b"/" + b"/".join(walked)
