"""Runs network-config-analyzer as its command does, and tells how long the query alone took, without reading the input.

It runs in the environment of that tool, which has no other part of this folder: python nca_driver.py ARGUMENT…
The last line on standard error is `query seconds: …`.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from nca import nca_cli

original = nca_cli._execute_single_config_query
spent: list[float] = []


def timed(*given: Any, **named: Any) -> Any:
    """The query, after everything was read."""
    start = time.perf_counter()
    try:
        return original(*given, **named)
    finally:
        spent.append(time.perf_counter() - start)


nca_cli._execute_single_config_query = timed
code = nca_cli.nca_main(sys.argv[1:])
print(f"query seconds: {sum(spent):.3f}", file=sys.stderr)
sys.exit(code)
