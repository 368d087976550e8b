"""The second proof of a migration uses what the first one found of the old world, and says what it would say alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from test_translation_proofs import generated

from npverify.analyses import equiv as comparing
from npverify.analyses.equiv import Kept, equiv, equiv_after
from npverify.analyses.equiv_results import Equivalence, EquivResult
from npverify.analyses.translate.run import migrate
from npverify.analyses.translate.worlds import Input, read_written
from npverify.analyses.world import World
from npverify.ingest.source import Problems
from npverify.normal.predicates import and_, label_in
from smallworld import DST, SRC, allow, app, pod, policy, selecting, world

FAULTS = [("", ""), ("protocol: TCP", "protocol: UDP"), (r"types: \[Ingress, Egress\]", "types: [Ingress]")]
"""What is replaced in the text of the new policies, and by what; nothing, first."""


@pytest.fixture(autouse=True)
def every_endpoint_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the policies of two worlds do not say the same of the same subjects; else there is nothing to share."""
    monkeypatch.setattr(comparing, "agreement_of", lambda *_: None)


def worlds(given: Input, right: str, wrong: str) -> tuple[World, World] | None:
    """The world under the new policies with a fault, and the one where the native ones are there too; None if one cannot be."""
    (file,) = migrate(given, equiv).files
    problems = Problems()
    new = read_written(file.name, re.sub(right, wrong, file.text) if right else file.text, problems)
    both, after = given.under((*given.before, *new), problems), given.under(new, problems)
    return None if problems.errors else (after, both)


def said(found: EquivResult) -> tuple[object, ...]:
    """All that a report tells of a comparison."""
    shown = found.witness
    flow = None if shown is None else (str(shown.flow), shown.reading, shown.allowed_by, shown.any)
    return found.status, found.pairs, found.notes, found.because, flow


@pytest.mark.parametrize(("right", "wrong"), FAULTS)
def test_a_comparison_beside_another_one_says_what_it_says_alone(right: str, wrong: str) -> None:
    """Whichever of the two comes first, and for worlds that are equal and worlds that differ."""
    shared, statuses = 0, set()
    for seed in range(4 if right else 7):
        given = generated(seed)
        made = worlds(given, right, wrong) if given is not None else None
        if given is None or made is None:
            continue
        for pair in (made, made[::-1]):
            kept = Kept()
            for other in pair:
                before = kept.search
                found = equiv_after(kept, given.old, other)
                assert said(found) == said(equiv(given.old, other)), seed
                statuses.add(found.status)
                assert kept.search is not None
                shared += before is not None and kept.search.twins is before.twins
    assert shared >= 3  # it is no test of two searches that have nothing in common
    assert statuses == ({Equivalence.EQUIVALENT, Equivalence.DIFFERENT} if right else {Equivalence.EQUIVALENT})


WEB, API, RED = pod("web", many=True), pod("api"), pod("red", app="api", color="red")
OPEN = selecting(DST, "p", allow(app(SRC, "web")), on_apps=["api"])
OF_RED = policy("p", and_(app(DST, "api"), label_in(DST, "pod", "color", ("red",))), allow(app(SRC, "web")))
OLD = world(WEB, API, RED, ingress=[OPEN])


@pytest.mark.parametrize(
    ("fact", "first", "left", "right", "status"),
    [
        ("the right asks for a label that nobody asked for before", (OLD, OLD), OLD, "of red", Equivalence.DIFFERENT),
        ("the left is another world", ("of red", "of red"), OLD, "of red", Equivalence.DIFFERENT),
        ("the right is over other pods", (OLD, OLD), OLD, "more pods", Equivalence.DIFFERENT),
        ("nothing is another", (OLD, OLD), OLD, OLD, Equivalence.EQUIVALENT),
    ],
)
def test_what_was_found_is_taken_only_where_it_holds(
    fact: str, first: tuple[World | str, World | str], left: World, right: World | str, status: Equivalence
) -> None:
    """What one comparison found of a world is no reason to overlook what another one asks."""
    others = {
        "of red": replace(OLD, policies=world(WEB, API, RED, ingress=[OF_RED]).policies),
        "more pods": world(WEB, API, RED, pod("more", app="web"), ingress=[OPEN]),
    }
    one, other = (others[each] if isinstance(each, str) else each for each in first)
    then = others[right] if isinstance(right, str) else right
    kept = Kept()
    equiv_after(kept, one, other)
    assert equiv_after(kept, left, then).status is status, fact
