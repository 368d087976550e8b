"""Manifests that other programs make: `kustomize:`, `helm:`, `cluster:`, `npverify snapshot`, and what goes wrong with them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.api_server import serving
from npverify.cli.app import run
from npverify.ingest.programs import output
from npverify.ingest.source import Problems, Span

KUBECTL = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not there")
HELM = pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not there")

PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, labels: {app: db}}
spec: {containers: [{name: c, image: i}]}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
"""
SPEC = "assert no web reaches db\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A base with two pods, and an overlay that closes one of them in a namespace that only it knows."""
    base, overlay = tmp_path / "deploy" / "base", tmp_path / "deploy" / "prod"
    base.mkdir(parents=True)
    overlay.mkdir()
    (base / "pods.yaml").write_text(PODS, encoding="utf-8")
    (base / "kustomization.yaml").write_text("resources: [pods.yaml]\n", encoding="utf-8")
    (overlay / "policy.yaml").write_text(POLICY, encoding="utf-8")
    text = "namespace: shop\nresources: [../base, policy.yaml]\n"
    (overlay / "kustomization.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "spec.npv").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@KUBECTL
def test_an_overlay_is_read_as_kustomize_builds_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The base alone is open, the overlay is closed, in the namespace that it sets."""
    assert run(("prove", "kustomize:deploy/prod", "--spec", "spec.npv")) == 0
    assert run(("prove", "kustomize:deploy/base", "--spec", "spec.npv")) == 1
    assert "default/web -> default/db" in capsys.readouterr().out


@KUBECTL
def test_a_change_of_an_overlay_is_a_diff(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The two versions may be made by programs; a policy is quoted at the line of what was built."""
    (folder / "deploy" / "open").mkdir()
    text = "namespace: shop\nresources: [../base]\n"
    (folder / "deploy" / "open" / "kustomization.yaml").write_text(text, encoding="utf-8")
    assert run(("diff", "kustomize:deploy/open", "-k", "deploy/prod")) == 1
    out = capsys.readouterr().out
    assert "by NetworkPolicy shop/db (new)  kustomize:deploy/prod:" in out


@KUBECTL
def test_paths_in_the_config_count_from_the_config(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that the command works from a folder below."""
    (folder / ".npverify.yaml").write_text("paths: ['kustomize:deploy/prod']\nspecs: [spec.npv]\n", encoding="utf-8")
    monkeypatch.chdir(folder / "deploy")
    assert run(("prove",)) == 0
    assert "1 proved" in capsys.readouterr().out


@KUBECTL
def test_what_kustomize_complains_of_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One message with its last words, exit code 2."""
    (folder / "deploy" / "prod" / "kustomization.yaml").write_text("resources: [gone.yaml]\n", encoding="utf-8")
    assert run(("prove", "kustomize:deploy/prod", "--spec", "spec.npv")) == 2
    err = capsys.readouterr().err
    assert "error[NPV411]" in err
    assert "gone.yaml" in err


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        pytest.param(b"first\nError: a\n", "first / Error: a", id="lines"),
        pytest.param(b"", "it says nothing", id="nothing"),
        pytest.param(
            b'E1127 20:54:03.8    7961 run.go:72] "command failed" err="no \\"k8s\\": gone"\n',
            'no "k8s": gone',
            id="a log line alone",
        ),
        pytest.param(
            b"E1127 20:54:03.8    7961 memcache.go:2] refused\nno server\n", "no server", id="a log line before"
        ),
    ],
)
def test_a_complaint_is_told_without_what_was_logged_around_it(tmp_path: Path, printed: bytes, told: str) -> None:
    """The last lines of what a program complains with; a line of its log only if there is no other."""
    (tmp_path / "said").write_bytes(printed)
    problems = Problems()
    command = ("sh", "-c", f"cat {tmp_path}/said >&2; exit 1")
    assert output(command, Span("k8s"), problems, code="NPV411", fix="") is None
    assert problems.errors[0].message.endswith(f"` failed: {told}")


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(("prove", "deploy/only", "--spec", "spec.npv"), "NPV144", id="names that mean nothing"),
        pytest.param(("connectivity", "deploy/only"), "NPV144", id="no pod"),
        pytest.param(("lint", "deploy/only", "--select", "NPL999"), "NPV330", id="another error"),
    ],
)
def test_an_overlay_named_as_a_folder_is_told_with_the_error(
    folder: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...], code: str
) -> None:
    """What an error misses may be in what kustomize would have built, so the warning goes before it."""
    (folder / "deploy" / "only").mkdir()
    (folder / "deploy" / "only" / "kustomization.yaml").write_text("resources: [../base]\n", encoding="utf-8")
    assert run(command) == 2
    err = capsys.readouterr().err
    assert "kustomize:deploy/only" in err
    assert err.index("warning[NPV017]") < err.index(f"error[{code}]")


@pytest.fixture
def chart(folder: Path) -> Path:
    """A chart with two pods and a policy, which a value turns on, a namespace that names itself, and a chart inside of it."""
    templates, inner = folder / "chart" / "templates", folder / "chart" / "charts" / "cache"
    templates.mkdir(parents=True)
    (inner / "templates").mkdir(parents=True)
    (folder / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n", encoding="utf-8")
    (inner / "Chart.yaml").write_text("apiVersion: v2\nname: cache\nversion: 0.1.0\n", encoding="utf-8")
    cache = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: cache, namespace: apart, labels: {app: {{ .Values.label }}} }\n"
    )
    (inner / "templates" / "pod.yaml").write_text(cache, encoding="utf-8")
    (inner / "values.yaml").write_text("label: cache\n", encoding="utf-8")
    (templates / "pods.yaml").write_text(PODS, encoding="utf-8")
    (templates / "policy.yaml").write_text(f"{{{{ if .Values.closed }}}}\n{POLICY}{{{{ end }}}}\n", encoding="utf-8")
    (folder / "on.yaml").write_text("closed: true\n", encoding="utf-8")
    return folder


@HELM
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("helm:chart",), 1, id="no values"),
        pytest.param(("helm:chart?values=on.yaml",), 0, id="a path with values"),
        pytest.param(("--helm", "chart"), 1, id="an option"),
        pytest.param(("--helm", "chart", "--values", "on.yaml"), 0, id="values"),
        pytest.param(("--helm", "chart", "--set", "closed=true"), 0, id="a value"),
        pytest.param(("--helm", "chart", "--values", "on.yaml", "--set", "closed="), 1, id="a value over values"),
    ],
)
def test_a_chart_is_read_as_helm_renders_it(chart: Path, arguments: tuple[str, ...], code: int) -> None:
    """Values choose whether the policy is there."""
    assert run(("prove", *arguments, "--spec", "spec.npv")) == code


@HELM
def test_a_release_is_in_its_namespace(chart: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a chart does not put anywhere is installed into the namespace of the release, and not into `default`; what it puts
    somewhere stays there."""
    (chart / "shop.npv").write_text("assert no pod shop/web reaches pod shop/db\n", encoding="utf-8")
    assert run(("prove", "--helm", "chart", "-n", "shop", "--set", "closed=1", "--spec", "shop.npv")) == 0
    capsys.readouterr()
    assert run(("connectivity", "--helm", "chart", "-n", "shop", "--format", "json")) == 0
    out, err = capsys.readouterr()
    ends = {(c["src"].get("namespace"), c["src"].get("name")) for c in json.loads(out)["connections"]}
    assert ends - {(None, None)} == {("shop", "web"), ("shop", "db"), ("apart", "cache")}
    assert "NPV035" not in err
    assert run(("connectivity", "--helm", "chart")) == 0
    assert "fix: name the namespace of the release" in capsys.readouterr().err


@HELM
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("--helm", "nowhere"), "there is no chart `nowhere`", id="no chart"),
        pytest.param(("--helm", "chart", "--values", "gone.yaml"), "gone.yaml", id="no values"),
        pytest.param(("--helm", "chart", "--set", "closed"), "has no value", id="no value"),
        pytest.param(("--helm", "deploy/prod"), "Chart.yaml", id="no chart in the folder"),
    ],
)
def test_what_helm_complains_of_is_told(
    chart: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], told: str
) -> None:
    """One message with its last words, exit code 2."""
    assert run(("prove", *arguments, "--spec", "spec.npv")) == 2
    err = capsys.readouterr().err
    assert "error[NPV41" in err
    assert told in err


@KUBECTL
@pytest.mark.parametrize("verb", ["create", "apply"])
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_what_kubectl_prints_of_a_dry_run_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, verb: str, form: str
) -> None:
    """Objects one after the other (`create -o json`), a stream, or a List; nothing is lost on the way."""
    (folder / "all.yaml").write_text(f"{PODS}---\n{POLICY}", encoding="utf-8")
    with serving((), folder) as (config, _):
        env = {**os.environ, "KUBECONFIG": str(config), "HOME": str(folder)}
        command = ["kubectl", verb, "--dry-run=client", "--validate=false", "-f", "all.yaml", "-o", form]
        printed = subprocess.run(command, env=env, capture_output=True, check=True).stdout
    (folder / f"printed.{form}").write_bytes(printed)
    assert run(("equiv", "all.yaml", f"printed.{form}")) == 0
    assert run(("prove", f"printed.{form}", "--spec", "spec.npv")) == 0


STUB = """\
#!/bin/sh
echo "$@" > asked
cat pods.yaml
"""


def test_helm_is_asked_with_the_values_in_their_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`helm template RELEASE CHART --values … --set …` (helm documentation, helm template)."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "helm").write_text(STUB, encoding="utf-8")
    (programs / "helm").chmod(0o755)
    (folder / "pods.yaml").write_text(PODS, encoding="utf-8")
    (folder / "chart").mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    path = "helm:chart?values=a.yaml&values=b%20c.yaml&set=x.y=1&namespace=shop&release=web"
    assert run(("prove", path, "--spec", "spec.npv")) == 1
    asked = (folder / "asked").read_text(encoding="utf-8").strip()
    assert asked == "template web chart --include-crds --values a.yaml --values b c.yaml --set x.y=1 --namespace shop"


WRONG = (
    pytest.param("kustomize:", "NPV412", "names no folder", id="no folder"),
    pytest.param("helm:chart?value=x", "NPV412", "did you mean `values`?", id="a parameter that is not there"),
    pytest.param("helm:chart?values=", "NPV412", "`values` has no value", id="no value"),
    pytest.param("helm:chart?release=a&release=b", "NPV412", "`release` is there twice", id="twice"),
    pytest.param("kustomize:x?a=b", "NPV412", "takes no parameters", id="no parameters"),
)


@pytest.mark.parametrize(("path", "code", "told"), WRONG)
def test_a_path_that_says_nothing(
    path: str, code: str, told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told before any program runs."""
    assert run(("prove", path, "--spec", "spec.npv")) == 2
    err = capsys.readouterr().err
    assert f"error[{code}]" in err
    assert told in err


@pytest.mark.parametrize(
    ("path", "program"), [("kustomize:x", "kustomize or kubectl"), ("helm:x", "helm"), ("cluster:", "kubectl")]
)
def test_a_program_that_is_not_there(
    path: str, program: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says which, and what to do without it."""
    monkeypatch.setenv("PATH", str(folder))
    assert run(("prove", path, "--spec", "spec.npv")) == 2
    err = capsys.readouterr().err
    assert "error[NPV414]" in err
    assert program in err


def test_what_a_program_makes_cannot_be_watched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`watch` looks at files."""
    assert run(("watch", "kustomize:deploy/prod")) == 2
    assert "cannot be watched" in capsys.readouterr().err


def of(api_version: str, kind: str, name: str, namespace: str = "shop", **parts: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "uid": "1", "resourceVersion": "7", "managedFields": [{"manager": "x"}]}
    if namespace:
        metadata["namespace"] = namespace
    metadata |= parts.pop("metadata", {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def pod(name: str, namespace: str = "shop") -> dict[str, Any]:
    spec = {
        "containers": [
            {"name": "c", "image": "i", "env": [{"name": "TOKEN", "value": "s3cret"}], "ports": [{"containerPort": 1}]}
        ]
    }
    return of("v1", "Pod", name, namespace, metadata={"labels": {"app": name}}, spec=spec, status={"podIP": "10.0.0.1"})


CLUSTER = (
    of("v1", "Namespace", "shop", ""),
    of("v1", "Namespace", "other", ""),
    of("v1", "Node", "n1", "", status={"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}),
    pod("web"),
    {**pod("db"), "status": {"podIP": "10.0.0.2"}},
    {**pod("far", "other"), "status": {"podIP": "10.0.0.3"}},
    of("v1", "Secret", "password", data={"p": "s3cret"}),
    of(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "db",
        spec={"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"]},
        metadata={"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "npverify.io/ignore": "x"}},
    ),
)


@pytest.fixture
def cluster(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A server with that cluster, which kubectl takes for its current context; the paths that it is asked for."""
    with serving(CLUSTER, folder) as (config, asked):
        monkeypatch.setenv("KUBECONFIG", str(config))
        monkeypatch.setenv("HOME", str(folder))  # where kubectl keeps what it discovered
        yield asked


@KUBECTL
def test_a_running_cluster_is_read_with_kubectl(cluster: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Policies and pods of all namespaces, nothing of Secrets; a context may have a slash in its name."""
    assert run(("prove", "cluster:", "--spec", "spec.npv")) == 0
    assert run(("prove", "cluster:arn:x:cluster/two", "--spec", "spec.npv")) == 0
    assert run(("prove", "--cluster", "--context", "arn:x:cluster/two", "-A", "--spec", "spec.npv")) == 0
    assert "1 policy, 3 workloads" in capsys.readouterr().out
    assert "/api/v1/pods" in cluster
    assert not any("secrets" in path for path in cluster)


@KUBECTL
def test_one_namespace_of_a_cluster(cluster: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Objects without a namespace are read all the same."""
    assert run(("prove", "--cluster", "--context", "test", "-n", "shop", "--spec", "spec.npv")) == 0
    assert "1 policy, 2 workloads" in capsys.readouterr().out
    assert "/api/v1/namespaces/shop/pods" in cluster
    assert "/api/v1/pods" not in cluster


@KUBECTL
def test_a_snapshot_has_what_is_needed_and_nothing_secret(
    cluster: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It gives the verdicts of the cluster that it was taken of; equal clusters give equal bytes."""
    assert run(("snapshot", "--output", "snapshot.json")) == 0
    assert "wrote snapshot.json: 7 objects (2 Namespace, 1 NetworkPolicy, 1 Node, 3 Pod)" in capsys.readouterr().err
    text = (folder / "snapshot.json").read_text(encoding="utf-8")
    for gone in ("s3cret", "managedFields", "resourceVersion", "last-applied", "image"):
        assert gone not in text
    assert '"npverify.io/ignore": "x"' in text
    assert run(("prove", "snapshot.json", "--spec", "spec.npv", "--format", "json=a")) == 0
    assert run(("prove", "cluster:", "--spec", "spec.npv", "--format", "json=b")) == 0
    assert (folder / "a").read_bytes() == (folder / "b").read_bytes()
    capsys.readouterr()
    assert run(("snapshot", "--context", "test")) == 0
    assert capsys.readouterr().out == text


@KUBECTL
def test_half_a_cluster_is_no_cluster(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A resource that may not be read is an error that names it, and the role that helps."""
    with serving(CLUSTER, folder, forbidden=["networkpolicies"]) as (config, _):
        monkeypatch.setenv("KUBECONFIG", str(config))
        monkeypatch.setenv("HOME", str(folder))
        assert run(("prove", "cluster:", "--spec", "spec.npv")) == 2
        assert run(("snapshot",)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error[NPV413]" in captured.err
    assert "networkpolicies.networking.k8s.io" in captured.err
    assert "npverify doctor --rbac" in captured.err


def test_the_role_reads_what_is_asked_for_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """kubernetes/api rbac/v1 ClusterRole."""
    assert run(("doctor", "--rbac")) == 0
    role = yaml.safe_load(capsys.readouterr().out)
    assert (role["apiVersion"], role["kind"]) == ("rbac.authorization.k8s.io/v1", "ClusterRole")
    granted: Mapping[str, set[str]] = {rule["apiGroups"][0]: set(rule["resources"]) for rule in role["rules"]}
    assert {"pods", "namespaces", "services", "nodes"} <= granted[""]
    assert "networkpolicies" in granted["networking.k8s.io"]
    assert "globalnetworkpolicies" in granted["crd.projectcalico.org"]
    assert not any(name in ("secrets", "configmaps", "*") for names in granted.values() for name in names)
    assert all(rule["verbs"] == ["get", "list"] for rule in role["rules"])


def test_doctor_tells_what_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Versions, and which programs are missing and what for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(("doctor",)) == 0
    out = capsys.readouterr().out
    assert "helm       not there" in out
    assert json.dumps("helm:DIR?values=FILE")[1:-1] in out
