"""Manifests of Calico in a few words, and what reading them gives."""

from __future__ import annotations

from typing import NamedTuple

from helpers import documents
from npverify.dialects.calico.read import Mode, read_all
from npverify.dialects.calico.resources import Policy, Resources, Rule
from npverify.ingest.source import Diagnostic, Problems
from npverify.normal.policy import Direction

V3, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"


class Bad(NamedTuple):
    """A text, the code, the text that the position points at, and words of message and mend."""

    fact: str
    text: str
    code: str
    at: str
    says: str
    fix: str = ""


def manifest(kind: str, rest: str, *, name: str = "p", api: str = V3, namespace: str = "") -> str:
    """A document: what stands behind metadata is given, in YAML."""
    inside = f", namespace: {namespace}" if namespace else ""
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}{inside}}}\n{rest}\n"


def rule(text: str, *, direction: str = "ingress", kind: str = "NetworkPolicy", action: str = "Allow") -> str:
    """A policy with one rule, in flow style without braces."""
    fields = ", ".join(part for part in (f"action: {action}" if action else "", text) if part)
    return manifest(kind, f"spec: {{{direction}: [{{{fields}}}]}}")


def source(text: str, also: str = "") -> str:
    """A policy whose one ingress rule has this source."""
    return rule(", ".join(part for part in (also, f"source: {{{text}}}") if part))


def destination(text: str, also: str = "") -> str:
    """A policy whose one ingress rule has this destination."""
    return rule(", ".join(part for part in (also, f"destination: {{{text}}}") if part))


def read(*texts: str, mode: Mode = "validated", version: tuple[int, int] = (3, 32)) -> tuple[Resources, Problems]:
    """What the documents hold, and everything that was said of them."""
    problems = Problems()
    return read_all(documents("---\n".join(texts)), problems, mode=mode, version=version), problems


def resources(*texts: str, mode: Mode = "validated", version: tuple[int, int] = (3, 32)) -> Resources:
    """What documents without errors hold."""
    found, problems = read(*texts, mode=mode, version=version)
    assert problems.errors == ()
    return found


def policy(text: str, mode: Mode = "validated", version: tuple[int, int] = (3, 32)) -> Policy:
    """The one policy of a text, enforced or staged."""
    found = resources(text, mode=mode, version=version)
    (only,) = found.policies + found.staged
    return only


def first_rule(text: str, mode: Mode = "validated", version: tuple[int, int] = (3, 32)) -> Rule:
    """The one rule of the one policy."""
    (only,) = (one for direction in Direction for one in policy(text, mode, version).rules[direction])
    return only


def check(text: str, problem: Diagnostic, code: str, at: str, says: str, fix: str = "") -> None:
    """A message has its code, points at a text, and says and mends what it should."""
    assert problem.span is not None
    line = text.splitlines()[problem.span.line - 1]
    assert (problem.code, line[problem.span.column - 1 :][: len(at)]) == (code, at)
    assert problem.excerpt == line or len(line) > 500, "only a very long line is not shown"
    assert says in problem.message
    assert problem.fix
    assert fix in problem.fix


def check_only(text: str, found: tuple[Diagnostic, ...], row: Bad) -> None:
    """There is this one message and no other."""
    assert [problem.code for problem in found] == [row.code]
    check(text, found[0], row.code, row.at, row.says, row.fix)
