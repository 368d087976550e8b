"""The options for manifests that a program makes: `-k`, `--helm` and `--cluster`, as the paths of the same meaning.

A path such as `helm:chart?values=prod.yaml` says it all and can stand wherever a path can; an option says it in the words of
`kubectl` and `helm`, once in a command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from npverify.cli.grouped import Group
from npverify.ingest.cluster import CLUSTER
from npverify.ingest.rendered import HELM, KUSTOMIZE, rendered_path
from npverify.ingest.source import Problems

Kustomize = Annotated[
    list[str] | None,
    typer.Option("-k", "--kustomize", metavar="DIR", help="What kustomize builds of a folder; may be repeated."),
]
Helm = Annotated[
    list[str] | None,
    typer.Option("--helm", metavar="CHART", help="What helm renders of a chart; may be repeated."),
]
Values = Annotated[
    list[str] | None, typer.Option("--values", metavar="FILE", help="Values for --helm; may be repeated.")
]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One value for --helm; may be repeated.")
]
Cluster = Annotated[bool, typer.Option("--cluster", help="What a running cluster has, read with kubectl.")]
Context = Annotated[
    str | None,
    typer.Option("--context", metavar="NAME", help="The context of kubectl for --cluster; the current one by default."),
]
Namespace = Annotated[
    list[str] | None,
    typer.Option(
        "-n", "--namespace", metavar="NS", help="Only this namespace of --cluster, may be repeated; or that of --helm."
    ),
]
AllNamespaces = Annotated[
    bool, typer.Option("-A", "--all-namespaces", help="All namespaces of --cluster, which is the default.")
]


@dataclass(frozen=True, slots=True)
class Programs(Group):
    """Manifests that a program makes, as the options name them."""

    kustomize: Kustomize = None
    helm: Helm = None
    values: Values = None
    set_: Set = None
    cluster: Cluster = False
    context: Context = None
    namespace: Namespace = None
    all_namespaces: AllNamespaces = False

    def paths(self, problems: Problems) -> tuple[str, ...]:
        """The same as paths; options that do not go together are reported."""
        return (*self.made(problems), *self.running())

    def running(self) -> tuple[str, ...]:
        """The path of the cluster, if it is asked for; `made` reports what is wrong with its options."""
        parameters = [("namespace", name) for name in self.namespace or ()]
        return (rendered_path(CLUSTER, self.context or "", parameters),) if self.cluster else ()

    def made(self, problems: Problems) -> tuple[str, ...]:
        """The paths of what kustomize and helm make."""
        self._check(problems)
        parameters = [
            *(("values", file) for file in self.values or ()),
            *(("set", value) for value in self.set_ or ()),
            *(("namespace", name) for name in self.namespace or ()),
        ]
        folders = [rendered_path(KUSTOMIZE, folder) for folder in self.kustomize or ()]
        return (*folders, *(rendered_path(HELM, chart, parameters) for chart in self.helm or ()))

    def _check(self, problems: Problems) -> None:
        """Report every option that does not go with the others."""
        charts, namespaces = self.helm or [], self.namespace or []
        of_helm = [option for option, given in (("--values", self.values), ("--set", self.set_)) if given]
        of_cluster = [option for option, on in (("--context", self.context), ("-A", self.all_namespaces)) if on]
        for option in of_helm if not charts else ():
            problems.error(
                "NPV670", f"`{option}` is there without `--helm`", fix=f"name the chart: --helm CHART {option} …"
            )
        for option in of_cluster if not self.cluster else ():
            problems.error("NPV670", f"`{option}` is there without `--cluster`", fix="add --cluster, or drop it")
        if namespaces and not (self.cluster or charts):
            fix = "add --cluster for the objects of a namespace, or drop it; a kustomization has its namespace inside"
            problems.error("NPV670", "`-n` is there without `--cluster` or `--helm`", fix=fix)
        if namespaces and self.all_namespaces:
            problems.error("NPV671", "`-n` and `-A` exclude each other", fix="drop one of them")
        if namespaces and self.cluster and charts:
            problems.error(
                "NPV671",
                "`-n` may be meant for `--cluster` and for `--helm`",
                fix=_instead(charts[0], "namespace", namespaces),
            )
        elif len(namespaces) > 1 and charts:
            problems.error("NPV671", "a release of `--helm` is in one namespace", fix="name one with -n")
        for option, given in (("--values", self.values), ("--set", self.set_)) if len(charts) > 1 else ():
            if given:
                problems.error(
                    "NPV671",
                    f"`{option}` may be meant for each of {len(charts)} charts",
                    fix=_instead(charts[0], option[2:], given),
                )
        for option, names in (("-k", self.kustomize), ("--helm", charts), ("--context", [self.context or ""])):
            for name in names or ():
                if "?" in name:
                    problems.error(
                        "NPV672", f"`{option} {name}`: a name cannot have `?` in it", fix="rename it, or link to it"
                    )


def _instead(chart: str, key: str, given: Sequence[str]) -> str:
    return f"say which, with a path: '{rendered_path(HELM, chart, [(key, value) for value in given])}'"
