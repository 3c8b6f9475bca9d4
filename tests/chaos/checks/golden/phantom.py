"""A handler that started a job that nobody had enqueued."""

from tests.chaos.checks.story import Story


def run(s: Story, job: str, at: float) -> None:
    s.attempt(job, at=at, until=at + 10)
    s.finally_(job, "completed")


def bad(s: Story) -> dict[str, int]:
    s.enqueue("refused", result="fail")
    s.enqueue("early", at=100)
    for job in ("refused", "early", "ghost"):
        run(s, job, at=50)
    return {"phantom": 3, "extra-job": 2}


def near_miss(s: Story) -> None:
    s.enqueue("clocks differ", at=56)
    s.enqueue("second try", result="fail")
    s.enqueue("second try", at=10)
    s.enqueue("new", unique="k", answer_job="from an earlier run")
    s.enqueue("refused", result="fail")
    s.enqueue("another", unique="l", answer_job="refused")
    for job in ("clocks differ", "second try", "from an earlier run", "refused"):
        run(s, job, at=50)
    s.judged = 3


def indeterminate(s: Story) -> None:
    """Any of these requests may have been accepted, and one may have been made much earlier."""
    s.enqueue("timeout", result="info")
    s.enqueue("killed", result=None)
    s.enqueue("both", result="fail")
    s.enqueue("both", result="info")
    s.enqueue("unseen")
    s.forget("enqueue", job="unseen", phase="invoke")
    s.enqueue("unseen", at=100)
    for job in ("timeout", "killed", "both", "unseen"):
        run(s, job, at=50)
    s.judged = 4


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    bad(s)
    s.tear()
