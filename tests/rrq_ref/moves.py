"""A worker's moves in short words, for tests of the store."""

from __future__ import annotations

from collections.abc import Callable

from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Bury, Claim, EffectRefused, Finish, Lease, Outcome, Release, Retry

#: Every way in which an attempt can end, as the worker writes it.
ENDS: dict[str, Callable[[Lease], Outcome]] = {
    "finish": lambda lease: Finish(lease, '"done"'),
    "retry": lambda lease: Retry(lease, "ValueError: no", 3_600_000),
    "release": Release,
    "bury": lambda lease: Bury(lease, "timeout", "still running after 1 s"),
}
#: Every write of an attempt that holds a job.
WRITES = (*ENDS, "refresh")


async def take(store: WorkerStore, want: int = 1) -> list[Lease]:
    """Claim jobs. Returns their leases."""
    return [claimed.lease for claimed in (await store.lock_and_pop(want)).jobs]


async def take_one(store: WorkerStore) -> Lease:
    (lease,) = await take(store)
    return lease


async def write(store: WorkerStore, what: str, lease: Lease) -> str:
    """Do one of `WRITES`. Returns the script's answer."""
    if what == "refresh":
        return (await store.refresh_locks([lease]))[0].value
    return await end(store, ENDS[what](lease))


async def end(store: WorkerStore, outcome: Outcome) -> str:
    answer = (await store.settle([outcome]))[0]
    assert not isinstance(answer, EffectRefused), answer
    return answer.value


async def claim_again(store: WorkerStore, want: int = 1) -> Claim:
    """Claim again as if the reply to the last claim had been lost."""
    store.unanswered_claim = True
    return await store.lock_and_pop(want)
