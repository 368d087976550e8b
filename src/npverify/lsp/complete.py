"""What may follow in a spec: the grammar tells which words of the language, and the world which names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lark import Token

from npverify.assertions.names import LABEL_KEYS
from npverify.assertions.packs import packs
from npverify.assertions.parser import follow, statement_lines
from npverify.assertions.syntax_errors import word_of
from npverify.lsp.names import Names, lets_of
from npverify.lsp.texts import Extent, begun, lines_of

Kind = Literal[
    "keyword", "workload", "namespace", "label", "value", "service", "policy", "name", "pack", "protocol", "port"
]

KINDS = (
    "deployment", "statefulset", "daemonset", "replicaset", "replicationcontroller", "cronjob", "job", "serviceaccount", "service",
)  # fmt: skip
_VERBS = {"_REACHES": "reaches", "_NAMESPACE": "namespace", "_POD": "pods", "_NODE": "nodes"}
_NOT_OFFERED = frozenset(("_POSSIBLE", "_THROUGH", "_HTTP"))
"""What the grammar knows and this version refuses."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A word that may stand at a place of the text, and what it is; `order` sorts those of one kind together."""

    text: str
    kind: Kind
    detail: str = ""


def completions(names: Names | None, name: str, text: str, line: int, character: int) -> tuple[Extent, list[Choice]]:
    """The words that may stand at a place, and the part of the text that one of them replaces."""
    word = begun(text, line, character)
    lines = lines_of(text)
    before = [*lines[:line], (lines + [""] * (line + 1))[line][: word.at.start]]
    if "#" in _unquoted(before[-1]):
        return word.at, []
    bounds = statement_lines("\n".join([*before[:-1], before[-1] + (word.text or "x")]))
    first = bounds[-1][0] if bounds else line + 1
    beginning = "\n".join(before[first - 1 :])
    terminals, tokens = follow(beginning)
    found = list(_choices(terminals, tokens, names, name, text))
    if not beginning.strip() or not before[-1].strip():
        # a new line may begin a statement, whatever stands above
        found += [Choice(each, "keyword") for each in ("assert", "let", "use", "assume")]
    fitting = {each.text: each for each in reversed(found) if _fits(each.text, word.text)}
    return word.at, [each for each in found if fitting.get(each.text) is each]


def _fits(text: str, begun_with: str) -> bool:
    """Whether an editor would show a word behind these letters: it has them in this order."""
    letters = iter(text.lower())
    return all(letter in letters for letter in begun_with.lower())


def _unquoted(line: str) -> str:
    return "".join(line.split('"')[::2])


def _choices(
    terminals: frozenset[str], tokens: Sequence[Token], names: Names | None, name: str, text: str
) -> Iterator[Choice]:
    types = [token.type for token in tokens]
    last = types[-1] if types else ""
    if "WORD" in terminals:
        yield from _names(types, tokens, terminals, names, name, text)
    if "STRING" in terminals and names is not None and (key := _key_before(tokens)):
        yield from (Choice(f'"{value}"', "value", key) for value in _values(names, key, types))
    if "KIND" in terminals:
        yield from (Choice(kind, "keyword") for kind in KINDS)
    for terminal in sorted(terminals - _NOT_OFFERED):
        if terminal.startswith("_") and not terminal.startswith("__"):
            yield Choice(_VERBS.get(terminal) or word_of(terminal).strip("`"), "keyword")
    if last == "_ON" and "_PORT" in terminals:
        yield from (Choice(protocol, "protocol") for protocol in ("tcp", "udp", "sctp", "icmp"))


def _names(
    types: Sequence[str],
    tokens: Sequence[Token],
    terminals: frozenset[str],
    names: Names | None,
    name: str,
    text: str,
) -> Iterator[Choice]:
    """The names that may stand where the grammar wants a word."""
    at = _list_head(types)
    head = types[at] if at >= 0 else ""
    if head == "_USE":
        yield from (Choice(pack, "pack") for pack in packs())
    if names is None or head in ("_USE", "_LET"):
        if "_INTERNET" in terminals:
            yield from (Choice(let, "name") for let in lets_of(name, text))
        return
    directory, inventory = names.directory, names.world.inventory
    if "_HAS" in terminals or "_HAS" in types[-2:]:
        yield from (Choice(key, "label") for key in _keys(names, types))
    elif head == "_NAMESPACE":
        yield from (Choice(space, "namespace") for space in names.universe.namespace_names)
    elif head == "_CLUSTER":
        yield from (Choice(cluster, "namespace") for cluster in inventory.clusters)
    elif head == "_POLICY":
        yield from (
            Choice(f"{p.namespace}/{p.name}" if p.namespace else p.name, "policy", p.kind) for p in names.world.defined
        )
    elif head == "_PORT":
        yield from (
            Choice(port, "port") for port in sorted({p.name for e in inventory.endpoints for p in e.ports if p.name})
        )
    elif head == "KIND" and "_INTERNET" not in terminals:
        kind = str(tokens[at]).removesuffix("s")
        what: Kind = "service" if kind == "service" else "workload"
        yield from (Choice(full, what, kind) for full in directory.names_of_kind(kind))
    elif head in ("_POD", "_NODE") and "_INTERNET" not in terminals:
        kind = "pod" if head == "_POD" else "node"
        yield from (Choice(full, "workload", kind) for full in directory.names_of_kind(kind))
    elif "_INTERNET" in terminals:
        yield from (Choice(let, "name", "let") for let in lets_of(name, text))
        yield from (Choice(word, "workload") for word in directory.known_words())
        yield from (Choice(full, "workload") for full in directory.known_names())


def _list_head(types: Sequence[str]) -> int:
    """The token that says what a word is to be: the last, or the one before a list with commas."""
    at = len(types) - 1
    while at >= 1 and types[at] == "COMMA" and types[at - 1] == "WORD":
        at -= 2
    return at


def _key_before(tokens: Sequence[Token]) -> str:
    """The label whose value is to follow, "" if none is."""
    at = len(tokens) - 1
    while at >= 1 and tokens[at].type == "COMMA" and tokens[at - 1].type == "STRING":
        at -= 2
    while at >= 0 and tokens[at].type in ("LPAR", "_IN", "_NOT", "__ANON_0", "__ANON_1"):
        at -= 1
        if tokens[at].type in ("WORD", "STRING"):
            return str(tokens[at]).strip('"')
    return ""


def _of_namespaces(types: Sequence[str]) -> bool:
    """Whether the last `where` is about the labels of namespaces."""
    at = max((n for n, kind in enumerate(types) if kind == "_WHERE"), default=-1)
    return at > 0 and types[at - 1] == "_NAMESPACE"


def _keys(names: Names, types: Sequence[str]) -> list[str]:
    if _of_namespaces(types):
        return sorted({key for space in names.world.inventory.namespaces.values() for key in space.labels})
    found = {key for e in names.universe.pods for key in e.labels}
    return [*(key for key in LABEL_KEYS if key in found), *sorted(found - set(LABEL_KEYS))]


def _values(names: Names, key: str, types: Sequence[str]) -> Iterable[str]:
    if _of_namespaces(types):
        spaces = names.world.inventory.namespaces.values()
        return sorted({space.labels[key] for space in spaces if key in space.labels})
    return sorted(names.universe.label_values(key))
