"""A migration to Calico for a person and as JSON: what became of what, the proofs, and the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.translate.results import Became, Step, TranslateResult
from npverify.ingest.source import Diagnostic
from npverify.report import json_values as j
from npverify.report.equiv_json import witness_json
from npverify.report.equiv_text import witness_lines
from npverify.report.excerpt import Lines, no_lines
from npverify.report.paint import PLAIN, Paint, count, printable
from npverify.report.prove_text import View

EQUAL = "the new policies allow the flows that the native ones allow, and no others"
TOGETHER = "so do both sets together, while the native ones are still there"
_NOT = {
    EQUAL: "the new policies do not allow the same flows as the native ones",
    TOGETHER: "while both sets are there they do not",
}
NOBODY = "there is no pod, so nothing is proved about anybody"
NO_WAY = "there is no moment at which both sets may be there, so replace them while nobody depends on them"
CALICOCTL = (
    "without Calico's API server, write `calicoctl` in place of `kubectl` for the new policies; it has no --dry-run"
)

_SIDES = ("native", "new")

_SIGNS = {
    Equivalence.EQUIVALENT: ("green", "✓ proved   "),
    Equivalence.DIFFERENT: ("red", "✗ different"),
    Equivalence.UNDECIDED: ("yellow", "? undecided"),
}


def translate_text(
    found: TranslateResult, lines: Lines = no_lines, paint: Paint = PLAIN, *, quiet: bool = False, written: bool = True
) -> str:
    """The whole report; `written` says whether the new policies were given out."""
    return "".join(f"{line}\n" for line in _report(found, lines, paint, quiet=quiet, written=written))


def _report(found: TranslateResult, lines: Lines, paint: Paint, *, quiet: bool, written: bool) -> Iterator[str]:
    if not _about_somebody(found):
        yield f"{paint('yellow', '∅ vacuous  ')}  {NOBODY}"
    for claim, answer in _comparisons(found):
        style, sign = _SIGNS[answer.status]
        different = answer.status is Equivalence.DIFFERENT
        yield f"{paint(style, sign)}  {_NOT[claim] if different else claim}"
        yield from _why(answer, lines, paint)
    if found.together is not None and found.together.status is Equivalence.DIFFERENT:
        yield f"  fix       {NO_WAY}"
    if not quiet and any(b.names for b in found.became):
        yield ""
        yield from _became(found.became)
    if not quiet and found.plan:
        yield ""
        yield from _plan(found.plan, paint)
    if found.files and not written:
        yield ""
        yield "nothing was written: what is not proved is given out only with --unproved"
    yield ""
    yield _summary(found)
    notes = [*found.equal.notes, *_limits(found)]
    yield paint("dim", printable(f"Assumed: {'; '.join(notes)}."))


def _about_somebody(found: TranslateResult) -> bool:
    return bool(found.equal.left.inventory.pods)


def _comparisons(found: TranslateResult) -> Iterator[tuple[str, EquivResult]]:
    if not _about_somebody(found):
        return
    yield EQUAL, found.equal
    if found.together is not None:
        yield TOGETHER, found.together


def _why(answer: EquivResult, lines: Lines, paint: Paint) -> Iterator[str]:
    if answer.because:
        yield f"  because   {printable(answer.because)}"
    if answer.status is Equivalence.UNDECIDED and not answer.interrupted:
        yield "  fix       try --budget large; undecided never counts as proved"
    if answer.witness is None:
        return
    yield from witness_lines(answer, answer.witness, View(paint, lines=lines), _SIDES)
    if answer.pairs > 1:
        yield f"  pairs     {count(answer.pairs, 'pair')} of source and destination differ, this is the first"


def _became(became: Sequence[Became]) -> Iterator[str]:
    width = max(len(str(b.source)) for b in became)
    for one in became:
        names = ", ".join(one.names)
        kept = "" if names == one.source.name else f"as {names}  "
        yield printable(f"  {one.source!s:<{width}}  {kept}{one.span}")


def _plan(steps: Sequence[Step], paint: Paint) -> Iterator[str]:
    yield paint("bold", "Plan")
    for number, step in enumerate(steps, 1):
        yield printable(f"  {number}. {step.purpose}")
        for command in step.commands:
            yield printable(f"       {command}")
    yield paint("dim", f"  ({CALICOCTL})")


def _summary(found: TranslateResult) -> str:
    inventory = found.equal.left.inventory
    workloads = count(len({e.workload or e for e in inventory.pods}), "workload")
    native = count(len(found.became), "native policy", "native policies")
    into = (
        f" as {count(sum(len(b.names) for b in found.became), 'Calico policy', 'Calico policies')}"
        if found.files
        else ""
    )
    return f"{native}{into} · {workloads} · Calico {found.version}"


def _limits(found: TranslateResult) -> list[str]:
    """What the proof is about: this inventory, this way to run Calico."""
    settings = [f"{name}={value}" for name, value in found.equal.left.policies.settings]
    how = f"with {', '.join(settings)}" if settings else "as its profile says"
    return ["it is about the pods, nodes and addresses of the input", f"Calico runs {how}"]


def translate_json(found: TranslateResult, *, written: bool = True) -> j.Json:
    """The same as JSON, with the text of every file."""
    return {
        "schema": j.SCHEMA,
        "to": "calico",
        "calico_version": found.version,
        "proved": found.proved,
        "written": written and bool(found.files),
        "policies": [
            {"policy": j.policy(b.source), "source": str(b.span), "became": list(b.names)} for b in found.became
        ],
        "files": [{"name": f.name, "text": f.text} for f in found.files],
        "proofs": [_proof(claim, answer) for claim, answer in _comparisons(found)],
        "plan": [{"purpose": s.purpose, "commands": list(s.commands)} for s in found.plan],
        "warnings": [_warning(w) for w in found.warnings],
        "assumed": [*found.equal.notes, *_limits(found)],
    }


def _proof(claim: str, answer: EquivResult) -> j.Json:
    out: j.Json = {"claim": claim, "status": str(answer.status)}
    if answer.because:
        out["because"] = answer.because
    if answer.witness is not None:
        out["witness"] = witness_json(answer, answer.witness)
    return out


def _warning(found: Diagnostic) -> j.Json:
    return {
        "code": found.code,
        "message": found.message,
        "source": str(found.span) if found.span else None,
        "fix": found.fix,
    }
