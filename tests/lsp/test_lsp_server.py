"""`npverify lsp`: what an editor sees. One real server is asked by a real client; each test leaves the files as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from lsprotocol import types
from tests.lsp.editor import Editor
from tests.lsp.editor_worlds import POLICY, SHUT, SPEC, write

from npverify.lsp import server


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    editor = Editor(write(tmp_path_factory.mktemp("shop")))
    editor.open("shop.npv")
    editor.open("policy.yaml")
    yield editor
    assert editor.leave() == 0
    assert not [line for line in editor.shown if "Error" in line]


@pytest.fixture
def editor(opened: Editor) -> Iterator[Editor]:
    yield opened
    changed = [
        (name, text) for name, text in (("policy.yaml", POLICY), ("shop.npv", SPEC)) if opened.texts[name] != text
    ]
    for name, text in changed:
        opened.type(name, text, wait=(name, text) == changed[-1])


def place(text: str, word: str, behind: str = "") -> tuple[int, int]:
    """Line and character, from 0, of the first `word` behind the first `behind`."""
    before = text[: text.index(word, text.index(behind) if behind else 0)]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def test_everything_proved_leaves_no_mark_and_a_lens_above_each_assertion(editor: Editor) -> None:
    assert editor.marks["shop.npv"] == []
    assert editor.lenses("shop.npv") == [(3, "✓ proved"), (4, "✓ proved"), (5, "✓ proved")]


def test_a_pack_has_one_lens_where_it_is_used_and_its_answers_are_marked_there(editor: Editor) -> None:
    """No policy keeps a pod from the metadata service, which is what that pack asks."""
    editor.type("shop.npv", SPEC + "use kubernetes/metadata\n")
    assert editor.lenses("shop.npv")[-1] == (6, "✗ 1 refuted")
    (mark,) = editor.marks["shop.npv"]
    assert (mark.range.start.line, mark.code) == (5, "assertion-refuted")
    assert "169.254.169.254" in mark.message


def test_an_unsaved_policy_counts(editor: Editor) -> None:
    """The file on the disk stays as it was; the mark names the flow and stands on the assertion."""
    editor.type("policy.yaml", SHUT)
    (mark,) = editor.marks["shop.npv"]
    assert (mark.range.start.line, mark.severity, mark.code) == (2, types.DiagnosticSeverity.Error, "assertion-refuted")
    assert mark.message == "refuted: the web reaches the store: shop/web -> shop/db-0  TCP 5432"
    assert editor.lenses("shop.npv")[0] == (3, "✗ refuted: shop/web -> shop/db-0  TCP 5432")
    assert (editor.root / "policy.yaml").read_text(encoding="utf-8") == POLICY
    assert "no ingress rule matches" in editor.why("shop.npv", 3)


def test_a_mark_names_the_rule_that_lets_the_flow_pass(editor: Editor) -> None:
    editor.type("shop.npv", SPEC + "assert no web reaches store\n")
    (mark,) = editor.marks["shop.npv"]
    assert mark.range.start.line == 5
    (related,) = mark.related_information or ()
    assert related.location.uri == editor.uri("policy.yaml")
    assert related.location.range.start.line == 7  # the item of ingress


def test_marks_go_when_the_mistake_does(editor: Editor) -> None:
    editor.type("policy.yaml", SHUT)
    assert editor.marks["shop.npv"]
    editor.type("policy.yaml", POLICY)
    assert editor.marks["shop.npv"] == []


def test_a_half_written_assertion_does_not_keep_the_others_from_being_judged(editor: Editor) -> None:
    editor.type("policy.yaml", SHUT)
    editor.type("shop.npv", SPEC + "assert no web rea\n")
    assert {(mark.range.start.line, mark.code) for mark in editor.marks["shop.npv"]} == {
        (2, "assertion-refuted"),
        (5, "NPV100"),
    }
    assert [title for _, title in editor.lenses("shop.npv")] == [
        "✗ refuted: shop/web -> shop/db-0  TCP 5432",
        "✓ proved",
        "✓ proved",
    ]


def test_a_half_written_policy_leaves_no_verdict_that_could_be_wrong(editor: Editor) -> None:
    """The last world stays for names; what it proved is told as past."""
    editor.type("policy.yaml", POLICY + "  egress: [\n")
    (mark,) = [
        mark for mark in editor.marks["policy.yaml"] if mark.code == "NPV005"
    ]  # lint of before may still come in
    assert mark.code_description is not None
    assert "NPV005" in Path(mark.code_description.href.removeprefix("file://")).read_text(encoding="utf-8")
    assert [title for _, title in editor.lenses("shop.npv")] == ["… was proved"] * 3
    assert "`shop/db-0`" in editor.hover("shop.npv", *place(SPEC, "store"))


def test_an_edit_on_the_way_takes_the_verdict_back_at_once(editor: Editor) -> None:
    editor.type("policy.yaml", SHUT, wait=False)
    titles = [title for _, title in editor.lenses("shop.npv")]
    assert "✓ proved" not in titles


def test_of_many_edits_the_newest_wins(editor: Editor) -> None:
    for _ in range(5):
        editor.type("policy.yaml", SHUT, wait=False)
        editor.type("policy.yaml", POLICY, wait=False)
    editor.type("policy.yaml", SHUT)
    assert [mark.range.start.line for mark in editor.marks["shop.npv"]] == [2]


def test_an_edit_that_comes_in_while_another_is_judged_is_judged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a process, so that the edit comes in at that moment and no other."""
    monkeypatch.setattr(server, "QUIET", 0.0)
    judged: list[int] = []

    async def typed() -> None:
        asked = server.make()
        monkeypatch.setattr(asked, "_begun", True)

        async def judge(version: int) -> None:
            judged.append(version)
            if len(judged) < 3:
                asked.touch()
            elif len(judged) == 3:
                raise RuntimeError("nothing that goes wrong ends the server")

        monkeypatch.setattr(asked, "_judge_once", judge)
        monkeypatch.setattr(asked, "_log", lambda *_: asked.touch())
        asked.touch()
        await asyncio.wait_for(asked._running, 5)
        asked.close()

    asyncio.run(typed())
    assert judged == [1, 2, 3, 4]


MISSED = POLICY.replace("podSelector: {matchLabels: {app: db}}", "podSelector: {matchLabels: {app: dbb}}")


def test_what_lint_finds_is_marked_at_the_policy(editor: Editor) -> None:
    """With its code, a page that tells what the rule is about, and how to mend it; it goes when the mistake does."""
    editor.type("policy.yaml", MISSED)
    (mark,) = editor.until_found("policy.yaml", "NPL132")
    assert (mark.severity, mark.range.start.line) == (types.DiagnosticSeverity.Warning, 2)
    assert "\nfix: " in mark.message
    assert mark.code_description is not None
    page = Path(mark.code_description.href.removeprefix("file://"))
    assert page.read_text(encoding="utf-8").startswith("NPL132")
    editor.type("policy.yaml", POLICY)
    editor.until_found("policy.yaml")


def test_a_mark_of_lint_names_what_it_is_about(editor: Editor) -> None:
    """The policy that makes the other one needless, as a related place."""
    editor.open("again.yaml", POLICY.replace("name: db", "name: db-again"))
    (found,) = editor.until_found("policy.yaml", "NPL133")
    assert found.severity == types.DiagnosticSeverity.Hint, "info, which `npverify lint` lists with --verbose alone"
    assert {related.location.uri for related in found.related_information or ()} == {editor.uri("again.yaml")}
    editor.close_file("again.yaml")
    editor.until_found("policy.yaml")


def test_an_edit_elsewhere_leaves_a_mark_of_lint_where_it_is(editor: Editor) -> None:
    """Until lint is asked again, which finds it where its own line is another one now."""
    editor.type("policy.yaml", MISSED)
    editor.until_found("policy.yaml", "NPL132")
    editor.type("shop.npv", SPEC + "# more\n")
    assert [mark.code for mark in editor.found("policy.yaml")] == ["NPL132"]
    editor.type("policy.yaml", MISSED + "# more\n")
    assert [mark.code for mark in editor.found("policy.yaml")] == ["NPL132"]
    editor.type("policy.yaml", MISSED.replace("metadata: {", "metadata: { "))
    editor.until_found("policy.yaml", "NPL132")


def test_what_somebody_accepts_is_not_marked(editor: Editor) -> None:
    """A comment with a reason, as for `npverify lint`."""
    editor.type("policy.yaml", MISSED)
    editor.until_found("policy.yaml", "NPL132")
    comment = "# npverify: ignore NPL132 the workload comes next week\nmetadata:"
    editor.type("policy.yaml", MISSED.replace("metadata:", comment, 1))
    editor.until_found("policy.yaml")


def test_a_file_that_changes_on_the_disk_is_read_again(editor: Editor) -> None:
    assert [each.method for each in editor.watched] == [types.WORKSPACE_DID_CHANGE_WATCHED_FILES]
    more = editor.root / "more.npv"
    more.write_text("assert no web reaches store\n", encoding="utf-8")
    editor.changed_on_disk("more.npv")
    assert [mark.code for mark in editor.marks["more.npv"]] == ["assertion-refuted"]
    more.unlink()
    editor.changed_on_disk("more.npv")
    assert editor.marks["more.npv"] == []


def test_a_new_file_counts_before_it_is_saved_and_not_after_it_is_closed(editor: Editor) -> None:
    editor.open("new.npv", "assert no web reaches store\n")
    assert [mark.code for mark in editor.marks["new.npv"]] == ["assertion-refuted"]
    editor.close_file("new.npv")
    assert editor.marks["new.npv"] == []


def test_positions_count_utf_16_units(editor: Editor) -> None:
    """A character outside of the basic plane is two of them: the name behind it is found and marked in its place."""
    line = f'assert "{"𝄞" * 8}": no nobdy reaches store\n'
    editor.type("shop.npv", SPEC + line)
    (mark,) = editor.marks["shop.npv"]
    assert (mark.code, mark.range.start.character, mark.range.end.character) == ("NPV104", 30, 35)
    assert "`shop/db-0`" in editor.hover("shop.npv", 5, line.index("store") + 8)


def test_the_config_of_the_workspace_counts(editor: Editor) -> None:
    config = editor.root / ".npverify.yaml"
    config.write_text("paths: [cluster.yaml, policy.yaml]\nspecs: [shop.npv]\ncni: nonsense\n", encoding="utf-8")
    editor.changed_on_disk(".npverify.yaml")
    assert [mark.range.start.line for mark in editor.marks[".npverify.yaml"]] == [2]
    config.write_text("paths: [cluster.yaml, policy.yaml]\nspecs: [shop.npv]\n", encoding="utf-8")
    editor.changed_on_disk(".npverify.yaml")
    assert editor.marks[".npverify.yaml"] == []
    editor.type("shop.npv", SPEC + "assert no web reaches store\n")
    assert [mark.range.start.line for mark in editor.marks["shop.npv"]] == [5]
    config.unlink()
    editor.changed_on_disk(".npverify.yaml")


def test_a_file_that_is_not_there_any_more_has_nothing_to_tell(editor: Editor) -> None:
    """An editor may ask about a file that was deleted in the meantime: no answer, and no failure."""
    assert editor.hover("gone.npv", 0, 3) == ""
    assert editor.definition("gone.npv", 0, 3) == []
    assert editor.lenses("gone.npv") == []


def test_go_to_definition_of_a_policy_opens_its_manifest(editor: Editor) -> None:
    assert editor.definition("shop.npv", *place(SPEC, "shop/db")) == [("policy.yaml", 3)]


def test_completion_works_where_the_statement_is_not_finished(editor: Editor) -> None:
    editor.type("shop.npv", SPEC + "assert no we", wait=False)
    assert editor.complete("shop.npv", 5, len("assert no we"))[0] == "web"


def test_hover_over_a_selector_of_a_policy_shows_whom_it_selects(editor: Editor) -> None:
    assert "`shop/db-0` Pod, 10.1.2.3" in editor.hover("policy.yaml", *place(POLICY, "podSelector"))
    assert "`shop/web` Deployment" in editor.hover("policy.yaml", *place(POLICY, "podSelector", "from"))
