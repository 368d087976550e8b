"""Each rule does on its own examples what it says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lint.lint_worlds import run, world
from npverify.analyses.lint.registry import RULES, code_of
from npverify.dialects.lint import About
from npverify.normal.policy import Direction
from npverify.oracle import Oracle

ABOUTS = [rule.about for rule in RULES.values()]


@pytest.mark.parametrize("about", ABOUTS, ids=lambda about: about.code)
def test_a_rule_finds_something_in_its_example(about: About):
    """There is one finding, at a line of the example, that says what to do."""
    (finding,) = run(about.fires, about.code, options=about.options).findings
    assert finding.rule is about
    assert finding.span is not None
    assert finding.span.line
    assert finding.fix
    assert finding.message[0].islower() or finding.message.startswith(finding.policy.kind)


@pytest.mark.parametrize("about", ABOUTS, ids=lambda about: about.code)
def test_a_rule_finds_nothing_in_what_is_nearly_the_same(about: About):
    """The second example, which differs by what the rule is about, has no such finding."""
    assert run(about.silent, about.code, options=about.options).findings == ()


@pytest.mark.parametrize("about", ABOUTS, ids=lambda about: about.code)
def test_what_an_example_is_about_is_told_once(about: About):
    """Warnings that the finding makes superfluous are not given beside it."""
    told = {warning.code for warning in world(about.fires, options=about.options).warnings}
    assert told.isdisjoint(about.replaces)


@pytest.mark.parametrize("about", ABOUTS, ids=lambda about: about.code)
def test_the_flow_of_an_example_is_as_the_oracle_has_it(about: About):
    """A flow that is shown is judged by the policies as they are."""
    result = run(about.fires, about.code, options=about.options)
    shown = result.findings[0].shown
    if shown is not None:
        loaded = world(about.fires, options=about.options)
        ends = {str(end): end for end in loaded.inventory.endpoints}
        flow = replace(
            shown.flow,
            src=ends.get(str(shown.flow.src), shown.flow.src),
            dst=ends.get(str(shown.flow.dst), shown.flow.dst),
        )
        verdict = Oracle(loaded.policies, loaded.inventory).decide(flow)
        assert verdict.allowed is shown.verdict.allowed


def test_a_rule_that_lacks_a_text_is_refused():
    """A rule cannot be made without its sentence, its reason or one of its examples."""
    for text in ("sentence", "why", "fires", "silent"):
        with pytest.raises(ValueError, match=text):
            replace(ABOUTS[0], **{text: "  "})


def test_codes_are_of_their_range_and_names_say_what_they_are_about():
    """The rules of Calico have the codes 101 to 199, in order; a name is words in lower case."""
    codes = [about.code for about in ABOUTS]
    assert codes == sorted(codes)
    assert all("NPL101" <= code <= "NPL199" for code in codes)
    assert all(set(about.name) <= set("abcdefghijklmnopqrstuvwxyz-") for about in ABOUTS)
    assert all(about.sentence.endswith(".") for about in ABOUTS)


def test_a_rule_is_named_by_its_code_or_its_name():
    """Both stand for it on the command line, and nothing else does."""
    assert [code_of(text) for text in ("NPL101", "npl101", "equal-order", "equal")] == ["NPL101"] * 3 + [None]


def test_the_shared_inventory_has_nothing_to_find():
    """Without policies there is nothing wrong."""
    result = run("", *(about.code for about in ABOUTS))
    assert result.findings == ()
    assert len(result.rules) == len(ABOUTS)
    assert [d for d in Direction if world("").policies.half(d).tiers] == []
