"""Requests of Kafka as Cilium's proxy tells them apart: by key, version, client and topic.

Source: cilium/cilium pkg/policy/api/kafka/kafka.go (APIKeyMap, GetAPIKeys); cilium/proxy proxylib/kafka/kafkalib policy.go
(isTopicAPIKey) and request.go (setTopics, extractClientID). Requests about several topics are let through where those about each
alone are, so that a request has one here.
"""

from __future__ import annotations

import re

WITH_TOPIC = ("produce", "fetch", "metadata", "offsets", "offsetcommit", "offsetfetch")
"""The requests of which the proxy reads the topics."""
UNREAD = (
    "createtopics", "deletetopics", "deleterecords", "createpartitions", "leaderandisr", "stopreplica", "updatemetadata",
    "offsetforleaderepoch", "addpartitionstotxn", "writetxnmarkers", "txnoffsetcommit", "alterreplicalogdirs", "describelogdirs",
)  # fmt: skip
"""Those that have topics which it does not read: a rule with a topic lets none of them through."""
WITHOUT_TOPIC = (
    "apiversions", "findcoordinator", "joingroup", "heartbeat", "leavegroup", "syncgroup", "describegroups", "listgroups",
    "saslhandshake", "saslauthenticate", "initproducerid", "addoffsetstotxn", "endtxn", "describeacls", "createacls", "deleteacls",
    "describeconfigs", "alterconfigs", "controlledshutdown", "createdelegationtoken",
)  # fmt: skip
"""Those that have none, whatever topic a rule has. The last stands for all that came after it, which no rule can name."""
KEYS = (*WITH_TOPIC, *UNREAD, *WITHOUT_TOPIC)
NAMELESS = ("createpartitions", "alterreplicalogdirs", "describelogdirs", "saslauthenticate", "createdelegationtoken")
"""Those that no rule can name."""
ROLES = {
    "produce": ("produce", "metadata", "apiversions"),
    "consume": (
        "fetch", "offsets", "metadata", "offsetcommit", "offsetfetch", "findcoordinator", "joingroup", "heartbeat", "leavegroup",
        "syncgroup", "apiversions",
    ),
}  # fmt: skip
"""The keys that a role in a rule stands for."""

_TOPIC = re.compile(r"[a-zA-Z0-9\\._-]{1,255}")


def key_of(word: str) -> str | None:
    """The request of a name in any case; `consume` is the one that reads, `fetch`. None if there is none."""
    name = word.lower()
    return "fetch" if name == "consume" else name if name in KEYS else None


def is_topic(text: str) -> bool:
    """Whether rules may name such a topic."""
    return _TOPIC.fullmatch(text) is not None
