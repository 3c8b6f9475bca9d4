"""Writes the outcomes of attempts: all that have piled up, in one call."""

import asyncio
from collections import Counter
from collections.abc import Callable

from .attempt import Attempt
from .clock import World
from .errors import StoreError, StoreRefused, StoreUnavailable
from .scripts import Answer
from .store import WorkerStore
from .transitions import Acquit, Bury, EffectRefused, Finish, Lease, Outcome
from .trouble import Trouble

_BATCH = 500  # most outcomes in one call: bounds the time in which a script blocks the server
#: An outcome of at least `_LARGE` bytes is too large for a server if, sent alone, it breaks its
#: connection `_STRIKES` times while the server answers everything else.
_LARGE, _STRIKES = 64 * 1024, 5


class Settler:
    """Takes finished attempts, and keeps trying to write them for as long as their locks live.

    A worker outlives an attempt that it lost, and says so (`acquit`), lest it be taken for dead.
    """

    def __init__(
        self, world: World, store: WorkerStore, settled: Callable[[Attempt], None]
    ) -> None:
        self._world = world
        self._store = store
        self._settled = settled
        self._trouble = Trouble("writing outcomes", world)
        self._pending: list[Attempt] = []
        self._acquittals: list[Acquit] = []
        self._strikes: Counter[Attempt] = Counter()
        self._some = asyncio.Event()
        self.empty = asyncio.Event()  # set while nothing is left to write

    def put(self, attempt: Attempt, outcome: Outcome) -> None:
        attempt.outcome = outcome
        self._pending.append(attempt)
        self._arrived()

    def lost(self, attempt: Attempt) -> None:
        """Write of a lost attempt only that it did not crash; nothing at all if it is the one that
        kept its worker from renewing locks."""
        if not attempt.blocked:
            self.acquit(attempt.claimed.lease)

    def acquit(self, lease: Lease) -> None:
        self._acquittals.append(Acquit(lease))
        self._arrived()

    def _arrived(self) -> None:
        self.empty.clear()
        self._some.set()

    async def run(self) -> None:
        """Write outcomes until cancelled."""
        most = _BATCH
        while True:
            self.empty.set()
            await self._some.wait()
            self._some.clear()
            while self._pending or self._acquittals:
                batch = self._batch(most)
                written = [a.outcome for a in batch if a.outcome] or self._acquittals[:most]
                try:
                    answers = await self._store.settle(written)
                except StoreError as error:
                    most = await self._failed(error, batch, len(written))
                else:
                    most = min(2 * most, _BATCH)
                    self._trouble.over()
                    self._done(batch, answers)

    def _batch(self, most: int) -> list[Attempt]:
        """The first pending attempts, as many as fit into one call, but at least one."""
        batch, room = self._pending[:1], self._world.settings.batch_bytes
        room -= sum(_size(attempt.outcome) for attempt in batch)
        for attempt in self._pending[1:most]:
            room -= _size(attempt.outcome)
            if room < 0:
                break
            batch.append(attempt)
        return batch

    def _done(self, batch: list[Attempt], answers: list[Answer | EffectRefused]) -> None:
        if not batch:
            del self._acquittals[: len(answers)]
        del self._pending[: len(batch)]
        for attempt, answer in zip(batch, answers, strict=False):
            self._strikes.pop(attempt, None)
            if isinstance(answer, EffectRefused):
                self.put(attempt, Bury(attempt.claimed.lease, "effect", str(answer)))
                continue
            if answer in (Answer.SUPERSEDED, Answer.GONE):
                text = "%s was refused (%s): another attempt has the job"
                self._world.log.warning(text, attempt, answer)
                self.lost(attempt)
            self._settled(attempt)

    async def _failed(self, error: StoreError, batch: list[Attempt], size: int) -> int:
        """Tell an outcome that the server cannot take from a server that is away, and wait if it
        is. Returns how many outcomes to write at a time from now on."""
        refused = isinstance(error, StoreRefused)
        if size == 1 and not refused:
            await self._alone(batch, error)
        if isinstance(error, StoreRefused | StoreUnavailable):
            await self._trouble.wait(error)
        now = self._world.clock.monotonic()
        for attempt in [a for a in self._pending if a.deadline <= now]:
            self._give_up(attempt, "its lock ran out")
        # One that the server cannot take must not hold up the others.
        return size if refused else max(1, size // 2)

    async def _alone(self, batch: list[Attempt], error: StoreError) -> None:
        """Find out whether an outcome that failed alone is at fault, or the server is."""
        unavailable = isinstance(error, StoreUnavailable)
        if not batch:
            if not unavailable:
                del self._acquittals[0]
            return
        (attempt,) = batch
        if unavailable and not await self._too_large(attempt):
            self._pending.remove(attempt)
            self._pending.append(attempt)  # to the end of the queue
        elif isinstance(attempt.outcome, Finish) and _size(attempt.outcome) >= _LARGE:
            _, result, effects = attempt.outcome
            reason = "result" if len(result) >= len(effects) else "effect"
            text = f"{_size(attempt.outcome)} bytes that the server does not take: {error}"
            attempt.outcome = Bury(attempt.claimed.lease, reason, text)
        else:
            self._give_up(attempt, str(error))

    async def _too_large(self, attempt: Attempt) -> bool:
        if _size(attempt.outcome) < _LARGE or not await self._store.answers():
            return False
        self._strikes[attempt] += 1
        return self._strikes[attempt] >= _STRIKES

    def _give_up(self, attempt: Attempt, why: str) -> None:
        self._pending.remove(attempt)
        self._strikes.pop(attempt, None)
        self._world.log.error("the outcome of %s could not be written: %s", attempt, why)
        self._settled(attempt)
        self.lost(attempt)


def _size(outcome: Outcome | None) -> int:
    return sum(len(part) for part in outcome or () if isinstance(part, str | bytes))
