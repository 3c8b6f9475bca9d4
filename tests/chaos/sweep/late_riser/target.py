"""The target: `--target tests.chaos.sweep.late_riser.target:TARGET`."""

import sys

from chaos.targets.programs import queue

_PROGRAM = [sys.executable, "-m", "tests.chaos.sweep.late_riser.program"]

TARGET = queue(
    "late_riser",
    worker=[*_PROGRAM, "work"],
    enqueue=[*_PROGRAM, "enqueue"],
    promises="no-loss",
    again_within_s=1,  # it never does, in a queue that is idle
)
