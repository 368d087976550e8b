"""Kinds of assertions and packs: complete, documented, and usable."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from npverify.assertions import syntax as s
from npverify.assertions.claims import AllFlows, Isolated
from npverify.assertions.kinds import KINDS, kind_of
from npverify.assertions.packs import packs
from npverify.assertions.parser import parse
from npverify.assertions.resolve import Resolved, resolve
from npverify.ingest.source import Problems
from npverify.inventory.model import EXTERNAL, Backend, EndpointKind, Service, ServicePort
from smallworld import node, pod, world

ROOT = Path(__file__).resolve().parents[2]


class Text(NamedTuple):
    """A spec."""

    name: str
    text: str


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_the_example_of_a_kind_is_of_that_kind(kind: object) -> None:
    """Each kind shows one statement, which parses to a claim of that very kind and no other."""
    problems = Problems()
    (statement,) = parse("t.npv", kind.example, problems)  # type: ignore[attr-defined]
    assert isinstance(statement, s.Assert)
    assert [k for k in KINDS if k.covers(statement.claim)] == [kind]
    assert kind_of(statement.claim) is kind


@pytest.mark.parametrize("text", ["name", "form", "holds", "fails", "example", "fix"])
def test_a_kind_without_a_text_is_refused(text: str) -> None:
    """A kind that lacks one of its texts cannot be made."""
    with pytest.raises(ValueError, match=text):
        replace(KINDS[0], **{text: " "})


def test_the_documentation_lists_the_kinds_as_they_are() -> None:
    """The table of docs/language.md is the registry."""
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    rows = [
        tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])
        for line in page.splitlines()
        if line.startswith("|")
    ]
    table = [row for row in rows if len(row) == 4][2:]
    assert table == [(f"`{k.name}`", f"`{k.form}`".replace("|", r"\|"), k.holds, k.fails) for k in KINDS]


def test_the_documentation_lists_the_packs() -> None:
    """Every pack has a row in docs/language.md."""
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(kubernetes/[a-z-]+)`", page, re.MULTILINE) == [
        "kubernetes/dns",
        "kubernetes/metadata",
        "kubernetes/default-deny",
        "kubernetes/namespace-isolation",
    ]
    assert sorted(packs()) == sorted(re.findall(r"^\| `(kubernetes/[a-z-]+)`", page, re.MULTILINE))


def test_the_documentation_parses() -> None:
    """The example of docs/language.md is read without a message."""
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    problems = Problems()
    assert len(parse("language.npv", page.split("```")[1], problems)) == 6
    assert problems.errors == ()


web, dns = pod("web"), pod("kube-dns", "kube-system")
agent, n1 = pod("agent", "mon", kind=EndpointKind.HOST_POD), node("n1")
SERVICE = Service(
    "kube-system", "kube-dns", "ClusterIP",
    (ServicePort("dns", "UDP", 53, 53), ServicePort("dns-tcp", "TCP", 53, 53)),
    {0: (Backend(dns, 53),), 1: (Backend(dns, 53),)},
)  # fmt: skip


def used(pack: str, *services: Service) -> tuple[Resolved, Problems]:
    """What a pack comes to on two pods, one on the host network, and a node."""
    problems = Problems()
    inventory = world(web, dns, agent, n1, services=services).inventory
    return resolve([Text("t.npv", f"use {pack}\nuse {pack}")], inventory, {}, problems), problems


@pytest.mark.parametrize("pack", sorted(packs()))
def test_a_pack_is_understood(pack: str) -> None:
    """Every pack parses and resolves without a message, has a title and a tag for each assertion, and counts once."""
    resolved, problems = used(pack, SERVICE)
    assert (problems.errors, problems.warnings) == ((), ())
    assert resolved.assertions
    titles = [a.title for a in resolved.assertions]
    assert len(set(titles)) == len(titles)
    assert all(a.title != a.text and a.tags == (pack.removeprefix("kubernetes/"),) for a in resolved.assertions)
    assert {a.span.file for a in resolved.assertions} == {f"proofs/{pack}.npv"}


def test_packs_leave_the_host_network_out() -> None:
    """No pack speaks about pods on the host network as sources or as what is isolated."""
    for pack in packs():
        for assertion in used(pack, SERVICE)[0].assertions:
            claim = assertion.claim
            assert isinstance(claim, AllFlows | Isolated)
            subjects = [claim.ends] if isinstance(claim, Isolated) else [leg.src for leg in claim.legs]
            assert subjects
            assert all(agent not in ends and n1 not in ends for ends in subjects), pack


def test_the_metadata_service_is_outside() -> None:
    """The pack speaks about the outside address alone: a pod of unknown address does not have it."""
    (assertion,) = used("kubernetes/metadata")[0].assertions
    assert isinstance(assertion.claim, AllFlows)
    assert [list(leg.dst) for leg in assertion.claim.legs] == [[EXTERNAL]]


def test_a_pack_whose_service_is_missing_proves_nothing() -> None:
    """Without the DNS Service the pack warns, and its assertions have no flow."""
    resolved, problems = used("kubernetes/dns")
    assert problems.errors == ()
    assert [w.code for w in problems.warnings] == ["NPV132", "NPV132"]
    assert [a.claim.legs for a in resolved.assertions if isinstance(a.claim, AllFlows)] == [(), ()]


def test_a_missing_service_of_the_user_is_an_error() -> None:
    """The same name outside a pack is most likely misspelt."""
    problems = Problems()
    inventory = world(web).inventory
    resolve([Text("t.npv", "assert every web reaches service kube-system/kube-dns")], inventory, {}, problems)
    assert [e.code for e in problems.errors] == ["NPV104"]
