"""Specs to assertions that can be decided: reads every file, loads its packs, and gives every name its meaning.

Trusted: what a name means here is what is proved. Every problem of every file is noted; an assertion with an error is left
out of the result, and the caller must not decide the rest as if it were all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from npverify.assertions import syntax as s
from npverify.assertions.changes import lower_change
from npverify.assertions.claims import Assertion, ChangeAssertion
from npverify.assertions.kind import Context
from npverify.assertions.kinds import kind_of
from npverify.assertions.names import Directory, nearest
from npverify.assertions.packs import file_name, packs
from npverify.assertions.parser import parse
from npverify.assertions.select import NOBODY, Selector, Spec
from npverify.assertions.sets import Universe
from npverify.assertions.traffic import clauses
from npverify.ingest.source import Diagnostic, Problems, Span
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import Inventory
from npverify.normal.policy import PolicyId
from npverify.normal.predicates import Side


class SpecText(Protocol):
    """An `.npv` file: the name for messages, and its text."""

    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the specs say about an inventory: assertions in the order of the files (those of a pack stand where it is
    used), and where pods of unknown address live."""

    assertions: tuple[Assertion, ...]
    pod_space: tuple[Prefix, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    text: str
    statements: tuple[s.Statement, ...]
    lenient: bool


def declared_pod_space(specs: Sequence[SpecText], problems: Problems) -> tuple[Prefix, ...]:
    """The blocks of `assume pod addresses in …` of all files, each once; needs no inventory."""
    return _pod_space(_read(specs, problems))


def resolve(
    specs: Sequence[SpecText],
    inventory: Inventory,
    policies: Mapping[PolicyId, Span],
    problems: Problems,
    *,
    only_tags: Collection[str] = (),
    of_change: bool = False,
) -> Resolved:
    """The assertions of the specs on an inventory and the policies defined on it.

    `only_tags` keeps the assertions that have one of these tags. Errors (NPV100-NPV116) and warnings (NPV130-NPV133) go
    to `problems`; so does a word on assertions about changes (NPV410), unless `of_change`: then `resolve_changes` is asked.
    """
    files = _read(specs, problems)
    contexts = _contexts(files, inventory, policies, problems)
    _check_tags(files, only_tags, problems)
    found = []
    for file, statement in _in_order(files):
        lowering = contexts[file.name]
        if isinstance(statement, s.Assert) and _is_wanted(statement, only_tags):
            if isinstance(statement.claim, s.OnChange):
                if not of_change:
                    lowering.asked_elsewhere(statement.span)
                continue
            assertion = lowering.assertion(statement)
            if assertion is not None:
                found.append(assertion)
        elif isinstance(statement, s.Let) and not file.lenient:
            lowering.let(statement)
        elif isinstance(statement, s.AssumeLabel):
            lowering.unsupported("`assume every pod has label`, of the open world,", statement.span, "leave it out")
    return Resolved(tuple(found), _pod_space(files))


def resolve_changes(
    specs: Sequence[SpecText],
    which: Literal["new", "lost"],
    inventory: Inventory,
    policies: Mapping[PolicyId, Span],
    *,
    only_tags: Collection[str] = (),
) -> Iterator[tuple[ChangeAssertion, tuple[Diagnostic, ...]]]:
    """The `on change` assertions of one kind on one version, each with the errors about its names; legs are empty where
    there are any. Problems of the files themselves are told by `resolve`."""
    files = _read(specs, Problems())
    contexts = _contexts(files, inventory, policies, Problems())
    for file, statement in _in_order(files):
        if isinstance(statement, s.Assert) and _is_wanted(statement, only_tags):
            claim = statement.claim
            if isinstance(claim, s.OnChange) and claim.which == which:
                yield contexts[file.name].change(statement, claim)


def _contexts(
    files: Sequence[_File], inventory: Inventory, policies: Mapping[PolicyId, Span], problems: Problems
) -> dict[str, _Lowering]:
    """What the statements of each file are resolved with."""
    if not files:
        return {}  # nothing is asked, so nobody has to be found by name
    universe = Universe(inventory)
    directory = Directory(universe)
    return {file.name: _Lowering(_spec(file, problems), universe, directory, policies, problems) for file in files}


def _is_wanted(statement: s.Assert, only_tags: Collection[str]) -> bool:
    return not only_tags or bool(set(statement.tags) & set(only_tags))


@dataclass(frozen=True, slots=True)
class _Lowering:
    """What the statements of one file are resolved with."""

    spec: Spec
    universe: Universe
    directory: Directory
    policies: Mapping[PolicyId, Span]
    problems: Problems

    def assertion(self, statement: s.Assert) -> Assertion | None:
        """The assertion that a statement stands for; None after an error."""
        found = Problems()
        select = Selector(self.spec, self.universe, self.directory, found)
        kind = kind_of(statement.claim)
        if kind is None:
            raise AssertionError("every claim but those about changes has a kind")
        if isinstance(statement.claim, s.Reaches) and statement.claim.any_path:
            self.unsupported("`through any path`", statement.span, "leave it out to ask about direct flows")
            return None
        lowered = kind.lower(statement.claim, Context(select, self.policies))
        self.problems.extend((*found.errors, *found.warnings))
        if found.errors:
            return None
        return Assertion(
            statement.title or statement.text,
            statement.text,
            lowered.claim,
            kind.name,
            statement.span,
            statement.severity,
            statement.tags,
            lowered.assumed,
            clauses(statement.claim.traffic) if isinstance(statement.claim, s.Reaches) else frozenset(),
        )

    def change(self, statement: s.Assert, claim: s.OnChange) -> tuple[ChangeAssertion, tuple[Diagnostic, ...]]:
        """The assertion about changes that a statement stands for, with the errors about its names."""
        found = Problems()
        legs, assumed = lower_change(claim, Selector(self.spec, self.universe, self.directory, found))
        assertion = ChangeAssertion(
            statement.title or statement.text,
            statement.text,
            claim.which,
            () if found.errors else legs,
            statement.span,
            statement.severity,
            statement.tags,
            assumed,
            clauses(claim.traffic),
        )
        return assertion, found.errors

    def asked_elsewhere(self, span: Span) -> None:
        """Say that an assertion about changes is not decided here."""
        excerpt = self.spec.lines[span.line - 1]
        message = "an `on change` assertion is about two versions, so it was not decided here"
        self.problems.warn("NPV410", message, span, "ask with `npverify diff OLD NEW`", excerpt)

    def let(self, statement: s.Let) -> None:
        """Note the errors of a `let`, also of one that no assertion uses."""
        found = Problems()
        Selector(self.spec, self.universe, self.directory, found).members(statement.ends, Side.DST, home=frozenset())
        self.problems.extend(found.errors)

    def unsupported(self, what: str, span: Span, fix: str) -> None:
        """Note that the grammar knows something that cannot be decided yet."""
        excerpt = self.spec.lines[span.line - 1]
        self.problems.error("NPV102", f"{what} is not supported in this version", span, fix, excerpt)


def _read(specs: Sequence[SpecText], problems: Problems) -> list[_File]:
    """Every file in order, a pack before the file that uses it, each pack once."""
    found: dict[str, _File] = {}
    for spec in specs:
        _load(spec.name, spec.text, False, found, problems)
    return list(found.values())


def _load(name: str, text: str, lenient: bool, found: dict[str, _File], problems: Problems) -> None:
    if name in found:
        return
    file = _File(name, text, parse(name, text, problems), lenient)
    found[name] = file
    for use in (st for st in file.statements if isinstance(st, s.Use)):
        if use.pack in packs():
            _load(file_name(use.pack), packs()[use.pack], True, found, problems)
        else:
            known = ", ".join(f"`{p}`" for p in packs())
            message = f"there is no pack `{use.pack}`; there are {known}"
            problems.error(
                "NPV103", message, use.span, nearest(use.pack, packs()), text.splitlines()[use.span.line - 1]
            )


def _in_order(files: list[_File]) -> Iterator[tuple[_File, s.Statement]]:
    """Every statement with its file; those of a pack where it is first used."""
    by_name = {file.name: file for file in files}
    used: set[str] = set()

    def walk(file: _File) -> Iterator[tuple[_File, s.Statement]]:
        for statement in file.statements:
            pack = by_name.get(file_name(statement.pack)) if isinstance(statement, s.Use) else None
            if pack is None:
                yield file, statement
            elif pack.name not in used:
                used.add(pack.name)
                yield from walk(pack)

    for file in files:
        if not file.lenient:
            yield from walk(file)


def _spec(file: _File, problems: Problems) -> Spec:
    """The names of a file, after messages about those given twice or defined by themselves."""
    lines = tuple(file.text.removeprefix("\ufeff").splitlines())
    lets: dict[str, s.Let] = {}
    for let in (st for st in file.statements if isinstance(st, s.Let)):
        excerpt = lines[let.span.line - 1]
        if let.name in lets:
            first = lets[let.name].span.line
            problems.error(
                "NPV106", f"`{let.name}` is given twice, first in line {first}", let.span, "rename one", excerpt
            )
        else:
            lets[let.name] = let
    circular = [name for name in lets if name in _reachable(name, lets)]
    for name in circular:
        let = lets[name]
        fix = f"to mean what is called `{name}` in the cluster write `deployment NAMESPACE/{name}`"
        problems.error("NPV108", f"`{name}` is defined by itself", let.span, fix, lines[let.span.line - 1])
        lets[name] = s.Let(name, NOBODY, let.span)
    return Spec(file.name, lines, lets, file.lenient)


def _reachable(name: str, lets: Mapping[str, s.Let]) -> set[str]:
    """The `let` names that the definition of one leads to."""
    found: set[str] = set()
    todo = [name]
    while todo:
        for word in s.words(lets[todo.pop()].ends):
            if word in lets and word not in found:
                found.add(word)
                todo.append(word)
    return found


def _check_tags(files: list[_File], only_tags: Collection[str], problems: Problems) -> None:
    known = sorted({tag for f in files for st in f.statements if isinstance(st, s.Assert) for tag in st.tags})
    for tag in sorted(set(only_tags) - set(known)):
        fix = nearest(tag, known) or (f"known are {', '.join(f'`{t}`' for t in known)}" if known else "")
        problems.error("NPV117", f"no assertion has the tag `{tag}`", None, fix)


def _pod_space(files: list[_File]) -> tuple[Prefix, ...]:
    blocks = (p for f in files for st in f.statements if isinstance(st, s.AssumeAddresses) for p in st.prefixes)
    return tuple(dict.fromkeys(blocks))
