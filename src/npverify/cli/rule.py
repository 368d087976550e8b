"""`npverify rule`: what the rules of lint are about."""

from __future__ import annotations

from typing import Annotated

import typer

from npverify.cli import completion
from npverify.cli import options as o
from npverify.cli.checks import check_format
from npverify.cli.guard import OK
from npverify.cli.output import emit
from npverify.ingest.source import Problems
from npverify.report.json_values import dumps


def rule(
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CODE]…",
            help="Rules by code or name; without any, all are listed.",
            show_default=False,
            autocompletion=completion.rules,
        ),
    ] = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
) -> int:
    """Tell what a rule of lint is about, with an example where it finds something and one where it does not."""
    # imported here so that --help does not wait for the rules
    from npverify.analyses.lint.registry import RULES, check_code
    from npverify.report.lint_page import explanation, listing, rules_json

    problems = Problems()
    check_format(format, problems)
    chosen = [check_code(text, "`npverify rule`", problems) for text in codes or ()]
    problems.raise_errors()
    abouts = [RULES[code].about for code in dict.fromkeys(chosen) if code] or [rule.about for rule in RULES.values()]
    if format == "json":
        text = dumps(rules_json(abouts))
    elif chosen:
        text = "\n".join(map(explanation, abouts))
    else:
        text = listing(abouts)
    emit(text, output)
    return OK
