"""What lint found, for a person: each finding at its line, why, a flow that shows it, and the mend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from npverify.analyses.lint.findings import Finding, LintResult, Silenced
from npverify.analyses.world import World
from npverify.dialects.lint import Severity
from npverify.ingest.source import Span
from npverify.report import words
from npverify.report.counterexample_text import Scene
from npverify.report.diagnostics import gutter
from npverify.report.paint import count, printable
from npverify.report.prove_text import View

_STYLE: dict[Severity, str] = {"error": "bold red", "warning": "bold yellow", "info": "bold blue"}
_INDENT = " " * 12


def render_lint(result: LintResult, world: World, view: View, *, strict: bool = False) -> str:
    """The whole report; ends with a line break. Findings of severity info are counted, and shown if that is wished (`verbose`
    of the view) or if they count (`strict`)."""
    return "".join(f"{line}\n" for line in _report(result, world, view, strict=strict))


def _report(result: LintResult, world: World, view: View, *, strict: bool) -> Iterator[str]:
    scene = Scene(world, view.lines, view.paint)
    counted: Counter[str] = Counter()
    for finding in result.findings:
        if finding.rule.severity == "info" and not (strict or view.verbose):
            counted[f"{finding.rule.code} {finding.rule.name}"] += 1
            continue
        yield from finding_lines(finding, scene, view)
        yield ""
    if counted and not view.quiet:
        told = ", ".join(f"{number} × {rule}" if number > 1 else rule for rule, number in sorted(counted.items()))
        yield f"{view.paint(_STYLE['info'], 'info')}: {told}; --verbose shows {'them' if counted.total() > 1 else 'it'}"
        yield ""
    for undecided in result.undecided:
        yield f"{view.paint('yellow', '?')} {undecided.rule.code} {printable(undecided.because)}; try --budget large"
    for silenced in result.silenced if view.verbose else ():
        finding = silenced.finding
        yield view.paint("dim", printable(f"{_at(finding.span)}silenced[{finding.rule.code}]: {finding.message}"))
        yield f"  reason    {printable(silenced.reason)} ({printable(silenced_where(silenced))})"
    if result.undecided or (result.silenced and view.verbose):
        yield ""
    yield summary_line(result, world, view)


def finding_lines(finding: Finding, scene: Scene, view: View) -> Iterator[str]:
    """One finding in full."""
    paint, severity = view.paint, finding.rule.severity
    head = paint(_STYLE[severity], f"{severity}[{finding.rule.code}]")
    yield f"{paint('bold', printable(_at(finding.span)))}{head}: {printable(finding.message)}"
    if finding.span is not None and finding.span.line:
        lines = view.lines(finding.span.file)
        if finding.span.line <= len(lines):
            yield from gutter(finding.span.line, finding.span.column, lines[finding.span.line - 1], paint)
    for number, reason in enumerate(finding.because):
        where = f"  {reason.span}" if reason.span is not None and reason.span != finding.span else ""
        yield ("  because   " if not number else _INDENT) + printable(f"{reason.text}{where}")
    if finding.shown is not None:
        yield from scene.counterexample(finding.shown)
    if finding.fix:
        yield f"  {paint('cyan', 'fix')}       {printable(finding.fix)}"


def silenced_where(silenced: Silenced) -> str:
    """What says that a finding is accepted: the object of an annotation, else the place."""
    if silenced.by is not None:
        return str(silenced.by)
    return f"{silenced.how}{f' {silenced.span}' if silenced.span is not None else ''}"


def _at(span: Span | None) -> str:
    return f"{span}: " if span is not None else ""


def summary_line(result: LintResult, world: World, view: View) -> str:
    """`2 findings: 1 error, 1 warning · 1 silenced · 3 policies, 4 workloads · profile calico 3.32`."""
    counted = {severity: result.count(severity) for severity in _STYLE}
    told = ", ".join(
        view.paint(_STYLE[severity], count(number, severity, severity if severity == "info" else ""))
        for severity, number in counted.items()
        if number
    )
    parts = [f"{count(len(result.findings), 'finding')}: {told}" if told else view.paint("bold green", "no finding")]
    if result.silenced:
        parts.append(f"{len(result.silenced):,} silenced")
    if result.undecided:
        parts.append(view.paint("bold yellow", f"{len(result.undecided):,} undecided"))
    workloads = {e.workload or e for e in world.inventory.pods}
    parts.append(f"{count(len(world.defined), 'policy', 'policies')}, {count(len(workloads), 'workload')}")
    version = next((value for name, value in world.policies.settings if name in words.VERSIONS), "")
    parts.append(f"profile {world.policies.profile}{f' {version}' if version else ''}")
    if result.interrupted:
        parts.append(view.paint("bold yellow", "interrupted"))
    return " · ".join(parts)
