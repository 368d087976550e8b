"""Naive translations that get order, tier, action or the moment wrong."""

from __future__ import annotations

from naive_row import DB, NAIVE, NATIVE, P, Row, Seen, calico, documents, native

DENY_DB = "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}"
API_TO_DB = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 5432}]}]}"

_FROM_API = f"{{selector: \"{P} && app == 'api'\"}}"
_TO_SQL = "{ports: [5432]}"


def allow_api(order: str = "order: 1000, ", tier: str = "default", action: str = "Allow") -> str:
    """The right translation of `API_TO_DB`, with one thing changed."""
    rule = f"{{action: {action}, protocol: TCP, source: {_FROM_API}, destination: {_TO_SQL}}}"
    return f"{{tier: {tier}, {order}selector: {DB}, types: [Ingress], ingress: [{rule}]}}"


def deny_api(order: str) -> str:
    """An existing policy of the user that denies what `API_TO_DB` allows."""
    return f"{{order: {order}, selector: app == 'db', types: [Ingress], ingress: [{{action: Deny, source: {{selector: app == 'api'}}}}]}}"


_LOST = (Seen(NATIVE, "shop/api", "shop/db", "TCP", 5432),)
_WON = (Seen(NAIVE, "shop/api", "shop/db", "TCP", 5432),)

ROWS = [
    Row(
        1,
        "without an order the policy comes after every other, also after a Deny that the native one shadowed",
        native("allow-api", API_TO_DB),
        calico("allow-api", allow_api(order="")),
        _LOST,
        around=calico("guard", deny_api("5000")),
    ),
    Row(
        2,
        "a smaller order comes before a Deny that came before the native policy",
        native("allow-api", API_TO_DB),
        calico("allow-api", allow_api(order="order: 100, ")),
        _WON,
        around=calico("guard", deny_api("500")),
    ),
    Row(
        2,
        "order 1001 comes after a Deny at 1000.5",
        native("allow-api", API_TO_DB),
        calico("allow-api", allow_api(order="order: 1001, ")),
        _LOST,
        around=calico("guard", deny_api("1000.5")),
    ),
    Row(
        3,
        "another name may change sides with a policy of the same order",
        native("allow-api", API_TO_DB),
        calico("new-allow-api", allow_api()),
        _LOST,
        around=calico("guard", deny_api("1000")),
    ),
    Row(
        3,
        "up to 3.31 even the same name changes sides, because native policies came behind the others of their namespace",
        native("allow-api", API_TO_DB),
        calico("allow-api", allow_api()),
        _WON,
        around=calico("guard", deny_api("1000")),
        version="3.31",
        same=False,  # no name of the translator's would do: the proof fails, and nothing is written
    ),
    Row(
        5,
        "a Deny rule for the default deny shadows what other policies of the same order allow",
        documents(
            native("allow-api", API_TO_DB), native("a-default-deny", "{podSelector: {}, policyTypes: [Ingress]}")
        ),
        documents(
            calico("allow-api", allow_api()),
            calico(
                "a-default-deny", f'{{order: 1000, selector: "{P}", types: [Ingress], ingress: [{{action: Deny}}]}}'
            ),
        ),
        _LOST,
    ),
    Row(
        12,
        "a policy that moves to an earlier tier denies there what the policies that stay behind allow",
        native("default-deny", DENY_DB),
        calico("default-deny", f"{{tier: early, order: 1000, selector: {DB}, types: [Ingress]}}"),
        _LOST,
        around=documents(calico("early", "{order: 100}", "Tier", ""), native("allow-api", API_TO_DB)),
    ),
    Row(
        12,
        "in a tier that passes, the isolation is gone",
        native("default-deny", DENY_DB),
        calico("default-deny", f"{{tier: early, order: 1000, selector: {DB}, types: [Ingress]}}"),
        (Seen(NAIVE, dst="shop/db"),),
        around=calico("early", "{order: 100, defaultAction: Pass}", "Tier", ""),
    ),
    Row(
        13,
        "Pass hands over to later tiers, where Allow is the last word",
        native("allow-api", API_TO_DB),
        calico("allow-api", allow_api(action="Pass")),
        _LOST,
        around=documents(
            calico("late", "{order: 2000000}", "Tier", ""),
            calico("late.guard", "{tier: late, " + deny_api("1").removeprefix("{")),
        ),
    ),
    Row(
        14,
        "a tier without an order comes after the baseline, whose Deny the native policy was before",
        native("allow-api", API_TO_DB),
        calico("last.allow-api", allow_api(tier="last")),
        _LOST,
        around=documents(
            calico("last", "{}", "Tier", ""),
            "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: baseline}\n"
            "spec: {tier: Baseline, priority: 1, subject: {namespaces: {}}, "
            "ingress: [{action: Deny, from: [{namespaces: {}}]}]}\n",
        ),
    ),
    Row(
        32,
        "a staged policy enforces nothing",
        native("default-deny", DENY_DB),
        calico("default-deny", f"{{order: 1000, selector: {DB}, types: [Ingress]}}", "StagedNetworkPolicy"),
        (Seen(NAIVE, dst="shop/db"),),
    ),
    Row(
        35,
        "between deleting the old and creating the new ones pods are open",
        native("default-deny", DENY_DB),
        "",
        (Seen(NAIVE, dst="shop/db"),),
    ),
    Row(
        37,
        "an order in quotes is no number, and refused",
        native("default-deny", DENY_DB),
        calico("default-deny", f"{{order: '1000', selector: {DB}, types: [Ingress]}}"),
        refused="NPV215",
    ),
]
