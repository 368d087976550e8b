"""Whether anything may pass between two classes in each version, under the default reading."""

from __future__ import annotations

from npverify.analyses.diff.results import Only, Opening
from npverify.analyses.diff.usual import Usual
from npverify.analyses.equiv_formulas import Formula
from npverify.analyses.equiv_rows import Row, Rows
from npverify.analyses.equiv_search import Found, one
from npverify.analyses.flow_cells import FlowCells
from npverify.inventory.addresses import FAMILIES
from npverify.inventory.model import EXTERNAL
from npverify.normal.policy import Direction, PolicySet
from npverify.normal.predicates import Pred, Side, and_, or_
from npverify.reduction.compare import Hows
from npverify.reduction.pairs import on_one_node
from npverify.reduction.twins import Twin


class Openings:
    """Tells openings. Guards the memo, because many blocks have the same formulas."""

    def __init__(self, rows: Rows, usual: Usual) -> None:
        self._rows = rows
        self._usual = usual
        self._errors = or_(*(_errors(world.policies) for world in usual.worlds))
        self._memo: dict[object, tuple[bool, bool]] = {}

    def of(self, found: Found, formula: Formula, row: Row) -> Opening:
        """What a row means to its ends: whether anything else may pass between the same addresses."""
        before, after = self._passes(found, formula, row)
        if (
            row.allowed_by == "right"
        ):  # so something passes now, though it may need an address that is not the usual one
            return Opening.CHANGED if before else Opening.OPENED
        return Opening.CHANGED if after else Opening.CLOSED

    def _passes(self, found: Found, formula: Formula, row: Row) -> tuple[bool, bool]:
        both = tuple(and_(*parts) for parts in formula.parts)
        ends = tuple(twin.either.key[0] for twin in found.pair)
        key = (both, one(found.pair, found.way), ends, row.where, row.family)
        known = self._memo.get(key)
        if known is None:
            flows = [0, 0]
            for family in (row.family,) if row.family else FAMILIES:
                cells = FlowCells((*both, self._errors), 4 if family == 4 else 6, one=found.way.hows[0].same)
                real = self._rows.real(found, cells) & self._meant(found, row, cells)
                real &= ~cells.of(self._errors, {})
                for w in (0, 1):
                    flows[w] |= cells.of(both[w], {}) & real
            known = self._memo[key] = (bool(flows[0]), bool(flows[1]))
        return known

    def _meant(self, found: Found, row: Row, cells: FlowCells) -> int:
        """The cells of the addresses of a row: of the outside those that it names, of others those that are usual."""
        meant = cells.all
        for n, side in enumerate((Side.SRC, Side.DST)):
            blocks = [block for block in row.where[n] if block.family == cells.family]
            if row.where[n] and not blocks:
                return 0  # the addresses are of the other family alone
            end = found.pair[n].either
            if side not in cells.sides or (end is not EXTERNAL and end.address_known):
                continue
            usual = None if end is EXTERNAL else self._usual.address(0, end.kind, cells.family)
            at = 0
            for i, (first, last) in enumerate(cells.ranges[side]):
                if blocks and not any(block.first <= first and last <= block.last for block in blocks):
                    continue
                if usual is None or not first <= usual.value <= last:
                    at |= cells.at(side, i) if blocks or usual is None else 0
                else:
                    at = cells.at(side, i)
                    break
            meant &= at
        return meant


def _errors(policies: PolicySet) -> Pred:
    """Messages about packets that were too large, where they pass whatever policies say: what is closed otherwise is closed."""
    return or_(
        *(
            exemption.match
            for direction in Direction
            for stage in policies.half(direction).stages
            for exemption in stage.exemptions
            if exemption.name == "icmp_frag_needed"
        )
    )


def only(found: Found) -> Only:
    """The version that alone has one of the ends of a block."""
    if any(twin.right is None for twin in found.pair):
        return "old"
    return "new" if any(twin.left is None for twin in found.pair) else ""


def one_node(found: Found) -> Only:
    """The version in which the two ends of a block run on one node, where in the other they do not."""
    old, new = (how.own_node for how in found.way.hows)
    return "" if old is new else "old" if old else "new"


def knows_nodes(hows: Hows, src: Twin, dst: Twin) -> bool:
    """Whether each version tells that its two ends run so; ends of which nobody knows run on two nodes."""
    for how, one_end, other in zip(hows, src.sides, dst.sides, strict=True):
        if one_end is None or other is None:
            continue
        if bool(on_one_node(one_end, other)) is not how.own_node:
            return False
    return True


def may_move(twin: Twin) -> bool:
    """Whether an end may run beside another in one version and not in the other; of a DaemonSet, the pod of one node is meant."""
    return any(end is not None and not end.on_every_node for end in twin.sides)
