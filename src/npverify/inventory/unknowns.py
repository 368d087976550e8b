"""Facts that nobody can know from files, as named variables: switches, opaque atoms, run-time labels.

A *reading* gives each of them a value. Proofs hold under every reading; a counterexample names the reading it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ABSENT = "<absent>"
"""Value of an unknown label that is not there."""
OTHER = "<other>"
"""Value of an open unknown that nothing in the input mentions."""
NO_TEXTS = frozenset((ABSENT, OTHER))
"""Values that are no texts: no label has them, whatever a selector asks for."""

FACT = ("false", "true")
"""The values of a fact, which is named by the sentence that is true or false."""

Reading = Mapping[str, str]
"""Name of an unknown to its value; an unknown that is not listed has its default."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable that is not known.

    `values`   every value it can take, the default first; an open unknown can take any further text as well
    `kind`     switch: a behaviour that the plugin chooses; label: a label's value (ABSENT if it is not there);
               fact: anything else, with the values "false" and "true"
    `phrase`   completes "only if …" for one value, with {value} in it: "pods run with a {value} dataplane"
    `of_flow`  of two flows in one cluster it may have two values
    """

    name: str
    values: tuple[str, ...]
    kind: Literal["switch", "label", "fact"] = "fact"
    open: bool = False
    phrase: str = ""
    of_flow: bool = False

    @property
    def default(self) -> str:
        """The value of the default reading."""
        return self.values[0]

    def may_be(self, value: str) -> bool:
        """Whether it can have a value: one of its own, or if it is open any text that a label may have, of which none begins
        like `NO_TEXTS`."""
        return value in self.values or (self.open and not value.startswith("<"))

    def value_in(self, reading: Reading) -> str:
        """The value that a reading gives it."""
        return reading.get(self.name, self.values[0])


def fact(name: str, *, of_flow: bool = False) -> Unknown:
    """An opaque Boolean; false in the default reading."""
    return Unknown(name, FACT, of_flow=of_flow)


_RESOLVES = " resolves to the address of the "


def resolution(domain: str, end: str) -> Unknown:
    """That a domain name stands for the address of one end of the flow, called `end`."""
    return fact(f"{domain}{_RESOLVES}{end}")


def resolved_name(unknown: Unknown, end: str) -> str | None:
    """The domain name, or the pattern, of which an unknown says that it stands for the address of an end; None: it says none."""
    name, said, which = unknown.name.partition(_RESOLVES)
    return name if said and which == end and unknown.kind == "fact" else None


def is_resolution(unknown: Unknown) -> bool:
    """Whether an unknown is about what a domain name stands for."""
    return unknown.kind == "fact" and _RESOLVES in unknown.name


def namespace_label(namespace: str, key: str) -> Unknown:
    """The value of a label of a namespace that is used but not declared."""
    return Unknown(f"label {key} of namespace {namespace}", (ABSENT, OTHER), "label", open=True)


def account_label(namespace: str, account: str, key: str) -> Unknown:
    """The value of a label of a service account that is used but not declared."""
    name = f"label {key} of service account {namespace}/{account}"
    return Unknown(name, (ABSENT, OTHER), "label", open=True)


def label_text(label: Unknown, test: str, text: str) -> Unknown:
    """Whether a label of unknown value, if it is there, passes a test on its text; independent of the value that is
    assumed for it, so that there are more readings than can be and never fewer."""
    shown = text.replace("{", "{{").replace("}", "}}")
    phrase = f"that the {label.name} {test} `{shown}` is {{value}}"
    return Unknown(f"{test} `{text}`: {label.name}", ("false", "true"), "label", phrase=phrase)


def runtime_label(owner: str, key: str, *, may_be_absent: bool = False, known: str | None = None) -> Unknown:
    """The value of a label that a controller sets when it creates the pod; `known` is its value if it is there at all."""
    if known is not None:
        return Unknown(f"label {key} of {owner}", (known, ABSENT), "label")
    values = (OTHER, ABSENT) if may_be_absent else (OTHER,)
    return Unknown(f"label {key} of {owner}", values, "label", open=True)
