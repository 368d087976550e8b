"""Policies that are read together, and share what was read of equal parts, are what each of them is alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npverify.dialects import cidrs
from npverify.dialects.kubernetes_read import Parts, read
from npverify.ingest.document import Document
from npverify.ingest.read import read_content
from npverify.ingest.source import Problems

PEERS: list[Any] = [
    {"podSelector": {"matchLabels": {"app": "web"}}},
    {"podSelector": {"matchLabels": {"app": "web "}}},
    {"podSelector": {"matchLabels": {"app": 1}}},
    {"podSelector": {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}},
    {"podSelector": {"matchExpressions": [{"key": "a", "operator": "Inn", "values": ["b"]}]}},
    {"namespaceSelector": {}},
    {"namespaceSelector": {}, "podSelector": None},
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
    {"ipBlock": {"cidr": "10.0.0.1/8"}},
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}},
    {},
    None,
    "all",
]
PORTS: list[Any] = [80, 80.0, True, "http", "80", 0, None, 70000]
RULES = st.fixed_dictionaries(
    {
        "from": st.lists(st.sampled_from(PEERS), max_size=3) | st.none(),
        "ports": st.lists(st.sampled_from(PORTS).map(lambda port: {"port": port}) | st.none(), max_size=2)
        | st.sampled_from([None, "x", 0, {}]),
    }
)
POLICIES = st.lists(st.lists(RULES, max_size=2), min_size=1, max_size=4)


def documents(policies: list[list[Any]]) -> tuple[Document, ...]:
    """The policies with these ingress rules."""
    items = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"p{number}", "namespace": "shop"},
            "spec": {"podSelector": {} if number % 2 else {"matchLabels": {"app": "db"}}, "ingress": rules},
        }
        for number, rules in enumerate(policies)
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1)
    return read_content("a.json", text, Problems(), wanted=lambda *_: True)


@given(POLICIES, st.booleans())
def test_together_as_alone(policies: list[list[Any]], strict: bool) -> None:
    """What is read, where it stands, and every message with its position."""
    parts = Parts()
    for doc in documents(policies):
        together, alone = Problems(), Problems()
        one = read(doc, together, strict_cidr=strict, parts=parts)
        other = read(doc, alone, strict_cidr=strict)
        assert repr(one) == repr(other)
        assert (together.errors, together.warnings) == (alone.errors, alone.warnings)


@pytest.mark.parametrize("port", [80.0, True], ids=["a number with a point", "a Boolean"])
def test_equal_to_python_is_not_equal(port: object) -> None:
    """A port that Python takes for equal to one that is fine is refused all the same."""
    parts, said = Parts(), []
    for doc in documents([[{"ports": [{"port": int(port)}]}], [{"ports": [{"port": port}]}]]):  # type: ignore[call-overload]
        problems = Problems()
        read(doc, problems, strict_cidr=True, parts=parts)
        said.append([error.code for error in problems.errors])
    assert said == [[], ["NPV020"]]


ODD = st.sampled_from(["", "00", "01", "-1", "+1", " 1", "1\n", "١", "256", "33"])
OCTETS = st.sampled_from([0, 0, 0, 1, 10, 128, 255]).map(str)
LENGTHS = st.integers(0, 33).map(str)
blocks = st.tuples(st.lists(OCTETS, min_size=4, max_size=4).map(".".join), LENGTHS).map("/".join)
odd_blocks = st.tuples(st.lists(OCTETS | ODD, min_size=3, max_size=5).map(".".join), LENGTHS | ODD).map("/".join)
ROWS = ["10.0.0.0/8", "10.0.0.1/8", "10.0.0.0", "0.0.0.0/0", "1.2.3.4/32", "10.0.0.0/8/8", "::/0"]


@given(blocks | odd_blocks | st.sampled_from(ROWS))
def test_the_table_of_blocks(text: str) -> None:
    """A block that is read by the table is read so without it, and there is nothing to say about it."""
    usual = cidrs._usual(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cidrs, "_usual", lambda _text: None)
        try:
            known = cidrs.parse(text)
        except ValueError:
            known = None
    if usual is not None:
        assert known == cidrs.Block(usual)
    if known is not None and known.prefix.family == 4 and not known.ambiguous and not known.unusual:
        assert usual == known.prefix
