"""Reads one element of a rule: its peers, its ports or ICMP messages, and whether it wants authentication.

Source: cilium/cilium pkg/policy/api/ingress.go, egress.go, rule_validation.go (IngressCommonRule.sanitize and the like).
"""

from __future__ import annotations

from npverify.dialects.cilium.fields import children
from npverify.dialects.cilium.icmp import read_icmps
from npverify.dialects.cilium.read_peers import read_peers
from npverify.dialects.cilium.read_ports import read_port_rule
from npverify.dialects.cilium.settings import Settings
from npverify.dialects.cilium.values import Element
from npverify.ingest.fields import Fields, nearest

__all__ = ["read_element"]

_MODES = ("disabled", "required", "test-always-fail")


def read_element(fields: Fields, path: str, label: str, kind: str, settings: Settings, *, host: bool) -> Element:
    """The element at `path`, which is how its fields stand in the table of fields; `label` is where it is in the object."""
    section = path.rpartition(".")[2]
    deny, egress = "Deny" in section, section.startswith("egress")
    side = "to" if egress else "from"
    known = children(kind, path)
    if deny and "toFQDNs" in fields.value:
        fix = "write CIDRs, or allow the names that are meant and nothing else"
        fields.error("NPV514", "`toFQDNs` cannot be denied", "toFQDNs", fix=fix, key=True)
        known = (*known, "toFQDNs")
    fields.only(known, f"{section} element")
    peers = read_peers(fields, path, side, kind, settings)
    rules = None
    if fields.value.get("toPorts") is not None:
        rules = tuple(
            read_port_rule(item, f"{path}.toPorts[]", kind, settings, deny=deny, egress=egress, host=host)
            for _, item in fields.maps("toPorts")
        )
    icmps = read_icmps(fields) if fields.value.get("icmps") else None
    if rules and icmps is not None:
        fix = "make two elements of them"
        fields.error("NPV515", "an element cannot have both `toPorts` and `icmps`", "icmps", fix=fix, key=True)
    if rules and peers.services and not deny and settings.version < (1, 16):
        message = (
            "before Cilium 1.16 an element cannot have both `toServices` and `toPorts`: the object is not enforced"
        )
        fields.error("NPV535", message, "toServices", fix="leave `toPorts` out", key=True)
    return Element(deny, peers, rules, icmps, _authentication(fields), label, fields.span())


def _authentication(fields: Fields) -> str:
    given = fields.map("authentication")
    if given is None:
        return ""
    given.only(("mode",), "authentication")
    mode = given.text("mode")
    if mode not in _MODES:
        fix = nearest(mode or "", _MODES) or f"use one of {', '.join(_MODES)}"
        given.error("NPV516", f"unknown mode of authentication `{mode}`", *(["mode"] if mode else []), fix=fix)
    return mode or ""
