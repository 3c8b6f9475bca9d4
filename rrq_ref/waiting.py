"""Waiting for the end of a job: woken by whoever ends it, with a slow poll behind it."""

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
    """The job once it has ended. Raises `TimeoutError`, and `JobNotFound` when there is none (any
    more); goes on where the server does not answer, for as long as there is time."""
    end = float("inf") if timeout_s is None else monotonic() + timeout_s
    backoff, trouble = Backoff.polling(store.settings, Random()), ""
    stream = keys.events(job_id)
    apart = store.apart()  # it blocks, and must not keep a connection from others
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
    """The job's status, and from where on events count, which an end of it from now on makes: both
    in one step, so that no end falls between the two."""
    call = AWAIT.call([keys.job(job_id), keys.events(job_id)], [])
    (found,) = await store.run([call])
    return list(found)
