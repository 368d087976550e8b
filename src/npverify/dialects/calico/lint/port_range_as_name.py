"""A port that is written as a range of Kubernetes and that Calico takes for a name."""

from __future__ import annotations

from npverify.dialects.calico.lint.case import LintRule, retold
from npverify.dialects.lint import About

RULE = LintRule(
    About(
        "NPL120",
        "port-range-as-name",
        "error",
        "A port such as `8080-8090` is the name of a port for Calico, not a range.",
        "No container can have a port of that name, so nothing matches and nothing is said. A range is written with a colon, "
        "in quotes.",
        fires="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: app == 'api'
  types: [Ingress]
  ingress:
  - action: Allow
    protocol: TCP
    destination: {ports: ["8080-8090"]}
""",
        silent="""\
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: app == 'api'
  types: [Ingress]
  ingress:
  - action: Allow
    protocol: TCP
    destination: {ports: ["8080:8090"]}
""",
        replaces=("NPV235",),
    ),
    lambda case: retold(case, "NPV235"),
)
