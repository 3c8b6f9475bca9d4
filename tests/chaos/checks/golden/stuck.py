"""Something of a job is left when everything has settled."""

from tests.chaos.checks.story import Story


def bad(s: Story) -> dict[str, int]:
    """It is unknown whether these were accepted, but they are there. And two entries are left."""
    s.enqueue("done")
    s.attempt("done", at=10, until=20)
    s.finally_("done", "completed")
    for state in ("queued", "active", "retrying"):
        s.enqueue(state, result="info")
        s.finally_(state, state)
    s.final("queue", queue="q", job="done")
    s.final("lock", queue="q", job="done")
    s.judged = 6
    return {"stuck": 5}


def near_miss(s: Story) -> None:
    s.enqueue("done")
    s.attempt("done", at=10, until=20)
    s.finally_("done", "completed")
    s.enqueue("dead", doomed=True)
    s.finally_("dead", "dead")
    s.final("dlq", queue="q", job="dead")
    s.judged = 2


def far(s: Story) -> None:
    """It is due in an hour."""
    s.enqueue("done")
    s.attempt("done", at=10, until=20)
    s.finally_("done", "completed")
    s.enqueue("far", due=3_600_000)
    s.finally_("far", "queued")


def near_miss_not_due_yet(s: Story) -> None:
    far(s)
    s.final("queue", queue="q", job="far")
    s.judged = 3


def bad_locked_although_it_is_not_due_yet(s: Story) -> dict[str, int]:
    far(s)
    s.final("lock", queue="q", job="far")
    s.judged = 3
    return {"stuck": 1}


def irrelevant(s: Story) -> None:
    s.enqueue("expired")
    s.attempt("expired", at=10, until=20)
    s.finally_("expired", "missing")
    s.final("dlq", queue="q", job="expired")
    s.final("effect", job="expired", token=1)
    for event in s.events:
        if event.get("phase") == "invoke":
            event.update(effects=1, doomed=True)


def indeterminate(s: Story) -> None:
    s.enqueue("done")
    s.attempt("done", at=10, until=20)
    s.finally_("done", "completed")
    s.enqueue("doubtful", result="info")
    s.start("doubtful", "w1", at=30)
    s.kill("w1", at=40)
    s.finally_("doubtful", "missing")
    s.judged = 1


def indeterminate_when_the_final_state_was_not_read(s: Story) -> None:
    bad(s)
    s.forget("final", what="read")
    s.unknown = True
    s.judged = 0
