"""More handlers at a time than a process may run. w3 may run two jobs, w4 one."""

from tests.chaos.checks.story import Story


def run(s: Story, job: str, worker: str, *, at: float, until: float | None) -> None:
    s.enqueue(job)
    s.start(job, worker, at=at)
    if until is not None:
        s.end(job, worker, at=until)
    s.finally_(job, "completed")


def three(s: Story) -> None:
    s.worker("w3", concurrency=2)
    run(s, "j1", "w3", at=10, until=500)
    run(s, "j2", "w3", at=20, until=500)
    run(s, "j3", "w3", at=100, until=200)
    run(s, "j4", "w3", at=250, until=300)


def bad(s: Story) -> dict[str, int]:
    three(s)
    s.worker("w4", concurrency=1)
    run(s, "it never ended", "w4", at=10, until=None)
    run(s, "j5", "w4", at=50, until=60)
    return {"over-capacity": 2}


def near_miss(s: Story) -> None:
    """One starts as another ends; two processes run beside each other; one was never full."""
    s.worker("w3", concurrency=2)
    run(s, "j1", "w3", at=10, until=100)
    run(s, "j2", "w3", at=20, until=500)
    run(s, "j3", "w3", at=100, until=200)
    s.worker("w4", concurrency=1)
    run(s, "j4", "w4", at=15, until=90)
    s.worker("w5", concurrency=4)
    run(s, "j5", "w5", at=15, until=90)
    s.judged = 2


def indeterminate(s: Story) -> None:
    """An end may be missing."""
    three(s)
    s.tear()


def irrelevant(s: Story) -> None:
    """Nobody says how many it may run."""
    for job in ("j1", "j2", "j3"):
        run(s, job, "w1", at=10, until=100)
