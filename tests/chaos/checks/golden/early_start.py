"""A job that was started before its time."""

from tests.chaos.checks.story import Story


def run(s: Story, job: str, *, at: float) -> None:
    s.attempt(job, at=at - 2, until=at + 20)
    s.finally_(job, "completed")


def bad(s: Story) -> dict[str, int]:
    s.enqueue("j1", due=1_000)
    run(s, "j1", at=900)
    return {"early-start": 1}


def near_miss(s: Story) -> None:
    s.enqueue("clocks differ", due=1_000)
    run(s, "clocks differ", at=996)
    s.enqueue("after", due=1_000)
    run(s, "after", at=1_100)
    s.enqueue("soon", at=97, due=101)
    run(s, "soon", at=100)
    s.judged = 2


def irrelevant(s: Story) -> None:
    """At once; and by one of two requests at once."""
    s.enqueue("now")
    s.enqueue("both", due=1_000)
    s.enqueue("both")
    for job in ("now", "both"):
        run(s, job, at=500)


def indeterminate(s: Story) -> None:
    """Any of two requests may be the one that counts."""
    s.enqueue("j1", due=1_000, result="info")
    s.enqueue("j1", due=400, result="info")
    s.enqueue("j2", due=800)
    run(s, "j1", at=500)
    run(s, "j2", at=900)
    s.kill("w1", at=930)
    s.judged = 2


def near_miss_the_clock_was_stepped(s: Story) -> None:
    s.enqueue("j1", due=1_000)
    s.fault("server-clock", "server", at=500, until=510)
    run(s, "j1", at=900)


def near_miss_the_clock_had_been_stepped(s: Story) -> None:
    """A producer that sends a time of its own clock means another moment."""
    s.fault("server-clock", "server", at=100, until=110)
    s.enqueue("j1", at=200, due=1_000)
    run(s, "j1", at=900)


def near_miss_the_clock_was_about_to_be_stepped(s: Story) -> None:
    """It took effect at some time since it was begun."""
    s.event(
        "fault", at=850, event="begun", fault="f1", kind="server-clock", target="server", phase="x"
    )
    s.fault("server-clock", "server", at=950, until=960, planned=False)
    s.enqueue("j1", due=1_000)
    run(s, "j1", at=900)


def bad_although_the_clock_was_stepped_later(s: Story) -> dict[str, int]:
    s.enqueue("j1", at=200, due=1_000)
    run(s, "j1", at=900)
    s.fault("server-clock", "server", at=2_000, until=2_010)
    return {"early-start": 1}


def usual(s: Story, base_ms: int, cap_ms: int = 10_000) -> None:
    s.run["timing"] |= {"retry_base_ms": base_ms, "retry_cap_ms": cap_ms}


def failed(s: Story, job: str, *, delay_ms: float, starts: float, asked: int | None = None) -> None:
    """It fails, its retry is sent at 21, and says a delay; the usual one is from 100 to 200 ms."""
    usual(s, 200)
    s.enqueue(job, retry_delay_ms=asked)
    s.wire("claim", job, "w1", at=10)
    s.start(job, "w1", at=12)
    s.end(job, "w1", at=20, outcome="error")
    s.wire("retry", job, "w1", at=22, delay_ms=delay_ms)
    s.attempt(job, at=starts - 2, until=starts + 10, token=2)
    s.finally_(job, "completed", retries=1)


def bad_after_a_failure(s: Story) -> dict[str, int]:
    """Sooner than the command says, than its handler had asked for, and than is usual."""
    failed(s, "as it says", delay_ms=150, starts=160)
    failed(s, "asked for", delay_ms=0, starts=300, asked=300)
    failed(s, "usual", delay_ms=0, starts=110)
    return {"early-start": 3}


def failed_twice(s: Story, *, first: str | None = "ok") -> None:
    """`first`: the answer to the retry after the first failure."""
    usual(s, 200)
    s.enqueue("j1")
    s.attempt("j1", at=10, until=20, outcome="error", last="refresh")
    s.wire("retry", "j1", "w1", at=22, delay_ms=200, answer=first)
    s.attempt("j1", at=250, until=260, token=2, outcome="error", last="refresh")
    s.wire("retry", "j1", "w1", at=262, token=2, delay_ms=100)
    s.attempt("j1", at=400, until=410, token=3)
    s.finally_("j1", "completed", retries=2)


def bad_after_a_second_failure(s: Story) -> dict[str, int]:
    """The usual time is twice as long."""
    failed_twice(s)
    s.judged = 2
    return {"early-start": 1}


def near_miss_after_a_second_failure(s: Story) -> None:
    """No time is usual that is longer than this."""
    failed_twice(s)
    usual(s, 200, 250)
    s.judged = 2


def near_miss_after_a_failure_that_may_not_count(s: Story) -> None:
    """Nobody has seen an answer to the first retry: the second may be the first that counts."""
    failed_twice(s, first=None)
    s.judged = 1


def near_miss_after_a_failure(s: Story) -> None:
    failed(s, "as it says", delay_ms=150, starts=167)
    failed(s, "asked for", delay_ms=0, starts=317, asked=300)
    failed(s, "usual", delay_ms=0, starts=117)
    failed(s, "at once", delay_ms=0, starts=30, asked=0)
    s.judged = 3


def near_miss_nobody_says_what_is_usual(s: Story) -> None:
    failed(s, "j1", delay_ms=0, starts=30)
    usual(s, 0)


def irrelevant_it_was_given_a_new_life(s: Story) -> None:
    """By somebody, at some time: its failures may count again from the first."""
    failed(s, "j1", delay_ms=0, starts=30)
    s.enqueue("j1", at=1_000, kind="requeue", result="info")


def irrelevant_it_still_waits(s: Story) -> None:
    s.enqueue("j1", retry_delay_ms=600_000)
    s.attempt("j1", at=10, until=20, outcome="error", last="refresh")
    s.wire("retry", "j1", "w1", at=22, delay_ms=600_000)
    s.finally_("j1", "retrying", retries=1)
    s.final("queue", job="j1", queue="chaos")
