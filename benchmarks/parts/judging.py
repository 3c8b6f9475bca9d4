"""Judges the run in the directory that it is given, as a process of its own, and prints how long it
took and the most memory that it used."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from chaos.checks import judge
from chaos.processes import on_signals

if __name__ == "__main__":
    run_dir, times = Path(sys.argv[1]), int(sys.argv[2])
    seconds = []
    with on_signals():  # or a judge that is told to stop would leave its files
        for _ in range(times):
            began = time.perf_counter()
            verdict = judge(run_dir)
            seconds.append(time.perf_counter() - began)
    used_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "outcome": verdict.outcome.value,
                "why": verdict.unknown_because[:1],
                "seconds": seconds,
                "peak_rss_mb": used_kb / 1024,
            }
        )
    )
