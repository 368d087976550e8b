"""Text of a selector to a parse tree, by the grammar in `grammar/calico_selector.lark`; what is wrong is explained.

The column of an error counts characters of the selector from 1, wherever the text comes from.
"""

from __future__ import annotations

import re
from functools import cache

from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken

from npverify.dialects.calico.selector_errors import LONGEST_LABEL, WORD, SelectorError, explain
from npverify.ingest.resources import data_path

DEEPEST = 100

_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")


def parse_tree(text: str) -> Tree[Token] | None:
    """The parse tree of a selector, None for blank text; raises `SelectorError`."""
    if not text.strip(" \t"):
        return None
    _check_sizes(_STRING.sub(lambda quoted: "'" * len(quoted[0]), text))
    try:
        return _lark().parse(text)
    except UnexpectedInput as error:
        ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        at = len(text.rstrip(" \t")) if ended else error.pos_in_stream or 0
        raise SelectorError(*explain(text, at, _accepted(error))) from None


def _check_sizes(words: str) -> None:
    for word in re.finditer(WORD, words):
        if len(word[0]) > LONGEST_LABEL:
            message = f"a label has {len(word[0])} characters; it can have {LONGEST_LABEL}"
            raise SelectorError(message, word.start() + 1, "shorten it")
    depth = 0
    for sign in re.finditer(r"[()]", words):
        depth += 1 if sign[0] == "(" else -1
        if depth > DEEPEST:
            raise SelectorError(
                f"parentheses are nested deeper than {DEEPEST} levels", sign.start() + 1, "flatten them"
            )


def _accepted(error: UnexpectedInput) -> frozenset[str]:
    """The terminals that could have stood where the parser stopped."""
    at = error.interactive_parser
    return frozenset(at.accepts())  # type: ignore[no-untyped-call]  # lark's annotations leave it out


@cache
def _lark() -> Lark:
    grammar = (data_path("grammar") / "calico_selector.lark").read_text(encoding="utf-8")
    return Lark(grammar, start="start", parser="lalr", lexer="contextual")
