"""A job that counts fewer crashes than it had.

w1 claims at 10 and is killed at 100; w2 takes the job back at 1100 and completes it.
"""

from typing import Any

from tests.chaos.checks.story import Story


def crashed(
    s: Story, job: str, crashes: int | None, *, at: float = 100, back: float = 1_100, **asked: Any
) -> None:
    s.enqueue(job, max_crashes=9, **asked)
    s.wire("claim", job, "w1", at=10)
    s.start(job, "w1", at=12)
    s.wire("takeback", job, "w2", at=back)
    s.attempt(job, "w2", at=back + 1, until=back + 100, token=3)
    s.finally_(job, "completed", crashes=crashes)
    if at:
        s.kill("w1", at=at)


def bad(s: Story) -> dict[str, int]:
    crashed(s, "none", 0)
    crashed(s, "none too", 0, at=0)
    s.judged = 2
    return {"uncounted-crash": 2}


def bad_one_of_two(s: Story) -> dict[str, int]:
    s.worker("w3")
    s.enqueue("j1", max_crashes=9)
    for worker, at, token in (("w1", 10, 1), ("w3", 1_201, 3)):
        s.wire("claim", "j1", worker, at=at, token=token)
        s.start("j1", worker, at=at + 2, token=token)
        s.kill(worker, at=at + 90)
        s.wire("takeback", "j1", "w2", at=at + 1_100, token=token)
    s.attempt("j1", "w2", at=2_302, until=2_400, token=5)
    s.finally_("j1", "completed", crashes=1)
    return {"uncounted-crash": 1}


def near_miss(s: Story) -> None:
    crashed(s, "one", 1)
    s.judged = 1


def near_miss_given_a_new_life(s: Story) -> None:
    crashed(s, "j1", 0)
    s.enqueue("j1", at=3_000, kind="requeue")


def indeterminate_the_server_may_have_forgotten(s: Story) -> None:
    crashed(s, "j1", 0)
    s.fault("server-kill", "server", at=1_250, until=1_260)


def irrelevant_taken_back_before_it_died(s: Story) -> None:
    """It stood still, and may have said later that it lives."""
    s.fault("pause", "w1", at=50, until=1_500)
    crashed(s, "j1", 0, at=1_600)


def near_miss_only_the_other_job_was_taken_back_after_that(s: Story) -> None:
    s.fault("pause", "w1", at=50, until=1_500)
    crashed(s, "before", 0, at=0)
    s.enqueue("after", max_crashes=9)
    s.wire("claim", "after", "w1", at=1_550)
    s.start("after", "w1", at=1_552)
    s.kill("w1", at=1_600)
    s.wire("takeback", "after", "w2", at=2_600)
    s.attempt("after", "w2", at=2_601, until=2_700, token=3)
    s.finally_("after", "completed", crashes=1)
    s.judged = 1


def near_miss_its_lock_was_over_before_it_died(s: Story) -> None:
    """It may have seen that, and said that it lives. Another job's lock was not."""
    crashed(s, "other", 1, at=0, back=1_950)
    s.wire("refresh", "other", "w1", at=900)
    crashed(s, "j1", 0, at=1_050)
    s.judged = 1


def irrelevant_its_lock_may_have_been_over(s: Story) -> None:
    """It counts from before its claim, which may have been sent long before it was seen."""
    crashed(s, "j1", 0, at=700)
    s.lag(200, until=5)


def irrelevant_only_another_attempt_was_taken_back(s: Story) -> None:
    s.worker("w3")
    s.enqueue("j1", max_crashes=9)
    s.wire("claim", "j1", "w1", at=10)
    s.start("j1", "w1", at=12)
    s.kill("w1", at=100)
    s.wire("claim", "j1", "w3", at=1_101, token=3)
    s.start("j1", "w3", at=1_103, token=3)
    s.fault("partition", "w3", at=1_200, until=3_000)
    s.end("j1", "w3", at=1_900, token=3, outcome="lost")
    s.wire("takeback", "j1", "w2", at=2_200, token=3)
    s.attempt("j1", "w2", at=2_201, until=2_300, token=5)
    s.finally_("j1", "completed", crashes=0)


def irrelevant_nobody_knows_the_count(s: Story) -> None:
    crashed(s, "j1", None)
