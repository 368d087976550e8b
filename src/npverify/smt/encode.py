"""Residual predicates as bitvector formulas.

In: a predicate whose atoms are about the packet, addresses and unknowns. Out: a Z3 formula over the variables below that
is true exactly where the oracle says that the predicate holds. Not trusted: tests hold it against the oracle.

| variable | width | meaning |
| --- | --- | --- |
| protocol | 8 | its number; ICMP has that of IPv4 in both families |
| port, src port | 16 | destination and source port; 0 where the protocol has none |
| icmp type, icmp code | 8 | 0 unless the protocol is ICMP |
| six | 1 | the addresses of the flow are IPv6 |
| src4, dst4, vip4 / src6, dst6, vip6 | 32 / 128 | addresses of each family; only those of the flow's family count |
| one per unknown | 8 or more; 16 if open | index of its value; in an open unknown, every index that names no value is some other text |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npverify.inventory.addresses import BITS, Address, Family, Prefix
from npverify.inventory.unknowns import Unknown
from npverify.normal.flow import ICMPV6, PORT_PROTOCOLS, protocol_number
from npverify.normal.predicates import (
    AddressIn,
    And,
    Const,
    IcmpIs,
    Not,
    Or,
    PortIn,
    Pred,
    ProtocolIs,
    Side,
    UnknownIn,
)
from npverify.smt.later import z3

Formula = Any  # z3 publishes no types; every Formula is a z3.BoolRef of the encoding's context


class Encoding:
    """The variables of one formula in a context of its own, so that budgets do not depend on what was solved before."""

    def __init__(self, context: Any = None) -> None:
        """`context`: one to share, for formulas that no budget is about."""
        self.context = z3.Context() if context is None else context
        self.protocol = self._variable("protocol", 8)
        self.port = self._variable("port", 16)
        self._src_port: Any = None
        self.icmp_type = self._variable("icmp type", 8)
        self.icmp_code = self._variable("icmp code", 8)
        self.six = z3.Bool("six", self.context)
        self._four = z3.Not(self.six, self.context)
        self._sorts: dict[int, Any] = {}
        self._address: dict[tuple[Side, Family], Any] = {}
        self._unknown: dict[Unknown, tuple[Any, dict[str, int]]] = {}
        self._memo: dict[Pred, Formula] = {}

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """The unknowns that occur, by name."""
        return tuple(sorted(self._unknown, key=lambda u: u.name))

    def well_formed(self, same: bool | None = None) -> Formula:
        """What every flow satisfies: ports and ICMP fields only where the protocol has them, values that exist, and
        equal addresses on both sides exactly if they are the `same` endpoint (None: no matter)."""
        icmp, ported = self.protocol_is("ICMP"), self._has_ports()
        zero = z3.And(self.icmp_type == 0, self.icmp_code == 0, self.context)
        parts = [
            z3.Or(icmp, zero, self.context),
            ported == (self.port != 0),
            self.protocol != ICMPV6,  # ICMP stands for it
        ]
        if self._src_port is not None:
            parts.append(ported == (self._src_port != 0))
        for unknown, (variable, codes) in self._unknown.items():
            if not unknown.open:
                parts.append(z3.ULT(variable, len(codes)))
            else:
                parts += [variable != codes[v] for v in codes if not unknown.may_be(v)]
        for family in BITS:
            if same is not None and self.mentions(Side.SRC, family) and self.mentions(Side.DST, family):
                equal = self.address(Side.SRC, family) == self.address(Side.DST, family)
                parts.append(equal if same else z3.Not(equal, self.context))
        return z3.And(*parts, self.context)

    def formula(self, pred: Pred) -> Formula:
        """The formula of a predicate; TypeError on an atom about an endpoint, which should have been reduced."""
        found = self._memo.get(pred)
        if found is None:
            found = self._memo[pred] = self._encode(pred)
        return found

    def value_is(self, unknown: Unknown, value: str) -> Formula:
        """The formula that gives an unknown one value."""
        variable, codes = self._of_unknown(unknown)
        return variable == codes.setdefault(value, len(codes))

    @property
    def src_port(self) -> Any:
        """The variable of the source port."""
        if self._src_port is None:
            self._src_port = self._variable("src port", 16)
        return self._src_port

    @property
    def mentions_src_port(self) -> bool:
        """Whether the source port occurs in a formula."""
        return self._src_port is not None

    def protocol_is(self, name: str) -> Formula:
        """The formula of a protocol."""
        return self.protocol == protocol_number(name)

    def _has_ports(self) -> Formula:
        return z3.Or(*(self.protocol_is(name) for name in PORT_PROTOCOLS), self.context)

    def address(self, side: Side, family: Family) -> Any:
        """The variable of an address."""
        found = self._address.get((side, family))
        if found is None:
            found = self._address[side, family] = self._variable(f"{side}{family}", BITS[family])
        return found

    def mentions(self, side: Side, family: Family) -> bool:
        """Whether the address of that side and family occurs in a formula."""
        return (side, family) in self._address

    def known_values(self, unknown: Unknown) -> tuple[str, ...]:
        """The values of an unknown that the formula tells apart, default first."""
        return tuple(self._of_unknown(unknown)[1])

    def _encode(self, pred: Pred) -> Formula:
        if isinstance(pred, Const):
            return z3.BoolVal(pred.value, self.context)
        if isinstance(pred, Not):
            return z3.Not(self.formula(pred.body), self.context)
        if isinstance(pred, And):
            return self._joined(z3.Z3_mk_and, [self.formula(p) for p in pred.parts])
        if isinstance(pred, Or):
            return self._joined(z3.Z3_mk_or, [self.formula(p) for p in pred.parts])
        if isinstance(pred, ProtocolIs):
            return self._any([self.protocol_is(name) for name in pred.names])
        if isinstance(pred, PortIn):
            port = self.src_port if pred.side is Side.SRC else self.port
            return z3.And(self._has_ports(), _between(port, pred.first, pred.last, 16, self.context), self.context)
        if isinstance(pred, AddressIn):
            return self.in_prefix(pred.side, pred.prefix)
        if isinstance(pred, IcmpIs):
            right = [self.protocol_is("ICMP"), self.icmp_type == pred.type]
            if pred.code is not None:
                right.append(self.icmp_code == pred.code)
            return z3.And(*right, self.context)
        if isinstance(pred, UnknownIn):
            return self._any([self.value_is(pred.unknown, v) for v in pred.values])
        raise TypeError(f"{type(pred).__name__} is about an endpoint; reduce it first")

    def in_prefix(self, side: Side, prefix: Prefix) -> Formula:
        """The formula of an address in a block; of the flow's family being the block's, if the block is everything."""
        family = self.six if prefix.family == 6 else self._four
        if prefix.length == 0:
            return family
        width = BITS[prefix.family]
        cut = width - prefix.length
        ref, address = self.context.ref(), self.address(side, prefix.family)
        # the references keep what they refer to until it is part of the next
        high = z3.ExprRef(z3.Z3_mk_extract(ref, width - 1, cut, address.ast), self.context)
        value = z3.ExprRef(z3.Z3_mk_numeral(ref, str(prefix.value >> cut), self._sort(prefix.length)), self.context)
        return self._joined(z3.Z3_mk_and, [family, self._bool(z3.Z3_mk_eq(ref, high.ast, value.ast))])

    def _joined(self, make: Callable[[Any, int, Any], Any], parts: list[Formula]) -> Formula:
        """A conjunction or disjunction. z3's own `And` and `Or` ask each part for its sort, which is most of the time of a formula
        with thousands of them."""
        return self._bool(make(self.context.ref(), len(parts), (z3.Ast * len(parts))(*(part.ast for part in parts))))

    def _bool(self, ast: Any) -> Formula:
        return z3.BoolRef(ast, self.context)

    def _sort(self, width: int) -> Any:
        """The sort of vectors of so many bits."""
        found = self._sorts.get(width)
        if found is None:
            found = self._sorts[width] = z3.BitVecSort(width, self.context)
        return found.ast

    def _of_unknown(self, unknown: Unknown) -> tuple[Any, dict[str, int]]:
        found = self._unknown.get(unknown)
        if found is None:
            width = 16 if unknown.open else max(8, len(unknown.values).bit_length())
            codes = {value: index for index, value in enumerate(unknown.values)}
            # numbered, because an index means nothing to an unknown of the same name with other values
            name = f"unknown {len(self._unknown)} {unknown.name}"
            found = self._unknown[unknown] = (self._variable(name, width), codes)
        return found

    def _variable(self, name: str, width: int) -> Any:
        return z3.BitVec(name, width, self.context)

    def _any(self, parts: list[Formula]) -> Formula:
        return parts[0] if len(parts) == 1 else z3.Or(*parts, self.context)


def _between(variable: Any, first: int, last: int, width: int, context: Any) -> Formula:
    if first == last:
        return variable == first
    parts = []
    if first > 0:
        parts.append(z3.UGE(variable, first))
    if last < (1 << width) - 1:
        parts.append(z3.ULE(variable, last))
    return z3.And(*parts, context) if parts else z3.BoolVal(True, context)


def read_address(model: Any, encoding: Encoding, side: Side, family: Family) -> Address:
    """The address that a model gives one side."""
    return Address(family, model.eval(encoding.address(side, family), model_completion=True).as_long())
