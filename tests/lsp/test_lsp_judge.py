"""The session behind the editor: what is judged of texts that can be used in part, and that answers are those of a fresh run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.lsp.editor_worlds import CLUSTER, POLICY, SHUT, SPEC, write

from npverify import Status, lint, load, prove
from npverify.ingest.source import Diagnostic, InputError, Span
from npverify.lsp.half import without_broken
from npverify.lsp.judge import Judge, Linted, State
from npverify.lsp.lenses import lenses
from npverify.lsp.problems import answers, reading


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path)


def judged(judge: Judge, last: State, **texts: str) -> State:
    """The state with these texts open; `shop` is shop.npv, the others are manifests."""
    names = {name: f"{name}.npv" if name == "shop" else f"{name}.yaml" for name in texts}
    unsaved = {os.path.realpath(names[name]): text for name, text in texts.items()}
    return judge.prove(judge.read(last, unsaved, last.version + 1))


def said(state: State) -> list[tuple[str, Status]]:
    assert state.result is not None
    return [(answer.assertion.text, answer.status) for answer in state.result.results]


BROKEN = {
    "a statement that cannot be read": ("assert no web rea\n", {"NPV100"}, 3),
    "a name that nothing has": ("assert no nobody reaches store\n", {"NPV104"}, 3),
    "a let that cannot be read, with an assertion that needs it": (
        "let x = pods where\nassert no x reaches store\n",
        {"NPV100"},
        3,
    ),
    "a let through a let that cannot be read": (
        "let x = pods where\nlet y = x\nassert no y reaches store\n",
        {"NPV100"},
        3,
    ),
    "two mistakes that show one after the other": (
        "assert no web rea\nassert no nobody reaches store\n",
        {"NPV100", "NPV104"},
        3,
    ),
    "a name that is given twice": ("let store = web\n", {"NPV106"}, 3),
    "a policy that is not there": ("assert policy shop/no is vacuous\n", {"NPV115"}, 3),
    "text before the first statement": ("", {"NPV100"}, 3),
}


@pytest.mark.parametrize(("more", "codes", "left"), BROKEN.values(), ids=BROKEN.keys())
def test_the_statements_that_can_be_used_are_judged(root: Path, more: str, codes: set[str], left: int) -> None:
    spec = SPEC + more if more else "stray\n" + SPEC
    state = judged(Judge(root), State(), shop=spec)
    assert state.current
    assert {error.code for error in state.errors} == codes
    assert (
        said(state)
        == [
            ("every web reaches store on tcp/5432", Status.PROVED),
            ("no internet reaches store", Status.PROVED),
            ("policy shop/db is not vacuous", Status.PROVED),
        ][:left]
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"shop": SPEC + "assume pod addresses in 10.0.0.0/99\n"},  # without it the others are about other addresses
        {"shop": SPEC + "asume pod addresses in 10.0.0.0/8\n"},
        {"shop": SPEC + "use kubernetes/nonsense\n"},
        {"policy": POLICY + "  egress: [\n"},
        {"policy": POLICY.replace("podSelector", "podSelctor")},
        {"cluster": CLUSTER + "---\n" + CLUSTER},
    ],
)
def test_what_the_others_need_is_not_left_out(root: Path, broken: dict[str, str]) -> None:
    """The last world stays, is not current, and no answer is marked or shown as a verdict."""
    judge = Judge(root)
    good = judged(judge, State())
    state = judged(judge, good, **broken)
    assert (state.current, state.loaded, state.result) == (False, good.loaded, good.result)
    assert state.errors
    assert answers(state, lambda name: Path(name).read_text(encoding="utf-8")) == []
    assert {lens.title for lens in lenses(state, "shop.npv", SPEC, newest=True)} == {"… was proved"}
    mended = judged(judge, state)
    assert (mended.current, said(mended)) == (True, said(good))


def test_a_refutation_is_not_marked_once_it_may_be_gone(root: Path) -> None:
    spec = SPEC + "assert no web reaches store\n"
    judge = Judge(root)
    good = judged(judge, State(), shop=spec)
    assert [mark.code for mark in answers(good, lambda _name: spec)] == ["assertion-refuted"]
    broken = judged(judge, good, shop=spec, policy="kind: [")
    assert answers(broken, lambda _name: spec) == []


def test_an_empty_file_is_no_reason_to_leave_the_others_unjudged(root: Path) -> None:
    """The warning about it comes with the errors of the spec, where a policy is named that is not there any more."""
    state = judged(Judge(root), State(), policy="")
    assert (state.current, [error.code for error in state.errors]) == (True, ["NPV115"])
    assert len(said(state)) == 2


def test_another_config_means_another_input(root: Path) -> None:
    judge = Judge(root)
    first = judged(judge, State())
    assert len(said(first)) == 3
    Path(".npverify.yaml").write_text("paths: [cluster.yaml, policy.yaml]\n", encoding="utf-8")
    assert said(judged(judge, first)) == []


def test_a_workspace_that_cannot_be_read_at_first_is_judged_once_it_can(root: Path) -> None:
    judge = Judge(root)
    state = judged(judge, State(), policy="kind: [")
    assert (state.current, state.loaded) == (False, None)
    assert said(judged(judge, state))


def test_verdicts_are_shown_only_for_the_newest_texts(root: Path) -> None:
    state = judged(Judge(root), State())
    assert [lens.title for lens in lenses(state, "shop.npv", SPEC, newest=True)] == ["✓ proved"] * 3
    assert [lens.title for lens in lenses(state, "shop.npv", SPEC, newest=False)] == ["… was proved"] * 3


def test_an_assertion_without_an_answer_has_a_lens_that_is_no_verdict(root: Path) -> None:
    state = judged(Judge(root), State())
    (*_, last) = lenses(state, "shop.npv", SPEC + "assert no db-0 reaches web\n", newest=True)
    assert last.title.startswith("… not judged")
    (only,) = lenses(state, "shop.npv", "assert on change: no new flow reaches web\n", newest=True)
    assert only.title == "about two versions: ask with npverify diff"


def test_vacuous_assertions_are_marked_unless_the_config_accepts_them(root: Path) -> None:
    spec = SPEC + 'assert no web reaches pods in namespace shop where app == "x"\n'

    def text(name: str) -> str | None:
        return spec if name.endswith("shop.npv") else None

    (mark,) = answers(judged(Judge(root), State(), shop=spec), text)
    assert (mark.code, mark.severity, mark.at.line) == ("assertion-vacuous", "warning", 5)
    Path(".npverify.yaml").write_text("paths: [.]\nallow_vacuous: true\n", encoding="utf-8")
    (mark,) = answers(judged(Judge(root), State(), shop=spec), text)
    assert mark.severity == "information"


def test_severity_warning_is_a_warning(root: Path) -> None:
    spec = SPEC + "assert severity warning: no web reaches store\n".replace("warning:", 'warning "x":')
    (mark,) = answers(judged(Judge(root), State(), shop=spec), lambda _name: spec)
    assert (mark.code, mark.severity) == ("assertion-refuted", "warning")


def test_a_path_that_a_program_makes_is_refused(root: Path) -> None:
    Path(".npverify.yaml").write_text("paths: ['kustomize:overlay']\n", encoding="utf-8")
    state = judged(Judge(root), State())
    assert [error.code for error in state.errors] == ["NPV636"]
    (mark,) = reading(state, lambda name: Path(name).read_text(encoding="utf-8"))[0]
    assert mark.file == ".npverify.yaml"


def test_an_unsaved_spec_that_the_config_names_counts(root: Path) -> None:
    Path(".npverify.yaml").write_text("paths: [cluster.yaml, policy.yaml]\nspecs: [shop.npv]\n", encoding="utf-8")
    state = judged(Judge(root), State(), shop="assert no web reaches db-0\n")
    assert said(state) == [("no web reaches db-0", Status.REFUTED)]


def test_only_statements_that_stand_for_themselves_are_left_out() -> None:
    assert without_broken({"a.npv": "x"}, []) == ({}, set())
    for elsewhere in (None, Span("a.npv"), Span("b.yaml", 1, 1), Span("a.npv", 9, 1)):
        assert without_broken({"a.npv": "let x = y\n"}, [Diagnostic("NPV100", "wrong", elsewhere)]) is None


POLICIES = (
    POLICY,
    SHUT,
    POLICY.replace("Ingress", "Egress").replace("ingress", "egress"),
    "",
    POLICY + "  egress: [\n",
)
SPECS = (
    SPEC,
    SPEC + "assert no web reaches store\n",
    SPEC + "assert no web rea\n",
    "assert only web reaches db-0\n",
    "",
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(POLICIES), st.sampled_from(SPECS)), min_size=1, max_size=4))
def test_answers_over_edits_are_those_of_a_fresh_run(root: Path, edits: list[tuple[str, str]]) -> None:
    """Texts that are typed, whatever stood there before, mean the same as texts that are saved and proved anew."""
    judge, state = Judge(root), State()
    for policy, spec in edits:
        state = judged(judge, state, policy=policy, shop=spec)
        fresh = root / "fresh"
        fresh.mkdir(exist_ok=True)
        usable = spec.replace("assert no web rea\n", "")
        if not policy:  # nothing has that name then
            usable = usable.replace("assert policy shop/db is not vacuous\n", "")
        for name, text in (("cluster.yaml", CLUSTER), ("policy.yaml", policy), ("shop.npv", usable)):
            (fresh / f".{name}").write_text(text, encoding="utf-8")
        try:
            loaded = load([f"fresh/.{name}" for name in ("cluster.yaml", "policy.yaml", "shop.npv")])
        except InputError:
            assert not state.current
            continue
        assert state.current
        wanted = [(answer.assertion.text, answer.status) for answer in prove(loaded.world, loaded.assertions).results]
        assert said(state) == wanted


MISSED = POLICY.replace("podSelector: {matchLabels: {app: db}}", "podSelector: {matchLabels: {app: dbb}}")


def rules(linted: Linted | None) -> list[str]:
    assert linted is not None
    return [finding.rule.code for finding in linted.result.findings]


def test_lint_finds_in_unsaved_texts_what_it_finds_in_files(root: Path) -> None:
    judge = Judge(root)
    assert rules(judge.lint(judged(judge, State(), policy=MISSED))) == ["NPL132"]
    assert "NPL132" not in rules(judge.lint(judged(judge, State())))
    (root / "policy.yaml").write_text(MISSED, encoding="utf-8")
    fresh = lint(load(["."], for_lint=True, with_assertions=False).world)
    assert rules(judge.lint(judged(judge, State()))) == [finding.rule.code for finding in fresh.findings]


def test_an_edit_of_a_spec_asks_no_rule_again(root: Path) -> None:
    judge = Judge(root)
    first = judge.lint(judged(judge, State()))
    assert judge.lint(judged(judge, State(), shop=SPEC + "assert no web reaches store\n")) is first
    assert judge.lint(judged(judge, State(), policy=MISSED)) is not first


def test_the_config_chooses_the_rules(root: Path) -> None:
    (root / ".npverify.yaml").write_text("lint: {ignore: [NPL132]}\n", encoding="utf-8")
    judge = Judge(root)
    assert "NPL132" not in rules(judge.lint(judged(judge, State(), policy=MISSED)))


def test_lint_is_not_asked_of_what_cannot_be_read_and_can_be_stopped(root: Path) -> None:
    """The last findings stay then; a stopped run is no answer."""
    judge = Judge(root)
    state = judged(judge, State())
    assert judge.lint(judged(judge, state, policy=POLICY + "  egress: [\n")) is None
    assert judge.lint(state, stop=lambda: True) is None
    assert judge.lint(state) is not None
