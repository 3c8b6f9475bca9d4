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
