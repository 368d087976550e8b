"""What is said of a statement that the grammar refuses.

`TABLE` holds one row per message: what is wrong, how to mend it, and statements with that mistake. The parser stops at the
same place in the user's statement as in one of the examples, and so finds its message (the idea of lark's own
GRAMMAR_ERRORS); the tests run through the same rows. Where no row fits, the message names the words that could follow.
"""

from __future__ import annotations

import difflib
from typing import NamedTuple

from lark import Token, UnexpectedInput, UnexpectedToken


class Row(NamedTuple):
    """A mistake, and statements that make it."""

    message: str
    fix: str
    examples: tuple[str, ...]


TABLE: tuple[Row, ...] = (
    Row(
        "a label is compared with `==`",
        'write `app == "web"`',
        ('let a = pods where app = "web"', 'assert no pod where x/y = "web" reaches b'),
    ),
    Row(
        "a label value stands in double quotes",
        'write `app == "web"`',
        (
            "let a = pods where app == web",
            "let a = pods where app != web",
            "let a = pods where app in (web)",
            'let a = pods where app in ("x", web)',
            "let a = pods where app not in (web)",
            'let a = pods where app not in ("x", web)',
        ),
    ),
    Row(
        "a list of label values stands in parentheses",
        'write `app in ("web", "api")`',
        ('let a = pods where app in "web"', 'let a = pods where app not in "web"', "let a = pods where app in web"),
    ),
    Row(
        "a list of label values cannot be empty",
        'write `has no app` for pods without the label, `app in ("web")` for a value',
        ("let a = pods where app in ()", "let a = pods where app not in ()"),
    ),
    Row(
        "a comparison of the label is missing",
        'write `app == "web"`, or end the `where` with parentheses: `(pods where app == "web") or api`',
        (
            "assert no pod where frontend reaches db",
            'assert no pod where app == "web" or db reaches api',
            'let a = pods where app == "web" and db',
            'let a = pods where app == "web" or 10.0.0.0/8',
            'let a = pods where app == "web" or pods where app == "b"',
            'assert a reaches only pods where app == "web" or service b',
        ),
    ),
    Row(
        "`except` beside `and`, `or` or another `except` is not clear",
        "add parentheses: `(a except b) or c`, `a except (b or c)`",
        (
            "let x = a except b or c",
            "let x = a except b and c",
            "let x = a or b except c",
            "let x = a and b except c",
            "let x = a except b except c",
        ),
    ),
    Row(
        "`in namespace` and `in cluster` go with `pods`, and the cluster stands last",
        'write `pods where app == "web" in namespace shop in cluster west`',
        (
            "let a = web in cluster west",
            "let a = web in namespace shop",
            "let a = 10.0.0.0/8 in cluster west",
            "let a = pods in cluster west in namespace shop",
            'let a = pods in cluster west where app == "web"',
        ),
    ),
    Row(
        "ports have no place on a source or in this claim",
        "write them behind the destination: `no a reaches b on tcp/80`",
        ("assert no a on tcp/80 reaches b", "assert a isolated from b on tcp/80", "assert every a on tcp/80 reaches b"),
    ),
    Row(
        "`every` or `no` stands at the beginning of a claim",
        "write `every a reaches b`, `every a reaches some b` or `no a reaches b`",
        (
            "assert every a reaches every b",
            "assert no a reaches every b",
            "assert no a reaches no b",
            "assert every a reaches no b",
        ),
    ),
    Row(
        "a claim says how many: `no`, `every`, `some` or `only`",
        "write `every a reaches b`, or `a reaches only b`",
        ("assert a reaches b", "assert pods reach b", "assert a reaches service shop/b", "assert a reaches 10.0.0.0/8"),
    ),
    Row(
        "what stands behind the colon of a port is a number",
        "write `db:80`, or `on port http` for a port by its name",
        ("assert no a reaches b:http", "assert no a reaches service x/b:http", "assert no a reaches pods:http"),
    ),
    Row(
        "ports are listed with commas",
        "write `on tcp/80, udp/53`; what belongs to one of them is written as in `icmp/8` and `http GET /orders`",
        (
            "assert no a reaches b on tcp/80 udp/53",
            "assert no a reaches b on icmp 8",
            "assert no a reaches b on http /orders GET",
            "assert no a reaches b on tcp/80 port http",
            "assert no a reaches b on tcp/80 and udp/53",
            "assert no a reaches b on tcp/80 or udp/53",
        ),
    ),
    Row(
        "a method of HTTP stands before the path and without quotes",
        "write `on http GET|POST /orders`",
        ('assert no a reaches b on http "GET|POST" /orders',),
    ),
    Row(
        "a pattern for names of domains stands in double quotes",
        'write `on dns "*.example.com"`',
        ("assert no a reaches b on dns *.example.com", "assert no a reaches b on dns x, *.example.com"),
    ),
    Row(
        "`through` goes with `no`, `every`, `some` and `only`",
        "write `no internet reaches b through nodeport`; without `through`, `no` and `only` count every way in",
        (
            "assert a reaches only b through nodeport",
            "assert a is isolated from b through nodeport",
        ),
    ),
    Row(
        "a colon is missing",
        'write `assert "title": no a reaches b`, or `assert on change: no new flow reaches b`',
        (
            "assert on change no new flow reaches b",
            'assert "title" no a reaches b',
            'assert tag x "title" every a reaches b',
            'assert "title" a reaches only b',
        ),
    ),
    Row(
        "a `let` gives a name to endpoints with `=`",
        "write `let web = pods in namespace shop`",
        ("let web pods", "let web: pods", "let web == pods", "let web reaches b"),
    ),
    Row(
        "the destination is missing",
        "name it: `no a reaches b`",
        ("assert no a reaches", "assert only a reaches", "assert a reaches only"),
    ),
)

_WHAT = {
    "WORD": "a name", "STRING": 'a text in quotes', "PORT": "a port such as `:443`", "IPV4": "an address", "IPV6": "an address",
    "HTTP": "`http`", "DNS": "`dns`", "KAFKA": "`kafka`", "HTTP_METHOD": "a method", "HTTP_PATH": "a path", "KIND": "a kind of workload", "$END": "the end of the statement", "COMMA": "`,`", "COLON": "`:`",
    "EQUAL": "`=`", "__ANON_0": "`==`", "__ANON_1": "`!=`", "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`",
}  # fmt: skip
_ENDS = frozenset(
    (
        "_POD",
        "_NODE",
        "_INTERNET",
        "_ANYTHING",
        "_HOSTNETWORK",
        "_POSSIBLE",
        "_NOT",
        "_IN",
        "KIND",
        "WORD",
        "IPV4",
        "IPV6",
        "LPAR",
        "LSQB",
    )
)
_RARE = frozenset(("PORT", "_POSSIBLE", "_THROUGH", "HTTP", "DNS", "KAFKA"))
_NOISE = frozenset(("PORT", "_WHERE", "_IN"))
"""Terminals that may follow some expressions for endpoints and not others: no part of a mistake's signature."""
_NUMBERS = ("every", "no", "some", "only")
_ALSO_SAID = {"_REACHES": "reaches", "_NAMESPACE": "namespace"}


def expected(names: set[str]) -> str:
    """The words that could follow, for a message: "`reaches`, `or` or `and`"."""
    rest = set(names)
    said = []
    if rest >= {"_INTERNET", "WORD"}:
        said.append("endpoints (a name, `pods …`, `service …`, an address, …)")
        rest -= _ENDS
    if len(rest - _RARE) > 0:
        rest -= _RARE
    said += sorted({word_of(name) for name in rest}, key=lambda w: (w not in ("`reaches`", "`isolated`"), w))
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} or {said[-1]}"


def word_of(terminal: str) -> str:
    """How a terminal of the grammar is written in a message."""
    return _WHAT.get(terminal) or f"`{_ALSO_SAID.get(terminal, terminal.strip('_').lower())}`"


def accepted(error: UnexpectedInput) -> set[str]:
    """The terminals that could have stood where the parser stopped."""
    at = error.interactive_parser
    return set(at.accepts())  # type: ignore[no-untyped-call]  # lark's annotations leave it out


def suggestion(found: str, names: set[str]) -> str:
    """A fix that names the nearest keyword, "" if none is near."""
    words = sorted(word_of(n).strip("`") for n in names if word_of(n).startswith("`"))
    near = difflib.get_close_matches(found, words, n=1, cutoff=0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def signature(error: UnexpectedInput) -> tuple[frozenset[str], str, bool]:
    """What could have stood where the parser stopped, the kind of token that stood there, and whether it was taken for a name
    behind `every` or another word of number, which the grammar takes for a name itself where none may stand."""
    token = error.token if isinstance(error, UnexpectedToken) else None
    before = error.interactive_parser.parser_state.value_stack[-1:]
    kind = token.type if isinstance(token, Token) else "characters"
    return frozenset(accepted(error) - _NOISE), kind, bool(before) and before[0] in _NUMBERS
