"""An object that the API server or Felix refuses, and that is therefore not in force."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.calico.read_object import STORED
from npverify.dialects.calico.way import Way
from npverify.dialects.lint import About, Reason, Suspicion


def find(case: Case) -> Iterator[Suspicion]:
    """Every error of every object of Calico, at its place."""
    unchecked = Way("raw", case.settings.version)
    for read in case.reads:
        errors = read.said.errors
        if not (case.way.raw or read.document.group == STORED):
            follows = "the API server refuses the object"
        elif unchecked.absent(problem.code for problem in errors):
            follows = "Calico goes on as if the object were not there"
        else:
            follows = "what Calico makes of the object is not known; it is left out here"
        for wrong in errors:
            message = f"{read.id} is not in force: {wrong.message}"
            because = (Reason(f"{follows} ({wrong.code})", read.id, read.span),)
            yield Suspicion(read.id, wrong.span or read.span, message, wrong.fix, because)


RULE = LintRule(
    About(
        "NPL110",
        "refused",
        "error",
        "An object of Calico is invalid, so it is not in force.",
        "The API server and `calicoctl` refuse it; where objects are stored unchecked (`crd.projectcalico.org/v1`, "
        "`--assume calico_input=raw`), Felix treats the whole object as absent. A policy that denies is then open. Everything "
        "else is judged as if the object were not there.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: protect-db}
spec:
  selector: app = 'db'
  types: [Ingress]
  ingress:
  - action: Deny
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: protect-db}
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
  - action: Deny
""",
    ),
    find,
)
