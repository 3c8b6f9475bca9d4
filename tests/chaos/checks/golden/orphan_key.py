"""A key that never expires and that nothing accounts for."""

from tests.chaos.checks.story import Story


def jobs(s: Story) -> None:
    for job in ("done", "kept", "dead", "other"):
        s.enqueue(job, doomed=True, result_ttl_s=0 if job == "kept" else 60)
        s.finally_(job, "dead" if job == "dead" else "completed")
    s.attempt("done", at=10, until=20)


def key(s: Story, kind: str | None, owner: str | None = None, *, ttl_ms: int | None = -1) -> None:
    s.final("key", key=f"{kind}:{owner}", kind=kind, owner=owner, ttl_ms=ttl_ms)


def bad(s: Story) -> dict[str, int]:
    jobs(s)
    key(s, "health", "w1")
    key(s, "other")
    key(s, None)
    key(s, "queue")
    key(s, "job", "done")
    key(s, "unique", "done")
    key(s, "unique", "dead")
    key(s, "job")
    s.final("dlq", queue="q", job="dead")
    return {"orphan-key": 8}


def near_miss(s: Story) -> None:
    jobs(s)
    key(s, "health", "w1", ttl_ms=900)
    key(s, "hint", ttl_ms=900)
    key(s, "job", "done", ttl_ms=60_000)
    key(s, "job", "kept")
    key(s, "job", "dead")
    key(s, "unique", "from an earlier run")
    key(s, "dlq", "q")
    key(s, "queue", "done")
    key(s, "effects", "x")
    s.judged = 3


def near_miss_whose_entries_are_told(s: Story) -> dict[str, int]:
    jobs(s)
    for what in ("queue", "lock", "dlq"):
        s.final(what, queue="q", job="dead")
        key(s, what)
    return {"stuck": 2}  # which is where entries of queues and locks belong


def irrelevant(s: Story) -> None:
    jobs(s)


def indeterminate(s: Story) -> None:
    """It is unknown how long a key lives, or what happened to its owner."""
    s.enqueue("done")
    s.attempt("done", at=10, until=20)
    s.finally_("done", "completed")
    s.enqueue("doubtful", result="info")
    s.finally_("doubtful", "missing")
    key(s, "other", ttl_ms=None)
    key(s, "job", "doubtful")
    key(s, "unique", "doubtful")
    key(s, "job", "stranger")
    s.judged = 1


def indeterminate_when_the_final_state_was_not_read(s: Story) -> None:
    bad(s)
    s.forget("final", what="read")
    s.unknown = True
