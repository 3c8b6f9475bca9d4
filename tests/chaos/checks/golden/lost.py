"""An acknowledged job that ends neither completed nor dead-lettered."""

from tests.chaos.checks.story import Story


def bad(s: Story) -> dict[str, int]:
    for job, state in (("j1", "queued"), ("j2", "active"), ("j3", "retrying"), ("j4", "missing")):
        s.enqueue(job)
        s.finally_(job, state)
    s.wire("claim", "j4", "w1", at=8)
    s.wire("finish", "j4", "w1", at=50, answer="refused")
    s.start("j4", "w1", at=10)
    s.end("j4", "w1", at=20)
    return {"lost": 4, "stuck": 3}  # what is still in the store is stuck there as well


def near_miss_completed_and_expired(s: Story) -> None:
    for job in ("completed", "dead", "finished", "buried", "affected"):
        s.enqueue(job, doomed=True, effects=1 if job == "affected" else 0)
    s.attempt("finished", at=10, until=20)
    s.attempt("buried", at=10, until=20, outcome="error", last="bury")
    s.finally_("completed", "completed")
    s.finally_("dead", "dead")
    s.finally_("finished", "missing")
    s.finally_("buried", "missing")
    s.finally_("affected", "missing", effects=1)
    s.judged = 5


def indeterminate(s: Story) -> None:
    """It is unknown whether the jobs exist; the reply to j4's completion was lost."""
    s.enqueue("j1", result="info")
    s.enqueue("j2", result=None)
    s.enqueue("j3", result="fail")
    s.enqueue("j4")
    for job in ("j1", "j2", "j3", "j4"):
        s.finally_(job, "missing")
    s.wire("claim", "j4", "w1", at=10)
    s.start("j4", "w1", at=12)
    s.end("j4", "w1", at=20)
    s.wire("finish", "j4", "w1", at=25, answer=None)
    s.kill("w1", at=24)
    s.judged = 1


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.finally_("j1", "missing")
    s.enqueue("completed")
    s.finally_("completed", "completed")
    s.enqueue("seen")
    s.attempt("seen", at=10, until=20)
    s.finally_("seen", "missing")
    s.judged = 2
    s.tear()


def bad_gone_and_a_history_of_a_worker_is_missing(s: Story) -> dict[str, int]:
    """That it completed would have been seen on the wire."""
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.finally_("j1", "missing")
    s.forget("hello", worker="w2")
    return {"lost": 1}


def indeterminate_when_only_a_missing_handler_could_tell(s: Story) -> None:
    s.run["offers"] = ["jobs", "wire"]
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.finally_("j1", "missing")
    s.forget("hello", worker="w2")
    s.unknown = True


def bad_gone_and_no_handler_succeeded(s: Story) -> dict[str, int]:
    """No command completes a job here, so its handler is the last that anybody sees of it."""
    s.run["offers"] = ["jobs", "wire"]
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20, outcome="error")
    s.finally_("j1", "missing")
    return {"lost": 1}


def near_miss_gone_but_its_handler_succeeded(s: Story) -> None:
    s.run["offers"] = ["jobs", "wire"]
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20)
    s.finally_("j1", "missing")
    s.judged = 1


def near_miss_seen_to_end_without_an_inspector(s: Story) -> None:
    s.run["offers"] = []
    s.forget("final", what="read")
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20)
    s.judged = 1


def irrelevant_not_seen_to_end_without_an_inspector(s: Story) -> None:
    s.run["offers"] = []
    s.forget("final", what="read")
    s.unknown = True
    s.enqueue("j1")
    s.start("j1", "w1", at=10)


def irrelevant_an_inspector_that_left_it_out(s: Story) -> None:
    s.run["offers"] = ["jobs"]
    s.unknown = True
    s.enqueue("j1")
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20)


def near_miss_not_due_yet(s: Story) -> None:
    """One is due in an hour; another is to be run again then, and so its handler asked."""
    s.enqueue("j1", due=3_600_000)
    s.finally_("j1", "queued")
    s.final("queue", job="j1", queue="chaos")
    s.enqueue("j2", retry_delay_ms=3_600_000)
    s.attempt("j2", at=10, until=20, outcome="error")
    s.finally_("j2", "retrying", retries=1)
    s.final("queue", job="j2", queue="chaos")
    s.judged = 2


def near_miss_asked_for_twice(s: Story) -> None:
    """A job that is due in an hour holds the unique key of one that is due at once."""
    s.enqueue("j1", due=3_600_000, unique="key")
    s.enqueue("j1", at=5, unique="key")
    s.finally_("j1", "queued")
    s.final("queue", job="j1", queue="chaos")
    s.enqueue("j2")
    s.attempt("j2", at=10, until=20)
    s.finally_("j2", "completed")
    s.judged = 2


def bad_the_later_time_was_refused(s: Story) -> dict[str, int]:
    s.enqueue("j1", due=3_600_000, result="fail")
    s.enqueue("j1", at=5)
    s.finally_("j1", "queued")
    s.judged = 1
    return {"lost": 1, "stuck": 1}


def bad_long_due(s: Story) -> dict[str, int]:
    """Their time has come, or nobody knows of any; one is locked before it is due."""
    s.enqueue("j1", due=1_000)
    s.finally_("j1", "queued")
    s.final("queue", job="j1", queue="chaos")
    s.enqueue("j2", retry_delay_ms=1_000)
    s.attempt("j2", at=10, until=20, outcome="error")
    s.finally_("j2", "retrying", retries=1)
    s.enqueue("j3", due=3_600_000)
    s.finally_("j3", "active")
    s.final("lock", job="j3", queue="chaos")
    s.enqueue("j4", due=3_600_000)
    s.finally_("j4", "queued")
    s.final("lock", job="j4", queue="chaos")
    s.judged = 4
    return {"lost": 3, "stuck": 6}


def bad_one_job_for_two_calls(s: Story) -> dict[str, int]:
    """Neither named an id; of the others one did, and one failed."""
    s.enqueue("j1", at=10, named=False)
    s.enqueue("j1", at=5, named=False)
    s.enqueue("j2", at=5)
    s.enqueue("j2", at=10, named=False)
    s.enqueue("j3", at=5, named=False, result="fail")
    s.enqueue("j3", at=10, named=False)
    for job in ("j1", "j2", "j3"):
        s.finally_(job, "completed")
    s.judged = 7
    return {"lost": 2}


def near_miss_one_job_for_two_calls(s: Story) -> None:
    """The second call named the id, or a unique key, or gave the dead job a new life."""
    for job in ("j1", "j2", "j3"):
        s.enqueue(job, named=False)
        s.attempt(job, at=10, until=20)
        s.finally_(job, "completed")
    s.enqueue("j1", at=5)
    s.enqueue("j2", at=5, named=False, unique="key")
    s.enqueue("j3", at=5, named=False, kind="requeue")
    s.judged = 6
