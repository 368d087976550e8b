"""Edits that let a denied flow through, as text and as JSON: what to do, the YAML to paste, and what else it opens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.mends.opens import Opened
from npverify.analyses.mends.run import Mend, fragments
from npverify.dialects.rule_edits import ObjectEdit
from npverify.inventory.model import WorkloadRef
from npverify.normal.flow import Decider
from npverify.report import json_values as j
from npverify.report.paint import PLAIN, Paint, count, printable


def mends_text(found: Sequence[Mend], paint: Paint = PLAIN, last: Sequence[Decider] = ()) -> str:
    """The edits, smallest first; a sentence where there are none, and for each rule that can only be narrowed (`last`)."""
    lines = [*_lines(found, paint), *dict.fromkeys(map(_to_narrow, last))]
    return "".join(f"{line}\n" for line in lines)


def _to_narrow(by: Decider) -> str:
    label = by.rule.label if by.rule else ""
    said = f"{by.policy.id}, {label}, denies it, and nothing that allows goes before that: narrow that rule"
    return printable(f"  {said} ({by.rule.span})" if by.rule and by.rule.span else f"  {said}")


def _lines(found: Sequence[Mend], paint: Paint) -> Iterator[str]:
    if not found:
        yield "To allow it: no small edit was found that does (--no-edits does not look for any)"
        return
    yield paint("bold", "To allow it, any one of these edits (each was made on a copy of the input and judged)")
    for number, mend in enumerate(found, 1):
        yield printable(f"  {number}. {mend.text}; {opened_words(mend.opened)}")
        for name in mend.depends:
            yield printable(f"     only if it is as assumed: {name}")
        for edit, where, put in fragments(mend):
            yield paint("dim", printable(f"     {_place(edit, where)}"))
            yield from (f"       {printable(line)}" for line in yaml_of(put).splitlines())


def yaml_of(value: object) -> str:
    """A fragment as YAML, short lists and maps on one line."""
    import yaml

    return yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=10_000, allow_unicode=True)


def _place(edit: ObjectEdit, where: str) -> str:
    if not edit.path:
        return "a new object"
    verb = "into" if edit.item is not None else "out of"
    place = f"{edit.document.span(*edit.path)}: {verb} {where}"
    return f"{place}, before item {edit.index}" if edit.into_list and edit.index is not None else place


def opened_words(found: Opened | None) -> str:
    """`opens nothing else`, `also lets 3 other workloads reach shop/db`, …"""
    if found is None:
        return "what else it opens was not counted: there are too many workloads"
    said = [f"also {phrase}" for phrase in _opens(found)] or ["opens nothing else"]
    if found.losses:
        lost = [count(len(found.closed), "connection")] if found.closed else []
        lost += ["traffic with outside addresses"] if found.outside[1] else []
        said.append(f"but closes {' and '.join(lost)}")
    if found.nodes:
        said.append("what other nodes may do is not counted")
    return ", ".join(said)


def _opens(found: Opened) -> Iterator[str]:
    if found.more:
        yield "allows other traffic between the two"
    pairs = [pair for pair in found.opened if pair[0] != pair[1]]
    sources, destinations = ({pair[n] for pair in pairs} for n in (0, 1))
    if len(destinations) == 1:
        yield f"lets {count(len(sources), 'other workload')} reach {_name(destinations)}"
    elif len(sources) == 1:
        yield f"lets {_name(sources)} reach {count(len(destinations), 'other workload')}"
    elif pairs:
        yield f"opens {count(len(pairs), 'other connection')} between workloads"
    if within := len(found.opened) - len(pairs):
        yield f"lets pods of {count(within, 'workload')} reach others of it"
    if grown := found.outside[0]:
        yield f"opens traffic with outside addresses for {count(len(grown), 'workload')}"


def _name(refs: set[WorkloadRef]) -> str:
    return str(next(iter(refs)))


def mends_json(found: Sequence[Mend]) -> list[j.Json]:
    """The edits as JSON."""
    return [
        {
            "kind": mend.kind,
            "text": mend.text,
            "parts": [_part(edit, where, put) for edit, where, put in fragments(mend)],
            "opens": _opened_json(mend.opened),
            "depends": list(mend.depends),
        }
        for mend in found
    ]


def _part(edit: ObjectEdit, where: str, put: object) -> j.Json:
    doc = edit.document
    return {
        "object": {"kind": doc.kind, "namespace": doc.namespace or "", "name": doc.name},
        "source": str(doc.span(*edit.path)) if edit.path else None,
        "action": "create"
        if not edit.path
        else "add"
        if edit.into_list
        else "set"
        if edit.item is not None
        else "remove",
        "path": where,
        "index": edit.index,
        "yaml": yaml_of(put),
    }


def _opened_json(found: Opened | None) -> j.Json | None:
    if found is None:
        return None
    opened, closed = (
        [{"src": j.end(src), "dst": j.end(dst)} for src, dst in pairs] for pairs in (found.opened, found.closed)
    )
    grows, shrinks = ([j.end(ref) for ref in refs] for refs in found.outside)
    return {
        "opened": opened,
        "closed": closed,
        "opened_outside": grows,
        "closed_outside": shrinks,
        "same_ends_more": found.more,
        "nodes_counted": not found.nodes,
    }
