"""A folder with a small shop, as the root of a repository, which is the working directory."""

from pathlib import Path

import pytest
from cli_worlds import FAILS, HOLDS, MANIFESTS, POLICY, VACUOUS, write


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`all.yaml` with workloads and a policy, and one spec for each answer."""
    (tmp_path / ".git").mkdir()
    write(tmp_path, all_yaml=f"{MANIFESTS}---\n{POLICY}", holds_npv=HOLDS, fails_npv=FAILS, vacuous_npv=VACUOUS)
    write(tmp_path, pods_yaml=MANIFESTS, policy_yaml=POLICY)
    (tmp_path / "folder").mkdir()
    write(tmp_path / "folder", all_yaml=f"{MANIFESTS}---\n{POLICY}", fails_npv=FAILS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    return tmp_path
