"""The session behind an editor: texts in, what is known of them out.

Guards the session and the texts that it last read. Asked by one thread. What can be read replaces what was known; what cannot be
read leaves the last world and its answers there, marked as such.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

from npverify.analyses.answers import never
from npverify.analyses.config import Config, find_config, read_config
from npverify.analyses.lint.findings import LintResult
from npverify.analyses.lint.run import lint as ask_rules
from npverify.analyses.load import Loaded, load
from npverify.analyses.results import ProveResult
from npverify.analyses.session import Session
from npverify.analyses.world import World
from npverify.dialects import CALICO_VERSION
from npverify.ingest.files import SPEC, File, files
from npverify.ingest.rendered import is_rendered
from npverify.ingest.source import Diagnostic, InputError, Problems
from npverify.lsp.half import follows_from, without_broken
from npverify.smt.solver import BUDGETS

_ROUNDS = 5
"""How often statements of specs are taken out before the input is given up: a name that is gone may break the next one."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a workspace.

    `errors`   what cannot be used as it is now
    `current`  the world is that of the texts as they are now (specs perhaps without broken statements); else it is the last that
               could be read
    `loaded`, `result`  the world and its answers; None before there was one
    `texts`    the unsaved texts that it was made of, by real path
    `version`  which edit it is about
    """

    errors: tuple[Diagnostic, ...] = ()
    current: bool = False
    loaded: Loaded | None = None
    result: ProveResult | None = None
    config: Config = field(default_factory=Config)
    texts: Mapping[str, str] = field(default_factory=dict)
    version: int = -1


class Linted(NamedTuple):
    """What lint finds, and the world in which it does."""

    result: LintResult
    world: World


class Judge:
    """Judges a folder. Its file names are relative to the working folder, which is the root of the workspace."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._config: Config | None = None
        self._session: Session | None = None
        self._frozen = False
        self._linted: tuple[tuple[Config, tuple[File, ...]], Linted] | None = None

    def read(self, last: State, unsaved: Mapping[str, str], version: int) -> State:
        """The state after an edit, without answers yet; `unsaved` holds the texts of open files by real path."""
        said = Problems()
        found = find_config(self._root)
        config = read_config(found, self._root, said) if found else Config()
        if said.errors:
            return replace(last, errors=said.errors, current=False, version=version)
        if self._config is None or config != self._config:
            self._config, self._session = config, None
        if made := [path for path in config.paths if is_rendered(path)]:
            fix = "name the folder of the manifests; an editor does not run other programs at every key"
            error = Diagnostic("NPV636", f"`{made[0]}` is not read in an editor", None, fix)
            return replace(last, errors=(error,), current=False, config=config, version=version)
        try:
            errors = self._read(config, unsaved)
        except InputError as error:
            return replace(last, errors=error.diagnostics, current=False, config=config, version=version)
        assert self._session is not None
        return State(errors, True, self._session.loaded, None, config, dict(unsaved), version)

    def prove(self, state: State, stop: Callable[[], bool] = never) -> State:
        """The state with its answers; those of an interrupted run are not all there (`ProveResult.interrupted`)."""
        if self._session is None or not state.current:
            return state
        result = self._session.prove(stop=stop)
        if not self._frozen:
            self._frozen = True
            gc.collect()
            gc.freeze()  # what was loaded is no garbage, and looking through all of it takes longer than an answer
        return replace(state, result=result)

    def lint(self, state: State, stop: Callable[[], bool] = never) -> Linted | None:
        """What lint finds in the texts of a state, under its config; None where it cannot be asked or was stopped. That of the last
        manifests is kept: an edit of a spec changes none of it."""
        if not state.current:
            return None
        config = state.config
        found = tuple(
            file
            for file in files(config.paths or (".",), Problems(), None, state.texts)
            if not file.name.lower().endswith(SPEC)
        )
        if self._linted is not None and self._linted[0] == (config, found):
            return self._linted[1]
        content = {file.name: file.content for file in found}
        try:
            world = load(
                found,
                cni=config.cni,
                calico_version=config.calico_version or CALICO_VERSION,
                assume=config.assume,
                ignore_kinds=config.ignore_kinds,
                pod_cidrs=config.pod_cidrs,
                families=config.families,
                remotes=config.remotes,
                with_assertions=False,
                for_lint=True,
            ).world
            result = ask_rules(
                world,
                select=config.lint_select,
                ignore=config.lint_ignore,
                budget=BUDGETS["small"],  # somebody waits; what this does not suffice for `npverify lint` finds
                timeout=config.timeout,
                stop=stop,
                suppress=config.suppress,
                lines=lambda name: content.get(name, "").split("\n"),
                today=date.today(),
            )
        except InputError:
            return None  # reading has told it
        if result.interrupted:
            return None
        self._linted = (config, found), Linted(result, world)
        return self._linted[1]

    def _read(self, config: Config, unsaved: Mapping[str, str]) -> tuple[Diagnostic, ...]:
        """Read everything; the errors of the statements that were left out for it."""
        told: list[Diagnostic] = []
        gone: set[str] = set()
        texts = dict(unsaved)
        for _ in range(_ROUNDS):
            try:
                self._take(config, texts)
                return tuple(told)
            except InputError as error:
                # what was not read comes with the errors; where these are left out, it is among the warnings of the world
                warnings = [found for found in error.diagnostics if found.severity == "warning"]
                errors = [found for found in error.diagnostics if found.severity == "error"]
                told += [found for found in errors if not follows_from(found, gone)]
                left = without_broken(self._specs(config, texts), errors)
                if left is None:
                    raise InputError((*warnings, *told)) from None
                gone |= left[1]
                texts |= {os.path.realpath(name): text for name, text in left[0].items()}
        raise InputError(told)

    def _take(self, config: Config, texts: Mapping[str, str]) -> None:
        if self._session is not None:
            self._session.refresh(texts)
            return
        budget = BUDGETS[config.budget or "normal"]
        self._session = Session(
            config.paths or (".",),
            specs=config.specs,
            cni=config.cni,
            calico_version=config.calico_version or CALICO_VERSION,
            assume=config.assume,
            ignore_kinds=config.ignore_kinds,
            pod_cidrs=config.pod_cidrs,
            families=config.families,
            remotes=config.remotes,
            budget=budget,
            timeout=config.timeout,
            unsaved=texts,
        )

    def _specs(self, config: Config, texts: Mapping[str, str]) -> dict[str, str]:
        """Every spec by its name in messages."""
        paths = (*(config.paths or (".",)), *config.specs)
        found = files(paths, Problems(), None, texts)
        return {file.name: file.content for file in found if file.name.lower().endswith(SPEC)}
