"""Objects of kinds that the chosen plugin does not read: they are stored, and have no effect."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.lint import About, Reason, Suspicion
from npverify.dialects.manifest_lint.case import Case, LintRule

_READERS = {
    "calico": ("Calico", "choose Calico with --cni calico, or write it as a NetworkPolicy"),
    "cilium": ("Cilium", "choose Cilium with --cni cilium, or write it as a NetworkPolicy"),
}


def find(case: Case) -> Iterator[Suspicion]:
    """Each object that the plugin does not read."""
    for policy, document, reads in case.unread:
        who, fix = _READERS[reads]
        message = (
            f"{policy} has no effect: the plugin `{case.plugin}` does not read {document.kind} of {document.group}"
        )
        because = (Reason(f"{document.kind} of {document.group} is for {who}; others leave it as it is stored"),)
        yield Suspicion(policy, document.span("kind"), message, fix, because)


_POLICY = """\
apiVersion: %s
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  %s
  ingress: [{%s}]
"""

RULE = LintRule(
    About(
        "NPL177",
        "unread-kind",
        "error",
        "A policy is of a kind that the chosen plugin does not read, so it has no effect.",
        "The API server stores it where its definition is installed, and nothing enforces it. It is told of the kinds of Calico and "
        "of Cilium under other plugins; the rest is judged without it. Other commands refuse such input. Without `--cni` nothing is "
        "told. Kinds of `policy.networking.k8s.io` are for NPL180.",
        fires=_POLICY % ("projectcalico.org/v3", "selector: app == 'db'", "action: Allow"),
        silent=_POLICY % ("networking.k8s.io/v1", "podSelector: {matchLabels: {app: db}}", ""),
        options=("--cni", "weave"),
    ),
    find,
)
