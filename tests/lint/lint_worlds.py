"""Worlds for the tests of lint: manifests beside the inventory that the examples share."""

from __future__ import annotations

import itertools

import npverify
from npverify.analyses.lint.examples import INVENTORY
from npverify.analyses.lint.findings import Finding, LintResult
from npverify.analyses.lint.run import lint
from npverify.analyses.world import World


def world(manifests: str, *, options: tuple[str, ...] = (), version: str = "3.32", inventory: str = INVENTORY) -> World:
    """The world of the manifests, read for lint; `options` are those of the command line."""
    switches = [text for flag, text in itertools.pairwise(options) if flag == "--assume"]
    assume = dict(switch.split("=", 1) for switch in switches)
    cni = next((text for flag, text in itertools.pairwise(options) if flag == "--cni"), "calico")
    text = f"{inventory}---\n{manifests}" if manifests else inventory
    return npverify.load(["-"], cni=cni, calico_version=version, assume=assume, stdin=text.encode, for_lint=True).world


OF_MANIFESTS = tuple(f"NPL{number}" for number in (*range(160, 178), *range(180, 183), *range(185, 188)))
"""Rules about manifests and about what is missing, with rows of their own."""

OF_EVERY_KIND = ("NPL132", "NPL133", "NPL134")
IDLE = "NPL144"
ABOUT_RULES = ("NPL140", "NPL141", "NPL142", "NPL143", "NPL145", "NPL146", "NPL147")
OF_OTHERS = (*OF_EVERY_KIND, *ABOUT_RULES, IDLE, *OF_MANIFESTS)
"""Rules that would find something in most of what is written to try another rule: they are asked where they are named."""


def run(manifests: str, *select: str, options: tuple[str, ...] = (), version: str = "3.32") -> LintResult:
    """What the rules (all but `OF_OTHERS`, if none is named) say of the manifests."""
    ignore = () if select else OF_OTHERS
    return lint(world(manifests, options=options, version=version), select=select, ignore=ignore)


def the_one(manifests: str, code: str, *, options: tuple[str, ...] = (), version: str = "3.32") -> Finding:
    """The only finding of a rule."""
    (finding,) = run(manifests, code, options=options, version=version).findings
    return finding
