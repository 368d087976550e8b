"""Findings can be silenced, each with a reason; what silences nothing is told."""

from __future__ import annotations

from datetime import date

import pytest

from lint.lint_rows import HOST, WEB_IN, gnp, knp, np, other
from lint.lint_worlds import OF_OTHERS, run, world
from npverify.analyses.lint.examples import INVENTORY
from npverify.analyses.lint.registry import RULES
from npverify.analyses.lint.run import lint
from npverify.analyses.lint.silence import Ignore
from npverify.analyses.world import World
from npverify.ingest.source import InputError, Span


def annotated(text: str) -> str:
    """Metadata with the annotation, behind a name."""
    return f', annotations: {{npverify.io/ignore: "{text}"}}'


def test_an_annotation_silences_a_rule_for_its_object_alone():
    """The finding about the other policy stands; the silenced one is kept with its reason."""
    bare = "egress: [{action: Allow}]"
    result = run(np(bare, "a", also=annotated("NPL113 the API server fills it in")) + np(bare, "b"))
    assert [f.policy.name for f in result.findings] == ["b"]
    (silenced,) = result.silenced
    told = (silenced.finding.policy.name, str(silenced.by), silenced.reason, silenced.how)
    assert told == ("a", "NetworkPolicy shop/a", "the API server fills it in", "annotation")
    assert result.unused == ()


@pytest.mark.parametrize("which", ["a", "b"])
def test_either_of_two_policies_silences_what_is_about_both(which):
    """A conflict is silenced by the one or the other."""
    also = annotated("NPL101 decided by name on purpose")
    result = run(
        np(f"order: 1, {WEB_IN % 'Deny'}", "b", also=also if which == "b" else "")
        + np(f"order: 1, {WEB_IN % 'Allow'}", "a", also=also if which == "a" else "")
    )
    assert result.findings == ()
    assert [s.by.name for s in result.silenced] == [which]


def test_other_objects_silence_too():
    """A host endpoint, a policy of Kubernetes, and an object that the API refuses have annotations as well."""
    objects = (
        other("HostEndpoint", "node: n1, interfaceName: eth0, profiles: [gone]", "h", annotated("NPL131 made by hand"))
        + knp("podSelector: {}, policyTypes: [Ingress]", also=annotated("NPL107 the exception is meant"))
        + gnp(
            "selector: all(), types: [Ingress], ingress: [{action: Allow}]", "all", also=annotated("NPL130 nodes too")
        )
        + np("types: [Egres]", also=annotated("NPL110 being written"))
    )
    result = run(objects)
    assert result.findings == ()
    assert sorted(s.finding.rule.code for s in result.silenced) == ["NPL107", "NPL110", "NPL130", "NPL131"]


def test_a_namespace_silences_what_is_about_it():
    """The annotation of a Namespace counts, and is told if it silences nothing."""
    quiet = "apiVersion: v1\nkind: Namespace\nmetadata: {name: quiet%s}\n---\n"
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: quiet}\nspec: {containers: [{name: c, image: i}]}\n---\n"
    also = annotated("NPL160 whoever wants may reach it")
    result = run(knp("podSelector: {}") + quiet % also + pod, "NPL160")
    assert [str(f.policy) for f in result.findings] == ["Namespace ops"]
    assert [(str(s.by), s.reason) for s in result.silenced] == [("Namespace quiet", "whoever wants may reach it")]
    (idle,) = run(knp("podSelector: {}") + quiet % also, "NPL160").unused
    assert (idle.title, idle.code) == ("`npverify.io/ignore` of Namespace quiet", "NPL160")


def test_one_annotation_may_name_several_rules():
    """One rule stands on each line, by its code or its name."""
    result = run(HOST + gnp("egress: []", also=annotated("NPL113 known\\nhosts-by-omission: nodes too")))
    assert result.findings == ()
    assert [(s.finding.rule.code, s.reason) for s in result.silenced] == [("NPL113", "known"), ("NPL130", "nodes too")]


def test_what_silences_nothing_is_told():
    """The object, the rule and the place of an annotation that is not needed."""
    (idle,) = run(np(WEB_IN % "Allow", also=annotated("NPL113 was needed once"))).unused
    assert (idle.title, idle.code) == ("`npverify.io/ignore` of NetworkPolicy shop/p", "NPL113")
    assert idle.span.line > 40
    assert not idle.expired
    assert run(np(WEB_IN % "Allow", also=annotated("NPL113 was needed once")), "NPL101").unused == ()


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("NPL113", "NPV331", "gives no reason for `NPL113`"),
        ("NPL999 because", "NPV330", "no rule `NPL999`"),
        ("equal-oder names are meant", "NPV330", "no rule `equal-oder`"),
        ("NPL113 until 2027-03-31", "NPV331", "gives no reason for `NPL113`"),
        ("NPL113 until Easter it is being written", "NPV334", "`Easter` is no day"),
    ],
)
def test_an_annotation_needs_a_rule_and_a_reason(text, code, says):
    """Everything else is an error at its place, with a mend."""
    with pytest.raises(InputError) as raised:
        run(np(WEB_IN % "Allow", also=annotated(text)))
    (wrong,) = raised.value.diagnostics
    assert (wrong.code, wrong.span is not None and wrong.span.line > 40) == (code, True)
    assert says in wrong.message
    assert wrong.fix


BARE = "egress: [{action: Allow}]"


@pytest.mark.parametrize(
    ("today", "silenced", "expired"),
    [(date(2027, 3, 31), 1, 0), (date(2027, 4, 1), 0, 1), (None, 1, 0)],
    ids=["the last day", "the day after", "no day"],
)
def test_a_silence_runs_out(today, silenced, expired):
    """It holds on its last day; after it the finding is back, and that it ran out is told."""
    loaded = world(np(BARE, "a", also=annotated("NPL113 until 2027-03-31: the API server fills it in")))
    result = lint(loaded, select=["NPL113"], today=today)
    assert [s.reason for s in result.silenced] == ["the API server fills it in"] * silenced
    assert len(result.findings) == 1 - silenced
    assert [idle.expired for idle in result.unused] == [True] * expired


COMMENTS = (
    pytest.param("{0}  # npverify: ignore NPL113 meant", 1, 0, id="behind the line of the finding"),
    pytest.param("# npverify: ignore NPL113 meant\n{0}", 1, 0, id="above it"),
    pytest.param("# npverify: ignore NPL113 meant\n# more\n{0}", 1, 0, id="above another comment"),
    pytest.param("#npverify:ignore NPL113 until 2027-01-01, meant\n{0}", 1, 0, id="short, with a day"),
    pytest.param("# npverify: ignore NPL101 meant\n{0}", 0, 1, id="another rule"),
)


@pytest.mark.parametrize(("form", "silenced", "idle"), COMMENTS)
def test_a_comment_silences_the_line_that_it_is_at(form, silenced, idle):
    """Its own line, and if it stands alone the next one that is no comment."""
    head = len(f"{INVENTORY}---\n".splitlines())
    lines = np(BARE, "a").splitlines()
    (finding,) = lint(world(np(BARE, "a")), select=["NPL113"]).findings
    at = finding.span.line - head - 1
    lines[at] = form.format(lines[at])
    manifests = "\n".join(lines) + "\n"
    texts = f"{INVENTORY}---\n{manifests}".splitlines()
    both = ["NPL113", "NPL101"]
    result = lint(world(manifests), select=both, lines=lambda _file: texts, today=date(2026, 12, 31))
    assert len(result.unused) == idle
    assert [s.how for s in result.silenced] == ["comment"] * silenced


def test_a_comment_above_another_line_is_about_that_line():
    """And silences nothing further down."""
    manifests = "# npverify: ignore NPL113 meant\n" + np(BARE, "a")
    result = lint(world(manifests), select=["NPL113"], lines=lambda _file: f"{INVENTORY}---\n{manifests}".splitlines())
    assert result.silenced == ()
    assert [(idle.title, idle.code) for idle in result.unused] == [("the comment", "NPL113")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("NPL113", "the comment gives no reason for `NPL113`"),
        ("NPL999 because", "no rule `NPL999`"),
        ("NPL113 until Easter it is being written", "`Easter` is no day"),
    ],
)
def test_a_comment_needs_a_rule_and_a_reason(text, says):
    """As an annotation does; the message shows the line."""
    line = f"kind: x  # npverify: ignore {text}"
    with pytest.raises(InputError, match=says) as raised:
        lint(world(np(BARE, "a")), lines=lambda _file: [line])
    assert {(wrong.span.column, wrong.excerpt) for wrong in raised.value.diagnostics} == {(10, line)}


@pytest.mark.parametrize(
    ("name", "silenced"), [("", 2), ("shop/a", 1), ("NetworkPolicy shop/b", 1), ("a", 0), ("shop/c", 0)]
)
def test_the_config_silences_by_the_name_of_the_object(name, silenced):
    """With its kind or without, or every object."""
    loaded = world(np(BARE, "a") + np(BARE, "b"))
    ignore = Ignore("NPL113", "meant", Span(".npverify.yaml", 3, 5), "config", name=name)
    result = lint(loaded, select=["NPL113"], suppress=[ignore])
    assert len(result.silenced) == silenced
    assert len(result.unused) == (not silenced)


def test_a_rule_is_asked_alone_or_left_out():
    """`select` asks these rules and no other, `ignore` wins over it."""
    manifests = np("ingress: [{action: Allow, destination: {selector: app == 'db'}}]")
    assert [f.rule.code for f in run(manifests).findings] == ["NPL113", "NPL128"]
    loaded = world(manifests)
    assert [f.rule.code for f in lint(loaded, select=["own-side"]).findings] == ["NPL128"]
    assert [f.rule.code for f in lint(loaded, ignore=["NPL128", *OF_OTHERS]).findings] == ["NPL113"]
    assert lint(loaded, select=["NPL128"], ignore=["NPL128"]).rules == ()
    with pytest.raises(InputError, match="no rule `NPL1` of lint"):
        lint(loaded, select=["NPL1"])


def test_without_pods_only_what_needs_none_is_asked():
    """The rules that ask about pods are named as not asked, and the others answer."""
    result = lint(world(np("egress: [{action: Allow, destination: {selector: app == 'x'}}]"), inventory=""))
    assert [f.rule.code for f in result.findings] == ["NPL113"]
    assert {about.code for about in result.not_asked} == {c for c, rule in RULES.items() if rule.about.needs_pods}


def test_a_world_must_be_read_for_lint():
    """Of another one what the dialect knows is missing, and nothing may be passed over in silence."""
    loaded = world("")
    with pytest.raises(ValueError, match="for_lint=True"):
        lint(World(loaded.inventory, loaded.policies))
