"""The options that several commands share, and how they, the config file and the defaults come together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from npverify.analyses.config import BUDGETS, Config, find_config, read_config
from npverify.analyses.world import World
from npverify.cli.sources import Sources
from npverify.ingest.fields import nearest
from npverify.ingest.files import File
from npverify.ingest.source import InputError, Problems
from npverify.inventory.addresses import Family
from npverify.report.paint import count

if TYPE_CHECKING:
    from npverify.analyses.equiv_load import Sides
    from npverify.analyses.load import Loaded

FORMATS = ("text", "json")
FAMILIES: Mapping[str, frozenset[Family]] = {"4": frozenset({4}), "6": frozenset({6}), "dual": frozenset({4, 6})}

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH",
        help="Files, folders (.yaml, .yml, .json, .npv inside), or - for standard input.",
        show_default=False,
    ),
]
Specs = Annotated[
    list[str] | None, typer.Option("--spec", metavar="FILE", help="A file of assertions; may be repeated.")
]
Only = Annotated[
    list[str] | None, typer.Option("--only", metavar="TAG", help="Only assertions with this tag; may be repeated.")
]
Cni = Annotated[
    str | None,
    typer.Option(
        "--cni",
        metavar="NAME",
        help="The network plugin, NAME or NAME@VERSION: kubernetes (any), calico, cilium, …; `npverify profiles` lists them. "
        "Without it calico or cilium if their policies are there.",
    ),
]
CalicoVersion = Annotated[
    str | None,
    typer.Option("--calico-version", metavar="X.Y", help="The release of Calico that is meant; the newest by default."),
]
CiliumVersion = Annotated[
    str | None,
    typer.Option("--cilium-version", metavar="X.Y", help="The release of Cilium that is meant; the newest by default."),
]
Assume = Annotated[
    list[str] | None,
    typer.Option("--assume", metavar="SWITCH=VALUE", help="Fix a behaviour that the plugin chooses; may be repeated."),
]
PodCidrs = Annotated[
    list[str] | None,
    typer.Option("--pod-cidr", metavar="CIDR", help="Where pods of unknown address live; may be repeated."),
]
IpFamily = Annotated[
    str | None, typer.Option("--ip-family", metavar="4|6|dual", help="The address families of the cluster.")
]
Remotes = Annotated[
    list[str] | None,
    typer.Option(
        "--remote", metavar="NAME=PATH", help="Manifests of another cluster, whose pods are peers; may be repeated."
    ),
]
IgnoreKinds = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore-kind", metavar="KIND", help="Leave out a policy kind that is not supported; may be repeated."
    ),
]
FlowsFormat = Annotated[
    str,
    typer.Option(
        "--flows-format",
        metavar="auto|npverify|hubble|calico",
        help="What the lines of --flows are; auto tells it of each line.",
    ),
]
Format = Annotated[str, typer.Option("--format", metavar="text|json", help="How to show the answer.")]
Output = Annotated[
    str | None, typer.Option("--output", metavar="FILE", help="Write the answer to a file instead of standard output.")
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Longest time for one obligation; a backstop."),
]
BudgetName = Annotated[
    str | None,
    typer.Option("--budget", metavar="small|normal|large", help="How much work one obligation may take."),
]
Jobs = Annotated[
    int,
    typer.Option("--jobs", "-j", metavar="N", min=1, help="How many processes may work; the answers are the same."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show only what needs attention.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what the answers rest on.")]
NoEdits = Annotated[
    bool, typer.Option("--no-edits", help="Do not look for edits that would let a denied flow through.")
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR in the environment does the same.")]
AllowEmpty = Annotated[bool, typer.Option("--allow-empty", help="Accept input without pods or without assertions.")]

From = Annotated[
    str | None,
    typer.Option("--from", metavar="END", help="Source: shop/web, deployment/shop/web, node/n1, 203.0.113.7."),
]
To = Annotated[str | None, typer.Option("--to", metavar="END", help="Destination: as --from, or service/shop/api.")]
Port = Annotated[str | None, typer.Option("--port", metavar="PORT", help="Destination port.")]
Protocol = Annotated[str | None, typer.Option("--protocol", metavar="PROTOCOL", help="TCP, UDP, SCTP or ICMP.")]
Icmp = Annotated[str | None, typer.Option("--icmp", metavar="TYPE[/CODE]", help="An ICMP message, such as 8/0.")]
Http = Annotated[
    str | None,
    typer.Option(
        "--http",
        metavar="'METHOD PATH'",
        help="The HTTP request that is sent: 'GET /pub/x', or 'GET http://HOST/pub/x'.",
    ),
]
Headers = Annotated[
    list[str] | None,
    typer.Option(
        "--header", metavar="'NAME: VALUE'", help="A header of that request; may be repeated, then there are no others."
    ),
]
Via = Annotated[
    str | None,
    typer.Option(
        "--via",
        metavar="WAY",
        help="How it comes in from outside: nodeport, loadbalancer, externalip or hostport, perhaps with /NAMESPACE/NAME.",
    ),
]


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

    @classmethod
    def settle(
        cls,
        paths: list[str] | None,
        *,
        specs: list[str] | None = None,
        cni: str | None = None,
        calico_version: str | None = None,
        cilium_version: str | None = None,
        assume: list[str] | None = None,
        pod_cidrs: list[str] | None = None,
        ip_family: str | None = None,
        ignore_kinds: list[str] | None = None,
        remotes: list[str] | None = None,
    ) -> Inputs:
        """Bring options and config file together; InputError with every problem of both."""
        problems = Problems()
        config = _config(problems)
        switches = _switches(assume or [], problems)
        if cilium_version is not None:
            switches["cilium_version"] = cilium_version
        clusters = _clusters(remotes or [], problems)
        families = config.families
        if ip_family is not None:
            families = FAMILIES.get(ip_family)
            if families is None:
                _bad_choice(problems, "--ip-family", ip_family, tuple(FAMILIES))
        chosen = tuple(paths or config.paths)
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
            cni or config.cni,
            calico_version or config.calico_version or "",
            {**config.assume, **switches},
            tuple(pod_cidrs or config.pod_cidrs),
            families,
            tuple(ignore_kinds or config.ignore_kinds),
            {**config.remotes, **clusters},
            config,
        )

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

    def load_side(self, sources: Sources, sides: Sides) -> Loaded:
        """Read one side of a comparison; InputError with every problem."""
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
        return sides.load(self.paths, options, specs=self.specs, remotes=self.remotes, stdin=sources.stdin)


def check_format(value: str, known: tuple[str, ...] = FORMATS) -> None:
    """InputError unless the output format is one that this version writes."""
    check_choice("--format", value, known)


def check_choice(option: str, value: str, known: tuple[str, ...]) -> None:
    """InputError unless the value of an option is one of those that there are."""
    problems = Problems()
    if value not in known:
        _bad_choice(problems, option, value, known)
    problems.raise_errors()


def check_budget(value: str) -> str:
    """The name of a budget; InputError if there is none of that name."""
    problems = Problems()
    if value not in BUDGETS:
        _bad_choice(problems, "--budget", value, BUDGETS)
    problems.raise_errors()
    return value


def check_positive(option: str, value: float | None) -> None:
    """InputError where a number that must be above 0 is not."""
    if value is not None and value <= 0:
        raise InputError.one("NPV145", f"`{option}` must be above 0, not `{value:g}`")


def _bad_choice(problems: Problems, option: str, value: str, known: tuple[str, ...]) -> None:
    problems.error(
        "NPV145",
        f"`{option}` cannot be `{value}` here",
        fix=nearest(value, known) or f"choose one of {', '.join(known)}",
    )


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


def refuse_no_pods(world: World, problems: Problems) -> None:
    """Report input without pods: about nobody, everything would hold."""
    if not world.inventory.pods:
        problems.extend(world.warnings)
        problems.error(
            "NPV144",
            f"{count(len(world.defined), 'policy', 'policies')} but no pod or workload was found, so every statement would hold",
            fix="add the manifests of the workloads or the output of `kubectl get pods -A -o json`, or accept this with --allow-empty",
        )
