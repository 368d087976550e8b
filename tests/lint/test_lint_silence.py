"""Findings can be silenced, each with a reason; what silences nothing is told."""

from __future__ import annotations

import pytest

from lint.lint_rows import HOST, WEB_IN, gnp, knp, np, other
from lint.lint_worlds import OF_OTHERS, run, world
from npverify.analyses.lint.registry import RULES
from npverify.analyses.lint.run import lint
from npverify.analyses.world import World
from npverify.ingest.source import InputError


def annotated(text: str) -> str:
    """Metadata with the annotation, behind a name."""
    return f', annotations: {{npverify.io/ignore: "{text}"}}'


def test_an_annotation_silences_a_rule_for_its_object_alone():
    """The finding about the other policy stands; the silenced one is kept with its reason."""
    bare = "egress: [{action: Allow}]"
    result = run(np(bare, "a", also=annotated("NPL113 the API server fills it in")) + np(bare, "b"))
    assert [f.policy.name for f in result.findings] == ["b"]
    ((finding, by, reason),) = result.silenced
    assert (finding.policy.name, by.name, reason) == ("a", "a", "the API server fills it in")
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
    ((policy, code, _),) = run(knp("podSelector: {}") + quiet % also, "NPL160").unused
    assert (str(policy), code) == ("Namespace quiet", "NPL160")


def test_one_annotation_may_name_several_rules():
    """One rule stands on each line, by its code or its name."""
    result = run(HOST + gnp("egress: []", also=annotated("NPL113 known\\nhosts-by-omission: nodes too")))
    assert result.findings == ()
    assert [(s.finding.rule.code, s.reason) for s in result.silenced] == [("NPL113", "known"), ("NPL130", "nodes too")]


def test_what_silences_nothing_is_told():
    """The object, the rule and the place of an annotation that is not needed."""
    ((policy, code, span),) = run(np(WEB_IN % "Allow", also=annotated("NPL113 was needed once"))).unused
    assert (str(policy), code) == ("NetworkPolicy shop/p", "NPL113")
    assert span.line > 40
    assert run(np(WEB_IN % "Allow", also=annotated("NPL113 was needed once")), "NPL101").unused == ()


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("NPL113", "NPV331", "gives no reason for `NPL113`"),
        ("NPL999 because", "NPV330", "no rule `NPL999`"),
        ("equal-oder names are meant", "NPV330", "no rule `equal-oder`"),
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
