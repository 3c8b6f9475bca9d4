"""A job that stands in another queue than it was enqueued into."""

from tests.chaos.checks.story import Story


def done(s: Story, job: str, queue: str | None) -> None:
    s.start(job, "w1", at=20)
    s.end(job, "w1", at=30)
    s.finally_(job, "completed", queue=queue)


def bad(s: Story) -> dict[str, int]:
    s.enqueue("j1", queue="low")
    done(s, "j1", "high")
    s.enqueue("j2", queue="low", doomed=True)
    s.finally_("j2", "dead", queue="low")
    s.final("dlq", job="j2", queue="high")
    s.judged = 3
    return {"wrong-queue": 2}


def bad_that_of_a_later_enqueue(s: Story) -> dict[str, int]:
    s.enqueue("j1", queue="low")
    s.enqueue("j1", at=10, queue="high")
    done(s, "j1", "high")
    s.judged = 1
    return {"wrong-queue": 1}


def near_miss(s: Story) -> None:
    s.enqueue("j1", queue="low")
    s.enqueue("j2", at=5, queue="high")
    done(s, "j1", "low")
    done(s, "j2", "high")
    s.judged = 2


def indeterminate_two_enqueues_at_a_time(s: Story) -> None:
    """Either may have been the first."""
    s.enqueue("j1", queue="low")
    s.enqueue("j1", at=0.5, queue="high")
    done(s, "j1", "low")
    s.judged = 1


def indeterminate_unknown_which_was_asked_for(s: Story) -> None:
    s.enqueue("j1", queue="low")
    s.enqueue("j1", at=0.5)
    done(s, "j1", "high")


def irrelevant_nobody_says_where(s: Story) -> None:
    s.enqueue("j1", queue="low")
    done(s, "j1", None)
