"""A worker that left without finishing or handing back its jobs, or that did not leave.

w1 is told to stop at 1000, leaves at 1500, and w2 does the job later. It had to leave by 5750.
"""

from typing import Any

from tests.chaos.checks.story import Story


def drain(s: Story, worker: str = "w1", *, exit_at: float | None = 1_500) -> None:
    s.fault("term", worker, at=1_000)
    if exit_at is not None:
        s.exit(worker, at=exit_at)


def held(s: Story, job: str, *, wire: bool = True, at: float = 900, **fields: Any) -> None:
    s.enqueue(job, **fields)
    if wire:
        s.wire("claim", job, "w1", at=at)
    s.start(job, "w1", at=at + 2)
    s.finally_(job, "completed")
    s.attempt(job, "w2", at=2_050, until=2_070, token=2, last="release")


def bad(s: Story) -> dict[str, int]:
    held(s, "running")
    held(s, "no wire", wire=False)
    s.enqueue("claimed only")
    s.wire("claim", "claimed only", "w1", at=1_400)
    s.finally_("claimed only", "completed")
    held(s, "handler ended")
    s.end("handler ended", "w1", at=950)
    held(s, "started late", wire=False, at=1_200)
    s.wire("claim", "from an earlier run", "w1", at=900)
    drain(s)
    s.judged = 7
    return {"abandoned": 6}


def lost(s: Story, job: str, *, claimed: float = 300) -> None:
    """Held by w1, which does not renew its lock, and done by w2 when w1 has left."""
    s.enqueue(job)
    s.wire("claim", job, "w1", at=claimed)
    s.finally_(job, "completed")
    s.attempt(job, "w2", at=1_750, until=1_770, token=2)


def near_miss_its_handler_had_no_time_to_stop(s: Story) -> None:
    held(s, "j1")
    s.lag(250, until=1_490)
    drain(s)
    s.judged = 1


def bad_its_handler_had_time_to_stop(s: Story) -> dict[str, int]:
    held(s, "j1")
    s.lag(249, until=1_490)
    s.lag(90, until=990)
    s.lag(500, until=2_010)
    drain(s)
    s.judged = 2
    return {"abandoned": 1}


def near_miss_its_lock_had_expired(s: Story) -> None:
    lost(s, "j1")
    s.lag(250, until=995)
    drain(s)
    s.judged = 1


def near_miss_its_lock_had_run_out_for_the_worker(s: Story) -> None:
    """A busy worker asks long before the wire sees it, or does not hear that it was renewed."""
    lost(s, "asked early", claimed=740)
    lost(s, "not heard")
    s.wire("refresh", "not heard", "w1", at=600)
    s.wire("refresh", "not heard", "w1", at=400)
    s.lag(240, until=730)
    s.lag(250, until=995)
    drain(s)
    s.judged = 1


def bad_its_lock_had_run_out_for_nobody(s: Story) -> dict[str, int]:
    lost(s, "asked late", claimed=742)
    lost(s, "heard")
    s.wire("refresh", "heard", "w1", at=742)
    s.wire("refresh", "heard", "w1", at=742)
    s.lag(240, until=730)
    s.lag(250, until=995)
    drain(s)
    s.judged = 3
    return {"abandoned": 2}


def bad_its_lock_had_expired_although_there_was_time(s: Story) -> dict[str, int]:
    lost(s, "j1")
    s.lag(240, until=995)
    s.lag(500, until=200)
    s.lag(500, until=2_010)
    drain(s)
    s.judged = 2
    return {"abandoned": 1}


def bad_too_slow(s: Story) -> dict[str, int]:
    s.enqueue("j1")
    s.attempt("j1", at=10, until=20)
    s.finally_("j1", "completed")
    drain(s, exit_at=6_000)
    drain(s, "w2", exit_at=None)
    s.worker("w3")
    drain(s, "w3", exit_at=None)
    s.enqueue("j2")
    s.wire("claim", "j2", "w3", at=6_500)
    s.finally_("j2", "completed")
    s.kill("w3", at=7_000)
    s.fault("pause", "w2", at=7_000, until=7_001)
    return {"abandoned": 3}


def bad_although_disturbed_at_other_times(s: Story) -> dict[str, int]:
    held(s, "j1", at=4_900)
    s.events = [e for e in s.events if e.get("token") != 2]
    s.fault("pause", "w1", at=100, until=200)
    s.fault("int", "w1", at=5_000)
    s.exit("w1", at=5_500)
    s.fault("pause", "w2", at=5_100, until=5_200)
    s.fault("pause", "w1", at=5_600, until=5_700)
    s.judged = 2
    return {"abandoned": 1}


def near_miss(s: Story) -> None:
    for op in ("finish", "retry", "release", "bury"):
        held(s, op)
        s.wire(op, op, "w1", at=1_100)
    s.fault("quit", "w1", at=1_000)  # so that it hands back at once
    held(s, "refused")
    s.wire("finish", "refused", "w1", at=1_100, answer="refused")
    held(s, "resists", resists=True)
    held(s, "ended, no wire", wire=False)
    s.end("ended, no wire", "w1", at=1_200)
    held(s, "ended before", wire=False)
    s.end("ended before", "w1", at=950)
    s.enqueue("lost before")
    s.start("lost before", "w1", at=100)
    s.start("lost before", "w2", at=1_200, token=2)
    s.end("lost before", "w2", at=1_210, token=2)
    s.finally_("lost before", "completed")
    drain(s)
    s.judged = 7


def near_miss_slow(s: Story) -> None:
    s.enqueue("j1")
    s.attempt("j1", at=10, until=20)
    s.finally_("j1", "completed")
    drain(s, exit_at=5_700)
    s.judged = 1


def near_miss_slow_to_wake(s: Story) -> None:
    """A stopped process hears of the signal only when it is continued."""
    s.enqueue("j1")
    s.attempt("j1", "w2", at=10, until=20)
    s.finally_("j1", "completed")
    drain(s, "w2", exit_at=1_200)
    s.judged = 1


def irrelevant_killed(s: Story) -> None:
    held(s, "j1")
    drain(s, exit_at=None)
    s.kill("w1", at=1_200)


def irrelevant_ended_by_a_job_of_its_own(s: Story) -> None:
    held(s, "j1")
    s.enqueue("deadly", deadly=True)
    s.start("deadly", "w1", at=1_050)
    s.finally_("deadly", "completed")
    drain(s)


def irrelevant_disturbed(s: Story) -> None:
    held(s, "j1")
    drain(s)
    s.fault("reset", "w1", at=1_100)


def irrelevant_the_server_was_disturbed(s: Story) -> None:
    held(s, "j1")
    drain(s)
    s.fault("server-pause", "server", at=1_200, until=1_300)


def irrelevant_disturbed_just_before(s: Story) -> None:
    held(s, "j1")
    drain(s)
    s.fault("pause", "w1", at=300, until=400)


def irrelevant_not_told(s: Story) -> None:
    held(s, "j1")
    s.exit("w1", at=1_500, code=None)


def indeterminate(s: Story) -> None:
    """The hand-back's reply was lost; the end of the run came before the grace was over."""
    held(s, "lost reply")
    s.wire("release", "lost reply", "w1", at=1_200, answer=None)
    drain(s)
    s.fault("term", "w2", at=58_000)
    s.enqueue("unfinished", result="info")
    s.wire("claim", "unfinished", "w2", at=57_900)
    s.finally_("unfinished", "missing")
    s.judged = 2


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    bad(s)
    s.tear()
    s.judged = 1


def near_miss_the_server_forgot_it(s: Story) -> None:
    held(s, "j1")
    s.wire("refresh", "j1", "w1", at=4_900)
    s.events = [e for e in s.events if e.get("token") != 2]
    s.fault("server-kill", "server", at=950, until=960)
    s.fault("term", "w1", at=5_000)
    s.exit("w1", at=5_500)
    s.judged = 1


def bad_although_the_server_forgot_earlier_things(s: Story) -> dict[str, int]:
    s.fault("server-kill", "server", at=100, until=110)
    held(s, "j1", at=4_700)
    s.events = [e for e in s.events if e.get("token") != 2]
    s.fault("term", "w1", at=5_000)
    s.exit("w1", at=5_500)
    s.fault("server-kill", "server", at=9_000, until=9_010)
    s.judged = 2
    return {"abandoned": 1}


def near_miss_its_completion_had_no_reply(s: Story) -> None:
    for job, state in (("j1", "completed"), ("j2", "dead")):
        s.enqueue(job, doomed=True)
        s.wire("claim", job, "w1", at=900)
        s.start(job, "w1", at=902)
        s.end(job, "w1", at=920)
        s.finally_(job, state)
    drain(s)
    s.judged = 1


def bad_never_ended(s: Story) -> dict[str, int]:
    """Its handler never ended; or it did, and the job is not over, or nobody looked."""
    for job in ("running", "unwritten", "unread"):
        s.enqueue(job, result="info")
        s.wire("claim", job, "w1", at=900)
        s.start(job, "w1", at=902)
    s.end("unwritten", "w1", at=920)
    s.end("unread", "w1", at=920)
    s.finally_("running", "completed")
    s.finally_("unwritten", "missing")
    drain(s)
    s.judged = 4
    return {"abandoned": 3}


def everyday(s: Story) -> None:
    """Some work that another worker does."""
    s.enqueue("everyday")
    s.attempt("everyday", "w2", at=10, until=20)
    s.finally_("everyday", "completed")


def bad_deaf_to_the_second_signal(s: Story) -> dict[str, int]:
    """It had to leave by 4250, as one that is told to hurry from the start has."""
    everyday(s)
    for n, (kind, at) in enumerate((("term", 1_500), ("quit", 1_500), ("quit", 900)), 3):
        s.worker(f"w{n}")
        s.fault("term", f"w{n}", at=1_000)
        s.fault(kind, f"w{n}", at=at)
        s.exit(f"w{n}", at=4_900)
    return {"abandoned": 3}


def near_miss_in_a_hurry(s: Story) -> None:
    everyday(s)
    s.fault("term", "w1", at=1_000)
    s.fault("int", "w1", at=1_500)
    s.exit("w1", at=4_200)
    s.judged = 1


def near_miss_the_second_signal_comes_late(s: Story) -> None:
    """The grace period is over by then."""
    everyday(s)
    s.fault("term", "w1", at=1_000)
    s.fault("term", "w1", at=5_000)
    s.exit("w1", at=5_700)
    s.judged = 1


def near_miss_a_terminal_signals_all(s: Story) -> None:
    """A worker of a fleet hurries only when its parent is told twice."""
    everyday(s)
    s.worker("parent", process="fleet-1", role="fleet")
    s.worker("c1", process="fleet-1.c1")
    for who in ("parent", "c1"):
        s.fault("int", who, at=1_000)
        s.exit(who, at=5_700)
    s.judged = 2


def bad_orphan(s: Story) -> dict[str, int]:
    everyday(s)
    s.worker("parent", process="fleet-1", role="fleet")
    s.worker("c1", process="fleet-1.c1")
    s.worker("c2", process="fleet-1.c2")
    s.kill("parent", at=1_000)
    s.exit("c1", at=5_700)
    s.judged = 2
    return {"abandoned": 1}


def near_miss_on_a_busy_machine(s: Story) -> None:
    """It had to leave by 5750, and the machine kept it waiting for 500 ms."""
    everyday(s)
    s.fault("term", "w1", at=1_000)
    s.event("lag", at=4_000, lag_ms=500)
    s.exit("w1", at=6_700)
    s.judged = 1


def bad_on_a_machine_that_was_a_little_busy(s: Story) -> dict[str, int]:
    everyday(s)
    s.event("lag", at=900, lag_ms=500)
    s.fault("term", "w1", at=1_000)
    s.event("lag", at=4_000, lag_ms=500)
    s.exit("w1", at=6_800)
    return {"abandoned": 1}
