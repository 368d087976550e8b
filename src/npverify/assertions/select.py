"""Expressions for endpoints to sets of endpoints, on one side of a flow.

On the source side an expression is a set of endpoints. On the destination side it is a set of flows: `db:5432` carries its
port, a Service stands for its backends on their target ports, and `except`, `and` and `not` work on flows, so that
`pods except db:5432` leaves out that one port of db only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from npverify.assertions import printer
from npverify.assertions import syntax as s
from npverify.assertions.names import Directory, listed, nearest, one_meaning
from npverify.assertions.sets import Members, Universe, backend_condition, intersect, restrict, unite
from npverify.assertions.traffic import port
from npverify.ingest.source import Problems, Span
from npverify.inventory.model import EndpointKind, Service
from npverify.normal.predicates import FALSE, TRUE, Side, and_

NOBODY: s.Ends = s.OrEnds(())
"""Stands for an expression that was refused."""


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """One file: its lines for excerpts, its `let` names. In a pack (`lenient`) what is missing is a warning: the user
    did not write the name, and other assertions can still be decided."""

    name: str
    lines: tuple[str, ...] = ()
    lets: Mapping[str, s.Let] = field(default_factory=dict)
    lenient: bool = False


class Selector:
    """Gives expressions of one file their meaning; notes what is wrong in `problems`, which belongs to one statement."""

    def __init__(self, spec: Spec, universe: Universe, directory: Directory, problems: Problems) -> None:
        self.spec = spec
        self.universe = universe
        self.directory = directory
        self.problems = problems

    def error(self, code: str, message: str, span: Span, fix: str = "") -> None:
        """Note an error at a place of this file."""
        self.problems.error(code, message, span, fix, self._excerpt(span))

    def warn(self, code: str, message: str, span: Span, fix: str = "") -> None:
        """Note a warning at a place of this file."""
        self.problems.warn(code, message, span, fix, self._excerpt(span))

    def _excerpt(self, span: Span) -> str:
        return self.spec.lines[span.line - 1] if 0 < span.line <= len(self.spec.lines) else ""

    def meaning(self, ends: s.Ends) -> s.Ends:
        """The expression that a bare word stands for; any other expression as it is."""
        while isinstance(ends, s.Word):
            let = self.spec.lets.get(ends.text)
            ends = let.ends if let else self._looked_up(ends)
        return ends

    def _looked_up(self, word: s.Word) -> s.Ends:
        found = self.directory.candidates(word.text)
        meaning = one_meaning(found)
        if meaning is not None:
            return replace(meaning, span=word.span)
        if found:
            self.error(
                "NPV105",
                f"`{word.text}` can mean several things: {listed(found)}",
                word.span,
                "write the one that you mean",
            )
        elif "/" in word.text:
            known = self.directory.known_names()
            self._missing(f"there is no workload, pod or service `{word.text}`", word.span, nearest(word.text, known))
        else:
            lets = sorted(self.spec.lets)
            fix = nearest(word.text, [*lets, *self.directory.known_words()])
            said = f"; names given with `let`: {', '.join(f'`{n}`' for n in lets)}" if lets else ""
            self._missing(
                f"`{word.text}` is no `let` name, workload, pod, service or value of a usual label{said}",
                word.span,
                fix or f'for another label write `pods where KEY == "{word.text}"`',
            )
        return NOBODY

    def _missing(self, message: str, span: Span, fix: str) -> None:
        if self.spec.lenient:
            self.warn("NPV132", f"{message}, so nothing is proved about it", span, "add its manifest to the input")
        else:
            self.error("NPV104", message, span, fix)

    def parts(self, ends: s.Ends) -> Iterator[s.Ends]:
        """The operands of `or`, of those inside too, with bare words replaced by what they stand for."""
        ends = self.meaning(ends)
        if isinstance(ends, s.OrEnds):
            for part in ends.parts:
                yield from self.parts(part)
        else:
            yield ends

    def nodes(self, ends: s.Ends) -> Iterator[s.Ends]:
        """Every expression inside, itself first, through `let` names."""
        ends = self.meaning(ends)
        yield ends
        for inner in s.inner(ends):
            yield from self.nodes(inner)

    def source(self, ends: s.Ends) -> Members:
        """The endpoints of an expression as sources, in the order of the inventory."""
        return self.universe.ordered(self.members(ends, Side.SRC))

    def members(self, ends: s.Ends, side: Side, home: frozenset[str] | None = None) -> Members:
        """The endpoints of an expression; `home` holds the namespaces that `in other namespaces` leaves out."""
        ends = self.meaning(ends)
        found = self._members(ends, side, home)
        if home is None and all(cond is FALSE for cond in found.values()) and not self.problems.errors:
            self._nothing(ends)
        return found

    def _nothing(self, ends: s.Ends) -> None:
        """Warn once, at the smallest expression that selects nothing."""
        nodes = isinstance(ends, s.Everyone) and ends.which == "nodes"
        if isinstance(ends, s.Pods | s.AndEnds | s.ExceptEnds | s.NotEnds) or nodes:
            self.warn(
                "NPV130",
                f"`{printer.ends(ends)}` selects nothing",
                ends.span,
                "check it against the manifests that were read",
            )

    def _members(self, ends: s.Ends, side: Side, home: frozenset[str] | None) -> Members:
        match ends:
            case s.OrEnds(parts):
                return unite(*(self.members(p, side, home) for p in parts))
            case s.AndEnds(parts):
                return intersect(*(self.members(p, side, home) for p in parts))
            case s.ExceptEnds(base, minus):
                without = self._members(minus, side, home) if _is_class(minus) else self.members(minus, side, home)
                return intersect(self.members(base, side, home), self.universe.complement(without))
            case s.NotEnds(body):
                return self.universe.complement(self.members(body, side, home))
            case s.WithPort(body, number, span):
                return self._with_port(body, number, span, side, home)
            case s.Block(prefix):
                return self.universe.block(prefix, side)
            case s.Everyone("nodes", clusters=clusters):
                return unite(*(dict.fromkeys(where.universe.nodes, TRUE) for where in self._directories(clusters)))
            case s.Everyone("internet"):
                return self.universe.of_kind(EndpointKind.EXTERNAL)
            case s.Everyone():
                return self.universe.all()
            case s.Pods(clusters=clusters):
                return unite(*(self._pods(ends, where.universe, home) for where in self._directories(clusters)))
            case s.Named("service"):
                service = self.service(ends)
                return self._behind(service, side) if service else {}
            case s.Named(kind, name, span, clusters):
                return unite(*(self._named(kind, name, span, where)[1] for where in self._directories(clusters)))
            case _:
                raise TypeError(ends)

    def _directories(self, clusters: s.Clusters | None) -> list[Directory]:
        """Where an expression looks: in this cluster, or in the others that it names; a message for those there are not."""
        if clusters is None:
            return [self.directory]
        found = []
        known = self.universe.inventory.clusters
        for name, span in zip(clusters.names, clusters.spans, strict=True):
            if name in known:
                found.append(self.directory.cluster(name))
            else:
                fix = nearest(name, known) or f"known are {', '.join(f'`{n}`' for n in known)}" if known else ""
                self._missing(
                    f"there is no other cluster `{name}`", span, fix or f"add its manifests with `--remote {name}=PATH`"
                )
        return found

    def _with_port(self, body: s.Ends, number: int, span: Span, side: Side, home: frozenset[str] | None) -> Members:
        if side is Side.SRC:
            self.error("NPV111", f"`:{number}` is a port of a destination, and this is a source", span, "leave it out")
            return {}
        meaning = self.meaning(body)
        if isinstance(meaning, s.Named) and meaning.kind == "service":
            service = self.service(meaning)
            return self._behind(service, side, number) if service else {}
        return restrict(self.members(meaning, side, home), port("TCP", number))

    def _pods(self, pods: s.Pods, universe: Universe, home: frozenset[str] | None) -> Members:
        if pods.flavour == "possible":
            self.error(
                "NPV102",
                "`possible` pods, the open world, are not supported in this version",
                pods.span,
                "write `pods`: it speaks about the pods in the input",
            )
        match pods.scope:
            case None:
                found = universe.pods_where(pods.where)
            case s.OtherNamespaces():
                if universe.cluster:
                    self.error(
                        "NPV114",
                        "`in other namespaces` leaves out the source's own, which is none of another cluster",
                        pods.span,
                        "drop `in other namespaces`",
                    )
                elif home is None:
                    self.error(
                        "NPV114",
                        "`in other namespaces` has a meaning on the destination side of `reaches` only",
                        pods.span,
                        "write `no pods reach pods in other namespaces`",
                    )
                everywhere = universe.pods_where(pods.where)
                found = {e: cond for e, cond in everywhere.items() if e.namespace not in (home or ())}
            case s.Namespaces(names, spans):
                for name, span in zip(names, spans, strict=True):
                    self.known_namespace(name, span, universe)
                found = universe.pods_where(pods.where, dict.fromkeys(names, TRUE))
            case s.NamespacesWhere(where):
                found = universe.pods_where(pods.where, universe.namespaces(where))
        if pods.flavour == "hostnetwork":
            return {e: cond for e, cond in found.items() if e.shares_address}
        return found

    def known_namespace(self, name: str, span: Span, universe: Universe | None = None) -> None:
        """Note an error if nothing in the input uses the namespace; `universe` is another cluster's if one is meant."""
        universe = universe or self.universe
        known = universe.namespace_names
        if name not in known:
            self._missing(
                f"there is no namespace `{name}`{_in(universe)}",
                span,
                nearest(name, known) or (f"known are {', '.join(f'`{n}`' for n in known)}" if known else ""),
            )

    def _named(self, kind: str, name: str, span: Span, where: Directory) -> tuple[str, Members]:
        """The full name, and the endpoints, of the one thing that is meant; ("", {}) after a message."""
        found = where.of_kind(kind, name)
        if len(found) == 1:
            return next(iter(found.items()))
        if found:
            choices = ", ".join(f"`{kind} {full}`" for full in found)
            message = f"`{kind} {name}` can mean several things{_in(where.universe)}: {choices}"
            self.error("NPV105", message, span, "write the one that you mean")
        else:
            same = where.kinds_named(name)
            fix = f"did you mean `{same[0]}`?" if same else nearest(name, where.names_of_kind(kind), f"{kind} {{}}")
            message = f"there is no {kind} `{name}`{_in(where.universe)}"
            self._missing(message, span, self._left_out(kind, name, where.universe.cluster) or fix)
        return "", {}

    def _left_out(self, kind: str, name: str, cluster: str) -> str:
        """Why something that is in the input has no pods, if the inventory says so."""
        notes = self.universe.inventory.notes
        begin = f"cluster {cluster}: {kind} {name} " if cluster else f"{kind} {name} "
        return next((note for note in notes if note.lower().startswith(begin.lower())), "")

    def service(self, named: s.Named) -> Service | None:
        """The Service that is meant; None after a message, also if it cannot be a destination."""
        if named.clusters is not None:
            message = "services of other clusters are not supported in this version"
            self.error("NPV102", message, named.span, "name the pods behind it")
            return None
        full, _ = self._named("service", named.name, named.span, self.directory)
        if not full:
            return None
        service = self.directory.service(full)
        if service.problem:
            self.warn(
                "NPV131",
                f"service `{full}` stands for no pods: {service.problem}",
                named.span,
                "name the pods or addresses that you mean",
            )
            return None
        if not any(service.backends.get(i) for i in range(len(service.ports))):
            self.warn(
                "NPV131",
                f"no pod stands behind service `{full}`",
                named.span,
                "check its selector against the labels of the pods",
            )
        return service

    def _behind(self, service: Service, side: Side, number: int | None = None) -> Members:
        if side is Side.SRC:
            return self.universe.backends(service, side)
        found = []
        for index, p in enumerate(service.ports):
            if number is None or (p.protocol == "TCP" and p.number == number):
                for b in service.backends.get(index, ()):
                    found.append({b.endpoint: and_(backend_condition(b, side), port(p.protocol, b.port))})
        return unite(*found)


def _is_class(ends: s.Ends) -> bool:
    """Whether an expression is a class of endpoints as such, which a cluster may well have none of."""
    if isinstance(ends, s.Everyone):
        return ends.which == "nodes"
    return isinstance(ends, s.Pods) and replace(ends, clusters=None) == s.Pods(flavour="hostnetwork")


def _in(universe: Universe) -> str:
    return f" in cluster `{universe.cluster}`" if universe.cluster else ""
