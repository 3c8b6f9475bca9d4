"""SIGSTOP at a command."""

import asyncio
import math
from signal import SIGSTOP

from chaos.faults.action import PASS, CannotLand, Outcome, Site, WireAction
from chaos.processes import Handle
from chaos.processes.stopped import halted

_WATCH_S = 0.01  # between two looks at whether a stopped process runs again


async def _inject(site: Site) -> Outcome:
    victim = await site.process()
    loop = asyncio.get_running_loop()
    if not await loop.run_in_executor(None, victim.pause):
        raise CannotLand("the process had already ended")
    site.landed()
    resumed = site.beside(_watch(site, victim))
    if site.fault.then == "hold":
        await asyncio.wait((resumed,))
    return PASS


async def _watch(site: Site, victim: Handle) -> None:
    """Wait until the process runs again; wake it when its time is over."""
    loop = asyncio.get_running_loop()
    for_ms = site.fault.for_ms
    wake_at = math.inf if for_ms is None else loop.time() + for_ms / 1000
    while halted(victim.pid):
        left_s = wake_at - loop.time()
        if left_s <= 0:
            victim.resume()
            break
        await asyncio.sleep(min(left_s, _WATCH_S))
    if halted(victim.pid) is not None:  # else killed while it was stopped: nothing was undone
        site.healed()


async def _end(site: Site) -> None:
    (await site.process()).resume()


PAUSE = WireAction(
    name="pause",
    former=("stop",),
    meaning="SIGSTOP; the process stands still until it gets SIGCONT",
    lasts=True,
    to_process="halts",
    hangs=True,
    signal=SIGSTOP,
    inject=_inject,
    end=_end,
    takes=("for_ms", "then"),
    swept_with=lambda turn: {"then": "hold"},
)
