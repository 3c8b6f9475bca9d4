"""A dead-lettered job that could still have run."""

from typing import Any

from tests.chaos.checks.story import Story


def dead(s: Story, job: str, **budget: Any) -> None:
    s.enqueue(job, **budget)
    s.finally_(job, "dead")


def failed(s: Story, job: str, times: int, last: str = "retry", **budget: Any) -> None:
    s.enqueue(job, **budget)
    for n in range(times):
        at = 100 * n + 10
        s.attempt(job, at=at, until=at + 50, token=n + 1, outcome="error", last=last)
    s.finally_(job, "dead", retries=times)


def held(s: Story, job: str, *ops: str, answer: str | None = "ok", **budget: Any) -> None:
    """One claim for each op that ended it; "" is none."""
    dead(s, job, **budget)
    for n, op in enumerate(ops):
        s.wire("claim", job, "w1", at=1_200 * n + 10, token=n + 1)
        if op:
            s.wire(op, job, "w1", at=1_200 * n + 50, token=n + 1, answer=answer)


def bad(s: Story) -> dict[str, int]:
    failed(s, "failed", 2, max_crashes=1)
    dead(s, "untouched")
    held(s, "handed back", "release", max_retries=1, max_crashes=1)
    failed(s, "buried", 1, last="bury", max_crashes=1)
    held(s, "finished", "finish", max_crashes=1)
    held(s, "crashed once", "", max_crashes=2)
    s.enqueue("both")
    s.attempt("both", at=10, until=20)
    s.finally_("both", "completed")
    s.final("dlq", job="both", queue="q")
    return {"false-dead-letter": 7}


def bad_without_a_wire(s: Story) -> dict[str, int]:
    dead(s, "j1", max_crashes=2)
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=20)
    s.start("j1", "w1", at=30, token=2)
    s.end("j1", "w1", at=40, token=2)
    s.fault("kill", "w2", at=50)
    s.exit("w2", at=55, code=None, signal=9)
    return {"false-dead-letter": 1}


def near_miss_another_asked_for_more(s: Story) -> None:
    failed(s, "twice", 1, max_retries=1)
    s.enqueue("twice", at=5, max_retries=3)
    s.judged = 1


def near_miss(s: Story) -> None:
    failed(s, "failed", 3)
    s.enqueue("completed")
    s.attempt("completed", at=10, until=20)
    s.finally_("completed", "completed")
    held(s, "poison", "", max_crashes=1)
    s.wire("bury", "poison", "w1", at=1_100)
    dead(s, "doomed", doomed=True)
    held(s, "crashed", "", "", max_crashes=2)
    held(s, "timed out", "retry", "retry", max_retries=2, max_crashes=9)
    failed(s, "failed and timed out", 1, max_retries=2)
    s.wire("claim", "failed and timed out", "w1", at=500, token=2)
    s.wire("retry", "failed and timed out", "w1", at=600, token=2)
    s.judged = 3


def near_miss_a_crash_that_nobody_saw(s: Story) -> None:
    """The server was down while it was claimed."""
    failed(s, "j1", 1, max_crashes=1)
    s.fault("server-stop", "server", at=500, until=600)


def near_miss_crashed_for_sure(s: Story) -> None:
    """As often as allowed; and one that failed as often as allowed may have crashed as well."""
    failed(s, "failed and crashed", 1, max_crashes=1, max_retries=2)
    s.wire("claim", "failed and crashed", "w2", at=500, token=2)
    s.start("failed and crashed", "w2", at=502, token=2)
    failed(s, "used up", 2, max_crashes=1, max_retries=2)
    s.wire("claim", "used up", "w2", at=500, token=3)
    s.kill("w2", at=600)
    s.judged = 2


def near_miss_without_a_wire(s: Story) -> None:
    """The attempts of a disturbed worker may have crashed, and so may one that was never seen."""
    dead(s, "j1", max_crashes=1)
    s.start("j1", "w2", at=10)
    dead(s, "j2", max_crashes=1)
    s.wire("enqueue", "j2", "w1", at=5, token=None)
    s.fault("kill", "w1", at=20)
    s.exit("w1", at=25, code=None, signal=9)


def near_miss_never_seen_again(s: Story) -> None:
    """Attempts without an end, or with one that may not have been recorded, without a wire."""
    dead(s, "endless", max_crashes=1)
    s.start("endless", "w1", at=10)
    dead(s, "by a stranger", max_crashes=1)
    about: dict[str, Any] = {"by": "stranger", "pid": 9, "job": "by a stranger", "token": 1}
    s.event("start", at=10, **about)
    s.event("end", at=20, outcome="ok", **about)
    dead(s, "failed", max_crashes=1, max_retries=2)
    s.start("failed", "w2", at=10)
    s.end("failed", "w2", at=20, outcome="error")
    s.fault("pause", "w2", at=30, until=40)
    s.wire("claim", "from an earlier run", "w1", at=10)


def bad_although_a_worker_was_disturbed(s: Story) -> dict[str, int]:
    """On the wire every claim is seen."""
    failed(s, "j1", 1, max_crashes=1)
    s.fault("pause", "w2", at=20, until=30)
    return {"false-dead-letter": 1}


def indeterminate(s: Story) -> None:
    """Failures and completions whose fate is unknown; a stranger; unknown budgets."""
    held(s, "refused", "finish", answer="refused", max_crashes=1)
    dead(s, "no budget", max_retries=None)
    dead(s, "no crash budget", max_crashes=None)
    s.final("dlq", job="stranger", queue="q")
    s.enqueue("lost reply", max_crashes=1)
    s.attempt("lost reply", at=10, until=50, outcome="error")
    s.events[-1]["answer"] = None
    s.finally_("lost reply", "dead")
    s.judged = 1


def indeterminate_when_disturbed(s: Story) -> None:
    """Without a wire, an attempt that ended in a disturbed worker may not have been recorded."""
    dead(s, "j1", max_crashes=2)
    s.start("j1", "w1", at=10)
    s.end("j1", "w1", at=50)
    s.fault("pause", "w1", at=20, until=30)


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    bad(s)
    s.tear()
