"""A report as JUnit XML, in the dialect that Jenkins, GitLab and Azure read (jenkinsci/xunit-plugin, junit-10.xsd).

Each item is a test case: what failed is a `failure`, what could not be decided an `error`, and what is only a warning, a note or
silenced counts as skipped, with its message. Times are there only if they were asked for, so that equal runs give equal bytes.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from npverify.report.items import Item, Report, State
from npverify.report.places import Root


def junit(report: Report, root: Root) -> str:
    """The document; ends with a line break."""
    suite = ET.Element("testsuite", name=f"npverify {report.command}")
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for item in report.items:
        case = _case(item, report.command, root)
        for name in counts:
            counts[name] += case.find(name) is not None
        suite.append(case)
    suite.set("tests", str(len(report.items)))
    suite.set("failures", str(counts["failure"]))
    suite.set("errors", str(counts["error"]))
    suite.set("skipped", str(counts["skipped"]))
    if any(item.seconds is not None for item in report.items):
        suite.set("time", f"{sum(item.seconds or 0 for item in report.items):.3f}")
    ET.SubElement(suite, "system-out").text = _legal("\n".join((report.headline, *report.notes)))
    suites = ET.Element("testsuites", name="npverify")
    suites.append(suite)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _case(item: Item, command: str, root: Root) -> ET.Element:
    path = root.path(item.span.file) if item.span is not None else None
    name = item.title if command != "lint" else f"{item.title}: {item.message}"
    case = ET.Element("testcase", name=_legal(name), classname=_legal(f"npverify.{command}"))
    if item.span is not None and path is not None:
        case.set("file", _legal(path))
        if item.span.line:
            case.set("line", str(item.span.line))
    if item.seconds is not None:
        case.set("time", f"{item.seconds:.3f}")
    if item.state is State.PASSED:
        return case
    message = _legal(item.message)
    if item.silenced:
        ET.SubElement(case, "skipped", message=_legal(f"silenced: {item.silenced}: {item.message}"))
    elif item.state is State.OPEN:
        ET.SubElement(case, "error", message=message, type=item.rule).text = _legal(item.detail)
    elif item.level == "error":
        ET.SubElement(case, "failure", message=message, type=item.rule).text = _legal(item.detail)
    else:
        ET.SubElement(case, "skipped", message=_legal(f"{item.level}: {item.message}"))
        ET.SubElement(case, "system-out").text = _legal(item.detail)
    return case


def _legal(text: str) -> str:
    """Text without the characters that XML 1.0 has no form for (section 2.2 there), spelled out instead."""
    return "".join(c if _is_legal(c) else repr(c)[1:-1] for c in text)


def _is_legal(char: str) -> bool:
    return char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"
