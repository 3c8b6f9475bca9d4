"""A signal to a process at one of its commands, while the reply to that command waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from signal import Signals

from chaos.faults.action import PASS, CannotLand, Outcome, Site


def sending(number: Signals) -> Callable[[Site], Awaitable[Outcome]]:
    """The `inject` of a fault that sends this signal. What it came before is held for `for_ms`."""

    async def inject(site: Site) -> Outcome:
        victim = await site.process()
        if not victim.alive:
            raise CannotLand("the process had already ended")
        site.landed()  # before it is sent: nobody may act on a signal that is not yet written down
        victim.signal(number)
        with site.stalled():
            await asyncio.sleep((site.fault.for_ms or 0) / 1000)
        return PASS

    return inject
