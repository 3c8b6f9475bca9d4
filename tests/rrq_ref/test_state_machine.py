"""Any order of transitions, with lost replies and repeated calls: the store equals a dict.

Hypothesis writes the orders, shrinks those that fail, and prints how to repeat them. The server
and the scripts are real. Time is moved by hand: locks expire and jobs fall due when a rule says so.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck
from hypothesis import settings as budget
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis as PlainRedis

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.deadletters import Dead, DeadLetters
from rrq_ref.job import NewJob
from rrq_ref.settings import Settings
from rrq_ref.store import Store, WorkerStore, connect
from rrq_ref.transitions import Acquit, Bury, Finish, Lease, Outcome, Release, Retry
from rrq_ref.waiting import look

from .conftest import Leaks
from .database import Database, problems
from .model import MAX_CRASHES, Hold, Model, picture

WORKERS = 3
JOB_IDS = st.sampled_from("abcdef")
PICKS = st.integers(0, 30)
SELDOM = st.sampled_from([False, False, False, True])
HOURS = timedelta(hours=5)
ENDS = ["finish", "retry", "retry later", "release", "bury"]
EFFECTS = json.dumps([["INCR", "app:applied"]])


class StoreMachine(RuleBasedStateMachine):
    """Producers, three workers, an operator, and a network that loses replies."""

    def __init__(self, settings: Settings, admin: PlainRedis) -> None:
        super().__init__()
        admin.flushall()
        admin.script_flush()  # else a run would depend on those before it
        self.runner = asyncio.Runner()
        self.redis = connect(settings)
        self.client = Client(settings, redis=self.redis)
        self.stores = [WorkerStore(self.redis, settings, f"worker-{n}") for n in range(WORKERS)]
        self.store: Store = self.client.store
        self.database = Database(admin)
        self.model = Model()
        #: Every hold that was ever given: who has lost one may still write.
        self.holds: list[Hold] = []

    def teardown(self) -> None:
        self.runner.run(self.redis.aclose(close_connection_pool=True))
        self.runner.close()

    def sent(self, call: Any, lost: bool) -> Any:
        """The answers to a call that was sent once or twice."""
        return [self.runner.run(call()) for _ in range(1 + lost)]

    def picked(self, number: int) -> Hold:
        """One of the holds: two times out of three a good one, if there is any."""
        good = [hold for hold in self.holds if self.model.holds(hold)] if number % 3 else []
        among = good or self.holds
        return among[number % len(among)]

    # Producers and the operator

    @initialize()
    def start_in_the_middle(self) -> None:
        """Make jobs to run, because Hypothesis leaves out some of the rules in every run."""
        for job_id, unique, runs in (("a", None, 1), ("b", "u", 2), ("c", "v", 1), ("d", None, 2)):
            self.enqueue(job_id, unique, runs, later=False, lost=False)
        for worker in range(WORKERS):
            self.claim(worker, 1, lost=False)

    @rule(
        job_id=JOB_IDS,
        unique=st.sampled_from([None, "u", "v"]),
        max_retries=st.integers(1, 2),
        later=SELDOM,
        lost=st.booleans(),
    )
    def enqueue(
        self, job_id: str, unique: str | None, max_retries: int, later: bool, lost: bool
    ) -> None:
        new = NewJob(
            function="send",
            job_id=job_id,
            unique_key=unique,
            max_retries=max_retries,
            defer_by=HOURS if later else None,
        )
        expected = self.model.enqueue(job_id, unique, max_retries)
        for (standing,) in self.sent(lambda: self.client.enqueue_many([new]), lost):
            assert standing == expected

    @precondition(lambda self: self.model.jobs)
    @rule(pick=PICKS, lost=st.booleans())
    def requeue(self, pick: int, lost: bool) -> None:
        """Requeue a dead job from a list, if there is one. Sometimes the list is old."""
        among = (self.model.dead if pick % 3 else []) or [*self.model.jobs]
        job_id = among[pick % len(among)]
        job = self.runner.run(self.store.job(job_id))
        first, *again = self.sent(lambda: self.store.requeue(job, "default"), lost)
        assert first == self.model.requeue(job_id)
        assert all(answer == ("REPEAT" if first == "DONE" else first) for answer in again)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=PICKS, lost=st.booleans())
    def cancel(self, pick: int, lost: bool) -> None:
        job_id = [*self.model.jobs][pick % len(self.model.jobs)]
        expected = self.model.cancel(job_id)
        assert set(self.sent(lambda: self.client.cancel(job_id), lost)) == {expected}

    @precondition(lambda self: self.model.jobs)
    @rule(pick=PICKS)
    def wait_for(self, pick: int) -> None:
        job_id = [*self.model.jobs][pick % len(self.model.jobs)]
        status, _ = self.runner.run(look(self.store, job_id))
        assert status.decode() == self.model.jobs[job_id].status

    @precondition(lambda self: self.model.jobs)
    @rule(pick=PICKS, lost=st.booleans(), expired=st.booleans())
    def delete(self, pick: int, lost: bool, expired: bool) -> None:
        """Delete a dead job. Sometimes the list is old, or a purge finds the job expired."""
        among = (self.model.dead if pick % 3 else []) or [*self.model.jobs]
        job_id = among[pick % len(among)]
        expected, repeated = self.model.delete(job_id), "REPEAT"
        if expected == "DONE":
            repeated = "GONE"
            # A job of this id that is enqueued from now on counts its tokens from 1 again.
            self.holds = [hold for hold in self.holds if hold.job_id != job_id]
            if expired:
                expected = "GONE"
                self.database.redis.delete(keys.job(job_id))
        letters, entry = DeadLetters(self.store, "default"), Dead(job_id, 0, "FAILED")
        act = letters.purge if expected == "GONE" else letters.delete
        first, *again = self.sent(lambda: act([entry]), lost)
        assert first == {job_id: expected}
        assert all(answer == {job_id: repeated} for answer in again)

    # Workers

    @rule(worker=st.integers(0, WORKERS - 1), want=st.sampled_from([1, 2, 3, 0]), lost=SELDOM)
    def claim(self, worker: int, want: int, lost: bool) -> None:
        store = self.stores[worker]
        repeated = worker in self.model.unanswered
        gone: list[Hold] = []
        record = self.model.unanswered.get(worker, [])
        if repeated:
            expected, gone = self.model.claim_again(worker, want)
        else:
            due = self._due(self.model.take_back())
            expected = self.model.claim(worker, due[:want])
        claim = self.runner.run(store.lock_and_pop(want))
        if lost:
            store.unanswered_claim = True
            if expected or repeated or not want:  # one that took nothing is not, but for the last
                self.model.unanswered[worker] = record or expected
            return
        assert _holds(worker, [job.lease for job in claim.jobs]) == _sorted(expected)
        assert _holds(worker, claim.lost) == _sorted(gone)
        self.holds += expected

    def _due(self, freed: Sequence[str]) -> list[str]:
        """The waiting jobs that are due by the server's clock, in order. Freed ones go first."""
        now = self.database.now_ms()
        waiting = self.database.redis.zrangebyscore(
            keys.queue("default"), "-inf", now, withscores=True
        )
        due = [(score, job_id.decode()) for job_id, score in waiting]
        return [job_id for _, job_id in sorted(due + [(0.0, job_id) for job_id in freed])]

    @precondition(lambda self: self.holds)
    @rule(pick=PICKS, lost=st.booleans(), another=SELDOM)
    def refresh(self, pick: int, lost: bool, another: bool) -> None:
        hold = self.picked(pick)
        hold = replace(hold, worker=(hold.worker + another) % WORKERS)
        renewed = self.model.refresh(hold)
        word = "STOP" if self.model.jobs[hold.job_id].asked else "DONE"
        for (answer,) in self.sent(
            lambda: self.stores[hold.worker].refresh_locks([_lease(hold)]), lost
        ):
            assert (answer == word) == renewed

    @precondition(lambda self: self.holds)
    @rule(
        picks=st.lists(st.tuples(PICKS, st.sampled_from(ENDS)), min_size=1, max_size=3),
        lost=st.booleans(),
        another=SELDOM,
    )
    def end(self, picks: list[tuple[int, str]], lost: bool, another: bool) -> None:
        """End attempts on several jobs in one call, which sometimes is not their own worker's."""
        worker = (self.picked(picks[0][0]).worker + another) % WORKERS
        ends: dict[str, tuple[Hold, str]] = {}
        for pick, how in picks:
            hold = replace(self.picked(pick), worker=worker)
            ends.setdefault(hold.job_id, (hold, how))
        outcomes = [_outcome(hold, how) for hold, how in ends.values()]
        for answers in self.sent(lambda: self.stores[worker].settle(outcomes), lost):
            for (hold, how), answer in zip(ends.values(), answers, strict=True):
                expected = self.model.end(hold, how.split()[0], str(hold.token))
                assert answer in expected, f"{hold} {how}: {answer}, not {expected}"

    @precondition(lambda self: self.holds)
    @rule(pick=PICKS, lost=st.booleans())
    def acquit(self, pick: int, lost: bool) -> None:
        """Let a worker say that it lives, early or late, about any attempt that it ever had."""
        hold = self.holds[pick % len(self.holds)]
        outcomes = [Acquit(_lease(hold))]
        for (answer,) in self.sent(lambda: self.stores[hold.worker].settle(outcomes), lost):
            assert answer == self.model.acquit(hold)

    # The world

    @precondition(lambda self: self.holds)
    @rule(pick=PICKS)
    def outlive_the_locks_of_a_worker(self, pick: int) -> None:
        """Let it be dead, or stopped: then it may come back and write."""
        worker = self.picked(pick).worker
        for job_id, job in self.model.jobs.items():
            if (job.status, job.worker) == ("ACTIVE", worker):
                self.database.expire_lock(job_id)
                job.expired = True

    @rule()
    def wait_for_what_is_deferred(self) -> None:
        for job_id in self.database.queued():
            self.database.make_due(job_id)

    @rule()
    def forget_scripts(self) -> None:
        self.database.redis.script_flush()

    @invariant()
    def the_database_is_what_the_model_says(self) -> None:
        dump = self.database.dump()
        assert picture(dump) == self.model.picture()
        assert problems(dump, ["app:*"]) == []


def _lease(hold: Hold) -> Lease:
    return Lease(0, hold.job_id, hold.token)


def _holds(worker: int, leases: Sequence[Lease]) -> list[Hold]:
    return _sorted([Hold(worker, lease.job_id, lease.token) for lease in leases])


def _sorted(holds: Sequence[Hold]) -> list[Hold]:
    return sorted(holds, key=lambda hold: hold.job_id)


def _outcome(hold: Hold, how: str) -> Outcome:
    lease = _lease(hold)
    match how:
        case "finish":
            return Finish(lease, str(hold.token), EFFECTS)
        case "retry":
            return Retry(lease, "no", 0)
        case "retry later":
            return Retry(lease, "no", 3_600_000)
        case "release":
            return Release(lease)
    return Bury(lease, "timeout", "slow")


def test_the_store_is_what_the_model_says(
    settings: Settings, admin: PlainRedis, leaks: Leaks
) -> None:
    leaks.allow("app:*")

    class OnThisServer(StoreMachine):
        def __init__(self) -> None:
            super().__init__(replace(settings, max_crashes=MAX_CRASHES), admin)

    run_state_machine_as_test(
        OnThisServer,
        settings=budget(
            deadline=None,
            max_examples=60,
            stateful_step_count=30,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
