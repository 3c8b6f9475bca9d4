"""A job that counts more crashes than it had.

w1 claims at 10 and holds the job until 500; w2 takes it over at 1300.
"""

from typing import Any

from tests.chaos.checks.story import Story


def counts(s: Story, job: str, crashes: int | None, *, worker: str = "w1", **asked: Any) -> None:
    """A worker has the job from 10 on, w2 completes it."""
    s.enqueue(job, max_crashes=9, **asked)
    s.wire("claim", job, worker, at=10)
    s.start(job, worker, at=12)
    s.attempt(job, "w2", at=1_300, until=1_400, token=3)
    s.finally_(job, "completed", crashes=crashes)


def two(s: Story) -> None:
    counts(s, "died once, counts two", 2)
    s.kill("w1", at=500)


def bad(s: Story) -> dict[str, int]:
    two(s)
    s.fault("pause", "w2", at=2_000, until=2_100)
    s.enqueue("held by nobody that died")
    s.attempt("held by nobody that died", "w2", at=10, until=50)
    s.finally_("held by nobody that died", "completed", crashes=1)
    s.worker("w3")
    job = "handed back before it died"
    s.enqueue(job)
    s.attempt(job, "w3", at=10, until=50, outcome="cancelled", last="release")
    s.attempt(job, "w2", at=5_100, until=5_200, token=2)
    s.finally_(job, "completed", crashes=1)
    s.exit("w3", at=5_000, code=None, signal=9)
    return {"overcounted-crash": 3}


def cut_off(s: Story, job: str, worker: str, *, at: float = 0) -> None:
    """A job whose holder is cut off from 100 to 1500 and lives; its lock is taken back."""
    s.enqueue(job, at=at, max_crashes=9)
    s.wire("claim", job, worker, at=at + 10)
    s.start(job, worker, at=at + 12)
    s.fault("partition", worker, at=at + 100, until=at + 1_500)
    s.end(job, worker, at=at + 400, outcome="cancelled")
    s.wire("takeback", job, "w2", at=at + 1_250)
    s.attempt(job, "w2", at=at + 1_300, until=at + 1_400, token=3)
    s.finally_(job, "completed", crashes=1)


def bad_cut_off_and_alive(s: Story) -> dict[str, int]:
    """It could say so until 2800."""
    s.fault("pause", "w1", at=4_000, until=4_100)
    cut_off(s, "j1", "w1")
    s.fault("term", "w1", at=2_810)
    s.exit("w1", at=2_900)
    s.worker("w3")
    cut_off(s, "j2", "w3")
    s.fault("reset", "w3", at=2_810)
    s.exit("w3", at=5_000, code=None, signal=9)
    s.worker("cut off for longer")
    s.fault("partition", "cut off for longer", at=50, until=50_000)
    s.lag(400, until=2_000)
    return {"overcounted-crash": 2}


def near_miss_cut_off(s: Story) -> None:
    """And paused, told to stop, killed or cut off once more before it could say that it lives."""
    for n, kind in enumerate(("pause", "term", "kill", "reset", "quit")):
        worker = f"x{n}"
        s.worker(worker)
        s.fault("reset", worker, at=5)
        cut_off(s, f"j{n}", worker)
        s.fault(kind, worker, at=200 if kind == "pause" else 2_790, until=300)
        if kind in ("term", "kill", "quit"):
            s.exit(worker, at=2_795, code=None)
    s.worker("at the end")
    cut_off(s, "j9", "at the end", at=57_000)
    s.judged = 6


def near_miss(s: Story) -> None:
    """One died, one stood still, one was told to stop, and a claim was not seen."""
    counts(s, "died", 1)
    s.kill("w1", at=500)
    s.worker("w3")
    counts(s, "paused", 1, worker="w3")
    s.fault("pause", "w3", at=500, until=1_290)
    s.worker("w5")
    counts(s, "cut off, and nobody saw how it lost the job", 1, worker="w5")
    s.fault("partition", "w5", at=500, until=1_290)
    s.worker("w4")
    counts(s, "told to stop", 1, worker="w4", resists=True)
    s.fault("term", "w4", at=500)
    s.exit("w4", at=1_600)
    job = "its claim was not seen"
    s.wire("takeback", job, "w2", at=1_250)
    s.enqueue(job)
    s.attempt(job, "w2", at=1_300, until=1_400, token=3)
    s.finally_(job, "completed", crashes=1)
    s.enqueue("died last", doomed=True)
    s.wire("claim", "died last", "w1", at=10)
    s.start("died last", "w1", at=12)
    s.finally_("died last", "dead", crashes=1)
    s.judged = 6


def near_miss_it_died_by_itself(s: Story) -> None:
    counts(s, "j1", 1)
    s.exit("w1", at=500, code=None, signal=9)
    s.judged = 1


def near_miss_the_machine_was_busy(s: Story) -> None:
    counts(s, "j1", 1)
    s.wire("refresh", "j1", "w1", at=250)
    s.wire("takeback", "j1", "w2", at=1_299)
    s.end("j1", "w1", at=1_290, outcome="cancelled")
    s.lag(400, until=800)
    s.judged = 1


def near_miss_a_holder_that_nobody_knows(s: Story) -> None:
    s.worker("w3", at=5_000)
    counts(s, "j1", 1, worker="w3")
    s.forget("hello", worker="w3")
    s.forget("process", name="worker-3")
    s.forget("start", worker="w3")
    s.judged = 1


def near_miss_not_all_was_seen(s: Story) -> None:
    s.enqueue("j1")
    s.start("j1", "w1", at=12)
    s.end("j1", "w1", at=20, outcome="error")
    s.attempt("j1", "w2", at=1_300, until=1_400, token=3)
    s.finally_("j1", "completed", crashes=1, retries=1)


def near_miss_the_server_forgot(s: Story) -> None:
    two(s)
    s.event("server", at=30_000, event="down")
    s.event("server", at=30_100, event="up")


def near_miss_it_was_requeued(s: Story) -> None:
    two(s)
    s.wire("requeue", "died once, counts two", "w2", at=30_000)


def irrelevant(s: Story) -> None:
    """No crashes are shown, or no attempt."""
    counts(s, "j1", None)
    s.kill("w1", at=500)
    s.enqueue("never claimed", doomed=True)
    s.finally_("never claimed", "dead", crashes=1)


def indeterminate(s: Story) -> None:
    """A take-back may be missing."""
    two(s)
    s.tear()
