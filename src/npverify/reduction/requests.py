"""HTTP requests and queries of DNS as finitely many kinds: what the clauses of some policies and questions tell apart, one text for
each kind.

A request is a method, a path, a host and headers, each of which is of some kind by itself. So a clause is left as a predicate
over a few unknowns, whose values are texts that stand for their kind: exact for every question, whichever way it is answered.
Not trusted: every counterexample is a request that the oracle reads by itself.

| part | texts |
| --- | --- |
| method | tokens (RFC 9110 5.6.2) |
| path | what is sent: begins with `/`, has no blanks, control characters or `#`; its query is a part of it |
| served path | `normal.requests.as_served` of it, "" where that is None |
| host | visible letters of ASCII, one or more |
| header | one value for each name, or none |
| name | what a query of DNS asks for: labels of visible letters of ASCII in lower case, with dots between them |

A flow carries a request of HTTP, or a query, or a request of Kafka (`reduction.kafka`), or none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import quote_from_bytes

from npverify.inventory.unknowns import ABSENT, FACT, Reading, Unknown
from npverify.normal import requests
from npverify.normal.flow import KafkaRequest, Request
from npverify.normal.patterns import Choice, Repeat, Sequence, Set, inverse, literal, parse
from npverify.normal.policy import Direction, PolicySet
from npverify.normal.predicates import (
    FALSE,
    TRUE,
    Clause,
    DnsIs,
    HttpIs,
    KafkaIs,
    Pred,
    RequestTest,
    UnknownIn,
    Wanted,
    and_,
    atoms_among,
    atoms_of,
    const,
    kafka_request,
    protocol_is,
    substitute,
    unknown_in,
)
from npverify.normal.requests import as_served, request_fact
from npverify.reduction.kafka import STREAMED, KafkaKinds
from npverify.reduction.languages import ALL, EMPTY, NONE, Languages, TooManyKindsError

Part = Literal["method", "path", "served path", "host", "name"]

SENT = Unknown("an HTTP request is sent", FACT, of_flow=True)
"""False in the default reading: a connection over which no request is sent, or none that is one of HTTP."""

ASKED = Unknown("a DNS query is sent", FACT, of_flow=True)
"""False in the default reading: a connection, of which it is not looked at what is asked over it."""

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/"
_FOLDING, _SURROGATES = ((0x17F, 0x17F), (0x212A, 0x212A)), ((0xD800, 0xDFFF),)
_NEVER_SENT = ((0, 32), (35, 35), (127, 127), *_FOLDING, *_SURROGATES)
"""Blanks, controls and `#`; letters that fold into ASCII ones, which Python and RE2 do not fold alike."""
_NEVER_SERVED = ((0, 0), (11, 11), (47, 47), (59, 59), (92, 92), *_FOLDING, *_SURROGATES)
"""NUL, slashes and semicolons; and the vertical tab, of which Python and RE2 do not agree whether it is a blank."""
_FIRST: Mapping[Part, tuple[str, ...]] = {
    "method": ("GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"),
    "path": ("/", "/a"),
    "served path": ("/", "/a"),
    "host": ("example.com",),
    "name": ("example.com", "www.example.com", "kubernetes.default.svc.cluster.local"),
}
"""Texts that read well, in order of preference."""


class _Test(NamedTuple):
    """What one part of a request is asked for: any of some texts."""

    part: Part
    wanted: Wanted
    reads: Literal["sent", "plain", "served"] = "sent"


class Requests:
    """The kinds of requests that some clauses tell apart. Guards nothing: it is a function of them.

    `exact` is False where there are too many kinds: then every clause is a fact of its own, which has more readings than can
    be and never fewer.
    """

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self.clauses = frozenset(clauses)
        http = [at for at in self.clauses if isinstance(at, HttpIs)]
        kafka = [at for at in self.clauses if isinstance(at, KafkaIs)]
        sent = {SENT: bool(http), ASKED: len(http) + len(kafka) < len(self.clauses), STREAMED: bool(kafka)}
        self._sent = tuple(unknown for unknown, there in sent.items() if there)
        self.kafka_kinds = KafkaKinds(kafka)
        self.served = any(at.reads == "served" for at in http)
        self.exact = True
        self._kinds: dict[Part, tuple[Unknown, dict[_Test, tuple[str, ...]]]] = {}
        self._headers: dict[str, Unknown] = {}
        tests = {test for at in self.clauses for test in self._tests(at)}
        try:
            for part in _FIRST:
                asked = sorted((test for test in tests if test.part == part), key=lambda test: test.wanted)
                if asked:
                    self._kinds[part] = kinds_of(part, tuple(asked))
        except TooManyKindsError:
            self.exact = False
            self._kinds = {}
        values: dict[str, dict[str, None]] = {}
        for at in sorted(http, key=requests.in_words):
            for name, value in at.headers:
                values.setdefault(name, {}).update({} if value is None else {value: None})
        for name, known in values.items():
            other = next(text for text in ("x", *(f"x{n}" for n in range(len(known) + 1))) if text not in known)
            self._headers[name] = _unknown(f"header {name}", (ABSENT, *sorted(known), other))
        self._left: dict[Clause, Pred] = {}

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """What a request, and a query, is made of."""
        return (
            *self._sent,
            *(unknown for unknown, _ in self._kinds.values()),
            *self._headers.values(),
            *self.kafka_kinds.unknowns,
        )

    @property
    def beside_http(self) -> tuple[type[DnsIs | KafkaIs], ...]:
        """What some clause is about, of which a connection may be looked at alone: queries of DNS, requests of Kafka."""
        return (*((DnsIs,) if ASKED in self._sent else ()), *((KafkaIs,) if STREAMED in self._sent else ()))

    def residual(self, at: Clause) -> Pred:
        """What is left of a clause; one that the kinds were not made for is a fact of its own."""
        found = self._left.get(at)
        if found is None:
            protocols = ("TCP", "UDP") if isinstance(at, DnsIs) else ("TCP",)
            found = self._left[at] = and_(protocol_is(*protocols), self._new_residual(at))
        return found

    def settled(self, pred: Pred) -> Pred:
        """A predicate with what is left of each of its clauses."""
        return substitute(pred, lambda atom: self.residual(atom) if isinstance(atom, Clause) else atom)

    def _new_residual(self, at: Clause) -> Pred:
        if isinstance(at, KafkaIs):
            nothing_else = (unknown_in(each, "false") for each in self._sent if each != STREAMED)
            known = at in self.clauses or at is kafka_request()
            left = self.kafka_kinds.residual(at) if known else unknown_in(request_fact(at), "true")
            return and_(unknown_in(STREAMED, "true"), *nothing_else, left)
        if isinstance(at, DnsIs):
            sent = and_(unknown_in(ASKED, "true"), unknown_in(SENT, "false") if SENT in self._sent else TRUE)
            if at.names and (not self.exact or at not in self.clauses):
                return and_(sent, unknown_in(request_fact(at), "true"))
        elif not self.exact or at not in self.clauses:
            return unknown_in(request_fact(at), "true")
        else:
            sent = unknown_in(SENT, "true")
        parts = [sent]
        for test in self._tests(at):
            unknown, values = self._kinds[test.part]
            parts.append(unknown_in(unknown, *values[test]))
        for name, value in () if isinstance(at, DnsIs) else at.headers:
            unknown = self._headers[name]
            parts.append(unknown_in(unknown, *(unknown.values[1:] if value is None else (value,))))
        return and_(*parts)

    def of(self, reading: Reading) -> Request | None:
        """A request that is what a reading says; None where none is sent, or none can be found."""
        if SENT.value_in(reading) != "true":
            return None
        given = {part: unknown.value_in(reading) for part, (unknown, _) in self._kinds.items()}
        path = self._path(given)
        if path is None:
            return None
        headers = [(name, unknown.value_in(reading)) for name, unknown in self._headers.items()]
        return Request(
            given.get("method", "GET"),
            path,
            given.get("host", ""),
            tuple((name, value) for name, value in headers if value != ABSENT) if headers else None,
        )

    def name(self, reading: Reading) -> str | None:
        """A name that a query asks for, which is what a reading says; None where none is sent."""
        if ASKED not in self._sent or ASKED.value_in(reading) != "true":
            return None
        if SENT in self._sent and SENT.value_in(reading) == "true":
            return None
        unknown, _ = self._kinds.get("name", (None, None))
        return _FIRST["name"][0] if unknown is None else unknown.value_in(reading)

    def kafka(self, reading: Reading) -> KafkaRequest | None:
        """A request of Kafka that is what a reading says; None where none is sent."""
        if STREAMED not in self._sent or STREAMED.value_in(reading) != "true":
            return None
        if any(each.value_in(reading) == "true" for each in self._sent if each != STREAMED):
            return None
        return self.kafka_kinds.of(reading)

    def sent(self, pred: Pred) -> Pred:
        """A predicate where some request is sent and all else that is unknown is at its default; FALSE where it does not look at
        requests."""
        own = set(self.unknowns)
        if not any(isinstance(atom, UnknownIn) and atom.unknown == SENT for atom in atoms_of(pred)):
            return FALSE
        return and_(
            unknown_in(SENT, "true"),
            substitute(
                pred,
                lambda atom: (
                    const(atom.unknown.default in atom.values)
                    if isinstance(atom, UnknownIn) and atom.unknown not in own
                    else atom
                ),
            ),
        )

    def can_be(self, reading: Reading) -> bool:
        """Whether a request is known that is what a reading says, or none is sent there."""
        return SENT.value_in(reading) != "true" or self.of(reading) is not None

    def reading(self, request: Request) -> dict[str, str]:
        """What a request is in a reading; ValueError if it is none that can be sent. What is not known of it stays out."""
        found = {SENT.name: "true"}
        texts: dict[Part, str | None] = {
            "name": None, "method": request.method, "path": request.path, "served path": _served(request.path), "host": request.host or None,
        }  # fmt: skip
        for part, (unknown, _) in self._kinds.items():
            text = texts[part]
            if text is not None:
                found[unknown.name] = self._kind(part, text)
        if request.headers is not None:
            given = {name.lower(): value for name, value in request.headers}
            for name, unknown in self._headers.items():
                value = given.get(name, ABSENT)
                found[unknown.name] = value if value in unknown.values[:-1] else unknown.values[-1]
        return found

    def reading_of_name(self, name: str) -> dict[str, str]:
        """What a query for a name is in a reading; ValueError if it is none that can be sent."""
        found = {ASKED.name: "true"}
        if "name" in self._kinds:
            found[self._kinds["name"][0].name] = self._kind("name", name)
        return found

    def reading_of_kafka(self, request: KafkaRequest) -> dict[str, str]:
        """What a request of Kafka is in a reading."""
        return {STREAMED.name: "true", **self.kafka_kinds.reading(request)}

    def _path(self, given: Mapping[Part, str]) -> str | None:
        """A path that is sent, of its kind both as it is sent and as it is served."""
        served = given.get("served path")
        sent = given.get("path")
        if served is None:
            return "/" if sent is None else sent
        unserved = (
            "/%" if not served else quote_from_bytes(served.encode("utf-8", "surrogateescape"), safe="/~!$&'()*+,:=@")
        )
        for candidate in (unserved, f"{unserved}?a", sent or unserved):
            if self._kind("served path", _served(candidate)) != served:
                continue
            if sent is None or self._kind("path", candidate) == sent:
                return candidate
        return None

    def _kind(self, part: Part, text: str) -> str:
        """The text that stands for the kind of a text."""
        languages = Languages()
        if not languages.holds(_within(part, languages), text):
            raise ValueError(f"`{text}` is no {part} that can be sent")
        unknown, by_test = self._kinds[part]
        mine = {test for test in by_test if languages.holds(_language(test, languages), text)}
        return next(
            value for value in unknown.values if mine == {test for test, values in by_test.items() if value in values}
        )

    def _tests(self, at: Clause) -> list[_Test]:
        """What a clause asks of the parts of a request, or of a query."""
        if isinstance(at, DnsIs):
            return [_Test("name", at.names)] if at.names else []
        if isinstance(at, KafkaIs):
            return []
        found = [_Test("method", at.methods)] if at.methods else []
        if at.paths:
            reads = at.reads if at.reads != "asked" else "served" if self.served else "sent"
            found.append(_Test("served path" if reads == "served" else "path", at.paths, reads))
        if at.hosts:
            found.append(_Test("host", at.hosts))
        return found


NO_REQUESTS = Requests(())
"""Where no clause is about requests."""


def requests_of(policies: PolicySet) -> Requests:
    """The kinds of requests that a policy set, and the questions that are asked about it, tell apart."""
    return of_clauses(clauses_of(policies))


def clauses_of(policies: PolicySet) -> frozenset[Clause]:
    """The clauses about requests in a policy set and in the questions about it."""
    preds = (pred for direction in Direction for pred in policies.half(direction).predicates)
    return policies.asked | clauses_among(atoms_among(preds))


def clauses_among(atoms: Iterable[Pred]) -> frozenset[Clause]:
    """Those of some atoms that are about requests."""
    return frozenset(atom for atom in atoms if isinstance(atom, Clause))


@lru_cache(maxsize=16)
def of_clauses(clauses: frozenset[Clause]) -> Requests:
    """The kinds of requests that some clauses tell apart; the same object for the same clauses."""
    return Requests(clauses) if clauses else NO_REQUESTS


@lru_cache(maxsize=64)
def kinds_of(part: Part, tests: tuple[_Test, ...]) -> tuple[Unknown, dict[_Test, tuple[str, ...]]]:
    """What a part of a request may be, as far as tests tell; for each of them the values that it takes."""
    languages = Languages()
    found = languages.kinds(
        _within(part, languages), [_language(test, languages) for test in tests], _LETTERS, _FIRST[part]
    )
    first = {text: rank for rank, text in enumerate(_FIRST[part])}
    ordered = sorted(found.items(), key=lambda kind: (first.get(kind[1], len(first)), len(kind[1]), kind[1]))
    unknown = _unknown(part, tuple(text for _, text in ordered))
    return unknown, {test: tuple(text for kind, text in ordered if kind >> n & 1) for n, test in enumerate(tests)}


def _unknown(part: str, values: tuple[str, ...]) -> Unknown:
    name = f"the {part} of the HTTP request" if part != "name" else "the name of the DNS query"
    return Unknown(name, values, phrase=f"{name} is like `{{value}}`", of_flow=True)


def _within(part: Part, languages: Languages) -> int:
    """All texts that a part of a request may be."""
    if part == "method":
        return languages.of(parse(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+"))
    if part == "host":
        return languages.of(parse(r"[!-\x7e]+"))
    if part == "name":
        label = r"[!-\-/-@\[-~]+"
        return languages.of(parse(rf"{label}(\.{label})*"))
    if part == "path":
        return languages.of(Sequence((literal("/"), Repeat(Set(inverse(_NEVER_SENT)), 0, None))))
    letter = Set(inverse(_NEVER_SERVED))
    dots = Choice((literal("."), literal("..")))
    segment = languages.all_of((languages.of(Repeat(letter, 1, None)), languages.without(languages.of(dots))))
    segments = languages.repeated(languages.then(languages.of(literal("/")), segment), 1, None)
    still = languages.then(ALL, languages.then(languages.of(parse("(?i)%(2e|2f|5c)")), ALL))
    return languages.any_of((EMPTY, languages.of(literal("/")), languages.all_of((segments, languages.without(still)))))


def _language(test: _Test, languages: Languages) -> int:
    """The texts that a test takes."""
    return languages.any_of(_texts(kind, text, test.reads, languages) for kind, text in test.wanted)


def _texts(kind: RequestTest, text: str, reads: str, languages: Languages) -> int:
    if kind == "regex":
        return languages.of(parse(text))
    if reads == "served":
        there = as_served(text)
        if there is None:
            return NONE
        text = _decoded(there)
        below = languages.of(literal(text.rstrip("/") + "/"))
    else:
        below = languages.of(literal(text + "?" if kind == "exact" else text))
    whole = languages.of(literal(text))
    if kind == "exact" and reads != "plain":
        return whole
    return languages.any_of((whole, languages.then(below, ALL)))


def _served(path: str) -> str:
    """The path as servers read it, "" where they do not agree."""
    found = as_served(path)
    return "" if found is None else _decoded(found)


def _decoded(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
