"""Exit codes and streams of every command."""

from __future__ import annotations

import io
import json

import pytest
from cli_worlds import write

from npverify.analyses.load import load
from npverify.analyses.results import AssertionResult, ProveResult, Status
from npverify.assertions.claims import AllFlows, Assertion
from npverify.cli.app import run
from npverify.cli.prove import exit_code
from npverify.ingest.source import Span

FLOW = ("--from", "shop/web", "--to", "shop/postgres")
PROVE = ("prove", "all.yaml", "--spec")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param((), 0, id="no command: an introduction"),
        pytest.param(("--version",), 0, id="version"),
        pytest.param(("prove", "--help"), 0, id="help"),
        pytest.param((*PROVE, "holds.npv"), 0, id="proved"),
        pytest.param((*PROVE, "fails.npv"), 1, id="refuted"),
        pytest.param((*PROVE, "holds.npv", "--spec", "fails.npv"), 1, id="one proved, one refuted"),
        pytest.param((*PROVE, "vacuous.npv"), 1, id="vacuous fails"),
        pytest.param((*PROVE, "vacuous.npv", "--allow-vacuous"), 0, id="vacuous, allowed"),
        pytest.param(("prove", "all.yaml", "fails.npv"), 1, id="a spec among the paths"),
        pytest.param(("prove", "folder"), 1, id="specs inside a folder"),
        pytest.param(("prove", "all.yaml", "--allow-empty"), 0, id="no assertion, allowed"),
        pytest.param(("prove", "policy.yaml", "--allow-empty"), 0, id="no pods, allowed"),
        pytest.param(("eval", "all.yaml", *FLOW, "--port", "5432"), 0, id="allowed flow"),
        pytest.param(("eval", "all.yaml", *FLOW, "--port", "1"), 0, id="denied flow is an answer too"),
        pytest.param(("explain", "all.yaml", *FLOW, "--port", "1"), 0, id="explain"),
        pytest.param(("connectivity", "all.yaml"), 0, id="connectivity"),
    ],
)
def test_the_exit_code_of_an_answer(shop, capsys, arguments, code):
    """A run that gives an answer writes it to standard output."""
    assert run(arguments) == code
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        pytest.param(("prove",), "npverify init", id="nothing given and no config"),
        pytest.param(("prove", "nowhere", "--spec", "holds.npv"), "nowhere", id="a missing path"),
        pytest.param((*PROVE, "gone.npv"), "gone.npv", id="a missing spec"),
        pytest.param(("prove", "all.yaml"), "no assertion was found", id="no assertion"),
        pytest.param((*PROVE, "holds.npv", "--only", "pci"), "`pci`", id="no assertion with that tag"),
        pytest.param(("prove", "policy.yaml", "--allow-vacuous", "--spec", "cidr.npv"), "no pod", id="no pods"),
        pytest.param((*PROVE, "holds.npv", "--cni", "calcio"), "calico", id="an unknown plugin"),
        pytest.param((*PROVE, "holds.npv", "--assume", "icmp"), "SWITCH=VALUE", id="half a switch"),
        pytest.param((*PROVE, "holds.npv", "--format", "xml"), "text, json", id="an unknown format"),
        pytest.param((*PROVE, "holds.npv", "--budget", "larg"), "large", id="an unknown budget"),
        pytest.param((*PROVE, "holds.npv", "--timeout", "0"), "--timeout", id="a timeout of nothing"),
        pytest.param((*PROVE, "holds.npv", "--ip-family", "5"), "dual", id="an unknown family"),
        pytest.param((*PROVE, "holds.npv", "--pod-cidr", "10.1"), "CIDR", id="a pod range that is none"),
        pytest.param((*PROVE, "holds.npv", "--output", "gone/x"), "gone/x", id="an output that cannot be written"),
        pytest.param((*PROVE, "holds.npv", "--frobnicate"), "--frobnicate", id="an unknown option"),
        pytest.param((*PROVE, "holds.npv", "--jobs", "many"), "--jobs", id="a number that is none"),
        pytest.param(("frobnicate",), "frobnicate", id="an unknown command"),
        pytest.param(("eval", "all.yaml"), "--from", id="no flow"),
        pytest.param(("eval", "all.yaml", *FLOW, "--port", "1", "--flows", "-"), "--flows", id="two ways at once"),
        pytest.param(("eval", "-", "--flows", "-"), "standard input", id="standard input twice"),
        pytest.param(("eval", "all.yaml", "--flows", "gone.jsonl"), "gone.jsonl", id="a missing file of flows"),
        pytest.param(("eval", "all.yaml", *FLOW, "--icmp", "ping"), "TYPE", id="an ICMP type that is none"),
        pytest.param(
            ("eval", "all.yaml", *FLOW, "--port", "1", "--http", "GET"), "--http", id="a request without path"
        ),
        pytest.param(
            ("eval", "all.yaml", *FLOW, "--port", "1", "--header", "X-A: b"),
            "--header",
            id="a header without a request",
        ),
        pytest.param(
            ("eval", "all.yaml", *FLOW, "--port", "1", "--http", "GET /", "--header", "b"),
            "--header b",
            id="a header without a name",
        ),
        pytest.param(("eval", "all.yaml", "--http", "GET /", "--flows", "-"), "--flows", id="a request and flows"),
        pytest.param(("connectivity", "policy.yaml"), "no pod", id="connectivity of nobody"),
        pytest.param(("init", "policy.yaml"), "no pod", id="init for nobody"),
        pytest.param(("init", "-"), "config file", id="init from standard input"),
    ],
)
def test_bad_usage_is_2_with_nothing_on_standard_output(shop, capsys, arguments, part):
    """Bad input gives one clear message on standard error, no result, and exit code 2."""
    write(shop, cidr_npv="assert no pod reaches 192.0.2.1\n")
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert part in err
    assert "Traceback" not in err


def test_all_problems_are_told_at_once(shop, capsys):
    """A broken manifest, a missing path, a broken spec and an unknown plugin are told in one run."""
    write(shop, bad_yaml="kind: [\n", bad_npv="assert no web reeches postgres\n")
    assert run(("prove", "bad.yaml", "gone", "--spec", "bad.npv", "--cni", "calcio")) == 2
    err = capsys.readouterr().err
    assert [part for part in ("bad.yaml:", "gone", "bad.npv:1:", "calcio") if part not in err] == []


def _answer(status: Status, severity: str = "error") -> AssertionResult:
    claim = Assertion("t", "t", AllFlows(False, ()), "k", Span("f"), severity)  # type: ignore[arg-type]
    return AssertionResult(claim, status)


P, R, V, U = Status.PROVED, Status.REFUTED, Status.VACUOUS, Status.UNDECIDED


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        pytest.param([_answer(P)], 0, id="proved"),
        pytest.param([_answer(P), _answer(U)], 3, id="undecided is not proved"),
        pytest.param([_answer(U), _answer(R)], 1, id="refuted before undecided"),
        pytest.param([_answer(V), _answer(U)], 1, id="vacuous before undecided"),
        pytest.param(
            [_answer(R, "warning"), _answer(V, "warning"), _answer(U, "warning")], 0, id="warnings never count"
        ),
    ],
)
def test_the_worst_answer_decides(answers, code):
    """A run is as good as its worst assertion of severity error."""
    assert exit_code(ProveResult(tuple(answers)), allow_vacuous=False) == code


def test_an_interrupted_run_is_130():
    """After Ctrl-C the exit code tells so, whatever is decided."""
    assert exit_code(ProveResult((_answer(R),), interrupted=True), allow_vacuous=False) == 130


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), KeyError("x"), RecursionError()], ids=lambda e: type(e).__name__
)
def test_a_defect_is_4_with_a_bug_report_and_no_traceback(shop, capsys, monkeypatch, error, tmp_path):
    """An unexpected error is one line; what a developer needs is in a file."""

    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr("npverify.analyses.load.load", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run((*PROVE, "holds.npv")) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    (report,) = tmp_path.glob("npverify-bug-*.txt")
    assert str(report) in err
    assert "Traceback" in report.read_text()


def test_ctrl_c_outside_the_solver_is_130(shop, capsys, monkeypatch):
    """An interrupt while reading ends with one line."""

    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("npverify.analyses.load.load", interrupt)
    assert run((*PROVE, "holds.npv")) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


@pytest.mark.parametrize(
    ("paths", "cni", "part"),
    [
        pytest.param("pods.yaml", "kubernetes", "no network policy was found", id="no policies"),
        pytest.param("all.yaml", "none", "enforces no network policy", id="a plugin that enforces nothing"),
        pytest.param("all.yaml", "flannel", "enforces no network policy", id="flannel"),
    ],
)
def test_a_loud_warning_where_nothing_is_enforced(shop, capsys, paths, cni, part):
    """The user is told where every flow is allowed anyway."""
    assert run(("prove", paths, "--cni", cni, "--spec", "fails.npv")) == 1
    assert part in capsys.readouterr().err


def test_flows_are_answered_line_by_line(shop, capsys, monkeypatch):
    """A line that cannot be read is reported in its place, the others are answered, and the exit code is 2."""
    good = {"src": {"pod": "shop/postgres"}, "dst": {"ip": "203.0.113.9"}, "port": 443}
    lines = [
        json.dumps(good),
        "not json",
        "[1]",
        '{"src": 1, "src": 2}',
        "",
        json.dumps({**good, "port": 0}),
        json.dumps(good),
    ]
    write(shop, flows_jsonl="\n".join(lines) + "\n\n")
    assert run(("eval", "all.yaml", "--flows", "flows.jsonl", "--format", "json")) == 2
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["error" in answer for answer in answers] == [False, True, True, True, True, True, False]
    assert answers[0] == answers[6]
    assert list(answers[0]) == ["verdict", "egress", "ingress", "depends"]


def test_flows_from_standard_input(shop, capsys, monkeypatch):
    """`--flows -` reads standard input; text gives one line for each flow."""
    flow = {"src": {"workload": "shop/web"}, "dst": {"pod": "shop/postgres"}, "port": 80}

    class Stdin:
        buffer = io.BytesIO(json.dumps(flow).encode())

    monkeypatch.setattr("sys.stdin", Stdin)
    assert run(("eval", "all.yaml", "--flows", "-")) == 0
    assert capsys.readouterr().out == "denied   shop/web -> shop/postgres  TCP 80  (by ingress)\n"


def test_output_goes_to_the_file_alone(shop, capsys):
    """`--output` gets what standard output would have got, without colours."""
    assert run((*PROVE, "fails.npv")) == 1
    printed = capsys.readouterr().out
    assert run((*PROVE, "fails.npv", "--output", "report.txt")) == 1
    assert capsys.readouterr().out == ""
    assert (shop / "report.txt").read_text(encoding="utf-8") == printed


def test_quiet_and_all_proved_is_the_summary(shop, capsys):
    """With --quiet a green run prints its summary and what it assumed."""
    assert run((*PROVE, "holds.npv", "--quiet")) == 0
    assert capsys.readouterr().out.startswith("1 proved · 0 refuted")


def test_times_only_with_timings(shop, capsys):
    """Times are in the JSON, or on standard error beside the text, only with --timings."""
    run((*PROVE, "holds.npv", "--format", "json"))
    assert "seconds" not in capsys.readouterr().out
    run((*PROVE, "holds.npv", "--format", "json", "--timings"))
    assert "seconds" in json.loads(capsys.readouterr().out)["assertions"][0]
    run((*PROVE, "holds.npv", "--timings"))
    assert " s  only web reaches postgres" in capsys.readouterr().err


def test_colours_only_on_a_terminal(shop, monkeypatch):
    """A terminal gets colours unless NO_COLOR, --no-color or a dumb terminal say no."""
    from npverify.cli.output import paint_for

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert paint_for(Terminal()).on
    assert not paint_for(io.StringIO()).on
    assert not paint_for(Terminal(), no_color=True).on
    assert not paint_for(Terminal(), to_file=True).on
    monkeypatch.setenv("NO_COLOR", "1")
    assert not paint_for(Terminal()).on
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not paint_for(Terminal()).on


@pytest.mark.parametrize(
    "command",
    [("eval", *FLOW, "--port", "5432"), ("explain", *FLOW, "--port", "1"), ("connectivity",)],
    ids=lambda c: c[0],
)
def test_other_commands_do_not_judge_the_specs(shop, capsys, command):
    """A name in a spec that means nothing concerns `prove` alone; a spec that cannot be parsed concerns all."""
    write(shop, odd_npv="assert no nobody reaches postgres\n")
    assert run((command[0], "all.yaml", "odd.npv", *command[1:])) == 0
    assert capsys.readouterr().err == ""
    assert run(("prove", "all.yaml", "odd.npv")) == 2
    write(shop, odd_npv="assert no web reeches postgres\n")
    assert run((command[0], "all.yaml", "odd.npv", *command[1:])) == 2


def test_ctrl_c_while_proving_keeps_what_is_decided(shop, capsys, monkeypatch):
    """What was decided before the interrupt is printed, the rest is undecided, and the exit code is 130."""
    from npverify.analyses import prove as module

    real = module.prove_one

    def interrupted(engine: object, assertion: Assertion) -> AssertionResult:
        if assertion.text.startswith("no"):
            raise KeyboardInterrupt
        return real(engine, assertion)

    monkeypatch.setattr(module, "prove_one", interrupted)
    assert run((*PROVE, "holds.npv", "--spec", "fails.npv")) == 130
    out = capsys.readouterr().out
    assert "✓ proved     only web reaches postgres" in out
    assert "? undecided  no web reaches postgres:5432" in out
    assert "interrupted" in out.splitlines()[-2]


def test_recorded_flows_are_answered_and_a_malformed_one_is_told(shop, capsys):
    """Lines of logs of two plugins and native ones may stand in one file; the one that cannot be read keeps its place."""
    hubble = {
        "flow": {
            "verdict": "DROPPED",
            "drop_reason_desc": "POLICY_DENIED",
            "IP": {"source": "10.1.0.9", "destination": "10.1.0.7"},
            "l4": {"TCP": {"source_port": 4000, "destination_port": 80}},
            "source": {"namespace": "shop", "pod_name": "web-7c9f8d-x2k4p"},
            "destination": {"namespace": "shop", "pod_name": "postgres"},
            "event_type": {"type": 5},
            "traffic_direction": "INGRESS",
            "is_reply": False,
        }
    }
    calico = {
        "source_type": "wep", "source_namespace": "shop", "source_name": "-", "source_name_aggr": "web-7c9f-*",
        "dest_type": "wep", "dest_namespace": "shop", "dest_name": "-", "dest_name_aggr": "postgres",
        "proto": "tcp", "dest_port": 80, "action": "allow", "reporter": "dst",
    }  # fmt: skip
    reply = {"flow": {"verdict": "FORWARDED", "is_reply": True}}
    gone = {"flow": {**hubble["flow"], "source": {"namespace": "shop", "pod_name": "gone"}}}
    native = {"src": {"workload": "shop/web"}, "dst": {"pod": "shop/postgres"}, "port": 5432}
    lines = [json.dumps(hubble), "{", *map(json.dumps, (calico, calico, reply, gone, native))]
    write(shop, flows_jsonl="\n".join(lines) + "\n")
    assert run(("eval", "all.yaml", "--flows", "flows.jsonl", "--format", "json")) == 2
    out, err = capsys.readouterr()
    answers = [json.loads(text) for text in out.splitlines()]
    assert [answer.get("agrees") for answer in answers] == [True, None, False, False, None, None, None]
    assert "error" in answers[1]
    assert "skipped" in answers[4]
    assert "unknown" in answers[5]
    assert "recorded" not in answers[6]
    assert answers[2]["recorded"] == {"format": "calico", "verdict": "allow", "allowed": True, "direction": "ingress"}
    counts = "6 recorded flows: 1 agree, 2 differ, 1 reply, 1 with an end that is not known, 1 that cannot be read\n"
    assert err.endswith(counts)
    assert run(("eval", "all.yaml", "--flows", "flows.jsonl")) == 2
    told = capsys.readouterr().out
    assert "line 2: not JSON" in told
    assert counts in told
    assert (
        "differs 2 ×  shop/web -> shop/postgres  TCP 80\n          recorded allow at ingress; now ingress denied"
        in told
    )
    assert run(("eval", "all.yaml", "--flows", "flows.jsonl", "--flows-format", "cilium")) == 2
    assert "--flows-format" in capsys.readouterr().err


def test_lines_are_read_one_by_one(shop):
    """A file of flows is never in memory as a whole: the first answer is there before the second line is read."""
    from npverify.cli.flow_lines import Answers
    from npverify.report.paint import PLAIN

    flow = json.dumps({"src": {"workload": "shop/web"}, "dst": {"pod": "shop/postgres"}, "port": 80}).encode()

    def endless():
        yield flow
        raise AssertionError("read before it was asked for")

    answers = Answers(load(["all.yaml"]).world, "auto", as_json=True, paint=PLAIN)
    assert json.loads(next(answers.of(endless())))["verdict"] == "denied"
