"""A process that is cut off from the server, with its connections open."""

import asyncio

from chaos.faults.action import PASS, Outcome, Site, WireAction


async def _inject(site: Site) -> Outcome:
    fault = site.fault
    site.landed()
    site.hold(fault.direction)
    if fault.for_ms is not None:
        asyncio.get_running_loop().call_later(fault.for_ms / 1000, site.release)
    return PASS


async def _end(site: Site) -> None:
    site.release()


PARTITION = WireAction(
    name="partition",
    former=("hold",),
    meaning="no connection of the process lets anything pass, until it is over; then all passes",
    lasts=True,
    inject=_inject,
    end=_end,
    takes=("for_ms", "direction"),
    whole_listener=True,
)
