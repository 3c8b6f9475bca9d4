"""A live worker without a health key. A worker said hello at 0, and is expected from 2000 on."""

from tests.chaos.checks.story import Story


def look(s: Story, at: float = 20_000, *, worker: str = "w1", seen: bool = False) -> None:
    s.event("health", at=at, worker=worker, seen=seen)


def run(s: Story) -> None:
    s.enqueue("j1")
    s.attempt("j1", "w2", at=10, until=20)
    s.finally_("j1", "completed")


def bad(s: Story) -> dict[str, int]:
    run(s)
    look(s)
    look(s, 2_100)
    s.final("worker", worker="w1", alive=True, seen=False)
    return {"unseen-worker": 3}


def bad_although_much_happened(s: Story) -> dict[str, int]:
    """A stop that was over for long, one that came later, and a death at last."""
    run(s)
    look(s)
    s.fault("pause", "w1", at=10_000, until=14_900)
    s.fault("pause", "w1", at=21_000, until=21_100)
    s.worker("w3")
    s.fault("pause", "w3", at=19_000, until=19_500)
    s.fault("term", "w2", at=10_000)
    s.exit("w2", at=14_000)
    s.fault("term", "w1", at=22_500)
    s.exit("w1", at=23_000)
    return {"unseen-worker": 1}


def drains(s: Story, job: str, worker: str, *, until: float) -> None:
    """It is told to stop at 20000, while it runs a job."""
    s.enqueue(job)
    s.attempt(job, worker, at=19_000, until=until)
    s.finally_(job, "completed")
    s.fault("term", worker, at=20_000)


def bad_while_it_drains(s: Story) -> dict[str, int]:
    """As long as a job runs, and the grace period of 2 s is not over."""
    run(s)
    drains(s, "j2", "w1", until=21_000)
    drains(s, "j3", "w2", until=23_000)
    for at in (20_900, 21_100, 21_900, 22_100):
        look(s, at)
        look(s, at, worker="w2")
    s.exit("w1", at=21_200)
    s.exit("w2", at=23_100)
    return {"unseen-worker": 4}


def irrelevant_on_a_busy_machine(s: Story) -> None:
    run(s)
    s.event("lag", at=19_000, lag_ms=800)
    look(s)


def bad_on_a_machine_that_was_a_little_busy(s: Story) -> dict[str, int]:
    run(s)
    s.event("lag", at=16_900, lag_ms=2_000)
    s.event("lag", at=19_000, lag_ms=700)
    look(s)
    return {"unseen-worker": 1}


def irrelevant_told_to_hurry(s: Story) -> None:
    run(s)
    drains(s, "j2", "w1", until=21_000)
    s.fault("quit", "w1", at=20_500)
    look(s, 20_600)
    s.enqueue("j3")
    s.attempt("j3", "w1", at=20_100, until=20_900)
    s.finally_("j3", "completed")
    s.exit("w1", at=21_200)


def irrelevant_nothing_runs_while_it_drains(s: Story) -> None:
    """But for a job that was started later."""
    run(s)
    s.fault("term", "w1", at=20_000)
    s.enqueue("j2")
    s.attempt("j2", "w1", at=20_100, until=20_900)
    s.finally_("j2", "completed")
    look(s, 20_600)
    s.exit("w1", at=21_200)


def near_miss(s: Story) -> None:
    run(s)
    look(s, seen=True)
    s.final("worker", worker="w1", alive=True, seen=True)
    s.final("worker", worker="w2", alive=False, seen=False)
    s.judged = 2


def irrelevant(s: Story) -> None:
    """Not ready for long, or about to be gone, or told so, or dead."""
    run(s)
    look(s, 1_900)
    s.kill("w1", at=21_900)
    look(s)
    look(s, 30_000)
    s.fault("term", "w2", at=19_000)
    look(s, worker="w2")
    s.exit("w2", at=23_000)
    s.final("worker", worker="w1", alive=False, seen=False)


def irrelevant_disturbed(s: Story) -> None:
    """Stopped, or continued too short a time ago."""
    run(s)
    s.fault("pause", "w1", at=19_000, until=30_000)
    look(s)
    s.fault("pause", "w2", at=14_000, until=15_500)
    look(s, worker="w2")


def irrelevant_draining_for_long(s: Story) -> None:
    run(s)
    s.run["timing"]["grace_ms"] = 30_000
    s.fault("term", "w1", at=10_000)
    look(s)
    s.exit("w1", at=25_000)


def irrelevant_server_was_down(s: Story) -> None:
    run(s)
    s.event("server", at=14_000, event="down")
    s.event("server", at=15_500, event="up")
    look(s)


def indeterminate(s: Story) -> None:
    """It is unknown which process the worker was, or it was two."""
    run(s)
    look(s, worker="stranger")
    s.worker("w3")
    s.event("hello", at=1, by="worker-3", pid=102, worker="w1")
    look(s)
    s.kill("w3", at=30_000)
