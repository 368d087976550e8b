"""`npverify rollout` as it is typed: exit codes, both formats, the commands that it prints, and what its pages say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npverify.analyses.rollout.commands import commands
from npverify.analyses.rollout.edits import Action, Edit
from npverify.cli.app import run
from npverify.ingest.files import File
from npverify.ingest.read import read
from npverify.ingest.source import Problems

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "rollout"
OLD, NEW, APART = (str(EXAMPLES / name) for name in ("old", "new", "new-dns-apart"))
SPEC = ("--spec", str(EXAMPLES / "rollout.npv"))
PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: NAME, namespace: shop}
spec: {podSelector: {}}
"""


@pytest.fixture
def npverify(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command line; gives its exit code, its output and its messages."""

    def ask(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        said = capfd.readouterr()
        return code, said.out, said.err

    return ask


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((OLD, NEW, *SPEC), 0),
        ((OLD, APART, *SPEC), 1),
        ((NEW, OLD, *SPEC), 1),  # what the default deny reached is given up: not a matter of order
        ((OLD, OLD, *SPEC), 1),  # nothing to apply, and one assertion does not hold
        ((OLD, NEW), 2),
        ((OLD,), 2),
        (("-", "-", *SPEC), 2),
        ((OLD, "nowhere", *SPEC), 2),
        ((OLD, NEW, *SPEC, "--format", "sarif"), 2),
    ],
    ids=["found", "none", "broken", "no change", "no spec", "one version", "two stdins", "no such folder", "format"],
)
def test_the_exit_code_says_whether_the_order_can_be_followed(npverify: Any, arguments: Any, code: int) -> None:
    """0 found, 1 none or broken by the change itself, 2 bad input; bad input leaves standard output empty."""
    got, out, err = npverify("rollout", *arguments)
    assert got == code
    assert bool(out) is (code != 2)
    assert ("error[NPV" in err) is (code == 2)


def test_the_text_lists_the_steps_with_what_to_type(npverify: Any) -> None:
    """A number, the object with its place, and the command for each step."""
    _, out, _ = npverify("rollout", OLD, NEW, *SPEC, "--no-color")
    assert re.findall(r"^ +(\d+)\. (create|delete)  (\S+ \S+)  \S+:\d+:\d+$", out, re.MULTILINE) == [
        ("1", "create", "NetworkPolicy orders/gateway-calls"),
        ("2", "create", "NetworkPolicy orders/order-service"),
        ("3", "create", "NetworkPolicy orders/stock"),
        ("4", "create", "NetworkPolicy orders/look-names-up"),
        ("5", "create", "NetworkPolicy orders/default-deny"),
        ("6", "delete", "NetworkPolicy orders/stock-from-the-namespace"),
    ]
    assert f"kubectl apply -f {NEW}/default-deny.yaml" in out
    assert "kubectl delete networkpolicy -n orders stock-from-the-namespace" in out
    assert out.count("5 of 5 kept: proved") == 6
    assert "✓ an order was found · 6 edits · 5 assertions kept · 1 reached" in out


def test_a_refutation_shows_what_is_done_and_what_is_not(npverify: Any) -> None:
    """Each state has its packet, denied, with the policy that denies it and its line."""
    _, out, _ = npverify("rollout", OLD, APART, *SPEC, "--no-color")
    assert "no order: every one passes through one of these 2 states" in out
    assert re.search(
        r"done +create NetworkPolicy orders/gateway-calls .*\n +not yet +create NetworkPolicy orders/look-names-up", out
    )
    assert "orders/gateway -> kube-system/coredns  UDP 53" in out
    assert "orders/gateway -> orders/order-service  TCP 9000" in out
    assert out.count("egress    denied: orders/gateway is isolated") == 2


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize(("new", "outcome"), [(NEW, "found"), (APART, "none")])
def test_the_json_has_what_its_page_says(npverify: Any, new: str, outcome: str) -> None:
    """An order or a refutation, never both; every key that is written is on the page."""
    _, out, _ = npverify("rollout", OLD, new, *SPEC, "--format", "json")
    report = json.loads(out)
    assert (report["schema"], report["outcome"]) == ("npverify/1", outcome)
    assert (report["order"] is None, report["refutation"] is None) == (outcome == "none", outcome == "found")
    assert [step["number"] for step in report["steps"]] == list(range(1, 7) if outcome == "found" else [])
    assert sorted(key for key in _keys(report) if not re.search(rf"[`\"]{key}[`\"]", PAGE)) == []
    assert npverify("rollout", OLD, new, *SPEC, "--format", "json")[1] == out


def test_a_file_at_once_is_one_step(npverify: Any) -> None:
    """With --group the three policies of one file are one step with one command."""
    code, out, _ = npverify("rollout", OLD, NEW, *SPEC, "--group", "--format", "json")
    assert code == 0
    assert [len(step["edits"]) for step in json.loads(out)["steps"]] == [3, 1, 1, 1]
    assert json.loads(out)["steps"][0]["commands"] == [f"kubectl apply -f {NEW}/calls.yaml"]


def edits(**texts: str) -> dict[str, Edit]:
    """An edit that makes each object of these files, by the name of the object."""
    problems = Problems()
    files = [File(name, text, True) for name, text in texts.items()]
    found = read(files, problems, wanted=lambda _version, _kind: True).documents
    problems.raise_errors()
    return {doc.name: Edit(Action.CREATE, None, doc) for doc in found}


def named(*names: str) -> str:
    return "---\n".join(POLICY.replace("NAME", name) for name in names)


LIST = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": {"name": name},
                "spec": {"podSelector": {}},
            }
            for name in "ab"
        ],
    }
)


@pytest.mark.parametrize(
    ("file", "text", "first", "second"),
    [
        ("k8s/two.yaml", named("a", "b"), """yq 'select(.kind == "NetworkPolicy" and .metadata.name == "a" and .metadata.namespace == "shop")' k8s/two.yaml | kubectl apply -f -""", "kubectl apply -f k8s/two.yaml"),
        ("my files/two.yaml", named("a", "b"), """yq 'select(.kind == "NetworkPolicy" and .metadata.name == "a" and .metadata.namespace == "shop")' 'my files/two.yaml' | kubectl apply -f -""", "kubectl apply -f 'my files/two.yaml'"),
        ("list.json", LIST, "yq '.items[0]' list.json | kubectl apply -f -", "kubectl apply -f list.json"),
        ("git:HEAD:k8s/two.yaml", named("a", "b"), """git show HEAD:k8s/two.yaml | yq 'select(.kind == "NetworkPolicy" and .metadata.name == "a" and .metadata.namespace == "shop")' | kubectl apply -f -""", "git show HEAD:k8s/two.yaml | kubectl apply -f -"),
        ("<stdin>", named("a", "b"), """yq 'select(.kind == "NetworkPolicy" and .metadata.name == "a" and .metadata.namespace == "shop")' | kubectl apply -f -""", "kubectl apply -f -"),
    ],
    ids=["a file", "a name with a space", "a list", "a commit", "standard input"],
)  # fmt: skip
def test_an_object_is_taken_out_of_its_file_until_nothing_in_it_waits(
    file: str, text: str, first: str, second: str
) -> None:
    """Applying the whole file at the first step would apply what is to come later."""
    made = edits(**{file: text})
    assert commands([(made["a"],), (made["b"],)]) == ((first,), (second,))


def test_other_kinds_are_deleted_by_their_group() -> None:
    """`networkpolicy` alone would be the native one."""
    text = "apiVersion: projectcalico.org/v3\nkind: KIND\nmetadata: {name: a}\nspec: {}\n"
    for kind, command in (
        ("NetworkPolicy", "kubectl delete networkpolicy.projectcalico.org -n default a"),
        ("GlobalNetworkPolicy", "kubectl delete globalnetworkpolicy.projectcalico.org a"),
    ):
        made = edits(f=text.replace("KIND", kind))["a"]
        assert commands([(Edit(Action.DELETE, made.new, None),)]) == ((command,),)
        named_in_full = "NetworkPolicy.projectcalico.org default/a" if kind == "NetworkPolicy" else f"{kind} a"
        assert made.object == named_in_full


def test_the_comment_has_each_step_in_a_row_and_what_to_type_folded(npverify: Callable[..., tuple[int, str, str]]):
    """`--format markdown`: the summary as title, the steps in the order of the text, the commands in one block."""
    code, comment, _ = npverify("rollout", OLD, NEW, *SPEC, "--format", "markdown")
    _, text, _ = npverify("rollout", OLD, NEW, *SPEC)
    assert code == 0
    assert comment.startswith("### ✓ an order was found · 6 edits · 5 assertions kept")
    rows = [line for line in comment.splitlines() if re.match(r"\| \d", line)]
    steps = re.findall(r"^ +\d+\. (\w+) +(\S+ \S+)", text, re.MULTILINE)
    assert [re.findall(r"(\w+) \*\*(.+?)\*\*", row) for row in rows] == [[step] for step in steps]
    assert all("| 5 of 5 proved |" in row for row in rows)
    assert "from here on: the stock is asked by the order service alone" in rows[3]
    typed = comment.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert typed == [line.strip() for line in text.splitlines() if line.strip().startswith(("yq ", "kubectl "))]


def test_the_comment_shows_the_states_that_no_order_avoids(npverify: Callable[..., tuple[int, str, str]]):
    """Each with what is done and what is not, and the counterexample folded; every block of code and fold is closed."""
    code, comment, _ = npverify("rollout", OLD, APART, *SPEC, "--format", "markdown")
    assert code == 1
    assert comment.startswith("### ✗ there is no order")
    assert "no order: every one passes through one of these 2 states" in comment
    assert re.findall(r"^\*\*State (\d)\*\*", comment, re.MULTILINE) == ["1", "2"]
    told = re.findall(r"^- (done|not yet): create \*\*NetworkPolicy orders/([a-z-]+)\*\*", comment, re.MULTILINE)
    ours, names = "gateway-calls", "look-names-up"
    assert told == [("done", ours), ("not yet", names), ("done", names), ("not yet", ours)]
    assert "<summary>refuted: every pod can look names up</summary>" in comment
    assert "denied: orders/gateway is isolated by NetworkPolicy orders/gateway-calls" in comment
    assert comment.count("<details>") == comment.count("</details>") == 2
    assert comment.count("```") == 4


def test_the_comment_tells_what_is_no_matter_of_order(npverify: Callable[..., tuple[int, str, str]]):
    """An assertion that the change itself breaks is told with its flow."""
    code, comment, _ = npverify("rollout", NEW, OLD, *SPEC, "--format", "markdown")
    assert code == 1
    assert "**Not a matter of order**: 1 assertion does not hold after the change." in comment
    assert "<summary>refuted: the stock is asked by the order service alone</summary>" in comment
