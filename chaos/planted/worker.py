"""The process of a worker, or of a fleet, of a variant: `worker.py <bug> [workers]`."""

from __future__ import annotations

import runpy
import sys

from chaos.planted.bugs import edits_of
from chaos.planted.edit import plant

if __name__ == "__main__":
    plant(edits_of(sys.argv.pop(1)))
    runpy.run_module("chaos.targets.rrq_ref.worker", run_name="__main__", alter_sys=True)
