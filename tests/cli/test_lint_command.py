"""`npverify lint` on the command line: answers, exit codes, formats."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from cli_worlds import MANIFESTS, write

from npverify.analyses.lint.registry import RULES
from npverify.cli.app import run

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
STORY = ("examples/equal-order",)
MENDED = (
    "examples/equal-order/cluster.yaml",
    "examples/equal-order/partner-access.yaml",
    "examples/equal-order-mended",
)

CLEAN = "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n"
INFO = CLEAN + "spec: {selector: app == 'web', ingress: [{action: Allow, protocol: TCP}]}\n"
WARNING = CLEAN + "spec: {selector: app == 'web', types: [Ingress], egress: [{action: Deny}]}\n"
ERROR = CLEAN + "spec: {selector: app = 'web', types: [Ingress]}\n"
SILENT = CLEAN.replace("name: web", "name: quiet").replace(
    "shop}", 'shop, annotations: {npverify.io/ignore: "NPL113 as the API server has it"}}'
) + ("spec: {selector: app == 'web', ingress: [{action: Allow, protocol: TCP}]}\n")
CLEAN += "spec: {selector: app == 'web', types: [Ingress]}\n"


@pytest.fixture
def folder(shop: Path) -> Path:
    """A folder with a policy for each severity, and one without a finding."""
    write(shop, clean_yaml=CLEAN, info_yaml=INFO, warning_yaml=WARNING, error_yaml=ERROR, silent_yaml=SILENT)
    return shop


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("clean.yaml",), 0),
        (("info.yaml",), 0),
        (("info.yaml", "--strict"), 1),
        (("warning.yaml",), 1),
        (("warning.yaml", "--ignore", "NPL112"), 0),
        (("warning.yaml", "--select", "NPL101"), 0),
        (("error.yaml",), 1),
        (("error.yaml", "--assume", "calico_input=raw"), 1),
        (("silent.yaml", "--strict", "--ignore", "NPL160"), 0),
        (("--explain", "NPL112"), 0),
        (("policy.yaml",), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_the_exit_code_of_an_answer(folder, capsys, arguments, code):
    """0 nothing found, 1 for what counts; of severity info that is so with --strict alone."""
    pods = () if arguments[0].startswith("--") else ("pods.yaml",)
    assert run(["lint", *pods, *arguments]) == code
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--select", "NPL1"), "NPV330"),
        (("--ignore", "equal-oder"), "did you mean `equal-order`?"),
        (("--explain", "NPL"), "NPV330"),
        (("--format", "xml"), "text, json"),
        (("--timeout", "0"), "--timeout"),
        (("gone.yaml",), "gone.yaml"),
    ],
)
def test_bad_usage_is_2_with_nothing_on_standard_output(folder, capsys, arguments, part):
    """One clear message on standard error."""
    assert run(["lint", "clean.yaml", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert part in captured.err


def test_an_invalid_object_ends_other_commands_and_not_lint(folder, capsys):
    """What is an error for `connectivity` is a finding, at the same place and with the same mend."""
    assert run(["connectivity", "pods.yaml", "error.yaml"]) == 2
    told = capsys.readouterr().err
    assert run(["lint", "pods.yaml", "error.yaml"]) == 1
    found = capsys.readouterr()
    where = "error.yaml:4:22: error["
    assert where in told
    assert where in found.out
    assert "fix: write `==` instead of `=`" in told
    assert "fix       write `==` instead of `=`" in found.out
    assert "error[" not in found.err


def test_json_has_what_the_design_asks_for(folder, capsys):
    """Rule, policy, place, message and reasons of each finding, and a summary."""
    assert run(["lint", "pods.yaml", "warning.yaml", "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["schema"] == "npverify/1"
    finding = report["findings"][-1]
    assert finding["rule"] == "NPL112"
    assert finding["policy"] == {"kind": "NetworkPolicy", "namespace": "shop", "name": "web"}
    assert finding["source"] == "warning.yaml:4:50"
    assert isinstance(finding["because"], list)
    assert (finding["severity"], finding["name"]) == ("warning", "inert-rules")
    assert finding["fix"].startswith("add `Egress` to `types`")
    assert report["summary"]["warning"] == 1
    assert "NPL101" in report["rules"]


def test_json_of_a_conflict_has_the_flow(monkeypatch, capsys):
    """A finding that the solver made has its counterexample, in the form that `prove` has."""
    monkeypatch.chdir(ROOT)
    assert run(["lint", *STORY, "--format", "json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["counterexample"]["flow"]["src"] == {"workload": "shop/web", "kind": "Deployment"}
    assert finding["counterexample"]["egress"]["by"][0]["policy"]["name"] == "partner-access"
    assert finding["because"][0]["policy"]["name"] == "partner-access"
    assert set(finding["because"][1]) == {"text"}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("lint_equal_order", STORY),
        ("lint_equal_order_quiet", (*STORY, "--quiet", "--calico-version", "3.31")),
        ("lint_mended", MENDED),
    ],
)
def test_the_text_is_the_golden_one(name, arguments, monkeypatch, capsys):
    """What a person reads, to the byte; RENEW_GOLDEN=1 writes it anew."""
    monkeypatch.chdir(ROOT)
    run(["lint", *arguments])
    text = capsys.readouterr().out
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("RENEW_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_the_config_file_says_which_rules_to_ask(folder, capsys):
    """`lint.ignore` and `lint.select` are like the options; an unknown rule is told at its place."""
    config = folder / ".npverify.yaml"
    config.write_text("lint: {ignore: [inert-rules]}\n", encoding="utf-8")
    assert run(["lint", "pods.yaml", "warning.yaml"]) == 0
    config.write_text("lint: {select: [NPL112]}\n", encoding="utf-8")
    assert run(["lint", "pods.yaml", "warning.yaml"]) == 1
    capsys.readouterr()
    config.write_text("lint:\n  ignore: [NPL112, NPL999]\n", encoding="utf-8")
    assert run(["lint", "pods.yaml", "warning.yaml"]) == 2
    assert ".npverify.yaml:2:20: error[NPV330]" in capsys.readouterr().err
    config.write_text("lint: {ignor: []}\n", encoding="utf-8")
    assert run(["lint", "pods.yaml", "warning.yaml"]) == 2
    assert "`ignore`" in capsys.readouterr().err


def test_verbose_shows_what_is_silenced_and_why(folder, capsys):
    """Silenced findings are counted, and shown on request."""
    only = ("--select", "NPL113")
    assert run(["lint", "pods.yaml", "silent.yaml", *only]) == 0
    short = capsys.readouterr().out
    assert short.startswith("no finding · 1 silenced · ")
    assert run(["lint", "pods.yaml", "silent.yaml", *only, "--verbose"]) == 0
    assert "silenced[NPL113]" in (long := capsys.readouterr().out)
    assert "reason    as the API server has it (NetworkPolicy shop/quiet)" in long


def test_quiet_leaves_out_what_is_only_good_to_know(folder, capsys):
    """It is still counted."""
    assert run(["lint", "pods.yaml", "info.yaml", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 findings: 2 info · ")


@pytest.mark.parametrize("option", ["--verbose", "--strict"])
def test_what_is_only_good_to_know_is_counted_by_rule_and_shown_on_request(folder, capsys, option):
    """One line says what there is; where it counts, or is asked for, each finding is shown."""
    assert run(["lint", "pods.yaml", "info.yaml"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "info: NPL113 types-left-out, NPL160 no-default-deny-ingress; --verbose shows them\n\n2 findings"
    )
    run(["lint", "pods.yaml", "info.yaml", option])
    out = capsys.readouterr().out
    assert out.count("info[NPL113]: ") == out.count("info[NPL160]: ") == 1
    assert "--verbose shows" not in out


def test_a_plugin_is_named_and_one_that_proofs_refuse_is_for_lint_alone(folder, capsys):
    """It is named in the summary; what reads policies in another way is refused by other commands."""
    assert run(["lint", "pods.yaml", "policy.yaml", "--cni", "antrea"]) == 0
    assert capsys.readouterr().out.endswith("profile antrea\n")
    assert run(["lint", "pods.yaml", "policy.yaml", "--cni", "romana"]) == 0
    assert capsys.readouterr().out.endswith("profile romana\n")
    assert run(["connectivity", "pods.yaml", "policy.yaml", "--cni", "romana"]) == 2
    assert "nothing can be proved under `romana`" in capsys.readouterr().err
    assert run(["lint", "pods.yaml", "policy.yaml", "--cni", "anrea"]) == 2
    assert "did you mean `antrea`?" in capsys.readouterr().err


def test_rule_lists_the_rules_and_explains_one(capsys):
    """Without a code every rule has a line; with one there is the section of the page, as `lint --explain` has it."""
    assert run(["rule"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-2]] == list(RULES)
    assert run(["rule", "egress-without-dns"]) == 0
    section = capsys.readouterr().out
    assert run(["lint", "--explain", "NPL162"]) == 0
    assert section == capsys.readouterr().out
    assert section.startswith("NPL162 egress-without-dns (warning)\n")


def test_rule_has_a_form_for_programs(capsys):
    """Everything that the page says, by code, and only of the rules that are named."""
    assert run(["rule", "NPL176", "NPL101", "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [rule["code"] for rule in report["rules"]] == ["NPL176", "NPL101"]
    assert report["rules"][0]["options"] == ["--cni", "weave"]
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8").partition("\n## rule\n")[2]
    assert sorted(key for key in report["rules"][0] if f"`{key}`" not in page) == []


def test_rule_refuses_what_is_none(capsys):
    """With the nearest name, on standard error."""
    assert run(["rule", "service-prt"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "did you mean `service-port`?" in captured.err


def test_what_is_left_out_is_told_on_standard_error(folder, capsys):
    """Rules that were not asked for want of pods, and annotations that silence nothing."""
    write(folder, unused_yaml=CLEAN.replace("shop}", 'shop, annotations: {npverify.io/ignore: "NPL113 old"}}'))
    assert run(["lint", "unused.yaml"]) == 0
    told = capsys.readouterr().err
    assert re.search(r"warning\[NPV332\]: no pod or workload was found.*: (NPL\d+, ){4}NPL\d+ and \d+ more", told)
    assert re.search(r"unused\.yaml:3:\d+: warning\[NPV333\]: .* silences NPL113", told)


def test_standard_input_is_shown_at_its_lines(folder, monkeypatch, capsys):
    """Excerpts of what came from standard input are there too."""
    import io
    import sys

    text = f"{MANIFESTS}---\n{WARNING}"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run(["lint", "-"]) == 1
    assert "spec: {selector: app == 'web', types: [Ingress], egress" in capsys.readouterr().out


def test_explain_prints_the_section_of_the_page(capsys):
    """By code or by name, with both examples."""
    assert run(["lint", "--explain", "equal-order"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("NPL101 equal-order (error)\n")
    assert out.count("```yaml") == 2


def test_every_key_of_the_report_is_on_the_page(folder, capsys):
    """docs/json.md names each key that lint writes."""
    page = (ROOT / "docs" / "json.md").read_text(encoding="utf-8").partition("\n## lint\n")[2]
    run(["lint", "pods.yaml", "warning.yaml", "silent.yaml", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    keys = {*report, *report["findings"][0], *report["silenced"][0], *report["summary"]} - {"schema"}
    assert sorted(key for key in keys if f"`{key}`" not in page) == []


def test_a_baseline_accepts_what_was_there_before(folder, capsys):
    """Only what is new fails; a line that moved is nothing new; what is gone is told."""
    write(folder, policy_yaml=WARNING)
    assert run(["lint", "pods.yaml", "policy.yaml"]) == 1
    assert run(["lint", "pods.yaml", "policy.yaml", "--write-baseline", "known.json"]) == 0
    capsys.readouterr()
    write(folder, policy_yaml=f"# a line more\n{WARNING}")
    assert run(["lint", "pods.yaml", "policy.yaml", "--baseline", "known.json"]) == 0
    captured = capsys.readouterr()
    assert "silenced" in captured.out
    assert captured.err == ""
    assert run(["lint", "pods.yaml", "policy.yaml", "--baseline", "known.json", "--format", "json"]) == 0
    silenced = json.loads(capsys.readouterr().out)["silenced"]
    assert {(one["silenced_how"], one["silenced_at"], one["silenced_by"]) for one in silenced} == {
        ("baseline", "known.json", None)
    }
    write(folder, more_yaml=WARNING.replace("name: ", "name: another-"))
    assert run(["lint", "pods.yaml", "policy.yaml", "more.yaml", "--baseline", "known.json"]) == 1
    assert "another-" in capsys.readouterr().out
    write(folder, policy_yaml=CLEAN)
    assert run(["lint", "pods.yaml", "policy.yaml", "--baseline", "known.json"]) == 0
    assert "warning[NPV337]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [(None, "cannot read the baseline"), ("{", "the baseline is no JSON"), ('{"findings": []}', "this is no baseline")],
)
def test_a_baseline_that_is_none(text, told, folder, capsys):
    """One message, exit code 2: without it every finding would be new."""
    if text is not None:
        (folder / "known.json").write_text(text, encoding="utf-8")
    assert run(["lint", "pods.yaml", "policy.yaml", "--baseline", "known.json"]) == 2
    err = capsys.readouterr().err
    assert "error[NPV336]" in err
    assert told in err


def test_the_config_accepts_findings_with_a_reason(folder, capsys):
    """By rule and object; what is wrong with an entry is told at its place."""
    write(folder, policy_yaml=WARNING)
    assert run(["lint", "pods.yaml", "policy.yaml", "--format", "json"]) == 1
    rules = {one["rule"] for one in json.loads(capsys.readouterr().out)["findings"]}
    entries = "".join(f'  - {{rule: {rule}, reason: "known", until: "2999-01-01"}}\n' for rule in sorted(rules))
    (folder / ".npverify.yaml").write_text(f"suppress:\n{entries}", encoding="utf-8")
    assert run(["lint", "pods.yaml", "policy.yaml"]) == 0
    (folder / ".npverify.yaml").write_text(
        "suppress:\n  - {rule: NPL1, reason: x}\n  - {rule: NPL113}\n  - {rule: NPL113, reason: x, until: soon}\n",
        encoding="utf-8",
    )
    capsys.readouterr()
    assert run(["lint", "pods.yaml", "policy.yaml"]) == 2
    err = capsys.readouterr().err
    for place, code in (("2:5", "NPV330"), ("3:5", "NPV331"), ("4:5", "NPV334")):
        assert f".npverify.yaml:{place}: error[{code}]" in err
