"""Reads the two inputs of a comparison, with all problems of both at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from npverify.cli.inputs import Inputs
from npverify.cli.notes import say_notes
from npverify.cli.options import Limits, Reading
from npverify.cli.output import say_all
from npverify.cli.programs import Programs
from npverify.cli.sources import Sources
from npverify.ingest.files import File
from npverify.ingest.source import Diagnostic, InputError, Problems

if TYPE_CHECKING:
    from npverify.analyses.load import Loaded

ONE_PLUGIN = "both sides are judged under {}, since one has policies of it; --cni-left and --cni-right say otherwise"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two inputs: its paths, and the options that hold for it alone."""

    paths: list[str]
    cni: str | None = None
    calico_version: str | None = None
    assume: Sequence[str] = ()
    cilium_version: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """The options that hold for both sides, and what is wrong with other options."""

    reading: Reading
    limits: Limits
    problems: Problems
    specs: list[str] | None = None


Read = Callable[[Inputs, Sources, Sequence[File]], "Loaded"]
"""Reads one side, with specs that the other side has."""


def _apart(inputs: Inputs, sources: Sources, more: Sequence[File]) -> Loaded:
    return inputs.load(sources, more_specs=more)


def _together() -> Read:
    from npverify.analyses.equiv_load import Sides

    sides = Sides()
    return lambda inputs, sources, more: inputs.load_side(sources, sides, more_specs=more)


class TwoSides:
    """Both inputs, read. Guards nothing: `one_plugin` names the plugin of one of them, under which the other was read
    again; "" where none was."""

    def __init__(
        self,
        sides: tuple[Side, Side],
        shared: Shared,
        sources: Sources,
        *,
        specs_of_second: bool = False,
        once: bool = False,
    ) -> None:
        """InputError with every problem of both. With `specs_of_second`, its specs tell of the first one as well; with `once`
        what both sides name is read once."""
        read = _together() if once else _apart
        found: dict[int, tuple[Inputs, Loaded]] = {}
        errors: list[Diagnostic] = []
        more: Sequence[File] = ()
        for number in (1, 0) if specs_of_second else (0, 1):
            try:
                inputs = _settled(sides[number], shared)
                loaded = read(inputs, sources, more)
                found[number] = inputs, loaded
                if specs_of_second:
                    more = tuple(File(spec.name, spec.text, True) for spec in loaded.specs)
            except InputError as error:
                errors += [d for d in error.diagnostics if d not in errors]
        if errors:
            raise InputError(errors)
        self.inputs = [found[0][0], found[1][0]]
        self.loaded = [found[0][1], found[1][1]]
        self.one_plugin = self._under_one_plugin(sources, more, read)
        self.config = self.inputs[0].config

    def _under_one_plugin(self, sources: Sources, more: Sequence[File], read: Read) -> str:
        """Where nobody names a plugin and one side has policies that one plugin alone reads, the other is meant for it too;
        the name of that plugin, "" where it was not so."""
        profiles = [loaded.world.policies.profile for loaded in self.loaded]
        own = sorted(set(profiles) & {"calico", "cilium"})
        if any(each.cni is not None for each in self.inputs) or len(set(profiles)) == 1 or len(own) != 1:
            return ""
        for side, profile in enumerate(profiles):
            if profile != own[0]:
                self.inputs[side] = replace(self.inputs[side], cni=own[0])
                self.loaded[side] = read(self.inputs[side], sources, more)
        return own[0].capitalize()

    def tell(self, *, verbose: bool, no_color: bool) -> None:
        """Write the warnings of both, each once, and with `verbose` what was read."""
        worlds = [loaded.world for loaded in self.loaded]
        say_all(list(dict.fromkeys(w for world in worlds for w in world.warnings)), no_color=no_color)
        if verbose:
            for world in worlds:
                say_notes(world, self.config, verbose=True, no_color=no_color, warnings=False)


def _settled(side: Side, shared: Shared) -> Inputs:
    reading = shared.reading
    cni = side.cni or reading.cni
    own = replace(
        reading,
        cni=cni,
        calico_version=side.calico_version or reading.calico_version,
        cilium_version=side.cilium_version or _for_cilium(cni, reading.cilium_version),
        assume=[*(reading.assume or ()), *side.assume],
    )
    return Inputs.settle(side.paths, own, specs=shared.specs, limits=shared.limits, problems=shared.problems)


def _for_cilium(cni: str | None, version: str | None) -> str | None:
    """The version that both sides are given, for one that may run Cilium."""
    return version if cni is None or cni.startswith("cilium") else None


def named_sides(
    first: str | None, second: str | None, programs: Programs, problems: Problems
) -> tuple[list[str], list[str]]:
    """The paths that the arguments and the options for programs name. What runs in a cluster is the first side, what kustomize
    and helm make the second, as with `kubectl diff -k`; arguments are the sides that are left. A third one is reported."""
    made, running = list(programs.made(problems)), list(programs.running())
    given = [path for path in (first, second) if path is not None]
    if len(given) + bool(made) + bool(running) > 2:
        options = " and ".join([*(["`--cluster`"] if running else []), *(["`-k` or `--helm`"] if made else [])])
        fix = "name two of them; what both sides share is read with --with PATH"
        problems.error("NPV673", f"`{given[-1]}` would be a third side beside {options}", fix=fix)
    sides = [*([running] if running else []), *([path] for path in given), *([made] if made else [])]
    if len(sides) == 1 and made:
        sides.insert(0, [])
    return sides[0] if sides else [], sides[1] if len(sides) > 1 else []


def paths_of(own: Sequence[str], more: list[str] | None, both: list[str] | None) -> list[str]:
    """The paths of one side; none where it has none of its own."""
    paths = [*own, *(more or [])]
    return [*paths, *(both or [])] if paths else []


def refuse_no_paths(code: str, sides: Sequence[tuple[str, list[str]]], fix: str, problems: Problems) -> None:
    """Report a side that has no path; `fix` has its name for {}."""
    for name, paths in sides:
        if not paths:
            problems.error(code, f"the {name} of the comparison has no path", fix=fix.format(name.partition(" ")[0]))
