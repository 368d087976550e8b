"""Reads the rules of policies and profiles, with the checks that the API server makes of them.

Checks: projectcalico/calico libcalico-go/lib/validator/v3/validator.go (validateRule, validateEntityRule) and the rules on
the types in api/pkg/apis/projectcalico/v3/policy_common.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from npverify.dialects.calico.fields import children
from npverify.dialects.calico.read_http import http
from npverify.dialects.calico.read_nets import check_families, check_set, rule_nets
from npverify.dialects.calico.read_ports import WITH_ICMP, WITH_PORTS, icmp, ports, protocol
from npverify.dialects.calico.read_selector import of_namespaces, without_global
from npverify.dialects.calico.resources import Accounts, Entity, Rule, Service
from npverify.dialects.calico.way import Where
from npverify.dialects.kubernetes_read import Parts
from npverify.ingest.fields import Fields, nearest
from npverify.ingest.source import Span
from npverify.inventory.addresses import FAMILIES, Family
from npverify.inventory.syntax import is_subdomain
from npverify.normal.policy import Action, Direction

ACTIONS = {"Allow": Action.ALLOW, "Deny": Action.DENY, "Log": Action.LOG, "Pass": Action.PASS}
MOST_RULES, MOST_NETS, MOST_PORTS = 1024, 256, 50
SERVICES_AT = {Direction.INGRESS: "source", Direction.EGRESS: "destination"}


def rules(spec: Fields, where: Where, parts: Parts) -> tuple[Rule, ...]:
    """The rules of one direction, in their order; equal ones of other policies are among the `parts`."""
    section = str(where.direction)
    for index, item in enumerate(spec.items(section)):
        if item is None:
            spec.error("NPV207", f"empty item in `{section}`", section, index, fix="write a rule, or remove it")
    check_size(spec, section, MOST_RULES)
    found = ((index, fields) for index, fields in spec.maps(section) if spec.items(section)[index] is not None)
    what = f"{where.kind} {section}"
    made = []
    for index, fields in found:
        rule = parts.read(what, fields, fields.value, lambda fields=fields: _rule(fields, where, parts))  # type: ignore[misc]
        made.append(rule._replace(label=f"{section}[{index}]", span=fields.span_later()))
    return tuple(made)


def check_size(fields: Fields, key: str, most: int) -> None:
    """Warn of a list that is longer than newer versions take."""
    if (count := len(fields.items(key))) > most:
        message = f"`{key}` has {count} items; versions after 3.32 take at most {most}"
        fields.warn("NPV238", message, key, fix="split it")


def _rule(fields: Fields, where: Where, parts: Parts) -> Rule:
    """A rule without its place, of which nothing that is said may hang on another rule."""
    fields.only(children(where.kind, where.path), f"{where.direction} rule")
    _metadata(fields, where)
    action = _action(fields)
    version = _ip_version(fields)
    positive, negative = protocol(fields, "protocol", where.way), protocol(fields, "notProtocol", where.way)
    rule = Rule(
        action,
        version,
        positive,
        negative,
        icmp(fields, "icmp", where.path, where.kind),
        icmp(fields, "notICMP", where.path, where.kind),
        _entity(fields, "source", where, parts),
        _entity(fields, "destination", where, parts),
        http(fields, where, action, positive),
        "",
        Span(""),
    )
    _check_icmp(fields, rule)
    _check_ports(fields, rule)
    sides = (("source", rule.source), ("destination", rule.destination))
    lists = {(side, "nets"): entity.nets for side, entity in sides}
    lists |= {(side, "notNets"): entity.not_nets for side, entity in sides}
    check_families(fields, version, lists, where.way)
    return rule


def _action(fields: Fields) -> Action:
    text = fields.text("action")
    if text in ACTIONS:
        return ACTIONS[text]
    if not fields.has("action"):
        fields.error("NPV210", "`action` of a rule is missing", fix=f"write one of {', '.join(ACTIONS)}")
    elif text is not None:
        fix = nearest(text, ACTIONS) or f"use one of {', '.join(ACTIONS)}"
        fields.error("NPV210", f"unknown action `{text}`", "action", fix=fix)
    return Action.DENY


def _ip_version(fields: Fields) -> Family | None:
    number = fields.integer("ipVersion")
    version = next((family for family in FAMILIES if family == number), None)
    if number is not None and version is None:
        fields.error("NPV226", f"there is no IP version {number}", "ipVersion", fix="use 4 or 6")
    return version


def _metadata(fields: Fields, where: Where) -> None:
    if inner := fields.map("metadata"):
        inner.only(children(where.kind, f"{where.path}.metadata"), "metadata of a rule")
        inner.text_map("annotations")


def _check_icmp(fields: Fields, rule: Rule) -> None:
    if rule.icmp is not None and _readable(fields, "protocol", rule.protocol) and rule.protocol not in WITH_ICMP:
        fix = "write `protocol: ICMP` or `protocol: ICMPv6`"
        fields.error("NPV224", "`icmp` needs the protocol ICMP or ICMPv6", "icmp", key=True, fix=fix)
    if rule.not_icmp is not None and _readable(fields, "protocol", rule.protocol) and rule.protocol not in WITH_ICMP:
        message = "`notICMP` without the protocol ICMP or ICMPv6 is not modelled: dataplanes differ about other packets"
        fix = "write `protocol: ICMP` or `protocol: ICMPv6`"
        fields.error("NPV225", message, "notICMP", key=True, fix=fix)
    elif rule.not_icmp is not None and rule.not_icmp.code is not None:
        # felix/nftables/match_builder.go NotICMPTypeAndCode; iptables negates the pair
        message = "with nftables `notICMP` matches what has neither this type nor this code; it is read as iptables and BPF do"
        fix = "write two rules: one with `icmp` for what is excepted, and behind it one without"
        fields.warn("NPV209", message, "notICMP", "code", key=True, fix=fix)
    for key, text in (("protocol", rule.protocol), ("notProtocol", rule.not_protocol)):
        for names, version in ((("ICMP", "1"), 4), (("ICMPv6", "58"), 6)):
            if text in names and rule.ip_version not in (None, version):
                message = f"`{key}: {text}` is a protocol of IPv{version}, and the rule is for IPv{rule.ip_version}"
                fields.error("NPV224", message, key, fix=f"write `ipVersion: {version}`, or the other protocol")


def _readable(fields: Fields, key: str, value: object) -> bool:
    """Whether a field is absent or was read; one that is wrong has its own message."""
    return value is not None or not fields.has(key)


def _check_ports(fields: Fields, rule: Rule) -> None:
    if not _readable(fields, "protocol", rule.protocol) or rule.protocol in WITH_PORTS:
        return
    for side, entity in (("source", rule.source), ("destination", rule.destination)):
        for key, listed in (("ports", entity.ports), ("notPorts", entity.not_ports)):
            if rule.protocol is None and any(not isinstance(port, str) for port in listed):
                message = f"numeric ports in `{key}` need a protocol"
                fields.error("NPV222", message, side, key, fix="write `protocol: TCP`, UDP or SCTP")
            elif rule.protocol is not None and listed:
                message = f"protocol {rule.protocol} has no ports"
                fields.error("NPV222", message, side, key, fix="remove the ports, or use TCP, UDP or SCTP")


def _entity(rule: Fields, side: str, where: Where, parts: Parts) -> Entity:
    fields = rule.map(side)
    if fields is None:
        return Entity()
    what = f"{where.kind} {where.direction} {side}"
    return parts.read(what, fields, fields.value, lambda: _new_entity(fields, side, where))


def _new_entity(fields: Fields, side: str, where: Where) -> Entity:
    way = where.way
    fields.only(children(where.kind, f"{where.path}.{side}"), f"{side} of a rule")
    for key, most in (("nets", MOST_NETS), ("notNets", MOST_NETS), ("ports", MOST_PORTS), ("notPorts", MOST_PORTS)):
        check_size(fields, key, most)
    return Entity(
        rule_nets(fields, "nets", way),
        rule_nets(fields, "notNets", way),
        without_global(fields, "selector", way),
        without_global(fields, "notSelector", way),
        of_namespaces(fields, "namespaceSelector", way),
        _services(fields, side, where),
        _accounts(fields, f"{where.path}.{side}", where),
        ports(fields, "ports"),
        ports(fields, "notPorts"),
        _domains(fields),
    )


def _accounts(fields: Fields, path: str, where: Where) -> Accounts | None:
    inner = fields.map("serviceAccounts")
    if inner is None:
        return None
    inner.only(children(where.kind, f"{path}.serviceAccounts"), "serviceAccounts")
    names = tuple(inner.texts("names"))
    check_set(inner, "names", where.way)
    for index, name in enumerate(inner.items("names")):
        if isinstance(name, str) and not is_subdomain(name):
            message = f"`{name}` is not a name of a service account"
            fix = "use at most 253 of `a-z`, `0-9`, `-` and `.`"
            # a quote would end the text into which Calico puts the name
            tell = inner.error if "'" in name else inner.warn
            tell("NPV249", message, "names", index, fix=fix)
    return Accounts(names, without_global(inner, "selector", where.way))


def _domains(fields: Fields) -> tuple[str, ...]:
    found = tuple(fields.texts("domains"))
    if found:
        message = "`domains` belongs to the commercial editions; which addresses it matches is not known"
        fields.warn("NPV236", message, "domains", key=True, fix="give the addresses as `nets`")
    return found


def _services(fields: Fields, side: str, where: Where) -> Service | None:
    inner = fields.map("services")
    if inner is None:
        return None
    inner.only(children(where.kind, f"{where.path}.{side}.services"), "services")
    name, namespace = inner.text("name") or "", inner.text("namespace") or ""
    for message, at, fix in _against_services(fields, inner, side, where):
        fields.error("NPV229", message, *at, key=len(at) == 1, fix=fix)
    if name and not namespace and where.kind in ("NetworkPolicy", "StagedNetworkPolicy"):
        message = "`services` without a namespace matches nothing, other than documented"
        fix = f"write `namespace: {fields.doc.namespace or 'default'}` too"
        inner.warn("NPV234", message, fix=fix)
    return Service(namespace, name)


def _against_services(
    fields: Fields, inner: Fields, side: str, where: Where
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """What keeps `services` from standing here: message, place, mend."""
    if side != SERVICES_AT[where.direction]:
        yield (
            f"`services` cannot stand in the {side} of an {where.direction} rule",
            ("services",),
            f"move it to `{SERVICES_AT[where.direction]}`, or the rule to the other direction",
        )
    if not inner.has("name") or inner.value["name"] == "":
        yield "`services` needs the name of a Service", ("services",), "write `name` and `namespace`"
    for key in ("name", "namespace"):
        text = inner.value.get(key)
        if isinstance(text, str) and text and not is_subdomain(text):
            yield f"`{text}` is not a {key} that a Service can have", ("services", key), "use `a-z`, `0-9` and `-`"
    if not inner.value.get("namespace") and where.kind not in ("NetworkPolicy", "StagedNetworkPolicy"):
        yield f"`services` in a {where.kind} needs a namespace", ("services",), "write `namespace` too"
    excluded = ["selector", "notSelector", "namespaceSelector", "nets", "notNets"]
    if side == "destination":
        excluded += ["ports", "notPorts"]
    clashing = [key for key in excluded if fields.value.get(key)]
    if fields.has("serviceAccounts"):
        clashing.append("serviceAccounts")
    for key in clashing:
        yield (
            f"`{key}` cannot stand beside `services`",
            (key,),
            "remove one of the two; the ports are those of the Service",
        )
