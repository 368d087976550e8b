"""Runs the user's own programs (kubectl, kustomize, helm) and tells what went wrong in one message.

Nothing of these programs is done again here: what they print is what is read.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence

from npverify.ingest.source import Problems, Span

LIMIT = 300.0
"""Seconds after which a program is given up."""

_LOGGED = re.compile(r"[IWEF]\d{4} [\d:.]+ +\d+ \S+:\d+\] (?P<said>.*)")
"""A line as klog writes it, which kubectl logs with (kubernetes/klog, klog.go, `Log line format`)."""

_ERROR = re.compile(r'"[^"]*" err="(?P<error>(?:[^"\\]|\\.)*)"')
"""What structured logging makes of an error (kubernetes/klog, `ErrorS`)."""


def find(*names: str) -> str | None:
    """The first of some programs that is there."""
    return next((name for name in names if shutil.which(name)), None)


def output(command: Sequence[str], span: Span, problems: Problems, *, code: str, fix: str) -> bytes | None:
    """What a program prints; None after a report, with the last lines that it complained with."""
    shown = " ".join(command)
    try:
        # the arguments are a list, so no shell reads them
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        problems.error(code, f"`{shown}` did not end within {LIMIT:.0f} seconds", span, fix)
        return None
    except OSError as error:
        problems.error(code, f"`{shown}` cannot be run: {(error.strerror or str(error)).lower()}", span, fix)
        return None
    if done.returncode:
        problems.error(code, f"`{shown}` failed: {_complaint(done.stderr)}", span, fix)
        return None
    return done.stdout


def _complaint(text: bytes) -> str:
    lines = [line.strip() for line in text.decode("utf-8", "replace").splitlines() if line.strip()]
    logged = [_LOGGED.fullmatch(line) for line in lines]
    # what kubectl logs on the way repeats what it says at the end, if it says anything then
    said = [line for line, log in zip(lines, logged, strict=True) if log is None]
    said = said or [_unquoted(log["said"]) for log in logged if log is not None]
    return " / ".join(said[-3:]) if said else "it says nothing"


def _unquoted(said: str) -> str:
    """The error of a line such as `"command failed" err="no such file"`."""
    found = _ERROR.fullmatch(said)
    return re.sub(r"\\(.)", r"\1", found["error"]) if found else said
