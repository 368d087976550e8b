"""What lint does where it is stopped, or where the solver gives up."""

from __future__ import annotations

from lint.lint_rows import np
from lint.lint_worlds import OF_OTHERS, world
from npverify.analyses.lint.run import lint
from npverify.cli.lint import exit_code
from npverify.smt.solver import Budget

# both look at the source's address, so that it takes the solver to find a flow
_DENY = "selector: app == 'web', types: [Ingress], ingress: [{action: Deny, source: {nets: [10.65.0.0/16]}}]"
TIE = np(f"order: 1, {_DENY}", "b") + np(
    "order: 1, selector: all(), types: [Ingress], ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}}]", "a"
)


def test_a_question_that_is_not_decided_is_told():
    """Nothing is claimed where the budget is spent, and the exit code says that something is open."""
    result = lint(world(TIE), budget=Budget(1), ignore=OF_OTHERS)
    assert [f.rule.code for f in result.findings] == []
    assert [u.rule.code for u in result.undecided] == ["NPL101"]
    assert "NetworkPolicy shop/a and NetworkPolicy shop/b" in result.undecided[0].because
    assert exit_code(result) == 3


def test_a_stopped_run_gives_what_it_has():
    """`stop` ends the run between questions; the code is that of Ctrl-C."""
    bare = np("ingress: [{action: Alow}]", "c")
    result = lint(world(TIE + bare), stop=lambda: True)
    assert result.interrupted
    assert exit_code(result) == 130


def test_progress_is_told_for_each_rule():
    """The rules come by code, with their number."""
    told: list[tuple[int, int, str]] = []
    result = lint(world(TIE), progress=lambda *step: told.append(step))
    assert [name for _, _, name in told] == [about.name for about in result.rules]
    assert {total for _, total, _ in told} == {len(result.rules)}


def test_equal_runs_find_the_same_whatever_the_order_of_the_documents():
    """Two documents in another order give the same findings, apart from their lines."""
    parts = TIE.split("---\n")
    there, back = (
        [(f.rule.code, f.message, f.fix, f.because[0].text) for f in lint(world(text)).findings]
        for text in (TIE, "---\n".join(reversed(parts)))
    )
    assert there == back
    assert there
