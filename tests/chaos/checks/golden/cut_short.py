"""A job that was taken too early from a worker that had been told to stop.

w1 is told at 5000 and runs a job since 4900. Its grace period ends at 7000.
"""

from typing import Any

from tests.chaos.checks.story import Story


def told(s: Story, worker: str = "w1", *, at: float = 5_000, kind: str = "term") -> None:
    s.fault(kind, worker, at=at)


def running(s: Story, job: str, worker: str = "w1", *, at: float = 4_900, **end: Any) -> None:
    s.enqueue(job)
    s.finally_(job, "completed")
    s.wire("claim", job, worker, at=at)
    s.start(job, worker, at=at + 2)


def handed_back(s: Story, job: str, worker: str = "w1", *, at: float) -> None:
    s.end(job, worker, at=at - 5, outcome="cancelled")
    s.wire("release", job, worker, at=at)


def bad(s: Story) -> dict[str, int]:
    running(s, "at once")
    handed_back(s, "at once", at=5_010)
    running(s, "a little early")
    s.end("a little early", "w1", at=6_985, outcome="cancelled")
    s.wire("release", "a little early", "w1", at=6_996, sent=6_990)
    running(s, "not renewed")
    s.wire("takeback", "not renewed", "w2", at=6_000)
    s.wire("claim", "not renewed", "w2", at=6_001, token=3)
    running(s, "after that")
    handed_back(s, "after that", at=7_050)
    s.fault("pause", "w1", at=3_000, until=3_890)
    s.fault("pause", "w1", at=7_100, until=7_200)
    told(s)
    s.exit("w1", at=7_300)
    s.judged = 4
    return {"cut-short": 3, "needless-takeback": 1}


def bad_without_a_wire(s: Story) -> dict[str, int]:
    for job, outcome, until in (
        ("cancelled", "cancelled", 5_500),
        ("failed", "error", 5_500),
        ("done", "ok", 5_500),
        ("cancelled late", "cancelled", 7_050),
    ):
        s.enqueue(job)
        s.start(job, "w1", at=4_900, token=None)
        s.end(job, "w1", at=until, token=None, outcome=outcome)
        s.finally_(job, "completed")
    told(s)
    s.exit("w1", at=7_300)
    s.judged = 4
    return {"cut-short": 1}


def bad_without_a_wire_but_with_tokens(s: Story) -> dict[str, int]:
    s.run["offers"] = ["tokens", "jobs"]
    s.enqueue("j1")
    s.start("j1", "w1", at=4_900)
    s.end("j1", "w1", at=5_500, outcome="cancelled")
    s.finally_("j1", "completed")
    told(s)
    s.exit("w1", at=7_300)
    return {"cut-short": 1}


def bad_taken_once_more(s: Story) -> dict[str, int]:
    """The first time counts."""
    running(s, "j1")
    handed_back(s, "j1", at=5_010)
    s.wire("takeback", "j1", "w2", at=7_100)
    told(s)
    s.exit("w1", at=7_300)
    return {"cut-short": 1}


def bad_two_attempts_of_one_job(s: Story) -> dict[str, int]:
    """Each is taken by itself."""
    running(s, "j1", at=3_000)
    s.wire("claim", "j1", "w1", at=4_900, token=2)
    s.start("j1", "w1", at=4_902, token=2)
    s.wire("release", "j1", "w1", at=5_010)
    s.end("j1", "w1", at=5_500, token=2)
    s.wire("finish", "j1", "w1", at=5_502, token=2)
    told(s)
    s.exit("w1", at=7_300)
    s.judged = 2
    return {"cut-short": 1, "zombie-write": 1}


def bad_in_a_fleet(s: Story) -> dict[str, int]:
    """A terminal signals the parent and its workers; one of these takes that for two signals."""
    s.worker("parent", process="fleet-1", role="fleet")
    s.worker("c1", process="fleet-1.c1")
    running(s, "j1", "c1")
    handed_back(s, "j1", "c1", at=5_010)
    for who in ("parent", "c1"):
        told(s, who, kind="int")
        s.exit(who, at=5_300)
    return {"cut-short": 1}


def bad_orphan(s: Story) -> dict[str, int]:
    s.worker("parent", process="fleet-1", role="fleet")
    s.worker("c1", process="fleet-1.c1")
    running(s, "j1", "c1")
    handed_back(s, "j1", "c1", at=5_100)
    s.kill("parent", at=5_000)
    s.exit("c1", at=5_300)
    return {"cut-short": 1}


def bad_while_the_parent_stands_still(s: Story) -> dict[str, int]:
    """It says so only afterwards, and its worker takes that for a second time."""
    s.worker("parent", process="fleet-1", role="fleet")
    s.worker("c1", process="fleet-1.c1")
    running(s, "j1", "c1")
    handed_back(s, "j1", "c1", at=5_310)
    s.fault("pause", "parent", at=4_950, until=5_300)
    for who in ("parent", "c1"):
        told(s, who, kind="int")
        s.exit(who, at=5_400)
    return {"cut-short": 1}


def irrelevant_while_the_server_stands_still(s: Story) -> None:
    running(s, "j1")
    handed_back(s, "j1", at=5_310)
    s.fault("server-pause", "server", at=4_950, until=5_300)
    told(s)
    s.exit("w1", at=5_400)


def bad_although_hurried_later(s: Story) -> dict[str, int]:
    running(s, "j1")
    handed_back(s, "j1", at=5_100)
    told(s)
    told(s, at=5_500)
    told(s, at=5_600, kind="quit")
    s.exit("w1", at=5_800)
    return {"cut-short": 1}


def near_miss(s: Story) -> None:
    running(s, "ended")
    s.end("ended", "w1", at=5_500)
    s.wire("finish", "ended", "w1", at=5_502)
    running(s, "in time")
    handed_back(s, "in time", at=6_998)
    running(s, "refused")
    s.wire("release", "refused", "w1", at=5_010, answer="refused")
    running(s, "renewed")
    s.wire("refresh", "renewed", "w1", at=5_010)
    s.wire("retry", "renewed", "w1", at=6_010)
    told(s)
    s.exit("w1", at=7_300)
    s.judged = 4


def near_miss_handed_back_by_another_before(s: Story) -> None:
    s.wire("claim", "j1", "w2", at=1_000)
    s.start("j1", "w2", at=1_002)
    handed_back(s, "j1", "w2", at=1_100)
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=4_900, token=2)
    s.start("j1", "w1", at=4_902, token=2)
    s.end("j1", "w1", at=5_500, token=2)
    s.wire("finish", "j1", "w1", at=5_502, token=2)
    s.finally_("j1", "completed")
    told(s)
    s.exit("w1", at=7_300)
    s.judged = 1


def near_miss_hurried(s: Story) -> None:
    running(s, "second signal")
    handed_back(s, "second signal", at=5_520)
    told(s)
    told(s, at=5_500, kind="int")
    s.exit("w1", at=5_600)
    running(s, "quit", "w2", at=4_900)
    handed_back(s, "quit", "w2", at=5_520)
    told(s, "w2")
    told(s, "w2", at=5_500, kind="quit")
    s.exit("w2", at=5_600)
    s.judged = 2


def near_miss_hurried_in_a_fleet(s: Story) -> None:
    s.worker("parent", process="fleet-1", role="fleet")
    s.worker("c1", process="fleet-1.c1")
    running(s, "j1", "c1")
    handed_back(s, "j1", "c1", at=5_520)
    told(s, "parent", kind="int")
    told(s, "parent", kind="int", at=5_500)
    for who in ("parent", "c1"):
        s.exit(who, at=5_700)
    s.judged = 1


def near_miss_busy_machine(s: Story) -> None:
    """It could not renew the lock in time."""
    running(s, "j1")
    s.wire("takeback", "j1", "w2", at=6_000)
    s.wire("claim", "j1", "w2", at=6_001, token=3)
    s.event("lag", at=5_500, lag_ms=400)
    told(s)
    s.exit("w1", at=7_300)
    s.judged = 1


def bad_on_a_machine_that_was_a_little_busy(s: Story) -> dict[str, int]:
    running(s, "j1")
    s.wire("takeback", "j1", "w2", at=6_600)
    s.wire("claim", "j1", "w2", at=6_601, token=3)
    s.event("lag", at=5_500, lag_ms=900)
    s.event("lag", at=6_200, lag_ms=200)
    s.event("lag", at=6_900, lag_ms=200)
    running(s, "handed back")
    handed_back(s, "handed back", at=5_800)
    told(s)
    s.exit("w1", at=7_300)
    return {"cut-short": 2}


def irrelevant(s: Story) -> None:
    """Nothing ran when it was told: a job that had ended, and one that started later."""
    running(s, "before")
    handed_back(s, "before", at=4_950)
    running(s, "after", at=5_100)
    handed_back(s, "after", at=5_200)
    told(s)
    s.exit("w1", at=7_300)


def irrelevant_told_to_hurry(s: Story) -> None:
    running(s, "j1")
    handed_back(s, "j1", at=5_050)
    told(s, kind="quit")
    s.exit("w1", at=5_300)


def irrelevant_ended_by_a_job_of_its_own(s: Story) -> None:
    running(s, "j1")
    s.wire("takeback", "j1", "w2", at=6_000)
    s.enqueue("deadly", deadly=True)
    s.start("deadly", "w1", at=4_950)
    s.finally_("deadly", "completed")
    told(s)
    s.exit("w1", at=5_010)


def irrelevant_the_server_was_disturbed(s: Story) -> None:
    running(s, "j1")
    handed_back(s, "j1", at=5_050)
    told(s)
    s.exit("w1", at=7_300)
    s.fault("server-pause", "server", at=5_010, until=5_020)


def irrelevant_disturbed(s: Story) -> None:
    for n, (kind, at) in enumerate((("pause", 4_100), ("reset", 5_100), ("kill", 5_200)), 3):
        s.worker(f"w{n}")
        running(s, f"j{n}", f"w{n}")
        handed_back(s, f"j{n}", f"w{n}", at=5_050)
        s.fault(kind, f"w{n}", at=at, until=at + 10)
        told(s, f"w{n}")
        s.exit(f"w{n}", at=7_300)


def indeterminate(s: Story) -> None:
    """It is unknown whether the hand-back was accepted, or who ran the job."""
    running(s, "no reply")
    s.wire("release", "no reply", "w1", at=5_010, answer=None)
    s.event("start", at=4_900, by="stranger", pid=9, job="no reply", token=7, worker="w9")
    told(s)
    s.exit("w1", at=7_300)
    s.judged = 1
