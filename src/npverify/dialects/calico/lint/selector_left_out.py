"""A selector of a subject that Calico leaves out because it cannot read it."""

from __future__ import annotations

from npverify.dialects.calico.lint.case import LintRule, retold
from npverify.dialects.lint import About

RULE = LintRule(
    About(
        "NPL115",
        "selector-left-out",
        "error",
        "Calico leaves a selector out because it cannot read it, and the policy selects more.",
        "It happens to `namespaceSelector` and `serviceAccountSelector` of a policy that was stored unchecked "
        "(`--assume calico_input=raw`): without it the policy is about every endpoint that its other selectors match.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: prod-web}
spec:
  selector: app == 'web'
  namespaceSelector: env = 'prod'
  types: [Ingress]
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: prod-web}
spec:
  selector: app == 'web'
  namespaceSelector: env == 'prod'
  types: [Ingress]
""",
        replaces=("NPV254",),
        options=("--assume", "calico_input=raw"),
    ),
    lambda case: retold(case, "NPV254"),
)
