"""A worker of a fleet that was ended although nothing was wrong with it."""

from tests.chaos.checks.story import Story


def everyday(s: Story) -> None:
    """Some work that another worker does."""
    s.enqueue("everyday")
    s.attempt("everyday", "w2", at=10, until=20)
    s.finally_("everyday", "completed")


def fleet(s: Story, name: str = "fleet-1", *, hung_ms: int = 2_000, burst: bool = False) -> None:
    s.run["timing"]["hung_ms"] = hung_ms
    s.worker(name, process=name, role="fleet", burst=burst)
    for child in ("a", "b"):
        s.worker(f"{name}.{child}", process=f"{name}.{child}", burst=burst)


def ended(s: Story, name: str, *, at: float = 5_000) -> None:
    """It is gone; another one comes."""
    s.exit(name, at=at, code=None)
    s.worker(f"{name}2", process=f"{name}2", at=at + 100)


def runs(s: Story, job: str, worker: str, *, deadly: bool = False) -> None:
    s.enqueue(job, deadly=deadly)
    s.wire("claim", job, worker, at=4_900)
    s.start(job, worker, at=4_902)
    s.finally_(job, "completed")
    s.attempt(job, "w2", at=6_100, until=6_110, token=3)


def bad(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1", at=2_000, until=4_900)
    s.fault("pause", "fleet-1.a", at=4_000, until=4_900)
    s.fault("delay", "fleet-1.b", at=2_000, until=4_900)
    runs(s, "j1", "fleet-1.a", deadly=False)
    ended(s, "fleet-1.a")
    ended(s, "fleet-1.b")
    s.judged = 4
    return {"needless-replacement": 2}


def bad_nobody_looks(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s, hung_ms=0)
    s.enqueue("deadly", deadly=True)
    s.wire("claim", "deadly", "fleet-1.a", at=100)
    s.start("deadly", "fleet-1.a", at=102)
    s.end("deadly", "fleet-1.a", at=110)
    s.wire("finish", "deadly", "fleet-1.a", at=112)
    s.finally_("deadly", "completed")
    s.event("lag", at=4_900, lag_ms=1_000)
    ended(s, "fleet-1.a")
    s.judged = 3
    return {"needless-replacement": 1}


def bad_on_a_machine_that_was_a_little_busy(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s)
    s.event("lag", at=4_900, lag_ms=400)
    s.event("lag", at=2_900, lag_ms=900)
    ended(s, "fleet-1.a")
    s.exit("fleet-1.b", at=20_000)
    s.fault("term", "fleet-1", at=19_500)
    s.exit("fleet-1", at=20_000)
    s.exit("fleet-1.a2", at=20_000)
    s.judged = 3
    return {"needless-replacement": 1}


def near_miss(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=3_000, until=4_900)
    ended(s, "fleet-1.a")
    fleet(s, "fleet-2")
    runs(s, "poison", "fleet-2.a", deadly=True)
    s.kill("fleet-2.b", at=5_000)
    s.worker("c", process="fleet-2.c", at=5_100)
    ended(s, "fleet-2.a")
    s.judged = 7


def bad_beside_one_that_died_of_its_job(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s)
    fleet(s, "fleet-2")
    runs(s, "poison", "fleet-2.a", deadly=True)
    ended(s, "fleet-2.a")
    ended(s, "fleet-1.a")
    s.judged = 6
    return {"needless-replacement": 1}


def near_miss_whose_parent_crashed(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s)
    s.exit("fleet-1", at=4_900, code=1)
    for child in ("a", "b"):
        s.exit(f"fleet-1.{child}", at=5_000, code=None)
    s.judged = 2
    return {"worker-died": 1}  # the parent's end is another matter


def near_miss_told_to_leave(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.fault("term", "fleet-1.a", at=4_900)
    ended(s, "fleet-1.a")
    s.judged = 3


def near_miss_seen_after_its_parent_was_told(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.fault("term", "fleet-1", at=4_900)
    s.worker("fleet-1.late", process="fleet-1.late", at=5_100)
    for child in ("late", "a", "b"):
        s.exit(f"fleet-1.{child}", at=5_400)
    s.exit("fleet-1", at=5_500)
    s.judged = 3


def near_miss_busy_machine(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.event("lag", at=4_900, lag_ms=600)
    ended(s, "fleet-1.a")
    s.judged = 3


def near_miss_orphans(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.kill("fleet-1", at=4_900)
    s.exit("fleet-1.a", at=5_000)
    s.exit("fleet-1.b", at=5_000)
    s.judged = 2


def irrelevant(s: Story) -> None:
    everyday(s)
    s.run["timing"]["hung_ms"] = 2_000
    fleet(s, burst=True)
    s.exit("fleet-1.a", at=5_000, code=None)
    s.kill("w2", at=5_000)


def indeterminate(s: Story) -> None:
    """It has lived, as far as is known."""
    everyday(s)
    fleet(s)
    s.judged = 2
