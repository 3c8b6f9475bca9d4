"""A worker that lives and does nothing: it is offered jobs until 5000."""

from tests.chaos.checks.story import Event, Story


def run(s: Story) -> None:
    s.enqueue("j1")
    s.attempt("j1", "w2", at=4_000, until=4_020)
    s.finally_("j1", "completed")


def offered(s: Story, worker: str, event: str, at: float = 5_000) -> None:
    number = int(worker[1:])
    about: Event = {"name": f"worker-{number}", "child_pid": 99 + number, "role": "worker"}
    s.event("process", at=at, event=event, **about)


def bad(s: Story) -> dict[str, int]:
    run(s)
    offered(s, "w1", "idle")
    offered(s, "w2", "working")
    s.judged = 2
    return {"worker-idle": 1}


def bad_long_after_a_fault(s: Story) -> dict[str, int]:
    run(s)
    s.fault("pause", "w1", at=2_000, until=4_999)
    offered(s, "w1", "idle")
    return {"worker-idle": 1}


def bad_before_it_is_told_to_stop(s: Story) -> dict[str, int]:
    run(s)
    offered(s, "w1", "idle")
    s.fault("term", "w1", at=5_001)
    s.fault("pause", "w1", at=5_001, until=6_000)
    s.exit("w1", at=6_000)
    return {"worker-idle": 1}


def bad_although_another_is_disturbed(s: Story) -> dict[str, int]:
    run(s)
    offered(s, "w1", "idle")
    s.fault("pause", "w2", at=4_950, until=6_000)
    return {"worker-idle": 1}


def bad_although_another_is_told_to_stop(s: Story) -> dict[str, int]:
    run(s)
    offered(s, "w1", "idle")
    s.fault("term", "w2", at=4_900)
    s.exit("w2", at=5_500)
    return {"worker-idle": 1}


def near_miss(s: Story) -> None:
    run(s)
    offered(s, "w1", "working")
    offered(s, "w2", "working")
    s.judged = 2


def near_miss_a_fault_lasts(s: Story) -> None:
    run(s)
    s.fault("pause", "w1", at=5_000, until=5_000)
    offered(s, "w1", "idle")


def near_miss_told_to_stop(s: Story) -> None:
    run(s)
    s.fault("term", "w1", at=4_900)
    offered(s, "w1", "idle")
    s.exit("w1", at=5_500)


def irrelevant(s: Story) -> None:
    run(s)
    s.kill("w1", at=900)


def indeterminate(s: Story) -> None:
    """The start of these processes was not seen."""
    run(s)
    offered(s, "w7", "idle")
    s.forget("process", name="worker-2")
    offered(s, "w2", "idle", at=5_100)
