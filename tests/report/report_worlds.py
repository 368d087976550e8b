"""A small hand-made world for the reports: web may reach db on TCP 5432, by one rule."""

from npverify.analyses.results import AssertionResult, Counterexample, ProveResult, Status
from npverify.analyses.world import World
from npverify.assertions.claims import AllFlows, Assertion
from npverify.ingest.source import Span
from npverify.inventory.addresses import Address
from npverify.inventory.model import ContainerPort, Endpoint, EndpointKind, Inventory, Namespace, WorkloadRef
from npverify.normal.flow import Flow
from npverify.normal.policy import Action, Direction, Half, Policy, PolicyId, PolicySet, Rule, Tier, pods_stage
from npverify.normal.predicates import Side, and_, label_in, namespace_is, port_in, protocol_is
from npverify.oracle import Oracle

WEB = Endpoint(
    EndpointKind.POD,
    "shop",
    "web",
    WorkloadRef("Deployment", "shop", "web"),
    {"app": "web", "team": "front"},
    ports=(ContainerPort("http", "TCP", 8080),),
    replicated=True,
)
DB = Endpoint(
    EndpointKind.POD,
    "shop",
    "db-0",
    WorkloadRef("StatefulSet", "shop", "db"),
    {"app": "db"},
    ports=(ContainerPort("sql", "TCP", 5432),),
    addresses=(Address.parse("10.1.0.7"),),
    address_known=True,
)
LONE = Endpoint(EndpointKind.POD, "shop", "tool", WorkloadRef("Pod", "shop", "tool"), {"role": "debug"})

FILE = """\
kind: NetworkPolicy
spec:
  ingress:
  - from:
    - podSelector: {matchLabels: {app: web}}
    ports: [{port: 5432}]
  podSelector: {matchLabels: {app: db}}
""".splitlines()

DENY_ID = PolicyId("kubernetes", "NetworkPolicy", "shop", "db-deny")
ALLOW_ID = PolicyId("kubernetes", "NetworkPolicy", "shop", "db-web")
_SUBJECT = and_(namespace_is(Side.DST, "shop"), label_in(Side.DST, "pod", "app", ["db"]))
RULE = Rule(
    Action.ALLOW,
    and_(namespace_is(Side.SRC, "shop"), label_in(Side.SRC, "pod", "app", ["web"])),
    and_(protocol_is("TCP"), port_in(5432, 5432)),
    "ingress[0]",
    Span("policies/db.yaml", 4, 5),
)
DENY = Policy(DENY_ID, _SUBJECT, (), Span("policies/deny.yaml", 3, 9))
ALLOW = Policy(ALLOW_ID, _SUBJECT, (RULE,), Span("policies/db.yaml", 1, 1))
POLICIES = PolicySet(
    "kubernetes", Half(), Half((pods_stage(Direction.INGRESS, (Tier("NetworkPolicy", (DENY, ALLOW), Action.DENY),)),))
)
INVENTORY = Inventory({"shop": Namespace("shop", {})}, (DB, LONE, WEB))


def world(*, mesh: bool = False, ignored: dict[str, int] | None = None) -> World:
    """The world with its two policies."""
    defined = {DENY_ID: Span("policies/deny.yaml", 3, 9), ALLOW_ID: Span("policies/db.yaml", 1, 1)}
    return World(INVENTORY, POLICIES, defined, mesh, ignored=ignored or {})


def lines(file: str) -> list[str]:
    """The text of the one file that can be read again."""
    return FILE if file == "policies/db.yaml" else []


def assertion(text: str = "no web reaches db:5432", *, want: bool = False, line: int = 1, **more: object) -> Assertion:
    """An assertion about no flow in particular; reports look at its text only."""
    values = {
        "title": text,
        "text": text,
        "claim": AllFlows(want, ()),
        "kind": "no_reaches",
        "span": Span("shop.npv", line, 1),
    }
    return Assertion(**(values | more))  # type: ignore[arg-type]


def counterexample(flow: Flow | None = None, **more: object) -> Counterexample:
    """A flow (from web to db) with the verdict that the oracle gives it."""
    flow = flow or Flow(WEB, DB, "TCP", 5432, Address.parse("10.244.0.10"), Address.parse("10.1.0.7"))
    verdict = Oracle(POLICIES, INVENTORY).decide(flow)
    return Counterexample(flow, verdict, any=("src_port", "src_ip"), **more)  # type: ignore[arg-type]


def answer(status: Status, statement: Assertion | None = None, **more: object) -> AssertionResult:
    """One answer."""
    return AssertionResult(statement or assertion(), status, **more)  # type: ignore[arg-type]


def result(*answers: AssertionResult, **more: object) -> ProveResult:
    """A run."""
    return ProveResult(answers, **more)  # type: ignore[arg-type]


INGRESS = Direction.INGRESS
