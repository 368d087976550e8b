"""What a name means, where it is defined, and what may follow: a row for each fact, asked without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.lsp.editor_worlds import POLICY, SPEC, write

from npverify.analyses.session import Session
from npverify.ingest.source import Span
from npverify.lsp.complete import completions
from npverify.lsp.hover import of_manifest, of_spec
from npverify.lsp.names import Names
from npverify.lsp.places import definitions
from npverify.lsp.texts import begun, extent_of, word_at

TWO_RULES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: web}}}]
  - to: [{podSelector: {matchLabels: {app: db}}}]
  - {}
"""


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Names:
    root = write(tmp_path_factory.mktemp("names"))
    (root / "two.yaml").write_text(TWO_RULES, encoding="utf-8")
    return Names(Session([str(root)]).world)


def at(text: str) -> tuple[str, int, int]:
    """The text without its `|`, and the place where that stood."""
    before, bar, behind = text.partition("|")
    assert bar
    return before + behind, before.count("\n"), len(before) - before.rfind("\n") - 1


WEB, DB = "`shop/web` Deployment, address not known", "`shop/db-0` Pod, 10.1.2.3"
HOVERS = {
    "a word is the workload of that name": ("assert no w|eb reaches db-0", (WEB,), (DB,)),
    "the end of a word counts": ("assert no web| reaches db-0", (WEB,), (DB,)),
    "a name of a let is what it stands for": ('let x = pods where app == "db"\nassert no |x reaches web', (DB,), (WEB,)),
    "so is the name that the let gives": ('let |x = pods where app == "db"', (DB,), (WEB,)),
    "a let through another": ("let a = web\nlet b = a\nassert no |b reaches db-0", (WEB,), (DB,)),
    "a label test shows the pods of its expression": ('assert no pods where |app == "db" reaches web', (DB,), (WEB,)),
    "a label value too": ('assert no web reaches pods where app == "d|b"', (DB,), (WEB,)),
    "a namespace shows who is in it": ("assert no pods in namespace sh|op reaches web", (WEB, DB), ()),
    "a service shows its address, its ports and its pods": (
        "assert every web reaches service |shop/store",
        (DB, "ClusterIP 10.96.0.7, TCP 5432"),
        (WEB,),
    ),
    "a kind with a name": ("assert no deployment shop/w|eb reaches db-0", (WEB,), (DB,)),
    "addresses outside are no workloads": ("assert no in|ternet reaches web", ("addresses outside",), (WEB, DB)),
    "a block shows the pods with such an address": ("assert no web reaches 10.1|.2.0/24", (DB, "some addresses outside"), ()),
    "an unknown name says so": ("assert no nob|dy reaches web", ("is no `let` name",), (WEB, DB)),
    "in a statement that is not finished": ("assert no w|eb rea", (WEB,), (DB,)),
    "a let that leads to itself ends": ("let a = b\nlet b = a\nassert no |a reaches web", ("is no `let` name",), (WEB,)),
    "a let with a port": ("let x = db-0:5432\nassert every web reaches |x", (DB,), ("is a port", WEB)),
    "a policy shows whom it selects": (
        "assert policy sh|op/db is vacuous",
        (DB, "NetworkPolicy shop/db", "for ingress"),
        (WEB, "egress"),
    ),
    "a policy that is not there": ("assert policy sh|op/no is vacuous", ("There is no policy",), (WEB, DB)),
    "a pack shows what it asks": ("use kubernetes/meta|data", ("169.254.169.254",), ()),
}  # fmt: skip


@pytest.mark.parametrize(("text", "shown", "hidden"), HOVERS.values(), ids=HOVERS.keys())
def test_hover(names: Names, text: str, shown: tuple[str, ...], hidden: tuple[str, ...]) -> None:
    content, line, character = at(text)
    said = of_spec(names, "a.npv", content, line, character)
    assert all(each in said for each in shown), said
    assert not any(each in said for each in hidden), said


@pytest.mark.parametrize(
    "text",
    [
        "assert no web rea|ches db-0",
        "as|sert no web reaches db-0",
        "assert no web reaches db-0 on tc|p/80",
        "# we|b",
        "assert no web reaches db-0  # we|b",
        'assert "we|b": no web reaches db-0',
        "|",
        "assert  |  no web reaches db-0",
    ],
)
def test_words_of_the_language_comments_and_titles_mean_nothing(names: Names, text: str) -> None:
    assert of_spec(names, "a.npv", *at(text)) == ""


RULES = {
    "its selector": ("spec:\n  pod|Selector", (DB,), (WEB,)),
    "its name": ("name: d|b", (DB,), (WEB,)),
    "its kind": ("kind: Network|Policy", (DB,), (WEB,)),
    "a selector of a rule": ("- pod|Selector", (WEB, "ingress[0]", "From these: allow"), (DB,)),
    "the word from": ("- fr|om", (WEB,), (DB,)),
    "a field that selects nobody": ("policy|Types", (), (WEB, DB)),
}


@pytest.mark.parametrize(("where", "shown", "hidden"), RULES.values(), ids=RULES.keys())
def test_hover_in_a_policy(names: Names, where: str, shown: tuple[str, ...], hidden: tuple[str, ...]) -> None:
    plain = where.replace("|", "")
    assert POLICY.count(plain) == 1
    content, line, character = at(POLICY.replace(plain, where))
    file = next(span.file for span in names.world.defined.values() if span.file.endswith("policy.yaml"))
    said = of_manifest(names, file, content, line, character)
    assert all(each in said for each in shown), said
    assert not any(each in said for each in hidden), said


@pytest.mark.parametrize(
    ("line", "shown", "hidden"), [(7, (WEB, "egress[0]"), DB), (8, (DB, "egress[1]", "To these"), WEB)]
)
def test_hover_in_a_policy_of_several_rules(names: Names, line: int, shown: tuple[str, ...], hidden: str) -> None:
    file = next(span.file for span in names.world.defined.values() if span.file.endswith("two.yaml"))
    said = of_manifest(names, file, TWO_RULES, line, TWO_RULES.split("\n")[line].index("podSelector"))
    assert all(each in said for each in shown), said
    assert hidden not in said


PLACES = {
    "a name of a let": ("let x = web\nassert no |x reaches db-0", "a.npv", 1),
    "a workload": ("assert no |web reaches db-0", "cluster.yaml", 7),
    "a workload with its kind": ("assert no deployment shop/w|eb reaches db-0", "cluster.yaml", 7),
    "a pod": ("assert no pod |db-0 reaches web", "cluster.yaml", 16),
    "a service": ("assert every web reaches service |shop/store", "cluster.yaml", 22),
    "a namespace": ("assert no pods in namespace |shop reach db-0", "cluster.yaml", 3),
    "a policy": ("assert policy |shop/db is vacuous", "policy.yaml", 3),
    "a pack": ("use kubernetes/d|ns", "dns.npv", 1),
    "in a statement that is not finished": ("assert no |web rea", "cluster.yaml", 7),
}


@pytest.mark.parametrize(("text", "file", "line"), PLACES.values(), ids=PLACES.keys())
def test_definition(names: Names, text: str, file: str, line: int) -> None:
    (span,) = definitions(names, "a.npv", *at(text))
    assert (Path(span.file).name, span.line) == (file, line)


CHOICES = {
    "a statement begins": ("|", {"assert", "let", "use", "assume"}, {"web"}),
    "who sends": ("assert no |", {"web", "shop/db-0", "internet", "pods", "deployment"}, {"tcp", "reaches", "possible"}),
    "a let of the file": ("let mine = web\nassert no mi|", {"mine"}, {"web"}),
    "what a claim goes on with": ("assert no web |", {"reaches", "and", "or", "except"}, {"web", "internet"}),
    "namespaces": ("assert no pods in namespace |", {"shop", "where"}, {"web"}),
    "more namespaces": ("assert no pods in namespaces shop, |", {"shop"}, {"web"}),
    "labels": ("let x = pods where |", {"app", "has", "not"}, {"web", "shop"}),
    "labels behind and": ('let x = pods where app == "db" and |', {"app", "has"}, {"web"}),
    "labels of namespaces": ("let x = pods in namespace where |", {"team"}, {"app"}),
    "values of a label": ("let x = pods where app == |", {'"web"', '"db"'}, {"web"}),
    "values in a list": ('let x = pods where app in ("db", "w|', {'"web"'}, {'"db"'}),
    "values of a label of namespaces": ("let x = pods in namespace where team == |", {'"retail"'}, {'"web"'}),
    "services": ("assert every web reaches service |", {"shop/store"}, {"shop/web", "web"}),
    "deployments": ("assert no deployment |", {"shop/web"}, {"shop/db-0"}),
    "pods": ("assert no pod |", {"shop/db-0"}, {"shop/web"}),
    "policies": ("assert policy |", {"shop/db"}, {"web"}),
    "properties": ("assert policy shop/db is |", {"vacuous", "redundant", "shadowed", "not"}, {"web"}),
    "protocols": ("assert no web reaches db-0 on |", {"tcp", "udp", "port"}, {"web"}),
    "ports by name": ("assert no db-0 reaches web on port |", {"http"}, {"web"}),
    "packs": ("use |", {"kubernetes/dns"}, {"web"}),
    "a statement over several lines": ("assert no web\n  reaches |", {"db-0"}, {"reaches"}),
    "a new line may begin a statement": ("assert no web reaches db-0\n|", {"assert", "on"}, {"web"}),
    "nothing in a comment": ("# |", set(), {"web", "assert"}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "offered", "not_offered"), CHOICES.values(), ids=CHOICES.keys())
def test_completion(names: Names, text: str, offered: set[str], not_offered: set[str]) -> None:
    _, found = completions(names, "a.npv", *at(text))
    words = [choice.text for choice in found]
    assert offered <= set(words)
    assert not not_offered & set(words)
    assert len(words) == len(set(words))


def test_completion_replaces_the_word_that_was_begun(names: Names) -> None:
    extent, _ = completions(names, "a.npv", *at("assert no shop/w|"))
    assert (extent.start, extent.end) == (10, 16)


def test_what_is_complete_is_a_statement_that_can_be_read(names: Names) -> None:
    """Whatever is offered at the end of the spec may stand there: with it, the grammar has no error before the next word."""
    from npverify.assertions.parser import follow

    for begin in ("assert no ", "assert only web reaches ", "let x = pods where ", "assert policy shop/db is "):
        for choice in completions(names, "a.npv", *at(f"{SPEC}{begin}|"))[1]:
            assert follow(begin + choice.text)[0], begin + choice.text


@pytest.mark.parametrize(
    ("text", "character", "word"),
    [("a shop/web b", 2, "shop/web"), ("a shop/web b", 10, "shop/web"), ("a shop/web b", 11, "b"), ("(web)", 5, None)],
)
def test_the_word_at_a_place(text: str, character: int, word: str | None) -> None:
    found = word_at(text, 0, character)
    assert (found.text if found else None) == word


def test_places_outside_of_a_text_are_no_errors() -> None:
    """An editor may be ahead of the server."""
    assert word_at("a", 7, 3) is None
    assert begun("a", 7, 3).text == ""
    assert extent_of(Span("f", 99, 99), "ab\ncd") == (1, 1, 2)
    assert extent_of(Span("f", 1, 1), "") == (0, 0, 0)
