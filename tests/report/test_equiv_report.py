"""The report of `equiv` as text and JSON: both sides beside each other, and regions."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from report_worlds import ALLOW, DB, DENY, INVENTORY, LONE, POLICIES, WEB, lines, world

from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Equivalence, EquivResult, Meeting, Region, RegionEnd
from npverify.analyses.packet_cells import Traffic
from npverify.analyses.results import Assumed
from npverify.analyses.world import World
from npverify.inventory.addresses import Prefix
from npverify.inventory.model import WorkloadRef
from npverify.inventory.unknowns import fact
from npverify.normal.policy import Action, Direction, Half, Policy, PolicySet, Tier, pods_stage
from npverify.normal.predicates import and_, unknown_in
from npverify.report.equiv_json import equiv_json
from npverify.report.equiv_regions import blocks_text, end_text, region_json, regions_text, traffic_text
from npverify.report.equiv_text import render_equiv
from npverify.report.paint import PLAIN, Paint
from npverify.report.prove_text import View
from npverify.smt.solver import Budget

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


def other(*policies: Policy) -> World:
    """The same pods with other policies."""
    half = Half((pods_stage(Direction.INGRESS, (Tier("NetworkPolicy", policies, Action.DENY),)),))
    return World(INVENTORY, PolicySet("calico", Half(), half, settings=(("calico_version", "3.32"),)))


SHUT = other(DENY)
OFTEN = other(
    replace(ALLOW, rules=(replace(ALLOW.rules[0], peer=and_(ALLOW.rules[0].peer, unknown_in(fact("spooky"), "true"))),))
)


def text(result: EquivResult, **more: object) -> str:
    """The report with excerpts."""
    return render_equiv(result, View(lines=lines, **more), ("old", "new"))  # type: ignore[arg-type]


DIFFERENT = """\
different: the left side lets this flow pass, the right side does not
  flow      shop/web -> shop/db-0  TCP 5432
  from      shop/web  Deployment  app=web
  to        shop/db-0  StatefulSet  app=db  10.1.0.7
  egress    allowed: shop/web is not isolated, no policy selects it for egress
  ingress   left   allowed by policies/db.yaml:4:5  NetworkPolicy shop/db-web, ingress[0]
                   4 | - from:
                   5 |   - podSelector: {matchLabels: {app: web}}
                   6 |   ports: [{port: 5432}]
                   NetworkPolicy shop/db-deny selects it too and has no rule that denies the flow
            right  denied: shop/db-0 is isolated by NetworkPolicy shop/db-deny, and no ingress rule matches
                   policies/deny.yaml:3:9  NetworkPolicy shop/db-deny
                     no ingress rules: nothing is let through
  try       kubectl -n shop debug -it $(kubectl -n shop get pod -l app=web,team=front -o name | head -n 1) --image=busybox:1.36 -- nc -vz -w 3 10.1.0.7 5432

✗ different · 1 pair of source and destination · left (old): 2 policies, 3 workloads, profile kubernetes · right (new): 0 policies, 3 workloads, profile calico 3.32
"""


def test_a_difference_in_full() -> None:
    """The flow once, what both sides say alike once, and else each side under its name with its rule and file."""
    assert text(equiv(world(), SHUT)) == DIFFERENT


def test_colours_change_nothing_but_escapes() -> None:
    """With escapes taken away the coloured text is the plain one."""
    coloured = text(equiv(world(), SHUT), paint=Paint(True))
    assert coloured != DIFFERENT
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == DIFFERENT


def test_an_equivalence_is_one_line() -> None:
    """Two sides of equal flows, with what they are."""
    assert text(equiv(world(), world())) == (
        "✓ equivalent · left (old): 2 policies, 3 workloads, profile kubernetes"
        " · right (new): 2 policies, 3 workloads, profile kubernetes\n"
    )


def test_what_is_undecided_says_why_and_what_to_do() -> None:
    """It is not called equivalent, and there is a way to go on; after Ctrl-C there is none."""
    undecided = replace(equiv(world(), world()), status=Equivalence.UNDECIDED, because="the budget was spent")
    assert text(undecided).startswith("  because   the budget was spent\n  fix       try --budget large")
    assert "? undecided" in text(undecided)
    stopped = replace(undecided, because="the run was interrupted", interrupted=True)
    assert "fix" not in text(stopped)
    assert text(stopped).endswith("interrupted\n")


def test_what_a_difference_needs_is_said_with_a_way_to_settle_it() -> None:
    """An assumption stands under the verdicts, with its mend from whichever side has one."""
    shown = text(equiv(OFTEN, SHUT))
    assert "  only if   spooky\n            fix: nothing in the files settles this\n" in shown
    switch = fact("spooky")
    policies = replace(SHUT.policies, switches=(switch,))
    assert "--assume spooky=false" in text(equiv(OFTEN, World(INVENTORY, policies)))


def test_a_side_without_the_flow_says_so() -> None:
    """Where an endpoint is missing there is no verdict to show; a note tells what that means."""
    less = World(replace(INVENTORY, endpoints=(DB, WEB)), SHUT.policies)
    shown = text(equiv(other(), less))
    assert "            right  there is no such flow\n" in text(equiv(World(INVENTORY, less.policies), less))
    assert "  missing   shop/tool is not there on the right\n" in text(equiv(World(INVENTORY, less.policies), less))
    assert "Note: shop/tool is on the left alone; what a side lacks neither sends nor receives there.\n" in shown
    assert "Note" not in text(equiv(other(), less), quiet=True)
    assert LONE in equiv(other(), less).only_left


ENDS = [
    ("a workload", RegionEnd(WorkloadRef("Deployment", "shop", "web")), "shop/web (Deployment)"),
    ("a node", RegionEnd(WorkloadRef("Node", "", "n1")), "node n1"),
    ("in another cluster", RegionEnd(WorkloadRef("Pod", "shop", "p"), cluster="west"), "west:shop/p (Pod)"),
    ("with some of its addresses", RegionEnd(WorkloadRef("Pod", "shop", "p"), (Prefix.parse("10.0.0.0/8"),)),
     "shop/p (Pod) at 10.0.0.0/8"),
    ("outside", RegionEnd(None, (Prefix.parse("10.0.0.0/8"), Prefix.parse("10.1.0.7/32"))), "10.0.0.0/8, 10.1.0.7"),
]  # fmt: skip


@pytest.mark.parametrize(("end", "want"), [r[1:] for r in ENDS], ids=[r[0] for r in ENDS])
def test_the_ends_of_a_region(end: RegionEnd, want: str) -> None:
    """Who it is, and with which addresses."""
    assert end_text(end) == want


def test_blocks_are_said_by_what_is_left_out_where_that_is_shorter() -> None:
    """All but two blocks is said so; a few blocks are listed; all of both families are any address."""
    both = tuple(Prefix.parse(p) for p in ("0.0.0.0/0", "::/0"))
    assert blocks_text(both) == "any outside address"
    assert blocks_text(both[:1]) == "any IPv4 address"
    rest = [Prefix.parse(p) for p in ("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "224.0.0.0/4", "240.0.0.0/5")]
    assert blocks_text(rest) == "any IPv4 address except 248.0.0.0/5"
    assert blocks_text(rest[:2]) == "0.0.0.0/1, 128.0.0.0/2"


EVERYTHING = (*(Traffic(p) for p in ("TCP", "UDP", "SCTP")), Traffic("ICMP"), Traffic("other"))
TRAFFIC = [
    ("all of it", EVERYTHING, "everything"),
    ("ports", (Traffic("TCP", ((80, 80), (8000, 9000))), Traffic("UDP")), "TCP 80, 8000-9000; UDP"),
    ("source ports", (Traffic("TCP", ((80, 80),), ((1, 1023),)),), "TCP 80 from port 1-1023"),
    ("ICMP", (Traffic("ICMP", types=((8, 8),), codes=((0, 0),)),), "ICMP type 8 code 0"),
    ("a protocol with a name", (Traffic("other", numbers=((136, 136),)),), "protocol UDPLite"),
    ("protocols by number", (Traffic("other", numbers=((2, 5), (50, 50))),), "protocols 2-5, 50"),
    ("the other protocols", (Traffic("other"),), "every other protocol"),
]


@pytest.mark.parametrize(("traffic", "want"), [r[1:] for r in TRAFFIC], ids=[r[0] for r in TRAFFIC])
def test_traffic_in_words(traffic: tuple[Traffic, ...], want: str) -> None:
    """Protocols with their ranges."""
    assert traffic_text(traffic) == want


FULL = Region(
    (RegionEnd(WorkloadRef("Deployment", "shop", "web"), (Prefix.parse("10.0.0.0/8"),), "west"), RegionEnd(None, (Prefix.parse("::/0"),))),
    (RegionEnd(WorkloadRef("Pod", "shop", "db-0")),),
    (Traffic("TCP", ((80, 80),), ((1, 2),)), Traffic("ICMP", types=((8, 8),), codes=((0, 0),)), Traffic("other", numbers=((2, 3),))),
    "left",
    Meeting.ONE_NODE,
    4,
    ("shop", "db", 80),
    (Prefix.parse("10.96.0.0/12"),),
    (Assumed("spooky", "true", "spooky is true"),),
)  # fmt: skip


def test_a_region_as_text() -> None:
    """Who to whom on one line, what and how on the next, and what it needs."""
    assert list(regions_text([FULL, replace(FULL, allowed_by="right", reading=())], PLAIN)) == [
        "only the left side lets pass",
        "  west:shop/web (Deployment) at 10.0.0.0/8, any IPv6 address -> shop/db-0 (Pod)",
        "      TCP 80 from port 1-2; ICMP type 8 code 0; protocols 2-3, IPv4, on one node, through service shop/db port 80 at 10.96.0.0/12",
        "      only if spooky is true",
        "only the right side lets pass",
        "  west:shop/web (Deployment) at 10.0.0.0/8, any IPv6 address -> shop/db-0 (Pod)",
        "      TCP 80 from port 1-2; ICMP type 8 code 0; protocols 2-3, IPv4, on one node, through service shop/db port 80 at 10.96.0.0/12",
    ]


def test_a_region_as_json() -> None:
    """Every field has its key; what is unrestricted is left out, but for ports, which are spelled out."""
    assert region_json(FULL) == {
        "src": [
            {"kind": "Deployment", "namespace": "shop", "name": "web", "cluster": "west", "cidrs": ["10.0.0.0/8"]},
            {"cidr": "::/0"},
        ],
        "dst": [{"kind": "Pod", "namespace": "shop", "name": "db-0"}],
        "traffic": [
            {"protocol": "TCP", "ports": [[80, 80]], "src_ports": [[1, 2]]},
            {"protocol": "ICMP", "types": [[8, 8]], "codes": [[0, 0]]},
            {"protocol": "other", "numbers": [[2, 3]]},
        ],
        "allowed_by": "left",
        "meeting": "one node",
        "family": 4,
        "service": {"namespace": "shop", "name": "db", "port": 80, "cidrs": ["10.96.0.0/12"]},
        "assumes": [{"name": "spooky", "value": "true", "phrase": "spooky is true"}],
    }
    assert region_json(replace(FULL, traffic=(Traffic("UDP"),)))["traffic"] == [
        {"protocol": "UDP", "ports": [[1, 65535]]}
    ]


def test_all_is_in_the_report() -> None:
    """With regions the text lists them and says how they are meant; the JSON has them too."""
    result = equiv(world(), SHUT, every=True)
    shown = text(result)
    assert "only the left side lets pass\n  shop/web (Deployment) -> shop/db (StatefulSet)\n      TCP 5432\n" in shown
    assert "Note: outside addresses are those of no known endpoint" in shown
    assert [region["allowed_by"] for region in equiv_json(result)["regions"]] == ["left"]
    assert "regions" not in equiv_json(equiv(world(), SHUT))


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


def test_every_key_is_on_the_page() -> None:
    """docs/json.md has a word about each key that is written."""
    undecided = replace(equiv(world(), world()), status=Equivalence.UNDECIDED, because="x")
    less = World(replace(INVENTORY, endpoints=(DB, WEB)), POLICIES)
    reports = [equiv_json(r) for r in (equiv(world(), SHUT, every=True), undecided, equiv(world(), less))]
    keys = _keys([*reports, region_json(FULL)])
    assert sorted(key for key in keys if not re.search(rf"[`\"]{key}[`\"]", PAGE)) == []


def test_the_json_of_a_difference() -> None:
    """Not equivalent, with the verdicts of both sides, and the same bytes however often it is asked."""
    report = equiv_json(equiv(world(), SHUT), (["old"], ["new"]))
    assert (report["equivalent"], report["world"]) == (False, "closed")
    witness = report["witness"]
    assert (witness["allowed_by"], witness["left"]["verdict"], witness["right"]["verdict"]) == (
        "left",
        "allowed",
        "denied",
    )
    assert witness["left"]["ingress"]["by"][0]["source"] == "policies/db.yaml:4:5"
    assert (report["left"]["paths"], report["right"]["settings"]) == (["old"], {"calico_version": "3.32"})
    assert report == equiv_json(equiv(world(), SHUT), (["old"], ["new"]))


def test_the_json_of_what_is_undecided() -> None:
    """`equivalent` is false, and `undecided` tells it from a difference."""
    spent = equiv(OFTEN, other(ALLOW), budget=Budget(rlimit=1))
    report = equiv_json(spent)
    assert (report["equivalent"], report["undecided"], "witness" in report) == (False, True, False)
    assert WEB.workload is not None
