"""Two attempts at the same time, under a live lock."""

from tests.chaos.checks.story import Story


def two(
    s: Story, job: str, second: float, *, end: float | None = 5_000, wire: bool = False
) -> None:
    """w1 runs from 12 to `end`, w2 starts at `second`. On the wire: the claim of w1 alone."""
    s.enqueue(job)
    if wire:
        s.wire("claim", job, "w1", at=10)
    s.start(job, "w1", at=12)
    if end is not None:
        s.end(job, "w1", at=end)
    s.start(job, "w2", at=second, token=2)
    s.end(job, "w2", at=second + 10, token=2)
    s.finally_(job, "completed")


def together(s: Story) -> None:
    two(s, "live", 900, wire=True)
    two(s, "renewed", 1_500, wire=True)
    s.wire("refresh", "renewed", "w1", at=900)
    two(s, "not given up", 900, wire=True)
    s.wire("finish", "not given up", "w1", at=800, answer="refused")


def bad(s: Story) -> dict[str, int]:
    together(s)
    two(s, "no wire", 900)
    two(s, "runs on", 900, end=None)
    two(s, "three", 900)
    s.start("three", "w1", at=905, token=3)
    return {"overlap": 7}


def straggler(s: Story) -> None:
    """w1 has the job first, and starts when w2 has it."""
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=10)
    s.wire("claim", "j1", "w2", at=1_500, token=2)
    s.start("j1", "w2", at=1_502, token=2)
    s.start("j1", "w1", at=1_600)
    s.end("j1", "w1", at=1_610)
    s.end("j1", "w2", at=1_700, token=2)
    s.wire("finish", "j1", "w2", at=1_702, token=2)
    s.finally_("j1", "completed")


def indeterminate_it_had_stood_still(s: Story) -> None:
    straggler(s)
    s.fault("pause", "w1", at=11, until=1_590)


def indeterminate_it_had_stood_still_before(s: Story) -> None:
    straggler(s)
    s.fault("pause", "w1", at=11, until=1_000)


def bad_under_the_same_token(s: Story) -> dict[str, int]:
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=10)
    s.start("j1", "w1", at=12)
    s.start("j1", "w2", at=900)
    s.fault("pause", "w2", at=100, until=200)
    s.finally_("j1", "completed")
    return {"overlap": 1}


def bad_it_came_late_by_itself(s: Story) -> dict[str, int]:
    straggler(s)
    s.fault("pause", "w2", at=600, until=700)
    s.fault("pause", "w1", at=100, until=480)
    s.fault("pause", "w1", at=1_650, until=1_660)
    return {"overlap": 1}


def bad_given_up_too_late(s: Story) -> dict[str, int]:
    two(s, "j1", 900, wire=True)
    s.wire("finish", "j1", "w1", at=950)
    return {"overlap": 1}


def bad_handed_back_while_it_runs(s: Story) -> dict[str, int]:
    two(s, "j1", 900, wire=True)
    s.wire("release", "j1", "w1", at=800)
    return {"overlap": 1}


def near_miss(s: Story) -> None:
    two(s, "expired", 1_100, wire=True)
    s.wire("claim", "expired", "w2", at=1_090, token=2)
    two(s, "clocks differ", 1_006, wire=True)
    two(s, "one after the other", 500, end=500)
    two(s, "renewed too late", 1_100, wire=True)
    s.wire("refresh", "renewed too late", "w1", at=1_101, sent=900)
    for op in ("finish", "retry", "bury"):
        two(s, op, 900, wire=True)
        s.wire(op, op, "w1", at=800)
    s.judged = 7


def near_miss_stalled(s: Story) -> None:
    """Without a wire, a worker that was stopped may have lost its lock."""
    two(s, "j1", 3_000)
    s.fault("pause", "w1", at=100, until=2_800)


def near_miss_stalled_just_before(s: Story) -> None:
    """Its claim, which nobody saw, may be older than its start."""
    s.enqueue("j1")
    s.start("j1", "w1", at=2_500)
    s.start("j1", "w2", at=3_000, token=2)
    s.finally_("j1", "completed")
    s.fault("pause", "w1", at=1_900, until=2_200)


def irrelevant(s: Story) -> None:
    s.enqueue("j1")
    s.attempt("j1", at=10, until=20)
    s.finally_("j1", "completed")


def bad_stalled_at_other_times(s: Story) -> dict[str, int]:
    two(s, "j1", 3_000)
    s.events = [e for e in s.events if e["type"] not in ("start", "end")]
    s.start("j1", "w1", at=2_500)
    s.end("j1", "w1", at=4_000)
    s.start("j1", "w2", at=3_000, token=2)
    s.fault("pause", "w1", at=1_000, until=1_100)
    s.fault("pause", "w1", at=3_500, until=3_600)
    s.fault("pause", "w2", at=2_600, until=2_700)
    return {"overlap": 1}


def bad_died_meanwhile(s: Story) -> dict[str, int]:
    two(s, "j1", 500, end=None)
    s.kill("w1", at=900)
    return {"overlap": 1}


def near_miss_dead(s: Story) -> None:
    two(s, "j1", 200, end=None)
    two(s, "j2", 200, end=None, wire=True)
    s.kill("w1", at=100)
    s.judged = 1


def near_miss_server_forgot_the_lock(s: Story) -> None:
    together(s)
    s.fault("server-kill", "server", at=500, until=600)


def near_miss_the_clock_was_stepped(s: Story) -> None:
    together(s)
    s.fault("server-clock", "server", at=500, until=500)


def bad_although_the_server_was_shut_down(s: Story) -> dict[str, int]:
    """It stopped in an orderly way, or had stored all that it answered: it forgets nothing."""
    together(s)
    for at, kind in ((480, "server-stop"), (520, "server-kill-durable")):
        s.fault(kind, "server", at=at, until=at + 20)
        s.event("server", at=at + 1, event="down")
        s.event("server", at=at + 19, event="up")
    return {"overlap": 3}


def near_miss_the_server_went_down_after_a_restart(s: Story) -> None:
    together(s)
    s.fault("server-stop", "server", at=10, until=20)
    s.event("server", at=500, event="down")
    s.event("server", at=600, event="up")


def bad_although_the_server_forgot_other_things(s: Story) -> dict[str, int]:
    s.fault("server-kill", "server", at=1, until=2)
    s.fault("server-kill", "server", at=9_000, until=9_100)
    s.enqueue("j1")
    s.wire("claim", "j1", "w1", at=2_000)
    s.start("j1", "w1", at=2_002)
    s.start("j1", "w2", at=2_500, token=2)
    s.finally_("j1", "completed")
    return {"overlap": 1}


def indeterminate(s: Story) -> None:
    """The reply to the completion was lost; it is unknown which process one worker was."""
    two(s, "completed", 900, wire=True)
    s.wire("finish", "completed", "w1", at=800, answer=None)
    two(s, "unasked", 1_200, wire=True)
    s.wire("refresh", "unasked", "w1", at=900, answer=None)
    s.enqueue("unknown")
    s.event("start", at=10, by="stranger", pid=9, job="unknown", token=1, worker="w9")
    s.event("end", at=90, by="stranger", pid=9, job="unknown", token=1, outcome="ok")
    s.start("unknown", "w1", at=20, token=2)
    two(s, "unclaimed", 500, wire=True)
    s.forget("transition", op="claim", job="unclaimed", token=1)
    s.wire("refresh", "unclaimed", "w1", at=80, answer=None)
    s.enqueue("endless")
    s.event("start", at=10, by="stranger", pid=9, job="endless", token=1, worker="w9")
    s.start("endless", "w1", at=20, token=2)
    s.wire("claim", "endless", "w2", at=9)
    s.finally_("unknown", "completed")
    s.finally_("endless", "completed")
    s.judged = 2


def indeterminate_when_events_may_be_missing(s: Story) -> None:
    together(s)
    s.tear()
