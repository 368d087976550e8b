"""Reads where an item of `toPorts` sends connections: to a parser of requests, through TLS, to a listener of Envoy.

Source: cilium/cilium pkg/policy/l4.go createL4Filter, which takes the parser from `rules`, `serverNames` or `listener`.
Everything is checked elsewhere (read_ports.py); here nothing is reported.
"""

from __future__ import annotations

import json

from npverify.dialects.cilium.values import Redirect
from npverify.ingest.fields import Fields

__all__ = ["read_redirect"]

_PARSERS = ("http", "kafka", "dns")


def read_redirect(fields: Fields) -> Redirect:
    """Where the connections of this item go before they reach their end."""
    rules = fields.value.get("rules")
    listener = _text(fields.value.get("listener"))
    names = bool(fields.value.get("serverNames"))
    tls = (_text(fields.value.get("terminatingTLS")), _text(fields.value.get("originatingTLS")))
    parser = "listener" if listener else "tls" if names or any(tls) else ""
    if isinstance(rules, dict):
        parser = next((name for name in _PARSERS if rules.get(name)), str(rules.get("l7proto") or parser))
    return Redirect(parser, tls, listener, names)


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=str) if value else ""
