"""Reads the entries of `kafka`: a role or key, a version, a client and a topic that a request must have.

Source: cilium/cilium pkg/policy/api/kafka/kafka.go (PortRule.Sanitize, GetAPIKeys).
"""

from __future__ import annotations

import re

from npverify.dialects.cilium.fields import children
from npverify.dialects.cilium.values import KafkaText
from npverify.ingest.fields import Fields, nearest
from npverify.normal.kafka import KEYS, NAMELESS, ROLES, is_topic

__all__ = ["read_kafka"]

_KEYS = tuple(key for key in KEYS if key not in NAMELESS)
_VERSION = re.compile(r"[+]?[0-9]{1,9}")


def read_kafka(fields: Fields, path: str, kind: str) -> KafkaText:
    """One entry; what is wrong with it, so that the agent refuses it, is reported."""
    fields.only(children(kind, path), "kafka")
    role, key, version, client, topic = (
        fields.text(name) or "" for name in ("role", "apiKey", "apiVersion", "clientID", "topic")
    )
    keys = ROLES.get(role.lower(), ())
    if role and key:
        fields.error("NPV666", "`role` and `apiKey` cannot stand side by side", "apiKey", fix="keep one", key=True)
    elif role and not keys:
        fix = "write `produce` or `consume`, or `apiKey` for one request"
        fields.error("NPV666", f"`{role}` is no role of Kafka", "role", fix=fix)
    elif key and key.lower() not in _KEYS:
        fix = nearest(key.lower(), _KEYS) or "write one such as `produce`, `fetch` or `metadata`"
        fields.error("NPV666", f"`{key}` is no request of Kafka that Cilium knows", "apiKey", fix=fix)
    elif key:
        keys = (key.lower(),)
    if topic and not is_topic(topic):
        fix = "use at most 255 letters, digits, `.`, `_` and `-`; there are no patterns"
        fields.error("NPV667", f"`{topic}` is no name of a topic", "topic", fix=fix)
    if version and not (_VERSION.fullmatch(version) and int(version) < 1 << 15):
        fix = 'write a number from 0 to 32767 in quotes, such as "3"'
        fields.error("NPV667", f"`{version}` is no version of a request", "apiVersion", fix=fix)
        version = ""
    return KafkaText(keys, int(version) if version else None, client, topic)
