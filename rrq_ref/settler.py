"""Writes the outcomes of attempts, all that have piled up in one call."""

import asyncio
from collections.abc import Callable

from .attempt import Attempt
from .clock import World
from .errors import StoreError, StoreRefused, StoreUnavailable
from .scripts import Answer
from .store import WorkerStore
from .transitions import Bury, EffectRefused, Outcome
from .trouble import Trouble

_BATCH = 500  # outcomes in one call: bounds the time for which a script keeps the server busy


class Settler:
    """Takes finished attempts and keeps trying to write them for as long as their locks live."""

    def __init__(
        self, world: World, store: WorkerStore, settled: Callable[[Attempt], None]
    ) -> None:
        self._world = world
        self._store = store
        self._settled = settled
        self._trouble = Trouble("writing outcomes", world)
        self._pending: list[Attempt] = []
        self._some = asyncio.Event()

    def put(self, attempt: Attempt, outcome: Outcome) -> None:
        attempt.outcome = outcome
        self._pending.append(attempt)
        self._some.set()

    async def run(self) -> None:
        """Write outcomes until cancelled."""
        size = _BATCH
        while True:
            await self._some.wait()
            self._some.clear()
            while self._pending:
                batch = self._pending[:size]
                try:
                    answers = await self._store.settle([a.outcome for a in batch if a.outcome])
                except (StoreUnavailable, StoreRefused) as error:
                    await self._trouble.wait(error)
                    now = self._world.clock.monotonic()
                    for attempt in [a for a in self._pending if a.deadline <= now]:
                        self._give_up(attempt, "its lock ran out")
                except StoreError as error:
                    # What the server cannot digest must not hold up the others.
                    size = max(1, len(batch) // 2)
                    if len(batch) == 1:
                        self._give_up(batch[0], str(error))
                else:
                    size = min(2 * size, _BATCH)
                    self._trouble.over()
                    del self._pending[: len(batch)]
                    for attempt, answer in zip(batch, answers, strict=True):
                        self._answered(attempt, answer)

    def _answered(self, attempt: Attempt, answer: Answer | EffectRefused) -> None:
        if isinstance(answer, EffectRefused):
            self.put(attempt, Bury(attempt.claimed.lease, "effect", str(answer)))
            return
        if answer in (Answer.SUPERSEDED, Answer.GONE):
            self._world.log.warning("%s was refused (%s); another one has it", attempt, answer)
        self._settled(attempt)

    def _give_up(self, attempt: Attempt, why: str) -> None:
        self._pending.remove(attempt)
        self._world.log.error("the outcome of %s could not be written: %s", attempt, why)
        self._settled(attempt)
