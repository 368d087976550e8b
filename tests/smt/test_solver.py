"""The solver within its budget, and addresses that belong to somebody else."""

from __future__ import annotations

import pytest
import z3

from npverify.inventory.addresses import Address, Prefix
from npverify.normal.predicates import FALSE, TRUE, Pred, and_, not_, or_, port_in
from npverify.smt.solver import BUDGETS, Budget, Question, UndecidedError, satisfiable
from smallworld import DST, SRC, block


def factoring(question: Question) -> list[object]:
    """A statement that takes the solver long: a 64-bit number is a product."""
    x, y = (z3.BitVec(name, 64, question.encoding.context) for name in "xy")
    return [x * y == 0x7FFFFFFFFFFFFFE7, z3.ULT(1, x), z3.ULT(x, y), z3.ULT(y, 1 << 40), z3.ULT(x, 1 << 32)]


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        pytest.param(Budget(rlimit=1000), "the budget was spent (rlimit 1000)", id="resources"),
        pytest.param(Budget(rlimit=10), "the budget was spent (rlimit 10)", id="resources, at once"),
        pytest.param(Budget(1000, 60), "the budget was spent (rlimit 1000)", id="resources before wall time"),
        pytest.param(Budget(seconds=0.2), "the time limit of 0.2 s was reached", id="wall time"),
        pytest.param(
            Budget(seconds=1 / 4), "the time limit of 0.25 s was reached", id="wall time in parts of a second"
        ),
    ],
)
def test_a_spent_budget_is_an_answer_of_its_own(budget: Budget, words: str) -> None:
    """A question that is too hard is neither possible nor impossible: an error says which limit was reached."""
    question = Question(TRUE, budget=budget)
    with pytest.raises(UndecidedError) as raised:
        question.possible(*factoring(question))
    assert str(raised.value) == words


def test_a_spent_budget_does_not_make_a_statement_hold_always() -> None:
    """`always` says yes only where the solver shows it."""
    question = Question(not_(FALSE), budget=Budget(rlimit=1000))
    assert question.always()
    x, y = (z3.BitVec(name, 64, question.encoding.context) for name in "xy")
    question.statement = x * y != 0x7FFFFFFFFFFFFFE7
    assert not question.always()


def test_one_spent_question_leaves_the_next_one_alone() -> None:
    """Each question has its own context: equal questions give equal answers whatever was asked before."""
    for _ in range(2):
        hard = Question(TRUE, budget=Budget(rlimit=1000))
        with pytest.raises(UndecidedError):
            hard.possible(*factoring(hard))
        assert satisfiable(port_in(1, 80), budget=Budget(rlimit=1_000_000))


def test_the_named_budgets_grow() -> None:
    """`small` is less work than `normal`, and that less than `large`."""
    small, normal, large = (BUDGETS[name].rlimit for name in ("small", "normal", "large"))
    assert small < normal < large


def test_what_is_tried_is_forgotten_and_what_is_fixed_stays() -> None:
    """`possible` leaves no trace, `fix` does, and it adds nothing that cannot be."""
    question = Question(port_in(80, 81))
    port = question.encoding.port
    assert question.possible(port == 80)
    assert question.possible(port == 81)
    assert not question.fix(port == 82)
    assert question.fix(port == 81)
    assert not question.possible(port == 80)


def taken(*cidrs: str) -> object:
    """Blocks that belong to known endpoints."""
    blocks = [Prefix.parse(c) for c in cidrs]

    def block_of(address: Address) -> Prefix | None:
        return next((b for b in blocks if b.contains(address)), None)

    return block_of


TAKEN = [
    ("an address that is taken cannot be had", block(SRC, "10.0.0.1/32"), {SRC: taken("10.0.0.1/32")}, False),
    ("the free neighbour can", block(SRC, "10.0.0.0/31"), {SRC: taken("10.0.0.1/32")}, True),
    ("blocks that fill a block leave none", block(SRC, "10.0.0.0/30"), {SRC: taken("10.0.0.0/31", "10.0.0.2/31")}, False),
    ("IPv6 addresses are taken too", block(SRC, "fd00::1/128"), {SRC: taken("fd00::1/128")}, False),
    ("a taken IPv4 address leaves IPv6 free", block(SRC, "fd00::1/128"), {SRC: taken("0.0.0.0/0")}, True),
    ("only sides that are open are looked at", block(DST, "10.0.0.1/32"), {SRC: taken("10.0.0.1/32")}, True),
    (
        "both sides at once",
        and_(block(SRC, "10.0.0.1/32"), block(DST, "10.0.0.2/32")),
        {SRC: taken("10.9.0.0/16"), DST: taken("10.0.0.2/32")},
        False,
    ),
    (
        "a way around the taken one is found",
        or_(block(SRC, "10.0.0.1/32"), port_in(80, 80)),
        {SRC: taken("10.0.0.1/32")},
        True,
    ),
    ("an address that does not matter is never taken", port_in(80, 80), {SRC: taken("0.0.0.0/0", "::/0")}, True),
]  # fmt: skip


@pytest.mark.parametrize(("pred", "blocks", "want"), [row[1:] for row in TAKEN], ids=[row[0] for row in TAKEN])
def test_taken_addresses_are_excluded(pred: Pred, blocks: dict[object, object], want: bool) -> None:
    """A predicate is possible only with addresses that do not belong to somebody else."""
    assert satisfiable(pred, blocks) is want  # type: ignore[arg-type]


def test_what_was_excluded_stays_excluded() -> None:
    """After one answer the next one does not fall into the same taken block again, inside or outside of a trial."""
    asked: list[Address] = []
    only = Prefix.parse("10.0.0.1/32")

    def block_of(address: Address) -> Prefix | None:
        asked.append(address)
        return only if only.contains(address) else None

    question = Question(block(SRC, "10.0.0.0/31"), {SRC: block_of})
    for _ in range(5):
        assert question.possible()
        assert not question.possible(question.encoding.address(SRC, 4) == only.value)
    assert sum(a.value == only.value for a in asked) <= 1
