"""The options that several commands share: each declared once, and those that go together as a group (`npverify.cli.grouped`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from npverify.analyses.config import BUDGETS
from npverify.cli import completion
from npverify.cli.checks import FORMATS
from npverify.cli.grouped import Group

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
        autocompletion=completion.plugins,
    ),
]
CalicoVersion = Annotated[
    str | None,
    typer.Option(
        "--calico-version",
        metavar="X.Y",
        help="The release of Calico that is meant; the newest by default.",
        autocompletion=completion.versions("calico"),
    ),
]
CiliumVersion = Annotated[
    str | None,
    typer.Option(
        "--cilium-version",
        metavar="X.Y",
        help="The release of Cilium that is meant; the newest by default.",
        autocompletion=completion.versions("cilium"),
    ),
]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        "--assume",
        metavar="SWITCH=VALUE",
        help="Fix a behaviour that the plugin chooses; may be repeated.",
        autocompletion=completion.switches,
    ),
]
PodCidrs = Annotated[
    list[str] | None,
    typer.Option("--pod-cidr", metavar="CIDR", help="Where pods of unknown address live; may be repeated."),
]
IpFamily = Annotated[
    str | None,
    typer.Option(
        "--ip-family",
        metavar="4|6|dual",
        help="The address families of the cluster.",
        autocompletion=completion.words("4", "6", "dual"),
    ),
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
        autocompletion=completion.words("auto", "npverify", "hubble", "calico"),
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="|".join(FORMATS),
        help="How to show the answer.",
        autocompletion=completion.words(*FORMATS),
    ),
]
Output = Annotated[
    str | None, typer.Option("--output", metavar="FILE", help="Write the answer to a file instead of standard output.")
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Longest time for one obligation; a backstop."),
]
BudgetName = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="|".join(BUDGETS),
        help="How much work one obligation may take.",
        autocompletion=completion.words(*BUDGETS),
    ),
]
Jobs = Annotated[
    int,
    typer.Option("--jobs", "-j", metavar="N", min=1, help="How many processes may work; the answers are the same."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show only what needs attention.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show what the answers rest on.")]
Baseline = Annotated[
    str | None,
    typer.Option("--baseline", metavar="FILE", help="Accept what is in this file, which --write-baseline wrote."),
]
WriteBaseline = Annotated[
    str | None,
    typer.Option("--write-baseline", metavar="FILE", help="Write what is found to a file, and leave."),
]
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
Protocol = Annotated[
    str | None,
    typer.Option(
        "--protocol",
        metavar="PROTOCOL",
        help="TCP, UDP, SCTP or ICMP.",
        autocompletion=completion.words("TCP", "UDP", "SCTP", "ICMP"),
    ),
]
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
Dns = Annotated[
    str | None,
    typer.Option(
        "--dns", metavar="NAME", help="The name that a query of DNS asks for, by UDP to port 53 if not said otherwise."
    ),
]
Kafka = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        metavar="'REQUEST [TOPIC]'",
        help="A request of Kafka, such as 'produce orders', by TCP to port 9092 if not said otherwise.",
    ),
]
Via = Annotated[
    str | None,
    typer.Option(
        "--via",
        metavar="WAY",
        help="How it comes in: nodeport, loadbalancer, externalip, hostport, ingress, gateway, perhaps with /NAMESPACE/NAME.",
    ),
]


@dataclass(frozen=True, slots=True)
class Reading(Group):
    """How policies are read: the plugin, and what is assumed where neither they nor the manifests say it."""

    cni: Cni = None
    calico_version: CalicoVersion = None
    cilium_version: CiliumVersion = None
    assume: Assume = None
    pod_cidr: PodCidrs = None
    ip_family: IpFamily = None
    ignore_kind: IgnoreKinds = None
    remote: Remotes = None


@dataclass(frozen=True, slots=True)
class Limits(Group):
    """How much work one obligation may take."""

    timeout: Timeout = None
    budget: BudgetName = None


@dataclass(frozen=True, slots=True)
class Showing(Group):
    """How much is shown, and whether in colours."""

    quiet: Quiet = False
    verbose: Verbose = False
    no_color: NoColor = False


@dataclass(frozen=True, slots=True)
class Flow(Group):
    """The flow that a command is asked about."""

    from_: From = None
    to: To = None
    port: Port = None
    protocol: Protocol = None
    icmp: Icmp = None
    http: Http = None
    header: Headers = None
    via: Via = None
    dns: Dns = None
    kafka: Kafka = None

    @property
    def given(self) -> tuple[str | None, ...]:
        """All of them."""
        return (
            self.from_,
            self.to,
            self.port,
            self.protocol,
            self.icmp,
            self.http,
            *(self.header or ()),
            self.via,
            self.dns,
            self.kafka,
        )
