"""A profile that a host endpoint names and that does not exist."""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.lint.case import Case, LintRule
from npverify.dialects.lint import About, Suspicion
from npverify.ingest.fields import nearest
from npverify.normal.policy import PolicyId


def find(case: Case) -> Iterator[Suspicion]:
    """Each profile of a host endpoint that is neither given nor built in."""
    known = case.lowering.profiles
    for host in case.resources.hosts:
        policy_id = PolicyId("calico", "HostEndpoint", "", host.name)
        for index, name in enumerate(host.profiles):
            if name not in known:
                document = case.documents[policy_id]
                message = f"{policy_id} names the profile `{name}`, which does not exist; it drops everything"
                fix = nearest(name, known) or "add the Profile, or remove its name"
                yield Suspicion(policy_id, document.span("spec", "profiles", index), message, fix)


RULE = LintRule(
    About(
        "NPL131",
        "missing-profile",
        "error",
        "A host endpoint names a profile that does not exist.",
        "Calico puts a profile in its place that drops everything, and what no policy decides gets no further "
        "(felix/calc/active_rules_calculator.go).",
        fires="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0}
spec: {node: n1, interfaceName: eth0, profiles: [projectcalico-allow]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0}
spec: {node: n1, interfaceName: eth0, profiles: [projectcalico-default-allow]}
""",
        replaces=("NPV285",),
    ),
    find,
)
