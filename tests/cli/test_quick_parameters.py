"""Values of options are what typer reads, also where it is not asked; see `npverify.cli.quick_parameters`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from npverify.cli.quick_parameters import quicken

SEEN: list[dict[str, Any]] = []


def command(
    paths: Annotated[list[str] | None, typer.Argument()] = None,
    name: Annotated[str | None, typer.Option("--name")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=1000)] = 1,
    few: Annotated[int, typer.Option("--few", min=1, max=5, clamp=True)] = 1,
    limit: Annotated[float | None, typer.Option("--limit")] = None,
    upper: Annotated[str, typer.Option("--upper", parser=str.upper)] = "x",
    quiet: Annotated[bool, typer.Option("--quiet")] = False,
) -> None:
    """Keeps what it is given."""
    SEEN.append(dict(locals()))


def parsed(arguments: list[str], *, quick: bool) -> tuple[Any, dict[str, Any] | None]:
    """The exit code, and what the command is given."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(command)
    made = get_command(app)
    if quick:
        quicken(made)
    SEEN.clear()
    with pytest.raises(SystemExit) as left:
        made(args=arguments, prog_name="p")
    return left.value.code, next(iter(SEEN), None)


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "a b",
            "--name x",
            "--name=",
            "--name 5",
            "--tag a --tag b",
            "-j 4",
            "-j 0",
            "-j 1001",
            "-j 1000",
            "-j 007",
        ),
        *(
            "-j x",
            "-j -1",
            "-j +2",
            "-j 1.0",
            "-j 99999999999999999999",
            "-j ٣",
            "--limit 30",
            "--limit 0.5",
            "--limit 1e3",
        ),
        *(
            "--limit x",
            "--limit nan",
            "--few 9",
            "--few 3",
            "--upper a",
            "--quiet",
            "a --quiet -j 2 --tag c",
            "--help",
            "--no",
        ),
    ],
)
def test_a_value_is_what_typer_reads(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With the same types, the same exit codes, and the same messages."""
    plain = parsed(line.split(), quick=False), capsys.readouterr()
    quick = parsed(line.split(), quick=True), capsys.readouterr()
    assert repr(quick) == repr(plain)


def test_a_small_question_loads_no_validators_and_no_solver(tmp_path: Path) -> None:
    """Nor does lint of rules that one covers for any pods that could ever be, and of others for those that there are."""
    (tmp_path / "all.yaml").write_text(WORLD, encoding="utf-8")
    code = (
        "import sys; from npverify.cli.app import run;"
        f"run(['lint', {str(tmp_path)!r}, '--format', 'json', '-j', '1']);"
        "print(); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    *_, last = done.stdout.splitlines()
    assert '"NPL142"' in done.stdout
    assert not set(last.split()) & {"pydantic", "z3"}


WORLD = """\
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from: [{podSelector: {}}, {namespaceSelector: {matchLabels: {team: a}}}]
    ports: [{port: 8080}, {port: 9090}]
  - from: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 8080}]
  - from: [{podSelector: {matchLabels: {app: web}}}, {namespaceSelector: {matchLabels: {team: b}}}]
    ports: [{port: 9090}, {port: 8080}]
"""
