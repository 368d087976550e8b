"""What stands under the cursor of a spec, and the sets that it can mean. Works on text of which a part cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from npverify.analyses.world import World
from npverify.assertions import syntax as s
from npverify.assertions.names import Directory
from npverify.assertions.parser import parse, statement_lines
from npverify.assertions.select import Selector, Spec
from npverify.assertions.sets import Members, Universe
from npverify.ingest.source import Problems, Span
from npverify.lsp.texts import Word, lines_of, word_at
from npverify.normal.policy import PolicyId
from npverify.normal.predicates import Side
from npverify.oracle import Oracle


class Names:
    """The names of a world. Guards indexes that are made when first asked; asked by one thread."""

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_property
    def universe(self) -> Universe:
        """Who there is."""
        return Universe(self.world.inventory)

    @cached_property
    def directory(self) -> Directory:
        """What is called how."""
        return Directory(self.universe)

    @cached_property
    def oracle(self) -> Oracle:
        """Tells whom a policy selects."""
        return Oracle(self.world.policies, self.world.inventory)

    def policies(self, name: str, kind: str = "") -> list[PolicyId]:
        """The policies that `policy NAME` may mean."""
        full = {p: f"{p.namespace}/{p.name}" if p.namespace else p.name for p in self.world.defined}
        kinds = {p: (p.kind.lower(), f"{p.dialect}{p.kind}".lower()) for p in full}
        return sorted(p for p, said in full.items() if said == name and (not kind or kind.lower() in kinds[p]))

    def members(self, ends: s.Ends, lets: dict[str, s.Let]) -> tuple[Members, list[str]]:
        """Whom an expression means, and what is wrong with it. As a destination, but that a Service is its pods."""
        said = Problems()
        select = Selector(Spec("", (), _sound(lets)), self.universe, self.directory, said)
        meaning = select.meaning(ends)
        side = Side.SRC if isinstance(meaning, s.Named) and meaning.kind == "service" else Side.DST
        found = select.members(meaning, side, home=frozenset())
        return self.universe.ordered(found), [error.message for error in said.errors]


def _sound(lets: dict[str, s.Let]) -> dict[str, s.Let]:
    """The names without those that are defined by themselves: asking for one would never end."""

    def circular(name: str) -> bool:
        seen, todo = set[str](), [name]
        while todo:
            for word in s.words(lets[todo.pop()].ends):
                if word == name:
                    return True
                if word in lets and word not in seen:
                    seen.add(word)
                    todo.append(word)
        return False

    return {name: let for name, let in lets.items() if not circular(name)}


@dataclass(frozen=True, slots=True)
class Found:
    """What stands under the cursor: a word, with what it is part of. `let` is there if it is the name that a `let` gives."""

    word: Word
    ends: s.Ends | None = None
    let: s.Let | None = None
    policy: s.PolicyIs | None = None
    pack: str = ""
    namespace: str = ""


def lets_of(name: str, text: str) -> dict[str, s.Let]:
    """The names that a spec gives, as far as it can be read; the first where one is given twice."""
    found: dict[str, s.Let] = {}
    for statement in parse(name, text, Problems()):
        if isinstance(statement, s.Let):
            found.setdefault(statement.name, statement)
    return found


def under(name: str, text: str, line: int, character: int) -> Found | None:
    """What stands at a place of a spec; None between words, in comments, and on words of the language."""
    word = word_at(text, line, character)
    if word is None or _in_comment(lines_of(text)[line], word.at.start):
        return None
    bounds = next((b for b in statement_lines(text) if b[0] <= line + 1 <= b[1]), None)
    statement = None
    if bounds is not None:
        cut = "\n" * (bounds[0] - 1) + "\n".join(lines_of(text)[bounds[0] - 1 : bounds[1]])
        statement = next(iter(parse(name, cut, Problems())), None)
    if statement is None:
        return Found(word, s.Word(word.text)) if _is_name(word.text) else None
    return _in_statement(statement, word)


def _in_statement(statement: s.Statement, word: Word) -> Found | None:
    match statement:
        case s.Use(pack):
            return Found(word, pack=pack) if word.text == pack else None
        case s.Let(let_name, ends, span) if word.text == let_name and span.line == word.at.line + 1 and _at(span, word):
            return Found(word, ends, let=statement)
        case s.Let(_, ends):
            tops: list[s.Ends] = [ends]
        case s.Assert(claim):
            if isinstance(claim, s.PolicyIs):
                return Found(word, policy=claim) if _at(claim.span, word) else None
            tops = list(_ends_of(claim))
            if isinstance(claim, s.NoPolicyIs) and claim.namespaces is not None:
                found = _namespace(claim.namespaces, word)
                return Found(word, namespace=found) if found else None
        case _:
            return None
    return _in_ends(tops, word)


def _ends_of(claim: s.Claim) -> Iterator[s.Ends]:
    match claim:
        case s.Reaches(_, src, dst):
            yield from (src, dst)
        case s.IsolatedFrom(left, right):
            yield from (left, right)
        case s.IsolatedFor(ends):
            yield ends
        case s.OnChange(_, src, dst):
            yield from (src, dst) if src is not None else (dst,)


def _in_ends(tops: list[s.Ends], word: Word) -> Found | None:
    nodes = [node for top in tops for node in _nodes(top)]
    if word.text in _WORDS and not any(_at(_span(node), word) for node in nodes):
        return None
    for node in nodes:
        scope = getattr(node, "scope", None)
        if isinstance(scope, s.Namespaces) and (found := _namespace(scope, word)):
            return Found(word, node, namespace=found)
    place = (word.at.line + 1, word.at.start + 1)
    # the innermost expression that begins here or last before it
    before = [node for node in nodes if (_span(node).line, _span(node).column) <= place]
    if not before:
        return None
    best = max(before, key=lambda node: (_span(node).line, _span(node).column))
    deepest = [node for node in before if _span(node) == _span(best)][-1]
    if isinstance(deepest, s.Word) and not _at(deepest.span, word):
        return None
    return Found(word, deepest)


def _nodes(ends: s.Ends) -> Iterator[s.Ends]:
    yield ends
    for part in s.inner(ends):
        yield from _nodes(part)


def _span(ends: s.Ends) -> Span:
    return ends.span


def _namespace(scope: s.Namespaces, word: Word) -> str:
    names = zip(scope.names, scope.spans, strict=True)
    return next((name for name, span in names if _at(span, word)), "")


def _at(span: Span, word: Word) -> bool:
    return (span.line, span.column) == (word.at.line + 1, word.at.start + 1)


def _in_comment(line: str, character: int) -> bool:
    quoted = False
    for c in line[:character]:
        if c == '"':
            quoted = not quoted
        elif c == "#" and not quoted:
            return True
    return False


def _is_name(word: str) -> bool:
    return word not in _WORDS and not word.startswith('"')


_WORDS = frozenset(
    [
        "use",
        "let",
        "assume",
        "assert",
        "severity",
        "error",
        "warning",
        "tag",
        "tags",
        "addresses",
        "label",
        "no",
        "every",
        "some",
        "only",
        "reach",
        "reaches",
        "isolated",
        "from",
        "to",
        "for",
        "is",
        "are",
        "not",
        "and",
        "or",
        "except",
        "policy",
        "shadowed",
        "redundant",
        "vacuous",
        "ingress",
        "egress",
        "on",
        "change",
        "new",
        "lost",
        "flow",
        "through",
        "any",
        "path",
        "possible",
        "in",
        "other",
        "has",
        "where",
        "port",
        "http",
        "dns",
        "kafka",
        "tcp",
        "udp",
        "sctp",
        "icmp",
        "pods",
        "nodes",
        "namespaces",
        "namespace",
        "cluster",
        "clusters",
    ]
)
"""Words of the language that name nothing by themselves. `pods` and `nodes` do where an expression begins with them."""
