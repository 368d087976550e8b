"""What a name in an assertion means: the workload, pod, service, account, node, namespace or label value of that name.

A name that means nothing is an error with the nearest one; a bare word that means several things is an error that lists
them, each written so that it can be pasted. Only where all of them are the same pods is the word taken as it stands.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from npverify.assertions import printer
from npverify.assertions import syntax as s
from npverify.assertions.sets import Members, Universe
from npverify.inventory.model import Endpoint, Service
from npverify.normal.predicates import TRUE, Side

LABEL_KEYS = ("app", "app.kubernetes.io/name", "k8s-app", "name", "role", "tier")
"""The labels whose value may stand as a bare word, in the order in which candidates are listed."""

WORKLOADS = ("deployment", "statefulset", "daemonset", "replicaset", "replicationcontroller", "cronjob", "job")


Index = dict[str, list[Endpoint]]


class Candidate(NamedTuple):
    """One meaning of a word: an expression that the user could have written, and the pods behind it."""

    ends: s.Ends
    members: Members


class Directory:
    """Looks names up among the endpoints of `universe`; guards only its indexes, made when first asked."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self._words: dict[str, tuple[Candidate, ...]] = {}
        self._clusters: dict[str, Directory] = {}

    def cluster(self, name: str) -> Directory:
        """The names of another cluster; KeyError if there is none of that name."""
        if name not in self._clusters:
            self._clusters[name] = Directory(Universe(self.universe.inventory, name))
        return self._clusters[name]

    @cached_property
    def _pods(self) -> Index:
        """Pods under their own names; an endpoint that stands for a workload has none."""
        return _index(
            (e.name, e)
            for e in self.universe.pods
            if e.workload is None or e.workload.kind == "Pod" or e.workload.name != e.name
        )

    @cached_property
    def _workloads(self) -> Index:
        return _index(
            (e.workload.name, e) for e in self.universe.pods if e.workload is not None and e.workload.kind != "Pod"
        )

    @cached_property
    def _accounts(self) -> Index:
        return _index((e.service_account, e) for e in self.universe.pods if e.service_account)

    @cached_property
    def _nodes(self) -> Index:
        return _index((e.name, e) for e in self.universe.nodes)

    @cached_property
    def _services(self) -> dict[str, list[Service]]:
        found: dict[str, list[Service]] = {}
        for (_, name), service in sorted(self.universe.services.items()):
            found.setdefault(name, []).append(service)
        return found

    def of_kind(self, kind: str, name: str) -> dict[str, Members]:
        """What is called `name` (`ns/name` or a name in any namespace) and is of that kind: full name to its pods."""
        namespace, _, bare = name.rpartition("/")
        found: dict[str, Members] = {}
        if kind == "service":
            for service in self._services.get(bare, ()):
                if namespace in ("", service.namespace):
                    found[str(service)] = self.universe.backends(service, Side.SRC)
            return found
        for e in self._index(kind).get(bare, ()):
            fits = kind not in WORKLOADS or (e.workload is not None and e.workload.kind.lower() == kind)
            if fits and namespace in ("", e.namespace):
                full = f"{e.namespace}/{bare}" if e.namespace else bare
                found.setdefault(full, {})[e] = TRUE
        return dict(sorted(found.items()))

    def service(self, full_name: str) -> Service:
        """The Service of that full name; KeyError if there is none."""
        namespace, _, name = full_name.partition("/")
        return self.universe.services[namespace, name]

    def _index(self, kind: str) -> Index:
        match kind:
            case "pod":
                return self._pods
            case "serviceaccount":
                return self._accounts
            case "node":
                return self._nodes
            case _:
                return self._workloads

    def names_of_kind(self, kind: str) -> list[str]:
        """Every full name of that kind, for suggestions."""
        if kind == "service":
            return sorted(f"{ns}/{name}" for ns, name in self.universe.services)
        return sorted({full for name in self._index(kind) for full in self.of_kind(kind, name)})

    def candidates(self, word: str) -> tuple[Candidate, ...]:
        """Everything that a bare word, or `ns/name`, can mean."""
        if word not in self._words:
            self._words[word] = tuple(self._find(word))
        return self._words[word]

    def _find(self, word: str) -> Iterable[Candidate]:
        for kind in (*WORKLOADS, "pod", "service"):
            for full, members in self.of_kind(kind, word).items():
                yield Candidate(s.Named(kind, full), self.universe.ordered(members))
        if "/" not in word:
            for key in LABEL_KEYS:
                if word in self.universe.label_values(key):
                    test = s.LabelTest(key, "in", (word,))
                    yield Candidate(s.Pods(test), self.universe.ordered(self.universe.where(test)))

    def known_words(self) -> list[str]:
        """Every word that means something, for suggestions."""
        values = {v for key in LABEL_KEYS for v in self.universe.label_values(key)}
        return sorted(values | set(self._workloads) | set(self._pods) | set(self._services))

    def known_names(self) -> list[str]:
        """Every `ns/name` that means something, for suggestions."""
        return sorted({n for kind in (*WORKLOADS, "pod", "service") for n in self.names_of_kind(kind)})

    def kinds_named(self, name: str) -> list[str]:
        """Expressions for things of that name, whatever their kind."""
        kinds = (*WORKLOADS, "pod", "service", "serviceaccount", "node")
        return [f"{kind} {full}" for kind in kinds for full in self.of_kind(kind, name)]


def _index(named: Iterable[tuple[str, Endpoint]]) -> Index:
    found: Index = {}
    for name, e in named:
        found.setdefault(name, []).append(e)
    return found


def one_meaning(found: tuple[Candidate, ...]) -> s.Ends | None:
    """The meaning of a word with these candidates, if they all are the same pods; a service only if it stands alone."""
    if not found or any(c.members != found[0].members for c in found[1:]):
        return None
    return next(
        (c.ends for c in found if not (isinstance(c.ends, s.Named) and c.ends.kind == "service")), found[0].ends
    )


def listed(found: Iterable[Candidate]) -> str:
    """The candidates as text to paste."""
    return ", ".join(f"`{_spelled(c)}`" for c in found)


def _spelled(candidate: Candidate) -> str:
    text = printer.ends(candidate.ends)
    spaces = sorted({e.namespace for e in candidate.members})
    return f"{text} in namespace {spaces[0]}" if isinstance(candidate.ends, s.Pods) and len(spaces) == 1 else text


def nearest(name: str, known: Iterable[str], template: str = "{}") -> str:
    """A fix that names what is near in spelling, "" if nothing is."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean `{template.format(near[0])}`?" if near else ""
