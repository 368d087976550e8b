"""The HTML report as a file: whole, escaped, without a network, and true to the answers that it shows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from html_worlds import Page, cluster, said
from report_worlds import world

from npverify.analyses.connectivity import connectivity
from npverify.analyses.diff.run import diff
from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Meeting
from npverify.cli.app import run
from npverify.report.connectivity_report import allowed_text
from npverify.report.diff_items import listed_changes
from npverify.report.html import flow_map, page
from npverify.report.html.flow_map import VERDICTS, FlowMap, Group, Place, connectivity_map, diff_map, equiv_map
from npverify.report.items import Item, Report, RuleText, State, Step
from npverify.report.places import Root
from two_worlds import random_pair
from worlds import random_world

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
"""
PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
"""
RULE = "  ingress:\n  - ports: [{port: 5432}]\n"
SPEC = """\
assert "closed </script><script>alert(1)</script> | db":
  no web reaches db on tcp/5432
assert severity warning "<img src=x onerror=alert(1)>": no web reaches db on tcp/5432
assert "fine": no web reaches db on tcp/80
"""
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "prove": ("prove", "new", "--spec", "shop.npv"),
    "lint": ("lint", "new"),
    "diff": ("diff", "old", "new", "--spec", "shop.npv"),
    "equiv": ("equiv", "old", "new", "--all"),
    "connectivity": ("connectivity", "new"),
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An old version in which nothing reaches db, and a new one in which one port is open."""
    for folder, policy in (("old", POLICY), ("new", POLICY + RULE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "all.yaml").write_text(f"{PODS}---\n{policy}", encoding="utf-8")
    (tmp_path / "shop.npv").write_text(SPEC, encoding="utf-8")
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path, command: str) -> str:
    """The page that a command writes."""
    assert run((*COMMANDS[command], "--format", f"html={folder / 'out.html'}")) in (0, 1)
    return (folder / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_page_is_whole_and_asks_nothing_of_a_network(command: str, shop: Path) -> None:
    """Every element is closed; there is no address in it but anchors, and the policy in it allows none."""
    text = written(shop, command)
    found = Page(text)
    for tag, attributes in found.tags:
        assert not {"src", "srcset", "data", "action", "formaction", "poster", "style"} & set(attributes), tag
        assert not [name for name in attributes if name.startswith("on")], tag
        assert (attributes.get("href") or "#").startswith("#")
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in found.tags}
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|WebSocket|sendBeacon|\beval\(|innerHTML", text)
    assert found.having("html", lang="en")
    assert [tag for tag, _ in found.tags if tag == "h1"] == ["h1"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_policy_of_a_page_names_the_hash_of_its_script_and_its_style(command: str, shop: Path) -> None:
    """Content Security Policy, Level 3: nothing at all, but one inline script and one inline style."""
    text = written(shop, command)
    (policy,) = Page(text).having("meta", **{"http-equiv": "Content-Security-Policy"})
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    style = text.partition("<style>")[2].partition("</style>")[0]

    def hashed(part: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'"

    assert (policy["content"] or "").split("; ") == [
        "default-src 'none'",
        f"script-src {hashed(script)}",
        f"style-src {hashed(style)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_equal_runs_give_equal_bytes(command: str, shop: Path) -> None:
    """Nothing of the clock and nothing of an order of hashes is in a page."""
    assert written(shop, command) == written(shop, command)


def test_a_folded_finding_of_lint_says_what_it_is_about(shop: Path) -> None:
    """The names of rules alone would be the same for many findings."""
    said = re.findall(r"<summary>.*?</summary>", written(shop, "lint"))
    (open_pods,) = [text for text in said if "NPL160 no-default-deny-ingress" in text]
    assert "namespace shop has no default deny for ingress" in open_pods


def test_an_answer_has_its_counterexample_the_rules_and_the_lines_of_the_files(shop: Path) -> None:
    """Without a script too: what failed is unfolded, what passed is folded."""
    found = Page(written(shop, "prove"))
    answers = [
        found.having("details", class_="answer", **{"data-kind": kind}) for kind in ("failed", "warned", "passed")
    ]
    assert [len(some) for some in answers] == [1, 1, 1]
    assert ["open" in some[0] for some in answers] == [True, True, False]
    sources = found.texts["pre"]
    spec = '1 | assert "closed </script><script>alert(1)</script> | db":\n2 |   no web reaches db on tcp/5432'
    assert spec in sources, "the lines of the assertion, and none of the next"
    assert any("- ports: [{port: 5432}]" in source for source in sources)
    assert "shop.npv:1" in found.texts["code"]
    assert any(text.startswith("new/all.yaml:") for text in found.texts["code"])
    assert found.texts["td"][:3] == ["shop/web", "shop/db", "TCP 5432"] or "shop/db" in found.texts["td"]


def test_what_one_looks_for_comes_first(shop: Path) -> None:
    """Failed, then warnings, undecided, what passed."""
    kinds = [answer["data-kind"] for answer in Page(written(shop, "prove")).having("details", class_="answer")]
    assert kinds == ["failed", "warned", "passed"]


def test_findings_and_changes_have_their_kinds(shop: Path) -> None:
    """The groups of a diff are told first and are linked from the map by their numbers."""
    text = written(shop, "diff")
    found = Page(text)
    assert found.having("details", class_="answer", id="answer-1")
    flows = json.loads(re.search(r'id="flows">(.*?)</script>', text)[1])  # type: ignore[index]
    assert {verdict for *_, verdict, _, _ in flows["groups"]} == {0}
    assert [name for name, _ in flows["verdicts"]] == ["opened", "closed", "changed"]
    assert {group[4] for group in flows["groups"]} <= {
        int((answer["id"] or "").removeprefix("answer-")) for answer in found.having("details", class_="answer")
    }
    lint = Page(written(shop, "lint"))
    assert lint.having("details", class_="answer")
    assert lint.having("script", id="flows")


HOSTILE = "</script><!--<img src=x onerror=alert(1)>'\"&amp;\u2028]]>\x1b[31m"


def hostile() -> tuple[Report, FlowMap]:
    """A report in which every text is hostile."""
    rule = RuleText("rule", HOSTILE, HOSTILE, HOSTILE)
    step = Step(f"{HOSTILE} {HOSTILE}")
    items = tuple(
        Item("rule", state, "error", HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, None, (step,), silenced=silenced)
        for state, silenced in ((State.FAILED, ""), (State.OPEN, ""), (State.PASSED, ""), (State.FAILED, HOSTILE))
    )
    places = (Place(HOSTILE, HOSTILE, "Pod"), Place("b", "n", "Pod"))
    flows = FlowMap("connectivity", HOSTILE, places, (Group((0,), (1,), HOSTILE, (), 1),), (HOSTILE,))
    return Report("prove", HOSTILE, items, (rule,), (HOSTILE,)), flows


def test_no_text_of_a_user_is_markup() -> None:
    """The page has the elements that it would have with harmless texts, and shows the texts as they are."""
    report, flows = hostile()
    text = "".join(page.html(report, Root(Path("/")), "1.0", flows=flows))
    found = Page(text)
    assert not found.having("img")
    assert len(found.having("script")) == 2
    assert "\x1b" not in text
    assert "\u2028" not in text
    shown = HOSTILE.replace("\u2028", "\\u2028").replace("\x1b", "\\x1b")
    assert found.texts["span"].count(shown) == len(report.items)
    value = json.loads(found.texts["script"][0])
    assert value["places"][0][:2] == [shown, shown]
    assert "<" not in found.texts["script"][0]


def test_a_map_says_what_connectivity_says() -> None:
    """Pair by pair, over worlds that are made at random; groups share no pair."""
    for seed in range(25):
        found = connectivity(random_world(Random(seed)))
        expected = Counter((_name(c.src), _name(c.dst), allowed_text(c.allowed)) for c in found.connections)
        assert said(connectivity_map(found)) == expected, seed


def _name(end: object) -> str:
    return f"{flow_map.OUTSIDE}/{end}" if not hasattr(end, "namespace") else str(end)


def test_a_map_of_a_change_has_as_many_pairs_as_the_change() -> None:
    """`Change.connections` counts pairs in another way; each group is linked to the answer of its change."""
    for seed in (*range(7), 36, 113):  # the last two: nodes on both sides, and pods that send to themselves
        result = diff(*random_pair(Random(seed)), allow_empty=True)
        changes = listed_changes(result, include_new=True)
        flows = diff_map(changes)
        if flows is None:
            assert changes == (), seed
            continue
        for number, change in enumerate(changes, 1):
            groups = tuple(group for group in flows.groups if group.item == number)
            assert said(replace(flows, groups=groups)).total() == change.connections, seed
            assert {VERDICTS["diff"][group.verdict][0] for group in groups} == {str(change.opening)}


def test_a_lone_pod_is_not_its_own_neighbour(shop: Path) -> None:
    """Two pods that both may send to both are two pairs."""
    isolated = POLICY.replace("matchLabels: {app: db}", "")
    (shop / "closed.yaml").write_text(f"{PODS}---\n{isolated}", encoding="utf-8")
    (shop / "free.yaml").write_text(PODS, encoding="utf-8")
    assert run(("diff", "closed.yaml", "free.yaml", "--format", f"html={shop / 'out.html'}")) == 1
    text = (shop / "out.html").read_text(encoding="utf-8")
    flows = json.loads(re.search(r'id="flows">(.*?)</script>', text)[1])  # type: ignore[index]
    assert [place for place in flows["places"] if place[1] == "shop"] == [
        ["db", "shop", "Pod", 1],
        ["web", "shop", "Pod", 1],
    ]


def test_a_map_of_two_sides_has_the_regions_that_differ() -> None:
    """Each region once, by the side that allows it, with the ends that JSON lists."""
    found = 0
    for seed in range(8):
        result = equiv(*random_pair(Random(seed)), every=True, allow_empty=True)
        flows = equiv_map(result)
        if flows is None:
            assert not result.regions
            continue
        regions = [region for region in result.regions or () if region.meeting is not Meeting.ITSELF]
        for region, group in zip(regions, (group for group in flows.groups if not group.itself), strict=True):
            found += 1
            assert VERDICTS["equiv"][group.verdict][0] == f"only the {region.allowed_by} side"
            for ends, numbers in ((region.sources, group.sources), (region.destinations, group.destinations)):
                named = {end.workload.name for end in ends if end.workload is not None and not end.blocks}
                assert named <= {flows.places[n].name for n in numbers}
                assert len(numbers) == len(ends)
    assert found > 5


def test_a_map_lists_those_that_talk_to_nobody() -> None:
    """A workload without a connection is a row of the matrix too."""
    places = connectivity_map(connectivity(world())).places
    assert {(p.namespace, p.name) for p in places if p.namespace != flow_map.OUTSIDE} == {
        ("shop", "db"),
        ("shop", "tool"),
        ("shop", "web"),
    }


def test_a_map_that_is_too_large_is_left_out_with_a_sentence(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is worked out for it, and the page says where to find it."""
    monkeypatch.setattr(flow_map, "MOST_ENDS", 1)
    monkeypatch.setattr(flow_map, "connectivity", None)
    text = written(shop, "prove")
    assert not Page(text).having("script", id="flows")
    assert "is left out: 2 ends are more than a page can show; `npverify connectivity` has them all." in text


def test_a_page_of_a_large_cluster_stays_small(tmp_path: Path) -> None:
    """2,000 workloads have four million pairs; the page says them in groups."""
    folder = cluster(tmp_path / "big", 2000)
    assert run(("connectivity", str(folder), "--format", f"html={tmp_path / 'out.html'}")) == 0
    assert (tmp_path / "out.html").stat().st_size < 1_500_000


def test_a_page_may_go_to_standard_output_beside_other_forms(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As every form may."""
    assert run(("connectivity", "new", "--format", "html", "--format", f"json={shop / 'c.json'}")) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>\n")
    assert json.loads((shop / "c.json").read_text(encoding="utf-8"))["connections"]
    assert run(("connectivity", "new", "--format", "sarif")) == 2
