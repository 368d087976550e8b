"""What the rules of lint say of themselves: the page docs/lint.md, a page for each rule, and its text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from npverify.analyses.lint.examples import INVENTORY
from npverify.dialects.lint import About
from npverify.report import json_values as j

_WIDTH = 120

_HEAD = """\
# Lint

`npverify lint PATH…` tells what is probably wrong with a set of policies: at which line, why, and what to do. What is a
question about flows is decided by the solver, and the flow that is shown is confirmed by the oracle. `npverify rule CODE`
prints the page of a rule, `npverify rule` lists all of them. This page is made from the rules themselves. NPL101 to NPL131
are about Calico (NPL121 also about NetworkPolicies), NPL165 to NPL178 about the manifests of NetworkPolicies, NPL180 to
NPL182 about the chosen plugin, NPL185 to NPL187 about ways in from outside, the others about every kind of policy.

```console
$ npverify lint examples/equal-order
```

| severity | means |
| --- | --- |
| error | a policy does not do what it says |
| warning | it probably does not do what was meant |
| info | good to know; counted, and shown with `--verbose`; fails the run with `--strict` alone, which shows it too |

An object of Calico that its API refuses does not end the run, as it does in other commands: it is a finding (NPL110), and
everything else is judged without it. Input without pods is judged too; rules that ask about pods are left out then, and
a warning says so.

## Which rules are asked

`--select CODE` asks this rule alone, `--ignore CODE` all but this one; both may be repeated and take names too. In the config
file:

```yaml
lint:
  ignore: [NPL113]
```

## Findings that are accepted

Each needs a reason, and may have a last day: behind it the finding is back, and a warning tells that the silence has run out. One
that silences nothing is a warning too. What is silenced is counted, shown with `--verbose`, and in SARIF a suppressed result.

An object silences a rule with an annotation, one rule a line, for every finding in which it has a part:

```yaml
metadata:
  annotations:
    npverify.io/ignore: "NPL106 until 2027-03-31 the default deny is installed with the cluster"
```

A comment silences a rule at its own line, or at the next one if it stands alone:

```yaml
  # npverify: ignore NPL145 the list is generated
  - {ipBlock: {cidr: 10.0.0.0/8}}
```

The config file silences by the name of an object (`NetworkPolicy shop/db`, `shop/db`), or everywhere if it names none:

```yaml
suppress:
  - {rule: NPL133, policy: shop/legacy, reason: "goes with the old front end", until: "2027-03-31"}
```

A baseline accepts what was there before anybody looked, so that only new findings fail. It goes by the rule, the object and the
message, not by lines; a warning tells how much of it is not there any more.

```
npverify lint k8s --write-baseline lint-baseline.json
npverify lint k8s --baseline lint-baseline.json
```
"""


def page(rules: Iterable[About]) -> str:
    """The page that leads to those of the rules. What stands in it between comments, and below commands, is filled in by tests."""
    lines = [_HEAD, "## Rules", "", "| code | name | severity | finds |", "| --- | --- | --- | --- |"]
    lines += [f"| [{r.code}](rules/{r.code}.md) | {r.name} | {r.severity} | {r.sentence} |" for r in rules]
    lines += [
        "",
        "## Options",
        "",
        *("<!-- begin usage lint -->", "<!-- end -->", ""),
        *("<!-- begin options lint -->", "<!-- end -->", ""),
        "## The inventory of the examples",
        "",
        *_wrapped("Beside the manifests of each example of a rule there are:"),
        "",
        "```yaml",
        INVENTORY.rstrip("\n"),
        "```",
    ]
    return "\n".join(lines) + "\n"


def rule_page(rule: About) -> str:
    """The page of one rule."""
    needs = "" if not rule.needs_pods else " It is asked only where the input has pods or workloads."
    lines = [f"# {rule.code} {rule.name}", "", f"*{rule.severity}*. {rule.sentence}", "", *_rest(rule), ""]
    lines += _wrapped(
        f"The examples stand beside [one inventory](../lint.md#the-inventory-of-the-examples).{needs} `npverify rule {rule.code}` "
        f"prints this page, `npverify lint --select {rule.code}` asks this rule alone, and a finding is accepted by a comment "
        f"`# npverify: ignore {rule.code} REASON` at its line, or in [another way](../lint.md#findings-that-are-accepted)."
    )
    return "\n".join(lines) + "\n"


def explanation(rule: About) -> str:
    """The section of one rule, for a terminal."""
    return (
        "\n".join([f"{rule.code} {rule.name} ({rule.severity})", "", *_wrapped(rule.sentence), "", *_rest(rule)]) + "\n"
    )


def listing(rules: Iterable[About]) -> str:
    """One line for each rule: code, severity, name and what it finds."""
    listed = list(rules)
    wide = max((len(rule.name) for rule in listed), default=0)
    lines = [f"{rule.code}  {rule.severity:7}  {rule.name:{wide}}  {rule.sentence}" for rule in listed]
    return "\n".join([*lines, "", "npverify rule CODE explains one of them, with examples."]) + "\n"


def rules_json(rules: Iterable[About]) -> j.Json:
    """Everything that rules tell of themselves."""
    return {
        "schema": j.SCHEMA,
        "rules": [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity,
                "finds": rule.sentence,
                "why": rule.why,
                "needs_pods": rule.needs_pods,
                "fires": rule.fires,
                "silent": rule.silent,
                "options": list(rule.options),
            }
            for rule in rules
        ],
    }


def _rest(rule: About) -> Iterator[str]:
    yield from _wrapped(rule.why)
    options = f", with `{' '.join(rule.options)}`" if rule.options else ""
    for text, example in ((f"It finds something here{options}:", rule.fires), ("And nothing here:", rule.silent)):
        yield from ("", text, "", "```yaml", example.rstrip("\n"), "```")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
