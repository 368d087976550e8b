"""What `lint` found, as items."""

from __future__ import annotations

from collections.abc import Mapping

from npverify.analyses.lint.findings import Finding, LintResult, Silenced
from npverify.analyses.world import World
from npverify.dialects.lint import Severity
from npverify.report.counterexample_text import Scene
from npverify.report.excerpt import Lines, no_lines
from npverify.report.flow_items import edge_of, steps_of
from npverify.report.items import Item, Level, Report, RuleText, State, Step
from npverify.report.lint_text import finding_lines, silenced_where, summary_line
from npverify.report.prove_text import View

_LEVELS: Mapping[Severity, Level] = {"error": "error", "warning": "warning", "info": "note"}


def lint_items(result: LintResult, world: World, lines: Lines = no_lines) -> Report:
    """The whole report, silenced findings with their reasons at the end, then what could not be decided."""
    scene, view = Scene(world, lines), View(lines=lines)
    items = [_item(finding, scene, view, world) for finding in result.findings]
    items += [_item(s.finding, scene, view, world, s) for s in result.silenced]
    items += [
        Item(u.rule.code, State.OPEN, "warning", u.rule.name, f"undecided: {u.because}", (u.rule.code, u.because))
        for u in result.undecided
    ]
    rules = tuple(RuleText(about.code, about.name, about.sentence, about.why) for about in result.rules)
    return Report("lint", summary_line(result, world, view), tuple(items), rules, (), result.interrupted)


def _item(finding: Finding, scene: Scene, view: View, world: World, silenced: Silenced | None = None) -> Item:
    shown = finding.shown
    return Item(
        finding.rule.code,
        State.FAILED,
        _LEVELS[finding.rule.severity],
        f"{finding.rule.code} {finding.rule.name}",
        finding.message,
        (str(finding.policy), finding.message),
        "\n".join(finding_lines(finding, scene, view)),
        finding.span,
        (
            *(Step(reason.text, reason.span) for reason in finding.because),
            *(steps_of(shown, world) if shown is not None else ()),
        ),
        (edge_of(shown),) if shown is not None else (),
        f"{silenced.reason} ({silenced_where(silenced)})" if silenced is not None else "",
        silenced is not None and silenced.how in ("config", "baseline"),
    )
