"""A worker: claims jobs for its free slots, runs them, writes their outcomes, and drains."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any, TypeVar

from redis.asyncio import Redis

from . import keys
from .attempt import Attempt, Context, Handler, Runner
from .clock import Clock, World
from .errors import StoreError
from .hooks import Hooks
from .logs import WorkerLog
from .refresher import LockRefresher
from .settings import Settings
from .settler import Settler
from .store import LEAST_WAIT_S, WorkerStore
from .timeouts import Timeouts
from .transitions import Claim, Outcome, Release
from .trouble import Backoff, Trouble

T = TypeVar("T")

_LEAST = 32  # slots that a claim may fill, however few there are
_COURTESY_S = 1.0  # time for a leaving worker to say that its lost attempts did not crash


class Worker:
    """One worker on one event loop.

    `handlers` maps function names to `async def` functions, or to plain functions that run in
    threads. Each is called as `handler(context, *args, **kwargs)`. The worker knows nothing of the
    world but `redis`, `clock` and `random`. A `burst` worker leaves when its queues and all their
    locks are empty.
    """

    def __init__(
        self, redis: Redis, handlers: Mapping[str, Handler], settings: Settings, *, worker_id: str,
        burst: bool = False, hooks: Hooks | None = None,
        clock: Clock | None = None, random: Random | None = None,
    ) -> None:  # fmt: skip
        self.worker_id = worker_id
        self._settings = settings
        self._names = [keys.queue_name(name) for name in settings.queues]
        #: Before a claim. The locks that it takes are counted from the beginning of the wait.
        self._longest_wait_s = settings.lock_ttl_ms / 5000
        self._burst = burst
        self._clock = clock or Clock()
        self._log = WorkerLog("worker", worker_id, self._names)
        self._store = WorkerStore(redis, settings, worker_id, clock=self._clock)
        self._world = World(settings, self._clock, random or Random(), self._log)
        self._threads = ThreadPoolExecutor(settings.concurrency, thread_name_prefix="rrq-handler")
        self._timeouts = Timeouts(self._clock, self._running)
        begin, failed = self._timeouts.begin, self._tell_failure
        self._runner = Runner(self._world, handlers, self._threads, begin, failed)
        self._hooks = hooks or Hooks()
        self._telling: set[asyncio.Task[Any]] = set()  # calls of `on_failure` under way
        self._settler = Settler(self._world, self._store, self._settled)

        self._attempts: set[Attempt] = set()  # jobs held: running, or ended and not yet written
        self._busy = 0  # handlers that have not ended, including those whose job is lost
        self._dropped = 0
        self._started = 0
        #: The way it left, for the fleet: "drained", "full" (`max_jobs` started) or "done" (burst).
        self.left = "drained"
        #: Set whenever one of the values above, or one of the next two, has changed.
        self._changed = asyncio.Event()
        self._draining = False
        self._hurry = False
        self._waiting: asyncio.Task[Any] | None = None  # our task, while it waits between claims
        self._failure: BaseException | None = None

    async def run(self) -> None:
        """Work until drained, or as a burst worker until nothing is left. Holds nothing at its end.
        If `on_startup` fails, raises before anything is claimed."""
        async with self._hooks.around(self._world):
            await self._work()

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        refresher = LockRefresher(self._world, self._store, self._held, self._lose)
        services = [
            self._serve("settler", self._settler.run()),
            self._serve("refresher", refresher.run()),
            self._serve("time-outs", self._timeouts.run()),
            self._serve("heartbeat", self._beat()),
        ]
        self._log.info("started with %d slots", self._settings.concurrency)
        try:
            await self._claim_until_drained()
        except asyncio.CancelledError:
            self.drain(hurry=True)
            raise
        finally:
            await self._finish_up()
            for service in services:
                service.cancel()
            await asyncio.gather(*services, return_exceptions=True)
            await self._say_goodbye()
        if self._failure is not None:
            raise self._failure

    def drain(self, *, hurry: bool = False) -> None:
        """Claim no more jobs, let running jobs end, hand back the rest, and leave. With `hurry`, do
        not wait for running jobs. May be called again, and from the loop's signal handlers."""
        if not self._draining:
            self._log.info("draining: %d jobs held", len(self._attempts))
        self._draining = True
        self._hurry = self._hurry or hurry
        self._changed.set()
        if self._waiting is not None:
            self._waiting.cancel()  # once, however often we are called
            self._waiting = None

    def _serve(self, name: str, service: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (failure := task.exception()) is not None:
                self._failure = failure
                self._log.error("the %s failed; leaving", name, exc_info=failure)
                self.drain(hurry=True)

        task = asyncio.create_task(service, name=name)
        task.add_done_callback(ended)
        return task

    async def _claim_until_drained(self) -> None:
        poll = Backoff.polling(self._settings, self._world.random)
        trouble = Trouble("claiming", self._world)
        wait_s = 0.0  # before the next claim
        while not self._draining and not self._full:
            # Make sure of capacity before the claim, so that claimed jobs can start at once.
            room = self._room()
            if room <= 0:
                await self._until(lambda: self._room() > 0 or self._draining, 1.0)
                wait_s = 0.0
                continue
            try:
                claim = await self._claim(room, wait_s)
            except StoreError as error:
                await self._idle(partial(trouble.wait, error))
                wait_s = 0.0
                continue
            if claim is None:  # a drain has cut its wait short
                break
            trouble.over()
            self._start(claim)
            if self._burst and claim.left == 0:
                self._log.info("nothing left; leaving")
                self.left = "done"
                return
            if claim.jobs:
                poll.reset()
            if claim.jobs and claim.due_in_s == 0:  # there is more
                wait_s = 0.0
                continue
            wait_s = min(poll.next(), self._longest_wait_s)
            if claim.due_in_s is not None:
                wait_s = max(LEAST_WAIT_S, min(wait_s, claim.due_in_s))
            await self._clock.turn()  # what was claimed starts before another command is sent
        if self._full and not self._draining:
            # Nobody waits for us to leave, so running jobs may use all of their time.
            self._log.info("started its %d jobs; leaving when they have ended", self._started)
            self.left = "full"
            longest_s = max([attempt.claimed.timeout_s for attempt in self._running()], default=0)
            await self._until(lambda: self._draining or not self._running(), longest_s)

    @property
    def _full(self) -> bool:
        return 0 < self._settings.max_jobs <= self._started

    def _room(self) -> int:
        # Jobs that have ended but are not written yet may take as many places as `concurrency`. Of
        # many slots a claim fills half, so that one half runs while the server serves the other.
        slots, most = self._settings.concurrency, self._settings.max_jobs
        claimed = max(_LEAST, slots // 2)
        room = min(slots - self._busy, 2 * slots - len(self._attempts), claimed)
        return min(room, most - self._started) if most else room

    async def _claim(self, room: int, wait_s: float) -> Claim | None:
        """Claim jobs for the free slots; or, having waited, one job: more might be too many for a
        worker that stands still. None if a drain has cut the wait short."""
        if not wait_s:
            return await self._store.lock_and_pop(room)
        return await self._idle(partial(self._store.lock_and_pop, 1, wait_s))

    async def _idle(self, wait: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        """Wait between jobs. A drain cuts the wait short, even if a claim stands at its end: it
        counts as unanswered. It cuts short no other claim, which would be asked for again."""
        if self._draining:
            return None
        task = self._waiting = asyncio.current_task()
        try:
            return await wait()
        except asyncio.CancelledError:
            if not self._draining or task is None or task.uncancel():
                raise  # it is somebody else who wants this task to end
            return None
        finally:
            self._waiting = None

    def _start(self, claim: Claim) -> None:
        for job_id in claim.taken_back:
            self._log.warning("job %s: its lock had expired; taken back", job_id)
        for job_id in claim.buried:
            self._log.error("job %s: ended: poison, asked to stop, or unreadable", job_id)
        for job_id in claim.dropped:
            self._log.warning("job %s: queued, but there is no such job to run; dropped", job_id)
        for job_id in claim.returned:
            self._log.warning("job %s: claimed by a call without an answer; handed back", job_id)
        for lease in claim.lost:
            self._settler.acquit(lease)
        self._dropped += len(claim.dropped)
        deadline = self._store.claimed_at + self._settings.lock_ttl_ms / 1000
        for claimed in claim.jobs:
            at, job_id, token = claimed.lease
            who = (self._names[at], self.worker_id, job_id, token)
            attempt = Attempt(claimed, Context(*who, claimed.retries + 1), deadline)
            attempt.ending = Release(claimed.lease)  # for a task cancelled before its first step
            self._attempts.add(attempt)
            if self._draining:  # the claim was under way when the drain began
                self._settle(attempt, Release(claimed.lease))
                continue
            self._busy += 1
            self._started += 1
            attempt.task = asyncio.create_task(self._runner.run(attempt))
            attempt.task.add_done_callback(partial(self._ended, attempt))

    def _ended(self, attempt: Attempt, _: asyncio.Task[None]) -> None:
        """Settle an attempt whose task has ended. A plain function's thread may go on."""
        if attempt.thread is not None and not attempt.thread.done():
            attempt.thread.add_done_callback(self._thread_ended)
        else:
            self._free_slot()
        self._settle(attempt, attempt.ending)

    def _thread_ended(self, _: Future[Any]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._free_slot)

    def _free_slot(self) -> None:
        self._busy -= 1
        self._changed.set()

    def _settle(self, attempt: Attempt, outcome: Outcome | None) -> None:
        # Lost or given up at the drain's end; or its time was up, and it has its outcome already.
        if attempt not in self._attempts or attempt.outcome is not None:
            return
        if outcome is None:  # not started: its lock may have expired
            self._settled(attempt)
            self._settler.lost(attempt)
            return
        self._settler.put(attempt, outcome)
        self._changed.set()

    def _settled(self, attempt: Attempt) -> None:
        self._attempts.discard(attempt)
        self._changed.set()

    def _held(self) -> list[Attempt]:
        # Also those that have ended: the write of an outcome may have to wait (for its turn, for a
        # replica, for a server that says "not now"), and the job need not run again for that.
        return list(self._attempts)

    def _lose(self, attempt: Attempt) -> None:
        """Let go of a job whose lock is lost, or whose handler outlasts its time-out."""
        if attempt.overdue:
            self._log.error("%s resists its cancellation; it keeps its slot", attempt)
            self._settle(attempt, self._runner.time_out(attempt))
            return
        self._log.warning("%s has lost its lock; cancelling it", attempt)
        attempt.lose()
        self._settled(attempt)
        self._settler.lost(attempt)

    async def _finish_up(self) -> None:
        """Wait for running jobs, cancel the rest, and write all outcomes. Locks are renewed
        meanwhile."""
        self._draining = True
        if self._store.unanswered_claim:  # repeat it, to hand back the jobs that it took
            try:
                self._start(await self._store.lock_and_pop(0))
            except StoreError as error:
                self._log.warning("a claim was left unanswered; its locks will expire: %s", error)
        await self._until(
            lambda: self._hurry or not self._running(), self._settings.drain_timeout_s
        )
        for attempt in self._running():
            attempt.stop()
        await self._until(lambda: not self._running(), self._settings.cleanup_timeout_s)
        for attempt in self._running():
            # Not released: it still runs. Its lock expires when this process is gone.
            self._log.error("%s refuses to stop; leaving it", attempt)
            self._attempts.discard(attempt)
            self._settler.lost(attempt)
        # No longer than a lock lives. What cannot be written until then, whoever takes the job next
        # does again.
        await self._until(lambda: not self._attempts, self._settings.lock_ttl_ms / 1000)
        await self._until(lambda: self._hurry or not self._telling, self._hooks.timeout_s)
        await self._clock.wait(self._settler.empty, _COURTESY_S)

    def _tell_failure(self, context: Context, error: BaseException, again: bool) -> None:
        """Call `on_failure` in a task of its own, beside all other work."""
        if self._hooks.on_failure is not None:
            call = self._hooks.call(self._world, "on_failure", context, error, again)
            self._telling.add(task := asyncio.create_task(call))
            task.add_done_callback(self._told)

    def _told(self, task: asyncio.Task[Any]) -> None:
        self._telling.discard(task)
        self._changed.set()

    def _running(self) -> list[Attempt]:
        return [attempt for attempt in self._attempts if attempt.running]

    async def _until(self, done: Callable[[], bool], at_most_s: float) -> None:
        """Wait until `done()`, asking again whenever something has changed."""
        end = self._clock.monotonic() + at_most_s
        while not done() and (left_s := end - self._clock.monotonic()) > 0:
            self._changed.clear()
            await self._clock.wait(self._changed, left_s)

    async def _say_goodbye(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        try:
            await self._store.remove_heartbeat()
        except StoreError as error:
            self._log.warning("the health key could not be removed; it will expire: %s", error)
        self._log.info("left")

    async def _beat(self) -> None:
        """Show that this worker lives. Nothing depends on it: no job is lost without it."""
        trouble = Trouble("the heartbeat", self._world)
        while True:
            report = {
                "worker_id": self.worker_id,
                "timestamp": self._clock.utc().isoformat(),
                "status": "draining" if self._draining else "running",
                "active_jobs": self._busy,
                "concurrency_limit": self._settings.concurrency,
                "queues": self._names,
                "dropped_ids": self._dropped,
            }
            try:
                await self._store.heartbeat(report)
            except StoreError as error:
                await trouble.wait(error)
            else:
                trouble.over()
                await self._clock.pause(self._settings.heartbeat_interval_ms / 1000)
