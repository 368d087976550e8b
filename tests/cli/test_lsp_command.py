"""`npverify lsp` without its extra; with it, tests/lsp asks a real server."""

from __future__ import annotations

import sys

import pytest

from npverify.cli.app import run


def test_without_pygls_one_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pygls", None)
    monkeypatch.delitem(sys.modules, "npverify.lsp.server", raising=False)
    assert run(["lsp"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "error[NPV635]: the language server needs pygls, which is not installed" in said.err
    assert "pip install 'npverify[lsp]'" in said.err
    assert "Traceback" not in said.err
