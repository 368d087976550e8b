"""The names of translated policies: those of their sources wherever Calico takes them and nobody else has them.

The name matters: it decides between policies of equal order (felix/calc/policy_sorter.go, PolKVLess), so it is kept where
that can be. Which names are taken changed with the versions: networkPolicyNameRegex in
libcalico-go/lib/validator/v3/validator.go, and libcalico-go/lib/names/policy.go up to 3.31.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import count

from npverify.normal.policy import PolicyId

LONGEST = 253
FREE_NAMES = (3, 32)
"""From this version one dot has no meaning; from 3.29 what stood before it was the tier, and before there was none."""

_RESERVED = ("knp.", "kanp.", "kbanp.", "ossg.")
_DIGITS = 8


class Names:
    """Gives each policy a name that no other has; guards the names that are given, as pairs of namespace and name.

    `existing` are the names of the Calico policies that stay, `sources` the policies that are translated.
    """

    def __init__(
        self, existing: Iterable[tuple[str, str]], sources: Iterable[PolicyId], version: tuple[int, int]
    ) -> None:
        self._version = version
        self._existing = {(namespace, self._stored(name)) for namespace, name in existing}
        self._kept = {(s.namespace, s.name) for s in sources if not self.refused(s.name) and not self.exists(s)}
        self._given = self._existing | self._kept

    def exists(self, source: PolicyId) -> bool:
        """Whether a Calico policy that stays has that name."""
        return (source.namespace, self._stored(source.name)) in self._existing

    def refused(self, name: str) -> bool:
        """Whether Calico does not take the name of a Kubernetes object for a policy of the tier `default`."""
        return name.startswith(_RESERVED) or name.count(".") > (1 if self._version >= FREE_NAMES else 0)

    def give(self, source: PolicyId, part: int) -> str:
        """The name of a part of the translation, counted from 0; the first one has the source's name if that can be."""
        if part == 0 and (source.namespace, source.name) in self._kept:
            return source.name
        for attempt in count():
            text = f"{source.namespace}/{source.name}/{part}/{attempt}"
            end = hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
            end = f"-{part + 1}-{end}" if part else f"-{end}"
            name = source.name.replace(".", "-")[: LONGEST - len(end)] + end
            if (source.namespace, name) not in self._given:
                self._given.add((source.namespace, name))
                return name
        raise AssertionError("there are more numbers than names")

    def _stored(self, name: str) -> str:
        """Up to 3.31 `default.x` and `x` are one policy."""
        return name if self._version >= FREE_NAMES else name.removeprefix("default.")
