"""Files for the tests of the command line, and a way to run it in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

MANIFESTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i, ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: postgres, namespace: shop, labels: {app: postgres}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
status: {podIP: 10.1.0.7, phase: Running}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: postgres, namespace: shop}
spec:
  podSelector: {matchLabels: {app: postgres}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: web}}
    ports: [{port: 5432}]
"""
HOLDS = "assert only web reaches postgres\n"
FAILS = "assert no web reaches postgres:5432\n"
VACUOUS = "assert no web and postgres reaches 192.0.2.1\n"


def write(folder: Path, **files: str) -> None:
    """Write files; `_` in a keyword stands for the dot before the extension."""
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")


def npverify(
    folder: Path, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `npverify` in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "npverify", *arguments],
        cwd=folder,
        input=stdin,
        env={**os.environ, **(env or {})},
        capture_output=True,
        timeout=120,
        check=False,
    )
