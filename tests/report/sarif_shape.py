"""What SARIF 2.1.0 asks of the parts that a report uses, told once more: each object's keys, and which it must have.

After the properties of the specification (OASIS, SARIF 2.1.0, section 3) that npverify writes; whatever else appears is an error
here, although SARIF may know it. The tests hold the output against the published schema as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Shape(NamedTuple):
    """The keys of an object, with the shape of each value: a type, a set of words, a shape, or a list of one of these."""

    must: Mapping[str, Any]
    may: Mapping[str, Any] = {}


TEXT = Shape({"text": str})
ARTIFACT = Shape({"uri": str, "uriBaseId": {"SRCROOT"}})
PHYSICAL = Shape({"artifactLocation": ARTIFACT}, {"region": Shape({"startLine": int}, {"startColumn": int})})
STEP = Shape({"location": Shape({"message": TEXT}, {"physicalLocation": PHYSICAL})})
RESULT = Shape(
    {
        "ruleId": str,
        "ruleIndex": int,
        "kind": {"pass", "open", "fail"},
        "level": {"none", "note", "warning", "error"},
        "message": TEXT,
        "partialFingerprints": Shape({"npverify/v1": str}),
    },
    {
        "locations": [Shape({"physicalLocation": PHYSICAL})],
        "codeFlows": [Shape({"threadFlows": [Shape({"locations": [STEP]})]})],
        "relatedLocations": [Shape({"id": int, "message": TEXT, "physicalLocation": PHYSICAL})],
        "suppressions": [Shape({"kind": {"inSource", "external"}, "justification": str})],
    },
)
RULE = Shape({"id": str, "name": str, "shortDescription": TEXT}, {"fullDescription": TEXT, "help": TEXT})
RUN = Shape(
    {
        "tool": Shape({"driver": Shape({"name": {"npverify"}, "semanticVersion": str, "rules": [RULE]})}),
        "results": [RESULT],
        "columnKind": {"unicodeCodePoints", "utf16CodeUnits"},
        "originalUriBaseIds": Shape({"SRCROOT": Shape({"description": TEXT})}),
        "invocations": [Shape({"executionSuccessful": bool})],
        "automationDetails": Shape({"id": str}),
    }
)
LOG = Shape({"$schema": str, "version": {"2.1.0"}, "runs": [RUN]})


def wrong(value: object, shape: object, at: str = "$") -> Iterator[str]:
    """What of a value does not have the shape."""
    if isinstance(shape, Shape):
        if not isinstance(value, dict):
            yield f"{at} is no object"
            return
        yield from (f"{at}.{key} is missing" for key in shape.must.keys() - value.keys())
        for key, inner in value.items():
            known = shape.must.get(key, shape.may.get(key))
            yield from [f"{at}.{key} is unknown"] if known is None else wrong(inner, known, f"{at}.{key}")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{at} is no list"
            return
        for number, inner in enumerate(value):
            yield from wrong(inner, shape[0], f"{at}[{number}]")
    elif isinstance(shape, set):
        if value not in shape:
            yield f"{at} is {value!r}"
    elif type(value) is not shape or (value == "" or (shape is int and at[-4:] == "Line" and value < 1)):
        yield f"{at} is {value!r}"
