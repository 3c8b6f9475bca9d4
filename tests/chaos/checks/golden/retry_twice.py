"""A count of retries that is higher than the number of failures."""

from typing import Any

from tests.chaos.checks.story import Story


def failed(s: Story, job: str, *, retries: int, outcome: str = "error", **fields: Any) -> None:
    """It fails once, on the wire."""
    s.enqueue(job, **fields)
    s.attempt(job, at=10, until=60, outcome=outcome, last="retry")
    s.finally_(job, "completed", retries=retries)


def bad(s: Story) -> dict[str, int]:
    failed(s, "once", retries=2)
    failed(s, "timed out", retries=2, outcome="cancelled")
    s.enqueue("never")
    s.finally_("never", "completed", retries=1)
    return {"retry-twice": 3}


def near_miss(s: Story) -> None:
    failed(s, "once", retries=1)
    failed(s, "timed out", retries=1, outcome="cancelled")
    failed(s, "doomed", retries=2, doomed=True)
    s.enqueue("not started")
    s.wire("claim", "not started", "w1", at=10)
    s.wire("retry", "not started", "w1", at=20)
    s.finally_("not started", "completed", retries=1)
    s.enqueue("no wire")
    s.start("no wire", "w1", at=10)
    s.end("no wire", "w1", at=20, outcome="error")
    s.finally_("no wire", "completed", retries=1)
    s.judged = 5


def near_miss_not_counted(s: Story) -> None:
    s.enqueue("j1", doomed=True)
    s.attempt("j1", at=10, until=60, outcome="error", last="bury")
    s.finally_("j1", "dead")
    s.judged = 1


def irrelevant(s: Story) -> None:
    """Never failed; requeued; gone; from an earlier run; not counted."""
    s.enqueue("succeeded")
    s.attempt("succeeded", at=10, until=60)
    s.finally_("succeeded", "completed")
    failed(s, "requeued", retries=5)
    s.wire("requeue", "requeued", "w1", token=None, at=90)
    s.enqueue("gone")
    s.attempt("gone", at=10, until=60)
    s.finally_("gone", "missing", retries=1)
    s.enqueue("new", answer_job="old")
    s.finally_("old", "completed", retries=5)
    s.enqueue("uncounted")
    s.attempt("uncounted", at=10, until=60, outcome="error", last="retry")
    s.final("job", job="uncounted", state="completed")


def indeterminate(s: Story) -> None:
    """The reply to the retry was lost, or its worker was killed: it may have been counted."""
    failed(s, "lost reply", retries=1)
    failed(s, "killed", retries=1)
    for event in s.events:
        if event.get("op") == "retry":
            event["answer"] = None
    s.kill("w1", at=61)
    s.judged = 2


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    bad(s)
    s.tear()
