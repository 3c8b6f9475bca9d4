"""A superseded attempt whose write was accepted."""

from tests.chaos.checks.story import Story

WRITES = ("finish", "retry", "release", "refresh", "bury")


def superseded(s: Story, *, answer: str | None, at: float = 2_100) -> None:
    """For each kind of write, a job whose lock of token 1 has expired and which token 2 has."""
    for job in WRITES:
        s.enqueue(job)
        s.wire("claim", job, "w1", at=10)
        s.start(job, "w1", at=12)
        s.end(job, "w1", at=1_990)
        s.wire("claim", job, "w2", at=2_000, token=2)
        s.wire(job, job, "w1", at=at, answer=answer)
        s.finally_(job, "completed")


def bad(s: Story) -> dict[str, int]:
    superseded(s, answer="ok")
    return {"zombie-write": 5}


def bad_although_the_server_was_disturbed(s: Story) -> dict[str, int]:
    """In none of these ways does a server forget."""
    superseded(s, answer="ok")
    kinds = ("server-stop", "server-pause", "server-fill", "server-delay", "pause", "delay")
    for n, kind in enumerate(kinds):
        s.fault(kind, "server", at=2_010 + n, until=2_050)
    return {"zombie-write": 5}


def near_miss_refused(s: Story) -> None:
    superseded(s, answer="refused")
    s.judged = 5


def near_miss_repeated(s: Story) -> None:
    """The write had been applied before, and is only answered again."""
    superseded(s, answer="repeat")
    s.judged = 5


def near_miss_server_forgot_the_claim(s: Story) -> None:
    superseded(s, answer="ok")
    s.fault("server-kill", "server", at=2_050, until=2_060)
    s.enqueue("later")
    s.wire("claim", "later", "w1", at=3_000, token=1)
    s.wire("claim", "later", "w2", at=4_500, token=2)
    s.wire("finish", "later", "w1", at=4_600, answer="refused")
    s.finally_("later", "completed")
    s.judged = 1


def irrelevant_in_time(s: Story) -> None:
    """The write was sent in the moment in which the claim was answered; or was no write."""
    superseded(s, answer="ok", at=2_001)
    s.enqueue("other")
    s.wire("claim", "other", "w2", at=10, token=3)
    s.wire("claim", "other", "w1", at=1_500, token=1)
    s.finally_("other", "completed")


def indeterminate(s: Story) -> None:
    superseded(s, answer=None)
    s.kill("w1", at=2_101)


def indeterminate_without_a_claim(s: Story) -> None:
    """The later claim's reply was lost, or it was refused, or the write's author is unknown."""
    superseded(s, answer="ok")
    for event in s.events:
        if event.get("op") == "claim" and event["token"] == 2:
            event["answer"] = "refused" if event["job"] == "finish" else None
    s.wire("claim", "finish", "w2", at=3_300, token=3)
    s.wire("retry", "finish", "w2", at=3_400, token=None)
