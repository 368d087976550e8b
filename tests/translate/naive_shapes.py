"""Naive translations that get directions, empty lists, names or the number of policies wrong."""

from __future__ import annotations

from naive_row import DB, NAIVE, NATIVE, P, Row, Seen, calico, documents, native

_DEFAULT_DENY = "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}"
_API_IN = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]}"
_FROM_API = f"{{action: Allow, source: {{selector: \"{P} && app == 'api'\"}}}}"
_INTO_DB = (Seen(NAIVE, dst="shop/db"),)
_OUT_OF_DB = (Seen(NAIVE, src="shop/db"),)

ROWS = [
    Row(
        4,
        "egress rules without types isolate egress alone; the native policy isolates ingress too",
        native("db", "{podSelector: {matchLabels: {app: db}}, egress: [{}]}"),
        calico("db", f"{{order: 1000, selector: {DB}, egress: [{{action: Allow}}]}}"),
        _INTO_DB,
    ),
    Row(
        6,
        "a default deny of both directions without types isolates ingress alone",
        native("db", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress]}"),
        calico("db", f"{{order: 1000, selector: {DB}}}"),
        _OUT_OF_DB,
    ),
    Row(
        7,
        "an empty list of peers is everyone, not nobody",
        native("db", "{podSelector: {matchLabels: {app: db}}, ingress: [{from: []}]}"),
        calico("db", f"{{order: 1000, selector: {DB}, types: [Ingress], ingress: []}}"),
        (Seen(NATIVE, dst="shop/db"),),
    ),
    Row(
        7,
        "an empty list of rules is nothing, not everything",
        native("db", "{podSelector: {matchLabels: {app: db}}, ingress: []}"),
        calico("db", f"{{order: 1000, selector: {DB}, types: [Ingress], ingress: [{{action: Allow}}]}}"),
        _INTO_DB,
    ),
    Row(
        26,
        "a name with two dots is refused",
        native("db.v1.internal", _DEFAULT_DENY),
        calico("db.v1.internal", f"{{order: 1000, selector: {DB}, types: [Ingress]}}"),
        refused="NPV200",
    ),
    Row(
        26,
        "names that differ in dots alone must not become one",
        documents(
            native("d.b.x", _API_IN),
            native("d-b.x.y", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}"),
        ),
        documents(
            calico("d-b-x", f"{{order: 1000, selector: {DB}, types: [Ingress], ingress: [{_FROM_API}]}}"),
            calico("d-b-x", f"{{order: 1000, selector: \"{P} && app == 'web'\", types: [Ingress]}}"),
        ),
        refused="NPV202",
    ),
    Row(
        33,
        "written as a custom resource, an empty list of egress rules without types isolates egress alone",
        native("db", _DEFAULT_DENY),
        calico("db", f"{{order: 1000, selector: {DB}, egress: []}}"),
        (*_INTO_DB, Seen(NATIVE, src="shop/db")),
        assume={"calico_input": "native"},
    ),
    Row(
        34,
        "one policy for two subjects gives each the rules of both",
        documents(native("db", _API_IN), native("web", "{podSelector: {matchLabels: {app: web}}, ingress: [{}]}")),
        calico(
            "both",
            f"{{order: 1000, selector: \"{P} && (app == 'db' || app == 'web')\", types: [Ingress], ingress: [{_FROM_API}, {{action: Allow}}]}}",
        ),
        _INTO_DB,
    ),
    Row(
        34,
        "one policy for one subject takes a direction's rules only from those that declare it",
        documents(
            native("db-in", _API_IN),
            native(
                "db-out", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress], egress: [{}], ingress: [{}]}"
            ),
        ),
        calico(
            "db",
            f"{{order: 1000, selector: {DB}, types: [Ingress, Egress], ingress: [{_FROM_API}, {{action: Allow}}], egress: [{{action: Allow}}]}}",
        ),
        _INTO_DB,
    ),
    Row(
        38,
        "back again: a rule that denies has no native form, and without it more is allowed",
        calico(
            "db",
            f"{{order: 1000, selector: {DB}, types: [Ingress], ingress: [{{action: Deny, source: {{selector: app == 'web'}}}}, {{action: Allow}}]}}",
        ),
        native("db", "{podSelector: {matchLabels: {app: db}}, ingress: [{}]}"),
        (Seen(NAIVE, "shop/web", "shop/db"),),
        same=False,  # there is nothing native to translate
    ),
]
