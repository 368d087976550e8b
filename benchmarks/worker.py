"""python -m benchmarks.worker QUESTION FOLDER FORM: asks one question in this process and prints what it took, as JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from benchmarks.clock import Clock


def main(question: str, folder: str, form: str) -> None:
    """Ask, and print the stages and the answer."""
    clock = Clock()
    with clock.stage("import"):
        from benchmarks.questions import QUESTIONS, Data
    answer = QUESTIONS[question](clock, Data(Path(folder), form))
    print(json.dumps({"stages": clock.stages, "answer": answer}), flush=True)
    os._exit(0)  # as the command does, see npverify.__main__: what was loaded is not freed object by object


if __name__ == "__main__":
    main(*sys.argv[1:])
