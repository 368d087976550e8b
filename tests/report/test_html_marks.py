"""The flow of an answer is marked in the map: at the right place, and found again by a click or a key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from html_browser import Opened, found, put, texts
from html_worlds import cluster
from report_worlds import DB, LONE, WEB, counterexample

from npverify.analyses.results import Counterexample
from npverify.cli.app import run
from npverify.inventory.addresses import Address
from npverify.inventory.model import EXTERNAL, Endpoint, EndpointKind
from npverify.normal.flow import Flow
from npverify.report.html.flow_map import NODES, OUTSIDE, FlowMap, Group, Place
from npverify.report.html.marks import with_marks

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

PLACES = (
    Place("db", "shop", "StatefulSet", True),
    Place("tool", "shop", "Pod", True),
    Place("web", "shop", "Deployment"),
    Place("0.0.0.0/0", OUTSIDE, "block"),
    Place("203.0.113.0/24", OUTSIDE, "block"),
    Place("203.0.113.7/32", OUTSIDE, "block"),
)
GROUPS = (
    Group((3,), (0, 1), "everything", (), 0),
    Group((4,), (0, 2), "TCP 80", (), 1),
    Group((0,), (5,), "TCP 443", (), 1),
)
MAP = FlowMap("connectivity", "Who", PLACES, GROUPS)
NODE = Endpoint(EndpointKind.NODE, "", "n1", node="n1")
OTHER = Endpoint(EndpointKind.REMOTE, "shop", "web", cluster="west")
SPLIT = Endpoint(EndpointKind.POD, "shop", "job-1")
INSIDE, OUTSIDER = Address.parse("203.0.113.7"), Address.parse("198.51.100.1")

# source, its address, destination, its address, fields that may be anything -> the two places
ROWS = {
    "workloads": ((WEB, None, DB, None, ()), ("shop/web", "shop/db")),
    "a bare pod": ((LONE, None, WEB, None, ()), ("shop/tool", "shop/web")),
    "two pods of one workload": ((WEB, None, WEB, None, ()), ("shop/web", "shop/web")),
    "the narrowest block with something for that end": (
        (EXTERNAL, INSIDE, WEB, None, ()),
        ("203.0.113.0/24", "shop/web"),
    ),
    "a wider one if no narrow one has": ((EXTERNAL, INSIDE, LONE, None, ()), ("0.0.0.0/0", "shop/tool")),
    "the narrowest if none has": ((WEB, None, EXTERNAL, INSIDE, ()), ("shop/web", "203.0.113.7/32")),
    "a destination outside": ((DB, None, EXTERNAL, INSIDE, ()), ("shop/db", "203.0.113.7/32")),
    "an address in the widest block alone": ((EXTERNAL, OUTSIDER, DB, None, ()), ("0.0.0.0/0", "shop/db")),
    "an address that does not matter": ((EXTERNAL, INSIDE, WEB, None, ("src_ip",)), ("0.0.0.0/0", "shop/web")),
    "an address of the other family": ((EXTERNAL, Address.parse("fd00::1"), DB, None, ()), ("fd00::1", "shop/db")),
    "a node": ((NODE, None, DB, None, ()), ("nodes/n1", "shop/db")),
    "a pod of another cluster": ((OTHER, None, DB, None, ()), ("west:shop/web", "shop/db")),
    "a pod that is listed by itself": ((SPLIT, None, DB, None, ()), ("shop/job-1", "shop/db")),
}


def shown(
    source: Endpoint, src: Address | None, target: Endpoint, dst: Address | None, any_: tuple[str, ...]
) -> Counterexample:
    seen = counterexample()
    return Counterexample(Flow(source, target, "TCP", 80, src, dst), seen.verdict, any=any_)


@pytest.mark.parametrize(("flow", "ends"), ROWS.values(), ids=ROWS)
def test_a_flow_has_its_place(flow: tuple, ends: tuple[str, str]) -> None:
    """An end that the map does not list becomes a place of its own, and what was there keeps its number."""
    flows = with_marks(MAP, [(1, None), (2, shown(*flow))])
    (mark,) = flows.marks
    full = [p.name if p.namespace == OUTSIDE else f"{p.namespace}/{p.name}" for p in flows.places]
    assert (full[mark.source], full[mark.destination]) == ends
    assert (mark.item, mark.traffic, mark.allowed) == (2, "TCP 80", True)
    assert flows.places[: len(PLACES)] == PLACES
    assert flows.groups == GROUPS


def test_two_marks_share_what_they_add() -> None:
    """A node is one place, however often it is seen."""
    row = ROWS["a node"][0]
    flows = with_marks(MAP, [(1, shown(*row)), (2, shown(*row))])
    assert [p for p in flows.places if p.namespace == NODES] == [Place("n1", NODES, "Node", True)]
    assert {mark.source for mark in flows.marks} == {len(PLACES)}


def test_a_map_that_is_left_out_has_no_marks() -> None:
    """There is nothing to mark."""
    assert with_marks(FlowMap("connectivity", "Who", left_out="x"), [(1, shown(*ROWS["workloads"][0]))]).marks == ()


SPEC = """\
assert "apart": no pods in namespace team-005 reach pods in namespace team-004
assert "lone": every pods in namespace team-005 reaches pod team-000/lone on tcp/8000
assert "fine": no pods in namespace team-001 reach pods in namespace team-002
"""


@pytest.fixture(scope="module")
def large(folder: Path) -> Path:
    """Sixty-one workloads; one assertion is broken by a flow that passes, one by a flow that is denied."""
    (folder / "teams.npv").write_text(SPEC, encoding="utf-8")
    world = cluster(folder / "teams", 60)
    page = folder / "teams.html"
    assert run(("prove", str(world), "--spec", str(folder / "teams.npv"), "-q", "--format", f"html={page}")) == 1
    return page


def test_every_refuted_assertion_has_a_mark(large: Path) -> None:
    """With the number of its answer; one that is proved has none."""
    text = large.read_text(encoding="utf-8")
    flows = json.loads(re.search(r'id="flows">(.*?)</script>', text)[1])  # type: ignore[index]
    named = {n: f"{place[1]}/{place[0]}" for n, place in enumerate(flows["places"])}
    assert [(item, named[a], named[b], traffic, allowed) for item, a, b, traffic, allowed in flows["marks"]] == [
        (1, "team-005/app-0", "team-004/app-0", "TCP 443", 1),
        (2, "team-005/app-0", "team-000/lone", "TCP 8000", 0),
    ]


@pytest.mark.parametrize("sides", [("open", "closed"), ("closed", "open")], ids=["the left passes", "the right passes"])
def test_the_witness_of_two_sides_has_a_mark(sides: tuple[str, str], tmp_path: Path) -> None:
    """As the side sees it that lets it pass, in the map of all that differs."""
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: x, labels: {app: %s}}, spec: {containers: [{name: c}]}}"
    policy = (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x}, spec: {podSelector:"
        " {matchLabels: {app: a}}, ingress: [%s]}}"
    )
    lets = {"open": "{from: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: 80}]}", "closed": ""}
    for name, rule in lets.items():
        (tmp_path / f"{name}.yaml").write_text("\n---\n".join((pod % ("a", "a"), pod % ("b", "b"), policy % rule)))
    page = tmp_path / "page.html"
    paths = [str(tmp_path / f"{side}.yaml") for side in sides]
    assert run(("equiv", *paths, "--all", "-q", "--format", f"html={page}")) == 1
    flows = json.loads(re.search(r'id="flows">(.*?)</script>', page.read_text(encoding="utf-8"))[1])  # type: ignore[index]
    named = {n: f"{place[1]}/{place[0]}" for n, place in enumerate(flows["places"])}
    assert [(item, named[a], named[b], traffic, allowed) for item, a, b, traffic, allowed in flows["marks"]] == [
        (1, "x/b", "x/a", "TCP 80", 1)
    ]


@pytest.mark.parametrize("name", ["any outside address", "10.0.0.0/8, 203.0.113.0/24"], ids=["all", "several"])
def test_outside_addresses_have_the_mark_of_all_their_blocks(name: str, tmp_path: Path) -> None:
    """Also where one place of the map stands for several."""
    blocks = ["0.0.0.0/0", "::/0"] if name.startswith("any") else name.split(", ")
    peers = "from: [" + ", ".join(f"{{ipBlock: {{cidr: '{block}'}}}}" for block in blocks) + "]"
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x, labels: {app: a}}, spec: {containers: [{name: c}]}}"
    policy = (
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: x}, spec: {podSelector: {},"
        " ingress: [%s]}}"
    )
    for side, rule in (("left", f"{{{peers}}}"), ("right", "")):
        (tmp_path / f"{side}.yaml").write_text("\n---\n".join((pod, policy % rule)))
    page = tmp_path / "page.html"
    paths = [str(tmp_path / f"{side}.yaml") for side in ("left", "right")]
    assert run(("equiv", *paths, "--all", "-q", "--format", f"html={page}")) == 1
    flows = json.loads(re.search(r'id="flows">(.*?)</script>', page.read_text(encoding="utf-8"))[1])  # type: ignore[index]
    assert [flows["places"][mark[1]][0] for mark in flows["marks"]] == [name]


def heads(page: WebDriver) -> list[str]:
    """The rows of the matrix."""
    return list(
        page.execute_script("return [...document.querySelectorAll('.matrix tbody th')].map((th) => th.textContent)")
    )


def in_focus(page: WebDriver) -> list[tuple[str, str]]:
    """The rows and columns of the cells that are looked at."""
    script = """
    return [...document.querySelectorAll("td.focus")].map((td) => [td.parentNode.cells[0].textContent,
      td.closest("table").tHead.rows[0].cells[td.cellIndex].textContent])
    """
    return [tuple(pair) for pair in page.execute_script(script)]


def test_an_answer_that_is_opened_is_marked_in_the_map(opened: Opened, large: Path) -> None:
    """Its namespaces unfold, and fold again for the next one; closing it takes the mark away."""
    page = opened("teams")
    assert len(page.find_elements("css selector", "td.marked")) == 2
    assert in_focus(page) == []
    (apart, lone) = (found(page, f"#answer-{n} > summary")[0] for n in (1, 2))
    for answer in (apart, lone):
        answer.click()  # both are open from the start
    apart.click()
    assert in_focus(page) == [("team-005/app-0", "team-004/app-0")]
    assert texts(page, ".aim a") == ["apart"]
    assert texts(page, ".detail h3") == ["team-005/app-0 → team-004/app-0"]
    assert texts(page, ".detail .mark") == ["◥ TCP 443 passes: apart"]
    lone.click()
    assert in_focus(page) == [("team-005/app-0", "team-000/lone")]
    assert "▸ team-004 (10)" in heads(page)
    assert texts(page, ".detail .mark") == ["◥ TCP 8000 is denied: lone"]
    lone.click()
    assert in_focus(page) == []
    assert found(page, ".aim") == []
    assert "▸ team-005 (10)" in heads(page)


def test_a_button_leads_into_the_map_past_a_filter_that_hides_it(opened: Opened, large: Path) -> None:
    """The fields are empty then, and the keys go on from the cell."""
    page = opened("teams")
    put(page, "f-workload", "team-001")
    put(page, "f-namespace", "team-002")
    found(page, "#answer-2 .locate")[0].click()
    assert in_focus(page) == [("team-005/app-0", "team-000/lone")]
    assert page.execute_script("return document.getElementById('f-workload').value") == ""
    assert page.execute_script("return document.activeElement.className").split()[-1] == "focus"
    assert page.execute_script("return document.querySelectorAll('.matrix td[tabindex=\"0\"]').length") == 1
    assert abs(page.execute_script("return document.getElementById('flows-head').getBoundingClientRect().top")) < 40
    seen = page.execute_script(
        "const c = document.querySelector('td.focus').getBoundingClientRect();"
        "const b = document.querySelector('.scroll').getBoundingClientRect();"
        "return c.left >= b.left && c.right <= b.right + 1 && c.top >= b.top && c.bottom <= b.bottom + 1"
    )
    assert seen
    found(page, ".aim button")[0].click()
    assert in_focus(page) == []


def test_the_graph_has_an_arrow_for_a_flow_that_is_denied(opened: Opened, large: Path) -> None:
    """Dotted, since nothing passes; the ends of what one looks at are marked."""
    page = opened("teams")
    found(page, "#tab-graph")[0].click()
    assert len(page.find_elements("css selector", "path.edge.marked")) == 2
    found(page, "#answer-2 .locate")[0].click()
    assert page.execute_script("return document.querySelector('path.edge.on').classList.contains('missing')")
    assert len(page.find_elements("css selector", "path.edge.on")) == 1
    assert texts(page, ".node.on text") == ["team-000/lone", "team-005/app-0"]
    found(page, "#answer-1 .locate")[0].click()
    assert not page.execute_script("return document.querySelector('path.edge.on').classList.contains('missing')")
    assert texts(page, ".node.on text") == ["team-004/app-0", "team-005/app-0"]


def test_a_mark_is_drawn_where_there_are_too_many_rows(opened: Opened, folder: Path) -> None:
    """A namespace has rows for eighty of its workloads, and sixty-four rows are drawn: those of the answer are among them."""
    (folder / "many.npv").write_text(
        'assert "one": no deployment team-000/app-88 reaches deployment team-000/app-89\n'
        'assert "other": no deployment team-000/app-0 reaches deployment team-000/app-1\n',
        encoding="utf-8",
    )
    world = cluster(folder / "many", 90, of_one=90)
    run(("prove", str(world), "--spec", str(folder / "many.npv"), "-q", "--format", f"html={folder / 'many.html'}"))
    page = opened("many")
    page.execute_script("document.querySelector('#answer-1 .locate').click()")
    assert in_focus(page) == [("team-000/app-88", "team-000/app-89")]
    assert page.execute_script("return document.querySelectorAll('.matrix tbody tr').length") == 64
    page.execute_script("document.getElementById('tab-graph').click()")
    assert texts(page, ".node.on text") == ["team-000/app-88", "team-000/app-89"]


def test_a_change_is_marked_in_all_its_cells(opened: Opened) -> None:
    """Every pair of a group of flows that a diff tells."""
    page = opened("diff")
    script = (
        "return [...document.querySelectorAll('.title')].find((t) => t.textContent.startsWith(arguments[0])).parentNode"
    )
    answer = page.execute_script(script, "closed: blog/wordpress")
    answer.click()
    assert in_focus(page) == [("blog/wordpress", "shop/db"), ("kube-system/coredns", "shop/db")]
    answer.click()
    assert in_focus(page) == []


EQUAL_ORDER = Path(__file__).parents[2] / "examples" / "equal-order"


def test_lint_has_a_map_with_the_flow_of_a_finding(opened: Opened, folder: Path) -> None:
    """And says why there is none where the input has no pods."""
    run(("lint", str(EQUAL_ORDER), "-q", "--format", f"html={folder / 'lint.html'}"))
    page = opened("lint")
    found(page, "#answer-1 .locate")[0].click()
    assert in_focus(page) == [("shop/web", "0.0.0.0/0")]
    policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, namespace: b}\nspec: {podSelector: {}}\n"
    (folder / "lone.yaml").write_text(policy, encoding="utf-8")
    run(("lint", str(folder / "lone.yaml"), "-q", "--format", f"html={folder / 'no_pods.html'}"))
    text = (folder / "no_pods.html").read_text(encoding="utf-8")
    assert "There is no map of who may talk to whom: the input has no pods and no workloads." in text
