"""The image and the plugin for krew: what they are made of is there, and says what it should.

No image is built here. What the Dockerfile copies is made into a wheel, and what it runs is looked at; hadolint reads it where it
is there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from npverify import __version__

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
TAG = f"v{__version__}"
URI = re.compile(r'^( *)\{\{ *addURIAndSha "(?P<uri>[^"]*)" \.TagName *\}\}$', re.MULTILINE)


def manifest() -> dict[str, Any]:
    """`.krew.yaml` as krew-release-bot fills it in: the tag, and behind the address the checksum of what is there."""
    text = (ROOT / ".krew.yaml").read_text(encoding="utf-8")
    text = URI.sub(lambda found: f"{found[1]}uri: {found['uri']}\n{found[1]}sha256: {'a' * 64}", text)
    text = re.sub(r"\{\{ *\.TagName *\}\}", TAG, text)
    assert "{{" not in text
    found: dict[str, Any] = yaml.safe_load(text)
    return found


FIELDS = {
    "spec": {"version", "shortDescription", "description", "caveats", "homepage", "platforms"},
    "platform": {"uri", "sha256", "selector", "files", "bin"},
    "file": {"from", "to"},
}
"""kubernetes-sigs/krew pkg/index/types.go, PluginSpec, Platform and FileOperation."""


def test_the_manifest_has_the_fields_of_krew() -> None:
    """kubernetes-sigs/krew internal/index/validation/validate.go, ValidatePlugin, and no field beside."""
    found = manifest()
    assert found["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert found["kind"] == "Plugin"
    assert re.fullmatch(r"[\w-]+", found["metadata"]["name"])
    spec = found["spec"]
    assert set(spec) <= FIELDS["spec"]
    assert re.fullmatch(r"v\d+\.\d+\.\d+", spec["version"])
    assert "\n" not in spec["shortDescription"]
    assert len(spec["shortDescription"]) <= 50, "krew documentation, Naming guide: one line of a table"
    assert spec["platforms"]
    for platform in spec["platforms"]:
        assert set(platform) == FIELDS["platform"]
        assert re.fullmatch(r"[a-f0-9]{64}", platform["sha256"])
        assert platform["uri"] == f"{spec['homepage']}/archive/refs/tags/{TAG}.tar.gz"
        selector = platform["selector"]
        assert set(selector) <= {"matchLabels", "matchExpressions"}
        assert {each["key"] for each in selector["matchExpressions"]} <= {"os", "arch"}
        assert all(set(each) == FIELDS["file"] for each in platform["files"])


def test_the_archive_has_what_the_manifest_takes_out_of_it() -> None:
    """GitHub's archive of a tag has one folder, `npverify-0.1.0`; each pattern finds one file, and `bin` is among them."""
    (platform,) = manifest()["spec"]["platforms"]
    taken = [each["from"].removeprefix("npverify-*/") for each in platform["files"]]
    assert all((ROOT / name).is_file() for name in taken)
    assert platform["bin"] in {Path(name).name for name in taken}
    assert os.access(ROOT / "krew" / platform["bin"], os.X_OK)
    assert f"release={__version__}\n" in (ROOT / "krew" / platform["bin"]).read_text(encoding="utf-8")


LAUNCHED = (
    pytest.param(("npverify", "uvx", "pipx"), "npverify prove k8s", id="the program itself first"),
    pytest.param(("uvx", "pipx"), f"uvx --quiet --from npverify=={__version__} npverify prove k8s", id="uv"),
    pytest.param(("pipx",), f"pipx run --quiet --spec npverify=={__version__} npverify prove k8s", id="pipx"),
)


@pytest.mark.parametrize(("there", "expected"), LAUNCHED)
def test_the_plugin_starts_what_is_there(there: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    """With all its arguments, and with the exit code of what it starts."""
    for code in (0, 3):
        for name in there:
            (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*"\nexit {code}\n', encoding="utf-8")
            (tmp_path / name).chmod(0o755)
        done = launched(tmp_path)
        assert (done.returncode, done.stdout.strip(), done.stderr) == (code, expected, "")


def test_the_plugin_says_what_it_needs(tmp_path: Path) -> None:
    """Exit code 2, as for bad usage."""
    done = launched(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install npverify" in done.stderr


def launched(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the plugin does where only one folder is on the PATH."""
    command = ["/bin/sh", str(ROOT / "krew" / "kubectl-npverify"), "prove", "k8s"]
    return subprocess.run(command, env={"PATH": str(folder)}, capture_output=True, text=True, check=False)


def lines() -> list[str]:
    """The instructions of the Dockerfile, each on one line."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_image_is_pinned_and_not_run_by_root() -> None:
    """Both stages are of one release of Python, the user is a number (which Kubernetes can check), the program is what is run."""
    bases = [line.split()[1] for line in lines() if line.startswith("FROM")]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", bases[0])
    last = {line.partition(" ")[0]: line.partition(" ")[2] for line in lines()}
    assert int(last["USER"].partition(":")[0]) >= 1000
    assert last["ENTRYPOINT"] == '["npverify"]'


def test_the_image_copies_what_the_wheel_is_made_of(tmp_path: Path) -> None:
    """A wheel is built of nothing but that, which the list of what is sent to the builder has as well."""
    sent = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    for line in lines():
        if line.startswith("COPY") and "--from" not in line:
            *sources, target = line.split()[1:]
            assert set(sources) <= sent
            for source in sources:
                if (ROOT / source).is_dir():
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(ROOT / source, tmp_path / target, ignore=ignored)
                else:
                    (tmp_path / target).parent.mkdir(exist_ok=True)
                    shutil.copy(ROOT / source, tmp_path / target)
    code = "from hatchling.build import build_wheel; print(build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith(f"npverify-{__version__}-py3-none-any.whl")


HADOLINT = shutil.which("hadolint", path=f"{BIN}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not there")
def test_hadolint_finds_nothing() -> None:
    """But for what the file says it accepts."""
    done = subprocess.run([str(HADOLINT), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
