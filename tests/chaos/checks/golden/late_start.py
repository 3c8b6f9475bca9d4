"""A job that waits although a worker has room for it.

w3 serves the queue `first` and may run one job at a time; w1 and w2, of which nobody knows how many
they may run, do the jobs. A job that is acknowledged at 2001 has to be started by 2601.
"""

from typing import Any

from tests.chaos.checks.story import Story


def idle(s: Story, **more: Any) -> None:
    s.worker("w3", **{"concurrency": 1, "queues": "zero,first", **more})


def job(
    s: Story, job: str = "j1", *, start: float | None = 2_700, at: float = 2_000, **more: Any
) -> None:
    """Enqueued at 2000, and claimed by w1 right before it starts."""
    s.enqueue(job, at=at, **{"queue": "first", **more})
    if start is None:
        s.finally_(job, "queued")
        return
    s.attempt(job, at=start - 2, until=start + 10)
    s.finally_(job, "completed")


def bad(s: Story) -> dict[str, int]:
    idle(s)
    job(s)
    job(s, "deferred", start=5_700, due=5_000)
    job(s, "of any queue", queue=None)
    s.fault("pause", "w3", at=700, until=900)
    s.fault("pause", "w3", at=9_000, until=9_100)
    s.fault("pause", "w2", at=2_100, until=2_200)
    s.fault("term", "w3", at=20_000)
    s.exit("w3", at=20_500)
    s.fault("server-clock", "server", at=30_000, until=30_001)
    job(s, "it was in time", start=2_590)
    s.judged = 4
    return {"late-start": 3}


def bad_never(s: Story) -> dict[str, int]:
    idle(s)
    job(s, start=None)
    return {"late-start": 1, "stuck": 1, "lost": 1}


def bad_claimed_in_time(s: Story) -> dict[str, int]:
    """But not started."""
    idle(s)
    s.enqueue("j1", at=2_000)
    s.wire("claim", "j1", "w1", at=2_010)
    s.start("j1", "w1", at=2_700)
    s.end("j1", "w1", at=2_710)
    s.wire("finish", "j1", "w1", at=2_711)
    s.finally_("j1", "completed")
    return {"late-start": 1}


def asks_for_no_delay(s: Story, *, asked: int | None, outcome: str = "error") -> None:
    """Its retry says that it is due in 5 s."""
    idle(s)
    s.enqueue("j1", at=2_000, queue="first", retry_delay_ms=asked)
    s.wire("claim", "j1", "w1", at=2_010)
    s.start("j1", "w1", at=2_012)
    s.end("j1", "w1", at=2_020, outcome=outcome)
    s.wire("retry", "j1", "w1", at=2_022, delay_ms=5_000)
    s.attempt("j1", at=7_030, until=7_040, token=2)
    s.finally_("j1", "completed", retries=1)
    s.judged = 2


def bad_a_longer_delay_than_its_handler_asked_for(s: Story) -> dict[str, int]:
    asks_for_no_delay(s, asked=0)
    return {"late-start": 1}


def bad_a_longer_delay_than_is_usual(s: Story) -> dict[str, int]:
    s.run["timing"] |= {"retry_base_ms": 4_000, "retry_cap_ms": 9_000}
    asks_for_no_delay(s, asked=None)
    return {"late-start": 1}


def near_miss_a_delay_that_may_be_usual(s: Story) -> None:
    """Nobody knows whether it was the first failure."""
    s.run["timing"] |= {"retry_base_ms": 4_000, "retry_cap_ms": 9_000}
    s.wire("retry", "j1", "w1", at=2_021, answer=None)
    asks_for_no_delay(s, asked=None)
    s.judged = 2


def near_miss_its_place_is_taken_by_a_job_that_the_rig_has_ruined(s: Story) -> None:
    idle(s)
    s.worker("w4", concurrency=1, queues="first")
    s.enqueue("ruined", at=1_000, queue="first")
    s.start("ruined", "w3", at=1_010)
    s.end("ruined", "w3", at=2_690)
    s.start("ruined", "w4", at=1_020, token=2)
    s.fault("damage", "", at=2_000, job="ruined")
    job(s)
    s.judged = 1


def near_miss_nobody_asked_for_another_delay(s: Story) -> None:
    asks_for_no_delay(s, asked=None)


def near_miss_it_timed_out_before_it_could_ask(s: Story) -> None:
    asks_for_no_delay(s, asked=0, outcome="cancelled")


def bad_after_a_retry(s: Story) -> dict[str, int]:
    """Each time longer than it had to wait; one is handed back, one is taken back."""
    idle(s, concurrency=2)
    for how in ("retry", "release", "takeback"):
        delay = 500 if how == "retry" else 0
        s.enqueue(how, at=1_500)
        s.wire("claim", how, "w1", at=1_510)
        s.start(how, "w1", at=1_512)
        s.end(how, "w1", at=1_900, outcome="error" if how == "retry" else "cancelled")
        s.wire(how, how, "w1", at=2_000, delay_ms=delay or None)
        s.attempt(how, "w2", at=2_700 + delay, until=2_800 + delay, token=2)
        s.finally_(how, "completed", retries=1 if how == "retry" else 0)
    s.judged = 6
    return {"late-start": 3, "premature-redelivery": 1, "needless-takeback": 1}


def bad_although_another_has_just_come(s: Story) -> dict[str, int]:
    idle(s)
    s.worker("w4", at=2_400, concurrency=1)
    job(s)
    return {"late-start": 1}


def bad_as_soon_as_it_has_room(s: Story) -> dict[str, int]:
    idle(s)
    job(s, "busy", start=2_002, at=1_990)
    s.forget("transition", job="busy")
    s.events = [e for e in s.events if e.get("job") != "busy" or e["type"] not in ("start", "end")]
    s.attempt("busy", "w3", at=1_995, until=2_500)
    job(s, start=3_200)
    s.judged = 2
    return {"late-start": 1}


def near_miss(s: Story) -> None:
    """In time; also as the machine was busy."""
    idle(s)
    job(s, start=2_590)
    s.lag(300, until=8_900)
    job(s, "on a busy machine", at=8_000, start=9_100)
    s.lag(600, until=20_700)
    job(s, "on a very busy machine", at=20_000, start=21_700)
    s.judged = 3


def near_miss_on_a_busy_machine_it_has_no_room_for_so_long(s: Story) -> None:
    idle(s)
    s.lag(300, until=2_500)
    job(s, start=3_300)
    s.enqueue("another", at=2_000)
    s.attempt("another", "w3", at=2_700, until=4_000)
    s.finally_("another", "completed")
    s.judged = 1


def near_miss_the_machine_was_too_busy(s: Story) -> None:
    idle(s)
    s.lag(650, until=2_700)
    job(s, start=9_000)


def near_miss_a_claim_by_one_that_was_stopped(s: Story) -> None:
    """It claims in time, and is stopped before it can start the job."""
    idle(s)
    s.enqueue("j1", at=2_000)
    s.wire("claim", "j1", "w1", at=2_010)
    s.fault("pause", "w1", at=2_015, until=2_690)
    s.start("j1", "w1", at=2_700)
    s.end("j1", "w1", at=2_710)
    s.wire("finish", "j1", "w1", at=2_711)
    s.finally_("j1", "completed")
    s.judged = 1


def near_miss_no_room(s: Story) -> None:
    """It runs another job all the time, or for most of it."""
    idle(s)
    s.enqueue("long")
    s.attempt("long", "w3", at=10, until=2_400)
    s.enqueue("next")
    s.attempt("next", "w3", at=2_500, until=2_900)
    for each in ("long", "next"):
        s.finally_(each, "completed")
    job(s)
    s.judged = 2


def near_miss_it_serves_another_queue(s: Story) -> None:
    idle(s, queues="second")
    job(s)


def near_miss_it_was_disturbed(s: Story) -> None:
    idle(s)
    job(s)
    s.fault("pause", "w3", at=2_300, until=2_400)


def near_miss_it_had_been_disturbed(s: Story) -> None:
    idle(s)
    job(s)
    s.fault("pause", "w3", at=1_000, until=1_100)


def near_miss_it_blocked_itself(s: Story) -> None:
    idle(s, concurrency=2)
    s.enqueue("blocks", at=1_490, kind="block")
    s.attempt("blocks", "w3", at=1_500, until=2_500)
    s.finally_("blocks", "completed")
    job(s)


def near_miss_it_was_leaving(s: Story) -> None:
    idle(s)
    job(s)
    s.fault("term", "w3", at=2_500)
    s.exit("w3", at=2_900)


def near_miss_it_died(s: Story) -> None:
    idle(s)
    job(s)
    job(s, "before", start=2_400)
    s.exit("w3", at=2_500, code=None, signal=9)


def near_miss_it_was_not_there_yet(s: Story) -> None:
    s.worker("w3", at=2_300, concurrency=1)
    job(s)
    s.judged = 1


def near_miss_the_clock_was_stepped(s: Story) -> None:
    idle(s)
    s.fault("server-clock", "server", at=100, until=101)
    job(s, "deferred", start=5_700, due=5_000)
    job(s, "at once", start=2_590)
    s.judged = 1


def near_miss_a_parent_has_room(s: Story) -> None:
    s.worker("w3", role="fleet", concurrency=1)
    s.worker("w4", role="producer", concurrency=1)
    job(s)


def irrelevant(s: Story) -> None:
    """Nobody knows that it waited: asked for twice, refused, or gone meanwhile."""
    idle(s)
    job(s, "twice")
    s.enqueue("twice", at=2_400, queue="first")
    s.enqueue("doubtful", at=2_000, result="info")
    s.attempt("doubtful", at=2_700, until=2_710)
    s.finally_("doubtful", "completed")
    job(s, "held by one whose claim was not seen", start=2_800)
    s.wire("takeback", "held by one whose claim was not seen", "w1", at=2_750, token=0)
    s.forget("transition", op="takeback")
    s.event("transition", at=2_750, by="worker-1", op="refresh", token=0, answer="ok",
            job="held by one whose claim was not seen", t_sent=1_002_749_000_000)  # fmt: skip


def indeterminate(s: Story) -> None:
    """A claim may be missing."""
    idle(s)
    job(s)
    s.tear()
