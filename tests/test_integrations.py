"""What stands around the program: the action, the hooks, the snippets for pipelines, the plugin of kubectl, completion.

The commands that the files show are run here as they stand, on a repository as they suppose it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
CI = ROOT / "examples" / "ci"
BIN = Path(sys.executable).parent


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A clone as a pipeline has it: manifests in `k8s`, the base on `origin/main`, and a branch that closes a policy's hole."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch", "work")
    git("config", "user.email", "a@example.org")
    git("config", "user.name", "A")
    shutil.copytree(ROOT / "examples" / "shop", tmp_path / "k8s")
    git("add", ".")
    git("commit", "--quiet", "--message", "base")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    (mended,) = (ROOT / "examples" / "shop-fixed").rglob("*.yaml")
    (broken,) = (tmp_path / "k8s").rglob(mended.name)
    shutil.copy(mended, broken)
    return tmp_path


def shell(script: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A script as a pipeline runs it, with the program on the path."""
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **more}
    env.pop("GITHUB_STEP_SUMMARY", None)
    env |= {key: value for key, value in more.items() if key == "GITHUB_STEP_SUMMARY"}
    return subprocess.run(["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False)


SCHEMAS = (
    ("vendor.github-actions", ROOT / "action.yml"),
    ("vendor.github-workflows", CI / "github.yml"),
    ("vendor.gitlab-ci", CI / "gitlab-ci.yml"),
)


@pytest.mark.parametrize(("schema", "file"), SCHEMAS, ids=[file.name for _, file in SCHEMAS])
def test_the_files_are_what_their_services_read(schema: str, file: Path) -> None:
    """The schemas of SchemaStore, as check-jsonschema carries them."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def steps(name: str) -> Iterator[Mapping[str, str]]:
    workflow = yaml.safe_load((CI / name).read_text(encoding="utf-8"))
    for job in workflow["jobs"].values():
        yield from (step for step in job["steps"] if step.get("run", "").startswith("npverify"))


def test_the_workflow_proves_and_tells_what_changes(repo: Path) -> None:
    """Both of its commands succeed on the branch that keeps the promises, and write what later steps take."""
    found = list(steps("github.yml"))
    assert [step["run"].split()[1] for step in found] == ["prove", "diff"]
    summary = repo / "summary.md"
    for step in found:
        done = shell(step["run"], repo, BASE="origin/main", GITHUB_STEP_SUMMARY=str(summary))
        assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((repo / "npverify.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert (repo / "npverify.md").read_text(encoding="utf-8").startswith("### ")
    assert summary.read_text(encoding="utf-8").count("\n### ") == 1, "the summaries of both steps"


def test_the_workflow_fails_where_a_promise_is_broken(repo: Path) -> None:
    """The base itself breaks one: exit code 1, with an annotation at its line."""
    shutil.rmtree(repo / "k8s")
    shutil.copytree(ROOT / "examples" / "shop", repo / "k8s")
    done = shell(next(steps("github.yml"))["run"], repo)
    assert done.returncode == 1
    assert re.search(r"^::error file=k8s/shop\.npv,line=\d+,", done.stdout, re.MULTILINE)


def test_the_snippet_for_gitlab_runs(repo: Path) -> None:
    """Its commands, and the files that it names as reports."""
    (job,) = yaml.safe_load((CI / "gitlab-ci.yml").read_text(encoding="utf-8")).values()
    for line in job["script"]:
        done = shell(line, repo, CI_MERGE_REQUEST_DIFF_BASE_SHA="origin/main")
        assert done.returncode == 0, done.stdout + done.stderr
    assert all((repo / file).is_file() for file in job["artifacts"]["reports"].values())


def test_the_action_runs_its_command(repo: Path) -> None:
    """Its last step, with the inputs as the runner gives them; a refutation fails the step and is an output."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    step = action["runs"]["steps"][-1]
    defaults = {name: given.get("default", "") for name, given in action["inputs"].items()}
    chosen = {**defaults, "paths": "k8s", "options": "--only dns --quiet"}
    env = {
        name: re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda m: chosen[m[1]], text)
        for name, text in step["env"].items()
    }
    assert "${{" not in "".join(env.values())
    done = shell(step["run"], repo, GITHUB_OUTPUT=str(repo / "output"), **env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repo / "output").read_text(encoding="utf-8") == "exit-code=0\n"
    assert (repo / chosen["sarif"]).is_file()
    assert (repo / chosen["comment"]).is_file()
    done = shell(step["run"], repo, GITHUB_OUTPUT=str(repo / "output"), **{**env, "PATHS": "gone"})
    assert done.returncode == 2
    assert (repo / "output").read_text(encoding="utf-8").endswith("exit-code=2\n")


def test_the_hooks_are_those_of_the_example(repo: Path) -> None:
    """Each runs with the arguments that the example gives it, without names of files."""
    hooks = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    (used,) = yaml.safe_load((CI / "pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [hook["id"] for hook in used["hooks"]] == list(hooks)
    for hook in used["hooks"]:
        about = hooks[hook["id"]]
        assert (about["language"], about["pass_filenames"], about["require_serial"]) == ("python", False, True)
        assert re.search(about["files"], "k8s/db.yaml")
        done = shell(" ".join((about["entry"], *hook["args"])), repo)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not there")
def test_kubectl_takes_it_for_a_plugin(repo: Path) -> None:
    """Kubernetes documentation, Extend kubectl with plugins: a program `kubectl-NAME` on the path is `kubectl NAME`."""
    done = shell("kubectl npverify prove k8s --quiet", repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 proved" in done.stdout
    assert shell("kubectl npverify --version", repo).stdout.startswith("npverify ")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("npverify prov", "prove"),
        ("npverify prove --bud", "--budget"),
        ("npverify snap", "snapshot"),
        ("npverify prove --cni kube-r", "kube-router"),
    ],
)
def test_bash_completes_commands_and_options(words: str, offered: str, tmp_path: Path) -> None:
    """What the script of `--show-completion` asks the program."""
    done = shell(
        "npverify", tmp_path, _NPVERIFY_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(words.count(" "))
    )
    assert done.stdout.split() == [offered]
    # the shell is that of the parent process, which bash would not be if it had nothing else to do
    assert "complete" in shell("npverify --show-completion; exit 0", tmp_path).stdout
