"""What each fault does when its moment has come."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from chaos.errors import ChaosError
from chaos.processes import Descendant, Handle
from chaos.wire.fault import Injection

if TYPE_CHECKING:
    from chaos.wire.connection import Link

DEATH_TIMEOUT_S = 5.0
"""How long a process may take to be gone after SIGKILL, in seconds."""

_WATCH_S = 0.002  # between two looks at whether a stopped process runs again


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the command or the reply that the fault came before."""

    answer: bytes | None = None
    """Deliver this in place of the server's reply."""
    chop_ms: int | None = None
    """Pass it on in so many pieces, one a millisecond; 0: in single bytes."""


PASS = Outcome()
DROP = Outcome(answer=b"")
"""Do not pass it on; the connection has been cut. Compare with `is`."""


class CannotLand(ChaosError):
    """The fault's moment has come, and it is impossible."""


@dataclass(frozen=True, slots=True)
class _Strike:
    """A fault at its command."""

    injection: Injection
    link: "Link"
    argv: list[bytes]

    async def victim(self) -> Handle:
        """The process that sent the command."""
        channel = self.link.channel
        if channel.victim is None:
            raise CannotLand(f"no process is attached to {channel.name}")
        await channel.find_owners()
        if self.link.owner is None:
            raise CannotLand("the process had already ended, or closed this connection")
        return self.link.owner

    @property
    def name(self) -> str:
        """Of the process that is hit; a fleet's worker has its process id after the fleet's."""
        owner, name = self.link.owner, self.link.channel.name
        alone = isinstance(owner, Descendant) and self.injection.fault.action != "hold"
        return f"{name}.{owner.pid}" if owner is not None and alone else name

    def landed(self) -> None:
        journal, owner = self.link.channel.host.journal, self.link.owner
        journal.landed(self.injection, self.name, self.argv, None if owner is None else owner.pid)

    def healed(self) -> None:
        self.link.channel.host.journal.healed(self.injection.fault, self.name)

    def cut(self, *, reset: bool) -> Outcome:
        self.link.cut(reset=reset)
        return DROP


async def inject(injection: Injection, link: "Link", argv: list[bytes]) -> Outcome:
    """Carry out a fault, and wait until it is carried out. It never raises: a fault that cannot
    land is put down as missed, and the command goes on as if there had been none."""
    try:
        return await _ACTIONS[injection.fault.action](_Strike(injection, link, argv))
    except Exception as problem:  # noqa: BLE001 - whatever the process's handle raises
        if injection.landed:
            link.channel.host.journal.broke(problem)
        else:
            link.channel.host.journal.missed(injection, str(problem) or repr(problem))
        return PASS


def _end(victim: Handle) -> bool:
    if not victim.kill():
        return False
    victim.wait(DEATH_TIMEOUT_S)
    return True


async def _kill(strike: _Strike) -> Outcome:
    loop = asyncio.get_running_loop()
    if not await loop.run_in_executor(None, _end, await strike.victim()):
        raise CannotLand("the process had already ended")
    # From here it can neither send nor receive, so what is dropped now it never knew of.
    strike.landed()
    return strike.cut(reset=True)


async def _stop(strike: _Strike) -> Outcome:
    victim = await strike.victim()
    loop = asyncio.get_running_loop()
    if not await loop.run_in_executor(None, victim.pause):
        raise CannotLand("the process had already ended")
    strike.landed()
    resumed = strike.link.channel.host.spawn(_watch(strike, victim))
    if strike.injection.fault.then == "hold":
        await asyncio.wait((resumed,))
    return PASS


async def _watch(strike: _Strike, victim: Handle) -> None:
    """Wait until the process runs again; wake it when its time is over."""
    loop = asyncio.get_running_loop()
    for_ms = strike.injection.fault.for_ms
    wake_at = None if for_ms is None else loop.time() + for_ms / 1000
    try:
        stopped = psutil.Process(victim.pid)
        while stopped.status() == psutil.STATUS_STOPPED:
            if wake_at is not None and loop.time() >= wake_at:
                victim.resume()
                break
            await asyncio.sleep(_WATCH_S)
        if stopped.status() != psutil.STATUS_ZOMBIE:
            strike.healed()
    except psutil.NoSuchProcess:
        return  # killed while it was stopped: nothing has been undone


async def _reset(strike: _Strike) -> Outcome:
    strike.landed()
    return strike.cut(reset=True)


async def _lose_reply(strike: _Strike) -> Outcome:
    strike.landed()
    return strike.cut(reset=False)


async def _delay(strike: _Strike) -> Outcome:
    link, delay_ms = strike.link, strike.injection.fault.for_ms or 0
    strike.landed()
    link.up.stall()
    link.down.stall()
    try:
        await asyncio.sleep(delay_ms / 1000)
    finally:
        link.up.unstall()
        link.down.unstall()
    strike.healed()
    return PASS


async def _hold(strike: _Strike) -> Outcome:
    fault, channel = strike.injection.fault, strike.link.channel
    strike.landed()
    channel.hold(fault.id, fault.direction, strike.healed)
    if fault.for_ms is not None:
        asyncio.get_running_loop().call_later(fault.for_ms / 1000, channel.lift, fault.id)
    return PASS


async def _error(strike: _Strike) -> Outcome:
    strike.landed()
    return Outcome(answer=f"-{strike.injection.fault.error}\r\n".encode())


async def _chop(strike: _Strike) -> Outcome:
    strike.landed()
    return Outcome(chop_ms=strike.injection.fault.for_ms or 0)


_ACTIONS: dict[str, Callable[[_Strike], Awaitable[Outcome]]] = {
    "kill": _kill,
    "stop": _stop,
    "reset": _reset,
    "lose-reply": _lose_reply,
    "delay": _delay,
    "hold": _hold,
    "error": _error,
    "chop": _chop,
}
