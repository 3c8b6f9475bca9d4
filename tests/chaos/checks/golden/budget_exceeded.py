"""A job that went on although its budget of failures or crashes was used up."""

from tests.chaos.checks.story import Story


def fail(s: Story, job: str, times: int, *, budget: int | None, every: int = 100) -> None:
    s.enqueue(job, max_retries=budget)
    for n in range(times):
        at = every * n + 10
        s.attempt(job, at=at, until=at + 50, token=n + 1, outcome="error")
    s.finally_(job, "completed", retries=times)


def crash(s: Story, job: str, *, budget: int | None) -> None:
    """w1 dies with it at 50, w2 at 1600."""
    s.enqueue(job, max_crashes=budget)
    s.start(job, "w1", at=12)
    s.start(job, "w2", at=1_200, token=2)
    s.finally_(job, "completed")


def die(s: Story) -> None:
    s.kill("w1", at=50)
    s.kill("w2", at=1_600)


def bad(s: Story) -> dict[str, int]:
    fail(s, "failed again", 3, budget=2)
    fail(s, "started again", 2, budget=2)
    s.attempt("started again", at=500, until=510, token=3)
    crash(s, "crashed again", budget=1)
    fail(s, "none allowed", 2, budget=0)
    die(s)
    return {"budget-exceeded": 4}


def bad_crashed_together(s: Story) -> dict[str, int]:
    """Nothing was started after the last crash, but there was one too many."""
    crash(s, "j1", budget=1)
    s.kill("w1", at=1_599)
    s.kill("w2", at=1_600)
    return {"budget-exceeded": 1, "overlap": 1}  # which takes two attempts at a time


def bad_killed_in_other_ways(s: Story) -> dict[str, int]:
    """A job killed its worker; nobody saw the exit of the other."""
    crash(s, "j1", budget=1)
    s.exit("w1", at=50, code=None, signal=9)
    s.fault("kill", "w2", at=1_600)
    return {"budget-exceeded": 1}


def bad_killed_by_a_job(s: Story) -> dict[str, int]:
    """How the first of them ended only its parent knows; and another job went down with it."""
    s.enqueue("killer", deadly=True, max_crashes=1)
    s.start("killer", "w1", at=14)
    s.finally_("killer", "dead")
    crash(s, "j1", budget=1)
    s.exit("w1", at=50, code=None)
    s.kill("w2", at=1_600)
    s.judged = 2
    return {"budget-exceeded": 1}


def near_miss_left_somehow(s: Story) -> None:
    """It is unknown what it did with its job."""
    crash(s, "j1", budget=1)
    s.exit("w1", at=50, code=None)
    s.kill("w2", at=1_600)
    s.judged = 1


def near_miss_told_to_leave(s: Story) -> None:
    """It may have handed the job back before it was killed."""
    crash(s, "j1", budget=1)
    s.fault("term", "w1", at=45)
    die(s)
    s.judged = 1


def near_miss(s: Story) -> None:
    fail(s, "used up", 3, budget=3)
    fail(s, "no retry", 1, budget=0)
    fail(s, "some left", 2, budget=3)
    crash(s, "crashed", budget=2)
    crash(s, "crashed too", budget=2)
    fail(s, "requeued", 5, budget=3)
    s.wire("requeue", "requeued", "w1", token=None, at=40)
    crash(s, "crashed and requeued", budget=1)
    s.wire("requeue", "crashed and requeued", "w1", token=None, at=60)
    die(s)
    s.judged = 4


def bad_without_tokens(s: Story) -> dict[str, int]:
    s.enqueue("j1", max_retries=1)
    s.start("j1", "w1", at=10, token=None)
    s.end("j1", "w1", at=20, token=None, outcome="error")
    s.start("j1", "w1", at=30, token=None)
    s.end("j1", "w1", at=40, token=None)
    s.finally_("j1", "completed", retries=1)
    return {"budget-exceeded": 1}


def near_miss_an_earlier_attempt_stood_still(s: Story) -> None:
    s.enqueue("j1", max_retries=2)
    s.attempt("j1", "w1", at=1, until=5, token=0, outcome="error")
    s.wire("claim", "j1", "w1", at=10, token=1)
    s.fault("pause", "w1", at=11, until=3_000)
    s.attempt("j1", "w2", at=1_500, until=1_600, token=3, outcome="error", last="bury")
    s.start("j1", "w1", at=3_010, token=1)
    s.end("j1", "w1", at=3_020, token=1, outcome="cancelled")
    s.finally_("j1", "dead", retries=2)
    s.judged = 1


def near_miss_server_forgot_the_count(s: Story) -> None:
    fail(s, "j1", 3, budget=2)
    s.fault("server-kill", "server", at=120, until=130)


def irrelevant(s: Story) -> None:
    """No budget is known."""
    fail(s, "failed", 5, budget=None)
    crash(s, "crashed", budget=None)
    die(s)


def indeterminate(s: Story) -> None:
    """Failures that were not recorded for sure; an attempt that may have been handed back."""
    fail(s, "superseded", 5, budget=3, every=1_200)
    for event in s.events:
        if event.get("op") == "retry":
            event["answer"] = "refused" if event["token"] % 2 else None
    for event in s.events:
        if event.get("what") == "job":
            event["retries"] = 2
    crash(s, "handed back", budget=1)
    s.wire("release", "handed back", "w1", at=49, answer=None)
    s.fault("term", "w2", at=1_550)
    die(s)
