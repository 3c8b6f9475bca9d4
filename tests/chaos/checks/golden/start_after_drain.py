"""A worker that starts a job after it had been told to stop."""

from tests.chaos.checks.story import Story


def told_at_1000(s: Story, worker: str = "w1", *, kind: str = "term") -> None:
    s.fault(kind, worker, at=1_000)
    s.exit(worker, at=2_900)


def run(s: Story, job: str, worker: str, *, at: float) -> None:
    s.enqueue(job)
    s.attempt(job, worker, at=at - 2, until=at + 20)
    s.finally_(job, "completed")


def fleet(s: Story) -> None:
    """A parent and two workers, which share their parent's name on the wire and in files."""
    s.worker("parent", process="fleet-1", role="fleet")
    for child in ("c1", "c2"):
        s.worker(child, process=f"fleet-1.{child}")


def bad(s: Story) -> dict[str, int]:
    run(s, "j1", "w1", at=1_300)
    run(s, "j2", "w2", at=1_300)
    s.worker("w3")
    s.fault("pause", "w3", at=900, until=2_500)
    s.fault("delay", "w2", at=900, until=2_500)
    told_at_1000(s)
    told_at_1000(s, "w2", kind="int")
    s.fault("term", "w1", at=1_500)
    return {"start-after-drain": 2}


def bad_fleet(s: Story) -> dict[str, int]:
    fleet(s)
    run(s, "j1", "c2", at=1_300)
    told_at_1000(s, "parent")
    s.exit("c1", at=2_000)
    s.exit("c2", at=2_000)
    s.judged = 3
    return {"start-after-drain": 2}  # told were the parent and, by it, the worker


def bad_fleet_whose_parent_left(s: Story) -> dict[str, int]:
    fleet(s)
    run(s, "j1", "c2", at=1_300)
    s.fault("term", "parent", at=1_000)
    s.exit("parent", at=1_100)
    s.judged = 3
    return {"start-after-drain": 2, "abandoned": 2}


def bad_fleet_with_a_newcomer(s: Story) -> dict[str, int]:
    """It has no business to come, nor to start anything."""
    fleet(s)
    s.fault("term", "parent", at=1_000)
    s.worker("late", process="fleet-1.late", at=1_200)
    run(s, "j1", "late", at=1_500)
    for child in ("c1", "c2", "late", "parent"):
        s.exit(child, at=2_000)
    s.judged = 4
    return {"start-after-drain": 2}


def near_miss(s: Story) -> dict[str, int]:
    run(s, "j1", "w1", at=1_200)
    run(s, "other", "w2", at=1_300)
    told_at_1000(s)
    s.worker("stays")
    s.fault("term", "stays", at=1_000)
    s.worker("leaves at once")
    s.fault("term", "leaves at once", at=1_000)
    s.exit("leaves at once", at=1_100)
    s.judged = 2
    return {"abandoned": 1}  # to stay is another matter


def near_miss_successor(s: Story) -> None:
    """The name is used again."""
    run(s, "before", "w1", at=100)
    told_at_1000(s)
    s.worker("w3", at=4_000, process="worker-1")
    run(s, "after", "w3", at=4_500)
    s.judged = 1


def near_miss_fleet_successor(s: Story) -> None:
    fleet(s)
    run(s, "before", "c1", at=100)
    told_at_1000(s, "parent")
    s.exit("c1", at=2_000)
    s.exit("c2", at=2_000)
    s.worker("parent2", process="fleet-1", role="fleet", at=4_000)
    s.worker("c3", process="fleet-1.c3", at=4_000)
    run(s, "after", "c3", at=4_500)
    run(s, "elsewhere", "w2", at=1_300)
    s.judged = 3


def near_miss_heard_when_continued(s: Story) -> None:
    s.fault("pause", "w1", at=900, until=2_000)
    run(s, "j1", "w1", at=2_100)
    told_at_1000(s)


def irrelevant(s: Story) -> None:
    """A process that is no worker was told to stop, or none was."""
    s.worker("w3", role="producer")
    s.fault("term", "w3", at=1_000)
    s.fault("kill", "w2", at=1_000)
    run(s, "j1", "w1", at=1_300)


def indeterminate(s: Story) -> None:
    """A worker of unknown process started a job; the one that was told was killed."""
    s.enqueue("j1")
    s.event("start", at=1_300, by="stranger", pid=9, job="j1", token=1, worker="w9")
    s.finally_("j1", "completed")
    s.fault("term", "w1", at=1_000)
    s.kill("w1", at=1_100)


def near_miss_on_a_busy_machine(s: Story) -> None:
    """It may start jobs until 1250, and the machine kept it waiting for 30 ms."""
    run(s, "j1", "w1", at=1_300)
    s.lag(30, until=1_200)
    told_at_1000(s)
    s.judged = 1


def bad_on_a_machine_that_was_a_little_busy(s: Story) -> dict[str, int]:
    run(s, "j1", "w1", at=1_300)
    s.lag(20, until=1_200)
    s.lag(30, until=990)
    told_at_1000(s)
    return {"start-after-drain": 1}
