"""Ctrl-C while the solver works: Z3 swallows the signal, so the answer must be read off the reason that it gives."""

from __future__ import annotations

import subprocess
import sys

import pytest

HARD = """
import os, signal, threading, z3
from npverify.normal.predicates import port_in
from npverify.smt.solver import InterruptedByUserError, Question

question = Question(port_in(1, 80))
x, y = (z3.BitVec(name, 64, question.encoding.context) for name in "xy")
factors = [x * y == 0x7FFFFFFFFFFFFFE7, z3.ULT(1, x), z3.ULT(x, y), z3.ULT(y, 1 << 40), z3.ULT(x, 1 << 32)]
threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
question.statement = z3.Not(z3.And(*factors))
try:
    ASK
except InterruptedByUserError:
    print("interrupted")
"""


@pytest.mark.parametrize("ask", ["question.possible(*factors)", "question.always()"], ids=["possible", "always"])
def test_an_interrupt_inside_the_solver_is_seen(ask: str) -> None:
    """SIGINT during a long check ends it at once, and is told apart from a spent budget."""
    program = HARD.replace("ASK", ask)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "interrupted", done.stderr
