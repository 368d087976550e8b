"""Entry point of `npverify` and `python -m npverify`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] == ["--version"]:  # answered before anything slow is imported
        from npverify import __version__

        sys.stdout.write(f"npverify {__version__}\n")
        return
    # one command makes much that it needs to its end, and few cycles: with the usual thresholds a tenth of the time of a
    # short run is spent on looking for them
    gc.set_threshold(100_000, 20, 100)
    try:
        from npverify.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # also while modules are being imported
        sys.stderr.write("interrupted\n")
        code = 130
    _leave(code)


def _leave(code: int) -> NoReturn:
    """Leave with an exit code. What was loaded of a large cluster is not freed object by object: that takes seconds."""
    if gc.get_freeze_count():
        with suppress(OSError):  # whoever read the output is gone; the interpreter says so
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
