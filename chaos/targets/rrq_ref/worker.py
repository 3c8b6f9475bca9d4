"""The process of a worker, or of a fleet, of `rrq_ref` under test."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from chaos.errors import ChaosError
from chaos.targets import WorkerSpec
from chaos.targets.behaviour import Attempt, RetryWanted, WorkerLog, behave, behave_in_thread
from rrq_ref import Context, Fleet, Handler, JobCancelled, LockLost, RetryJob
from rrq_ref.logs import configure
from rrq_ref.process import leave, run_worker

from . import effects as of_jobs
from .settings import settings_of


class ToldToStop(ChaosError):
    """A plain function ends itself, because its worker leaves."""


def handlers(log: WorkerLog) -> Mapping[str, Handler]:
    """The two functions that run jobs: on the loop, and in a thread."""

    async def on_loop(
        context: Context, /, *args: Any, plan: dict[str, Any], effects: int, **kwargs: Any
    ) -> Any:
        attempt = _attempt(context, args, kwargs)
        with log.recorded(attempt) as returned, _asking():
            of_jobs.hand_over(context, effects, plan)
            result = await behave(plan, attempt)
            returned(result)
        return result

    def in_thread(
        context: Context, /, *args: Any, plan: dict[str, Any], effects: int, **kwargs: Any
    ) -> Any:
        def check() -> None:
            context.check()
            if context.stopping:
                raise ToldToStop

        attempt = _attempt(context, args, kwargs)
        with log.recorded(attempt) as returned, _asking():
            of_jobs.hand_over(context, effects, plan)
            result = behave_in_thread(plan, attempt, check)
            returned(result)
        return result

    return {"behave": on_loop, "behave_in_thread": in_thread}


def _attempt(context: Context, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Attempt:
    return Attempt(
        job=context.job_id,
        worker=context.worker_id,
        token=context.token,
        number=context.attempt,
        args=args,
        kwargs=kwargs,
    )


@contextmanager
def _asking() -> Iterator[None]:
    """Ask to be run again in the reference's way."""
    try:
        yield
    except RetryWanted as wanted:
        raise RetryJob(delay_s=wanted.delay_s) from wanted


def work(spec: WorkerSpec, workers: int | None = None) -> NoReturn:
    """Work in this process, or as the parent of a number of workers, until it is over."""
    settings = settings_of(spec.url, spec.settings, spec.serves)
    log = WorkerLog(spec.history, spec.name, lost=(LockLost,), cancelled=(JobCancelled, ToldToStop))
    configure()
    if workers is not None:
        leave(Fleet(handlers(log), settings, num_workers=workers, burst=spec.burst).run())
    leave(run_worker(handlers(log), settings, burst=spec.burst, started=log.hello))


if __name__ == "__main__":
    work(WorkerSpec.from_environment(), int(sys.argv[1]) if len(sys.argv) > 1 else None)
