"""A fleet that restarts a worker again and again, and always at once."""

from tests.chaos.checks.story import Story


def everyday(s: Story) -> None:
    """Some work that another worker does."""
    s.enqueue("everyday")
    s.attempt("everyday", "w2", at=10, until=20)
    s.finally_("everyday", "completed")


def fleet(s: Story, *, children: str) -> None:
    s.worker("parent", process="fleet-1", role="fleet")
    for child in children:
        s.worker(child, process=f"fleet-1.{child}")


def restart(s: Story, old: str, new: str, *, at: float) -> None:
    """One is killed, and 20 ms later there is another."""
    s.kill(old, at=at - 20)
    s.worker(new, process=f"fleet-1.{new}", at=at)


def restarts(s: Story, *times: float, letter: str = "a") -> None:
    names = [letter, *(f"{letter}{n}" for n in range(len(times)))]
    for old, new, at in zip(names, names[1:], times, strict=False):
        restart(s, old, new, at=at)


def bad(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s, children="a")
    restarts(s, 5_000, 5_100, 5_200, 5_300, 5_400, 5_500, 20_000)
    s.judged = 2
    return {"hasty-restart": 1}


def bad_of_two(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s, children="ab")
    restarts(s, *(5_000 + 100 * n for n in range(6)), letter="a")
    restarts(s, *(5_050 + 100 * n for n in range(6)), letter="b")
    s.worker("w3")
    return {"hasty-restart": 2}


def bad_on_a_machine_that_was_a_little_busy(s: Story) -> dict[str, int]:
    everyday(s)
    fleet(s, children="a")
    s.event("lag", at=4_000, lag_ms=500)
    s.event("lag", at=5_300, lag_ms=100)
    restarts(s, 5_000, 5_100, 5_200, 5_300, 5_400, 6_700)
    return {"hasty-restart": 1}


def near_miss(s: Story) -> None:
    everyday(s)
    fleet(s, children="a")
    restarts(s, 5_000, 5_100, 5_200, 5_400, 5_800, 7_510)
    s.judged = 1


def near_miss_busy_machine(s: Story) -> None:
    everyday(s)
    fleet(s, children="a")
    s.event("lag", at=4_900, lag_ms=1_000)
    restarts(s, 5_000, 5_100, 5_200, 5_400, 5_800, 6_600)
    s.judged = 1


def irrelevant(s: Story) -> None:
    """Five restarts of one, or ten of two."""
    everyday(s)
    fleet(s, children="ab")
    restarts(s, *(5_000 + 50 * n for n in range(10)))
    for n in range(8):
        s.worker(f"x{n}", at=6_000)


def indeterminate(s: Story) -> None:
    """It is unknown when the others ended."""
    everyday(s)
    fleet(s, children="a")
    for n in range(7):
        s.worker(f"c{n}", process=f"fleet-1.c{n}", at=5_000 + n)


def bad_beside_another_fleet(s: Story) -> dict[str, int]:
    """That one lost and got others too, before and meanwhile, and each at its own pace."""
    everyday(s)
    fleet(s, children="a")
    s.worker("other", process="fleet-2", role="fleet")
    for n in range(6):
        s.worker(f"z{n}", process=f"fleet-2.z{n}", at=4_000 + n)
        s.kill(f"z{n}", at=4_700)
    for n in range(6, 12):
        s.worker(f"z{n}", process=f"fleet-2.z{n}", at=4_810 + 40 * n)
    restarts(s, 5_000, 5_100, 5_200, 5_300, 5_400, 5_500)
    return {"hasty-restart": 1}


def irrelevant_two_fleets(s: Story) -> None:
    """Together they have started six, and neither of them has."""
    everyday(s)
    fleet(s, children="a")
    s.worker("other", process="fleet-2", role="fleet")
    s.worker("z", process="fleet-2.z")
    s.kill("z", at=4_900)
    for n in range(3):
        s.worker(f"z{n}", process=f"fleet-2.z{n}", at=5_010 + 100 * n)
        s.kill(f"z{n}", at=5_050 + 100 * n)
    s.worker("z9", process="fleet-2.z9", at=5_400)
    restarts(s, 5_000, 5_100, 5_200)
