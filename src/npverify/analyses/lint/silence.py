"""Findings that somebody has accepted, each with a reason and perhaps a day until which that holds.

Four ways to say so: an annotation of the object (`npverify.io/ignore: "CODE reason"`, one rule a line), a comment at the line of the
finding or above it (`# npverify: ignore CODE reason`), an entry of `suppress` in the config file, and a baseline of findings that
were there before. A silence that has run out silences nothing, and one that silences nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from npverify.analyses.lint.findings import Finding, How, Silenced
from npverify.analyses.lint.registry import check_code
from npverify.dialects.lint import IGNORE
from npverify.ingest.source import Problems, Span
from npverify.normal.policy import PolicyId

COMMENT = "# npverify: ignore"
_COMMENT = re.compile(r"#[ \t]*npverify:[ \t]*ignore\b[ \t]*(?P<text>.*)$")
_UNTIL = re.compile(r"until[ :]+(?P<day>\S+)[ ,;:]*")


class Ignore(NamedTuple):
    """One thing that silences a rule.

    `policy`  the object of an annotation
    `lines`   the lines of the file of a comment that it is about
    `name`    the object that the config names: `shop/db`, `NetworkPolicy shop/db`, or "" for every one
    `until`   the last day on which it holds; None: always
    """

    code: str
    reason: str
    span: Span
    how: How
    policy: PolicyId | None = None
    lines: tuple[int, ...] = ()
    name: str = ""
    until: date | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether it is about a finding."""
        if finding.rule.code != self.code:
            return False
        about = (finding.policy, *finding.others)
        if self.how == "annotation":
            return self.policy in about
        if self.how == "comment":
            span = finding.span
            return span is not None and span.file == self.span.file and span.line in self.lines
        return not self.name or any(self.name in (str(p), str(p).partition(" ")[2]) for p in about)

    @property
    def title(self) -> str:
        """How messages call it."""
        if self.how == "annotation":
            return f"`{IGNORE}` of {self.policy}"
        return "the comment" if self.how == "comment" else "`suppress`"


def read_ignores(ignores: Mapping[PolicyId, tuple[str, Span]], problems: Problems) -> Iterator[Ignore]:
    """Every line of the annotations; one without a reason, or about no rule, is reported."""
    for policy, (text, span) in ignores.items():
        for line in filter(None, map(str.strip, text.splitlines())):
            yield from _read(line, f"`{IGNORE}` of {policy}", span, "annotation", problems, policy=policy)


def read_comments(files: Iterable[str], lines: Callable[[str], Sequence[str]], problems: Problems) -> Iterator[Ignore]:
    """Every comment of some files. It is about its own line, and about the next one that is no comment if it stands alone."""
    for file in files:
        text = lines(file)
        for number, line in enumerate(text, 1):
            found = _COMMENT.search(line) if "npverify" in line else None
            if found is None:
                continue
            about = [number]
            if not line[: found.start()].strip():
                about.append(
                    next((n for n, t in enumerate(text[number:], number + 1) if not t.lstrip().startswith("#")), 0)
                )
            span = Span(file, number, found.start() + 1)
            yield from _read(
                found["text"].strip(), "the comment", span, "comment", problems, lines=tuple(about), excerpt=line
            )


def _read(
    text: str,
    where: str,
    span: Span,
    how: How,
    problems: Problems,
    *,
    policy: PolicyId | None = None,
    lines: tuple[int, ...] = (),
    excerpt: str = "",
) -> Iterator[Ignore]:
    """`CODE reason`, `CODE until 2027-03-31 reason`."""
    word, _, rest = text.partition(" ")
    code = check_code(word.rstrip(":"), where, problems, span, excerpt)
    rest, until = rest.strip(), None
    if (found := _UNTIL.match(rest)) is not None:
        rest, until = rest[found.end() :].strip(), read_day(found["day"].rstrip(",;:"), where, problems, span, excerpt)
    if not rest:
        message = f"{where} gives no reason for `{word}`"
        problems.error("NPV331", message, span, f'write the reason behind the code: "{word} why it is meant"', excerpt)
    elif code is not None:
        yield Ignore(code, rest, span, how, policy, lines, until=until)


def read_day(text: str, where: str, problems: Problems, span: Span, excerpt: str = "") -> date | None:
    """A day as `2027-03-31`; None after a report."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.error("NPV334", f"{where}: `{text}` is no day", span, "write year, month and day: 2027-03-31", excerpt)
        return None


class Parted(NamedTuple):
    """Findings that stand, those that are silenced, and what silences nothing: for want of a finding, or because it has run out."""

    kept: list[Finding]
    silenced: list[Silenced]
    unused: list[Ignore]
    expired: list[Ignore]


def parted(findings: Iterable[Finding], ignores: Sequence[Ignore], today: date | None) -> Parted:
    """Part findings by what silences them. `today` None: nothing runs out."""
    of_code: dict[str, list[Ignore]] = {}
    expired = [i for i in ignores if today is not None and i.until is not None and i.until < today]
    gone = set(expired)
    for ignore in ignores:
        if ignore not in gone:
            of_code.setdefault(ignore.code, []).append(ignore)
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    used: set[Ignore] = set()
    for finding in findings:
        fitting = [ignore for ignore in of_code.get(finding.rule.code, ()) if ignore.covers(finding)]
        used.update(fitting)
        if fitting:
            first = fitting[0]
            silenced.append(Silenced(finding, first.policy, first.reason, first.how, first.span))
        else:
            kept.append(finding)
    return Parted(kept, silenced, [i for i in ignores if i not in used and i not in gone], expired)
