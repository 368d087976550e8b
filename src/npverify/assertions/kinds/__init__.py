"""The kinds of assertions: one module each, with its texts and its meaning. A module without a complete `KIND` is refused
here, at import."""

from __future__ import annotations

from npverify.assertions import syntax as s
from npverify.assertions.kind import Kind
from npverify.assertions.kinds import (
    every_reaches,
    every_reaches_some,
    isolated,
    isolated_from,
    no_policy_is,
    no_reaches,
    only_reaches,
    policy_is,
    reaches_only,
    some_reaches,
)

_MODULES = (
    no_reaches,
    every_reaches,
    some_reaches,
    every_reaches_some,
    only_reaches,
    reaches_only,
    isolated_from,
    isolated,
    policy_is,
    no_policy_is,
)

KINDS: tuple[Kind, ...] = tuple(module.KIND for module in _MODULES)
"""Every kind, in the order of the documentation."""

for _module in _MODULES:
    if _module.__name__.rpartition(".")[2] != _module.KIND.name:
        raise ValueError(f"the kind in {_module.__name__} calls itself {_module.KIND.name!r}")


def kind_of(claim: s.Claim) -> Kind | None:
    """The kind of a claim; None for claims that the grammar knows and this version does not decide."""
    return next((kind for kind in KINDS if kind.covers(claim)), None)
