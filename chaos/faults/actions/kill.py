"""SIGKILL at a command."""

import asyncio
from signal import SIGKILL

from chaos.faults.action import CannotLand, Outcome, Site, WireAction
from chaos.processes import Handle

DEATH_TIMEOUT_S = 5.0
"""Limit for a process to be gone after SIGKILL, in seconds."""


def _end(victim: Handle) -> bool:
    if not victim.kill():
        return False
    victim.wait(DEATH_TIMEOUT_S)
    return True


async def _inject(site: Site) -> Outcome:
    loop = asyncio.get_running_loop()
    if not await loop.run_in_executor(None, _end, await site.process()):
        raise CannotLand("the process had already ended")
    # From here it can neither send nor receive, so what is dropped now it never knew of.
    site.landed()
    return site.cut(reset=True)


KILL = WireAction(
    name="kill",
    meaning="SIGKILL; what it came before is dropped",
    forgets=True,
    to_process="ends",
    signal=SIGKILL,
    inject=_inject,
)
