"""Many jobs for a queue that has no call of its own for them: many calls at a time."""

import asyncio

_AT_ONCE = 100


async def all_of(send, jobs):
    """Send every job; `send` is a coroutine function of one."""
    jobs = iter(jobs)

    async def one_after_another():
        for job in jobs:
            await send(job)

    await asyncio.gather(*(one_after_another() for _ in range(_AT_ONCE)))
