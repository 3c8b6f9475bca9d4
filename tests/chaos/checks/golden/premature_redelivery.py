"""A job that was taken by a second worker while the first one's lock was live."""

from tests.chaos.checks.story import Story


def held(s: Story, job: str, *, token: int | None = 1) -> None:
    """Claimed by w1; the lock lives until 1009 for sure. `job` runs by itself to its end."""
    s.enqueue(job)
    s.wire("claim", job, "w1", at=10, token=token)
    s.finally_(job, "completed")


def taken(
    s: Story, job: str, at: float, *, token: int | None = 2, sent: float | None = None
) -> None:
    s.wire("claim", job, "w2", at=at, token=token, sent=sent)


def live(s: Story) -> None:
    for job in ("claimed", "taken back", "refused", "renewed", "answered twice"):
        held(s, job)
    taken(s, "claimed", 900)
    s.wire("takeback", "taken back", "w2", at=900)
    taken(s, "taken back", 901)
    s.wire("finish", "refused", "w1", at=800, answer="refused")
    taken(s, "refused", 900)
    s.wire("refresh", "renewed", "w1", at=900)
    taken(s, "renewed", 1_500)
    taken(s, "answered twice", 900, token=1)
    held(s, "no tokens", token=None)
    taken(s, "no tokens", 900, token=None)
    held(s, "told little")
    for event in s.events:
        if event["type"] == "transition" and event["job"] == "told little":
            event.update(t_sent=None, ttl_ms=None)
    taken(s, "told little", 900)
    held(s, "only taken back")
    s.wire("takeback", "only taken back", "w2", at=900, token=None)
    held(s, "third")
    taken(s, "third", 1_100)
    s.wire("finish", "third", "w1", at=1_150, answer=None)
    s.wire("claim", "third", "w1", at=1_200, token=3)
    held(s, "taken again", token=None)
    s.wire("release", "taken again", "w1", token=None, at=100)
    taken(s, "taken again", 200, token=None)
    s.wire("claim", "taken again", "w1", token=None, at=900)
    s.start("claimed", "w1", at=12)


def bad(s: Story) -> dict[str, int]:
    live(s)
    s.judged = 12
    return {"premature-redelivery": 10, "needless-takeback": 1}


def bad_given_up_too_late(s: Story) -> dict[str, int]:
    held(s, "j1")
    taken(s, "j1", 900)
    s.start("j1", "w2", at=905, token=2)
    s.wire("release", "j1", "w1", at=950)
    return {"premature-redelivery": 1, "zombie-write": 1}  # a release that is too late is accepted


def near_miss(s: Story) -> None:
    for job in ("expired", "clocks differ", "overtaken", "renewing"):
        held(s, job)
    taken(s, "expired", 1_100)
    taken(s, "clocks differ", 1_006)
    s.wire("claim", "overtaken", "w2", at=8, sent=5, token=2)
    s.wire("refresh", "renewing", "w1", at=1_020, sent=950)
    taken(s, "renewing", 1_016, sent=1_015)
    for op in ("finish", "retry", "release", "bury"):
        held(s, op)
        s.wire(op, op, "w1", at=100)
        taken(s, op, 200)
    s.start("expired", "w1", at=12)
    held(s, "renewed")
    s.wire("refresh", "renewed", "w1", at=500)
    held(s, "its own again")
    s.wire("release", "its own again", "w1", at=100)
    taken(s, "its own again", 150)
    taken(s, "its own again", 1_200, token=3)
    held(s, "renewed without a token", token=None)
    s.wire("refresh", "renewed without a token", "w1", token=None, at=500)
    held(s, "asked for again")
    s.wire("claim", "asked for again", "w1", at=500)
    s.judged = 9


def near_miss_server_forgot_the_lock(s: Story) -> None:
    live(s)
    for at in (80, 500, 1_120):
        s.fault("server-kill", "server", at=at, until=at + 10)


def bad_although_the_server_forgot_earlier_things(s: Story) -> dict[str, int]:
    live(s)
    s.fault("server-kill", "server", at=5, until=6)
    s.fault("server-kill", "server", at=1_600, until=1_700)
    s.judged = 12
    return {"premature-redelivery": 10}


def irrelevant(s: Story) -> None:
    held(s, "j1")
    s.start("j1", "w1", at=12)


def indeterminate(s: Story) -> None:
    """The reply to giving up, or to the renewal, or to the second claim, was lost."""
    for job in ("finish", "refresh", "claim"):
        held(s, job)
    s.wire("finish", "finish", "w1", at=100, answer=None)
    taken(s, "finish", 200)
    s.wire("refresh", "refresh", "w1", at=900, answer=None)
    taken(s, "refresh", 1_200)
    s.wire("claim", "claim", "w2", at=300, token=2, answer=None)
    s.start("finish", "w1", at=12)
    s.kill("w1", at=950)
    s.judged = 2


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    live(s)
    s.tear()
