"""Any order of transitions, with replies lost and calls repeated: the store is what a dict says.

Hypothesis writes the orders and shrinks those that fail; it prints what repeats them. The server
and the scripts are real. What the clock decides is moved by hand: locks expire and jobs fall due
when a rule says so.
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
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from redis import Redis as PlainRedis

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.job import NewJob
from rrq_ref.settings import Settings
from rrq_ref.store import Store, WorkerStore, connect
from rrq_ref.transitions import Bury, Finish, Lease, Outcome, Release, Retry

from .conftest import Leaks
from .database import Database, problems
from .model import MAX_CRASHES, Hold, Model, picture

WORKERS = 3
JOB_IDS = st.sampled_from("abcdef")
UNIQUE_KEYS = st.sampled_from([None, None, "u", "v"])
HOURS = timedelta(hours=5)
EFFECTS = json.dumps([["INCR", "app:applied"]])


class StoreMachine(RuleBasedStateMachine):
    """Producers, three workers, an operator, and a network that loses replies."""

    holds = Bundle("holds")

    def __init__(self, settings: Settings, admin: PlainRedis) -> None:
        super().__init__()
        admin.flushall()
        self.runner = asyncio.Runner()
        self.redis = connect(settings)
        self.client = Client(settings, redis=self.redis)
        self.stores = [WorkerStore(self.redis, settings, f"worker-{n}") for n in range(WORKERS)]
        self.store: Store = self.client.store
        self.database = Database(admin)
        self.model = Model()

    def teardown(self) -> None:
        self.runner.run(self.redis.aclose(close_connection_pool=True))
        self.runner.close()

    def sent(self, call: Any, lost: bool) -> Any:
        """The answers to a call: to the only one, or to both that were sent."""
        return [self.runner.run(call()) for _ in range(1 + lost)]

    # Producers and the operator

    @rule(
        job_id=JOB_IDS,
        unique=UNIQUE_KEYS,
        max_retries=st.integers(1, 2),
        later=st.booleans(),
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

    @rule(job_id=JOB_IDS, lost=st.booleans())
    def requeue(self, job_id: str, lost: bool) -> None:
        if job_id not in self.model.jobs:
            return
        job = self.runner.run(self.store.job(job_id))
        first, *again = self.sent(lambda: self.store.requeue(job, "default"), lost)
        assert first == self.model.requeue(job_id)
        assert all(answer == ("REPEAT" if first == "DONE" else first) for answer in again)

    # Workers

    @rule(
        target=holds,
        worker=st.integers(0, WORKERS - 1),
        want=st.integers(0, 3),
        lost=st.booleans(),
    )
    def claim(self, worker: int, want: int, lost: bool) -> Any:
        store = self.stores[worker]
        if worker in self.model.unanswered:
            expected = self.model.claim_again(worker)
        else:
            due = self._due(self.model.take_back())
            expected = self.model.claim(worker, due[:want])
        claim = self.runner.run(store.lock_and_pop(want))
        if lost:
            store.unanswered_claim = True
            if expected:
                self.model.unanswered[worker] = expected
            return multiple()
        assert _holds(worker, claim.jobs) == sorted(expected, key=lambda hold: hold.job_id)
        return multiple(*expected)

    def _due(self, freed: Sequence[str]) -> list[str]:
        """What waits and is due, in order, as the server's clock has it; who is freed goes first."""
        now = self.database.now_ms()
        waiting = self.database.redis.zrangebyscore(
            keys.queue("default"), "-inf", now, withscores=True
        )
        due = [(score, job_id.decode()) for job_id, score in waiting]
        return [job_id for _, job_id in sorted(due + [(0.0, job_id) for job_id in freed])]

    @rule(hold=holds, lost=st.booleans(), another=st.booleans())
    def refresh(self, hold: Hold, lost: bool, another: bool) -> None:
        hold = replace(hold, worker=(hold.worker + another) % WORKERS)
        renewed = self.model.refresh(hold)
        for (answer,) in self.sent(
            lambda: self.stores[hold.worker].refresh_locks([_lease(hold)]), lost
        ):
            assert (answer == "DONE") == renewed

    @rule(
        held=st.lists(
            st.tuples(holds, st.sampled_from(["finish", "retry", "retry later", "release", "bury"])),
            min_size=1,
            max_size=3,
            unique_by=lambda pair: pair[0].job_id,
        ),
        lost=st.booleans(),
        another=st.sampled_from([0, 0, 0, 1]),
    )
    def end(self, held: list[tuple[Hold, str]], lost: bool, another: int) -> None:
        """Several attempts of one worker end in one call: the first one's, or another's."""
        worker = (held[0][0].worker + another) % WORKERS
        theirs = [
            (replace(hold, worker=worker) if another else hold, how)
            for hold, how in held
            if another or hold.worker == worker
        ]
        outcomes = [_outcome(hold, how) for hold, how in theirs]
        rounds = self.sent(lambda: self.stores[worker].settle(outcomes), lost)
        for answers in rounds:
            for (hold, how), answer in zip(theirs, answers, strict=True):
                expected = self.model.end(hold, how.split()[0], str(hold.token))
                assert answer in expected, f"{hold} {how}: {answer}, not {expected}"

    # The world

    @rule(hold=consumes(holds))
    def die(self, hold: Hold) -> None:
        """The worker is gone, or stopped for so long that its lock ran out."""
        if self.model.holds(hold):
            self.database.expire_lock(hold.job_id)
            self.model.jobs[hold.job_id].expired = True

    @rule(hold=holds)
    def pause(self, hold: Hold) -> None:
        """The same, but it will come back and write what it thinks is its own."""
        if self.model.holds(hold):
            self.database.expire_lock(hold.job_id)
            self.model.jobs[hold.job_id].expired = True

    @rule(job_id=JOB_IDS)
    def fall_due(self, job_id: str) -> None:
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


def _holds(worker: int, jobs: Sequence[Any]) -> list[Hold]:
    found = [Hold(worker, claimed.lease.job_id, claimed.lease.token) for claimed in jobs]
    return sorted(found, key=lambda hold: hold.job_id)


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
    run_state_machine_as_test(
        lambda: StoreMachine(replace(settings, max_crashes=MAX_CRASHES), admin),
        settings=budget(
            deadline=None,
            max_examples=40,
            stateful_step_count=30,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
