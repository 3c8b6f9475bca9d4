"""Jobs on their way into the store: how many go at once, and the call that stores them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from . import keys, scripts
from .job import Ready
from .scripts import Command

_CHUNK = 250  # most jobs in one round trip of `enqueue_many`


def batches(jobs: Iterable[Ready], most_bytes: int) -> Iterator[list[Ready]]:
    """Jobs grouped by round trip: bounded in number and in bytes, but at least one each."""
    batch: list[Ready] = []
    size = 0
    for job in jobs:
        size += job.size
        if batch and (len(batch) == _CHUNK or size > most_bytes):
            yield batch
            batch, size = [], job.size
        batch.append(job)
    if batch:
        yield batch


def call(queue: str, jobs: Sequence[Ready], first: int) -> Command:
    """The call that stores jobs of one queue. What all have in common is sent once. `first` is the
    place of the first job in the caller's call."""
    told = jobs[0].fields.items()
    common = told if len(jobs) == 1 else set(told).intersection(*[j.fields.items() for j in jobs])
    shared = [*chain.from_iterable(field for field in told if field in common)]
    own = [field[0] for field in told if field not in common]
    args: list[str | int] = [keys.JOB, first, len(shared), *shared, len(own), *own]
    uniques = []
    for job_id, due, unique, fields in jobs:
        if unique:
            uniques.append(keys.unique(unique))
        args += (job_id, *due, unique, *[fields[name] for name in own])
    hashes = [keys.job(job.job_id) for job in jobs]
    return scripts.ENQUEUE.call([keys.queue(queue), keys.wake(queue), *hashes, *uniques], args)
