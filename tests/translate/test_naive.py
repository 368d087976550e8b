"""Each way in which a translation by hand goes wrong is found, and the translator's own text is right in the same place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from naive_orders import ROWS as ORDERS
from naive_peers import ROWS as PEERS
from naive_ports import ROWS as PORTS
from naive_row import NAIVE, NATIVE, SHOP, Row, Seen, documents
from naive_shapes import ROWS as SHAPES

from npverify.analyses.equiv import equiv
from npverify.analyses.equiv_results import Difference, Equivalence
from npverify.analyses.translate.run import migrate
from npverify.analyses.translate.worlds import Input
from npverify.analyses.world import World
from npverify.dialects import is_policy, lower, profile
from npverify.ingest.document import Document
from npverify.ingest.read import read_content
from npverify.ingest.source import InputError, Problems
from npverify.inventory.build import build
from npverify.inventory.model import Endpoint, EndpointKind, Inventory
from npverify.normal.flow import Flow
from npverify.normal.predicates import Side

ROWS = sorted((*ORDERS, *PEERS, *PORTS, *SHAPES), key=lambda row: row.item)
ELSEWHERE = {36: "test_cautions.py: what Windows nodes skip is the same in both forms, and a warning"}
"""Items that no difference can show, and the tests that hold them."""


def test_every_item_has_a_row() -> None:
    """The 38 items of the recipe."""
    assert sorted({row.item for row in ROWS} | set(ELSEWHERE)) == list(range(1, 39))


@pytest.mark.parametrize("row", [r for r in ROWS if r.seen], ids=lambda row: row.title)
def test_a_naive_translation_is_refuted(row: Row) -> None:
    """The flow that is shown is one of those that the row expects, and needs nothing unknown."""
    found = equiv(world(row, row.native, row.assume | row.left), world(row, row.naive, row.assume))
    assert found.status is Equivalence.DIFFERENT
    assert found.witness is not None
    assert found.witness.reading == ()
    assert any(fits(seen, found.witness) for seen in row.seen), found.witness.flow


@pytest.mark.parametrize("row", [r for r in ROWS if r.refused], ids=lambda row: row.title)
def test_a_naive_translation_is_refused(row: Row) -> None:
    """With the code of the reason, where Calico's API would refuse it."""
    assert codes(row, row.naive) == [row.refused]
    assert codes(row, row.native) == []


@pytest.mark.parametrize("row", [r for r in ROWS if r.native_refused], ids=lambda row: row.title)
def test_a_native_policy_is_refused(row: Row) -> None:
    """What the Kubernetes API refuses is never translated, though Calico would take it."""
    assert codes(row, row.native) == [row.native_refused]
    assert codes(row, row.naive) == []


@pytest.mark.parametrize("row", [r for r in ROWS if r.same and not r.native_refused], ids=lambda row: row.title)
def test_the_translation_is_proved(row: Row) -> None:
    """In the same place, at its end and while both sets are there."""
    found = migrate(given(row), equiv)
    assert [found.equal.status, found.together and found.together.status] == [Equivalence.EQUIVALENT] * 2
    assert found.proved
    assert found.plan != ()


def test_where_no_name_will_do_the_translation_is_refuted_too() -> None:
    """Up to 3.31 a translated policy comes before others of its order, where the native one came behind them."""
    (row,) = [r for r in ROWS if r.item == 3 and r.version == "3.31"]
    found = migrate(given(row), equiv)
    assert found.equal.status is Equivalence.DIFFERENT
    assert (found.together, found.plan, found.proved) == (None, (), False)
    assert "NPV325" in {warning.code for warning in found.warnings}


def fits(seen: Seen, witness: Difference) -> bool:
    """Whether the witness is a flow that the row describes."""
    flow = witness.flow
    told = (end_of(flow, Side.SRC), end_of(flow, Side.DST), flow.protocol, flow.port)
    only = {"left": NATIVE, "right": NAIVE}[witness.allowed_by]
    return only == seen.only and all(not wanted or wanted == got for wanted, got in zip(seen[1:], told, strict=True))


def end_of(flow: Flow, side: Side) -> str:
    """An end as the rows tell it."""
    end: Endpoint = flow.src if side is Side.SRC else flow.dst
    if end.kind is EndpointKind.EXTERNAL:
        address = flow.src_ip if side is Side.SRC else flow.dst_ip
        assert address is not None
        return f"outside {address.family}"
    return str(end)


def given(row: Row) -> Input:
    """What the translator is given; native policies that are around are translated too."""
    problems = Problems()
    found = [*documents_of(row.around, problems), *documents_of(row.native, problems)]
    return Input(world(row, row.native, row.assume), found, profile("calico", row.assume, row.version))


def world(row: Row, policies: str, assume: Mapping[str, str]) -> World:
    """The shop under what is around and these policies; InputError where they are refused."""
    problems = Problems()
    shop = inventory(row, problems)
    found = [*documents_of(row.around, problems), *documents_of(policies, problems)]
    lowered = lower(found, profile("calico", assume, row.version), problems, shop)
    problems.raise_errors()
    return World(shop, lowered.policies, lowered.ids)


def inventory(row: Row, problems: Problems) -> Inventory:
    """Everything that exists in the row."""
    return build(
        read_content("shop.yaml", documents(SHOP, row.around), problems, wanted=lambda _version, _kind: True), problems
    )


def documents_of(text: str, problems: Problems) -> tuple[Document, ...]:
    """The policies in a text."""
    return read_content("policies.yaml", text, problems, wanted=is_policy) if text else ()


def codes(row: Row, policies: str) -> Sequence[str]:
    """The codes of the errors in these policies."""
    try:
        world(row, policies, row.assume)
    except InputError as error:
        return [d.code for d in error.diagnostics]
    return []
