"""A burst worker that left while acknowledged work remained. w3 leaves at 5000."""

from functools import partial
from typing import Any

from tests.chaos.checks.story import Story


def burst(s: Story, *, code: int | None = 0, signal: int | None = None, **fields: Any) -> None:
    s.worker("w3", **{"burst": True, **fields})
    s.exit("w3", at=5_000, code=code, signal=signal)


def work(s: Story, *, enqueued: float = 0, at: float = 6_000, wire: bool = True) -> None:
    """w1 works on j1 from `at` for 100 ms."""
    s.enqueue("j1", at=enqueued)
    if wire:
        s.attempt("j1", at=at, until=at + 100)
    else:
        s.start("j1", "w1", at=at + 2)
        s.end("j1", "w1", at=at + 100)
    s.finally_("j1", "completed")


def bad(s: Story) -> dict[str, int]:
    work(s, at=4_000)
    s.wire("finish", "j1", "w1", at=6_000, answer="ok")
    s.wire("enqueue", "j1", "w1", at=6_500, token=None)
    s.forget("transition", t=(1_000_000 + 4_102) * 1_000_000)
    s.enqueue("new", at=4_900)
    s.attempt("new", "w2", at=6_000, until=6_100)
    s.finally_("new", "completed")
    burst(s)
    return {"early-exit": 1}


def bad_without_a_wire(s: Story) -> dict[str, int]:
    work(s, wire=False)
    burst(s)
    return {"early-exit": 1}


def bad_only_started(s: Story) -> dict[str, int]:
    work(s, wire=False)
    s.forget("end", job="j1")
    burst(s)
    return {"early-exit": 1}


def bad_although_the_final_state_was_not_read(s: Story) -> dict[str, int]:
    s.forget("final", what="read")
    return bad(s)


def bad_still_running(s: Story) -> dict[str, int]:
    """Without a wire; one job had been started before, and ended after."""
    work(s, at=4_950, wire=False)
    burst(s)
    return {"early-exit": 1}


def bad_of_each_kind(s: Story) -> dict[str, int]:
    """Six workers leave one after the other; each leaves one job, which ends in its own way."""
    for n, op in enumerate(("claim", "refresh", "finish", "retry", "release", "bury")):
        leave = 5_000 + 3_000 * n
        s.worker(f"b{n}", process=f"worker-b{n}", burst=True)
        s.exit(f"b{n}", at=leave)
        s.enqueue(op, at=leave - 3_000)
        s.wire(op, op, "w1", at=leave + 50)
        s.finally_(op, "completed")
    s.start("claim", "w1", at=4_000)
    return {"early-exit": 6}


def unfinished(s: Story, *, state: str) -> dict[str, int]:
    s.enqueue("j1")
    s.finally_("j1", state)
    s.enqueue("another")
    s.attempt("another", at=10, until=20)
    s.finally_("another", "completed")
    burst(s)
    return {"early-exit": 1, "lost": 1, "stuck": 1}  # that it is unfinished is a fault as well


bad_queued = partial(unfinished, state="queued")
bad_active = partial(unfinished, state="active")
bad_retrying = partial(unfinished, state="retrying")


def near_miss(s: Story) -> None:
    work(s, at=4_800)
    s.wire("enqueue", "j1", "w1", at=6_500, token=None)
    burst(s)
    s.judged = 1


def near_miss_new_work(s: Story) -> None:
    """It arrived while the worker was leaving."""
    work(s, enqueued=3_500)
    burst(s)
    s.enqueue("earlier")
    s.attempt("earlier", at=10, until=20)
    s.finally_("earlier", "completed")
    s.judged = 1


def bad_young(s: Story) -> dict[str, int]:
    """It left within two seconds, but the work had been there before it was ready."""
    work(s, enqueued=4_000)
    s.worker("w3", at=4_500, burst=True)
    s.exit("w3", at=5_000)
    return {"early-exit": 1}


def near_miss_requeued_or_unwanted(s: Story) -> None:
    """Requeued work arrives later; a job without an acknowledgement is no work."""
    work(s)
    s.wire("requeue", "j1", "w1", token=None, at=5_500)
    s.enqueue("doubtful", result="info")
    s.attempt("doubtful", at=6_000, until=6_010)
    s.finally_("doubtful", "completed")
    burst(s)


def near_miss_refused(s: Story) -> None:
    """A straggler whose write is refused works on nothing; nor does one without a wire."""
    work(s, at=4_000)
    s.wire("finish", "j1", "w1", at=5_200, answer="refused")
    s.enqueue("j2")
    s.start("j2", "w1", at=4_000)
    s.start("j2", "w2", at=4_100, token=2)
    s.end("j2", "w2", at=4_200, token=2)
    s.end("j2", "w1", at=5_200, outcome="lost")
    s.finally_("j2", "completed")
    s.fault("pause", "w1", at=1_000, until=5_100)
    s.enqueue("j3")
    s.start("j3", "w1", at=5_150)
    s.finally_("j3", "completed")
    s.enqueue("j4")
    s.start("j4", "w2", at=4_100)
    s.end("j4", "w2", at=5_200, outcome="cancelled")
    s.finally_("j4", "completed")
    burst(s)
    s.judged = 1


def irrelevant_left_somehow(s: Story) -> None:
    work(s)
    burst(s, code=None)


def irrelevant_signalled(s: Story) -> None:
    work(s)
    burst(s, signal=9)


def irrelevant_killed(s: Story) -> None:
    work(s)
    burst(s)
    s.fault("kill", "w3", at=4_990)


def irrelevant_told(s: Story) -> None:
    work(s)
    burst(s)
    s.fault("term", "w3", at=4_990)


def irrelevant_not_burst(s: Story) -> dict[str, int]:
    work(s)
    burst(s, burst=False)
    return {"worker-died": 1}  # a worker that is not to leave must not leave at all


def irrelevant_no_worker(s: Story) -> None:
    work(s)
    s.worker("w3", burst=True, role="producer")
    s.exit("w3", at=5_000)
    s.worker("w4", burst=True)


def indeterminate(s: Story) -> None:
    """It is unknown whether the job existed, or whether the reply to its claim meant anything."""
    s.enqueue("j1", result="info")
    s.attempt("j1", at=6_000, until=6_010)
    s.finally_("j1", "completed")
    s.enqueue("j2")
    s.attempt("j2", at=10, until=20)
    s.wire("claim", "j2", "w2", at=7_000, answer=None)
    s.finally_("j2", "completed")
    s.kill("w2", at=7_000)
    burst(s)
    s.judged = 1


def near_miss_it_was_cancelled_once_more(s: Story) -> None:
    """An operator who stood still repeats what another has done."""
    s.enqueue("j1", doomed=True)
    for at in (1_000, 6_000):
        s.wire("bury", "j1", "w1", at=at, token=None)
        del s.events[-1]["worker"]
    s.finally_("j1", "dead")
    burst(s)
    s.unknown = True
    s.judged = 1
