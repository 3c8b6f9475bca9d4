"""The process of a worker, or of a fleet, of `rrq_ref` under test."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from chaos.targets import WorkerSpec
from chaos.targets.behaviour import Attempt, WorkerLog, behave
from rrq_ref import Context, Fleet
from rrq_ref.logs import configure
from rrq_ref.process import leave, run_worker

from .settings import EFFECTS, settings_of


def work(spec: WorkerSpec, workers: int | None = None) -> NoReturn:
    """Work in this process, or as the parent of a number of workers, until it is over."""
    settings = settings_of(spec.url, spec.settings, spec.serves)
    log = WorkerLog(spec.history, spec.name)

    async def handler(context: Context, plan: dict[str, Any], effects: int) -> Any:
        attempt = Attempt(
            job=context.job_id,
            worker=context.worker_id,
            token=context.token,
            number=context.attempt,
        )
        with log.recorded(attempt):
            for _ in range(effects):
                context.effect("RPUSH", EFFECTS, f"{context.job_id}:{context.token}")
            return await behave(plan, attempt)

    configure()
    handlers = {"behave": handler}
    if workers is not None:
        leave(Fleet(handlers, settings, num_workers=workers, burst=spec.burst).run())
    leave(run_worker(handlers, settings, burst=spec.burst, started=log.hello))


if __name__ == "__main__":
    work(WorkerSpec.from_environment(), int(sys.argv[1]) if len(sys.argv) > 1 else None)
