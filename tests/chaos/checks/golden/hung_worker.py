"""A worker of a fleet that hung, and was not ended by its parent.

The parent puts up with 1500 ms of silence: what hangs from 5000 on must be gone at 9500.
"""

from tests.chaos.checks.story import Story


def everyday(s: Story) -> None:
    """Some work that another worker does."""
    s.enqueue("everyday")
    s.attempt("everyday", "w2", at=10, until=20)
    s.finally_("everyday", "completed")


def fleet(s: Story, name: str = "fleet-1", *, hung_ms: int = 1_500) -> None:
    s.run["timing"]["hung_ms"] = hung_ms
    s.worker(name, process=name, role="fleet")
    for child in ("a", "b"):
        s.worker(f"{name}.{child}", process=f"{name}.{child}")


def successor(s: Story, name: str, *, at: float) -> None:
    s.worker(name, process=name, at=at)


def replaced(s: Story, *, at: float) -> None:
    """One hangs, and is ended and replaced."""
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=5_000)
    s.exit("fleet-1.a", at=at, code=None)
    successor(s, "fleet-1.c", at=at + 50)


def bad(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=5_000)
    s.fault("block", "fleet-1.b", at=5_000, until=9_600)
    s.fault("pause", "fleet-1", at=3_000, until=4_900)
    s.fault("pause", "fleet-1", at=9_600, until=9_700)
    s.fault("term", "fleet-1", at=20_000)
    s.kill("fleet-1.a", at=20_500)
    s.exit("fleet-1.b", at=20_600)
    s.exit("fleet-1", at=20_700)
    return {"hung-worker": 2}


def bad_for_ever(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=5_000)
    s.event("lag", at=6_000, lag_ms=500)
    s.fault("reset", "fleet-1.b", at=5_000)
    s.fault("term", "w2", at=4_000)
    s.exit("w2", at=4_500)
    return {"hung-worker": 1}


def near_miss(s: Story) -> None:
    replaced(s, at=9_400)
    s.judged = 1


def near_miss_busy_machine(s: Story) -> None:
    replaced(s, at=10_400)
    s.event("lag", at=8_000, lag_ms=500)
    s.judged = 1


def near_miss_gone_before_all_are_told_to_stop(s: Story) -> None:
    replaced(s, at=7_000)
    s.fault("term", "fleet-1", at=7_500)
    for name in ("fleet-1.b", "fleet-1.c", "fleet-1"):
        s.exit(name, at=8_000)
    s.judged = 1


def irrelevant_ended_by_others(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=5_000)
    s.kill("fleet-1.a", at=6_000)
    successor(s, "fleet-1.c", at=6_050)
    s.fault("pause", "fleet-1.b", at=8_000)
    s.fault("term", "fleet-1", at=8_500)
    s.exit("fleet-1.b", at=9_000, code=None)
    for name in ("fleet-1.c", "fleet-1"):
        s.exit(name, at=9_000)


def irrelevant_over_in_time(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=5_000, until=9_400)
    s.fault("delay", "fleet-1.b", at=5_000)
    s.worker("w3")
    s.fault("pause", "w3", at=5_000)


def irrelevant_nobody_looks(s: Story) -> None:
    everyday(s)
    fleet(s, hung_ms=0)
    s.fault("pause", "fleet-1.a", at=5_000)


def irrelevant_the_parent_is_not_there(s: Story) -> None:
    everyday(s)
    fleet(s)
    for name, kind, at in (
        ("fleet-2", "pause", 5_100),
        ("fleet-3", "kill", 5_100),
        ("fleet-4", "term", 4_000),
    ):
        fleet(s, name)
        s.fault("pause", f"{name}.a", at=5_000)
        s.fault(kind, name, at=at)
    s.exit("fleet-3", at=5_110)
    s.exit("fleet-3.b", at=5_200)
    s.exit("fleet-4", at=6_000)
    s.exit("fleet-4.b", at=6_000)
    s.fault("pause", "fleet-1.b", at=58_000)


def irrelevant_the_parent_fell_silent(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=5_000)
    s.fault("pause", "fleet-1", at=4_000, until=5_100)


def irrelevant_the_parent_crashed(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=5_000)
    s.exit("fleet-1", at=6_000, code=1)
    return {"worker-died": 1}


def irrelevant_told_itself(s: Story) -> None:
    everyday(s)
    fleet(s)
    s.fault("term", "fleet-1.a", at=4_900)
    s.fault("block", "fleet-1.a", at=5_000)


def indeterminate(s: Story) -> None:
    """How long it hung is unknown: the end of the run came before."""
    everyday(s)
    fleet(s)
    s.fault("pause", "fleet-1.a", at=56_000)
