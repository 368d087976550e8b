"""Of the rules for the same endpoints, those that can take something away from what one of them matches, by their peers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain

from npverify.analyses.contributions import Case, Contributions
from npverify.normal.policy import PolicyId
from npverify.reduction.judge import Entry, Signature
from npverify.reduction.partial import Circumstance


class RulesBeside:
    """Finds them. Guards what is looked up once for each signature, which the reduction keeps."""

    def __init__(self, sets: Contributions) -> None:
        self._sets = sets
        self._heard: dict[tuple[int, object, Circumstance], tuple[int, ...]] = {}
        self._names: dict[int, dict[PolicyId, None]] = {}

    def others(self, signatures: Iterable[Signature], but: Container[PolicyId]) -> tuple[PolicyId, ...]:
        """The elements of some signatures but for these, in the order of the tiers."""
        found: dict[PolicyId, None] = {}
        for signature in {id(signature): signature for signature in signatures}.values():
            names = self._names.get(id(signature))
            if names is None:
                names = self._names[id(signature)] = dict.fromkeys(entry.policy.id for entry in signature)
            found.update(names)
        return tuple(name for name in found if name not in but)

    def about_peers(self, case: Case, entry: Entry, how: Circumstance, *, all_of_them: bool = False) -> Iterator[Entry]:
        """Of the other elements of its tier for the subjects, those of whom some rule may be about some peers that a rule of
        this one may be about, or about all of them: no other takes anything away from what it matches, or all of it."""
        key = (id(case.signature), case.aspect, how)
        heard = self._heard.get(key)
        if heard is None:
            heard = self._heard[key] = tuple(self._sets.peers(case, (e,), how) for e in case.signature)
        peers = self._sets.peers(case, (entry._replace(rules=entry.policy.rules),), how)
        tiers = {(e.stage, e.tier) for e in case.signature if e.policy is entry.policy}
        for other, theirs in zip(case.signature, heard, strict=True):
            about = not peers & ~theirs if all_of_them else peers & theirs
            if about and other.policy is not entry.policy and (other.stage, other.tier) in tiers:
                yield other


def one_of_each(left: Sequence[Sequence[PolicyId]]) -> Iterator[PolicyId]:
    """One name or more of each of these; always the one that the most of those have that are left, the first by name."""
    while left:
        counts = Counter(chain.from_iterable(left))
        best = min(counts, key=lambda name: (-counts[name], name))
        yield best
        left = [names for names in left if best not in names]
