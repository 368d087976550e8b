"""Entry point of `npverify` and `python -m npverify`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] == ["--version"]:  # answered before anything slow is imported
        from npverify import __version__

        sys.stdout.write(f"npverify {__version__}\n")
        return
    try:
        from npverify.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # also while modules are being imported
        sys.stderr.write("interrupted\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
