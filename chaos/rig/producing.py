"""The process of a producer in a run: it enqueues jobs in one call, and asks again for what is in
doubt.

`python -m chaos.rig.producing TARGET CLIENT JOBS` reads the rest from its environment, as a worker
does. SIGINT interrupts a call in the middle: the async client's is cancelled. The same client then
asks again. Where the call was refused nothing is in doubt, and it leaves.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from chaos.history import Recorder
from chaos.rig.enqueue import enqueue, named
from chaos.targets import EnqueueInDoubt, Job, WorkerSpec, find_target

#: Calls for the same jobs.
_TRIES = 20


def main(target_name: str, client: str, path: str) -> None:
    """Enqueue the jobs in this file until the queue has told what became of each."""
    spec = WorkerSpec.from_environment()
    target = find_target(target_name)
    producer = target.clients[client](spec.url, spec.settings)
    recorder = Recorder(Path(spec.history), spec.name)
    jobs = read_jobs(Path(path))
    for _ in range(_TRIES):
        try:
            error = enqueue(producer, jobs, spec.settings, recorder.write)
        except KeyboardInterrupt:
            continue  # in the middle of the call: nobody knows what came of it
        if not isinstance(error, EnqueueInDoubt):
            break
        jobs = named(jobs, error)
    producer.close()


def write_jobs(jobs: Sequence[Job], path: Path) -> None:
    """Write jobs for such a process."""
    path.write_text(json.dumps([asdict(job) for job in jobs]))


def read_jobs(path: Path) -> list[Job]:
    """What `write_jobs` has written."""
    return [Job(**{**job, "args": tuple(job["args"])}) for job in json.loads(path.read_text())]


if __name__ == "__main__":
    main(*sys.argv[1:])
