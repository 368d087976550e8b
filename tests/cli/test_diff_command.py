"""`npverify diff`: exit codes, formats, and a pull request in a real repository."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from cli_worlds import MANIFESTS, POLICY, npverify, write

from npverify.cli.app import run

DENY = POLICY.partition("  ingress:")[0] + "  policyTypes: [Ingress]\n"
CACHE = (
    MANIFESTS.partition("---\napiVersion: v1\nkind: Pod")[2]
    .replace("postgres", "cache")
    .replace("10.1.0.7", "10.1.0.8")
)
CACHE = f"---\napiVersion: v1\nkind: Pod{CACHE}"
NO_NEW = "assert on change: no new flow reaches postgres\n"
ONLY = "assert no web reaches postgres\n"


@pytest.fixture
def two(shop: Path) -> Path:
    """Folders with pods and policies, and specs."""
    for name, policy, more in (("deny", DENY, ""), ("allow", POLICY, ""), ("more", DENY, CACHE)):
        (shop / name).mkdir()
        write(shop / name, all_yaml=f"{MANIFESTS}{more}---\n{policy}")
    write(shop, new_npv=NO_NEW, only_npv=ONLY, lost_npv=NO_NEW.replace("new", "lost"))
    return shop


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("allow", "allow"), 0, id="nothing is different"),
        pytest.param(("deny", "allow"), 1, id="a flow more"),
        pytest.param(("allow", "deny"), 1, id="a flow less"),
        pytest.param(("deny", "more"), 1, id="a pod more, with its flows"),
        pytest.param(("deny", "allow", "--fail-on", "added"), 1, id="added, of what is added"),
        pytest.param(("allow", "deny", "--fail-on", "added"), 0, id="removed, where additions count"),
        pytest.param(("allow", "deny", "--fail-on", "removed"), 1, id="removed, of what is removed"),
        pytest.param(("deny", "allow", "--fail-on", "none"), 0, id="only told"),
        pytest.param(("deny", "allow", "--fail-on", "assertions"), 0, id="no assertion"),
        pytest.param(("deny", "allow", "--fail-on", "assertions", "--spec", "new.npv"), 1, id="a change is forbidden"),
        pytest.param(("allow", "deny", "--fail-on", "assertions", "--spec", "new.npv"), 0, id="another change is"),
        pytest.param(("deny", "allow", "--fail-on", "assertions", "--spec", "only.npv"), 1, id="a promise is broken"),
        pytest.param(("allow", "deny", "--fail-on", "assertions", "--spec", "only.npv"), 0, id="a promise is mended"),
        pytest.param(("deny", "allow", "--fail-on", "none", "--spec", "new.npv"), 0, id="only told, all the same"),
        pytest.param(("all.yaml", "allow.yaml"), 2, id="a path that is not there"),
        pytest.param(("allow",), 2, id="one version"),
        pytest.param(("allow", "deny", "--fail-on", "all"), 2, id="no such reason to fail"),
        pytest.param(("allow", "deny", "--format", "xml"), 2, id="no such format"),
        pytest.param(("policy.yaml", "policy.yaml"), 2, id="nobody"),
        pytest.param(("policy.yaml", "policy.yaml", "--allow-empty"), 0, id="nobody, accepted"),
        pytest.param(("policy.yaml", "policy.yaml", "--with", "pods.yaml"), 0, id="one inventory"),
        pytest.param(("git:main:allow", "allow"), 2, id="no commit"),
    ],
)
def test_exit_codes(two: Path, arguments: tuple[str, ...], code: int) -> None:
    """0 nothing of what counts, 1 something, 2 bad input."""
    assert run(("diff", *arguments)) == code


def test_the_text(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A title, and each change with its ends, traffic and edit."""
    assert run(("diff", "deny", "allow")) == 1
    assert capsys.readouterr().out == (
        "Connections: 1 opened, 0 closed, 0 changed · profile kubernetes\n"
        "\n"
        "  + shop/web (Deployment) -> shop/postgres (Pod)\n"
        "      TCP 5432\n"
        "      by NetworkPolicy shop/postgres (changed)  allow/all.yaml:26:5\n"
    )
    assert run(("diff", "allow", "allow")) == 0
    assert capsys.readouterr().out == "Connections: nothing is different · profile kubernetes\n"


def test_what_one_version_alone_has_is_folded(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is counted, and listed with --include-new."""
    assert run(("diff", "deny", "more")) == 1
    out = capsys.readouterr().out
    assert "Only in the new version: shop/cache (6 connections, not listed; --include-new)\n" in out
    assert "  + " not in out
    assert run(("diff", "deny", "more", "--include-new")) == 1
    assert "  + shop/cache (Pod) -> shop/web (Deployment)\n" in capsys.readouterr().out


def test_the_json(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The shape of design.md, with a flow and the edits."""
    assert run(("diff", "deny", "allow", "--format", "json", "--spec", "new.npv", "--spec", "only.npv")) == 1
    report = json.loads(capsys.readouterr().out)
    (change,) = report["changes"]
    assert report["schema"] == "npverify/1"
    assert change["src"]["ends"] == [{"kind": "Deployment", "namespace": "shop", "name": "web"}]
    assert change["dst"]["text"] == "shop/postgres (Pod)"
    assert (change["added"], change["removed"]) == ([{"protocol": "TCP", "ports": [[5432, 5432]]}], [])
    assert change["causes"] == [
        {
            "policy": {"kind": "NetworkPolicy", "namespace": "shop", "name": "postgres"},
            "name": "NetworkPolicy shop/postgres",
            "status": "changed",
            "source": "allow/all.yaml:26:5",
            "before": None,
        }
    ]
    assert change["example"]["flow"]["port"] == 5432
    assert [change["example"][version]["verdict"] for version in ("old", "new")] == ["denied", "allowed"]
    assert [claim["status"] for claim in report["assertions"]["on_change"]] == ["refuted"]
    assert [promise["broken"] for promise in report["assertions"]["promises"]] == [True]
    assert report["summary"] == {
        "opened": 1,
        "closed": 0,
        "changed": 0,
        "one_sided": 0,
        "conditional": 0,
        "refuted": 1,
        "broken": 1,
    }


def test_the_markdown(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One comment: the title, what is broken, a table."""
    assert run(("diff", "deny", "allow", "--format", "markdown", "--spec", "new.npv", "--spec", "only.npv")) == 1
    assert capsys.readouterr().out == (
        "### Connections: 1 opened, 0 closed, 0 changed · 1 change forbidden by an assertion · 1 promise broken\n"
        "\n"
        "- **refuted**: on change: no new flow reaches postgres (`new.npv:1:1`)\n"
        "- **broken promise**: no web reaches postgres (`only.npv:1:1`)\n"
        "\n"
        "Assertions: 1 broken\n"
        "\n"
        "| | from | to | traffic | edit |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| `+` | shop/web (Deployment) | shop/postgres (Pod) | TCP 5432 |"
        " NetworkPolicy shop/postgres (changed) `allow/all.yaml:26:5` |\n"
        "\n"
    )


def test_a_long_table_is_folded(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """At most 50 rows are open."""
    pods = "".join(
        f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{n}, namespace: shop, labels: {{of: p{n}}}}}\n"
        "spec: {containers: [{name: c, image: i}]}\n"
        for n in range(60)
    )
    rules = "".join(
        f"  - {{from: [{{podSelector: {{matchLabels: {{of: p{n}}}}}}}], ports: [{{port: {1000 + 2 * n}}}]}}\n"
        for n in range(60)
    )
    write(two, old_yaml=f"{MANIFESTS}{pods}---\n{DENY}", new_yaml=f"{MANIFESTS}{pods}---\n{DENY}  ingress:\n{rules}")
    assert run(("diff", "old.yaml", "new.yaml", "--format", "markdown")) == 1
    shown, _, folded = capsys.readouterr().out.partition("<details><summary>10 more rows</summary>")
    assert (shown.count("| `+` |"), folded.count("| `+` |")) == (50, 10)


def test_the_specs_of_the_new_version_count_for_both(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where they say that pods live."""
    write(two / "allow", spec_npv="assume pod addresses in 10.244.0.0/16\n" + NO_NEW)
    assert run(("diff", "deny", "allow", "--fail-on", "assertions")) == 1
    out = capsys.readouterr().out
    assert "✗ refuted    on change: no new flow reaches postgres  allow/spec.npv:2:1\n" in out
    assert "address" not in out


def test_prove_says_that_changes_are_for_diff(two: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And is not green where there is nothing else to decide."""
    assert run(("prove", "allow", "--spec", "new.npv", "--spec", "fails.npv")) == 1
    assert "NPV410" in capsys.readouterr().err
    assert run(("prove", "allow", "--spec", "new.npv")) == 2
    assert "NPV143" in capsys.readouterr().err


def test_standard_input(two: Path) -> None:
    """One version may come from a pipe, and the same bytes come out twice."""
    given = (two / "allow" / "all.yaml").read_bytes()
    first, second = (npverify(two, "diff", "deny", "-", stdin=given) for _ in range(2))
    assert (first.returncode, first.stderr) == (1, b"")
    assert first.stdout == second.stdout


# --- a pull request -------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> None:
    """Run git without the settings of whoever runs the tests."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(("git", *who, *arguments), cwd=folder, env=environment, check=True, capture_output=True)


NAMESPACES = """\
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: legacy}}
"""


def pod(name: str, namespace: str, app: str, ip: str) -> str:
    """A pod with an address."""
    return (
        f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{app: {app}}}}}\n"
        f"spec: {{containers: [{{name: c, image: i}}]}}\nstatus: {{podIP: {ip}, phase: Running}}\n"
    )


def policy(name: str, app: str, rules: str) -> str:
    """A policy of the shop."""
    return (
        f"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\n"
        f"spec:\n  podSelector: {{matchLabels: {{app: {app}}}}}\n  ingress:\n{rules}"
    )


DB = policy("db", "db", "  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 5432}]\n")
API = policy("api", "api", "  - from: [{ipBlock: {cidr: 203.0.113.0/24}}]\n    ports: [{port: 8443}]\n")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`main` has a shop; the branch renames a file, relabels a pod, removes a namespace and widens a block."""
    k8s = tmp_path / "k8s"
    k8s.mkdir()
    shop = (
        pod("web", "shop", "web", "10.1.0.1")
        + pod("db", "shop", "db", "10.1.0.2")
        + pod("api", "shop", "api", "10.1.0.3")
    )
    (k8s / "cluster.yaml").write_text(NAMESPACES + shop + pod("old", "legacy", "old", "10.1.0.4"), encoding="utf-8")
    (k8s / "db.yaml").write_text(DB, encoding="utf-8")
    (k8s / "api.yaml").write_text(API, encoding="utf-8")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "main")
    git(tmp_path, "checkout", "--quiet", "-b", "branch")
    git(tmp_path, "mv", "k8s/db.yaml", "k8s/database.yaml")
    (k8s / "cluster.yaml").write_text(
        NAMESPACES.partition("---")[0] + shop.replace("{app: web}", "{app: front}"), encoding="utf-8"
    )
    (k8s / "api.yaml").write_text(API.replace("203.0.113.0/24", "203.0.112.0/23"), encoding="utf-8")
    (k8s / "shop.npv").write_text(
        'assert "the shop works": every pod shop/web reaches pod shop/db on tcp/5432\n'
        "assert on change: no new flow from internet to api\n"
        "assert on change: no lost flow from pod shop/api to db\n",
        encoding="utf-8",
    )
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "branch")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pull_request(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a reviewer wants: who gained and lost what by which edit, and what breaks; the renamed file is no change."""
    assert run(("diff", "git:main:k8s", "k8s", "--format", "markdown")) == 1
    out = capsys.readouterr().out
    shown, _, folded = out.partition("<details>")
    assert shown == (
        "### Connections: 1 opened, 1 closed, 0 changed · 1 change forbidden by an assertion · 1 promise broken\n"
        "\n"
        "- **refuted**: on change: no new flow from internet to api (`k8s/shop.npv:2:1`)\n"
        "- **broken promise**: the shop works (`k8s/shop.npv:1:1`)\n"
        "\n"
        "Assertions: 1 broken\n"
        "\n"
        "| | from | to | traffic | edit |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| `+` ⚠ | 203.0.112.0/24 | shop/api (Pod) | TCP 8443 | NetworkPolicy shop/api (changed) `k8s/api.yaml:7:5` |\n"
        "| `-` | shop/web (Pod) | shop/db (Pod) | TCP 5432 | Pod shop/web (relabelled: app=web → front)"
        " `k8s/cluster.yaml:5:18` |\n"
        "\n"
    )
    assert folded.startswith("<summary>7 connections of what one version alone has: legacy/old</summary>\n")
    assert (
        "| `-` | legacy/old (Pod) | shop/web (Pod) | everything | Pod legacy/old (removed)"
        " `git:main:k8s/cluster.yaml:25:18` |\n"
    ) in folded


def test_two_commits(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of them need be checked out, and positions say which one is meant."""
    git(repository, "checkout", "--quiet", "main")
    assert run(("diff", "git:branch:k8s", "git:main:k8s")) == 1
    out = capsys.readouterr().out
    assert "  + shop/web (Pod) -> shop/db (Pod)\n" in out
    assert "by Pod shop/web (relabelled: app=front → web)  git:main:k8s/cluster.yaml:7:18\n" in out
    assert (
        "by NetworkPolicy shop/api (changed)  git:main:k8s/api.yaml:3:18, before git:branch:k8s/api.yaml:7:5\n" in out
    )


def test_a_specification_of_a_commit(repository: Path) -> None:
    """Every command reads commits, for manifests and for specs."""
    git(repository, "checkout", "--quiet", "main")
    assert run(("prove", "git:branch:k8s")) == 1
    assert run(("prove", "git:main:k8s/", "--spec", "git:branch:k8s/shop.npv")) == 0
    assert run(("eval", "git:main:k8s", "--from", "shop/web", "--to", "shop/db", "--port", "5432")) == 0


MESH = """\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: only-get, namespace: shop}
spec: {action: %s}
"""


@pytest.mark.parametrize("after", [MESH % "ALLOW", ""], ids=["it says something else", "it is gone"])
def test_what_is_not_judged_and_not_the_same_is_told(after: str, tmp_path: Path, capsys) -> None:
    """Nothing is different as far as network policies go; but a policy of the mesh is, which nobody judged."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {containers: [{name: c, image: i}]}\n---\n"
    for name, text in (("old.yaml", MESH % "DENY"), ("new.yaml", after)):
        (tmp_path / name).write_text(pod + text, encoding="utf-8")
    paths = [str(tmp_path / name) for name in ("old.yaml", "new.yaml")]
    assert run(("diff", *paths)) == 0
    out = capsys.readouterr().out
    assert out.startswith("Connections: nothing is different · 1 object not judged and not the same · ")
    assert "Note: AuthorizationPolicy shop/only-get is not judged, and not the same in both." in out
    assert run(("equiv", *paths)) == 0
    assert "AuthorizationPolicy shop/only-get is not judged" in capsys.readouterr().out
    assert run(("diff", paths[0], paths[0])) == 0
    assert "not judged and" not in capsys.readouterr().out
