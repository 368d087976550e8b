"""Selectors inside manifests: where their mistakes are shown, and which texts are refused although they parse."""

from __future__ import annotations

import json

import pytest

from dialects.calico.manifests_of_calico import V3, Bad, check_only, manifest, policy, read, source
from npverify.dialects.calico.selector import Equals

HEAD = f"apiVersion: {V3}\nkind: GlobalNetworkPolicy\nmetadata: {{name: p}}\n"
WRONG = "a == 'b' && c = 'd'"


class Row:
    """A way to write a selector, and the line and the text at which its mistake must be shown."""

    def __init__(self, fact: str, text: str, line: int, at: str) -> None:
        self.fact, self.text, self.line, self.at = fact, text, line, at


PLACES = [
    Row("plain", f"spec:\n  selector: {WRONG}\n", 5, "= 'd'"),
    Row("plain in flow style", f"spec: {{order: 1, selector: {WRONG}}}\n", 4, "= 'd'"),
    Row("plain behind a comment", f"spec:\n  # a = 'b'\n  selector:   {WRONG}  # c = 'd'\n", 6, "= 'd'"),
    Row("in double quotes", f'spec:\n  selector: "{WRONG}"\n', 5, "= 'd'"),
    Row("in double quotes with escapes", 'spec:\n  selector: "a == \\"b\\" && c = \\"d\\""\n', 5, "= \\"),
    Row("in single quotes", "spec:\n  selector: 'a == ''b'' && c = ''d'''\n", 5, "= ''d"),
    Row("in single quotes with double ones inside", "spec:\n  selector: 'a == \"b\" && c = \"d\"'\n", 5, '= "d'),
    Row("plain over two lines, in the first", "spec:\n  selector: a = 'b' &&\n    c == 'd'\n", 5, "= 'b'"),
    Row("at the end of the text", "spec:\n  selector: a == 'b' && has(c\n", 5, ""),
    Row("plain over two lines, in the second", "spec:\n  selector: a == 'b' &&\n    c = 'd'\n", 5, "a == 'b'"),
    Row("in a block", f"spec:\n  selector: >-\n    {WRONG}\n", 5, ">-"),
    Row("with an anchor", f"spec:\n  selector: &x {WRONG}\n", 5, ""),
]  # fmt: skip


@pytest.mark.parametrize("row", PLACES, ids=[row.fact for row in PLACES])
def test_a_mistake_is_shown_in_the_file(row: Row) -> None:
    """At the sign itself where the text stands on one line, else where the text begins; always with the column inside."""
    text = HEAD + row.text
    _, problems = read(text)
    (only,) = problems.errors
    assert only.code == "NPV250"
    assert only.span is not None
    assert only.span.line == row.line
    line = text.splitlines()[row.line - 1]
    rest = line[only.span.column - 1 :]
    if row.fact == "at the end of the text":
        assert rest == ""
    else:
        assert rest.startswith(row.at)
    assert only.excerpt == line
    assert "`selector`, column " in only.message
    assert only.fix


def test_a_mistake_is_shown_in_json() -> None:
    """The column counts the escapes of JSON."""
    value = {
        "apiVersion": V3,
        "kind": "GlobalNetworkPolicy",
        "metadata": {"name": "p"},
        "spec": {"selector": 'a == "b" && c = "d"'},
    }
    text = json.dumps(value)
    _, problems = read(text)
    (only,) = problems.errors
    assert only.span is not None
    assert text[only.span.column - 1 :].startswith('= \\"d')
    assert "column 15" in only.message


def test_a_block_with_a_line_break_at_its_end() -> None:
    """`|` and `>` leave a line break that Calico refuses, `>-` does not."""
    for style in ("|", ">"):
        _, problems = read(f"{HEAD}spec:\n  selector: {style}\n    a == 'b'\n")
        assert [problem.code for problem in problems.errors] == ["NPV250"]
        assert "line break" in problems.errors[0].message
        assert "`>-`" in problems.errors[0].fix
    assert policy(f"{HEAD}spec:\n  selector: >-\n    a ==\n    'b'\n").selector == Equals("a", "b")


FIELDS = [
    ("spec: {serviceAccountSelector: x}", "serviceAccountSelector"),
    ("spec: {namespaceSelector: x}", "namespaceSelector"),
    ("spec: {ingress: [{action: Deny, source: {notSelector: x}}]}", "notSelector"),
    ("spec: {egress: [{action: Deny, destination: {namespaceSelector: x}}]}", "namespaceSelector"),
    ("spec: {egress: [{action: Deny, destination: {serviceAccounts: {selector: x}}}]}", "selector"),
]


@pytest.mark.parametrize(("text", "key"), FIELDS)
def test_every_selector_is_checked(text: str, key: str) -> None:
    """Each field that holds a selector is told by its name."""
    _, problems = read(HEAD + text + "\n")
    assert [problem.code for problem in problems.errors] == ["NPV250"]
    assert problems.errors[0].message.startswith(f"`{key}`, column 2: nothing is asked of the label `x`")


def gnp(text: str) -> str:
    """A GlobalNetworkPolicy with this spec."""
    return manifest("GlobalNetworkPolicy", f"spec: {{{text}}}")


REFUSED = [
    Bad("a selector of blanks", gnp('selector: " \\t"'), "NPV251", '"', "nothing but blanks", "`all()`"),
    Bad("global() in the subject", gnp("selector: global()"), "NPV252", "global()", "no meaning in `selector`", "of a rule"),
    Bad("global() in a text of the subject", gnp("selector: a == 'global('"), "NPV252", "a ==", "no meaning"),
    Bad("global() in the namespaceSelector of the subject", gnp("namespaceSelector: global()"), "NPV252", "global()", "no meaning"),
    Bad("global() in the account selector", gnp("serviceAccountSelector: '!global()'"), "NPV252", "'!global()", "no meaning"),
    Bad("global() in the selector of a rule", source("selector: global()"), "NPV252", "global()", "no meaning"),
    Bad("global() in the notSelector of a rule", source("notSelector: global()"), "NPV252", "global()", "no meaning"),
    Bad("global() in the accounts of a rule", source("serviceAccounts: {selector: global()}"), "NPV252", "global()", "no meaning"),
    Bad("global() or something else", source("namespaceSelector: global() || has(a)"), "NPV257", "global()", "cannot be combined", "two rules"),
    Bad("global() negated", source("namespaceSelector: '!global()'"), "NPV257", "'!global", "cannot be combined"),
    Bad("global() in a text of a namespaceSelector", source("namespaceSelector: a == 'global()'"), "NPV257", "a ==", "cannot be combined"),
    Bad("all() that is not rewritten", gnp("selector: all( ), namespaceSelector: has(a)"), "NPV253", "all( )", "because of the blank", "write `all()`"),
    Bad("the same beside an account selector", gnp("selector: has(b) || all(\t), serviceAccountSelector: has(a)"), "NPV253", "has(b)", "because of the blank"),
]  # fmt: skip


@pytest.mark.parametrize("row", REFUSED, ids=[row.fact for row in REFUSED])
def test_a_selector_is_refused_in_its_place(row: Bad) -> None:
    """Texts that are selectors and may not stand there, or would mean something else there."""
    _, problems = read(row.text)
    check_only(row.text, problems.errors, row)


def test_all_with_a_blank_is_taken_alone() -> None:
    """Without another selector of the subject nothing is rewritten."""
    assert read(gnp("selector: all( )"))[1].errors == ()
    assert read(manifest("NetworkPolicy", "spec: {selector: all( ), serviceAccountSelector: has(a)}"))[1].errors == ()


def test_long_selectors() -> None:
    """Versions after 3.32 take 1024 characters, but for the one of service accounts."""
    long = " && ".join(["has(a)"] * 103)
    text = source(f"selector: {long}")
    _, problems = read(text)
    check_only(text, problems.warnings, Bad("", text, "NPV255", "has(a)", "1026 characters", "split"))
    assert read(source(f"selector: {long[: -len(' && has(a)')]}"))[1].warnings == ()
    assert read(source(f"serviceAccounts: {{selector: {long}}}"))[1].warnings == ()
