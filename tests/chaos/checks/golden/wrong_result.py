"""A completed job with another result than its handler returned."""

from tests.chaos.checks.story import Story


def bad(s: Story) -> dict[str, int]:
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20, result="returned")
    s.finally_("j1", "completed", result="other")
    return {"wrong-result": 1}


def bad_that_of_an_attempt_that_was_refused(s: Story) -> dict[str, int]:
    """Both succeeded, and the store accepted the second one."""
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=10, ttl_ms=10)
    s.start("j1", "w1", at=12)
    s.wire("claim", "j1", "w2", at=100, token=2)
    s.start("j1", "w2", at=102, token=2)
    s.end("j1", "w2", at=110, token=2, result="second")
    s.wire("finish", "j1", "w2", at=112, token=2)
    s.end("j1", "w1", at=120, result="first")
    s.wire("finish", "j1", "w1", at=122, answer="refused")
    s.finally_("j1", "completed", result="first")
    return {"wrong-result": 1}


def bad_that_of_an_earlier_life(s: Story) -> dict[str, int]:
    """It was requeued, and the second completion was told that it was a repeat."""
    s.enqueue("j1")
    s.enqueue("j1", kind="requeue", at=50)
    for at, token, result, answer in ((10, 1, "first", "ok"), (100, 2, "second", "repeat")):
        s.wire("claim", "j1", "w1", at=at, token=token)
        s.start("j1", "w1", at=at + 2, token=token)
        s.end("j1", "w1", at=at + 10, token=token, result=result)
        s.wire("finish", "j1", "w1", at=at + 12, token=token, answer=answer)
    s.finally_("j1", "completed", result="first")
    return {"wrong-result": 1}


def bad_that_of_an_attempt_that_came_too_late(s: Story) -> dict[str, int]:
    """The first one's completion was accepted, that of the second refused."""
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=10, ttl_ms=10)
    s.start("j1", "w1", at=12)
    s.wire("claim", "j1", "w2", at=100, token=2)
    s.end("j1", "w1", at=101, result="first")
    s.wire("finish", "j1", "w1", at=102, sent=99, answer=None)
    s.wire("finish", "j1", "w1", at=103, answer="repeat")
    s.start("j1", "w2", at=104, token=2)
    s.end("j1", "w2", at=110, token=2, result="second")
    s.wire("finish", "j1", "w2", at=112, token=2, answer="refused")
    s.finally_("j1", "completed", result="second")
    return {"wrong-result": 1}


def indeterminate_a_completion_without_a_reply(s: Story) -> None:
    """It was requeued, and may have been completed again."""
    for job, kept in (("j1", "first"), ("j2", "second")):
        s.enqueue(job)
        s.enqueue(job, kind="requeue", at=50)
        for at, token, result, answer in ((10, 1, "first", "ok"), (100, 2, "second", None)):
            s.wire("claim", job, "w1", at=at, token=token)
            s.start(job, "w1", at=at + 2, token=token)
            s.end(job, "w1", at=at + 10, token=token, result=result)
            s.wire("finish", job, "w1", at=at + 12, token=token, answer=answer)
        s.finally_(job, "completed", result=kept)
    s.judged = 2


def near_miss(s: Story) -> None:
    """One of two that succeeded, and nobody saw which of them the store accepted."""
    s.enqueue("j1")
    for at, token, result in ((10, 1, "first"), (2_000, 2, "second")):
        s.start("j1", "w1", at=at, token=token)
        s.end("j1", "w1", at=at + 10, token=token, result=result)
    s.finally_("j1", "completed", result="first")
    s.judged = 1


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20, result="returned")
    s.finally_("j1", "completed", result="other")
    s.tear()
    s.judged = 0


def indeterminate_a_server_that_forgot(s: Story) -> None:
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20, result="returned")
    s.fault("server-kill", "server", at=30, until=35)
    s.finally_("j1", "completed", result="other")
    s.judged = 0


def irrelevant_nothing_to_compare(s: Story) -> None:
    for job, outcome, result, state, kept in (
        ("failed", "error", "raised", "completed", "kept"),
        ("silent", "ok", None, "completed", "kept"),
        ("dead", "ok", "returned", "dead", "kept"),
        ("unread", "ok", "returned", "completed", None),
    ):
        s.enqueue(job, doomed=True)
        s.start(job, "w1", at=10)
        s.end(job, "w1", at=20, outcome=outcome, result=result)
        s.finally_(job, state, result=kept)
