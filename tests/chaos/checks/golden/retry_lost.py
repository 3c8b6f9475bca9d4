"""A failure that was recorded and not counted."""

from tests.chaos.checks.story import Story


def failed(
    s: Story, job: str, *, retries: int | None, doomed: bool = False, last: str = "retry"
) -> None:
    """It fails at 60 and 1260, then succeeds or is dead-lettered."""
    s.enqueue(job, doomed=doomed)
    for n in (1, 2):
        at = 1_200 * n - 1_190
        s.attempt(job, at=at, until=at + 50, token=n, outcome="error", last=last)
    s.finally_(job, "dead" if doomed else "completed")
    s.events[-1]["retries"] = retries


def unwired(s: Story, job: str, worker: str = "w1", *, retries: int = 0) -> None:
    s.enqueue(job)
    s.start(job, worker, at=10)
    s.end(job, worker, at=60, outcome="error")
    s.finally_(job, "completed", retries=retries)


def bad(s: Story) -> dict[str, int]:
    failed(s, "j1", retries=1)
    failed(s, "doomed", retries=1, doomed=True)
    unwired(s, "no wire")
    s.start("no wire", "w2", at=70, token=2)
    unwired(s, "no token")
    for event in s.events:
        if event.get("job") == "no token" and "token" in event:
            event["token"] = None
    s.worker("w3", burst=True)
    unwired(s, "worker left later", "w3")
    s.exit("w3", at=50_000)
    return {"retry-lost": 5}


def near_miss(s: Story) -> None:
    failed(s, "j1", retries=2)
    failed(s, "buried", retries=0, doomed=True, last="bury")
    failed(s, "requeued", retries=0)
    s.wire("requeue", "requeued", "w1", token=None, at=300)
    unwired(s, "no wire", retries=1)
    failed(s, "retried and buried", retries=2, doomed=True)
    s.attempt("retried and buried", at=3_000, until=3_010, token=3, outcome="error", last="bury")
    s.judged = 3


def near_miss_server_forgot_the_count(s: Story) -> None:
    failed(s, "j1", retries=1)
    s.fault("server-kill", "server", at=100, until=110)


def irrelevant(s: Story) -> None:
    """It never failed; its count is not known; it is gone."""
    s.enqueue("succeeded")
    s.attempt("succeeded", at=10, until=20)
    s.finally_("succeeded", "completed")
    failed(s, "uncounted", retries=None)
    failed(s, "gone", retries=0, last="bury")
    s.events[-1]["state"] = "missing"


def indeterminate(s: Story) -> None:
    """No failure was surely recorded: replies were lost, workers disturbed, or superseded."""
    failed(s, "superseded", retries=0)
    for event in s.events:
        if event.get("op") == "retry":
            event["answer"] = "refused" if event["token"] == 1 else None
    unwired(s, "killed", "w2")
    s.kill("w2", at=61)
    s.worker("w3")
    unwired(s, "stopped", "w3")
    s.fault("pause", "w3", at=61, until=99)
    unwired(s, "meanwhile started by another")
    s.fault("pause", "w1", at=3_000, until=3_001)
    s.worker("w4")
    unwired(s, "crashed", "w4")
    s.exit("w4", at=62, code=None)


def indeterminate_while_another_had_it(s: Story) -> dict[str, int]:
    unwired(s, "j1")
    s.start("j1", "w2", at=50, token=2)
    return {"overlap": 1}  # a fault, but not this one


def indeterminate_when_the_machine_keeps_all_waiting(s: Story) -> None:
    """Its lock may have expired before the failure was reported."""
    unwired(s, "kept waiting")
    s.lag(350, until=55)
