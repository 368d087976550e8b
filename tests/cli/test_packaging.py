"""The built wheel works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.packaging


def _run(*arguments: str | Path, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(a) for a in arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    # the build back end of this environment: nothing is downloaded
    build = _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert build.returncode == 0, build.stdout + build.stderr
    (found,) = folder.glob("npverify-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program `npverify` of a fresh environment that has the wheel, and sees the libraries of this one."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    install = _run(scripts / "python", "-m", "pip", "install", "--no-deps", "--no-index", wheel, cwd=folder)
    assert install.returncode == 0, install.stderr
    (packages,) = [p for p in folder.rglob("site-packages") if p.parent.name != "pip"]
    libraries = [p for p in sys.path if p.endswith("site-packages")]
    # a path file lends the libraries; what is installed here itself comes first, and editable installs stay outside
    (packages / "libraries.pth").write_text("\n".join(libraries) + "\n", encoding="utf-8")
    return scripts / "npverify"


def test_the_wheel_holds_grammar_packs_and_types(wheel):
    """What is found beside the sources in a checkout travels inside the package."""
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "npverify/_data/docs/errors.md",
        "npverify/_data/grammar/assertion.lark",
        "npverify/_data/proofs/kubernetes/dns.npv",
        "npverify/py.typed",
        "npverify/report/html/page.css",
        "npverify/report/html/page.js",
    ):
        assert wanted in names
    assert not [n for n in names if n.startswith(("tests/", "examples/"))]


def test_the_installed_program_proves_the_example(installed, tmp_path):
    """From another folder, with grammar and packs found in the wheel."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    where = _run(installed.parent / "python", "-c", "import npverify; print(npverify.__file__)", cwd=tmp_path, env=env)
    assert str(ROOT) not in where.stdout, "the checkout shines through"
    done = _run(installed, "prove", ROOT / "examples" / "shop", cwd=tmp_path, env=env)
    assert done.returncode == 1, done.stderr
    assert "✗ refuted    only the API talks to the database" in done.stdout
    assert "✓ proved     pods resolve names over UDP" in done.stdout
    assert _run(installed, "--version", cwd=tmp_path, env=env).stdout.startswith("npverify ")
