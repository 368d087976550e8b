"""The collector of cycles rests while much is loaded, and is afterwards as it was."""

from __future__ import annotations

import gc
from unittest.mock import patch

import pytest

from npverify.ingest import collector


@collector.without_gc()
def _work_that_fails() -> None:
    assert not gc.isenabled()
    raise ZeroDivisionError


@pytest.mark.parametrize("enabled", [True, False])
def test_it_is_as_it_was(enabled: bool) -> None:
    """Also where the work fails."""
    was = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with pytest.raises(ZeroDivisionError):
            _work_that_fails()
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if was else gc.disable)()


@pytest.mark.parametrize(("count", "spared"), [(0, False), (collector.MANY - 1, False), (collector.MANY, True)])
def test_only_much_is_spared(count: int, spared: bool) -> None:
    """A program that reads small inputs again and again keeps its collector."""
    with patch.object(gc, "freeze") as freeze:
        collector.keep(count)
    assert freeze.called == spared
