"""docs/grammar.md: every production of the assertion language, made of grammar/assertion.lark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from npverify.ingest.resources import data_path

GRAMMAR = (data_path("grammar") / "assertion.lark").read_text(encoding="utf-8")


class Doc(NamedTuple):
    """What a form means, with statements in which it stands."""

    sentence: str
    examples: tuple[str, ...]


class Production(NamedTuple):
    """A rule, with the name of each of its forms, or a terminal."""

    name: str
    text: str
    forms: tuple[str, ...]
    intro: str

    @property
    def terminal(self) -> bool:
        return self.name.isupper()


def docs() -> dict[str, Doc]:
    """The lines `/// NAME: …` with their examples."""
    found: dict[str, Doc] = {}
    name = ""
    for line in re.findall(r"^///( .*)$", GRAMMAR, re.MULTILINE):
        if line.startswith("   "):
            found[name] = found[name]._replace(examples=(*found[name].examples, line.strip()))
            continue
        name, _, sentence = line.strip().partition(": ")
        assert name not in found, name
        found[name] = Doc(sentence, ())
    return found


_PRODUCTION = re.compile(r"^(\??[a-z_]+|[A-Z][A-Z0-9_]*)(?:\.\d+)?:((?:.*)(?:\n +\|.*)*)", re.MULTILINE)


def productions() -> list[Production]:
    """All rules and terminals in order, keywords left out: they stand in the rules as they are written."""
    found, intro, at = [], "", 0
    for match in _PRODUCTION.finditer(GRAMMAR):
        before = GRAMMAR[at : match.start()]
        comments = re.findall(
            r"^//(?!/) ?(.*)$", before.rpartition("\n\n")[2] if "\n\n" in before else before, re.MULTILINE
        )
        at = match.end()
        name = match[1].removeprefix("?")
        if name == "COMMENT":
            continue
        intro = " ".join(comments)
        lines = re.split(r"\n +\| ", match[2].strip())
        forms = tuple(dict.fromkeys(re.findall(r"-> (\w+)", match[2])))
        found.append(
            Production(
                name,
                "\n".join(f"{'  | ' if n else '    '}{_readable(line)}" for n, line in enumerate(lines)),
                forms,
                intro,
            )
        )
    return found


def keywords() -> dict[str, str]:
    """The words behind `_NO` and its like, as they are written: `no`, `is | are`, `pod[s]`."""
    found = {}
    for name, said in re.findall(r"^(_[A-Z]+)\.\d: (.*) _E$", GRAMMAR, re.MULTILINE):
        word = re.sub(r'"(\w+)" "(\w+)"\?', r'"\1[\2]"', said.strip("()"))
        found[name] = f"({word})" if "|" in word else word
    return found


def _readable(line: str) -> str:
    """A form with its keywords as they are written and its name behind it."""
    form, _, name = line.partition("->")
    words = keywords()
    shown = re.sub(r"(?<!\w)_[A-Z]+", lambda match: words.get(match[0], match[0]), form.strip())
    shown = re.sub(r"\s+_E$", "", shown)
    return f"{shown:<60} -> {name.strip()}".rstrip() if name else shown


HEAD = """\
# Every production of the assertion language

[language.md](language.md) explains the language; this page is made of its grammar, `grammar/assertion.lark`, which is what the
program reads. Words in double quotes are written as they stand, `[s]` behind one may be left out, `[…]` around something too,
`*` means any number of times. A name behind `->` is that of a form; names in capitals are words of the text, at the end.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield HEAD
    told = docs()
    terminals = [p for p in productions() if p.terminal]
    for production in productions():
        if production.terminal:
            continue
        yield f"## {production.name}\n"
        if production.intro:
            yield f"{production.intro}\n"
        yield f"```\n{production.text}\n```\n"
        names = [name for name in dict.fromkeys((*production.forms, production.name)) if name in told]
        if names:
            yield "| form | means | example |\n| --- | --- | --- |"
            for name in names:
                examples = "<br>".join(f"`{_cell(example)}`" for example in told[name].examples)
                yield f"| `{name}` | {_cell(told[name].sentence)} | {examples} |"
            yield ""
    yield "## Words\n"
    yield "| word | is | as a regular expression |\n| --- | --- | --- |"
    for terminal in terminals:
        yield f"| `{terminal.name}` | {_cell(told[terminal.name].sentence)} | `{_cell(terminal.text.strip())}` |"
    yield "\nKeywords, which may be names elsewhere, where the grammar has no place for them: " + ", ".join(
        f"`{word}`" for said in keywords().values() for word in re.findall(r'"([^"]+)"', said)
    )
    yield "\n`#` begins a comment, which ends with its line."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
