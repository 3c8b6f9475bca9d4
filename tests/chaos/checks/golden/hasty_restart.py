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


def restart(s: Story, old: str, new: str, *, at: float, after: float = 20) -> None:
    """One is killed, and `after` ms later there is another."""
    s.kill(old, at=at - after)
    s.worker(new, process=f"fleet-1.{new}", at=at)


def restarts(s: Story, *times: float, letter: str = "a") -> None:
    names = [letter, *(f"{letter}{n}" for n in range(len(times)))]
    for old, new, at in zip(names, names[1:], times, strict=False):
        restart(s, old, new, at=at)


def doubling(s: Story, *waits: float, lives: float) -> None:
    """Each worker lives as long as all the others, and each is replaced after a wait of its own."""
    names = ["a", *(f"a{n}" for n in range(len(waits)))]
    at = 5_000.0
    for old, new, wait in zip(names, names[1:], waits, strict=False):
        at += lives + wait
        restart(s, old, new, at=at, after=wait)


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
    s.event("lag", at=3_900, lag_ms=5_000)
    s.event("lag", at=5_300, lag_ms=2_420)
    restarts(s, 5_000, 5_100, 5_200, 5_300, 5_400, 5_500)
    return {"hasty-restart": 1}


def bad_though_they_took_long_to_die(s: Story) -> dict[str, int]:
    """Each lived for a while: only the time without a worker tells how long the fleet waited."""
    everyday(s)
    fleet(s, children="a")
    doubling(s, 100, 100, 100, 100, 100, 100, lives=800)
    return {"hasty-restart": 1}


def near_miss(s: Story) -> None:
    everyday(s)
    fleet(s, children="a")
    doubling(s, 50, 100, 200, 400, 700, 1_130, lives=800)
    s.judged = 1


def near_miss_long_lives(s: Story) -> None:
    """They lived for too long to be called crashes at the start."""
    everyday(s)
    fleet(s, children="a")
    doubling(s, 50, 50, 50, 50, 50, 50, lives=1_455)
    s.judged = 1


def near_miss_busy_machine(s: Story) -> None:
    everyday(s)
    fleet(s, children="a")
    s.event("lag", at=4_800, lag_ms=1_430)
    s.event("lag", at=5_300, lag_ms=1_000)
    restarts(s, 5_000, 5_100, 5_200, 5_300, 5_400, 5_500)
    s.judged = 1


def near_miss_beside_another_fleet(s: Story) -> None:
    near_miss(s)
    s.worker("other", process="fleet-2", role="fleet")
    s.worker("z", process="fleet-2.z")


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
