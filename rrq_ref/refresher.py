"""Renews the locks of all held jobs, and lets go of jobs whose lock could not be renewed."""

from collections.abc import Callable

from .attempt import Attempt
from .clock import World
from .errors import StoreError
from .scripts import Answer
from .store import WorkerStore
from .trouble import Trouble


class LockRefresher:
    """Renews all held locks in one call, every third of their TTL.

    Self-fencing: once an attempt's lock may have expired by the worker's own clock, the attempt
    counts as lost. No server is asked.
    """

    def __init__(
        self, world: World, store: WorkerStore,
        held: Callable[[], list[Attempt]], lose: Callable[[Attempt], None],
    ) -> None:  # fmt: skip
        self._clock = world.clock
        self._ttl_s = world.settings.lock_ttl_ms / 1000
        self._store = store
        self._held = held
        self._lose = lose
        self._trouble = Trouble("renewing locks", world)

    async def run(self) -> None:
        """Renew until cancelled."""
        while True:
            # A job claimed after the last renewal is renewed before two intervals are over.
            await self._clock.pause(min(self._ttl_s / 3, self._left_s()))
            self._fence()
            # Do not wait for the next interval after a failure: the lock may expire before it.
            while self._due() and not await self._renewed(self._held()):
                self._fence()

    async def _renewed(self, held: list[Attempt]) -> bool:
        # Count the lock's life from before the call: the server starts to count later.
        deadline = self._clock.monotonic() + self._ttl_s
        try:
            async with self._clock.timeout(self._left_s()):
                answers = await self._store.refresh_locks([a.claimed.lease for a in held])
        except (StoreError, TimeoutError) as error:
            self._fence()
            await self._trouble.wait(error, at_most_s=self._left_s())
            return False
        self._trouble.over()
        for attempt, answer in zip(held, answers, strict=True):
            if answer in (Answer.DONE, Answer.STOP):
                attempt.deadline = deadline
                if answer is Answer.STOP:
                    attempt.cancel()
            elif attempt.outcome is None and attempt in self._held():
                # If an outcome is under way, the answer to that call decides.
                self._lose(attempt)
        return True

    def _due(self) -> bool:
        """True if a lock is held, or if the answer to a claim takes so long (a large one on a slow
        line) that the locks it took may need renewal."""
        slow = self._clock.monotonic() - self._store.claimed_at > self._ttl_s / 4
        return bool(self._held()) or (self._store.unanswered_claim and slow)

    def _left_s(self) -> float:
        """Seconds until the first lock of a running handler may have expired."""
        now = self._clock.monotonic()
        running = (a.deadline - now for a in self._held() if a.outcome is None)
        return max(0.0, min(running, default=3600.0))

    def _fence(self) -> None:
        now = self._clock.monotonic()
        for attempt in self._held():
            if attempt.outcome is None and (attempt.overdue or attempt.deadline <= now):
                self._lose(attempt)
