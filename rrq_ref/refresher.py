"""Renews the locks of all held jobs, and lets go of the jobs whose lock could not be renewed."""

from collections.abc import Callable

from .attempt import Attempt
from .clock import World
from .errors import StoreError
from .scripts import Answer
from .store import WorkerStore
from .trouble import Trouble


class LockRefresher:
    """One call for all held locks, every third of their TTL. Self-fencing: an attempt is lost when
    its lock may have expired on the worker's own clock, without asking a server."""

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
            # A job claimed later than the last renewal is renewed before two intervals are over.
            await self._clock.pause(min(self._ttl_s / 3, self._left_s()))
            self._fence()
            # After a failure no interval is waited for: it may be the last before the expiry.
            while self._due() and not await self._renewed(self._held()):
                self._fence()

    async def _renewed(self, held: list[Attempt]) -> bool:
        # The lock's life is counted from before the call: the server's count begins later.
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
                # With an outcome under way, that call's own answer says what became of it.
                self._lose(attempt)
        return True

    def _due(self) -> bool:
        """Whether a lock is held, or a claim has been under way for so long that what it took may
        need it: a large answer on a slow line."""
        slow = self._clock.monotonic() - self._store.claimed_at > self._ttl_s / 4
        return bool(self._held()) or (self._store.unanswered_claim and slow)

    def _left_s(self) -> float:
        """Until the first lock under a running handler may have expired."""
        now = self._clock.monotonic()
        running = (a.deadline - now for a in self._held() if a.outcome is None)
        return max(0.0, min(running, default=3600.0))

    def _fence(self) -> None:
        now = self._clock.monotonic()
        for attempt in self._held():
            if attempt.outcome is None and (attempt.overdue or attempt.deadline <= now):
                self._lose(attempt)
