"""What a command reads and under which assumptions: options, config file and defaults brought together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from npverify.analyses.config import Config, find_config, read_config
from npverify.cli.checks import check_choice, check_limits
from npverify.cli.options import Limits, Reading
from npverify.cli.programs import Programs
from npverify.cli.sources import Sources
from npverify.ingest.files import File
from npverify.ingest.source import Problems
from npverify.inventory.addresses import Family

if TYPE_CHECKING:
    from npverify.analyses.equiv_load import Sides
    from npverify.analyses.load import Loaded
    from npverify.smt.solver import Budget

FAMILIES: Mapping[str, frozenset[Family]] = {"4": frozenset({4}), "6": frozenset({6}), "dual": frozenset({4, 6})}


@dataclass(frozen=True, slots=True)
class Inputs:
    """What to read and under which assumptions, settled: option before config file before default."""

    paths: tuple[str, ...]
    specs: tuple[str, ...]
    cni: str | None
    calico_version: str
    assume: Mapping[str, str]
    pod_cidrs: tuple[str, ...]
    families: frozenset[Family] | None
    ignore_kinds: tuple[str, ...]
    remotes: Mapping[str, tuple[str, ...]]
    config: Config
    limits: Limits

    @classmethod
    def settle(
        cls,
        paths: Sequence[str] | None,
        reading: Reading,
        *,
        programs: Programs | None = None,
        specs: Sequence[str] | None = None,
        limits: Limits | None = None,
        problems: Problems | None = None,
    ) -> Inputs:
        """Bring options and config file together; InputError with every problem of both, and with those that there were."""
        problems = problems or Problems()
        limits = limits or Limits()
        config = _config(problems)
        check_limits(limits.timeout, limits.budget, problems)
        switches = _switches(reading.assume or [], problems)
        if reading.cilium_version is not None:
            switches["cilium_version"] = reading.cilium_version
        clusters = _clusters(reading.remote or [], problems)
        families = config.families
        if reading.ip_family is not None:
            check_choice("--ip-family", reading.ip_family, tuple(FAMILIES), problems)
            families = FAMILIES.get(reading.ip_family)
        named = (*(paths or ()), *(programs.paths(problems) if programs is not None else ()))
        chosen = named or config.paths
        if not chosen and not problems.errors:
            where = f"`{config.file}` names no paths" if config.file else "no .npverify.yaml in this folder or above it"
            problems.error(
                "NPV140",
                f"nothing to analyse: no PATH given and {where}",
                fix="name the folder of the manifests (`npverify prove manifests/`), or write a config with `npverify init manifests/`",
            )
        problems.raise_errors()
        return cls(
            chosen,
            tuple(specs or config.specs),
            reading.cni or config.cni,
            reading.calico_version or config.calico_version or "",
            {**config.assume, **switches},
            tuple(reading.pod_cidr or config.pod_cidrs),
            families,
            tuple(reading.ignore_kind or config.ignore_kinds),
            {**config.remotes, **clusters},
            config,
            Limits(limits.timeout or config.timeout, limits.budget or config.budget),
        )

    @property
    def timeout(self) -> float | None:
        """The longest time for one obligation in seconds; None: that of the budget."""
        return self.limits.timeout

    @property
    def budget(self) -> Budget:
        """How much work one obligation may take."""
        # imported here so that --help does not wait for the solver
        from npverify.smt.solver import BUDGETS

        return BUDGETS[self.limits.budget or "normal"]

    def load(
        self,
        sources: Sources,
        *,
        only: Sequence[str] = (),
        with_assertions: bool = False,
        for_lint: bool = False,
        keep_documents: bool = False,
        more_specs: Sequence[File] = (),
    ) -> Loaded:
        """Read everything, and with it specs that were read elsewhere; InputError with every problem."""
        # imported here so that --help does not wait for it
        from npverify.analyses.load import load

        return load(
            self.paths,
            specs=(*self.specs, *more_specs),
            cni=self.cni,
            calico_version=self.calico_version,
            assume=self.assume,
            only_tags=only,
            ignore_kinds=self.ignore_kinds,
            pod_cidrs=self.pod_cidrs,
            families=self.families,
            remotes=self.remotes,
            stdin=sources.stdin,
            with_assertions=with_assertions,
            for_lint=for_lint,
            keep_documents=keep_documents,
        )

    def load_side(self, sources: Sources, sides: Sides, *, more_specs: Sequence[File] = ()) -> Loaded:
        """Read one side of a comparison, and with it specs that were read elsewhere; InputError with every problem."""
        from npverify.analyses.load import Options

        options = Options(
            self.cni,
            self.calico_version,
            self.assume,
            ignore_kinds=self.ignore_kinds,
            pod_cidrs=self.pod_cidrs,
            families=self.families,
            with_assertions=False,
        )
        specs: list[str | File] = [*self.specs, *more_specs]
        return sides.load(self.paths, options, specs=specs, remotes=self.remotes, stdin=sources.stdin)


def _config(problems: Problems) -> Config:
    found = find_config(Path.cwd())
    return read_config(found, Path.cwd(), problems) if found else Config()


def _switches(given: list[str], problems: Problems) -> dict[str, str]:
    switches = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (sign and name.strip() and value.strip()):
            problems.error(
                "NPV145", f"`--assume {text}` is not SWITCH=VALUE", fix="for example --assume icmp=always_allow"
            )
        switches[name.strip()] = value.strip()
    return switches


def _clusters(given: list[str], problems: Problems) -> dict[str, tuple[str, ...]]:
    """The paths of each other cluster."""
    clusters: dict[str, tuple[str, ...]] = {}
    for text in given:
        name, sign, path = text.partition("=")
        if not (sign and name.strip() and path.strip()):
            problems.error(
                "NPV145", f"`--remote {text}` is not NAME=PATH", fix="for example --remote west=clusters/west"
            )
        clusters[name.strip()] = (*clusters.get(name.strip(), ()), path.strip())
    return clusters
