"""What an operator types for a step."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence

from npverify.analyses.rollout.edits import Edit, Step
from npverify.ingest.document import Document
from npverify.ingest.files import STDIN

_NATIVE = "networking.k8s.io"
_GIT = "git:"


def commands(order: Sequence[Step]) -> tuple[tuple[str, ...], ...]:
    """The commands of each step, in order. A file is applied as it is once nothing in it is left for a later step; before
    that, the one object is taken out of it with `yq`."""
    waiting = [edit for step in order for edit in step if edit.new is not None]
    told = []
    for step in order:
        waiting = [edit for edit in waiting if edit not in step]
        told.append(tuple(dict.fromkeys(_of_step(step, {edit.span.file for edit in waiting}))))
    return tuple(told)


def _of_step(step: Step, later: set[str]) -> Iterator[str]:
    for edit in step:
        if edit.new is None:
            yield _delete(edit)
        elif edit.span.file in later:
            yield f"{_read(edit.span.file, _selecting(edit.new))} | kubectl apply -f -"
        elif edit.span.file.startswith(_GIT):
            yield f"{_read(edit.span.file, '')} | kubectl apply -f -"
        elif edit.span.file == STDIN:
            yield "kubectl apply -f -"
        else:
            yield f"kubectl apply -f {shlex.quote(edit.span.file)}"


def _delete(edit: Edit) -> str:
    doc = edit.document
    kind = doc.kind.lower() if doc.group == _NATIVE else f"{doc.kind.lower()}.{doc.group}"
    where = ["-n", edit.namespace] if edit.namespace else []
    return shlex.join(["kubectl", "delete", kind, *where, doc.name])


def _selecting(doc: Document) -> str:
    """The expression of `yq` that gives one object of a file."""
    if doc.prefix:
        return "." + "".join(f"[{part}]" if isinstance(part, int) else f"{part}" for part in _joined(doc.prefix))
    tests = [f'.kind == "{doc.kind}"', f'.metadata.name == "{doc.name}"']
    if doc.namespace is not None:
        tests.append(f'.metadata.namespace == "{doc.namespace}"')
    return f"select({' and '.join(tests)})"


def _joined(path: Iterable[str | int]) -> Iterator[str | int]:
    for number, part in enumerate(path):
        yield f".{part}" if number and isinstance(part, str) else part


def _read(file: str, selecting: str) -> str:
    if file.startswith(_GIT):
        show = shlex.join(["git", "show", file.removeprefix(_GIT)])
        return f"{show} | yq {shlex.quote(selecting)}" if selecting else show
    if file == STDIN:
        return f"yq {shlex.quote(selecting)}"
    return f"yq {shlex.quote(selecting)} {shlex.quote(file)}"
