"""The report of a migration: what became of what, the proofs and the plan, in words and as JSON."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from report_worlds import world

from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.translate.results import Became, File, Step, TranslateResult
from npverify.ingest.source import Diagnostic, Span
from npverify.normal.policy import Half, PolicyId, PolicySet
from npverify.report.translate_report import translate_json, translate_text

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8").partition("## translate")[2]

EQUAL = EquivResult(Equivalence.EQUIVALENT, world(), world(), notes=("it rains",))
PLAN = (Step("look", ("kubectl get pods",)), Step("go back", ()))


def made(equal: EquivResult = EQUAL, together: EquivResult | None = EQUAL, **more: object) -> TranslateResult:
    """A migration of two policies, of which one got another name."""
    became = tuple(
        Became(PolicyId("kubernetes", "NetworkPolicy", "shop", name), Span(f"{name}.yaml", 1, 1), (new,))
        for name, new in (("db", "db"), ("a.b.c", "a-b-c-12345678"))
    )
    files = (File("new.yaml", "kind: NetworkPolicy\n"),)
    return replace(TranslateResult("3.32", became, files, equal, together, PLAN, ()), **more)


def different() -> EquivResult:
    """The small world against one without policies."""
    empty = PolicySet("kubernetes", Half(), Half())
    found = equiv(world(), replace(world(), policies=empty))
    assert found.status is Equivalence.DIFFERENT
    return found


def test_a_proved_migration_tells_what_became_of_what_and_the_plan() -> None:
    """Each policy with its source, a new name only where it has one."""
    assert translate_text(made()).splitlines() == [
        "✓ proved     the new policies allow the flows that the native ones allow, and no others",
        "✓ proved     so do both sets together, while the native ones are still there",
        "",
        "  NetworkPolicy shop/db     db.yaml:1:1",
        "  NetworkPolicy shop/a.b.c  as a-b-c-12345678  a.b.c.yaml:1:1",
        "",
        "Plan",
        "  1. look",
        "       kubectl get pods",
        "  2. go back",
        "  (without Calico's API server, write `calicoctl` in place of `kubectl` for the new policies; it has no --dry-run)",
        "",
        "2 native policies as 2 Calico policies · 3 workloads · Calico 3.32",
        "Assumed: it rains; it is about the pods, nodes and addresses of the input; Calico runs as its profile says.",
    ]


def test_quiet_leaves_the_answers() -> None:
    """Proofs and the last lines."""
    lines = translate_text(made(), quiet=True).splitlines()
    assert [line.split()[0] for line in lines if line] == ["✓", "✓", "2", "Assumed:"]


def test_a_difference_is_told_with_what_both_sides_say() -> None:
    """And that nothing was written."""
    text = translate_text(made(different(), None, plan=()), written=False)
    assert "✗ different  the new policies do not allow the same flows as the native ones\n" in text
    assert "different: the new side lets this flow pass, the native side does not\n" in text
    assert "nothing was written: what is not proved is given out only with --unproved\n" in text
    assert "Plan" not in text


def test_a_difference_of_both_sets_together_has_its_advice() -> None:
    """The end is proved, the way is not."""
    text = translate_text(made(EQUAL, different(), plan=()))
    assert "✓ proved     the new" in text
    assert "✗ different  while both sets are there they do not\n" in text
    assert "no moment at which both sets may be there" in text


def test_undecided_is_told_with_its_reason() -> None:
    """And never called proved."""
    undecided = replace(EQUAL, status=Equivalence.UNDECIDED, because="the budget was spent")
    text = translate_text(made(undecided, None, plan=()), written=False)
    assert "? undecided" in text
    assert "because   the budget was spent" in text
    assert "✓" not in text


def test_every_key_is_on_the_page() -> None:
    """The keys of the report, and of its parts except those of a witness."""
    warning = Diagnostic("NPV315", "x", Span("a.yaml", 1, 1), "y", "warning")
    found = translate_json(made(different(), None, warnings=(warning,)))
    (proof,) = found["proofs"]
    parts = [found, *found["policies"], *found["files"], proof, *found["plan"], *found["warnings"]]
    keys = {key for part in parts for key in part} - {"schema", "pairs"}
    assert sorted(key for key in keys if not re.search(rf"`{key}`", PAGE)) == []


def test_json_says_whether_it_is_proved() -> None:
    """Both comparisons count."""
    assert translate_json(made())["proved"] is True
    assert translate_json(made(EQUAL, different()))["proved"] is False
    assert translate_json(made(EQUAL, None))["proved"] is False


def test_json_without_pods_has_no_proofs() -> None:
    """Nothing is proved about nobody."""
    empty = replace(world(), inventory=replace(world().inventory, endpoints=()))
    nobody = replace(EQUAL, left=empty, right=empty)
    found = translate_json(made(nobody, nobody, plan=()))
    assert (found["proved"], found["proofs"]) == (False, [])
    assert "∅ vacuous" in translate_text(made(nobody, nobody, plan=()))
