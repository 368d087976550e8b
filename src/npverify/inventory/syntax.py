"""The spelling rules of names, labels and ports.

Source: kubernetes/apimachinery pkg/api/validate/content/{dns,kube}.go and pkg/util/validation/validation.go.
"""

from __future__ import annotations

import re
from functools import lru_cache

from npverify.ingest.document import Document
from npverify.ingest.fields import Fields
from npverify.ingest.source import Problems

PROTOCOLS = ("TCP", "UDP", "SCTP")

_DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_DNS_LABEL.pattern}(?:\.{_DNS_LABEL.pattern})*")
_QUALIFIED = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_PORT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@lru_cache(maxsize=1 << 16)
def is_dns_label(text: str) -> bool:
    """Whether `text` can be the name of a namespace or Service."""
    return len(text) <= 63 and _DNS_LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Whether `text` can be the name of any other object."""
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


@lru_cache(maxsize=1 << 16)
def is_label_key(text: str) -> bool:
    """Whether `text` is a label key: an optional DNS subdomain and `/`, then a name."""
    prefix, slash, name = text.rpartition("/")
    return (not slash or is_subdomain(prefix)) and len(name) <= 63 and _QUALIFIED.fullmatch(name) is not None


@lru_cache(maxsize=1 << 16)
def is_label_value(text: str) -> bool:
    """Whether `text` is a label value: empty, or at most 63 characters of a name."""
    return not text or (len(text) <= 63 and _QUALIFIED.fullmatch(text) is not None)


def is_port_name(text: str) -> bool:
    """Whether `text` can name a container port."""
    return (
        len(text) <= 15
        and _PORT_NAME.fullmatch(text) is not None
        and "--" not in text
        and any(char.isalpha() for char in text)
    )


def check_labels(doc: Document, labels: dict[str, str], problems: Problems, *path: str | int) -> None:
    """Report the labels at `path` that the API would refuse."""
    for key, value in labels.items():
        if not is_label_key(key):
            fix = "use at most 63 letters, digits, `-`, `_` and `.`, behind an optional DNS name and `/`"
            Fields.of(doc, problems).error("NPV032", f"`{key}` is not a label key", *path, key, fix=fix, key=True)
        if not is_label_value(value):
            fix = "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
            Fields.of(doc, problems).error(
                "NPV033", f"`{value}` is not a value of a label (`{key}`)", *path, key, fix=fix
            )
