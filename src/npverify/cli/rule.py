"""`npverify rule`: what the rules of lint, and messages with a code, are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from npverify.cli import completion
from npverify.cli import options as o
from npverify.cli.checks import check_format
from npverify.cli.guard import OK
from npverify.cli.output import emit
from npverify.ingest.fields import nearest
from npverify.ingest.source import Problems
from npverify.report.json_values import dumps

if TYPE_CHECKING:
    from npverify.report.messages import Message


def rule(
    codes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CODE]…",
            help="Rules by code or name, or codes of messages; without any, all rules are listed.",
            show_default=False,
            autocompletion=completion.codes,
        ),
    ] = None,
    format: o.Format = "text",  # noqa: A002  # the parameter's name is the option's
    output: o.Output = None,
) -> int:
    """Tell what a code means: of a rule of lint with examples, of a message (NPV…) with what to do."""
    # imported here so that --help does not wait for the rules
    from npverify.analyses.lint.registry import RULES, check_code
    from npverify.report.lint_page import explanation, listing, rules_json
    from npverify.report.messages import message_json, message_text

    problems = Problems()
    check_format(format, problems)
    asked = [(text, text.upper().startswith("NPV")) for text in codes or ()]
    chosen = [check_code(text, "`npverify rule`", problems) for text, message in asked if not message]
    told = [_message(text.upper(), problems) for text, message in asked if message]
    problems.raise_errors()
    abouts = [RULES[code].about for code in dict.fromkeys(chosen) if code]
    if not asked:
        abouts = [rule.about for rule in RULES.values()]
    if format == "json":
        more = {"messages": [message_json(found) for found in told if found]} if told else {}
        text = dumps({**rules_json(abouts), **more})
    elif asked:
        text = "\n".join([*map(explanation, abouts), *(message_text(found) for found in told if found)])
    else:
        text = listing(abouts)
    emit(text, output)
    return OK


def _message(code: str, problems: Problems) -> Message | None:
    from npverify.report.messages import messages

    found = messages().get(code)
    if found is None:
        fix = nearest(code, messages()) or "docs/errors.md lists them"
        problems.error("NPV680", f"`npverify rule`: there is no message `{code}`", fix=fix)
    return found
