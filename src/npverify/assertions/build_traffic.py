"""The part of building statements that is about traffic: protocols, ports, requests; and what every part of it needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from lark import Token, Tree

from npverify.assertions import syntax as s
from npverify.assertions.expressions import wrong_with
from npverify.ingest.fields import nearest
from npverify.ingest.source import Problems, Span
from npverify.normal.kafka import KEYS, WITH_TOPIC, is_topic, key_of
from npverify.normal.requests import as_name

Node = Tree[Token]

_PROTOCOLS = {"tcp": "TCP", "udp": "UDP", "sctp": "SCTP", "icmp": "ICMP"}
_PORTS = re.compile(r"(\d+)(?:-(\d+))?")


class Parts:
    """Builds the parts of one statement, each by the method that is named like its rule of the grammar. Guards the file's name
    and lines, and `problems`, for messages with positions."""

    def __init__(self, name: str, lines: list[str], first_line: int, problems: Problems) -> None:
        self._name = name
        self._lines = lines
        self._offset = first_line - 1
        self._problems = problems

    def span(self, at: Node | Token) -> Span:
        """Where a part of the tree begins in its file."""
        place = at if isinstance(at, Token) else at.meta
        return Span(self._name, (place.line or 1) + self._offset, place.column or 1)

    def _error(self, code: str, message: str, at: Node | Token, fix: str) -> None:
        span = self.span(at)
        self._problems.error(code, message, span, fix, self._lines[span.line - 1])

    def _build(self, tree: Node) -> Any:
        make: Callable[[Node], Any] = getattr(self, f"_{tree.data}")
        return make(tree)

    def _part(self, tree: Node, index: int) -> Any:
        part = tree.children[index]
        return self._build(part) if isinstance(part, Tree) else part

    def _parts(self, tree: Node) -> tuple[Any, ...]:
        return tuple(self._part(tree, i) for i in range(len(tree.children)))


class TrafficParts(Parts):
    """Builds what stands behind `on`."""

    def _on(self, tree: Node) -> tuple[s.Traffic, ...]:
        return self._parts(tree)

    def _protocol(self, tree: Node) -> s.Ports:
        token = tree.children[0]
        assert isinstance(token, Token)
        word, slash, ports = token.partition("/")
        protocol = _PROTOCOLS.get(word.lower(), "")
        if not protocol:
            fix = (
                f"did you mean `tcp/{word}`?"
                if word.isdigit()
                else "write `tcp/443`, `udp/53`, `sctp`, `icmp` or `port NAME`"
            )
            self._error("NPV110", f"`{token}` is no protocol", token, fix)
            return s.Ports("TCP", None, self.span(tree))
        if not slash:
            return s.Ports(protocol, None, self.span(tree))
        if protocol == "ICMP":
            self._error("NPV110", f"`{token}`: ICMP has no ports", token, "write `icmp`")
            return s.Ports(protocol, None, self.span(tree))
        return s.Ports(protocol, self._range(ports, word, token), self.span(tree))

    def _range(self, text: str, protocol: str, at: Token) -> tuple[int, int]:
        match = _PORTS.fullmatch(text)
        if match is None:
            fix = f"write `port {text}` for a port with a name, `{protocol}/8000-9000` for a range"
            self._error("NPV110", f"`{text}` is no port number", at, fix)
            return 1, 1
        first = int(match[1])
        last = int(match[2] or first)
        if not (1 <= first <= 65535 and 1 <= last <= 65535):
            self._error("NPV110", f"`{text}` is out of the range of ports", at, "ports go from 1 to 65535")
            return 1, 1
        if last < first:
            self._error("NPV110", f"port range `{text}` ends before it starts", at, "swap the two numbers")
            return 1, 1
        return first, last

    def _named_port(self, tree: Node) -> s.NamedPort:
        token = tree.children[0]
        assert isinstance(token, Token)
        name, _, protocol = token.partition("/")
        if name.isdigit():
            word = protocol or "tcp"
            self._error("NPV110", f"`port {token}` is a number, not a name", token, f"write `{word}/{name}`")
        elif protocol and _PROTOCOLS.get(protocol.lower(), "ICMP") == "ICMP":
            self._error("NPV110", f"`{protocol}` has no ports", token, "write `tcp`, `udp` or `sctp` after the slash")
        return s.NamedPort(name, _PROTOCOLS.get(protocol.lower(), ""), self.span(tree))

    def _http(self, tree: Node) -> s.Http:
        word, method, path = tree.children
        assert isinstance(word, Token)
        _, slash, ports = word.partition("/")
        at = self._range(ports, "http", word) if slash else None
        return s.Http(self._expression(method, "method"), self._expression(path, "path"), at, self.span(tree))

    def _dns(self, tree: Node) -> s.Dns:
        word, given = tree.children
        assert isinstance(word, Token)
        _, slash, ports = word.partition("/")
        at = self._range(ports, "dns", word) if slash else (53, 53)
        name = ""
        if isinstance(given, Token):
            text = str(given)[1:-1] if given.type == "STRING" else str(given)
            name = text.lower().removesuffix(".")
            if as_name(name.replace("*", "x")) is None:
                fix = 'write a name such as `api.example.com`, or a pattern in quotes: `"*.example.com"`'
                self._error("NPV660", f"`{text}` is no name of domains", given, fix)
                name = ""
        return s.Dns(name, at, self.span(tree))

    def _kafka(self, tree: Node) -> s.Kafka:
        word, key, topic = (*tree.children, None, None)[:3]
        assert isinstance(word, Token)
        _, slash, ports = word.partition("/")
        at = self._range(ports, "kafka", word) if slash else None
        name = (key_of(key) or "") if isinstance(key, Token) else ""
        if isinstance(key, Token) and not name:
            fix = nearest(str(key), (*KEYS, "consume")) or "write `produce`, `consume` or the name of another request"
            self._error("NPV668", f"`{key}` is no request of Kafka", key, fix)
        about = ""
        if isinstance(topic, Token):
            about = str(topic)[1:-1] if topic.type == "STRING" else str(topic)
            if not is_topic(about):
                fix = "use at most 255 letters, digits, `.`, `_` and `-`: a topic is no pattern"
                self._error("NPV665", f"`{about}` is no name of a topic", topic, fix)
                about = ""
            elif name and name not in WITH_TOPIC:
                fix = f"leave the topic out, or write one of {', '.join(WITH_TOPIC)}"
                self._error("NPV665", f"no topic is read of requests with the key `{key}`", topic, fix)
                about = ""
        return s.Kafka(name, about, at, self.span(tree))

    def _expression(self, token: Node | Token | None, what: str) -> str:
        """The text of a regular expression; "" if there is none, or after an error."""
        if not isinstance(token, Token):
            return ""
        text = str(token)[1:-1] if token.type == "STRING" else str(token)
        for code, message, fix in wrong_with(text, what):
            self._error(code, message, token, fix)
            return ""
        return text
