"""`--format NAME[=FILE]`: one answer in several forms in one run, each to its file, and one of them to standard output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from npverify.cli.checks import check_choice
from npverify.cli.completion import words
from npverify.cli.output import Written, emit, record
from npverify.ingest.source import InputError, Problems

if TYPE_CHECKING:
    from npverify.report.excerpt import Lines
    from npverify.report.html.flow_map import FlowMap
    from npverify.report.items import Report

ITEM_FORMATS = ("sarif", "junit", "github", "gitlab", "markdown", "dot", "mermaid", "html")
ALL = ("text", "json", *ITEM_FORMATS)

Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="NAME[=FILE]",
        help=f"How to show the answer: {', '.join(ALL)}. With =FILE into a file; may be repeated.",
        autocompletion=words(*ALL),
    ),
]

Text = str | Iterable[str]


class Wanted(NamedTuple):
    """A form of the answer, and the file that it goes to; None: standard output, or the file of `--output`."""

    name: str
    file: str | None = None


def read_formats(
    given: list[str] | None, output: str | None, problems: Problems, known: tuple[str, ...] = ALL
) -> tuple[Wanted, ...]:
    """What `--format` and `--output` say; everything that is wrong with them is reported."""
    wanted = []
    for text in given or ["text"]:
        name, sign, into = text.partition("=")
        check_choice("--format", name, known, problems)
        if sign and not into:
            problems.error("NPV145", f"`--format {text}` names no file", fix=f"write --format {name}=FILE")
        wanted.append(Wanted(name, into or None))
    here = [one.name for one in wanted if one.file is None]
    if len(here) > 1:
        problems.error(
            "NPV145",
            f"only one form of the answer can go to {'the file of `--output`' if output else 'standard output'}, "
            f"not {' and '.join(here)}",
            fix=f"give the others a file, such as --format {here[-1]}=FILE",
        )
    files = [os.path.abspath(file) for one in wanted if (file := one.file or output) is not None]
    for file in dict.fromkeys(file for file in files if files.count(file) > 1):
        problems.error(
            "NPV145", f"two forms of the answer go to `{os.path.relpath(file)}`", fix="give each its own file"
        )
    if output is not None and not here:
        problems.error("NPV145", "`--output` has nothing to write", fix="drop it, or one of the =FILE of --format")
    return tuple(wanted)


def to_terminal(wanted: tuple[Wanted, ...], output: str | None) -> bool:
    """Whether the text goes to standard output, so that it may have colours."""
    return output is None and any(one == Wanted("text") for one in wanted)


def write_all(
    wanted: tuple[Wanted, ...],
    output: str | None,
    own: Mapping[str, Callable[[], Text]],
    report: Callable[[], Report] | None = None,
    page: Callable[[Report], Text] | None = None,
) -> None:
    """Write every form: `own` are those that the command makes itself, `page` is HTML, all others come of its `report`."""
    found: Report | None = None
    for one in wanted:
        if one.name in own:
            text = own[one.name]()
        elif report is not None:
            found = found or report()
            text = page(found) if one.name == "html" and page is not None else item_text(one.name, found)
            if one.name == "github":
                summarize("".join(own["markdown"]()) if "markdown" in own else item_text("markdown", found))
        emit(text, one.file or output)


def item_text(name: str, report: Report) -> str:
    """A report in one of the forms that all commands share."""
    # imported here so that a run that shows text alone does not wait for them
    from npverify import __version__
    from npverify.report.excerpt import no_lines
    from npverify.report.github import github
    from npverify.report.gitlab import gitlab
    from npverify.report.graph import dot, edges_of, mermaid
    from npverify.report.json_values import dumps
    from npverify.report.junit import junit
    from npverify.report.markdown import markdown
    from npverify.report.places import Root
    from npverify.report.sarif import sarif

    root = Root(Path.cwd())
    writers: Mapping[str, Callable[[], str]] = {
        "sarif": lambda: dumps(sarif(report, root, __version__)),
        "junit": lambda: junit(report, root),
        "github": lambda: github(report, root),
        "gitlab": lambda: dumps(gitlab(report, root)),
        "markdown": lambda: markdown(report, root),
        "dot": lambda: dot(edges_of(report), f"npverify {report.command}: {report.headline}"),
        "html": lambda: "".join(html_page(report, no_lines)),
        "mermaid": lambda: mermaid(edges_of(report), f"npverify {report.command}: {report.headline}"),
    }
    return writers[name]()


def html_page(report: Report, lines: Lines, flows: FlowMap | None = None) -> Iterable[str]:
    """A report as a page for a browser, with excerpts of the input files and a map of flows, where there is one."""
    from npverify import __version__
    from npverify.report.html.page import html
    from npverify.report.places import Root

    return html(report, Root(Path.cwd()), __version__, lines=lines, flows=flows)


def summarize(text: str) -> None:
    """Add the comment to the summary of the step, if GitHub Actions runs it (GitHub documentation, Adding a job summary)."""
    record(Written("summary", text))
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    try:
        with open(file, "a", encoding="utf-8", newline="\n") as summary:
            summary.write(text)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError.one("NPV142", f"cannot write `{file}` (GITHUB_STEP_SUMMARY): {why}") from None
