"""Waiting for the end of a job: an event wakes the waiter, and a slow poll stands behind it."""

from random import Random
from time import monotonic

from . import keys
from .errors import StoreRefused, StoreUnavailable
from .job import Job, JobStatus
from .scripts import AWAIT
from .store import Store
from .trouble import Backoff

_LIVE = [status.value.encode() for status in JobStatus if status.live]


async def wait(store: Store, job_id: str, timeout_s: float | None) -> Job:
    """Wait until the job has ended, and return it. While the server does not answer, it keeps
    trying until the time is over. Raises `TimeoutError`, and `JobNotFound` if there is no such job,
    or none any longer."""
    end = float("inf") if timeout_s is None else monotonic() + timeout_s
    backoff, trouble = Backoff.polling(store.settings, Random()), ""
    stream = keys.events(job_id)
    apart = store.apart()  # this call blocks, and must not take a connection from others
    try:
        while True:
            try:
                status, *last = await look(apart, job_id)
                if status not in _LIVE:
                    return await apart.job(job_id)
                left_s = min(end - monotonic(), store.settings.command_timeout_ms / 2000)
                if left_s > 0:
                    block_ms = max(1, round(left_s * 1000))
                    await apart.run([("XREAD", "BLOCK", block_ms, "STREAMS", stream, *last)])
                    backoff.reset()
            except (StoreUnavailable, StoreRefused) as error:
                trouble = f", as far as is known: {error}"
                await store.pause(max(0.0, min(end - monotonic(), backoff.next())))
            if not monotonic() < end:
                text = f"job {job_id} has not ended within {timeout_s:g} s"
                raise TimeoutError(text + trouble)
    finally:
        await apart.aclose()


async def look(store: Store, job_id: str) -> list[bytes]:
    """Read the job's status and the id of its stream's last event in one step. An end of the job
    from now on makes a later event, so none can fall between the two."""
    call = AWAIT.call([keys.job(job_id), keys.events(job_id)], [])
    (found,) = await store.run([call])
    return list(found)
