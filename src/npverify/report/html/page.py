"""A report as one HTML file for a browser: the answers as plain HTML, and the flows as data that a script draws.

What the file says is there without the script too; that adds filters, a matrix and a graph. A policy in the file itself (Content
Security Policy, Level 3) forbids every request and every script but the one whose hash it names, so that even a name of a hostile
label that slipped through the escapes could do nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from itertools import takewhile

from npverify.ingest.source import Span
from npverify.report.excerpt import Lines, no_lines, rule_excerpt
from npverify.report.html.flow_map import VERDICTS, FlowMap
from npverify.report.items import Item, Report, RuleText, State, Step
from npverify.report.paint import count, printable
from npverify.report.places import Root

_SCRIPTS = ("dom.js", "model.js", "filters.js", "matrix.js", "graph.js", "detail.js", "page.js")
_MOST_OPEN = 3  # answers that are unfolded from the start
_MOST_ROWS = 200
_MOST_NAMES = 6
_SIGNS = {State.PASSED: "✓", State.FAILED: "✗", State.OPEN: "?"}
_HEADS = {
    "prove": "Assertions",
    "lint": "Findings",
    "diff": "What changes",
    "equiv": "Answer",
    "connectivity": "",
}
_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def html(
    report: Report, root: Root, version: str, *, lines: Lines = no_lines, flows: FlowMap | None = None
) -> Iterator[str]:
    """The file in pieces. `lines` gives the lines of input files for excerpts; `flows` None: no map at all."""
    style = _asset("page.css")
    script = '"use strict";\n' + "".join(map(_asset, _SCRIPTS))
    title = f"npverify {report.command}: {printable(report.headline)}"
    yield "<!DOCTYPE html>\n"
    yield '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_policy(script, style)}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
    yield f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    drawn = flows is not None and not flows.left_out
    yield '<a class="skip" href="#main">Skip to the answers</a>\n'
    yield f"<header>\n<h1><span>npverify</span> {escape(report.command)}</h1>\n"
    yield f'<p class="headline">{escape(printable(report.headline))}</p>\n{_badges(report)}</header>\n<main id="main">\n'
    if report.interrupted:
        yield '<p class="warn">The run was interrupted: what had not been asked by then counts as undecided.</p>\n'
    if report.items:
        yield from _answers(report, root, lines)
    if flows is not None:
        yield from _flows(flows)
    if report.notes:
        yield '<section aria-labelledby="rests">\n<h2 id="rests">What this rests on</h2>\n<ul class="notes">\n'
        yield from (f"<li>{escape(printable(note))}</li>\n" for note in report.notes)
        yield "</ul>\n</section>\n"
    yield f"</main>\n<footer>npverify {escape(version)}. This file asks nothing of any network.</footer>\n"
    if flows is not None and drawn:
        yield f'<script type="application/json" id="flows">{_in_script(flows)}</script>\n'
    yield f"<script>{script}</script>\n</body>\n</html>\n"


def _policy(script: str, style: str) -> str:
    return f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _asset(name: str) -> str:
    return (files("npverify.report.html") / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _in_script(flows: FlowMap) -> str:
    """JSON in which nothing can end the element that it stands in (HTML, 4.12.1.3)."""
    text = json.dumps(flows.value(), ensure_ascii=False, separators=(",", ":"))
    return "".join(_IN_SCRIPT.get(c, c) for c in text) if any(c in text for c in _IN_SCRIPT) else text


def _badges(report: Report) -> str:
    """How many answers of each kind there are, in words and with a sign, for those who do not see the colour."""
    numbers = [
        ("failed", "✗", "to look at", sum(i.state is State.FAILED and i.level == "error" for i in _counting(report))),
        ("warned", "⚠", "warnings", sum(i.state is State.FAILED and i.level == "warning" for i in _counting(report))),
        ("told", "•", "to know", sum(i.state is State.FAILED and i.level == "note" for i in _counting(report))),
        ("open", "?", "undecided", len(report.of(State.OPEN))),
        ("passed", "✓", "passed", len(report.of(State.PASSED))),
        ("silenced", "–", "silenced", sum(bool(i.silenced) for i in report.items)),
    ]
    shown = "".join(
        f'<li class="badge {key}"><b>{number:,}</b> <span aria-hidden="true">{sign}</span> {word}</li>'
        for key, sign, word, number in numbers
        if number
    )
    return f'<ul class="badges">{shown}</ul>\n' if shown else ""


def _counting(report: Report) -> Sequence[Item]:
    return [item for item in report.items if not item.silenced]


def _kind(item: Item) -> str:
    """The class of an answer, which is what one filters by."""
    if item.silenced:
        return "silenced"
    if item.state is State.FAILED:
        return {"error": "failed", "warning": "warned", "note": "told"}[item.level]
    return "open" if item.state is State.OPEN else "passed"


def _answers(report: Report, root: Root, lines: Lines) -> Iterator[str]:
    yield f'<section aria-labelledby="answers">\n<h2 id="answers">{_HEADS.get(report.command, "Answers")}</h2>\n'
    yield '<div id="answer-filters" class="filters" hidden></div>\n'
    rules = {rule.id: rule for rule in report.rules}
    ranks = {"failed": 0, "warned": 1, "open": 2, "told": 3, "passed": 4, "silenced": 5}
    numbered = sorted(enumerate(report.items, 1), key=lambda pair: ranks[_kind(pair[1])])
    for at, (number, item) in enumerate(numbered):
        unfolded = at < _MOST_OPEN and _kind(item) in ("failed", "warned", "open")
        yield from _answer(item, number, rules[item.rule], root, lines, unfolded)
    yield '<p id="no-answers" hidden>No answer fits these filters.</p>\n</section>\n'


def _answer(item: Item, number: int, rule: RuleText, root: Root, lines: Lines, unfolded: bool) -> Iterator[str]:
    kind = _kind(item)
    sign = {"warned": "⚠", "told": "•", "silenced": "–"}.get(kind, _SIGNS[item.state])
    word = {"failed": "failed", "warned": "warning", "told": "to know", "open": "undecided"}.get(kind, kind)
    yield f'<details class="answer {kind}" id="answer-{number}" data-kind="{kind}"{" open" if unfolded else ""}>\n'
    yield f'<summary><span class="sign" aria-hidden="true">{sign}</span><span class="sr">{word}: </span>'
    # a title that names the rule alone is that of many findings
    said = f'<span class="said">{escape(printable(item.message))}</span>' if item.title.startswith(item.rule) else ""
    yield f'<span class="title">{escape(printable(item.title))}{said}</span>{_where(item, root)}</summary>\n<div class="body">\n'
    if item.message != item.title and not said:
        yield f"<p>{escape(printable(item.message))}</p>\n"
    if item.silenced:
        yield f'<p class="muted">Silenced: {escape(printable(item.silenced))}</p>\n'
    if all(step.span != item.span for step in item.steps):
        yield from _excerpt(_source(item.span, lines))
    if item.steps:
        yield '<ol class="steps">\n'
        for step in item.steps:
            yield from _step(step, root, lines)
        yield "</ol>\n"
    if item.detail:
        head = "All of it, as the terminal shows it"
        yield f"<details{'' if item.steps else ' open'}><summary>{head}</summary>\n"
        yield f'<pre tabindex="0">{escape(_lines(item.detail))}</pre>\n</details>\n'
    yield f'<p class="muted"><code>{escape(printable(rule.id))}</code> {escape(printable(rule.sentence))} '
    yield f"{escape(printable(rule.help))}</p>\n</div>\n</details>\n"


def _source(span: Span | None, lines: Lines) -> Sequence[str]:
    """The lines at a place; of an assertion those alone that belong to it, which are further in than its first."""
    excerpt = rule_excerpt(span, lines)
    if span is None or not span.file.endswith(".npv"):
        return excerpt
    return [*excerpt[:1], *takewhile(lambda line: line.partition(" | ")[2].startswith(" "), excerpt[1:])]


def _where(item: Item, root: Root) -> str:
    return f' <code class="where">{escape(_place(item.span, root))}</code>' if item.span is not None else ""


def _place(span: Span, root: Root) -> str:
    return printable(f"{root.path(span.file) or span.file}{f':{span.line}' if span.line else ''}")


def _step(step: Step, root: Root, lines: Lines) -> Iterator[str]:
    word, _, rest = printable(step.text).partition(" ")
    place = f' <code class="where">{escape(_place(step.span, root))}</code>' if step.span is not None else ""
    yield f"<li><b>{escape(word)}</b> {escape(rest)}{place}\n"
    yield from _excerpt(_source(step.span, lines))
    yield "</li>\n"


def _excerpt(excerpt: Sequence[str]) -> Iterator[str]:
    if excerpt:
        yield f'<pre class="source" tabindex="0">{escape(_lines(chr(10).join(excerpt)))}</pre>\n'


def _lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def _flows(flows: FlowMap) -> Iterator[str]:
    yield f'<section aria-labelledby="flows-head">\n<h2 id="flows-head">{escape(printable(flows.title))}</h2>\n'
    if flows.left_out:
        yield f'<p class="warn">{escape(flows.left_out[:1].upper() + flows.left_out[1:])}.</p>\n</section>\n'
        return
    yield '<div id="map" hidden></div>\n<div id="map-plain">\n'
    yield '<table class="plain"><thead><tr><th>From</th><th>To</th><th>What</th><th></th></tr></thead><tbody>\n'
    for group in flows.groups[:_MOST_ROWS]:
        ends = (_names(flows, group.sources), _names(flows, group.destinations))
        word, sign = VERDICTS[flows.kind][group.verdict]
        cells = "".join(f"<td>{escape(text)}</td>" for text in (*ends, printable(group.traffic)))
        yield f"<tr>{cells}<td>{escape(sign)} {escape(word)}</td></tr>\n"
    yield "</tbody></table>\n"
    if len(flows.groups) > _MOST_ROWS:
        yield f"<p>{count(len(flows.groups) - _MOST_ROWS, 'more row')}; a browser with scripts shows them all.</p>\n"
    yield "</div>\n"
    if flows.notes:
        yield '<ul class="notes">\n' + "".join(f"<li>{escape(printable(n))}</li>\n" for n in flows.notes) + "</ul>\n"
    yield "</section>\n"


def _names(flows: FlowMap, numbers: Sequence[int]) -> str:
    """The ends by name, a few of them."""
    shown = [flows.places[n] for n in numbers[:_MOST_NAMES]]
    names = [printable(p.name if p.kind == "block" else f"{p.namespace}/{p.name}") for p in shown]
    more = len(numbers) - len(shown)
    return ", ".join([*names, f"{more:,} more"] if more else names)
