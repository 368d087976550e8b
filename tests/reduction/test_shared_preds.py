"""What predicates share is walked through once and kept once, and nothing but the time tells."""

from __future__ import annotations

import gc
from itertools import chain
from random import Random

import pytest
from random_preds import random_pred

from npverify.normal.predicates import FALSE, TRUE, And, Not, Or, and_, atoms_among, atoms_of, label_in, not_, or_
from npverify.normal.syntax import _interned
from npverify.reduction.bitsets import as_set, bits
from smallworld import SRC, app

WEB, DB, CACHE = app(SRC, "web"), app(SRC, "db"), app(SRC, "cache")


@pytest.mark.parametrize("seed", range(40))
def test_the_atoms_of_several(seed: int) -> None:
    """Those of one after the other, each where it comes first."""
    rng = Random(seed)
    preds = [random_pred(rng) for _ in range(6)]
    preds += [and_(preds[0], preds[1]), not_(preds[2]), TRUE]
    assert list(atoms_among(preds)) == list(dict.fromkeys(chain.from_iterable(map(atoms_of, preds))))


ROWS = [
    ("nothing", and_(), TRUE),
    ("nothing, of or", or_(), FALSE),
    ("one", and_(WEB), WEB),
    ("one beside the neutral", or_(FALSE, WEB, FALSE), WEB),
    ("one twice", and_(WEB, TRUE, WEB), WEB),
    ("beside its negation", and_(WEB, DB, not_(WEB)), FALSE),
    ("beside its negation, which comes first", or_(not_(WEB), DB, WEB), TRUE),
    ("beside its negation inside", and_(and_(DB, not_(WEB)), and_(CACHE, WEB)), FALSE),
    ("the absorbing last", and_(WEB, DB, FALSE), FALSE),
    ("the absorbing last, of or", or_(WEB, DB, TRUE), TRUE),
    ("flattened", and_(and_(WEB, DB), CACHE), and_(WEB, DB, CACHE)),
    ("flattened, with a repetition", or_(or_(WEB, DB), or_(DB, CACHE)), or_(WEB, DB, CACHE)),
]


@pytest.mark.parametrize(("found", "wanted"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_folding(found: object, wanted: object) -> None:
    """Connectives fold, and equal ones are one object."""
    assert found is wanted


@pytest.mark.parametrize("seed", range(40))
def test_no_connective_is_foldable(seed: int) -> None:
    """None has fewer than two parts, a part twice, a part beside its negation, a constant, or one of its own sort inside."""
    stack = [random_pred(Random(seed), 4)]
    while stack:
        at = stack.pop()
        if isinstance(at, And | Or):
            assert len(set(at.parts)) == len(at.parts) >= 2
            assert not {not_(part) for part in at.parts} & set(at.parts)
            assert not {type(part) for part in at.parts} & {type(at), type(TRUE)}
            stack += at.parts
        elif isinstance(at, Not):
            stack.append(at.body)


def test_what_nobody_holds_is_forgotten() -> None:
    """And made anew when it is asked for again; what somebody holds stays the one of its kind."""
    gc.collect()
    before = len(_interned)
    held = label_in(SRC, "pod", "nobody else", ["asks"])
    other = label_in(SRC, "pod", "nobody else", ["for this"])
    assert len(_interned) == before + 2
    assert label_in(SRC, "pod", "nobody else", ["asks"]) is held
    del other
    gc.collect()
    assert len(_interned) == before + 1
    assert label_in(SRC, "pod", "nobody else", ["asks"]) is held
    assert label_in(SRC, "pod", "nobody else", ["for this"]).key == "nobody else"


@pytest.mark.parametrize("members", [[], [0], [63, 64], [0, 1, 2, 500], [5, 4000, 4001, 100_000]])
def test_the_members_of_a_set(members: list[int]) -> None:
    """They come out ascending, as they went in."""
    assert list(bits(as_set(members))) == members
