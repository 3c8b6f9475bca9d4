"""A connection that is slow for a while."""

import asyncio

from chaos.faults.action import PASS, Outcome, Site, WireAction


async def _inject(site: Site) -> Outcome:
    delay_ms = site.fault.for_ms or 0
    site.landed()
    with site.stalled():
        await asyncio.sleep(delay_ms / 1000)
    site.healed()
    return PASS


DELAY = WireAction(
    name="delay",
    meaning="the connection waits for a time, in both directions",
    lasts=True,
    inject=_inject,
    needs=("for_ms",),
    swept=(),  # a partition shows the same, and more
)
