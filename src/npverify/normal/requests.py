"""HTTP requests that a policy asks for: in words, and as a fact for flows of which the request is not known.

Every clause has a fact of its own, and clauses that say the same share it. Facts are independent of each other, though a
request for `/a/b` is one for something under `/a` too: so there are more readings than can be and never fewer.
"""

from __future__ import annotations

import json
import re

from npverify.inventory.unknowns import Unknown
from npverify.normal.predicates import HttpIs

_METHOD, _PATH = re.compile("[A-Z][A-Z-]*"), re.compile(r'[^\s"]+')


def request_fact(at: HttpIs) -> Unknown:
    """Whether the request is one that a clause asks for; false in the default reading. Its name tells clauses apart."""
    name = f"the HTTP request is {in_words(at)}"
    return Unknown(name, ("false", "true"), phrase=name.replace("{", "{{").replace("}", "}}"))


def in_words(at: HttpIs) -> str:
    """`GET or POST with a path under /pub`, completing "the HTTP request is …"."""
    methods = " or ".join(_quoted(method, _METHOD) for method in at.methods) or "one"
    paths = " or ".join(f"{_LEAD[kind, at.normalised]} {_quoted(path, _PATH)}" for kind, path in at.paths)
    return f"{methods} with {paths}" if paths else methods


_LEAD = {
    ("exact", True): "the path",
    ("prefix", True): "a path under",
    ("exact", False): "the literal path",
    ("prefix", False): "a path that begins with",
}


def _quoted(text: str, plain: re.Pattern[str]) -> str:
    return text if plain.fullmatch(text) else json.dumps(text)
