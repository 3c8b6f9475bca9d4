"""A target that is only two programs: `--target examples.two_programs.target:TARGET`."""

import sys

from chaos.targets.programs import queue

TARGET = queue(
    "naive_queue",
    worker=[sys.executable, "-m", "examples.two_programs.worker"],
    enqueue=[sys.executable, "-m", "examples.two_programs.enqueue"],
    promises="no-loss no-phantom one-commit alive",
    again_within_s=3,  # it never does: whoever takes a job takes it for good
)
