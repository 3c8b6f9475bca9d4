"""Jobs that had to wait for another's start."""

from tests.chaos.checks.story import Story


def ran(s: Story, job: str, *, at: int, token: int = 1) -> None:
    s.attempt(job, at=at, until=at + 50, token=token)


def two(s: Story, first: int, second: int, name: str = "") -> None:
    """Two jobs; the second was to be started after the first."""
    for job, at in ((f"first{name}", first), (f"second{name}", second)):
        s.enqueue(job)
        ran(s, job, at=at)
        s.finally_(job, "completed")
    s.event("expected", at=50_000, job=f"second{name}", after=f"first{name}")


def bad(s: Story) -> dict[str, int]:
    two(s, first=100, second=10)
    return {"wrong-order": 1}


def bad_it_was_started_again_later(s: Story) -> dict[str, int]:
    for job in ("first", "second"):
        s.enqueue(job)
        s.finally_(job, "completed", retries=int(job == "second"))
    s.attempt("second", at=10, until=60, outcome="error")
    s.attempt("first", at=100, until=150)
    s.attempt("second", at=200, until=250, token=2)
    s.event("expected", at=50_000, job="second", after="first")
    return {"wrong-order": 1}


def near_miss(s: Story) -> None:
    two(s, first=10, second=100)
    s.judged = 1


def near_miss_the_first_was_started_again_later(s: Story) -> None:
    for job in ("first", "second"):
        s.enqueue(job)
        s.finally_(job, "completed", retries=int(job == "first"))
    s.attempt("first", at=10, until=60, outcome="error")
    s.attempt("second", at=100, until=150)
    s.attempt("first", at=200, until=250, token=2)
    s.event("expected", at=50_000, job="second", after="first")
    s.judged = 1


def indeterminate(s: Story) -> None:
    """Events may be missing from the history."""
    two(s, first=100, second=10)
    s.tear()


def irrelevant(s: Story) -> None:
    """One of the two was not started; or nothing was expected of the order."""
    two(s, first=10, second=100)
    s.forget("start", job="second")
    s.forget("end", job="second")
    two(s, first=10, second=100, name=" too")
    s.forget("start", job="first too")
    s.forget("end", job="first too")
    s.enqueue("third")
    ran(s, "third", at=5)
    s.finally_("third", "completed")
    s.event("expected", at=50_000, job="third", state="completed")
