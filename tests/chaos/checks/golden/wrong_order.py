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
    for at, job in enumerate(("first", "second"), 2):
        s.wire("enqueue", job, "w1", at=at, token=None)
    return {"wrong-order": 1}


def bad_without_a_wire(s: Story) -> dict[str, int]:
    s.run["offers"] = ["jobs"]
    for job in ("first", "second"):
        s.enqueue(job)
        s.finally_(job, "completed")
    for job, at, token in (("second", 10, 1), ("first", 100, 1), ("second", 200, 2)):
        s.start(job, "w1", at=at, token=token)
        s.end(job, "w1", at=at + 50, token=token, outcome="error" if at == 10 else "ok")
    s.event("expected", at=50_000, job="second", after="first")
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


def bad_of_one_call(s: Story) -> dict[str, int]:
    for job, start in (("first", 16), ("second", 12)):
        s.enqueue(job)
        s.wire("claim", job, "w1", at=10)
        s.start(job, "w1", at=start)
        s.end(job, "w1", at=30, outcome="error")
        s.wire("retry", job, "w1", at=32)
        s.finally_(job, "completed", retries=1)
    ran(s, "second", at=200, token=2)
    ran(s, "first", at=100, token=2)
    s.event("expected", at=50_000, job="second", after="first")
    return {"wrong-order": 1}


def bad_a_claim_that_took_nothing(s: Story) -> dict[str, int]:
    s.wire("claim", "first", "w1", at=5, answer="refused", token=None)
    two(s, first=100, second=10)
    return {"wrong-order": 1}


def near_miss_claimed_in_time_and_started_late(s: Story) -> None:
    """Its worker was held up until the lock may have expired."""
    two(s, first=1_600, second=10)
    s.forget("transition", job="first")
    s.forget("start", job="first")
    s.forget("end", job="first")
    s.wire("claim", "first", "w1", at=5)
    s.wire("takeback", "first", "w1", at=1_598)
    s.event("lag", at=500, lag_ms=400)
    ran(s, "first", at=1_600, token=3)
    s.judged = 1


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
